// Scripted JSON: a plausible value in the shape a JSON schema asks for. Enough of JSON Schema for tools and answers; what
// it does not understand becomes an empty value of the right type.
import { isObject, type JsonObject, type JsonValue } from '../kernel/json.ts';

const DEPTH_MAX = 16;

/** From `schema`, or from the schema of `response_format`; without one, a small object. */
export function scriptedJson(source: JsonObject): JsonValue {
  const format = source['response_format'];
  const named = isObject(format) && isObject(format['json_schema']) ? format['json_schema']['schema'] : undefined;
  const schema = source['schema'] ?? named;
  return isObject(schema) ? valueFor(schema, 'value', DEPTH_MAX) : { answer: 'This is scripted JSON.', ok: true };
}

function valueFor(schema: JsonObject, name: string, depth: number): JsonValue {
  if (schema['const'] !== undefined) return schema['const'];
  if (schema['default'] !== undefined) return schema['default'];
  if (Array.isArray(schema['enum']) && schema['enum'][0] !== undefined) return schema['enum'][0];
  const variants = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(variants) && isObject(variants[0]) && depth > 0) return valueFor(variants[0], name, depth - 1);
  const type = Array.isArray(schema['type']) ? schema['type'][0] : schema['type'];
  if (type === 'string') return name;
  if (type === 'integer') return numberFor(schema, Math.ceil, Math.floor);
  if (type === 'number') return numberFor(schema, Number, Number);
  if (type === 'boolean') return true;
  if (type === 'null') return null;
  if (type === 'array')
    return isObject(schema['items']) && depth > 0 ? [valueFor(schema['items'], name, depth - 1)] : [];
  return depth > 0 ? objectFor(schema, depth - 1) : {};
}

/** 1, or the bound that is nearer. */
function numberFor(schema: JsonObject, up: (bound: number) => number, down: (bound: number) => number): number {
  const { minimum, maximum } = schema;
  if (typeof minimum === 'number') return up(minimum);
  return typeof maximum === 'number' ? Math.min(1, down(maximum)) : 1;
}

function objectFor(schema: JsonObject, depth: number): JsonObject {
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const entries = Object.entries(properties).flatMap(([key, property]): [string, JsonValue][] =>
    isObject(property) ? [[key, valueFor(property, key, depth)]] : [],
  );
  return Object.fromEntries(entries);
}

// Scripted JSON: a plausible value in the shape a JSON schema asks for. Enough of JSON Schema for tools and answers; what
// it does not understand becomes an empty value of the right type. It must never grow beyond its budget: definitions that
// refer to each other twice over describe values of any size in a few lines.
import { isObject, type JsonObject, type JsonValue } from '../kernel/json.ts';

const DEPTH_MAX = 16;
/** Values in one answer; beyond them all that is left is empty. */
const VALUES_MAX = 2_000;
const ITEMS_MAX = 16;

/** From `schema`, or from the schema of `response_format`; without one, a small object. */
export function scriptedJson(source: JsonObject): JsonValue {
  const format = source['response_format'];
  const named = isObject(format) && isObject(format['json_schema']) ? format['json_schema']['schema'] : undefined;
  const schema = source['schema'] ?? named;
  if (!isObject(schema)) return { answer: 'This is scripted JSON.', ok: true };
  const place = { root: schema, name: 'value', depth: DEPTH_MAX, open: [] };
  const value = valueFor(schema, place, { left: VALUES_MAX });
  return value === undefined ? {} : value;
}

/** Where in the schema we are. `open`: the references that are being followed, outermost first. */
interface Place {
  readonly root: JsonObject;
  readonly name: string;
  readonly depth: number;
  readonly open: readonly string[];
}

interface Budget {
  left: number;
}

/** Undefined where the schema refers to what it is a part of: whoever may leave it out does. */
function valueFor(given: JsonObject, place: Place, budget: Budget): JsonValue | undefined {
  if (budget.left-- <= 0) return {};
  const reference = given['$ref'];
  if (typeof reference === 'string') return referred(reference, place, budget);
  const schema = isFilled(given['allOf']) ? allOf(given, given['allOf'], place.root) : given;
  if (schema['const'] !== undefined) return schema['const'];
  if (schema['default'] !== undefined) return schema['default'];
  if (isFilled(schema['enum'])) return schema['enum'][0];
  const variants = schema['anyOf'] ?? schema['oneOf'];
  if (isFilled(variants) && place.depth > 0) return variant(variants, deeper(place), budget);
  return plainValue(schema, place, budget);
}

function plainValue(schema: JsonObject, place: Place, budget: Budget): JsonValue {
  const type = Array.isArray(schema['type']) ? schema['type'][0] : schema['type'];
  if (type === 'string') return textFor(schema, place.name);
  if (type === 'integer') return numberFor(schema, Math.ceil, Math.floor);
  if (type === 'number') return numberFor(schema, Number, Number);
  if (type === 'boolean') return true;
  if (type === 'null') return null;
  if (place.depth <= 0) return type === 'array' ? [] : {};
  return type === 'array' ? listFor(schema, deeper(place), budget) : objectFor(schema, deeper(place), budget);
}

const isFilled = (value: JsonValue | undefined): value is JsonValue[] => Array.isArray(value) && value.length > 0;
const deeper = (place: Place): Place => ({ ...place, depth: place.depth - 1 });

function referred(reference: string, place: Place, budget: Budget): JsonValue | undefined {
  const schema = definition(reference, place.root);
  if (schema === null) return {};
  if (place.open.includes(reference) || place.depth <= 0) return undefined;
  return valueFor(schema, { ...deeper(place), open: [...place.open, reference] }, budget);
}

/** What `#/$defs/Step` points at; null when it is nowhere in this schema. */
function definition(reference: string, root: JsonObject): JsonObject | null {
  if (!reference.startsWith('#')) return null;
  let value: JsonValue | undefined = root;
  for (const step of reference.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }
  return isObject(value) ? value : null;
}

/** Parts of a schema taken together; of properties and required fields the union. */
function allOf(schema: JsonObject, parts: readonly JsonValue[], root: JsonObject): JsonObject {
  let whole: JsonObject = { ...schema };
  delete whole['allOf'];
  for (const entry of parts) {
    if (!isObject(entry)) continue;
    const part = typeof entry['$ref'] === 'string' ? (definition(entry['$ref'], root) ?? {}) : entry;
    const properties = { ...objectOf(whole['properties']), ...objectOf(part['properties']) };
    const required = [...listOf(whole['required']), ...listOf(part['required'])];
    whole = { ...part, ...whole, properties, required };
  }
  return whole;
}

const objectOf = (value: JsonValue | undefined): JsonObject => (isObject(value) ? value : {});
const listOf = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);

/** The first variant that has a value: of a node and null it is null where the node would begin again. */
function variant(variants: readonly JsonValue[], place: Place, budget: Budget): JsonValue | undefined {
  for (const schema of variants) {
    const value = isObject(schema) ? valueFor(schema, place, budget) : undefined;
    if (value !== undefined) return value;
  }
  return undefined;
}

/** Formats that parsers insist on; any other text is the name of its field. */
const formats: Readonly<Record<string, string>> = {
  'date-time': '2026-01-01T12:00:00Z',
  date: '2026-01-01',
  time: '12:00:00Z',
  email: 'demo@example.com',
  uri: 'https://example.com/',
  url: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
  ipv4: '192.0.2.1',
};

function textFor(schema: JsonObject, name: string): string {
  const { format, minLength, maxLength } = schema;
  const text = typeof format === 'string' && Object.hasOwn(formats, format) ? (formats[format] ?? name) : name;
  const long = typeof minLength === 'number' ? text.padEnd(Math.min(minLength, 1_000), '.') : text;
  return typeof maxLength === 'number' && maxLength >= 0 ? long.slice(0, maxLength) : long;
}

/** 1, or the bound that is nearer. */
function numberFor(schema: JsonObject, up: (bound: number) => number, down: (bound: number) => number): number {
  const { minimum, maximum } = schema;
  if (typeof minimum === 'number') return up(minimum);
  return typeof maximum === 'number' ? Math.min(1, down(maximum)) : 1;
}

function listFor(schema: JsonObject, place: Place, budget: Budget): JsonValue[] {
  const { items, minItems, maxItems } = schema;
  if (!isObject(items) || maxItems === 0) return [];
  const count = typeof minItems === 'number' ? Math.min(Math.max(1, minItems), ITEMS_MAX) : 1;
  const list: JsonValue[] = [];
  while (list.length < count) {
    const value = valueFor(items, place, budget);
    if (value === undefined) break;
    list.push(value);
  }
  return list;
}

function objectFor(schema: JsonObject, place: Place, budget: Budget): JsonObject {
  const properties = objectOf(schema['properties']);
  const entries: [string, JsonValue][] = [];
  for (const [name, property] of Object.entries(properties)) {
    const value = isObject(property) ? valueFor(property, { ...place, name }, budget) : undefined;
    if (value !== undefined) entries.push([name, value]);
  }
  // A field may be required without being described, or described by itself.
  for (const name of new Set(listOf(schema['required']))) {
    if (typeof name === 'string' && !entries.some(([known]) => known === name)) {
      entries.push([name, Object.hasOwn(properties, name) ? {} : name]);
    }
  }
  return Object.fromEntries(entries);
}

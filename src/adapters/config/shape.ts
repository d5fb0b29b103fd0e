// Shape: the schema as plain JSON schema, for editors (`spillway schema`) and for questions the messages ask: which
// settings are known here, where else is this name known, what type and default has it.
import { z } from 'zod';
import { isObject, type JsonObject } from '../../kernel/json.ts';
import type { Path } from './problems.ts';
import { fileSchema } from './schema.ts';

let made: JsonObject | null = null;
/** Made when somebody asks: a gateway whose file is in order need not know it, nor hold it. */
const shape = (): JsonObject => (made ??= z.toJSONSchema(fileSchema, { io: 'input' }) as JsonObject);

/** Any value may also be taken from the environment. */
const REFERENCE_PATTERN = String.raw`^(\$[A-Za-z_{]|env\.|os\.environ/)`;

export function configJsonSchema(): JsonObject {
  const schema = z.toJSONSchema(fileSchema, {
    io: 'input',
    override: ({ jsonSchema }) => allowReferences(jsonSchema as JsonObject),
  }) as JsonObject;
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Spillway configuration',
    ...schema,
    patternProperties: { '^x-': { description: 'Yours: a place for YAML anchors. Spillway ignores it.' } },
  };
}

function allowReferences(schema: JsonObject): void {
  if (schema['type'] === 'integer' || schema['type'] === 'number' || schema['type'] === 'boolean') {
    schema['type'] = [schema['type'], 'string'];
    schema['pattern'] = REFERENCE_PATTERN;
  } else if (Array.isArray(schema['enum'])) {
    schema['anyOf'] = [{ enum: schema['enum'] }, { type: 'string', pattern: REFERENCE_PATTERN }];
    delete schema['enum'];
    delete schema['type'];
  }
}

/** What the schema says about the place; null where it says nothing (unknown, or free JSON). */
export function shapeAt(path: Path): JsonObject | null {
  let here: JsonObject | null = shape();
  for (const step of path) here = here === null ? null : stepInto(here, step);
  return here;
}

function stepInto(schema: JsonObject, step: string | number): JsonObject | null {
  if (Array.isArray(schema['anyOf'])) {
    const branches = schema['anyOf'].filter(isObject).map((branch) => stepInto(branch, step));
    return branches.find((branch) => branch !== null) ?? null;
  }
  if (typeof step === 'number') return isObject(schema['items']) ? schema['items'] : null;
  const properties = schema['properties'];
  if (isObject(properties)) {
    const property = Object.hasOwn(properties, step) ? properties[step] : undefined;
    return isObject(property) ? property : null;
  }
  return isObject(schema['additionalProperties']) ? schema['additionalProperties'] : null;
}

export function settingsAt(path: Path): string[] {
  const here = shapeAt(path);
  const branches = Array.isArray(here?.['anyOf']) ? here['anyOf'].filter(isObject) : [here];
  return branches.flatMap((branch) => (isObject(branch?.['properties']) ? Object.keys(branch['properties']) : []));
}

/** Where a setting of this name is known: `the top level`, `upstreams.<name>`, `keys[]`. */
export function placesOf(name: string): readonly string[] {
  return allPlaces().get(name) ?? [];
}

export function allNames(): string[] {
  return [...allPlaces().keys()];
}

let gathered: Map<string, string[]> | null = null;

function allPlaces(): ReadonlyMap<string, readonly string[]> {
  if (gathered !== null) return gathered;
  gathered = new Map();
  collectPlaces(gathered, shape(), '');
  return gathered;
}

function collectPlaces(places: Map<string, string[]>, schema: JsonObject, place: string): void {
  if (Array.isArray(schema['anyOf']))
    for (const branch of schema['anyOf']) if (isObject(branch)) collectPlaces(places, branch, place);
  if (isObject(schema['items'])) collectPlaces(places, schema['items'], `${place}[]`);
  const more = schema['additionalProperties'];
  if (isObject(more)) collectPlaces(places, more, `${place}.<name>`);
  if (!isObject(schema['properties'])) return;
  for (const [name, property] of Object.entries(schema['properties'])) {
    const known = places.get(name) ?? [];
    places.set(name, [...known, place === '' ? 'the top level' : `\`${place}\``]);
    if (isObject(property)) collectPlaces(places, property, place === '' ? name : `${place}.${name}`);
  }
}

/** Every setting as a path, `upstreams.<name>.apiKey`: for the documentation's test. */
export function allSettings(schema: JsonObject = shape(), place = ''): string[] {
  const found: string[] = [];
  if (Array.isArray(schema['anyOf']))
    found.push(...schema['anyOf'].filter(isObject).flatMap((one) => allSettings(one, place)));
  if (isObject(schema['items'])) found.push(...allSettings(schema['items'], `${place}[]`));
  if (isObject(schema['additionalProperties']))
    found.push(...allSettings(schema['additionalProperties'], `${place}.<name>`));
  if (isObject(schema['properties'])) {
    for (const [name, property] of Object.entries(schema['properties'])) {
      const path = place === '' ? name : `${place}.${name}`;
      found.push(path);
      if (isObject(property)) found.push(...allSettings(property, path));
    }
  }
  return found;
}

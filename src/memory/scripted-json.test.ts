// Scripted JSON: a value in the shape that a schema asks for, whatever the schema is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { isObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import { scriptedJson } from './scripted-json.ts';

const valueFor = (schema: JsonObject): JsonValue => scriptedJson({ schema });

test('every type gets a value of its own, named after where it stands', () => {
  const cases: readonly (readonly [JsonObject, JsonValue])[] = [
    [{ type: 'string' }, 'value'],
    [{ type: 'boolean' }, true],
    [{ type: 'null' }, null],
    [{ type: ['null', 'string'] }, null],
    [{ type: 'array', items: { type: 'boolean' } }, [true]],
    [{ type: 'array' }, []],
    [{ type: 'object' }, {}],
    [{}, {}],
    [{ properties: { city: { type: 'string' } } }, { city: 'city' }],
  ];
  for (const [schema, expected] of cases) assert.deepEqual(valueFor(schema), expected, JSON.stringify(schema));
});

test('constants, defaults, choices and variants are taken from the schema', () => {
  assert.equal(valueFor({ const: null, type: 'string' }), null);
  assert.equal(valueFor({ default: 'x', type: 'string' }), 'x');
  assert.equal(valueFor({ enum: ['a', 'b'], type: 'string' }), 'a');
  assert.equal(valueFor({ anyOf: [{ type: 'boolean' }, { type: 'null' }] }), true);
  assert.equal(valueFor({ oneOf: [{ const: 7 }] }), 7);
});

test('numbers keep to their bounds, and integers are whole', () => {
  const cases: readonly (readonly [JsonObject, number])[] = [
    [{ type: 'number' }, 1],
    [{ type: 'number', minimum: 2.5 }, 2.5],
    [{ type: 'integer', minimum: 2.5 }, 3],
    [{ type: 'integer', minimum: -4 }, -4],
    [{ type: 'integer', maximum: 0 }, 0],
    [{ type: 'integer', maximum: -0.5 }, -1],
    [{ type: 'number', maximum: 0.5 }, 0.5],
    [{ type: 'integer', maximum: 10 }, 1],
  ];
  for (const [schema, expected] of cases) assert.equal(valueFor(schema), expected, JSON.stringify(schema));
});

test('a response format is read as its schema, and none of either is a small object', () => {
  const schema = { type: 'object', properties: { n: { type: 'integer' } } };
  assert.deepEqual(scriptedJson({ response_format: { type: 'json_schema', json_schema: { schema } } }), { n: 1 });
  assert.ok(isObject(scriptedJson({ response_format: { type: 'json_object' } })));
  assert.ok(isObject(scriptedJson({})));
});

test('a property may be called anything', () => {
  const schema: JsonObject = JSON.parse('{"properties":{"__proto__":{"type":"string"},"constructor":{"const":1}}}');
  const value = valueFor(schema);
  assert.equal(JSON.stringify(value), '{"__proto__":"__proto__","constructor":1}');
});

test('a schema without an end to its depth gets an answer that has one', () => {
  const nested = (depth: number): JsonObject =>
    depth === 0 ? { type: 'string' } : { type: 'object', properties: { a: nested(depth - 1) } };
  assert.ok(JSON.stringify(valueFor(nested(100))).length < 200);
  const variants = (depth: number): JsonObject => (depth === 0 ? {} : { anyOf: [variants(depth - 1)] });
  assert.deepEqual(valueFor(variants(100)), {});
});

test('no schema makes it throw', () => {
  const words = ['type', 'properties', 'items', 'anyOf', 'enum', 'const', 'default', 'minimum', 'object', 'array'];
  const word = fc.constantFrom(...words);
  const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      word,
      fc.constantFrom<JsonValue>(null, true, -1.5),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(word, tie('value'), { maxKeys: 4 }).map((found): JsonValue => ({ ...found })),
    ),
  }));
  fc.assert(
    fc.property(value, (schema) => {
      const found = scriptedJson({ schema });
      assert.deepEqual(JSON.parse(JSON.stringify(found)), JSON.parse(JSON.stringify(found)));
      assert.notEqual(JSON.stringify(found), undefined);
    }),
  );
});

const step: JsonObject = { type: 'object', properties: { why: { type: 'string' } }, required: ['why'] };

test('references are followed, as nested pydantic and zod models write them', () => {
  const items = { type: 'array', items: { $ref: '#/$defs/Step' } };
  assert.deepEqual(
    valueFor({
      type: 'object',
      properties: { steps: items, last: { allOf: [{ $ref: '#/$defs/Step' }] } },
      $defs: { Step: step },
    }),
    { steps: [{ why: 'why' }], last: { why: 'why' } },
  );
  assert.deepEqual(valueFor({ $ref: '#/$defs/a~1b', $defs: { 'a/b': { const: 1 } } }), 1);
  for (const $ref of ['#/$defs/none', 'https://example.com/s.json', '#/$defs/constructor', ''])
    assert.deepEqual(valueFor({ $ref, $defs: {} }), {}, $ref);
});

test('a model that holds itself ends where it may be left out', () => {
  const node: JsonObject = {
    type: 'object',
    properties: {
      name: { type: 'string' },
      next: { anyOf: [{ $ref: '#/$defs/Node' }, { type: 'null' }] },
      children: { type: 'array', items: { $ref: '#/$defs/Node' } },
      twin: { $ref: '#/$defs/Node' },
    },
    required: ['name', 'next', 'children'],
  };
  assert.deepEqual(valueFor({ $ref: '#/$defs/Node', $defs: { Node: node } }), {
    name: 'name',
    next: null,
    children: [],
  });
  assert.deepEqual(valueFor({ properties: { self: { $ref: '#' } } }), { self: {} });
});

test('definitions that double at each step do not grow an answer without end', () => {
  const defs: Record<string, JsonObject> = {};
  for (let at = 0; at < 40; at++) {
    const next = { $ref: `#/$defs/d${at + 1}` };
    defs[`d${at}`] = { type: 'object', properties: { a: next, b: next, c: next } };
  }
  const before = performance.now();
  const text = JSON.stringify(valueFor({ $ref: '#/$defs/d0', $defs: { ...defs, d40: { type: 'string' } } }));
  assert.ok(text.length < 100_000 && performance.now() - before < 2_000, `${text.length} characters`);
});

test('required fields are there even where nothing describes them, and texts and lists keep to their bounds', () => {
  assert.deepEqual(valueFor({ type: 'object', required: ['id'] }), { id: 'id' });
  assert.deepEqual(valueFor({ type: 'array', items: { const: 1 }, minItems: 3 }), [1, 1, 1]);
  assert.deepEqual(valueFor({ type: 'array', items: { const: 1 }, maxItems: 0 }), []);
  assert.equal(valueFor({ type: 'string', maxLength: 2 }), 'va');
  assert.equal(valueFor({ type: 'string', minLength: 8 }), 'value...');
  assert.equal(valueFor({ type: 'string', format: 'date' }), '2026-01-01');
});

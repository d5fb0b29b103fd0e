import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { goodConfig } from '../../../test/support/config.ts';
import { isObject, type JsonValue } from '../../kernel/json.ts';
import { fileSchema } from './schema.ts';
import { allSettings, configJsonSchema } from './shape.ts';

const root = join(import.meta.dirname, '../../..');
const example = readFileSync(join(root, 'spillway.example.yaml'), 'utf8');
const page = readFileSync(join(root, 'docs/configuration.md'), 'utf8');
const settings = allSettings().filter((setting) => setting !== '$schema');

test('the example is valid, without any variable set', () => {
  const config = goodConfig(example);
  assert.deepEqual(Object.keys(config.upstreams), [
    'deepseek',
    'gpu',
    'anything',
    'azure',
    'bedrock',
    'vertex',
    'demo',
  ]);
});

test('the example fits the schema word for word', () => {
  const file = parse(example, { merge: true }) as Record<string, unknown>;
  delete file['x-own'];
  assert.ok(fileSchema.safeParse(file).success);
});

test('the example shows every setting', () => {
  const names = new Set([...example.matchAll(/([A-Za-z0-9]+):/g)].map((match) => match[1]));
  const missing = settings.filter((setting) => !names.has(setting.split(/[.]/).at(-1)?.replace('[]', '') ?? ''));
  assert.deepEqual(missing, []);
});

test('the documentation explains every setting', () => {
  const missing = settings
    .map((setting) => setting.replace(/^(upstreams|models)\.<name>\./, '').replace(/^keys\[\]\./, ''))
    .filter((setting) => !page.includes(setting) && !page.includes(`\`${setting.split('.').at(-1)}\``));
  assert.deepEqual(missing, []);
});

test('the documentation’s example works', () => {
  const text = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  assert.deepEqual(Object.keys(goodConfig(text, { DEEPSEEK_API_KEY: 'k' }).models), ['chat']);
});

test('the documentation says the defaults of the schema', () => {
  const defaults = settings.flatMap((setting) => {
    const value = defaultOf(setting);
    return typeof value === 'number' && value >= 10 ? [[setting, value] as const] : [];
  });
  assert.ok(defaults.length > 15);
  for (const [setting, value] of defaults) assert.ok(page.includes(`\`${value}\``), `${setting} is ${value}`);
});

function defaultOf(setting: string): JsonValue | undefined {
  let here: JsonValue | undefined = configJsonSchema();
  for (const step of setting.replaceAll('[]', '.[]').split('.')) {
    if (!isObject(here)) return undefined;
    if (step === '<name>') here = here['additionalProperties'];
    else if (step === '[]') here = here['items'];
    else here = isObject(here['properties']) ? here['properties'][step] : undefined;
  }
  return isObject(here) ? here['default'] : undefined;
}

test('the JSON schema is draft 2020-12, closed, and explains every setting', () => {
  const schema = configJsonSchema();
  assert.equal(schema['$schema'], 'https://json-schema.org/draft/2020-12/schema');
  assert.equal(schema['additionalProperties'], false);
  const unexplained: string[] = [];
  visit(schema, 'schema', (node, place) => {
    const { properties } = node;
    if (!isObject(properties)) return;
    for (const [name, property] of Object.entries(properties)) {
      if (isObject(property) && typeof property['description'] !== 'string') unexplained.push(`${place}.${name}`);
    }
  });
  assert.deepEqual(unexplained, []);
});

function visit(
  node: JsonValue | undefined,
  place: string,
  see: (node: Record<string, JsonValue | undefined>, place: string) => void,
): void {
  if (Array.isArray(node)) for (const [index, inner] of node.entries()) visit(inner, `${place}[${index}]`, see);
  if (!isObject(node)) return;
  see(node, place);
  for (const [name, inner] of Object.entries(node)) visit(inner, `${place}.${name}`, see);
}

test('the JSON schema lets a reference to the environment stand for any value', () => {
  const schema = configJsonSchema();
  const properties = schema['properties'];
  assert.ok(isObject(properties) && isObject(properties['port']));
  assert.deepEqual(properties['port']['type'], ['integer', 'string']);
  const { pattern: source } = properties['port'];
  assert.ok(typeof source === 'string');
  const pattern = new RegExp(source);
  for (const text of ['${PORT}', '$PORT', 'env.PORT', 'os.environ/PORT']) assert.match(text, pattern);
  assert.doesNotMatch('4000', pattern);
});

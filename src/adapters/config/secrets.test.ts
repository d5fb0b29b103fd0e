import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goodConfig, problemsIn } from '../../../test/support/config.ts';

const withKey = (text: string) => `upstreams:\n  deepseek:\n    apiKey: ${text}\n`;
const keysOf = (text: string, variables: Record<string, string>) =>
  goodConfig(withKey(text), variables).upstreams['deepseek']?.apiKeys;

test('each way to name a variable is understood', () => {
  for (const text of ['${MY_KEY}', '$MY_KEY', 'env.MY_KEY', 'os.environ/MY_KEY', '"${MY_KEY}"']) {
    assert.deepEqual(keysOf(text, { MY_KEY: 'sk-abc' }), ['sk-abc'], text);
  }
});

test('a reference may stand inside a longer text, have a fallback, and `$$` is a plain dollar', () => {
  assert.deepEqual(keysOf('pre-${A}-${B:-none}-$$x', { A: 'one' }), ['pre-one-none-$x']);
});

test('what comes from the environment is not read for references again', () => {
  assert.deepEqual(keysOf('${A}', { A: '${B}$C' }), ['${B}$C']);
});

test('a line break that a mounted secret ends with is dropped', () => {
  assert.deepEqual(keysOf('${A}', { A: 'sk-abc\n' }), ['sk-abc']);
});

test('plain settings take references too, as numbers and booleans where those are wanted', () => {
  const config = goodConfig('port: ${PORT_A}\nopen: env.OPEN\nhost: $WHERE', {
    PORT_A: '8080',
    OPEN: 'true',
    WHERE: '::1',
  });
  assert.deepEqual([config.port, config.open, config.host], [8080, true, '::1']);
});

test('an unset or blank variable is named with its place', () => {
  assert.deepEqual(problemsIn(withKey('${NOPE}')), ['3:13: the environment variable NOPE is not set']);
  assert.deepEqual(problemsIn(withKey('env.NOPE'), { NOPE: ' ' }), ['3:13: the environment variable NOPE is empty']);
  assert.deepEqual(problemsIn('port: ${NOPE}'), ['1:7: the environment variable NOPE is not set']);
});

test('a broken reference says how one is written', () => {
  assert.match(problemsIn(withKey('${MY-KEY}'))[0] ?? '', /^3:13: `\$\{` begins the name of an environment variable/);
});

test('no message holds a secret, wherever it was put by mistake', () => {
  const secret = 'sk-1234567890abcdef';
  const texts = [
    `port: \${S}`,
    `host: h\nlog: {level: $S}`,
    `upstreams:\n  a: {provider: $S}`,
    `upstreams:\n  ollama: {baseUrl: $S, region: $S, proxy: $S, caFile: absent/$S}`,
    `upstreams:\n  ollama: {}\nmodels:\n  m: {targets: ["\${S}"], aliases: ["\${S}", "\${S}"]}`,
    `keys: [{key: $S, name: $S, lane: $S, models: ["\${S}"]}, {key: $S, name: $S}]`,
    `keys:\n  - ${secret}`,
    `keys:\n  - ${secret}: x`,
    `upstreams:\n  deepseek:\n    apiKeys:\n      ${secret}: 1`,
    `upstreams:\n  deepseek:\n    apiKey: "${secret}`,
    `upstreams:\n  deepseek: {apiKey: ${secret}: x}`,
    `upstreams:\n  deepseek: {apiKey: ${secret}, apiKeys: [${secret}, ${secret}], headers: {authorization: ${secret}}}`,
    `adminKey: a${secret} b\nupstreams: {deepseek: {apiKey: a ${secret}}}`,
    secret,
    `${secret}: 1`,
    `upstreams: {deepseek: {apiKey: *${secret}}}`,
  ];
  for (const text of texts) {
    const problems = problemsIn(text, { S: secret });
    for (const problem of problems) assert.ok(!problem.includes('1234567890'), `${text}\n→ ${problem}`);
  }
  assert.ok(texts.filter((text) => problemsIn(text, { S: secret }).length > 0).length >= texts.length - 1);
});

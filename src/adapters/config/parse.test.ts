import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goodConfig, problemsIn } from '../../../test/support/config.ts';

/** One upstream to hang things on. */
const OLLAMA = 'upstreams:\n  ollama: {}\n';

test('an almost empty file is every default, with the demo', () => {
  const config = goodConfig('port: 0');
  assert.equal(config.source, 'f.yaml');
  assert.equal(config.host, '127.0.0.1');
  assert.equal(config.port, 0);
  assert.deepEqual(config.timeouts, {
    connectMs: 2000,
    firstTokenMs: 10000,
    idleMs: 20000,
    totalMs: 600000,
    queueMs: 30000,
    commitAfterMs: 5000,
  });
  assert.deepEqual(config.retry, {
    maxAttempts: 5,
    budgetPercent: 10,
    hedgePercent: 2,
    backoffMs: 500,
    backoffMsMax: 20000,
  });
  assert.deepEqual(Object.keys(config.upstreams), ['demo']);
  assert.deepEqual(config.models['demo']?.targets[0]?.upstream, 'demo');
});

test('a whole file becomes a whole configuration', () => {
  const config = goodConfig(
    `
host: 0.0.0.0
adminKey: admin-secret
adminPort: 4001
upstreams:
  main:
    provider: deepseek
    apiKeys: [sk-1, sk-2]
    maxConcurrent: 400
    headers: {X-Team: core}
    region: cn
    health: {}
  spare: {provider: vllm, baseUrl: "https://10.0.0.5:8000/v1/", tier: standby, caFile: ca.pem, proxy: "http://u:p@proxy:3128"}
models:
  chat:
    targets:
      - main/deepseek-chat
      - {upstream: spare, model: qwen, weight: 3, tier: peak, defaults: {temperature: 0}, contextTokens: 32768, tools: false}
    aliases: [gpt-4o]
    timeouts: {idleMs: 5000}
    dropParams: true
  "spare/*": {targets: [spare]}
keys:
  - {key: client-secret, name: app, lane: vip, models: [gpt-4o], regions: [cn], limits: {requestsPerMinute: 60}}
  - {keySha256: ${'AB'.repeat(32)}}
cors: {origins: ["https://app.test"]}
log: {level: warn}
telemetry: {otlpEndpoint: "http://collector:4318/", sampleRatio: 0.25}
`,
  );
  assert.deepEqual(config.upstreams['main'], {
    provider: 'deepseek',
    baseUrl: null,
    apiKeys: ['sk-1', 'sk-2'],
    tier: 'base',
    maxConcurrent: 400,
    requestsPerMinute: null,
    tokensPerMinute: null,
    headers: { 'x-team': 'core' },
    region: 'cn',
    caFile: null,
    proxy: null,
    health: { path: '/health', intervalMs: 10000, timeoutMs: 2000, unhealthyAfter: 3, healthyAfter: 2 },
    discover: false,
    engineMetrics: true,
  });
  assert.equal(config.upstreams['spare']?.baseUrl, 'https://10.0.0.5:8000/v1');
  assert.equal(config.upstreams['spare']?.caFile, '/etc/ca.pem');
  const chat = config.models['chat'];
  assert.deepEqual(chat?.targets[0], {
    upstream: 'main',
    model: 'deepseek-chat',
    weight: 1,
    tier: null,
    defaults: {},
    traits: {},
  });
  assert.deepEqual(chat?.targets[1], {
    upstream: 'spare',
    model: 'qwen',
    weight: 3,
    tier: 'peak',
    defaults: { temperature: 0 },
    traits: { contextTokens: 32768, tools: false },
  });
  assert.deepEqual([chat?.timeouts.idleMs, chat?.timeouts.totalMs, chat?.dropParams], [5000, 600000, true]);
  assert.equal(config.models['spare/*']?.targets[0]?.model, null);
  assert.equal(config.keys[0]?.sha256, 'fdce8e4a65b70d186bd77cba2e0c580dcf1c6497da9f1b70eed849497e1f8ba2');
  assert.deepEqual(config.keys[0]?.models, ['gpt-4o', 'chat']);
  assert.deepEqual([config.keys[1]?.name, config.keys[1]?.sha256], ['key-abababab', 'ab'.repeat(32)]);
  assert.equal(config.telemetry.otlpEndpoint, 'http://collector:4318');
  assert.ok(!JSON.stringify(config).includes('secret'));
});

test('everything wrong is told at once, in the order of the file', () => {
  const problems = problemsIn(`port: 70000
upstreams:
  a: {provider: opnai, apiKey: 12}
  b: {provider: vllm, maxConcurent: 3}
models:
  m: {targets: [c/x, {upstream: a, weigth: 2}]}
keys:
  - sk-1
`);
  assert.deepEqual(problems, [
    '1:7: `port` must be at most 65535',
    '3:17: unknown provider `opnai` — did you mean `openai`?; any other OpenAI-style API is `openai-compatible` with a `baseUrl`',
    '3:32: `upstreams.a.apiKey` must be a text: put it in quotes',
    '4:3: provider vllm needs a `baseUrl`, like `http://host:8000/v1`',
    '4:23: unknown setting `maxConcurent` — did you mean `maxConcurrent`?',
    '6:17: no upstream `c` is listed — known: `a`, `b`',
    '6:36: unknown setting `weigth` — did you mean `weight`?',
    '8:5: `keys[0]` must be a group of settings, not a text',
  ]);
});

/** [what it is about, the file, the only problem] */
const refusals: readonly (readonly [string, string, string])[] = [
  [
    'a zero that could mean "no limit"',
    'upstreams: {ollama: {requestsPerMinute: 0}}',
    '1:41: `upstreams.ollama.requestsPerMinute` cannot be 0 (at least 1): leave it out for no limit',
  ],
  [
    'a zero that could mean "the default"',
    'timeouts: {connectMs: 0}',
    '1:23: `timeouts.connectMs` cannot be 0 (at least 1): leave it out for the default, 2000',
  ],
  [
    'a number with a unit',
    'timeouts: {connectMs: 2s}',
    '1:23: `timeouts.connectMs` must be a whole number, without unit: milliseconds',
  ],
  ['a YAML 1.1 boolean', 'open: yes', '1:7: `open` must be true or false, not a text'],
  ['a setting without value', 'port:', '1:6: `port` has no value: give it one, or remove it'],
  [
    'a setting where it has no effect',
    'upstreams:\n  ollama:\n    timeouts: {idleMs: 1}',
    '3:5: `timeouts` has no effect in `upstreams.ollama` — it belongs in `models.<name>` or the top level',
  ],
  [
    'a connect timeout of a model',
    `${OLLAMA}models: {m: {targets: [ollama], timeouts: {connectMs: 1}}}`,
    '3:44: `connectMs` has no effect in `models.m.timeouts` — it belongs in `timeouts`',
  ],
  [
    'another gateway’s word',
    'rpm: 5',
    '1:1: unknown setting `rpm` — did you mean `requestsPerMinute` in `upstreams.<name>` or `keys[].limits`?',
  ],
  ['an unknown lane', 'keys: [{key: a, lane: vipp}]', '1:23: unknown lane `vipp` — did you mean `vip`?'],
  [
    'an unknown tier',
    'upstreams: {ollama: {tier: burst}}',
    '1:28: unknown tier `burst` — known: `base`, `peak`, `standby`',
  ],
  [
    'a model without targets',
    `${OLLAMA}models: {m: {}}`,
    '3:10: model `m` has no targets: add `targets: ["ollama/m"]`',
  ],
  [
    'an empty list of targets',
    `${OLLAMA}models: {m: {targets: []}}`,
    '3:23: `models.m.targets` is an empty list: add an entry, or remove it',
  ],
  [
    'a target of an unlisted upstream',
    `${OLLAMA}models: {m: {targets: [olama/x]}}`,
    '3:24: no upstream `olama` is listed — did you mean `ollama`?',
  ],
  [
    'a target listed twice',
    `${OLLAMA}models: {m: {targets: [ollama/x, ollama/x]}}`,
    '3:34: this target is listed twice: give one a larger `weight`',
  ],
  [
    'weights that are all zero',
    `${OLLAMA}models: {m: {targets: [{upstream: ollama, weight: 0}]}}`,
    '3:51: all weights of tier base are 0: nothing would be sent there',
  ],
  [
    'an alias that is a model',
    `${OLLAMA}models: {m: {targets: [ollama], aliases: [n]}, n: {targets: [ollama]}}`,
    '3:43: alias `n` is the name of another model',
  ],
  [
    'an alias of two models',
    `${OLLAMA}models: {m: {targets: [ollama], aliases: [x]}, n: {targets: [ollama], aliases: [x]}}`,
    '3:81: alias `x` already belongs to model `m`',
  ],
  [
    'a star that stands for nothing',
    `${OLLAMA}models: {m: {targets: ["ollama/*"]}}`,
    '3:24: `*` has nothing to stand for: the model’s name `m` has no `*`',
  ],
  ['a pattern with two stars', `${OLLAMA}models: {"*x*": {targets: [ollama]}}`, '3:10: a pattern has one `*` only'],
  [
    'a default for the model',
    `${OLLAMA}models: {m: {targets: [{upstream: ollama, defaults: {model: x}}]}}`,
    '3:54: `model` cannot have a default: use the target’s `model`',
  ],
  ['a name given twice', `${OLLAMA}upstreams: {}`, '3:1: this setting was given before'],
  ['a key given twice', 'keys: [{key: a}, {key: a}]', '1:18: this key is given twice'],
  ['a key’s name given twice', 'keys: [{key: a, name: x}, {key: b, name: x}]', '1:42: two keys have the name `x`'],
  ['an entry without key', 'keys: [{name: x}]', '1:8: an entry of `keys` needs a `key` or a `keySha256`'],
  [
    'both forms of a key',
    `keys: [{key: a, keySha256: "${'0'.repeat(64)}"}]`,
    '1:17: give either `key` or `keySha256`, not both',
  ],
  [
    'a key’s unknown model',
    `${OLLAMA}models: {chat: {targets: [ollama]}}\nkeys: [{key: a, models: [chatt]}]`,
    '4:26: no model `chatt` is listed — did you mean `chat`?',
  ],
  [
    'a key’s unknown region',
    'upstreams: {ollama: {region: eu-1}}\nkeys: [{key: a, regions: [eu1x]}]',
    '2:27: no upstream has the region `eu1x` — did you mean `eu-1`?',
  ],
  ['an empty list of keys', 'keys: []', '1:7: `keys` is an empty list: add an entry, or remove it'],
  [
    'open with keys',
    'open: true\nkeys: [{key: a}]',
    '1:7: `open` has no effect: with `keys` nobody enters without one; remove one of the two',
  ],
  [
    'apiKey with apiKeys',
    'upstreams: {deepseek: {apiKey: a, apiKeys: [b]}}',
    '1:35: give either `apiKey` or `apiKeys`, not both',
  ],
  [
    'a missing apiKey',
    'upstreams: {mine: {provider: deepseek}}',
    '1:13: upstream `mine` needs an `apiKey` (provider deepseek)',
  ],
  [
    'a missing provider',
    'upstreams: {mine: {baseUrl: "http://x/v1"}}',
    '1:13: upstream `mine` needs a `provider`: deepseek, openai, anthropic, azure-openai, bedrock, vertex, openai-compatible, vllm, sglang, tgi, ollama, llama-cpp, mistral, scripted',
  ],
  [
    'a header that overrides the key',
    'upstreams: {deepseek: {apiKey: a, headers: {Authorization: x}}}',
    '1:45: header `authorization` would override the `apiKey`: remove one',
  ],
  [
    'a header of the connection',
    'upstreams: {ollama: {headers: {Host: x}}}',
    '1:32: header `host` is set by Spillway and cannot be given',
  ],
  [
    'a header with a line break',
    'upstreams: {ollama: {headers: {x-a: "a\\r\\nb: c"}}}',
    '1:37: this value cannot be sent in a header',
  ],
  [
    'an address without scheme',
    'upstreams: {ollama: {baseUrl: "host:8000/v1"}}',
    '1:31: `baseUrl` must begin with `http://` or `https://`',
  ],
  [
    'an address with a password',
    'upstreams: {ollama: {baseUrl: "http://u:p@h/v1"}}',
    '1:31: `baseUrl` cannot hold a user or password: use `apiKey` or `headers`',
  ],
  [
    'an authority on a plain address',
    'upstreams: {ollama: {baseUrl: "http://h/v1", caFile: ca.pem}}',
    '1:46: `caFile` has no effect on an `http://` address',
  ],
  [
    'an authority that is not there',
    'upstreams: {ollama: {caFile: absent.pem}}',
    '1:30: `caFile` /etc/absent.pem: no such file',
  ],
  [
    'a key for the scripted provider',
    'upstreams: {demo: {provider: scripted, apiKey: a}}',
    '1:40: `apiKey` has no effect: the scripted provider has no network',
  ],
  [
    'metrics of an engine that are no path',
    'upstreams: {vllm: {baseUrl: "http://g", engineMetrics: metrics}}',
    '1:56: `engineMetrics` must be `true`, `false` or a path that begins with `/`',
  ],
  [
    'metrics of an engine that is none',
    'upstreams: {deepseek: {apiKey: k, engineMetrics: true}}',
    '1:50: `engineMetrics`: provider deepseek has no engine that tells; write the path if yours does',
  ],
  [
    'health checks that overlap',
    'upstreams: {ollama: {health: {intervalMs: 100, timeoutMs: 200}}}',
    '1:59: `health.timeoutMs` cannot be longer than `intervalMs`: checks would overlap',
  ],
  [
    'a deadline beyond the whole',
    'timeouts: {totalMs: 1000, idleMs: 2000}',
    '1:35: `idleMs` has no effect: it is longer than `totalMs` (1000)',
  ],
  [
    'backoff upside down',
    'retry: {backoffMs: 100, backoffMsMax: 10}',
    '1:39: `backoffMsMax` cannot be shorter than `backoffMs`',
  ],
  ['more attempts than there can be', 'retry: {maxAttempts: 11}', '1:22: `retry.maxAttempts` must be at most 10'],
  [
    'an origin with a path',
    'cors: {origins: ["https://a.test/"]}',
    '1:18: an origin has no path and no capitals: write `https://a.test`',
  ],
  [
    'a star beside other origins',
    'cors: {origins: ["*", "https://a.test"]}',
    '1:18: `*` allows every origin: the others have no effect',
  ],
  ['cors without origins', 'cors: {}', '1:1: `cors` needs `origins`, like `["https://app.example.com"]`'],
  [
    'a model’s name as a number',
    `${OLLAMA}models: {m: {targets: [{upstream: ollama, model: 4}]}}`,
    '3:50: `models.m.targets[0].model` must be a text: put it in quotes',
  ],
];

for (const [about, text, problem] of refusals) {
  test(`refused with words: ${about}`, () => assert.deepEqual(problemsIn(text), [problem]));
}

test('zero is accepted where it means something', () => {
  const config = goodConfig('port: 0\ndrainMs: 0\ntimeouts: {queueMs: 0}\nretry: {budgetPercent: 0}');
  assert.deepEqual([config.drainMs, config.timeouts.queueMs, config.retry.budgetPercent], [0, 0, 0]);
});

test('a short total cuts the defaults that would outlast it', () => {
  const { timeouts } = goodConfig('timeouts: {totalMs: 5000}');
  assert.deepEqual(timeouts, {
    connectMs: 2000,
    firstTokenMs: 5000,
    idleMs: 5000,
    totalMs: 5000,
    queueMs: 5000,
    commitAfterMs: 5000,
  });
});

test('a header may hold credentials where no key does', () => {
  const config = goodConfig('upstreams: {ollama: {headers: {Authorization: "Basic abc"}}}');
  assert.deepEqual(config.upstreams['ollama']?.headers, { authorization: 'Basic abc' });
});

test('a file without models serves what its upstreams list; one with models does not unless told', () => {
  assert.equal(goodConfig(OLLAMA).upstreams['ollama']?.discover, true);
  const listed = `${OLLAMA}models: {m: {targets: [ollama]}}`;
  assert.equal(goodConfig(listed).upstreams['ollama']?.discover, false);
  assert.equal(goodConfig(listed.replace('{}', '{discover: true}')).upstreams['ollama']?.discover, true);
});

test('names that objects are born with are ordinary names', () => {
  const config = goodConfig(
    'upstreams: {constructor: {provider: ollama}}\nmodels: {toString: {targets: [constructor]}}',
  );
  assert.deepEqual(Object.keys(config.upstreams), ['constructor']);
  assert.equal(config.upstreams['valueOf'], undefined);
  assert.deepEqual(problemsIn(`${OLLAMA}models: {m: {targets: [valueOf]}}`), [
    '3:24: no upstream `valueOf` is listed — known: `ollama`',
  ]);
  assert.deepEqual(problemsIn('__proto__: {a: 1}'), ['1:1: `__proto__` cannot be a name']);
});

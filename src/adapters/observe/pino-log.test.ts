import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { attemptWith, exchangeWith, sampleExchange, stateFacts } from '../../../test/sample-facts.ts';
import { keyName, modelName, targetId, upstreamName } from '../../kernel/brands.ts';
import type { ExchangeFact, Fact } from '../../kernel/facts.ts';
import { createLog } from './pino-log.ts';

type Level = Parameters<typeof createLog>[0];

function linesOf(level: Level, facts: readonly Fact[], isTTY = false): string[] {
  let text = '';
  const log = createLog(level, { isTTY, write: (more) => (text += more) }, '0.1.0');
  for (const fact of facts) log.accept(fact);
  log.flush();
  assert.ok(text === '' || text.endsWith('\n'), 'whole lines');
  return text.split('\n').slice(0, -1);
}

function recordsOf(level: Level, facts: readonly Fact[]): Record<string, unknown>[] {
  return linesOf(level, facts).map((line): Record<string, unknown> => JSON.parse(line));
}

const failed = exchangeWith({
  outcome: 'failed',
  status: 502,
  rejection: 'upstreamFault',
  fault: 'serverError',
  attempts: 2,
  usage: null,
  firstTokenMs: null,
});

test('an answered exchange is one info line with ECS and gen_ai names', () => {
  const records = recordsOf('info', [attemptWith({}), exchangeWith({})]);
  assert.equal(records.length, 1);
  assert.deepEqual(records[0], {
    'log.level': 'info',
    '@timestamp': '2026-11-24T10:20:31.240Z',
    'ecs.version': '8.11.0',
    'service.name': 'spillway',
    'service.version': '0.1.0',
    'event.action': 'exchange',
    'event.duration': 1_240_250_000,
    'event.outcome': 'success',
    'http.response.status_code': 200,
    'http.request.id': 'req-1',
    'http.request.body.bytes': 3321,
    'http.response.body.bytes': 18_200,
    'trace.id': '0af7651916cd43dd8448eb211c80319c',
    'span.id': 'b7ad6b7169203331',
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'deepseek',
    'gen_ai.request.model': 'chat',
    'gen_ai.response.model': 'deepseek-chat',
    'gen_ai.usage.input_tokens': 812,
    'gen_ai.usage.output_tokens': 97,
    'gen_ai.usage.cache_read.input_tokens': 512,
    'spillway.exchange': 'sx_000000000000000000000001',
    'spillway.outcome': 'answered',
    'spillway.key': 'team-a',
    'spillway.lane': 'standard',
    'spillway.stream': true,
    'spillway.model': 'chat',
    'spillway.target': 'deepseek/deepseek-chat',
    'spillway.attempts': 1,
    'spillway.queue_ms': 3.5,
    'spillway.overhead_ms': 0.42,
    'spillway.first_token_ms': 310.5,
    'spillway.cost_usd': 0.000264,
    message: '200 chat → deepseek/deepseek-chat 1240 ms (first 311 ms) queued 4 ms 812→97 tokens',
  });
});

test('lines of exchanges that are alike differ in their figures, and of others in all that differs', () => {
  const changes: Partial<ExchangeFact>[] = [
    {},
    { durationMs: 99, bytesOut: 7, usage: null },
    { key: keyName('team-b') },
    { key: null },
    { target: null, upstreamModel: 'other', provider: 'openai' },
    { modelAsked: 'alias', model: modelName('x') },
    { status: 304, stream: false, attempts: 2, lane: 'vip', surface: 'embeddings' },
    {},
  ];
  const together = recordsOf('info', changes.map(exchangeWith));
  const alone = changes.map((change) => recordsOf('info', [exchangeWith(change)])[0]);
  assert.deepEqual(together, alone);
  assert.equal(new Set(alone.map((record) => JSON.stringify(record))).size, changes.length - 1);
});

test('of many kinds of exchange each has its own line, and the first one still has it', () => {
  const numbers = [...Array.from({ length: 40 }, (_, number) => number), 0, 1];
  const facts = numbers.map((number) => exchangeWith({ modelAsked: `alias-${number}` }));
  const asked = recordsOf('info', facts).map((record) => record['gen_ai.request.model']);
  assert.deepEqual(
    asked,
    numbers.map((number) => `alias-${number}`),
  );
});

test('a failed exchange warns and tells its trail and why', () => {
  const trail = [
    ...sampleExchange.trail.slice(0, 3),
    { atMs: 40.4, step: 'fault', target: sampleExchange.target, why: 'serverError: 500' },
  ];
  const record = recordsOf('warn', [exchangeWith({}), exchangeWith({ ...failed.exchange, trail })])[0];
  assert.equal(record?.['log.level'], 'warn');
  assert.equal(record['error.type'], 'serverError');
  assert.equal(record['error.message'], 'serverError: 500');
  assert.equal(record['event.outcome'], 'failure');
  assert.deepEqual(record['spillway.trail'], [
    '+0ms authenticated: key team-a',
    '+0ms planned: 2 targets',
    '+4ms sent deepseek/deepseek-chat: first in tier base',
    '+40ms fault deepseek/deepseek-chat: serverError: 500',
  ]);
});

test('a client’s own mistake is info, a refusal of ours for lack of room is a warning', () => {
  const records = recordsOf('info', [
    exchangeWith({ outcome: 'rejected', status: 404, rejection: 'unknownModel', model: null, attempts: 0 }),
    exchangeWith({ outcome: 'rejected', status: 503, rejection: 'overloaded', attempts: 0 }),
    exchangeWith({ outcome: 'abandoned', status: 499 }),
  ]);
  assert.deepEqual(
    records.map((record) => [record['log.level'], record['error.type'], record['event.outcome']]),
    [
      ['info', 'unknownModel', 'failure'],
      ['warn', 'overloaded', 'failure'],
      ['info', undefined, 'unknown'],
    ],
  );
});

test('debug adds a line per attempt and the trail of every exchange', () => {
  const [attempt, exchange] = recordsOf('debug', [attemptWith({ keepAlives: 3 }), exchangeWith({})]);
  assert.equal(attempt?.['log.level'], 'debug');
  assert.equal(attempt['spillway.attempt'], 1);
  assert.equal(attempt['spillway.keep_alives'], 3);
  assert.ok(Array.isArray(exchange?.['spillway.trail']) && exchange['spillway.trail'].length === 5);
});

test('every change of state is one line with the level it deserves', () => {
  const seen = recordsOf('info', stateFacts).map(
    (record) => `${String(record['log.level'])} ${String(record['message'])}`,
  );
  assert.deepEqual(seen, [
    'info ready: listening on 127.0.0.1:4000',
    'info config 1 loaded from spillway.yaml',
    'error config from spillway.yaml refused, version 1 stays: 4:2 no such key',
    'warn breaker of deepseek/deepseek-chat: closed → open (5 faults in a row)',
    'warn credential 2 of deepseek rests for 30 s (credential)',
    'info credential 2 of deepseek is back (rested)',
    'warn upstream deepseek is unhealthy (3 checks failed)',
    'warn state: state.json cannot be written: EROFS',
    'warn under pressure: batch is shed (event loop 80 ms late)',
    'warn answers of chat in lane batch at level 2 (wait 21.0 s of 30.0 s)',
    'warn similar questions of chat are not given each other’s answers: all are compared again (1 of 301 wrong, at most 1.57 %)',
    'error bug in pipeline: TypeError: x is undefined',
  ]);
});

test('levels leave out what is below them, and silent everything', () => {
  const facts = [...stateFacts, exchangeWith({}), attemptWith({}), failed];
  assert.equal(recordsOf('error', facts).length, 2);
  assert.equal(recordsOf('warn', facts).length, 10);
  assert.equal(recordsOf('info', facts).length, 14);
  assert.equal(recordsOf('debug', facts).length, 16);
  assert.equal(recordsOf('silent', facts).length, 0);
});

// Line feeds, ANSI, bidirectional overrides, C1 controls, quotes and backslashes, a lone surrogate.
const hostile = 'a\r\n{"log.level":"error"}\u001B[31mred\u0000\u202Eevil\u009B2J"\\\uD800\u2028';

const hostileFacts = (text: string): Fact[] => [
  attemptWith({ fault: 'badRequest', faultMessage: text, target: targetId(upstreamName('up'), text) }),
  exchangeWith({
    requestId: text,
    modelAsked: text,
    model: modelName(text),
    outcome: 'failed',
    status: 502,
    attempts: 2,
    upstreamModel: text,
    target: targetId(upstreamName('up'), text),
    trail: [{ atMs: 1, step: 'fault', target: targetId(upstreamName('up'), text), why: text }],
  }),
  { kind: 'bug', at: 0 as never, where: 'x', error: text },
];

test('hostile strings cannot forge a JSON line', () => {
  const lines = linesOf('debug', hostileFacts(hostile));
  assert.equal(lines.length, 3);
  for (const line of lines) {
    assert.ok(Array.from(line).every((character) => character >= ' '));
    const record: Record<string, unknown> = JSON.parse(line);
    assert.equal(typeof record['message'], 'string');
  }
});

test('hostile strings cannot move a terminal’s cursor, colour it or start a line', () => {
  const lines = linesOf('debug', hostileFacts(hostile), true);
  assert.equal(lines.length, 4, 'attempt, exchange, its one trail step, bug');
  for (const line of lines) assert.doesNotMatch(line, /[\p{Cc}\p{Bidi_Control}\u2028]/u);
});

test('figures that are no numbers leave a line that is still JSON', () => {
  const usage = { promptTokens: Infinity, completionTokens: NaN, cachedTokens: 1, reasoningTokens: null } as const;
  const change = { usage: { ...usage, source: 'provider' }, durationMs: NaN, costMicroUsd: Infinity } as const;
  const record = recordsOf('info', [exchangeWith(change)])[0];
  assert.equal(record?.['gen_ai.usage.input_tokens'], null);
  assert.equal(record['spillway.cost_usd'], null);
  assert.equal(record['@timestamp'], '1970-01-01T00:00:00.000Z');
});

test('megabytes from outside become a line of bounded length', () => {
  const facts = hostileFacts('x'.repeat(5_000_000));
  for (const isTTY of [false, true]) {
    for (const line of linesOf('debug', facts, isTTY)) assert.ok(line.length < 6000, `${line.length} characters`);
  }
});

test('a person at a terminal gets short lines', () => {
  const lines = linesOf('info', [exchangeWith({}), ...stateFacts.slice(0, 1)], true);
  assert.match(lines[0] ?? '', /^\d\d:\d\d:31\.240 info {2}200 chat → deepseek\/deepseek-chat 1240 ms/);
  assert.match(lines[1] ?? '', /^\d\d:\d\d:01\.000 info {2}ready: listening/);
});

test('what is buffered reaches standard output when the process ends at once', async () => {
  const script = `
    import { createLog } from ${JSON.stringify(new URL('pino-log.ts', import.meta.url).href)};
    import { stateFacts } from ${JSON.stringify(new URL('../../../test/sample-facts.ts', import.meta.url).href)};
    const log = createLog('info');
    for (let i = 0; i < 2000; i++) log.accept(stateFacts[0]);
    log.flush();
    process.exit(0);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let lines = 0;
  for await (const chunk of child.stdout) lines += String(chunk).split('\n').length - 1;
  assert.equal(lines, 2000);
});

test('a reader that went away does not end the process', async () => {
  const script = `
    import { createLog } from ${JSON.stringify(new URL('pino-log.ts', import.meta.url).href)};
    import { stateFacts } from ${JSON.stringify(new URL('../../../test/sample-facts.ts', import.meta.url).href)};
    const log = createLog('info');
    let turns = 0;
    const timer = setInterval(() => {
      for (let i = 0; i < 500; i++) log.accept(stateFacts[0]);
      if (++turns === 20) { clearInterval(timer); log.flush(); process.exit(7); }
    }, 10);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.once('data', () => child.stdout.destroy());
  const code = await new Promise((resolve) => child.once('exit', resolve));
  assert.equal(code, 7);
});

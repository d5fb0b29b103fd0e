// Answers that are kept: whom they are given to, as what, and for how long. The whole gateway under virtual time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Client,
  completion,
  config,
  degrading,
  keeping,
  model,
  Rig,
  target,
  upstream,
} from '../../test/support/rig.ts';
import { as, key } from '../../test/support/rig-keys.ts';
import type { CacheConfig, Config, DegradeConfig } from '../ports/config.ts';

const settings = (
  cache: Partial<CacheConfig> = {},
  degrade: Partial<DegradeConfig> = {},
  over: Partial<Config> = {},
): Config =>
  config({
    upstreams: { a: upstream({ baseUrl: 'http://a.test/v1' }) },
    models: { m: model([target('a')], { cache: keeping(cache), degrade: degrading(degrade) }) },
    retry: { maxAttempts: 1, budgetPercent: 10, hedgePercent: 2, backoffMs: 500, backoffMsMax: 20_000 },
    ...over,
  });

const cold = { temperature: 0 };
const labelOf = (client: Client): string | undefined => client.headers['x-spillway-cache'];
const textOf = (client: Client): unknown =>
  (client.json['choices'] as unknown as { message: { content: string } }[])[0]?.message.content;

/** A gateway that has answered `cold` once. */
function filled(config_: Config = settings(), text = 'Hi.'): Rig {
  const rig = new Rig(config_);
  const first = rig.chat(cold);
  rig.time.advance(2_000);
  rig.last.answer(200, completion(text));
  assert.deepEqual([first.status, labelOf(first)], [200, 'miss']);
  return rig;
}

test('what was answered is given again, as a hit, and nobody is asked', () => {
  const rig = filled();
  rig.time.advance(30_000);
  const again = rig.chat(cold);
  assert.deepEqual([again.status, labelOf(again), again.headers['age']], [200, 'hit', '30']);
  assert.equal(textOf(again), 'Hi.');
  assert.equal(rig.sends.length, 1);
  const fact = rig.exchanges.at(-1);
  assert.deepEqual([fact?.outcome, fact?.attempts, fact?.usage], ['answered', 0, null]);
  assert.deepEqual(fact?.cache, { status: 'hit', level: 'local', ageMs: 30_000, savedTokens: 7, savedMicroUsd: null });
  assert.notEqual(again.json['id'], 'c1', 'it is an answer of its own');
  assert.deepEqual(again.json['usage'], {
    prompt_tokens: 5,
    completion_tokens: 2,
    total_tokens: 7,
    prompt_tokens_details: { cached_tokens: 5 },
  });
  assert.deepEqual(rig.bugs, []);
});

test('a model that says nothing of a cache keeps nothing and says nothing', () => {
  const rig = new Rig();
  for (let time = 0; time < 2; time++) {
    const client = rig.chat(cold);
    rig.last.say('Hi.');
    assert.deepEqual([labelOf(client), rig.exchanges.at(-1)?.cache], [undefined, null]);
  }
  assert.equal(rig.sends.length, 2);
});

test('it runs out when the model says, and not before', () => {
  const rig = filled(settings({ ttlSeconds: 60 }));
  rig.time.advance(57_000);
  assert.equal(labelOf(rig.chat(cold)), 'hit');
  rig.time.advance(3_001);
  rig.chat(cold);
  assert.equal(rig.sends.length, 2);
});

test('each dialect and each mode is given the same answer in its own words', () => {
  const rig = filled();
  const stream = rig.stream({ ...cold, stream_options: { include_usage: true } });
  assert.deepEqual([labelOf(stream), stream.said, stream.events.at(-1)], ['hit', 'Hi.', '[DONE]']);
  assert.match(stream.text, /"finish_reason":"stop"/);
  assert.match(stream.text, /"usage":\{"prompt_tokens":5,"completion_tokens":2/);
  assert.doesNotMatch(rig.stream(cold).text, /usage/);
  assert.equal(rig.sends.length, 1);
  const messages = [{ role: 'user', content: 'Hello' }];
  const claude = { model: 'm', max_tokens: 9, messages, ...cold };
  const made = rig.request('/v1/messages', claude);
  rig.last.answer(200, completion('As Claude.'));
  assert.equal(labelOf(made), 'miss', 'with a limit it is another question');
  const whole = rig.request('/v1/messages', claude);
  assert.deepEqual(whole.json['content'], [{ type: 'text', text: 'As Claude.' }]);
  const streamed = rig.request('/v1/messages', { ...claude, stream: true });
  assert.match(streamed.text, /event: message_start[^]*As Claude\.[^]*"output_tokens":2[^]*event: message_stop/);
  const chat = rig.chat({ ...cold, max_tokens: 9 });
  assert.deepEqual([labelOf(whole), labelOf(streamed), labelOf(chat)], ['hit', 'hit', 'hit']);
  assert.equal(textOf(chat), 'As Claude.');
  const response = rig.request('/v1/responses', { model: 'm', input: 'Hello', ...cold });
  assert.equal(labelOf(response), 'hit', 'the very question of the first chat');
  assert.match(response.text, /"type":"output_text"[^]*Hi\./);
  assert.equal(rig.sends.length, 2);
  assert.deepEqual(rig.bugs, []);
});

test('a streamed answer is kept as well, and given whole to who wants it whole', () => {
  const rig = new Rig(settings());
  const first = rig.stream(cold);
  rig.last.say('Hello there.');
  assert.equal(first.said, 'Hello there.');
  const whole = rig.chat(cold);
  assert.deepEqual([labelOf(whole), textOf(whole)], ['hit', 'Hello there.']);
  assert.equal(rig.sends.length, 1);
});

test('embeddings are kept without a word about temperature', () => {
  const rig = new Rig(settings());
  const vectors = { object: 'list', data: [{ object: 'embedding', index: 0, embedding: [0.1, 0.2] }], model: 'e' };
  const ask = (): Client => rig.request('/v1/embeddings', { model: 'm', input: 'Hello' });
  ask();
  rig.last.answer(200, { ...vectors, usage: { prompt_tokens: 1, total_tokens: 1 } });
  const again = ask();
  assert.deepEqual([labelOf(again), again.json['data']], ['hit', vectors.data]);
});

test('what may not repeat is passed by: temperature, tools, what runs far away, what the caller forbids', () => {
  const rig = new Rig(settings());
  const tools = [{ type: 'function', function: { name: 'f', parameters: {} } }];
  const cases: [Record<string, unknown>, Record<string, string>][] = [
    [{}, {}],
    [{ temperature: 0.2 }, {}],
    [{ ...cold, tools }, {}],
    [{ ...cold, web_search_options: {} }, {}],
    [{ ...cold, store: true }, {}],
    [{ ...cold, cache: { 'no-cache': true } }, {}],
    [cold, { 'cache-control': 'no-cache' }],
    [cold, { 'x-spillway-cache': 'bypass' }],
  ];
  for (const [body, headers] of cases) {
    for (let time = 0; time < 2; time++) {
      const client = rig.chat(body, headers);
      const sends = rig.sends.length;
      rig.last.answer(200, completion());
      assert.equal(labelOf(client), 'bypass', JSON.stringify([body, headers]));
      assert.equal(sends, rig.sends.length);
    }
  }
  assert.equal(rig.sends.length, 2 * cases.length);
  assert.ok(rig.sends.every(({ body }) => body['cache'] === undefined));
});

test('no-cache asks anew and what comes is kept; no-store is given what is kept, and keeps nothing', () => {
  const rig = filled(settings(), 'Old.');
  const anew = rig.chat(cold, { 'cache-control': 'no-cache' });
  rig.last.answer(200, completion('New.'));
  assert.deepEqual([labelOf(anew), textOf(anew)], ['bypass', 'New.']);
  assert.equal(textOf(rig.chat({ ...cold, cache: { 'no-store': true } })), 'New.');
  rig.chat({ ...cold, user: 'x' }, { 'cache-control': 'no-store' });
  rig.last.answer(200, completion());
  assert.equal(labelOf(rig.chat({ ...cold, user: 'x' })), undefined, 'nothing was kept: it is under way');
  assert.equal(rig.sends.length, 4);
});

test('callers choose how old an answer may be, how long it is kept, and a name space of their own', () => {
  const rig = filled();
  rig.time.advance(20_000);
  assert.equal(labelOf(rig.chat(cold, { 'cache-control': 'max-age=30' })), 'hit');
  assert.equal(rig.chat(cold, { 'cache-control': 'max-age=10' }).status, null);
  rig.last.answer(200, completion());
  assert.equal(rig.chat({ ...cold, cache: { namespace: 'b' } }).status, null);
  rig.last.answer(200, completion('In b.'));
  assert.equal(textOf(rig.chat({ ...cold, cache: { namespace: 'b' } })), 'In b.');
  rig.chat({ ...cold, user: 'short', cache: { ttl: 5 } });
  rig.last.answer(200, completion());
  rig.time.advance(6_000);
  assert.equal(rig.chat({ ...cold, user: 'short' }).status, null);
});

test('no tenant is given what another was answered, unless the model is public', () => {
  const keys = [key('one'), key('two')];
  const own = new Rig(settings({}, {}, { keys }));
  own.chat(cold, as('one'));
  own.last.answer(200, completion('For one.'));
  assert.equal(labelOf(own.chat(cold, as('one'))), 'hit');
  const other = own.chat(cold, as('two'));
  assert.equal(other.status, null);
  own.last.answer(200, completion('For two.'));
  assert.equal(textOf(own.chat(cold, as('two'))), 'For two.');
  assert.equal(textOf(own.chat(cold, as('one'))), 'For one.');
  const shared = new Rig(settings({ scope: 'public' }, {}, { keys }));
  shared.chat(cold, as('one'));
  shared.last.answer(200, completion('For all.'));
  assert.deepEqual([labelOf(shared.chat(cold, as('two'))), shared.sends.length], ['hit', 1]);
});

const message = (over: object): object => ({ index: 0, message: { role: 'assistant', content: 'x', ...over } });

test('only whole answers are kept: no cut ones, no calls of tools, no refusals, nothing over the size', () => {
  const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } };
  const answers = [
    completion('cut', { choices: [{ ...message({}), finish_reason: 'length' }] }),
    completion('call', { choices: [{ ...message({ content: null, tool_calls: [call] }), finish_reason: 'stop' }] }),
    completion('no', { choices: [{ ...message({ content: null, refusal: 'No.' }), finish_reason: 'stop' }] }),
    completion('x'.repeat(300_000)),
  ];
  const rig = new Rig(settings());
  for (const answer of answers) {
    for (let time = 0; time < 2; time++) {
      assert.equal(rig.chat(cold).status, null);
      rig.last.answer(200, answer);
    }
  }
  assert.equal(rig.sends.length, 2 * answers.length);
});

const left = (client: Client): string[] =>
  ['requests', 'tokens'].map((what) => client.headers[`x-ratelimit-remaining-${what}`] ?? '');

test('a hit is a request to the limits, and costs such tokens as the model says', () => {
  const keys = [key('k', { limits: { requestsPerMinute: 10, tokensPerMinute: 10_000, maxConcurrent: null } })];
  for (const [hitChargePercent, tokens] of [
    [0, '9993'],
    [100, '9986'],
  ] as const) {
    const rig = new Rig(settings({ hitChargePercent }, {}, { keys }));
    rig.chat(cold, as('k'));
    rig.last.answer(200, completion());
    rig.chat(cold, as('k'));
    const after = rig.chat({ ...cold, model: 'none' }, as('k'));
    assert.equal(after.status, 404);
    const probe = rig.chat({ ...cold, max_tokens: 1, messages: [{ role: 'user', content: '' }] }, as('k'));
    rig.last.answer(400, { error: { message: 'no' } });
    assert.equal(left(probe)[0], '7');
    const spent = 10_000 - Number(left(probe)[1]);
    assert.ok(Math.abs(10_000 - Number(tokens) - spent) < 60, `${spent} tokens at ${hitChargePercent} %`);
  }
});

test('with every target dead a consenting model answers what it has answered before, labelled, never as fresh', () => {
  const rig = filled(settings({ ttlSeconds: 60 }, { staleAnswers: true }));
  rig.time.advance(3_600_000);
  const late = rig.chat(cold);
  rig.last.trouble('connect');
  assert.deepEqual([late.status, labelOf(late), late.headers['x-spillway-degraded']], [200, 'stale', 'stale']);
  assert.equal(textOf(late), 'Hi.');
  assert.deepEqual([rig.exchanges.at(-1)?.outcome, rig.exchanges.at(-1)?.degraded], ['answered', ['stale']]);
  const stream = rig.stream(cold);
  rig.time.advance(6_000);
  rig.last.answer(503, { error: { message: 'busy' } });
  assert.equal(stream.said, 'Hi.', 'even after signs of waiting');
  const other = rig.chat({ ...cold, user: 'new' });
  rig.last.answer(503, { error: { message: 'busy' } });
  assert.equal(other.status, 503);
  assert.ok(Number(other.headers['retry-after']) > 0);
  rig.time.advance(86_400_000);
  const gone = rig.chat(cold);
  rig.last.trouble('connect');
  assert.equal(gone.status, 502);
  assert.deepEqual(rig.bugs, []);
});

test('without consent nothing stale is given; what the request itself brought about is told as it is', () => {
  const rig = filled(settings({ ttlSeconds: 60 }));
  rig.time.advance(70_000);
  const refused = rig.chat(cold);
  rig.last.trouble('connect');
  assert.equal(refused.status, 502);
  const consenting = filled(settings({ ttlSeconds: 60 }, { staleAnswers: true }));
  consenting.time.advance(70_000);
  const own = consenting.chat(cold);
  consenting.last.answer(400, { error: { message: 'Bad.', type: 'invalid_request_error' } });
  assert.equal(own.status, 400);
});

test('where nothing is kept and the targets are dead, the operator’s own words are said', () => {
  const rig = new Rig(settings({}, { staleAnswers: true, defaultAnswer: 'We are down.' }));
  const told = rig.chat(cold);
  rig.last.trouble('connect');
  assert.deepEqual([told.status, textOf(told), told.headers['x-spillway-degraded']], [200, 'We are down.', 'default']);
  assert.equal(rig.chat(cold).status, null, 'it is not kept');
});

test('what has just run out is given while one makes it anew', () => {
  const rig = filled(settings({ ttlSeconds: 60, staleWhileRevalidateSeconds: 60 }), 'Old.');
  rig.time.advance(70_000);
  const first = rig.chat(cold);
  assert.deepEqual([first.status, labelOf(first), textOf(first)], [200, 'stale', 'Old.']);
  assert.equal(first.headers['x-spillway-degraded'], undefined);
  assert.equal(rig.sends.length, 2, 'one is asked, for nobody in particular');
  assert.equal(labelOf(rig.chat(cold)), 'stale');
  assert.equal(rig.sends.length, 2, 'and one only');
  rig.last.answer(200, completion('New.'));
  assert.deepEqual([rig.exchanges.at(-1)?.cache?.status, rig.exchanges.at(-1)?.lane], ['refresh', 'batch']);
  const after = rig.chat(cold);
  assert.deepEqual([labelOf(after), textOf(after), after.headers['age']], ['hit', 'New.', '0']);
  assert.deepEqual(rig.bugs, []);
});

test('an answer that cannot be made anew is tried again after a rest, and given meanwhile', () => {
  const stale = settings({ ttlSeconds: 60, staleWhileRevalidateSeconds: 600 }, { staleAnswers: true });
  const rig = filled(stale, 'Old.');
  rig.time.advance(70_000);
  for (let time = 0; time < 5; time++) {
    assert.equal(textOf(rig.chat(cold)), 'Old.');
    if (!rig.last.cancelled) rig.last.trouble('connect');
  }
  assert.equal(rig.sends.length, 2);
  assert.deepEqual(
    rig.exchanges
      .filter(({ cache }) => cache?.status === 'refresh')
      .map(({ outcome, degraded }) => [outcome, degraded]),
    [['failed', []]],
  );
  rig.time.advance(6_000);
  rig.chat(cold);
  assert.equal(rig.sends.length, 3);
});

test('an answer in demand is made anew before it runs out, and its readers notice nothing', () => {
  const rig = filled(settings({ ttlSeconds: 60 }));
  for (let second = 0; second < 590 && rig.sends.length === 1; second++) {
    rig.time.advance(100);
    assert.equal(labelOf(rig.chat(cold)), 'hit');
  }
  assert.equal(rig.sends.length, 2, 'with two seconds to make it, it began seconds before the end');
});

test('a refusal of the request itself is remembered for a minute, and no trouble that passes', () => {
  const rig = new Rig(settings());
  const refused = rig.chat(cold);
  rig.last.answer(400, { error: { message: 'Bad `x`.', type: 'invalid_request_error', param: 'x' } });
  const again = rig.chat(cold);
  assert.deepEqual([again.status, again.error, labelOf(again)], [400, refused.error, 'hit']);
  assert.equal(rig.sends.length, 1);
  rig.time.advance(60_001);
  rig.chat(cold);
  rig.last.answer(429, { error: { message: 'Slow down.' } });
  assert.equal(rig.sends.length, 2);
  assert.equal(rig.chat(cold).status, null, 'it waits for its turn');
});

test('a change of the model’s targets leaves what the old ones answered', () => {
  const rig = filled();
  const changed = settings();
  rig.gateway.apply({
    ...changed,
    models: { m: model([target('a', { model: 'newer' })], { cache: keeping() }) },
  });
  assert.equal(rig.chat(cold).status, null);
});

// Overload, answered with less: the ladder of a model's lane under virtual time.
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
import type { Lane } from '../kernel/lane.ts';
import { lanes } from '../kernel/lane.ts';
import type { CacheConfig, DegradeConfig } from '../ports/config.ts';

const settings = (degrade: Partial<DegradeConfig>, cache?: CacheConfig): ReturnType<typeof config> =>
  config({
    upstreams: {
      a: upstream({ baseUrl: 'http://a.test/v1', maxConcurrent: 1 }),
      b: upstream({ baseUrl: 'http://b.test/v1' }),
    },
    models: {
      m: model([target('a')], { degrade: degrading(degrade), ...(cache && { cache }) }),
      small: model([target('b', { model: 'tiny' })]),
    },
    keys: lanes.map((lane) => key(lane, { lane, models: ['m'] })),
    lanes: { vip: { firstTokenMs: null }, standard: { firstTokenMs: null }, batch: { firstTokenMs: 10_000 } },
  });

/** So many of the lane wait for `a`, which answers one a second; how fast that is has been seen. */
function queued(rig: Rig, waiting: number, lane: Lane = 'batch'): void {
  for (let at = 0; at < waiting + 7; at++) rig.chat({ max_tokens: 300 }, as(lane));
  for (let second = 0; second < 6; second++) answerOne(rig);
}

function answerOne(rig: Rig): void {
  rig.time.advance(1_000);
  const open = rig.sends.find((send) => !answered.has(send));
  if (open === undefined) return;
  answered.add(open);
  open.answer(200, completion());
}
const answered = new WeakSet<object>();

/** `level` by the wait of the lane's last one: each waits a second. */
function climbed(degrade: Partial<DegradeConfig>, waiting = 22): Rig {
  const rig = new Rig(settings(degrade));
  queued(rig, waiting);
  rig.chat({ max_tokens: 300 }, as('batch'));
  for (let second = 0; second < 6; second++) answerOne(rig);
  return rig;
}

const toldOf = (client: Client): string | undefined => client.headers['x-spillway-degraded'];

test('without opting in nothing is done to answers, however long the queue', () => {
  const rig = climbed({});
  const late = rig.chat({}, as('batch'));
  while (late.status === null) answerOne(rig);
  assert.deepEqual([late.status, toldOf(late), rig.exchanges.at(-1)?.degraded], [200, undefined, []]);
  assert.ok(!rig.facts.some((fact) => fact.kind === 'degradation'));
});

test('answers of the batch lane are capped, what is asked for less stays, other lanes are not touched', () => {
  const rig = climbed({ capTokens: 64 }, 14);
  const late = rig.chat({}, as('batch'));
  const asked = rig.chat({ max_completion_tokens: 5_000 }, as('batch'));
  const small = rig.chat({ max_tokens: 20 }, as('batch'));
  const vip = rig.chat({}, as('vip'));
  while (small.status === null) answerOne(rig);
  const sent = rig.sends.map(({ body }) => [body['max_tokens'], body['max_completion_tokens']]);
  assert.deepEqual(
    [toldOf(late), toldOf(asked), toldOf(small), toldOf(vip)],
    ['capTokens', 'capTokens', undefined, undefined],
  );
  assert.deepEqual(sent.slice(-3), [
    [64, undefined],
    [undefined, 64],
    [20, undefined],
  ]);
  assert.ok(
    sent.some(([most, completionMost]) => most === undefined && completionMost === undefined),
    'the vip’s',
  );
  assert.deepEqual(rig.exchanges.at(-3)?.degraded, ['capTokens']);
  assert.deepEqual(rig.bugs, []);
});

test('the default answer is whole and well-formed, and nobody is asked for it', () => {
  const rig = climbed({ defaultAnswer: 'We are busy.' });
  const sends = rig.sends.length;
  const whole = rig.chat({}, as('batch'));
  assert.equal(whole.status, 200);
  assert.deepEqual(whole.json['choices'], [
    { index: 0, message: { role: 'assistant', content: 'We are busy.' }, logprobs: null, finish_reason: 'stop' },
  ]);
  assert.deepEqual(whole.json['usage'], { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 });
  assert.equal(whole.json['model'], 'm');
  const stream = rig.stream({ stream_options: { include_usage: true } }, as('batch'));
  assert.equal(stream.said, 'We are busy.');
  assert.equal(stream.events.at(-1), '[DONE]');
  assert.match(stream.text, /"finish_reason":"stop"/);
  assert.match(stream.text, /"usage":\{"prompt_tokens":0,"completion_tokens":0/);
  assert.deepEqual([toldOf(whole), toldOf(stream)], ['default', 'default']);
  assert.equal(rig.sends.length, sends);
  const fact = rig.exchanges.at(-1);
  assert.deepEqual([fact?.outcome, fact?.degraded, fact?.attempts, fact?.usage], ['answered', ['default'], 0, null]);
  assert.ok(fact?.trail.some(({ step, why }) => step === 'degraded' && why === 'default'));
});

test('callers of other dialects get the default answer in their own words', () => {
  const rig = climbed({ defaultAnswer: 'We are busy.' });
  const messages = [{ role: 'user', content: 'Hello' }];
  const headers = as('batch');
  const claude = rig.request('/v1/messages', { model: 'm', max_tokens: 9, messages }, { headers });
  assert.deepEqual(claude.json['content'], [{ type: 'text', text: 'We are busy.' }]);
  assert.equal(claude.json['stop_reason'], 'end_turn');
  const streamed = rig.request('/v1/messages', { model: 'm', max_tokens: 9, messages, stream: true }, { headers });
  assert.match(
    streamed.text,
    /event: message_start[^]*We are busy\.[^]*"stop_reason":"end_turn"[^]*event: message_stop/,
  );
  const responses = rig.request('/v1/responses', { model: 'm', input: 'Hello' }, { headers });
  assert.equal(responses.json['status'], 'completed');
  assert.match(responses.text, /"type":"output_text"[^]*We are busy\./);
  const events = rig.request('/v1/responses', { model: 'm', input: 'Hello', stream: true }, { headers });
  assert.match(events.text, /response\.created[^]*We are busy\.[^]*response\.completed/);
  const text = rig.request('/v1/completions', { model: 'm', prompt: 'Hello', n: 2 }, { headers });
  assert.deepEqual(
    (text.json['choices'] as unknown as { text: string }[]).map((choice) => choice.text),
    ['We are busy.', 'We are busy.'],
  );
  const parts = rig.request('/v1/completions', { model: 'm', prompt: 'Hello', stream: true }, { headers });
  assert.match(parts.text, /"object":"text_completion"[^]*We are busy\.[^]*\[DONE\]/);
  assert.deepEqual(rig.bugs, []);
});

test('where a text is no answer, shedding takes its place only if it was chosen', () => {
  const json = { response_format: { type: 'json_object' } };
  const rig = climbed({ defaultAnswer: 'We are busy.', shed: true });
  const refused = rig.chat(json, as('batch'));
  assert.deepEqual([refused.status, refused.error.code, toldOf(refused)], [503, 'server_is_overloaded', 'shed']);
  assert.ok(Number(refused.headers['retry-after-ms']) > 0);
  assert.equal(refused.headers['x-should-retry'], undefined);
  assert.equal(climbed({ defaultAnswer: 'We are busy.' }).chat(json, as('batch')).status, null, 'it waits');
});

test('a cheaper model answers when the own targets are full, also for keys that name only the model itself', () => {
  const rig = climbed({ cheaper: 'small' });
  const late = rig.chat({}, as('batch'));
  assert.equal(rig.last.host, 'b');
  rig.last.answer(200, completion());
  assert.deepEqual([toldOf(late), late.headers['x-spillway-model']], ['cheaper', 'tiny']);
  assert.deepEqual(rig.exchanges.at(-1)?.degraded, ['cheaper']);
  assert.equal(rig.chat({ model: 'small' }, as('batch')).status, 403);
});

test('a stale answer is asked for, and given where there is one', () => {
  const rig = new Rig(settings({ staleAnswers: true }, keeping({ ttlSeconds: 1 })));
  rig.chat({ temperature: 0, user: 'again' }, as('batch'));
  rig.last.answer(200, completion('As before.'));
  answered.add(rig.last);
  queued(rig, 20);
  rig.chat({ max_tokens: 300 }, as('batch'));
  for (let second = 0; second < 6; second++) answerOne(rig);
  const again = rig.chat({ temperature: 0, user: 'again' }, as('batch'));
  assert.deepEqual([again.status, toldOf(again)], [200, 'stale']);
  assert.match(again.text, /As before\./);
  assert.equal(rig.chat({ temperature: 0, user: 'new' }, as('batch')).status, null);
});

test('the ladder is left a level at a time when the queue is gone, and nothing ticks after that', () => {
  const rig = climbed({ defaultAnswer: 'We are busy.' });
  assert.equal(rig.gauge('degradation_level'), 4);
  for (let second = 0; second < 40; second++) answerOne(rig);
  assert.equal(rig.gauge('queue_depth'), 0);
  rig.time.advance(120_000);
  assert.equal(rig.gauge('degradation_level'), 0);
  assert.equal(rig.time.timers, 0);
  const levels = rig.facts.flatMap((fact) => (fact.kind === 'degradation' ? [fact.level] : []));
  assert.deepEqual(levels.slice(-4), [3, 2, 1, 0]);
  const easy = rig.chat({}, as('batch'));
  answerOne(rig);
  assert.deepEqual([easy.status, toldOf(easy)], [200, undefined]);
});

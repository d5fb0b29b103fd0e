// Flights: identical requests read one answer while it is made, each at its own pace, and lose it together or not at all.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Client, completion, config, keeping, model, Rig, target, upstream } from '../../test/support/rig.ts';
import { as, key } from '../../test/support/rig-keys.ts';
import { lanes } from '../kernel/lane.ts';
import { limits } from '../kernel/limits.ts';
import type { Config } from '../ports/config.ts';

const settings = (over: Partial<Config> = {}): Config =>
  config({
    upstreams: { a: upstream({ baseUrl: 'http://a.test/v1' }) },
    models: { m: model([target('a')], { cache: keeping() }) },
    retry: { maxAttempts: 1, budgetPercent: 10, hedgePercent: 2, backoffMs: 500, backoffMsMax: 20_000 },
    ...over,
  });

const cold = { temperature: 0 };
const labelOf = (client: Client): string | undefined => client.headers['x-spillway-cache'];
const textOf = (client: Client): unknown =>
  (client.json['choices'] as unknown as { message: { content: string } }[])[0]?.message.content;

const keys = lanes.map((lane) => key(lane, { lane }));

test('ten thousand who ask the same at once make one call, streamed or whole', () => {
  for (const stream of [true, false]) {
    const rig = new Rig(settings());
    const clients = Array.from({ length: 10_000 }, () => rig.chat({ ...cold, stream }));
    assert.equal(rig.sends.length, 1);
    if (stream) rig.last.say('Hello you all.');
    else rig.last.answer(200, completion('Hello you all.'));
    rig.time.advance(1_000);
    assert.ok(clients.every((client) => client.ended));
    assert.ok(clients.every((client) => (stream ? client.said : textOf(client)) === 'Hello you all.'));
    assert.equal(rig.exchanges.filter(({ cache }) => cache?.status === 'joined').length, 9_999);
    assert.deepEqual(
      [rig.sends.length, rig.gateway.read().find(({ name }) => name === 'cache_flights')?.value],
      [1, 0],
    );
    assert.deepEqual(rig.bugs, []);
  }
});

test('who joins late is given what was said, then follows', () => {
  const rig = new Rig(settings());
  const first = rig.stream(cold);
  rig.last.stream();
  rig.last.delta({ role: 'assistant', content: '' });
  rig.last.delta({ content: 'One, ' });
  rig.last.delta({ content: 'two, ' });
  const late = rig.stream(cold);
  assert.deepEqual([late.said, labelOf(late)], ['One, two, ', 'joined']);
  rig.last.delta({ content: 'three.' });
  assert.equal(late.said, 'One, two, three.');
  const claude = rig.request('/v1/messages', {
    model: 'm',
    messages: [{ role: 'user', content: 'Hello' }],
    max_tokens: 5,
    stream: true,
    ...cold,
  });
  assert.equal(claude.status, null, 'with a limit it is another question');
  const whole = rig.chat(cold);
  assert.equal(whole.status, null);
  const [leading] = rig.sends;
  leading?.finish('stop', { usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } });
  leading?.event('[DONE]');
  leading?.end();
  assert.deepEqual(
    [first.said, late.said, textOf(whole)],
    ['One, two, three.', 'One, two, three.', 'One, two, three.'],
  );
  assert.deepEqual([late.events.at(-1), late.ended], ['[DONE]', true]);
  assert.equal((whole.json['usage'] as unknown as { prompt_tokens: number }).prompt_tokens, 3);
  const fact = rig.exchanges.find(({ cache }) => cache?.status === 'joined');
  assert.deepEqual([fact?.attempts, fact?.usage, fact?.cache?.savedTokens], [0, null, 7]);
  assert.deepEqual(rig.bugs, []);
});

test('readers of other dialects read it in their own words, from the beginning', () => {
  const rig = new Rig(settings());
  rig.stream({ ...cold, max_tokens: 5 });
  rig.last.stream();
  rig.last.delta({ role: 'assistant', content: 'One, ' });
  const claude = rig.request('/v1/messages', {
    model: 'm',
    messages: [{ role: 'user', content: 'Hello' }],
    max_tokens: 5,
    stream: true,
    ...cold,
  });
  rig.last.delta({ content: 'two.' });
  rig.last.finish();
  rig.last.event('[DONE]');
  rig.last.end();
  assert.equal(labelOf(claude), 'joined');
  assert.match(claude.text, /event: message_start[^]*"One, "[^]*"two\."[^]*"stop_reason":"end_turn"[^]*message_stop/);
  assert.equal(rig.sends.length, 1);
});

test('the far side is left only when the last reader has left, whoever came first', () => {
  const rig = new Rig(settings());
  const first = rig.stream(cold);
  rig.last.stream();
  rig.last.delta({ content: 'One, ' });
  const second = rig.stream(cold);
  const third = rig.stream(cold);
  first.leave();
  assert.equal(rig.last.cancelled, false);
  rig.last.delta({ content: 'two, ' });
  second.leave();
  assert.equal(third.said, 'One, two, ');
  assert.equal(rig.last.cancelled, false);
  third.leave();
  assert.equal(rig.last.cancelled, true);
  assert.deepEqual(
    rig.exchanges.map(({ outcome }) => outcome),
    ['abandoned', 'abandoned', 'abandoned'],
  );
  assert.equal(rig.gauge('exchanges_in_flight'), 0);
  assert.equal(rig.chat({ ...cold, stream: true }).status, null);
  assert.equal(rig.sends.length, 2, 'nothing is left to join');
});

test('what a client that left has begun is finished for the others, and kept', () => {
  const rig = new Rig(settings());
  const first = rig.chat(cold);
  const second = rig.chat(cold);
  first.leave();
  rig.last.answer(200, completion('For you.'));
  assert.equal(textOf(second), 'For you.');
  const [left] = rig.exchanges;
  assert.deepEqual([left?.outcome, left?.status, left?.usage?.completionTokens], ['abandoned', 499, 2]);
  assert.equal(labelOf(rig.chat(cold)), 'hit');
  assert.deepEqual(rig.bugs, []);
});

test('each reader has its own pace: a slow one holds up nobody, and the far side waits for the last one only', () => {
  const rig = new Rig(settings());
  const slow = rig.stream(cold);
  rig.last.stream();
  rig.last.delta({ content: 'a' });
  const quick = rig.stream(cold);
  slow.keepsUp = false;
  slow.pendingBytes = limits.readerBytesLow + 1;
  rig.last.delta({ content: 'b' });
  assert.equal(rig.last.paused, false);
  assert.equal(quick.said, 'ab');
  quick.keepsUp = false;
  quick.pendingBytes = limits.readerBytesLow + 1;
  rig.last.delta({ content: 'c' });
  assert.equal(quick.said, 'ab', 'what it has not read waits here');
  rig.last.delta({ content: 'd' });
  assert.equal(rig.last.paused, true);
  quick.pendingBytes = 0;
  quick.keepsUp = true;
  quick.visit?.onDrain();
  assert.equal(quick.said, 'abcd');
  assert.equal(rig.last.paused, false);
  quick.keepsUp = false;
  quick.pendingBytes = limits.readerBytesLow + 1;
  rig.last.finish();
  rig.last.event('[DONE]');
  rig.last.end();
  assert.equal(quick.ended, false);
  quick.pendingBytes = 0;
  quick.visit?.onDrain();
  assert.deepEqual([quick.ended, quick.events.at(-1)], [true, '[DONE]']);
  assert.deepEqual(rig.bugs, []);
});

test('a reader too far behind a long answer is cut, and its memory given back', () => {
  const rig = new Rig(settings());
  rig.stream(cold);
  rig.last.stream();
  rig.last.delta({ content: 'a' });
  const stuck = rig.stream(cold);
  const quick = rig.stream(cold);
  stuck.keepsUp = false;
  stuck.pendingBytes = limits.readerBytesLow + 1;
  const piece = 'x'.repeat(100_000);
  for (let at = 0; at < 25; at++) rig.last.delta({ content: piece });
  assert.deepEqual([stuck.destroyed, quick.destroyed], [true, false]);
  assert.equal(quick.said.length, 2_500_001);
  const late = rig.stream(cold);
  assert.equal(late.text, '', 'it is too late to join');
});

test('a lost leader is followed by one reader, once, and the others read on', () => {
  const rig = new Rig(settings());
  const [first, second, third] = [rig.stream(cold), rig.stream(cold), rig.chat(cold)];
  rig.last.trouble('connect');
  assert.equal(first.status, 502);
  assert.equal(rig.sends.length, 2);
  assert.deepEqual([second.status, third.status], [null, null]);
  rig.last.say('At last.');
  assert.deepEqual([second.said, textOf(third)], ['At last.', 'At last.']);
  assert.deepEqual([labelOf(second), labelOf(third)], ['miss', 'joined']);
  assert.deepEqual(rig.bugs, []);
});

test('a second leader lost is the end of it for all', () => {
  const rig = new Rig(settings());
  const clients = Array.from({ length: 20 }, () => rig.chat(cold));
  rig.last.trouble('connect');
  rig.last.trouble('connect');
  assert.equal(rig.sends.length, 2);
  assert.ok(clients.every(({ status }) => status === 502));
  assert.equal(rig.gauge('exchanges_in_flight'), 0);
});

test('when an answer breaks off, who was shown some of it is told so, and who was not begins again', () => {
  const rig = new Rig(settings());
  const first = rig.stream(cold);
  rig.last.stream();
  rig.last.delta({ content: 'Once upon' });
  const [shown, whole, wholeToo] = [rig.stream(cold), rig.chat(cold), rig.chat(cold)];
  rig.last.trouble('reset');
  for (const client of [first, shown]) {
    assert.deepEqual([client.status, client.ended], [200, true]);
    assert.match(client.events.at(-1) ?? '', /"error"/);
  }
  assert.equal(rig.sends.length, 2);
  rig.last.answer(200, completion('Whole.'));
  assert.deepEqual([textOf(whole), textOf(wholeToo)], ['Whole.', 'Whole.']);
  assert.deepEqual(rig.bugs, []);
});

test('what the request itself has brought about is everybody’s, at once', () => {
  const rig = new Rig(settings());
  const clients = Array.from({ length: 5 }, () => rig.chat(cold));
  rig.last.answer(400, { error: { message: 'Bad.', type: 'invalid_request_error' } });
  assert.ok(clients.every(({ status, error }) => status === 400 && error.message === 'Bad.'));
  assert.equal(rig.sends.length, 1);
});

test('a leader that runs out of its own time takes nobody with it', () => {
  const rig = new Rig(settings());
  const hasty = rig.chat(cold, { 'x-spillway-deadline-ms': '1000' });
  const patient = rig.chat(cold);
  rig.time.advance(1_500);
  assert.equal(hasty.status, 504);
  assert.equal(patient.status, null);
  rig.last.answer(200, completion('Here.'));
  assert.equal(textOf(patient), 'Here.');
});

test('who goes first does not wait behind a leader of a lower lane that waits itself', () => {
  const shared = settings({
    upstreams: { a: upstream({ baseUrl: 'http://a.test/v1', maxConcurrent: 1 }) },
    models: { m: model([target('a')], { cache: keeping({ scope: 'public' }) }) },
    keys,
  });
  const rig = new Rig(shared);
  rig.chat({ user: 'busy' }, as('standard'));
  rig.chat(cold, as('batch'));
  const vip = rig.chat(cold, as('vip'));
  const standard = rig.chat(cold, as('standard'));
  rig.last.answer(200, completion('Busy.'));
  rig.last.answer(200, completion('For the vip.'));
  assert.deepEqual([textOf(vip), labelOf(vip)], ['For the vip.', 'miss']);
  assert.deepEqual([textOf(standard), labelOf(standard)], ['For the vip.', 'joined']);
});

test('a stream does not wait for an answer that comes in one piece', () => {
  const rig = new Rig(settings());
  rig.chat(cold);
  rig.stream(cold);
  assert.equal(rig.sends.length, 2);
  rig.chat(cold);
  assert.equal(rig.sends.length, 2);
});

test('a drain begins nothing anew for those who are cut', () => {
  const rig = new Rig(settings());
  const clients = Array.from({ length: 3 }, () => rig.chat(cold));
  rig.gateway.drain('test', () => {});
  rig.time.advance(31_000);
  assert.ok(clients.every(({ status }) => status === 503));
  assert.equal(rig.sends.length, 1);
  assert.deepEqual(rig.bugs, []);
});

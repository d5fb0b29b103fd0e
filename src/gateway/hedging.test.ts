// Two attempts of one exchange beside each other: when a second upstream is asked, who answers, and what is given back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Client, config, model, Rig, type Send, target, upstream } from '../../test/support/rig.ts';
import { sha256 } from '../../test/support/rig-keys.ts';
import type { Config, KeyConfig } from '../ports/config.ts';

const key = (name: string, lane: KeyConfig['lane']): KeyConfig => ({
  name,
  sha256: sha256(name),
  lane,
  models: null,
  regions: null,
  limits: { requestsPerMinute: null, tokensPerMinute: null, maxConcurrent: null },
});
const keys = [key('vip', 'vip'), key('standard', 'standard')];
const as = (name: string): Record<string, string> => ({ authorization: `Bearer ${name}` });
const retry = config().retry;

/** A gateway that has seen fifty vips answered by `a` after 100 ms: one hedge may be sent, after a second of silence. */
function experienced(over: Partial<Config> = {}, sends = 50): Rig {
  const rig = new Rig(config({ keys, ...over }));
  for (let sent = 0; sent < sends; sent++) {
    rig.stream({}, as('vip'));
    rig.time.advance(100);
    rig.last.say('Hi');
  }
  rig.sends.length = 0;
  rig.facts.length = 0;
  return rig;
}

interface Pair {
  readonly rig: Rig;
  readonly client: Client;
  readonly first: Send;
  readonly second: Send;
}

/** A vip whose first attempt was silent for a second. */
function hedged(over: Partial<Config> = {}, request: Record<string, unknown> = { stream: true }): Pair {
  const rig = experienced(over);
  const client = rig.chat(request, as('vip'));
  rig.time.advance(999);
  assert.equal(rig.sends.length, 1);
  rig.time.advance(1);
  const [first, second] = rig.sends;
  assert.ok(first !== undefined && second !== undefined, 'a second upstream was asked');
  assert.deepEqual([first.host, second.host], ['a', 'b']);
  return { rig, client, first, second };
}

function settled(rig: Rig): void {
  assert.equal(rig.gauge('upstream_in_flight'), 0, 'every ticket came back');
  assert.equal(rig.gauge('window_tokens'), 0);
  assert.equal(rig.gauge('exchanges_in_flight'), 0);
  assert.equal(rig.exchanges.length, 1, 'one outcome');
  assert.equal(rig.attempts.length, rig.sends.length, 'one fact for each attempt');
  assert.deepEqual(rig.bugs, []);
}
const steps = (rig: Rig): string[] => rig.exchanges[0]?.trail.map(({ step }) => step) ?? [];
const marks = (rig: Rig): unknown[] =>
  rig.attempts.map(({ number, hedge, overtaken, fault }) => [number, hedge, overtaken, fault]);

test('the second upstream wins by content: the first is aborted, and only one answer is told', () => {
  const { rig, client, first, second } = hedged();
  second.say('From b');
  assert.ok(first.cancelled && !second.cancelled);
  assert.equal(client.said, 'From b');
  assert.equal(client.events.at(-1), '[DONE]');
  assert.equal(client.headers['x-spillway-upstream'], 'b');
  assert.equal(client.headers['x-spillway-attempts'], '2');
  assert.deepEqual(steps(rig), ['sent', 'late', 'hedge', 'overtaken', 'answered']);
  assert.deepEqual(marks(rig), [
    [1, false, true, null],
    [2, true, false, null],
  ]);
  assert.deepEqual([rig.exchanges[0]?.upstream, rig.exchanges[0]?.attempts], ['b', 2]);
  settled(rig);
});

test('the first upstream may still win', () => {
  const { rig, client, first, second } = hedged();
  first.say('From a');
  assert.ok(second.cancelled);
  assert.equal(client.said, 'From a');
  assert.equal(client.headers['x-spillway-upstream'], 'a');
  assert.deepEqual(marks(rig), [
    [2, true, true, null],
    [1, false, false, null],
  ]);
  settled(rig);
});

test('content decides: neither a head, nor a role, nor keep-alives', () => {
  const { rig, client, first, second } = hedged();
  second.stream();
  second.delta({ role: 'assistant', content: '' });
  second.bytes(': keep-alive\n\n: keep-alive\n\n');
  assert.ok(!first.cancelled, 'nothing is decided');
  first.stream();
  first.delta({ role: 'assistant', content: '' });
  first.delta({ reasoning_content: 'Hm' });
  assert.ok(second.cancelled);
  first.delta({ content: 'From a' });
  first.finish();
  first.event('[DONE]');
  first.end();
  assert.equal(client.said, 'From a');
  settled(rig);
});

test('an answer that is gathered is raced for too', () => {
  const { rig, client, first, second } = hedged({}, {});
  assert.equal(second.body['stream'], true);
  second.say('From b');
  assert.ok(first.cancelled);
  assert.match(client.text, /"content":"From b"/);
  assert.equal(client.status, 200);
  settled(rig);
});

test('more events without content than may be held back decide as well: no answer is glued from two', () => {
  const { rig, client, first, second } = hedged();
  second.stream();
  for (let event = 0; event < 70; event++) second.delta({ role: 'assistant', content: '' });
  assert.ok(first.cancelled);
  second.delta({ content: 'From b' });
  second.finish();
  second.event('[DONE]');
  second.end();
  assert.equal(client.said, 'From b');
  settled(rig);
});

test('a fault of the first leaves the second running, and asks nobody else', () => {
  const three = {
    upstreams: {
      ...config().upstreams,
      c: upstream({ baseUrl: 'http://c.test/v1', tier: 'standby' }),
    },
    models: { m: model([target('a'), target('b'), target('c')]) },
  };
  const { rig, client, first, second } = hedged(three);
  first.answer(503, { error: { message: 'busy' } });
  assert.equal(rig.sends.length, 2);
  assert.equal(client.status, null);
  second.say('From b');
  assert.equal(client.said, 'From b');
  assert.deepEqual(marks(rig), [
    [1, false, false, 'overloaded'],
    [2, true, false, null],
  ]);
  settled(rig);
});

test('a fault of the second leaves the first running', () => {
  const { rig, client, first, second } = hedged();
  second.trouble('reset');
  assert.ok(!first.cancelled);
  first.say('From a');
  assert.equal(client.said, 'From a');
  assert.equal(client.headers['x-spillway-upstream'], 'a');
  settled(rig);
});

test('only when both have failed a third is asked, and the client learns of none of it', () => {
  const three = {
    upstreams: { ...config().upstreams, c: upstream({ baseUrl: 'http://c.test/v1', tier: 'standby' }) },
    models: { m: model([target('a'), target('b'), target('c')]) },
  };
  const { rig, client, first, second } = hedged(three);
  second.answer(500, { error: { message: 'oops' } });
  first.trouble('reset');
  assert.equal(rig.sends.length, 3);
  rig.last.say('From c');
  assert.equal(client.said, 'From c');
  assert.equal(client.headers['x-spillway-attempts'], '3');
  settled(rig);
});

test('both fail, nobody is left: the client is told once', () => {
  const { rig, client, first, second } = hedged({ retry: { ...retry, budgetPercent: 0 } });
  first.answer(500, { error: { message: 'oops' } });
  second.answer(503, { error: { message: 'busy' } });
  assert.equal(client.status, 503);
  assert.equal(rig.exchanges[0]?.outcome, 'failed');
  settled(rig);
});

test('that the request is wrong explains more than the trouble of the other', () => {
  const { rig, client, first, second } = hedged();
  first.answer(400, { error: { message: 'no such parameter', type: 'invalid_request_error' } });
  second.answer(503, { error: { message: 'busy' } });
  assert.equal(client.status, 400);
  assert.equal(client.error.message, 'no such parameter');
  settled(rig);
});

test('after the race is won, trouble is the answer’s own', () => {
  const { rig, client, second } = hedged({ retry: { ...retry, budgetPercent: 0 } });
  second.stream();
  second.delta({ content: 'Half an ' });
  second.trouble('reset');
  assert.match(client.events.at(-1) ?? '', /"error"/);
  assert.equal(rig.exchanges[0]?.fault, 'cut');
  settled(rig);
});

test('a client that leaves aborts both', () => {
  const { rig, client, first, second } = hedged();
  client.leave();
  assert.ok(first.cancelled && second.cancelled);
  assert.equal(rig.exchanges[0]?.outcome, 'abandoned');
  settled(rig);
});

test('when the time is over both are aborted, and both have been silent', () => {
  const { rig, first, second } = hedged();
  rig.time.advance(9_100);
  assert.ok(first.cancelled, 'silent for longer than a first token may take');
  rig.time.advance(600_000);
  assert.ok(second.cancelled);
  assert.deepEqual(
    rig.attempts.map(({ fault }) => fault),
    ['silent', 'deadline'],
  );
  settled(rig);
});

test('a bug in one exchange gives both tickets back', () => {
  const { rig, client, second } = hedged();
  client.write = () => {
    throw new Error('broken');
  };
  second.stream();
  second.delta({ content: 'x' });
  assert.ok(client.destroyed);
  assert.equal(rig.gauge('upstream_in_flight'), 0);
});

for (const [name, over, request, lane] of [
  ['somebody of another lane', {}, { stream: true }, 'standard'],
  ['a gateway without a budget for it', { retry: { ...retry, hedgePercent: 0 } }, { stream: true }, 'vip'],
  ['a whole answer that is no stream underneath', {}, { n: 2 }, 'vip'],
  ['a long prompt', {}, { stream: true, messages: [{ role: 'user', content: 'word '.repeat(9_000) }] }, 'vip'],
  ['an exchange that may be sent only once', { retry: { ...retry, maxAttempts: 1 } }, { stream: true }, 'vip'],
  [
    'two targets of one upstream',
    { models: { m: model([target('a'), target('a', { model: 'other' })]) } },
    { stream: true },
    'vip',
  ],
  [
    'a fallback model',
    { models: { m: model([target('a')]), n: model([target('b')]) } },
    { stream: true, fallbacks: ['n'] },
    'vip',
  ],
] as const) {
  test(`nobody else is asked beside for ${name}`, () => {
    const rig = experienced(over);
    rig.chat(request, as(lane));
    rig.time.advance(5_000);
    assert.equal(rig.sends.length, 1);
    assert.equal(rig.sends[0]?.host, 'a');
  });
}

test('before it is known what is usual, nothing is late', () => {
  const rig = experienced({}, 50);
  const long = { stream: true, messages: [{ role: 'user', content: 'word '.repeat(1_000) }] };
  rig.chat(long, as('vip'));
  rig.time.advance(5_000);
  assert.equal(rig.sends.length, 1, 'no prompt of this size was seen yet');
});

test('one in fifty: the second vip of them waits', () => {
  const { rig, second } = hedged();
  second.say('From b');
  rig.stream({}, as('vip'));
  rig.time.advance(5_000);
  assert.equal(rig.sends.length, 3);
});

test('after content nothing is sent beside, however long it pauses', () => {
  const rig = experienced();
  rig.stream({}, as('vip'));
  rig.time.advance(500);
  rig.last.stream();
  rig.last.delta({ content: 'Hello' });
  rig.time.advance(10_000);
  assert.equal(rig.sends.length, 1);
});

for (const [name, prompt, b] of [
  ['whose window is nearly full', 'word '.repeat(40_000), {}],
  ['that takes nothing more', 'word', { maxConcurrent: 1 }],
] as const) {
  test(`an upstream ${name} is left to others`, () => {
    const upstreams = { ...config().upstreams, b: upstream({ baseUrl: 'http://b.test/v1', tier: 'peak', ...b }) };
    const rig = experienced({ upstreams });
    rig.stream({ messages: [{ role: 'user', content: prompt }] }, as('standard'));
    rig.last.trouble('connect');
    assert.equal(rig.last.host, 'b', 'held there by somebody whom a has failed');
    rig.stream({}, as('vip'));
    assert.equal(rig.last.host, 'a');
    rig.time.advance(2_000);
    assert.equal(rig.sends.length, 3);
  });
}

test('another variant of the tier is not asked beside the one that was drawn', () => {
  const upstreams = {
    a: upstream({ baseUrl: 'http://a.test/v1' }),
    b: upstream({ baseUrl: 'http://b.test/v1' }),
  };
  const models = { m: model([target('a', { weight: 90 }), target('b', { weight: 10 })]) };
  const rig = experienced({ upstreams, models });
  rig.chat({ stream: true }, as('vip'));
  rig.time.advance(3_000);
  assert.equal(rig.sends.length, 1);
});

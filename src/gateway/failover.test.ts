// How one exchange fares when its far sides misbehave: what the client sees, who was asked, and what was given back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completion, config, model, Rig, target, upstream } from '../../test/support/rig.ts';

const alone = config({ models: { m: model([target('a')]) } });
const resumable = config({
  upstreams: {
    a: upstream({ baseUrl: 'http://a.test/v1' }),
    b: upstream({ baseUrl: 'http://b.test/v1', provider: 'vllm', tier: 'peak' }),
  },
});
const call = (args: string): Record<string, unknown> => ({
  tool_calls: [{ index: 0, id: 't', function: { name: 'f', arguments: args } }],
});
const room = (contextTokens: number): { traits: { contextTokens: number } } => ({ traits: { contextTokens } });
const nothingHeld = (rig: Rig): void => {
  assert.equal(rig.gauge('target_in_flight'), 0, 'every ticket came back');
  assert.equal(rig.gauge('exchanges_in_flight'), 0, 'every exchange ended');
  assert.deepEqual(rig.bugs, []);
};

test('a good answer goes through untouched, with labels', () => {
  const rig = new Rig();
  const client = rig.chat();
  rig.last.answer(200, completion());
  assert.equal(client.status, 200);
  assert.deepEqual(client.json, completion());
  assert.equal(client.headers['x-spillway-upstream'], 'a');
  assert.equal(client.headers['x-spillway-attempts'], '1');
  assert.equal(client.headers['x-spillway-request-id'], rig.exchanges[0]?.id);
  assert.equal(rig.exchanges[0]?.outcome, 'answered');
  assert.equal(rig.exchanges[0]?.usage?.completionTokens, 2);
  nothingHeld(rig);
});

test('a stream is relayed event by event and ends with [DONE]', () => {
  const rig = new Rig();
  const client = rig.stream();
  rig.last.say('Hello there');
  assert.equal(client.status, 200);
  assert.match(client.headers['content-type'] ?? '', /text\/event-stream/);
  assert.equal(client.said, 'Hello there');
  assert.equal(client.events.at(-1), '[DONE]');
  assert.ok(client.ended);
  nothingHeld(rig);
});

test('a 503 before any content is answered by the next target, invisibly', () => {
  const rig = new Rig();
  const client = rig.stream();
  rig.last.answer(503, { error: { message: 'busy' } });
  assert.equal(rig.last.host, 'b');
  rig.last.say('From b');
  assert.equal(client.said, 'From b');
  assert.equal(client.headers['x-spillway-attempts'], '2');
  assert.equal(client.headers['x-spillway-upstream'], 'b');
  assert.deepEqual(
    rig.attempts.map((attempt) => attempt.fault),
    ['overloaded', null],
  );
  nothingHeld(rig);
});

for (const [name, misbehave] of [
  ['a reset connection', (rig: Rig): void => rig.last.trouble('reset')],
  ['a refused connection', (rig: Rig): void => rig.last.trouble('connect')],
  [
    'a role-only start that breaks off',
    (rig: Rig): void => (rig.last.stream(), rig.last.delta({ role: 'assistant' }), rig.last.trouble('reset')),
  ],
  [
    'an error event inside a 200 stream',
    (rig: Rig): void => (
      rig.last.stream(),
      rig.last.event({ error: { message: 'oops', type: 'server_error', code: null } })
    ),
  ],
  ['an empty 200 body', (rig: Rig): void => rig.last.answer(200, '\n\n\n')],
  [
    'a stream that finishes having said nothing',
    (rig: Rig): void => (rig.last.stream(), rig.last.finish(), rig.last.event('[DONE]'), rig.last.end()),
  ],
  ['a stream that ends before it says anything', (rig: Rig): void => (rig.last.stream(), rig.last.end())],
  [
    'an HTML page with status 200',
    (rig: Rig): void => rig.last.answer(200, '<html>down</html>', { 'content-type': 'text/html' }),
  ],
  [
    'insufficient system resources',
    (rig: Rig): void => (rig.last.stream(), rig.last.finish('insufficient_system_resource')),
  ],
  [
    'keep-alives without a token',
    (rig: Rig): void => (rig.last.stream(), rig.last.bytes(': keep-alive\n\n'), rig.time.advance(10_001)),
  ],
] as const) {
  test(`${name} is answered by the next target, invisibly`, () => {
    const rig = new Rig();
    const client = rig.stream();
    misbehave(rig);
    assert.equal(rig.sends.length, 2, 'the second target was asked');
    assert.equal(client.text.replace(/^: .*\n\n/gm, ''), '', 'the client saw nothing yet, but a sign of life');
    rig.last.say('Saved');
    assert.equal(client.said, 'Saved');
    assert.equal(client.events.at(-1), '[DONE]');
    nothingHeld(rig);
  });
}

test('a stream cut after content ends with an error event, never cleanly', () => {
  const rig = new Rig();
  const client = rig.stream();
  rig.last.stream();
  rig.last.delta({ content: 'Half an ' });
  rig.last.trouble('reset');
  assert.equal(rig.sends.length, 1, 'nothing is sent again once content was shown');
  assert.match(client.events.at(-1) ?? '', /"error"/);
  assert.ok(!client.text.includes('[DONE]'));
  assert.ok(client.ended);
  assert.equal(rig.exchanges[0]?.outcome, 'failed');
  nothingHeld(rig);
});

test('a stream that ends cleanly without a finish reason is a cut, not an end', () => {
  const rig = new Rig();
  const client = rig.stream();
  rig.last.stream();
  rig.last.delta({ content: 'Half' });
  rig.last.end();
  assert.match(client.events.at(-1) ?? '', /"error"/);
  assert.ok(!client.text.includes('[DONE]'));
});

test('a stream that is complete but forgets [DONE] gets one', () => {
  const rig = new Rig();
  const client = rig.stream();
  rig.last.stream();
  rig.last.delta({ content: 'Whole' });
  rig.last.finish();
  rig.last.end();
  assert.equal(client.said, 'Whole');
  assert.equal(client.events.at(-1), '[DONE]');
});

test('content that stops coming is ended with an error after the idle time, whatever keep-alives say', () => {
  const rig = new Rig();
  const client = rig.stream();
  rig.last.stream();
  rig.last.delta({ content: 'Half' });
  for (let second = 0; second < 19; second++) {
    rig.time.advance(1_000);
    rig.last.bytes(': keep-alive\n\n');
  }
  assert.ok(!client.ended);
  rig.time.advance(1_100);
  assert.ok(client.ended);
  assert.match(client.text, /"error"/);
  assert.ok(rig.last.cancelled, 'the silent upstream was aborted');
  nothingHeld(rig);
});

test('a bad request goes back as the upstream said it, and is sent once only', () => {
  const rig = new Rig();
  const client = rig.chat();
  rig.last.answer(400, {
    error: { message: 'temperature is too hot', type: 'invalid_request_error', param: 'temperature', code: 'bad' },
  });
  assert.equal(rig.sends.length, 1);
  assert.equal(client.status, 400);
  assert.equal(client.error.message, 'temperature is too hot');
  assert.equal(client.error.param, 'temperature');
  nothingHeld(rig);
});

test('a context that is too long for one target is tried on the next', () => {
  const rig = new Rig();
  const client = rig.chat();
  rig.last.answer(400, {
    error: { message: "This model's maximum context length is 10 tokens", code: 'context_length_exceeded' },
  });
  assert.equal(rig.last.host, 'b');
  rig.last.answer(200, completion());
  assert.equal(client.status, 200);
});

test('a prompt that is too long is not tried where there is known to be no more room', () => {
  const names = ['a', 'b', 'c'];
  const rig = new Rig(
    config({
      upstreams: Object.fromEntries(names.map((name) => [name, upstream({ baseUrl: `http://${name}.test/v1` })])),
      models: {
        m: model([
          target('a', room(8_000)),
          target('b', { ...room(8_000), tier: 'peak' }),
          target('c', { ...room(64_000), tier: 'standby' }),
        ]),
      },
    }),
  );
  rig.chat();
  rig.last.answer(400, { error: { message: 'too long', code: 'context_length_exceeded' } });
  assert.equal(rig.last.host, 'c');
});

test('every send is a fact with its cost, also one that broke off', () => {
  const rig = new Rig(
    config({
      upstreams: {
        a: upstream({ baseUrl: 'http://a.test', provider: 'deepseek' }),
        b: upstream({ baseUrl: 'http://b.test/v1', tier: 'peak' }),
      },
      models: { m: model([target('a', { model: 'deepseek-flash' }), target('b')]) },
    }),
  );
  const client = rig.stream();
  rig.last.stream();
  rig.last.delta({ content: 'Half an answer that breaks off' });
  rig.last.trouble('reset');
  assert.equal(rig.attempts[0]?.fault, 'cut');
  assert.ok((rig.attempts[0]?.costMicroUsd ?? 0) > 0);
  client.leave();
  assert.equal(rig.exchanges[0]?.costMicroUsd, rig.attempts[0]?.costMicroUsd, 'and the exchange costs what was read');
});

test('an answer in one piece has its cost too', () => {
  const rig = new Rig(
    config({
      upstreams: { a: upstream({ baseUrl: 'http://a.test', provider: 'deepseek' }) },
      models: { m: model([target('a', { model: 'deepseek-flash' })]) },
    }),
  );
  rig.chat();
  rig.last.answer(200, completion());
  assert.ok((rig.exchanges[0]?.costMicroUsd ?? 0) > 0);
});

test('a content policy refusal is returned, not routed around, unless the model says so', () => {
  const refusal = { error: { message: 'filtered', code: 'content_filter' } };
  const strict = new Rig();
  const client = strict.chat();
  strict.last.answer(400, refusal);
  assert.equal(strict.sends.length, 1);
  assert.equal(client.status, 400);
  const lenient = new Rig(
    config({ models: { m: model([target('a'), target('b')], { failoverOnContentFilter: true }) } }),
  );
  lenient.chat();
  lenient.last.answer(400, refusal);
  assert.equal(lenient.sends.length, 2);
});

const twoKeys = config({
  upstreams: {
    a: upstream({ baseUrl: 'http://a.test/v1', apiKeys: ['k1', 'k2'] }),
    b: upstream({ baseUrl: 'http://b.test/v1', tier: 'peak' }),
  },
});

test('a dead credential rests alone, and the next one of the upstream is used at once', () => {
  const rig = new Rig(twoKeys);
  const client = rig.chat();
  assert.equal(rig.last.header('authorization'), 'Bearer k1');
  rig.last.answer(401, { error: { message: 'bad key' } });
  rig.time.advance(1);
  assert.equal(rig.last.host, 'a');
  assert.equal(rig.last.header('authorization'), 'Bearer k2');
  rig.last.answer(200, completion());
  assert.equal(client.status, 200);
  for (let again = 0; again < 3; again++) {
    rig.chat();
    assert.equal(rig.last.header('authorization'), 'Bearer k2');
    rig.last.answer(200, completion());
  }
  const rest = rig.facts.find((fact) => fact.kind === 'credential');
  assert.ok(rest?.kind === 'credential' && rest.ordinal === 1 && rest.restMs > 0);
  nothingHeld(rig);
});

test('a rate limit of one credential rests that credential, and the target only when all are limited', () => {
  const rig = new Rig(twoKeys);
  rig.chat();
  rig.last.answer(429, { error: { message: 'slow down' } }, { 'retry-after': '20' });
  rig.time.advance(1);
  assert.equal(rig.last.header('authorization'), 'Bearer k2');
  rig.last.answer(429, { error: { message: 'slow down' } }, { 'retry-after': '20' });
  assert.equal(rig.last.host, 'b');
  rig.last.answer(200, completion());
  rig.time.advance(20_100);
  rig.chat();
  assert.equal(rig.last.host, 'a');
});

test('when every credential is refused the client is told so, now and a minute later', () => {
  const rig = new Rig(alone);
  const first = rig.chat();
  rig.last.answer(401, { error: { message: 'bad key' } });
  const second = rig.chat();
  for (const client of [first, second]) {
    assert.equal(client.status, 502);
    assert.equal(client.error.code, 'upstream_credential');
    assert.equal(client.headers['x-should-retry'], 'false');
  }
});

test('what an upstream says of a request reaches the caller, but no log, no trail and no admin page', () => {
  const rig = new Rig();
  const client = rig.chat({ messages: [{ role: 'user', content: 'my private prompt' }] });
  rig.last.answer(400, { error: { message: 'bad: Bearer sk-upstream prompt=my private prompt' } });
  assert.equal(client.status, 400);
  assert.ok(!client.text.includes('sk-upstream'), 'the upstream’s own credential is cut out');
  const other = rig.chat();
  rig.last.answer(500, { error: { message: 'oops: Bearer sk-upstream my private prompt' } });
  rig.last.answer(500, { error: { message: 'oops: Bearer sk-upstream my private prompt' } });
  rig.time.advance(60_000);
  while (other.status === null && rig.sends.length < 9)
    rig.last.answer(500, { error: { message: 'my private prompt' } });
  assert.ok(!other.text.includes('private prompt'));
  const kept = JSON.stringify(rig.facts);
  assert.ok(!kept.includes('private prompt') && !kept.includes('sk-upstream'));
});

test('once the finish was read the answer is whole, whatever becomes of the connection', () => {
  for (const then of ['reset', 'silence'] as const) {
    const rig = new Rig(resumable);
    const client = rig.stream();
    rig.last.stream();
    rig.last.delta({ content: 'All done' });
    rig.last.finish();
    if (then === 'reset') rig.last.trouble('reset');
    else rig.time.advance(1_500);
    assert.equal(rig.sends.length, 1);
    assert.equal(client.said, 'All done');
    assert.equal(client.events.at(-1), '[DONE]');
    assert.equal(rig.attempts[0]?.fault, null);
    nothingHeld(rig);
  }
});

test('an error after the finish cannot unsay the answer', () => {
  for (const streams of [true, false]) {
    const rig = new Rig(resumable);
    const client = streams ? rig.stream() : rig.chat();
    rig.last.stream();
    rig.last.delta({ content: 'All done' });
    rig.last.finish();
    rig.last.event({ error: { message: 'too late' } });
    assert.equal(rig.sends.length, 1);
    assert.ok(client.ended && !client.text.includes('too late'));
  }
});

test('of several answers one finish is not the end', () => {
  const rig = new Rig(alone);
  const client = rig.stream({ n: 2 });
  rig.last.stream();
  rig.last.delta({ content: 'one' });
  rig.last.finish();
  rig.time.advance(2_000);
  assert.ok(!client.ended, 'the other is still being written');
  rig.last.trouble('reset');
  assert.match(client.events.at(-1) ?? '', /"error"/);
});

test('an error answer whose body does not come is not waited for', () => {
  const rig = new Rig();
  const client = rig.stream();
  rig.last.head(500, {});
  rig.time.advance(2_001);
  rig.last.say('Saved');
  assert.equal(client.said, 'Saved');
});

test('a dead second target does not keep the first from being asked again', () => {
  const rig = new Rig();
  rig.chat();
  rig.last.answer(500, { error: { message: 'oops' } });
  rig.last.answer(401, { error: { message: 'bad key' } });
  rig.time.advance(10_000);
  const client = rig.chat();
  assert.equal(rig.last.host, 'a');
  rig.last.answer(500, { error: { message: 'oops' } });
  rig.time.advance(5_000);
  assert.equal(rig.last.host, 'a');
  rig.last.answer(200, completion());
  assert.equal(client.status, 200);
});

test('a resumed answer that stays silent ends with an error, not with the total time', () => {
  const rig = new Rig(resumable);
  const client = rig.stream();
  rig.last.stream();
  rig.last.delta({ content: 'Half' });
  rig.last.trouble('reset');
  rig.time.advance(12_000);
  assert.ok(client.ended);
  assert.match(client.events.at(-1) ?? '', /"error"/);
  const usage = rig.exchanges[0]?.usage;
  assert.ok(usage && usage.completionTokens > 0 && usage.completionTokens <= 2, 'what was shown is counted once');
});

test('an answer that was never shown gives no id to the next', () => {
  const rig = new Rig(
    config({
      upstreams: Object.fromEntries(
        ['a', 'b', 'c'].map((name) => [name, upstream({ baseUrl: `http://${name}.test/v1`, provider: 'vllm' })]),
      ),
      models: { m: model([target('a'), target('b', { tier: 'peak' }), target('c', { tier: 'standby' })]) },
    }),
  );
  const client = rig.stream();
  rig.last.stream();
  rig.last.delta({ role: 'assistant' }, { id: 'hidden' });
  rig.last.trouble('reset');
  rig.last.stream();
  rig.last.delta({ content: 'shown ' }, { id: 'second' });
  rig.last.trouble('reset');
  rig.last.say('on');
  assert.equal(client.said, 'shown on');
  const ids = client.events.slice(0, -1).map((data) => (JSON.parse(data) as { id: string }).id);
  assert.deepEqual([...new Set(ids)], ['second']);
});

test('an empty answer that the caller’s own stop sequence may have caused is an answer', () => {
  const rig = new Rig(alone);
  const client = rig.chat({ stop: ['x'] });
  rig.last.answer(200, completion(''));
  assert.equal(client.status, 200);
});

test('a send from before the breaker moved says nothing about the probe', () => {
  const rig = new Rig();
  rig.stream();
  const old = rig.last;
  for (let failure = 0; failure < 5; failure++) {
    rig.chat();
    rig.last.answer(500, { error: { message: 'oops' } });
    rig.last.answer(200, completion());
  }
  rig.time.advance(9_000);
  old.stream();
  old.delta({ content: 'slow' });
  rig.time.advance(4_000);
  rig.chat();
  const probe = rig.last;
  assert.equal(probe.host, 'a');
  old.finish();
  old.event('[DONE]');
  assert.ok(!rig.facts.some((fact) => fact.kind === 'breaker' && fact.to === 'closed'), 'the old send closes nothing');
  probe.answer(500, { error: { message: 'oops' } });
  assert.ok(rig.facts.some((fact) => fact.kind === 'breaker' && fact.from === 'half-open' && fact.to === 'open'));
});

test('while a probe runs others wait for it, and follow as soon as it speaks', () => {
  const rig = new Rig(alone);
  for (let failure = 0; failure < 5; failure++) {
    rig.chat();
    rig.last.answer(500, { error: { message: 'oops' } });
    rig.time.advance(1_000);
    while (rig.gauge('exchanges_in_flight') > 0) {
      rig.last.answer(500, { error: { message: 'oops' } });
      rig.time.advance(25_000);
    }
  }
  rig.time.advance(400_000);
  const before = rig.sends.length;
  rig.stream();
  const probe = rig.last;
  const second = rig.chat();
  assert.equal(rig.sends.length, before + 1, 'one probe');
  assert.equal(second.status, null, 'the other waits');
  probe.stream();
  probe.delta({ content: 'A long answer begins' });
  assert.equal(rig.sends.length, before + 2, 'the target lives');
});

test('a black hole trips the breaker even if nobody else could be asked', () => {
  const rig = new Rig(alone);
  for (let at = 0; at < 5; at++) {
    rig.chat();
    rig.time.advance(600_001);
  }
  assert.ok(rig.facts.some((fact) => fact.kind === 'breaker' && fact.to === 'open'));
  nothingHeld(rig);
});

test('with one target, trouble is sent again to it after a wait, within the budget', () => {
  const rig = new Rig(alone);
  const client = rig.chat();
  rig.last.answer(500, { error: { message: 'oops' } });
  assert.equal(rig.sends.length, 1);
  rig.time.advance(20_000);
  assert.equal(rig.sends.length, 2);
  rig.last.answer(200, completion());
  assert.equal(client.status, 200);
  nothingHeld(rig);
});

test('one target that is full is not asked again within five seconds, nor on behalf of who cannot wait so long', () => {
  const rig = new Rig(alone);
  const [patient, hasty] = [rig.chat(), rig.chat({}, { 'x-spillway-deadline-ms': '4000' })];
  for (const send of rig.sends.slice(0, 2)) send.answer(503, { error: { message: 'busy' } });
  assert.equal(hasty.status, 503, 'told at once');
  rig.time.advance(4_999);
  assert.equal(rig.sends.length, 2);
  assert.equal(rig.gauge('upstream_resend_tokens_left'), 0);
  rig.time.advance(1);
  assert.equal(rig.sends.length, 3);
  rig.last.answer(200, completion());
  assert.equal(patient.status, 200);
  nothingHeld(rig);
});

test('the budget counts tokens: one long prompt goes again, a second one does not, short ones do not pay for it', () => {
  const rig = new Rig(alone);
  const long = { messages: [{ role: 'user', content: 'word '.repeat(5_000) }] };
  const clients = [rig.chat(long), rig.chat(long)];
  const [one, other] = rig.sends.slice();
  one?.answer(500, { error: { message: 'oops' } });
  other?.answer(500, { error: { message: 'oops' } });
  assert.deepEqual(
    clients.map(({ status }) => status),
    [null, 502],
  );
  rig.time.advance(1_000);
  assert.equal(rig.sends.length, 3);
  rig.last.answer(200, completion());
  nothingHeld(rig);
});

test('another credential waits for no calm', () => {
  const rig = new Rig(
    config({
      upstreams: { a: upstream({ baseUrl: 'http://a.test/v1', apiKeys: ['k1', 'k2'] }) },
      models: { m: model([target('a')]) },
    }),
  );
  const client = rig.chat();
  rig.last.answer(429, { error: { message: 'too many concurrent requests' } });
  rig.time.advance(1);
  assert.equal(rig.sends.length, 2);
  rig.last.answer(200, completion());
  assert.equal(client.status, 200);
  nothingHeld(rig);
});

test('when every target is down the client learns why, with a status that its SDK retries', () => {
  const rig = new Rig();
  const client = rig.chat();
  rig.last.answer(503, { error: { message: 'busy' } }, { 'retry-after': '7' });
  rig.last.answer(503, { error: { message: 'busy too' } }, { 'retry-after': '9' });
  rig.time.advance(60_000);
  while (client.status === null && rig.sends.length < 10) rig.last.answer(503, { error: { message: 'busy' } });
  assert.equal(client.status, 503);
  assert.equal(client.error.code, 'server_is_overloaded');
  assert.ok(Number(client.headers['retry-after']) >= 1);
  assert.ok(rig.sends.length <= 3, 'never more than maxAttempts');
  nothingHeld(rig);
});

test('a 429 with Retry-After keeps the target free of traffic for that long', () => {
  const rig = new Rig();
  rig.chat();
  rig.last.answer(429, { error: { message: 'slow down' } }, { 'retry-after': '5' });
  assert.equal(rig.last.host, 'b', 'the next target is asked at once');
  rig.last.answer(200, completion());
  rig.chat();
  assert.equal(rig.last.host, 'b', 'a is still cooling');
  rig.last.answer(200, completion());
  rig.time.advance(5_100);
  rig.chat();
  assert.equal(rig.last.host, 'a');
});

test('a target that keeps failing is not asked until its breaker lets one probe through', () => {
  const rig = new Rig();
  for (let failure = 0; failure < 5; failure++) {
    rig.chat();
    rig.last.answer(500, { error: { message: 'oops' } });
    rig.last.answer(200, completion());
  }
  assert.ok(rig.facts.some((fact) => fact.kind === 'breaker' && fact.to === 'open'));
  rig.chat();
  assert.equal(rig.last.host, 'b');
  rig.last.answer(200, completion());
  rig.time.advance(13_000);
  rig.chat();
  const probe = rig.last;
  rig.chat();
  assert.equal(probe.host, 'a', 'one probe goes to a');
  assert.equal(rig.last.host, 'b', 'the next request does not');
  probe.answer(200, completion());
  rig.last.answer(200, completion());
  rig.chat();
  assert.equal(rig.last.host, 'a', 'closed again');
});

test('a client that leaves aborts its upstream and returns everything', () => {
  for (const when of ['before the head', 'in the stream'] as const) {
    const rig = new Rig();
    const client = rig.stream();
    if (when === 'in the stream') {
      rig.last.stream();
      rig.last.delta({ content: 'Half' });
    }
    client.leave();
    assert.ok(rig.last.cancelled);
    assert.equal(rig.exchanges[0]?.outcome, 'abandoned');
    assert.equal(rig.exchanges[0]?.status, when === 'in the stream' ? 200 : 499);
    nothingHeld(rig);
  }
});

test('the total time bounds everything, also the waiting', () => {
  const rig = new Rig(
    config({ models: { m: model([target('a')], { timeouts: { ...config().timeouts, totalMs: 50_000 } }) } }),
  );
  const client = rig.chat();
  rig.time.advance(50_001);
  assert.equal(client.status, 504);
  assert.ok(rig.last.cancelled);
  nothingHeld(rig);
});

test('a slow reader slows its upstream, and is not taken for a stall', () => {
  const rig = new Rig();
  const client = rig.stream();
  rig.last.stream();
  client.keepsUp = false;
  client.pendingBytes = 1_000_000;
  rig.last.delta({ content: 'lots' });
  assert.ok(rig.last.paused);
  rig.time.advance(60_000);
  assert.ok(!client.ended);
  client.visit?.onDrain();
  assert.ok(!rig.last.paused);
  rig.last.finish();
  rig.last.end();
  assert.equal(client.events.at(-1), '[DONE]');
});

test('usage on the finish event becomes an event of its own for clients that asked for it', () => {
  const rig = new Rig();
  const usage = { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 };
  const asking = rig.stream({ stream_options: { include_usage: true } });
  rig.last.stream();
  rig.last.delta({ content: 'x' });
  rig.last.finish('stop', { usage });
  rig.last.event('[DONE]');
  rig.last.end();
  const own = JSON.parse(asking.events.at(-2) ?? '') as { choices: unknown[]; usage: Record<string, number> };
  assert.deepEqual(own.choices, []);
  assert.equal(own.usage['completion_tokens'], 3);
  const silent = rig.stream();
  rig.last.stream();
  rig.last.delta({ content: 'x' });
  rig.last.finish();
  rig.last.event({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage });
  rig.last.event('[DONE]');
  rig.last.end();
  assert.ok(!silent.text.includes('"choices":[]'), 'and nobody else sees the usage event');
  assert.equal(rig.exchanges.at(-1)?.usage?.completionTokens, 3, 'but it is counted');
});

test('a text that breaks off is resumed by a target that continues a prefix, without a seam', () => {
  const rig = new Rig(resumable);
  const client = rig.stream({ stream_options: { include_usage: true } });
  rig.last.stream();
  rig.last.delta({ role: 'assistant', content: '' });
  rig.last.delta({ content: 'The quick brown ' });
  rig.last.delta({ content: 'fox' });
  rig.last.trouble('reset');
  assert.equal(rig.last.host, 'b', 'asked to go on');
  const asked = rig.last.body['messages'] as { role: string; content: string }[];
  assert.deepEqual(asked.at(-1), { role: 'assistant', content: 'The quick brown fox' });
  assert.equal(rig.last.body['continue_final_message'], true);
  rig.last.stream();
  const other = { id: 'other', created: 99, model: 'other' };
  rig.last.delta({ role: 'assistant', content: '' }, other);
  rig.last.delta({ content: ' jumps' }, other);
  rig.last.delta({ content: ' over.' }, other);
  rig.last.finish('stop', { ...other, usage: { prompt_tokens: 20, completion_tokens: 3, total_tokens: 23 } });
  rig.last.event('[DONE]');
  rig.last.end();
  assert.equal(client.said, 'The quick brown fox jumps over.');
  assert.equal(client.events.at(-1), '[DONE]');
  const chunks = client.events.slice(0, -1).map((data) => JSON.parse(data) as Record<string, unknown>);
  assert.deepEqual(
    [...new Set(chunks.map((chunk) => JSON.stringify([chunk['id'], chunk['created'], chunk['model']])))],
    ['["c1",1,"m"]'],
  );
  assert.equal(client.text.match(/"role"/g)?.length, 1, 'one role');
  const usages = chunks.filter((chunk) => chunk['usage']);
  assert.equal(usages.length, 1, 'one usage block');
  const usage = usages[0]?.['usage'] as { completion_tokens: number; prompt_tokens: number };
  assert.ok(usage.completion_tokens > 3 && usage.prompt_tokens < 20, 'for both legs, the prompt once');
  assert.equal(rig.exchanges[0]?.outcome, 'answered');
  assert.equal(rig.exchanges[0]?.attempts, 2);
  nothingHeld(rig);
});

test('an answer that the caller had begun itself goes on in one message', () => {
  const rig = new Rig(resumable);
  const begun = { role: 'assistant', content: 'Once ', prefix: true };
  rig.stream({ messages: [{ role: 'user', content: 'A tale' }, begun] });
  rig.last.stream();
  rig.last.delta({ content: 'upon ' });
  rig.last.trouble('reset');
  const messages = rig.last.body['messages'] as { role: string; content: string }[];
  assert.deepEqual(
    messages.map(({ role, content }) => [role, content]),
    [
      ['user', 'A tale'],
      ['assistant', 'Once upon '],
    ],
  );
});

test('a target that repeats the prefix first is joined without repeating it', () => {
  const rig = new Rig(resumable);
  const client = rig.stream();
  rig.last.stream();
  const shown = 'The quick brown fox jumps over the lazy dog, and the lazy dog sleeps on';
  rig.last.delta({ content: shown });
  rig.last.trouble('reset');
  rig.last.say(`${shown} until noon`);
  assert.equal(client.said, `${shown} until noon`);
});

test('nobody who cannot continue a prefix is asked to, and the client is told the truth', () => {
  const rig = new Rig();
  const client = rig.stream();
  rig.last.stream();
  rig.last.delta({ content: 'Half' });
  rig.last.trouble('reset');
  assert.equal(rig.sends.length, 1);
  assert.match(client.events.at(-1) ?? '', /"error"/);
});

test('a target that refuses the prefix after all never shows its own 400', () => {
  const rig = new Rig(resumable);
  const client = rig.stream();
  rig.last.stream();
  rig.last.delta({ content: 'Half' });
  rig.last.trouble('reset');
  rig.last.answer(400, { error: { message: 'This model does not support assistant message prefill.' } });
  assert.ok(client.ended);
  assert.match(client.text, /"error"/);
  assert.ok(!client.text.includes('prefill'));
});

test('an answer cut while it was still reasoning starts anew, and no thought is shown twice', () => {
  const rig = new Rig();
  const client = rig.stream();
  rig.last.stream();
  rig.last.delta({ reasoning_content: 'Let me think' });
  rig.last.trouble('reset');
  assert.equal(rig.last.host, 'b');
  assert.equal((rig.last.body['messages'] as unknown[]).length, 1, 'the same question again');
  rig.last.stream();
  rig.last.delta({ role: 'assistant', content: '' });
  rig.last.delta({ reasoning_content: 'Thinking again' });
  rig.last.delta({ content: 'The answer' });
  rig.last.finish();
  rig.last.end();
  assert.equal(client.said, 'The answer');
  assert.ok(client.text.includes('Let me think') && !client.text.includes('Thinking again'));
  assert.equal(client.events.at(-1), '[DONE]');
});

test('a tool call is shown whole or not at all while another target could make it anew', () => {
  const rig = new Rig();
  const client = rig.stream({ tools: [{ type: 'function', function: { name: 'f' } }] });
  rig.last.stream();
  rig.last.delta(call('{"city": '));
  rig.last.trouble('reset');
  assert.equal(client.text, '', 'nothing of the broken call was shown');
  rig.last.stream();
  rig.last.delta(call('{"city": "Ulm"}'));
  rig.last.finish('tool_calls');
  rig.last.end();
  assert.equal(client.text.match(/city/g)?.length, 1);
  assert.equal(client.events.at(-1), '[DONE]');
  nothingHeld(rig);
});

test('JSON is never put together from two halves', () => {
  const rig = new Rig(resumable);
  const client = rig.stream({ response_format: { type: 'json_object' } });
  rig.last.stream();
  rig.last.delta({ content: '{"a":' });
  rig.last.trouble('reset');
  assert.equal(rig.sends.length, 1);
  assert.match(client.events.at(-1) ?? '', /"error"/);
});

test('an answer that breaks off again is resumed again, from all that was shown', () => {
  const rig = new Rig(
    config({
      upstreams: Object.fromEntries(
        ['a', 'b', 'c'].map((name) => [name, upstream({ baseUrl: `http://${name}.test/v1`, provider: 'vllm' })]),
      ),
      models: { m: model([target('a'), target('b', { tier: 'peak' }), target('c', { tier: 'standby' })]) },
    }),
  );
  const client = rig.stream();
  for (const piece of ['one ', 'two ']) {
    rig.last.stream();
    rig.last.delta({ content: piece });
    rig.last.trouble('reset');
  }
  assert.deepEqual((rig.last.body['messages'] as unknown[]).at(-1), { role: 'assistant', content: 'one two ' });
  rig.last.say('three');
  assert.equal(client.said, 'one two three');
  nothingHeld(rig);
});

test('a stream that waits long shows signs of life, and a later failure is in-band', () => {
  const rig = new Rig(alone);
  const client = rig.stream();
  rig.time.advance(5_001);
  assert.equal(client.status, 200);
  assert.match(client.text, /^: waiting/);
  rig.time.advance(20_000);
  assert.equal(client.text.match(/^: /gm)?.length, 3);
  rig.last.answer(400, { error: { message: 'no such thing' } });
  assert.match(client.events.at(-1) ?? '', /no such thing/);
  assert.ok(client.ended);
});

test('a whole answer is gathered from a stream where another target could answer instead', () => {
  const rig = new Rig();
  const client = rig.chat();
  assert.equal(rig.last.body['stream'], true);
  rig.time.advance(10_001);
  assert.equal(rig.last.host, 'b', 'silence is noticed as early as in a stream');
  rig.last.stream();
  rig.last.delta({ role: 'assistant', content: '' });
  rig.last.delta({ content: 'Hello ' });
  rig.last.delta({ content: 'there' });
  rig.last.finish('stop', { usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 } });
  rig.last.event('[DONE]');
  rig.last.end();
  assert.equal(client.status, 200);
  assert.match(client.headers['content-type'] ?? '', /json/);
  const answer = client.json as unknown as {
    object: string;
    choices: { message: { content: string } }[];
    usage: object;
  };
  assert.equal(answer.object, 'chat.completion');
  assert.equal(answer.choices[0]?.message.content, 'Hello there');
  assert.deepEqual(answer.usage, { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 });
  nothingHeld(rig);
});

test('a gathered answer that breaks off in the middle is asked for anew, invisibly', () => {
  const rig = new Rig();
  const client = rig.chat();
  rig.last.stream();
  rig.last.delta({ content: 'Half' });
  rig.last.trouble('reset');
  rig.last.say('Whole');
  assert.equal(
    (client.json as unknown as { choices: { message: { content: string } }[] }).choices[0]?.message.content,
    'Whole',
  );
});

test('with one target a whole answer is asked for as such, and goes through byte by byte', () => {
  const rig = new Rig(alone);
  const client = rig.chat();
  assert.equal(rig.last.body['stream'], undefined);
  const odd =
    '{"choices":[{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}],  "odd": 1.0}';
  rig.last.answer(200, odd);
  assert.equal(client.text, odd);
});

test('a bug in one exchange ends that exchange with a 500 and no other', () => {
  const rig = new Rig();
  const other = rig.stream();
  const otherSend = rig.last;
  const client = rig.chat();
  client.head = () => {
    client.head = Object.getPrototypeOf(client).head;
    throw new Error('a bug');
  };
  rig.last.answer(200, completion());
  assert.equal(client.status, 500);
  assert.equal(rig.bugs.length, 1);
  otherSend.say('fine');
  assert.equal(other.said, 'fine');
});

// The Messages door through the whole gateway: what passes to Claude as it came, what is counted, and what is told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Client, config, model, Rig, target, upstream } from '../../test/support/rig.ts';
import { sha256 } from '../../test/support/rig-keys.ts';

const claude = (name = 'claude-sonnet-4-5', over: Parameters<typeof model>[1] = {}): Rig =>
  new Rig(
    config({
      upstreams: { a: upstream({ baseUrl: 'http://a.test/v1', provider: 'anthropic', tokensPerMinute: 100_000 }) },
      models: { m: model([target('a', { model: name })], over) },
    }),
  );
const hello = { role: 'user', content: 'Hello' };
const ask = (rig: Rig, over: Record<string, unknown> = {}, headers: Record<string, string> = {}): Client =>
  rig.request('/v1/messages', { model: 'm', max_tokens: 50, messages: [hello], ...over }, { headers });
const count = (rig: Rig, headers: Record<string, string> = {}): Client =>
  rig.request('/v1/messages/count_tokens', { model: 'm', messages: [hello] }, { headers });
const message = (content: unknown[], outputTokens = 3) => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude',
  content,
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 5, output_tokens: outputTokens },
});
const overloaded = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };

test('a turn that paused at a server’s tool goes back to Claude as it came', () => {
  const rig = claude('claude-opus-4-8');
  const paused = [
    { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
    { type: 'web_search_tool_result', tool_use_id: 's', content: [] },
  ];
  const messages = [hello, { role: 'assistant', content: paused }];
  ask(rig, { messages });
  assert.deepEqual(rig.last.body['messages'], messages);
});

test('fallbacks of Anthropic’s own reach it; a list of names is the gateway’s', () => {
  const rig = claude();
  for (const fallbacks of ['default', [{ model: 'claude-haiku-4-5' }]]) {
    ask(rig, { fallbacks });
    assert.deepEqual(rig.last.body['fallbacks'], fallbacks);
  }
  const names = ask(rig, { fallbacks: ['elsewhere'] });
  assert.deepEqual([names.status, rig.sends.length], [404, 2]);
});

test('a million tokens are asked for where the caller asks in the beta’s name, and not else', () => {
  const messages = [{ role: 'user', content: 'word '.repeat(400_000) }];
  const rig = claude();
  assert.equal(ask(rig, { messages }).status, 400);
  ask(rig, { messages }, { 'anthropic-beta': 'context-1m-2025-08-07' });
  assert.equal(rig.sends.length, 1);
});

test('what Claude cannot be told of sampling is left out, and the caller and the trail hear of it', () => {
  const rig = claude('claude-sonnet-5-5');
  const client = rig.chat({ temperature: 0.2 });
  rig.last.answer(200, message([{ type: 'text', text: 'Hi' }]));
  assert.deepEqual([client.status, client.headers['x-spillway-dropped']], [200, 'temperature']);
  assert.ok(rig.exchanges[0]?.trail.some(({ step, why }) => step === 'dropped' && why === 'temperature'));
  const plain = rig.chat();
  rig.last.answer(200, message([{ type: 'text', text: 'Hi' }]));
  assert.equal(plain.headers['x-spillway-dropped'], undefined);
});

test('what a model’s dropParams lets go is told too', () => {
  const rig = claude('claude-sonnet-5-5', { dropParams: true });
  const client = rig.chat({ seed: 7 });
  rig.last.answer(200, message([{ type: 'text', text: 'Hi' }]));
  assert.equal(client.headers['x-spillway-dropped'], 'seed');
});

test('Claude may end without a word after results of tools, whole and streamed; else silence is none', () => {
  const messages = [
    hello,
    { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'f', input: {} }] },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 't', content: 'done' },
        { type: 'text', text: 'ok' },
      ],
    },
  ];
  const rig = claude();
  const whole = ask(rig, { messages });
  rig.last.answer(200, message([]));
  assert.deepEqual([whole.status, whole.json['content']], [200, []]);
  const streamed = ask(rig, { messages, stream: true });
  const start = { type: 'message_start', message: { ...message([]), stop_reason: null } };
  rig.last.stream();
  rig.last.event(start);
  rig.last.event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } });
  rig.last.event({ type: 'message_stop' });
  assert.ok(streamed.ended && streamed.text.includes('message_stop'));
  const givenUp = ask(claude(), { messages });
  assert.equal(givenUp.status, null);
  const other = claude();
  const silent = ask(other);
  for (const send of other.sends) send.answer(200, message([]));
  other.time.advance(60_000);
  for (const send of other.sends.slice(1)) send.answer(200, message([]));
  other.time.advance(60_000);
  assert.notEqual(silent.status, 200);
  const nothing = claude();
  const unspent = ask(nothing, { messages });
  nothing.last.answer(200, message([], 0));
  assert.notEqual(unspent.status, 200);
});

test('the event that ends a message passes with all it says', () => {
  const rig = claude();
  const client = ask(rig, { stream: true });
  rig.last.stream();
  const metrics = { type: 'message_stop', 'amazon-bedrock-invocationMetrics': { inputTokenCount: 5 } };
  for (const event of [
    { type: 'message_start', message: { ...message([]), stop_reason: null } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } },
    metrics,
  ])
    rig.last.event(event);
  assert.equal(client.events.at(-1), JSON.stringify(metrics));
  assert.equal(client.events.filter((data) => data.includes('message_stop')).length, 1);
  assert.ok(client.ended);
});

test('counting tokens uses none, whoever counts', () => {
  const rig = claude();
  const client = count(rig);
  rig.last.answer(200, { input_tokens: 14 });
  assert.deepEqual(client.json, { input_tokens: 14 });
  const [exchange] = rig.exchanges;
  const [attempt] = rig.attempts;
  assert.deepEqual([exchange?.usage, exchange?.costMicroUsd], [null, null]);
  assert.deepEqual([attempt?.usage, attempt?.costMicroUsd], [null, null]);
});

test('a count is free of the key’s tokens, even when the client leaves', () => {
  const settings = config({
    upstreams: { a: upstream({ baseUrl: 'http://a.test/v1', provider: 'anthropic' }) },
    models: { m: model([target('a')]) },
    keys: [
      {
        name: 'k',
        sha256: sha256('sk-k'),
        lane: 'standard',
        models: null,
        regions: null,
        limits: { requestsPerMinute: null, tokensPerMinute: 1_000, maxConcurrent: null },
      },
    ],
  });
  const rig = new Rig(settings);
  const headers = { authorization: 'Bearer sk-k' };
  count(rig, headers).leave();
  const client = count(rig, headers);
  rig.last.answer(200, { input_tokens: 900 });
  assert.equal(client.headers['x-ratelimit-remaining-tokens'], '1000');
});

test('a count that no target can give now is estimated; one of a bad request is not', () => {
  const busy = claude();
  const client = count(busy);
  for (let at = 0; at < 5 && client.status === null; at++) {
    busy.last.answer(529, overloaded);
    busy.time.advance(60_000);
  }
  assert.equal(client.status, 200);
  assert.ok(Number(client.json['input_tokens']) > 0);
  assert.deepEqual([busy.exchanges[0]?.outcome, busy.exchanges[0]?.target], ['answered', null]);
  const bad = claude();
  const refused = count(bad);
  bad.last.answer(400, { type: 'error', error: { type: 'invalid_request_error', message: 'messages: no' } });
  assert.equal(refused.status, 400);
});

test('no secret that was shown comes back in what an upstream quotes', () => {
  const rig = new Rig(
    config({
      upstreams: {
        a: upstream({
          baseUrl: 'http://a.test/v1',
          apiKeys: ['sk-upstream'],
          headers: { 'x-tenant-key': 'tenant-secret' },
        }),
      },
      models: { m: model([target('a')]) },
    }),
  );
  const client = rig.chat();
  Object.assign(rig.last, { added: ['authorization', 'Bearer ya29.token-of-the-cloud'] });
  rig.last.answer(400, {
    error: {
      message: 'bad: Bearer sk-upstream, tenant-secret, Bearer ya29.token-of-the-cloud',
      type: 'invalid_request_error',
    },
  });
  assert.match(client.error.message, /bad: /);
  assert.doesNotMatch(client.error.message, /sk-upstream|tenant-secret|ya29/);
});

test('why no credential was had is for the log, not for the caller', () => {
  const rig = new Rig(config({ models: { m: model([target('a')]) } }));
  const client = rig.chat();
  rig.last.trouble('credential', "ENOENT: no such file, open '/etc/keys/google.json'");
  assert.equal(client.status, 502);
  assert.doesNotMatch(client.text, /ENOENT|google\.json/);
  assert.match(rig.attempts[0]?.faultMessage ?? '', /google\.json/);
});

test('a client is shown signs while a tool call is held back, and none that would pile up', () => {
  const rig = new Rig();
  const client = rig.stream();
  rig.last.stream();
  rig.last.delta({ content: 'I look.' });
  rig.last.delta({ tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '{' } }] });
  const before = client.text;
  for (let second = 0; second < 40; second++) {
    rig.time.advance(1_000);
    rig.last.delta({ tool_calls: [{ index: 0, function: { arguments: ' ' } }] });
  }
  assert.match(client.text.slice(before.length), /^(?:: the answer goes on\n\n){2,4}$/);
  client.pendingBytes = 9;
  const { length } = client.text;
  rig.time.advance(15_000);
  assert.equal(client.text.length, length);
});

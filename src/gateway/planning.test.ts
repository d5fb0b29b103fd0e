// Which model a name means, which targets may answer a request, and what the caller is told when none may.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completion, config, model, Rig, target, upstream } from '../../test/support/rig.ts';
import { sha256 } from '../../test/support/rig-keys.ts';

const key = (
  over: Partial<ReturnType<typeof config>['keys'][number]> = {},
): ReturnType<typeof config>['keys'][number] => ({
  name: 'k',
  sha256: sha256('sk-k'),
  lane: 'standard',
  models: null,
  regions: null,
  limits: { requestsPerMinute: null, tokensPerMinute: null, maxConcurrent: null },
  ...over,
});
const asKey = { authorization: 'Bearer sk-k' };

test('an alias, a pattern and an unlisted provider/model name all find their upstream and its own model id', () => {
  const rig = new Rig(
    config({
      upstreams: { a: upstream({ baseUrl: 'http://a.test/v1' }), b: upstream({ baseUrl: 'http://b.test/v1' }) },
      models: {
        m: model([target('a', { model: 'm-2026' })], { aliases: ['em'] }),
        'local/*': model([target('b')]),
        'big/*': model([target('b', { model: 'org/*-large' })]),
        'gpt-4*': model([target('b')]),
      },
    }),
  );
  const sent = (name: string): [string, unknown] => {
    rig.chat({ model: name });
    const { host, body } = rig.last;
    rig.last.answer(200, completion());
    return [host, body['model']];
  };
  assert.deepEqual(sent('m'), ['a', 'm-2026']);
  assert.deepEqual(sent('em'), ['a', 'm-2026']);
  assert.deepEqual(sent('local/llama'), ['b', 'llama']);
  assert.deepEqual(sent('big/qwen'), ['b', 'org/qwen-large']);
  assert.deepEqual(sent('gpt-4'), ['b', 'gpt-4']);
  assert.deepEqual(sent('gpt-4-turbo'), ['b', 'gpt-4-turbo']);
  assert.equal(rig.chat({ model: 'local/' }).status, 404);
  assert.deepEqual(sent('a/anything/at-all'), ['a', 'anything/at-all']);
  assert.deepEqual(sent('openai-compatible/x')[1], 'x');
});

test('the bare * takes what nothing else does', () => {
  const rig = new Rig(config({ models: { '*': model([target('b')]), m: model([target('a')]) } }));
  rig.chat({ model: 'm' });
  assert.equal(rig.last.host, 'a');
  rig.chat({ model: 'whatever' });
  assert.equal(rig.last.host, 'b');
  assert.equal(rig.last.body['model'], 'whatever');
});

test('an unknown model is a 404 that names some that exist', () => {
  const client = new Rig().chat({ model: 'gpt-nope' });
  assert.equal(client.status, 404);
  assert.equal(client.error.code, 'model_not_found');
  assert.match(client.error.message, /`m`/);
});

test('models that an upstream lists appear by themselves', () => {
  const rig = new Rig(
    config({ upstreams: { a: upstream({ baseUrl: 'http://a.test/v1', discover: true }) }, models: {} }),
  );
  assert.equal(rig.last.request.path, '/v1/models');
  rig.last.answer(200, { object: 'list', data: [{ id: 'found-1' }, { id: 'found-2' }] });
  const list = rig.get('/v1/models').json as unknown as { data: { id: string; owned_by: string }[] };
  assert.deepEqual(
    list.data.map(({ id }) => id),
    ['found-1', 'found-2'],
  );
  assert.equal(list.data[0]?.owned_by, 'a');
  rig.chat({ model: 'found-2' });
  assert.equal(rig.last.body['model'], 'found-2');
});

test('weights hold in expectation', () => {
  const rig = new Rig(
    config({
      upstreams: { a: upstream({ baseUrl: 'http://a.test/v1' }), b: upstream({ baseUrl: 'http://b.test/v1' }) },
      models: { m: model([target('a', { weight: 90 }), target('b', { weight: 10 })]) },
    }),
  );
  let toB = 0;
  for (let at = 0; at < 2_000; at++) {
    rig.chat();
    if (rig.last.host === 'b') toB++;
    rig.last.answer(200, completion());
  }
  assert.ok(toB > 150 && toB < 250, `${toB} of 2000 went to the 10 % target`);
});

test('a target that cannot do what is asked is left out, and the trail says why', () => {
  const rig = new Rig(config({ models: { m: model([target('a', { traits: { vision: false } }), target('b')]) } }));
  rig.chat({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:,' } }] }] });
  assert.equal(rig.last.host, 'b');
  rig.last.answer(200, completion());
  assert.ok(rig.exchanges[0]?.trail.some((step) => step.step === 'skipped' && /vision/.test(step.why)));
});

test('a prompt that fits no target is refused before anything is sent', () => {
  const rig = new Rig(config({ models: { m: model([target('a', { traits: { contextTokens: 100 } })]) } }));
  const client = rig.chat({ messages: [{ role: 'user', content: 'word '.repeat(1_000) }] });
  assert.equal(client.status, 400);
  assert.equal(client.error.code, 'context_length_exceeded');
  assert.equal(rig.sends.length, 0);
});

test('a parameter that a target cannot take is refused by name, or dropped if the model says so', () => {
  const upstreams = { a: upstream({ baseUrl: 'http://a.test', provider: 'deepseek' }) };
  const targets = [target('a', { model: 'deepseek-flash' })];
  const strict = new Rig(config({ upstreams, models: { m: model(targets) } }));
  const refused = strict.chat({ seed: 1 });
  assert.equal(refused.status, 400);
  assert.equal(refused.error.param, 'seed');
  const lenient = new Rig(config({ upstreams, models: { m: model(targets, { dropParams: true }) } }));
  lenient.chat({ seed: 1 });
  assert.equal(lenient.last.body['seed'], undefined);
  lenient.chat({ n: 2, logprobs: true, response_format: { type: 'json_schema', json_schema: { name: 'x' } } });
  assert.equal(lenient.last.body['n'], undefined);
  assert.equal(lenient.last.body['response_format'], undefined);
  assert.equal(lenient.last.body['logprobs'], true, 'DeepSeek has these');
  assert.equal(strict.chat({ n: 2 }).error.param, 'n');
});

test('defaults of a target fill what the client did not say', () => {
  const rig = new Rig(config({ models: { m: model([target('a', { defaults: { temperature: 0.2, top_p: 0.5 } })]) } }));
  rig.chat({ temperature: 1 });
  assert.equal(rig.last.body['temperature'], 1);
  assert.equal(rig.last.body['top_p'], 0.5);
});

test('fallbacks named by the request are asked after the model itself, and are not sent on', () => {
  const rig = new Rig(config({ models: { m: model([target('a')]), n: model([target('b', { model: 'n-real' })]) } }));
  rig.chat({ fallbacks: ['n'] });
  assert.equal(rig.last.body['fallbacks'], undefined);
  rig.last.answer(503, { error: { message: 'busy' } });
  assert.equal(rig.last.body['model'], 'n-real');
});

test('the bytes of a request go on as they came, but for the model name', () => {
  const rig = new Rig(config({ models: { m: model([target('a', { model: 'real' })]) } }));
  const text = '{ "model" : "m", "temperature": 1.0, "messages":[{"role":"user","content":"h\\u00e9"}] }';
  rig.request('/v1/chat/completions', text);
  assert.equal(new TextDecoder().decode(rig.last.request.body ?? undefined), text.replace('"m"', '"real"'));
});

test('a key is needed when keys are configured, in any of three headers', () => {
  const rig = new Rig(config({ keys: [key()] }));
  assert.equal(rig.chat().status, 401);
  assert.equal(rig.chat({}, { authorization: 'Bearer wrong' }).status, 401);
  for (const headers of [
    asKey,
    { 'x-api-key': 'sk-k' },
    { 'api-key': 'sk-k' },
    { authorization: 'bearer sk-k' },
  ] as Record<string, string>[]) {
    assert.equal(rig.chat({}, headers).status, null, 'goes on to the upstream');
  }
});

test('a key may be bound to models and regions', () => {
  const rig = new Rig(
    config({
      upstreams: {
        a: upstream({ baseUrl: 'http://a.test/v1', region: 'us' }),
        b: upstream({ baseUrl: 'http://b.test/v1', region: 'eu' }),
      },
      models: { m: model([target('a'), target('b')]), n: model([target('a')]), o: model([target('a')]) },
      keys: [key({ models: ['m', 'n*'], regions: ['eu'] })],
    }),
  );
  assert.equal(rig.chat({ model: 'o' }, asKey).status, 403);
  rig.chat({}, asKey);
  assert.equal(rig.last.host, 'b', 'only the European upstream');
  assert.equal(rig.chat({ model: 'n' }, asKey).status, 403, 'no European upstream');
  const listed = rig.get('/v1/models', { headers: asKey }).json as unknown as { data: { id: string }[] };
  assert.deepEqual(
    listed.data.map(({ id }) => id),
    ['m', 'n'],
  );
});

test('a key beyond its limits gets a 429 that says when to come back', () => {
  const rig = new Rig(
    config({ keys: [key({ limits: { requestsPerMinute: 2, tokensPerMinute: null, maxConcurrent: null } })] }),
  );
  rig.chat({}, asKey);
  const second = rig.chat({}, asKey);
  rig.last.answer(200, completion());
  assert.equal(second.headers['x-ratelimit-limit-requests'], '2');
  assert.equal(second.headers['x-ratelimit-remaining-requests'], '0');
  const third = rig.chat({}, asKey);
  assert.equal(third.status, 429);
  assert.equal(third.error.code, 'rate_limit_exceeded');
  assert.ok(Number(third.headers['retry-after']) >= 1);
});

test('tokens are reserved before sending and settled with what was really used', () => {
  const rig = new Rig(
    config({ keys: [key({ limits: { requestsPerMinute: null, tokensPerMinute: 10_000, maxConcurrent: null } })] }),
  );
  const client = rig.chat({ max_tokens: 4_000 }, asKey);
  const held = rig.chat({ max_tokens: 4_000 }, asKey);
  assert.equal(rig.chat({ max_tokens: 4_000 }, asKey).status, 429, 'two reservations fill the minute');
  for (const send of rig.sends) send.answer(200, completion());
  assert.equal(client.status, 200);
  assert.equal(held.status, 200);
  assert.equal(rig.chat({ max_tokens: 4_000 }, asKey).status, null, 'only 14 tokens were used');
});

test('a request in flight counts against maxConcurrent until it ends, however it ends', () => {
  const rig = new Rig(
    config({ keys: [key({ limits: { requestsPerMinute: null, tokensPerMinute: null, maxConcurrent: 1 } })] }),
  );
  const first = rig.chat({}, asKey);
  assert.equal(rig.chat({}, asKey).status, 429);
  first.leave();
  assert.equal(rig.chat({}, asKey).status, null);
});

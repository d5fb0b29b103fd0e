// What the gateway reads of an engine's own queue, how often, and what it does with it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { config, model, Rig, type Send, target, upstream } from '../../test/support/rig.ts';

const engine = config({
  upstreams: { a: upstream({ baseUrl: 'http://a.test/v1', provider: 'vllm', engineMetrics: true }) },
  models: { m: model([target('a')]), n: model([target('a')]) },
});
const queue = (waiting: number): string =>
  `vllm:num_requests_running{model_name="m"} 8.0\nvllm:num_requests_waiting{model_name="m"} ${waiting}\n`;
const asked = (rig: Rig): Send[] => rig.sends.filter(({ request }) => request.path === '/metrics');

/** Something under way, and the page asked for. */
function busy(settings = engine): Rig {
  const rig = new Rig(settings);
  rig.stream();
  rig.time.advance(2_000);
  return rig;
}
function answer(rig: Rig, status: number, text: string): void {
  const page = asked(rig).at(-1);
  page?.head(status, { 'content-type': 'text/plain' });
  page?.bytes(text);
  page?.end();
}

test('an idle engine is left alone; a busy one is asked every two seconds, at the root of its origin', () => {
  const rig = new Rig(engine);
  rig.time.advance(60_000);
  assert.equal(asked(rig).length, 0);
  rig.stream();
  for (const times of [1, 2, 3]) {
    rig.time.advance(2_000);
    assert.equal(asked(rig).length, times);
    answer(rig, 200, queue(0));
  }
});

test('a queue inside the engine makes the windows of what is under way there smaller', () => {
  const rig = busy();
  const before = rig.gauge('window_tokens_max');
  answer(rig, 200, queue(50));
  assert.equal(rig.gauge('upstream_engine_waiting'), 50);
  assert.equal(rig.gauge('upstream_engine_running'), 8);
  assert.ok(rig.gauge('window_tokens_max') < before);
  assert.equal(rig.gauge('upstream_resend_tokens_left'), 0, 'and nothing is sent there twice for now');
});

test('an engine without a queue changes nothing', () => {
  const rig = busy();
  const before = rig.gauge('window_tokens_max');
  answer(rig, 200, queue(0));
  assert.equal(rig.gauge('window_tokens_max'), before);
});

for (const [name, misbehave] of [
  ['no such page', (rig: Rig): void => answer(rig, 404, 'Not Found')],
  ['a page without gauges', (rig: Rig): void => answer(rig, 200, '<html>welcome</html>')],
] as const) {
  test(`after ${name} it is asked again a minute later, and nobody is told`, () => {
    const rig = busy();
    const facts = rig.facts.length;
    misbehave(rig);
    rig.time.advance(59_999);
    assert.equal(asked(rig).length, 1);
    rig.time.advance(1);
    assert.equal(asked(rig).length, 2);
    assert.deepEqual(
      rig.facts.slice(facts).filter(({ kind }) => kind === 'trouble' || kind === 'bug'),
      [],
    );
  });
}

test('an engine too busy to tell is given up after a second, and asked again soon', () => {
  const rig = busy();
  answer(rig, 200, queue(2));
  rig.time.advance(2_000);
  rig.time.advance(999);
  assert.ok(asked(rig)[1]?.cancelled === false);
  rig.time.advance(1);
  assert.ok(asked(rig)[1]?.cancelled);
  assert.equal(rig.gauge('upstream_engine_waiting'), 0, 'what was told before is old');
  rig.time.advance(2_000);
  assert.equal(asked(rig).length, 3);
});

test('of an endless page the beginning is read', () => {
  const rig = busy();
  const page = asked(rig)[0];
  page?.head(200);
  page?.bytes(queue(3));
  for (let part = 0; part < 20; part++) page?.bytes('# noise\n'.repeat(10_000));
  assert.ok(page?.cancelled);
  assert.equal(rig.gauge('upstream_engine_waiting'), 3);
});

test('the path may be told, and the whole be switched off; other providers are not asked', () => {
  const paths = [true, false, '/m2'].flatMap((engineMetrics) =>
    (['sglang', 'openai-compatible'] as const).map((provider) => {
      const rig = new Rig(
        config({
          upstreams: { a: upstream({ baseUrl: 'http://a.test/v1', provider, engineMetrics }) },
          models: { m: model([target('a')]) },
        }),
      );
      rig.stream();
      rig.time.advance(2_000);
      return rig.sends[1]?.request.path ?? null;
    }),
  );
  assert.deepEqual(paths, ['/metrics', null, null, null, '/m2', '/m2']);
});

test('after a reload the old engine is asked no more', () => {
  const rig = busy();
  rig.gateway.apply(config({ models: { m: model([target('b')]) } }));
  const count = asked(rig).length;
  rig.time.advance(10_000);
  assert.equal(asked(rig).length, count);
});

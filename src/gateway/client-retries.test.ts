// Clients that try again by themselves: their tries and ours must not multiply.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completion, config, model, Rig, target, upstream } from '../../test/support/rig.ts';

const retry = (count: number | string): Record<string, string> => ({ 'x-stainless-retry-count': String(count) });
const one = config({
  upstreams: { a: upstream({ baseUrl: 'http://a.test/v1', maxConcurrent: 1 }) },
  models: { m: model([target('a')]) },
});

test('what a client asks again is sent to the same upstream once', () => {
  for (const [headers, sends] of [
    [{}, 2],
    [retry(0), 2],
    [retry(1), 1],
    [retry('x'), 2],
  ] as const) {
    const rig = new Rig(one);
    const client = rig.chat({}, headers);
    rig.last.answer(500, { error: { message: 'no' } });
    rig.time.advance(1_000);
    assert.equal(rig.sends.length, sends, JSON.stringify(headers));
    if (sends === 2) continue;
    assert.equal(client.status, 502);
    const told = rig.exchanges[0]?.trail.find(({ step }) => step === 'client-retry');
    assert.equal(told?.why, 'retry 1 of the client: no target is asked twice');
  }
});

test('it still goes to another upstream', () => {
  const rig = new Rig();
  const client = rig.chat({}, retry(2));
  rig.last.answer(500, { error: { message: 'no' } });
  assert.equal(rig.last.host, 'b');
  rig.last.answer(200, completion());
  assert.equal(client.status, 200);
});

test('who has tried twice and would wait too long is told to stop', () => {
  const rig = new Rig(one);
  for (let at = 0; at < 60; at++) rig.chat({ max_tokens: 300 });
  for (let second = 0; second < 8; second++) {
    rig.time.advance(1_000);
    rig.last.answer(200, completion());
  }
  const told = [0, 1, 2, 3].map((count) => {
    const { status, headers } = rig.chat({ max_tokens: 300 }, retry(count));
    return [status, headers['x-should-retry'], Number(headers['retry-after-ms']) > 0];
  });
  assert.deepEqual(told, [
    [503, undefined, true],
    [503, undefined, true],
    [503, 'false', true],
    [503, 'false', true],
  ]);
});

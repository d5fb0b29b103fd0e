// The published limiters do what their sources say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AimdLimiter, EnvoyLimiter, Gradient2Limiter } from './limiters.ts';
import { SeededChance } from './seeded-chance.ts';

test('AIMD adds one when half used, takes a tenth on a drop or a late first token, and never falls below one', () => {
  const aimd = new AimdLimiter();
  aimd.onEnd({ rttMs: 9_000, dropped: false, inFlight: 4, now: 0 });
  assert.equal(aimd.limit, 10);
  aimd.onEnd({ rttMs: 9_000, dropped: false, inFlight: 5, now: 0 });
  assert.equal(aimd.limit, 11);
  aimd.onFirstToken(5_001);
  assert.equal(aimd.limit, 9);
  for (let at = 0; at < 50; at++) aimd.onEnd({ rttMs: 1, dropped: true, inFlight: 9, now: 0 });
  assert.equal(aimd.limit, 1);
});

test('Gradient2 grows while round trips are as ever, and shrinks to its minimum when they are far longer', () => {
  const gradient = new Gradient2Limiter();
  const feed = (rttMs: number, count: number): void => {
    for (let at = 0; at < count; at++) {
      gradient.onEnd({ rttMs, dropped: false, inFlight: gradient.limit, now: 0 });
    }
  };
  feed(100, 100);
  assert.ok(gradient.limit > 90, `${gradient.limit}`);
  feed(1_000, 30);
  assert.equal(gradient.limit, 20);
});

test('Envoy measures its minimum at three, follows the gradient, and measures again after a minute', () => {
  const envoy = new EnvoyLimiter(new SeededChance(1));
  let now = 0;
  const feed = (rttMs: number, count: number): void => {
    for (let at = 0; at < count; at++) envoy.onEnd({ rttMs, dropped: false, inFlight: 3, now: (now += 60) });
  };
  now = 1_000;
  feed(10, 50);
  feed(10, 40);
  assert.ok(envoy.limit > 50, `${envoy.limit}`);
  const high = envoy.limit;
  feed(40, 6);
  assert.ok(envoy.limit < high);
  const limits = Array.from({ length: 1_200 }, () => {
    feed(10, 1);
    return envoy.limit;
  });
  const againMs = limits.indexOf(3) * 60;
  assert.ok(againMs > 50_000 && againMs < 70_000, `measured again after ${againMs} ms`);
});

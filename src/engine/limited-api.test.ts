// The limited API by itself: hidden limits bind, and the API says of them what its manners allow.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualTime } from '../memory/virtual-time.ts';
import type { JobCall, Refusal } from './far-side.ts';
import { bluntManners, type HiddenLimits, LimitedApi, type Manners } from './limited-api.ts';

interface Asked {
  refusal: Refusal | null;
  tokens: number;
  keepAlives: number;
  done: boolean;
  broken: boolean;
  readonly call: JobCall;
}

function rig(limits: Partial<HiddenLimits>, manners: Partial<Manners> = {}) {
  const time = new VirtualTime();
  const none: HiddenLimits = { concurrent: null, tokensPerSecond: null, requestsPerSecond: null };
  const api = new LimitedApi(time, { ...none, ...limits }, { ...bluntManners, ...manners });
  const ask = (promptTokens: number, outputTokens: number): Asked => {
    const asked = { refusal: null as Refusal | null, tokens: 0, keepAlives: 0, done: false, broken: false };
    const call = api.submit(
      { promptTokens, outputTokens },
      {
        onRefused: (refusal) => (asked.refusal = refusal),
        onKeepAlive: () => asked.keepAlives++,
        onFirstToken: () => asked.tokens++,
        onTokens: (count) => (asked.tokens += count),
        onDone: () => (asked.done = true),
        onBroken: () => (asked.broken = true),
      },
    );
    return Object.assign(asked, { call });
  };
  return { time, api, ask };
}

test('an answer has all its tokens at the usual pace', () => {
  const { time, ask } = rig({});
  const asked = ask(1_000, 100);
  time.advance(250 + 50 + 99 * 20 - 1);
  assert.equal(asked.done, false);
  time.advance(1);
  assert.deepEqual([asked.done, asked.tokens], [true, 100]);
});

test('above the concurrency limit it refuses, and a client that leaves makes room', () => {
  const { time, api, ask } = rig({ concurrent: 2 });
  const first = ask(10, 100);
  ask(10, 100);
  const third = ask(10, 100);
  time.advance(100);
  assert.equal(third.refusal?.status, 429);
  assert.equal(third.refusal?.retryAfterMs, null);
  first.call.cancel();
  const fourth = ask(10, 100);
  time.advance(100);
  assert.equal(fourth.refusal, null);
  assert.equal(api.inFlight, 2);
});

test('tokens per second bind over time, and are told where the API tells', () => {
  const { time, ask } = rig({ tokensPerSecond: 100 }, { tellsRetryAfter: true, tellsRateHeaders: true });
  const passed = Array.from({ length: 20 }, () => ask(50, 50));
  time.advance(30);
  assert.equal(passed.filter(({ refusal }) => refusal === null).length, 5);
  const refusal = passed.at(-1)?.refusal;
  assert.equal(refusal?.headers['x-ratelimit-limit-tokens'], '6000');
  assert.ok((refusal?.retryAfterMs ?? 0) > 0);
  time.advance(1_000);
  const again = ask(50, 50);
  time.advance(30);
  assert.equal(again.refusal, null);
});

test('an API that holds connections open sends keep-alives and serves in turn', () => {
  const { time, ask } = rig({ concurrent: 1 }, { holdsOpen: true });
  ask(10, 200);
  const held = ask(10, 1);
  time.advance(3_500);
  assert.deepEqual([held.keepAlives, held.tokens], [3, 0]);
  time.advance(2_000);
  assert.deepEqual([held.refusal, held.done, held.tokens], [null, true, 1]);
});

test('a connection held open too long is closed', () => {
  const { time, ask } = rig({ concurrent: 0 }, { holdsOpen: true, holdMsMax: 5_000 });
  const held = ask(10, 1);
  time.advance(10_000);
  assert.deepEqual([held.broken, held.keepAlives], [true, 4]);
});

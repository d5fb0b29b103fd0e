import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualTime } from '../memory/virtual-time.ts';
import type { Vitals } from '../ports/vitals.ts';
import { Lag, VitalsWatch } from './vitals.ts';

test('one long pause is no lag; what lasts is', () => {
  const lag = new Lag();
  assert.deepEqual(
    [1, 1, 400, 1, 2, 3, 1].map((ms) => lag.add(ms)),
    [0, 0, 0, 1, 1, 2, 1],
  );
  assert.deepEqual(
    [80, 90, 70, 100].map((ms) => lag.add(ms)),
    [2, 3, 70, 80],
  );
});

test('the sink is told four times a second until it is stopped', () => {
  const time = new VirtualTime();
  const told: Vitals[] = [];
  const watch = new VitalsWatch({
    clock: time,
    timers: time,
    heapShare: () => 0.4,
    socketShare: () => 0.1,
    sink: { onVitals: (vitals) => void told.push(vitals) },
  });
  watch.start();
  time.advance(1_000);
  assert.equal(told.length, 4);
  assert.deepEqual([told[3]?.heapShare, told[3]?.socketShare], [0.4, 0.1]);
  watch.stop();
  time.advance(1_000);
  assert.equal(told.length, 4);
});

test('an event loop that is held up is seen', async () => {
  const told: number[] = [];
  const clock = { now: () => performance.now() as never, wall: () => 0 as never };
  const watch = new VitalsWatch({
    clock,
    timers: {
      after: (ms, fire) => {
        const timer = setTimeout(fire, ms);
        return { cancel: () => clearTimeout(timer) };
      },
    },
    heapShare: () => 0,
    socketShare: () => 0,
    sink: { onVitals: ({ eventLoopLagMs }) => void told.push(eventLoopLagMs) },
  });
  watch.start();
  while (told.length < 5) {
    const until = performance.now() + 120;
    while (performance.now() < until);
    await new Promise(setImmediate);
  }
  watch.stop();
  assert.ok((told.at(-1) ?? 0) > 50, told.join());
});

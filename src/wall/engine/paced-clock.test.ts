import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs, type WallMs } from '../../kernel/brands.ts';
import { PacedClock } from './paced-clock.ts';

/** Timers that fire `lateMs` late. */
function lateTime(lateMs: number) {
  let now = 0;
  const due: { at: number; fire: () => void }[] = [];
  return {
    clock: { now: () => monotonicMs(now), wall: () => 0 as WallMs },
    timers: {
      after: (delayMs: number, fire: () => void) => {
        due.push({ at: now + delayMs + lateMs, fire });
        return { cancel: () => {} };
      },
    },
    run: (times: number) => {
      for (let at = 0; at < times; at++) {
        const next = due.shift();
        now = next?.at ?? now;
        next?.fire();
      }
      return now;
    },
  };
}

test('timers that are late each time do not make the model slower', () => {
  const time = lateTime(1);
  const clock = new PacedClock(time.clock, time.timers);
  const iterate = (): void => void clock.after(15, iterate);
  iterate();
  assert.equal(time.run(100), 100 * 15 + 1);
});

test('what stood still for long goes on from now', () => {
  const time = lateTime(5_000);
  const clock = new PacedClock(time.clock, time.timers);
  let seen = 0;
  clock.after(15, () => (seen = clock.now()));
  const now = time.run(1);
  assert.equal(seen, now - 100);
});

// Event time must fire exactly what virtual time fires, in the same order.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualTime } from '../memory/virtual-time.ts';
import type { Clock, Timer, Timers } from '../ports/clock.ts';
import { EventTime } from './event-time.ts';
import { SeededChance } from './seeded-chance.ts';

/** Timers that set and cancel timers, by chance. */
function play(time: Clock & Timers, run: () => void): string[] {
  const chance = new SeededChance(11);
  const told: string[] = [];
  const open: Timer[] = [];
  let number = 0;
  const set = (): void => {
    const name = number++;
    open.push(
      time.after(Math.floor(chance.draw() * 20), () => {
        told.push(`${name} at ${time.now()}`);
        if (number < 3_000) set();
        if (chance.draw() < 0.3) set();
        if (chance.draw() < 0.3) open[Math.floor(chance.draw() * open.length)]?.cancel();
      }),
    );
  };
  for (let at = 0; at < 50; at++) set();
  run();
  return told;
}

test('the same timers fire in the same order as under virtual time', () => {
  const event = new EventTime();
  const virtual = new VirtualTime();
  const ours = play(event, () => event.runTo(1_000));
  const theirs = play(virtual, () => virtual.advance(1_000));
  assert.ok(ours.length > 1_000);
  assert.deepEqual(ours, theirs);
  assert.equal(event.now(), 1_000);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minima, slopePerHour } from './slope.ts';

const MINUTE = 60_000;
/** A saw whose teeth stand on `floorAt`. */
const saw = (floorAt: (minute: number) => number) =>
  Array.from({ length: 120 }, (_, at) => ({ atMs: at * 10_000, value: floorAt(at / 6) + (at % 3) * 20 }));

test('what only goes up and down does not grow', () => {
  assert.equal(
    slopePerHour(
      minima(
        saw(() => 100),
        MINUTE,
      ),
    ),
    0,
  );
});

test('what grows underneath is seen, and one odd sample is not', () => {
  const points = [
    ...minima(
      saw((minute) => 100 + minute / 2),
      MINUTE,
    ),
    { atMs: 25 * MINUTE, value: 900 },
  ];
  const slope = slopePerHour(points) ?? 0;
  assert.ok(Math.abs(slope - 30) < 3, `${slope} an hour`);
});

test('two points are no slope', () => {
  assert.equal(
    slopePerHour([
      { atMs: 0, value: 1 },
      { atMs: 1, value: 2 },
    ]),
    null,
  );
});

// Too small and too large a window are found; one without a limit, and one that was needed a while ago, are neither.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { windowDefaults } from '../policy/window-settings.ts';
import type { GaugeReading } from '../ports/gauges.ts';
import { WindowBounds } from './window-bounds.ts';

const { tokensMin, tokensInitial } = windowDefaults.engine;

function gauges(held: number, max: number): GaugeReading[] {
  const labels = { target: 'engine/m' };
  return [
    { name: 'window_tokens', help: '', labels, value: held },
    { name: 'window_tokens_max', help: '', labels, value: max },
  ];
}

/** What is found in the last of these seconds. */
function found(...seconds: readonly GaugeReading[][]): readonly string[] {
  const bounds = new WindowBounds(new Map([['engine', 'engine']]));
  return seconds.map((second) => bounds.onSecond(second)).at(-1) ?? [];
}

test('a window below its least is found', () => {
  assert.deepEqual(found(gauges(0, tokensMin)), []);
  assert.match(found(gauges(0, tokensMin - 1))[0] ?? '', /below its least/);
});

test('a window far above what was in flight is found', () => {
  assert.deepEqual(found(gauges(0, tokensInitial)), []);
  assert.match(found(gauges(0, tokensInitial + 1))[0] ?? '', /far more than was ever in flight/);
  const busy = gauges(tokensInitial, 5 * tokensInitial);
  assert.deepEqual(found(busy, gauges(0, 5 * tokensInitial)), []);
  const quiet = Array.from({ length: 120 }, () => gauges(0, tokensInitial));
  assert.match(found(busy, ...quiet, gauges(0, 5 * tokensInitial))[0] ?? '', /far more/);
});

test('no limit yet is none', () => {
  assert.deepEqual(found(gauges(0, -1)), []);
});

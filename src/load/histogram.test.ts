import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram } from './histogram.ts';

test('quantiles are right to within one percent, from microseconds to an hour', () => {
  const histogram = new Histogram();
  const values = Array.from({ length: 20_000 }, (_, at) => 0.001 * 1.000_95 ** at);
  for (const value of values) histogram.add(value);
  for (const share of [0.001, 0.1, 0.5, 0.9, 0.99, 0.999]) {
    const wanted = values[Math.ceil(share * values.length) - 1] ?? 0;
    const got = histogram.quantileMs(share) ?? 0;
    // Below 64 µs the microsecond is the grain.
    assert.ok(Math.abs(got - wanted) <= Math.max(0.01 * wanted, 0.0005), `${share}: ${got} for ${wanted}`);
  }
  assert.equal(histogram.quantileMs(1), values.at(-1));
});

test('count, mean, deviation and maximum are exact, merged ones too', () => {
  const [left, right] = [new Histogram(), new Histogram()];
  for (const value of [10, 20]) left.add(value);
  for (const value of [30, 40]) right.add(value);
  left.merge(right);
  assert.deepEqual([left.count, left.meanMs, left.maxMs], [4, 25, 40]);
  assert.ok(Math.abs((left.sdMs ?? 0) - Math.sqrt(125)) < 1e-9);
});

test('nothing has no quantile, and what is longer than an hour is kept at the edge', () => {
  const histogram = new Histogram();
  assert.deepEqual([histogram.quantileMs(0.5), histogram.meanMs, histogram.sdMs], [null, null, null]);
  histogram.add(10 ** 12);
  assert.ok((histogram.quantileMs(0.5) ?? 0) > 3_600_000);
});

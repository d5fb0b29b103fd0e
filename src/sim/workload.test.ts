// Drawn workloads have the shape they claim, and the same seed draws the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gamma, SeededChance } from './seeded-chance.ts';
import { mean, quantile } from './statistics.ts';
import { meanWork, standardMix, type Wish, Workload, workOf } from './workload.ts';

function draw(count: number, seed: number, rate: (atMs: number) => number = () => 10): Wish[] {
  const workload = new Workload(standardMix, seed, rate);
  return Array.from({ length: count }, () => workload.next());
}

test('one seed draws one workload, another seed another', () => {
  assert.deepEqual(draw(200, 5), draw(200, 5));
  assert.notDeepEqual(draw(200, 5), draw(200, 6));
});

test('sizes, lanes and tenants are as the mix says', () => {
  const wishes = draw(40_000, 1);
  const median =
    quantile(
      wishes.map(({ promptTokens }) => promptTokens),
      0.5,
    ) ?? 0;
  assert.ok(Math.abs(median - 490) < 15, `median prompt ${median}`);
  const output = mean(wishes.map(({ outputTokens }) => outputTokens)) ?? 0;
  assert.ok(Math.abs(output - 280) < 6, `mean output ${output}`);
  assert.ok(Math.abs((mean(wishes.map(workOf)) ?? 0) / meanWork(standardMix) - 1) < 0.02);
  const vip = wishes.filter(({ lane }) => lane === 'vip').length / wishes.length;
  assert.ok(Math.abs(vip - 0.05) < 0.005);
  const [first, second] = [0, 1].map((tenant) => wishes.filter((wish) => wish.tenant === tenant).length);
  assert.ok(Math.abs((first ?? 0) / (second ?? 1) - 2) < 0.15, 'Zipf: the first asks twice as much as the second');
});

test('arrivals come at the rate of the moment', () => {
  const wishes = draw(40_000, 2, (atMs) => (atMs < 60_000 ? 10 : 100));
  const before = wishes.filter(({ atMs }) => atMs < 60_000).length / 60;
  const after = wishes.filter(({ atMs }) => atMs >= 60_000 && atMs < 160_000).length / 100;
  assert.ok(Math.abs(before - 10) < 2, `${before} a second before`);
  assert.ok(Math.abs(after - 100) < 5, `${after} a second after`);
});

test('gamma draws have mean 1 and the variance of their shape', () => {
  const chance = new SeededChance(3);
  const values = Array.from({ length: 50_000 }, () => gamma(0.5, chance));
  const average = mean(values) ?? 0;
  assert.ok(Math.abs(average - 1) < 0.02);
  const variance = mean(values.map((value) => (value - average) ** 2)) ?? 0;
  assert.ok(Math.abs(variance - 2) < 0.15, `variance ${variance}`);
});

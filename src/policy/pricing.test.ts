import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Usage } from '../kernel/usage.ts';
import { costMicroUsd } from './pricing.ts';

/** $0.27 a million in, $0.07 from the cache, $1.10 out. */
const price = { inputMicroUsd: 270_000, cachedInputMicroUsd: 70_000, outputMicroUsd: 1_100_000 };

function usage(promptTokens: number, completionTokens: number, cachedTokens: number | null = null): Usage {
  return { promptTokens, completionTokens, cachedTokens, reasoningTokens: null, source: 'provider' };
}

test('a million tokens each cost the list price', () => {
  assert.equal(costMicroUsd(usage(1_000_000, 0), price), 270_000);
  assert.equal(costMicroUsd(usage(0, 1_000_000), price), 1_100_000);
});

test('cached tokens are part of the prompt and cost their own price', () => {
  assert.equal(costMicroUsd(usage(1_000_000, 0, 400_000), price), 600_000 * 0.27 + 400_000 * 0.07);
  assert.equal(costMicroUsd(usage(1_000_000, 0, 0), price), 270_000);
});

test('more cached tokens than prompt tokens never make the rest negative', () => {
  assert.equal(costMicroUsd(usage(100, 0, 500), price), 7);
});

test('fractions are kept: a thousand small answers cost what one large answer costs', () => {
  fc.assert(
    fc.property(fc.nat({ max: 50 }), fc.nat({ max: 50 }), (prompt, completion) => {
      const many = 1000 * costMicroUsd(usage(prompt, completion), price);
      assert.ok(Math.abs(many - costMicroUsd(usage(prompt * 1000, completion * 1000), price)) < 1e-6);
    }),
  );
});

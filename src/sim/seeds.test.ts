// Two hundred and more short seeds across all scenarios: nothing that must hold at every moment may fail in any of them. A failing
// seed is made as small as it still fails. `npm run sim:long` runs ten thousand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Order, run } from './run.ts';
import { scenarios } from './scenarios.ts';
import { shrink } from './shrink.ts';

const SEEDS_PER_SCENARIO = 15;

for (const scenario of Object.keys(scenarios)) {
  test(`${SEEDS_PER_SCENARIO} short seeds of ${scenario} find nothing`, () => {
    for (let seed = 2_001; seed < 2_001 + SEEDS_PER_SCENARIO; seed++) {
      const order: Order = { scenario, policy: 'spillway', seed, load: null, scale: 0.1, tenants: null, trace: null };
      const result = run(order);
      if (result.findings.length === 0) continue;
      const [small, shrunk] = shrink(order, result, run);
      assert.fail(`${JSON.stringify(small)}\n${shrunk.findings.join('\n')}`);
    }
  });
}

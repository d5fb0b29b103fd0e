// The simulator as a whole: the same order gives the same result, the published shape comes out, and failures shrink.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultBreaker, defaultRetry, defaultTimeouts } from '../adapters/config/defaults.ts';
import { gatewayConfig } from './gateway-config.ts';
import { closedLoop, drawnBacklog, idealOf } from './ideal.ts';
import { policies } from './policies.ts';
import { headLine, seedLine, summaryLines } from './report.ts';
import { type Order, run, type RunResult } from './run.ts';
import { scenarios } from './scenarios.ts';
import { shrink } from './shrink.ts';
import { mean } from './statistics.ts';
import { standardMix } from './workload.ts';

const order = (over: Partial<Order> = {}): Order => ({
  scenario: 'spike',
  policy: 'spillway',
  seed: 1,
  load: null,
  scale: 0.1,
  tenants: null,
  trace: null,
  ...over,
});

/** Seeds of their own: those of the published table are not looked at here. */
function goodputs(policy: string): number {
  const seeds = [501, 502, 503];
  return mean(seeds.map((seed) => run(order({ policy, seed, scale: 1 })).goodputPctOfIdeal)) ?? 0;
}

const at = (limit: number): number => closedLoop(drawnBacklog(standardMix, 1), 1, limit);

test('the same order gives the same result to the last digit, another seed another', () => {
  const [once, again] = [run(order()), run(order())];
  assert.equal(JSON.stringify(once), JSON.stringify(again));
  assert.notEqual(JSON.stringify(once), JSON.stringify(run(order({ seed: 2 }))));
});

test('every scenario runs under the gateway and finds nothing', () => {
  for (const scenario of Object.keys(scenarios)) {
    const result = run(order({ scenario }));
    assert.deepEqual(result.findings, [], scenario);
    assert.ok(result.sends > 0, `${scenario} sent nothing`);
  }
});

test('one engine does most with about 120 in flight, and falls off a cliff above 200', () => {
  const best = at(120);
  assert.ok(Math.abs(best / 13_110 - 1) < 0.05, `${best}`);
  assert.ok(at(60) < 0.85 * best);
  assert.ok(at(200) < 0.75 * best);
  assert.ok(at(256) < 0.25 * best);
});

test('the best static limit is found for long prompts too, of which few fit', () => {
  const mix = { ...standardMix, promptMedian: 12_000, promptSigma: 0.5 };
  const { limit, workPerSecond } = idealOf('long prompts', 1, 1, drawnBacklog(mix, 1));
  assert.ok(limit < 20, `${limit}`);
  assert.ok(workPerSecond > closedLoop(drawnBacklog(mix, 1), 1, 40));
});

test('without a limit, or with a queue served in order, ten times the load leaves little and does not end', () => {
  for (const policy of ['pass-through', 'static']) {
    const result = run(order({ policy, seed: 501, scale: 1 }));
    assert.ok(result.goodputPctOfIdeal > 8 && result.goodputPctOfIdeal < 27, `${policy}: ${result.goodputPctOfIdeal}`);
    assert.equal(result.recoverySeconds, 'never');
  }
});

test('the published limiters keep what they are known to keep', () => {
  const aimd = goodputs('aimd');
  assert.ok(aimd > 74 && aimd < 94, `aimd ${aimd}`);
  const gradient2 = goodputs('gradient2');
  assert.ok(gradient2 > 28 && gradient2 < 46, `gradient2 ${gradient2}`);
  const envoy = goodputs('envoy');
  assert.ok(envoy > 12 && envoy < 45, `envoy ${envoy}`);
});

test('at the usual load nothing is lost without a limit', () => {
  const result = run(order({ scenario: 'steady', policy: 'pass-through', scale: 1 }));
  assert.ok((result.lanes.vip.inExpectationPct ?? 0) > 98);
  assert.ok(result.goodputPctOfIdeal > 90);
  assert.equal(result.sheds, 0);
});

test('a hosted API refuses most of what clients ask of it again and again', () => {
  const result = run(order({ scenario: 'wall-429', policy: 'pass-through', scale: 0.5 }));
  assert.ok((result.refused429Pct ?? 0) > 70);
  assert.ok(Math.abs(result.goodputPctOfIdeal - 100) < 0.001, 'which is what the others are held against');
});

test('a trace is replayed instead of the drawn workload', () => {
  const wishes = Array.from({ length: 50 }, (_, number) => ({
    number,
    atMs: number * 100,
    tenant: 0,
    lane: 'batch' as const,
    promptTokens: 100,
    outputTokens: 10,
  }));
  const result = run(order({ trace: () => wishes }));
  assert.deepEqual([result.asks, result.lanes.batch.wishes, result.lanes.vip.wishes], [50, 49, 0]);
});

test('a failing run is made as small as it still fails', () => {
  const result = run(order({ policy: 'pass-through' }));
  const fails = (candidate: Order): RunResult => ({
    ...result,
    findings: candidate.scale >= 0.2 && (candidate.tenants ?? 40) >= 10 ? ['bad'] : [],
  });
  const [small] = shrink(order({ scale: 1 }), { ...result, findings: ['bad'] }, fails);
  assert.deepEqual([small.scale, small.tenants], [0.25, 10]);
});

test('the simulated gateway has the product’s defaults', () => {
  const config = gatewayConfig([{ name: 'engine', provider: 'vllm', weight: 1 }], 1);
  assert.deepEqual(config.timeouts, defaultTimeouts);
  assert.deepEqual(config.retry, defaultRetry);
  assert.deepEqual(config.breaker, defaultBreaker);
});

test('every policy has a line in the report, as wide as its head', () => {
  for (const policy of Object.keys(policies)) {
    const result = run(order({ policy, scale: 0.05 }));
    assert.equal(seedLine(result).length, headLine().length);
    for (const line of summaryLines(policy, [result])) assert.equal(line.length, headLine().length);
  }
});

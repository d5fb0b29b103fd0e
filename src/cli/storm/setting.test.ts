import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchEngine } from '../../engine/batch-engine.ts';
import { batchEngine, scaled } from '../../engine/constants.ts';
import { EventTime } from '../../sim/event-time.ts';
import { Workload } from '../../sim/workload.ts';
import { baseRequestsPerSecond, farSides, stormMix, stormPlan, timelineOf } from './setting.ts';

const MEASURED_S = 120;

/** What an engine answers in a second when as many as it has slots are always under way. */
function answeredPerSecond(capacity: number): number {
  const time = new EventTime();
  const constants = scaled(batchEngine, capacity);
  const engine = new BatchEngine(time, { constants });
  const workload = new Workload(stormMix, 1, () => 1);
  let answered = 0;
  const ask = (): void => {
    engine.submit(workload.draw(time.now()), {
      onFirstToken: () => {},
      onTokens: () => {},
      onKeepAlive: () => {},
      onRefused: () => {},
      onBroken: () => {},
      onDone: () => {
        answered++;
        ask();
      },
    });
  };
  for (let slot = 0; slot < constants.slotsMax; slot++) ask();
  time.runTo(MEASURED_S * 1_000);
  return answered / MEASURED_S;
}

test('what is called the capacity of the base is what it can do, within a tenth', () => {
  const measured = answeredPerSecond(farSides.base.capacity);
  assert.ok(Math.abs(measured / baseRequestsPerSecond - 1) < 0.1, `${measured} against ${baseRequestsPerSecond}`);
});

test('losing one hosted service loses nobody: the others can carry ten times what the base can', () => {
  const { base, peak, standby } = farSides;
  for (const left of [base.capacity + peak.capacity, base.capacity + standby.capacity]) {
    assert.ok(left >= 10 * base.capacity - 1e-9);
  }
});

function within(rate: number, wanted: number, part: number): void {
  assert.ok(Math.abs(rate / wanted - 1) < part, `${rate} against ${wanted}`);
}

test('the storm is as high as was asked for, between two calms at half of what the base can do', () => {
  const timeline = timelineOf(40);
  const plan = stormPlan({ load: 10, chaos: false, seed: 1, timeline });
  assert.ok(plan.ok);
  const rateIn = (fromMs: number, toMs: number): number =>
    (plan.value.atMs.filter((atMs) => atMs >= fromMs && atMs < toMs).length * 1_000) / (toMs - fromMs);
  within(rateIn(timeline.stormFromMs, timeline.stormToMs), 10 * baseRequestsPerSecond, 0.1);
  within(rateIn(timeline.stormToMs, timeline.endMs), baseRequestsPerSecond / 2, 0.4);
  assert.equal(timeline.endMs, 64_000, 'two of them, and the last answers, fit into 170 s');
});

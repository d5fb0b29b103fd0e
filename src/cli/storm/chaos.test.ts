import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tiers } from '../../kernel/lane.ts';
import { type Ailment, well } from '../../wall/engine/ailment.ts';
import { troublesOf, turnsOf } from './chaos.ts';
import { timelineOf } from './setting.ts';

const timeline = timelineOf(40);

test('troubles follow each other inside the storm and leave time to recover from each', () => {
  const troubles = troublesOf(timeline);
  assert.deepEqual(
    troubles.map(({ words }) => words),
    ['base 5× slower', 'base is dead', 'peak says 429', 'peak flaps'],
  );
  const edges = troubles.flatMap(({ fromMs, toMs }) => [fromMs, toMs]);
  assert.deepEqual(
    edges,
    edges.toSorted((one, other) => one - other),
  );
  assert.ok((edges[0] ?? 0) > timeline.stormFromMs && (edges.at(-1) ?? 0) < timeline.stormToMs);
});

test('turns come in order, the flapping one goes to and fro, and every wall is well at the end', () => {
  const turns = turnsOf(timeline);
  assert.deepEqual(
    turns.map(({ atMs }) => atMs),
    turns.map(({ atMs }) => atMs).toSorted((one, other) => one - other),
  );
  const last = new Map<string, Ailment>(turns.map(({ tier, ailment }) => [tier, ailment]));
  for (const tier of tiers) assert.deepEqual(last.get(tier) ?? well, well, tier);
  const peak = turns.filter(({ tier, atMs }) => tier === 'peak' && atMs > timeline.stormFromMs + 28_000);
  assert.deepEqual(
    peak.map(({ ailment }) => ailment.dead),
    [true, false, true, false, true, false, false],
  );
});

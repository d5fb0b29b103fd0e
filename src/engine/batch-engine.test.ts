// The batch engine by itself: nothing is lost, nothing exceeds its limits, and it is as fast as its constants say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualTime } from '../memory/virtual-time.ts';
import { BatchEngine, type BatchEngineOptions, healthy } from './batch-engine.ts';
import { batchEngine, scaled } from './constants.ts';
import type { Job, JobCall } from './far-side.ts';

class Probe {
  tokens = 0;
  endings = 0;
  refusedWith: number | null = null;
  firstAt: number | null = null;
  doneAt: number | null = null;
  largestLot = 0;
  readonly call: JobCall;

  constructor(engine: BatchEngine, time: VirtualTime, job: Job) {
    this.call = engine.submit(job, {
      onKeepAlive: () => {},
      onBroken: () => this.endings++,
      onRefused: ({ status }) => {
        this.endings++;
        this.refusedWith = status;
      },
      onFirstToken: () => {
        this.firstAt = time.now();
        this.tokens++;
      },
      onTokens: (count) => {
        this.tokens += count;
        this.largestLot = Math.max(this.largestLot, count);
      },
      onDone: () => {
        this.endings++;
        this.doneAt = time.now();
      },
    });
  }
}

function rig(options: BatchEngineOptions = {}): {
  time: VirtualTime;
  engine: BatchEngine;
  ask: (promptTokens: number, outputTokens: number) => Probe;
} {
  const time = new VirtualTime();
  const engine = new BatchEngine(time, options);
  return { time, engine, ask: (promptTokens, outputTokens) => new Probe(engine, time, { promptTokens, outputTokens }) };
}

test('every token asked for is told exactly once, in lots of at most sixteen', () => {
  const { time, engine, ask } = rig();
  const probes = Array.from({ length: 300 }, (_, at) => ask(50 + 37 * (at % 40), 1 + ((at * 53) % 400)));
  time.advance(300_000);
  for (const [at, probe] of probes.entries()) {
    assert.equal(probe.tokens, 1 + ((at * 53) % 400));
    assert.equal(probe.endings, 1);
    assert.ok(probe.largestLot <= 16);
  }
  assert.equal(
    engine.tokensMade,
    probes.reduce((sum, probe) => sum + probe.tokens, 0),
  );
  assert.equal(engine.kvTokens, 0);
  assert.equal(engine.running + engine.waiting, 0);
});

test('memory and slots are never exceeded, and what gives way for want of memory comes back', () => {
  const constants = { ...batchEngine, kvTokensMax: 2_000, slotsMax: 16 };
  const { time, engine, ask } = rig({ constants });
  const probes = Array.from({ length: 60 }, () => ask(150, 300));
  for (let step = 0; step < 20_000; step++) {
    time.advance(10);
    assert.ok(engine.kvTokens <= constants.kvTokensMax, `${engine.kvTokens} tokens in memory`);
    assert.ok(engine.running <= constants.slotsMax);
  }
  assert.ok(engine.preemptions > 0, 'the case was provoked');
  assert.deepEqual(
    probes.map(({ tokens }) => tokens),
    probes.map(() => 300),
  );
});

test('one request alone takes what the constants say', () => {
  const { time, ask } = rig();
  const probe = ask(1_000, 101);
  time.advance(60_000);
  const prefillMs = 15 + 1_000 * 0.03 + 1_000 * 0.000_05;
  assert.ok(Math.abs((probe.firstAt ?? 0) - prefillMs) < 0.01, `first token at ${probe.firstAt}`);
  const perTokenMs = ((probe.doneAt ?? 0) - (probe.firstAt ?? 0)) / 100;
  assert.ok(Math.abs(perTokenMs - (15 + 0.1 + 1_050 * 0.000_05)) < 0.01, `${perTokenMs} ms per token`);
});

test('a long prompt is read in chunks', () => {
  const { time, ask } = rig();
  const probe = ask(2_048 * 3, 1);
  time.advance(60_000);
  const chunkMs = 15 + 2_048 * 0.03 + 3 * 2_048 * 0.000_05;
  assert.ok(Math.abs((probe.firstAt ?? 0) - 3 * chunkMs) < 0.01);
});

test('leaving frees memory at once and says nothing more', () => {
  const { time, engine, ask } = rig();
  const running = ask(5_000, 500);
  time.advance(1_000);
  assert.ok(engine.kvTokens > 5_000);
  running.call.cancel();
  assert.equal(engine.kvTokens, 0);
  const told = running.tokens;
  time.advance(60_000);
  assert.equal(running.tokens, told);
  assert.equal(running.endings, 0);
});

test('a full inner queue answers 503, and a prompt that can never fit 400', () => {
  const { time, ask } = rig({ waitingMax: 2, constants: { ...batchEngine, slotsMax: 1 } });
  const probes = [ask(10, 50), ask(10, 50), ask(10, 50), ask(10, 50), ask(200_000, 1)];
  time.advance(100_000);
  assert.deepEqual(
    probes.map(({ refusedWith }) => refusedWith),
    [null, null, null, 503, 400],
  );
});

test('a slow engine is slower by its factor, one that stands still goes on later, and one that refuses refuses', () => {
  const { time, engine, ask } = rig();
  engine.condition = { ...healthy, speed: 0.2 };
  const slow = ask(100, 1);
  time.advance(5 * (15 + 100 * 0.03 + 0.01));
  assert.equal(slow.tokens, 1);
  engine.condition = { ...healthy, speed: 0 };
  const still = ask(100, 1);
  time.advance(60_000);
  assert.equal(still.tokens, 0);
  engine.condition = { ...healthy, refusesWith: 503 };
  time.advance(1_000);
  assert.equal(still.tokens, 1);
  const refused = ask(100, 1);
  time.advance(1);
  assert.equal(refused.refusedWith, 503);
});

test('a crash breaks off what runs and what waits, once, and the engine works on', () => {
  const { time, engine, ask } = rig({ constants: { ...batchEngine, slotsMax: 2 } });
  const lost = [ask(100, 50), ask(100, 50), ask(100, 50)];
  time.advance(200);
  assert.deepEqual([engine.running, engine.waiting], [2, 1]);
  engine.crash();
  const after = ask(100, 5);
  time.advance(60_000);
  assert.deepEqual(
    lost.map(({ endings, doneAt }) => [endings, doneAt]),
    [
      [1, null],
      [1, null],
      [1, null],
    ],
  );
  assert.deepEqual([after.tokens, after.endings, engine.kvTokens, engine.running], [5, 1, 0, 0]);
});

test('an engine of a tenth makes a tenth of the tokens, and one request alone waits about as long', () => {
  const made = (capacity: number): number => {
    const { time, engine, ask } = rig({ constants: scaled(batchEngine, capacity) });
    for (let at = 0; at < 2_000 * capacity; at++) ask(400, 250);
    time.advance(30_000);
    return engine.tokensMade;
  };
  const ratio = made(0.1) / made(1);
  assert.ok(Math.abs(ratio - 0.1) < 0.015, `${ratio}`);
  const { time, ask } = rig({ constants: scaled(batchEngine, 0.1) });
  const alone = ask(490, 1);
  time.advance(1_000);
  assert.ok((alone.firstAt ?? 1_000) < 250, `${alone.firstAt}`);
});

test('tokens may be told one by one', () => {
  const { time, ask } = rig({ eventTokens: 1 });
  const probe = ask(50, 40);
  time.advance(10_000);
  assert.deepEqual([probe.tokens, probe.largestLot], [40, 1]);
});

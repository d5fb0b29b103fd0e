import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { nodeDigest } from './digest.ts';
import { heapPressure, systemChance, systemClock, systemTimers, timersPending } from './system.ts';

/** System timers keep no process alive, so a test that waits for one holds on to something else. */
async function holding<Value>(wait: Promise<Value>): Promise<Value> {
  const hold = setInterval(() => {}, 1000);
  try {
    return await wait;
  } finally {
    clearInterval(hold);
  }
}

test('a timer fires once, later, and never early', async () => {
  for (const delayMs of [0, 0.5, 1, 7.3, 20]) {
    const before = systemClock.now();
    let fired = 0;
    let inTime = true;
    await holding(
      new Promise<void>((resolve) => {
        const timer = systemTimers.after(delayMs, () => {
          fired++;
          inTime = systemClock.now() - before >= delayMs;
          timer.cancel();
          resolve();
        });
        assert.equal(fired, 0);
      }),
    );
    assert.equal(fired, 1);
    assert.ok(inTime, `fired before ${delayMs} ms`);
  }
});

test('a cancelled timer does not fire, and a very long one does not fire at once', async () => {
  let fired = 0;
  const cancelled = systemTimers.after(1, () => fired++);
  const long = systemTimers.after(2 ** 40, () => fired++);
  cancelled.cancel();
  cancelled.cancel();
  await holding(new Promise<void>((resolve) => systemTimers.after(20, resolve)));
  assert.equal(fired, 0);
  long.cancel();
});

test('a pending timer does not keep the process alive', () => {
  const url = new URL('system.ts', import.meta.url).href;
  const script = `import { systemTimers } from '${url}'; systemTimers.after(60_000, () => {});`;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], { timeout: 20_000 });
  assert.equal(run.status, 0, run.stderr.toString());
});

test('hex has the digits asked for and repeats nothing', () => {
  const seen = new Set<string>();
  for (let at = 0; at < 5000; at++) {
    const id = systemChance.hex(24);
    assert.match(id, /^[0-9a-f]{24}$/);
    seen.add(id);
  }
  assert.equal(seen.size, 5000);
  assert.equal(systemChance.hex(0), '');
  assert.match(systemChance.hex(7), /^[0-9a-f]{7}$/);
  assert.match(systemChance.hex(20_001), /^[0-9a-f]{20001}$/);
});

test('a draw lies in [0, 1)', () => {
  for (let at = 0; at < 1000; at++) {
    const draw = systemChance.draw();
    assert.ok(draw >= 0 && draw < 1);
  }
});

test('the clock goes forward and the wall clock is in this century', () => {
  const first = systemClock.now();
  assert.ok(systemClock.now() >= first);
  assert.ok(systemClock.wall() > Date.parse('2025-01-01') && systemClock.wall() < Date.parse('2100-01-01'));
});

test('heap pressure is a share', () => {
  const share = heapPressure();
  assert.ok(share > 0 && share < 1);
  assert.equal(heapPressure(), share);
});

test('the digest is SHA-256 in hex', () => {
  assert.equal(nodeDigest.sha256('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('pending timers are counted until they fire or are cancelled, each once', async () => {
  const before = timersPending();
  const cancelled = systemTimers.after(60_000, () => {});
  const fired = new Promise<void>((resolve) => void systemTimers.after(1, resolve));
  assert.equal(timersPending(), before + 2);
  cancelled.cancel();
  cancelled.cancel();
  await holding(fired);
  assert.equal(timersPending(), before);
});

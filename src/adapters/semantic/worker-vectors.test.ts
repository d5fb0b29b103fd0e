import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { MonotonicMs } from '../../kernel/brands.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Nearest, Sought, VectorEntry } from '../../ports/vectors.ts';
import { systemClock, systemTimers } from '../system.ts';
import { WorkerVectors } from './worker-vectors.ts';

const BUDGET_MS = 2_000;
const open: WorkerVectors[] = [];
after(() => open.forEach((one) => one.close()));

interface Held {
  readonly vectors: WorkerVectors;
  readonly troubles: string[];
}

const programOf = (script: string): URL => new URL(`data:text/javascript,${encodeURIComponent(script)}`);

/** `clock`: another one than the system's. */
function start(script?: string | URL, clock: Clock = systemClock): Held {
  const troubles: string[] = [];
  const program = script === undefined ? {} : { program: typeof script === 'string' ? programOf(script) : script };
  const vectors = new WorkerVectors({
    clock,
    timers: systemTimers,
    onTrouble: (why) => troubles.push(why),
    ...program,
  });
  open.push(vectors);
  return { vectors, troubles };
}

const entry = (key: string, numbers: readonly number[]): VectorEntry => ({
  space: 's',
  partition: 'p',
  key,
  model: 'm',
  tenant: 't',
  namespace: '',
  freshUntil: Number.MAX_SAFE_INTEGER,
  keepUntil: Number.MAX_SAFE_INTEGER,
  vector: Float32Array.from(numbers),
});
const sought: Sought = { space: 's', partition: 'p', vector: Float32Array.from([1, 0]), except: '', now: 0 };
const ask = (vectors: WorkerVectors, budgetMs = BUDGET_MS, over: Partial<Sought> = {}): Promise<Nearest | null> =>
  new Promise((resolve) => {
    vectors.nearest({ ...sought, ...over }, budgetMs, resolve);
  });

function movable(): Clock & { advance(ms: number): void } {
  let aheadMs = 0;
  const now = (): MonotonicMs => (systemClock.now() + aheadMs) as MonotonicMs;
  return { ...systemClock, now, advance: (ms) => (aheadMs += ms) };
}

/** Waits until it holds, with a deadline. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, 'it never came');
    await delay(5);
  }
}

test('before anything was put there is no thread, and nothing is found at once', async () => {
  const { vectors } = start();
  assert.deepEqual(await ask(vectors), { fresh: null, kept: null });
  assert.deepEqual(vectors.gauges(), { vectors: 0, bytes: 0, restarts: 0 });
});

test('what was put is found, renewed, removed and purged, in the order in which it was told', async () => {
  const { vectors, troubles } = start();
  vectors.put(entry('near', [0.8, 0.6]));
  vectors.put(entry('far', [0, 1]));
  const found = await ask(vectors);
  assert.equal(found?.fresh?.key, 'near');
  assert.ok(Math.abs((found?.fresh?.likeness ?? 0) - 0.8) < 1e-6);
  assert.equal(vectors.gauges().vectors, 2);
  vectors.renew('s', 'near', { freshUntil: 5, keepUntil: Number.MAX_SAFE_INTEGER });
  const later = await ask(vectors, BUDGET_MS, { now: 10 });
  assert.deepEqual([later?.fresh?.key, later?.kept?.key], ['far', 'near']);
  vectors.remove('s', 'near');
  assert.equal((await ask(vectors))?.kept?.key, 'far');
  vectors.purge({ kind: 'model', model: 'm' });
  assert.deepEqual(await ask(vectors), { fresh: null, kept: null });
  assert.deepEqual(troubles, []);
});

test('searches at once beyond the maximum are told so, and one that is cancelled is not answered', async () => {
  const { vectors } = start();
  vectors.put(entry('a', [1, 0]));
  let cancelledHeard = false;
  vectors.nearest(sought, BUDGET_MS, () => (cancelledHeard = true)).cancel();
  const answers = await Promise.all(Array.from({ length: 100 }, () => ask(vectors)));
  assert.equal(answers.filter((answer) => answer?.fresh?.key === 'a').length, 64);
  assert.equal(answers.filter((answer) => answer === null).length, 36);
  assert.equal(cancelledHeard, false);
});

test('a thread that hangs costs each search its budget and no more, and is begun anew after two seconds', async () => {
  const hangs = `import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => { for (;;); });`;
  const { vectors, troubles } = start(hangs);
  vectors.put(entry('a', [1, 0]));
  const before = performance.now();
  assert.equal(await ask(vectors, 30), null);
  assert.ok(performance.now() - before < 1_000, 'within its budget, and what a busy machine adds');
  await until(async () => {
    await ask(vectors, 20);
    return troubles.length === 1;
  });
  assert.match(troubles[0] ?? '', /said nothing for 2000 ms/);
  assert.equal(vectors.gauges().restarts, 1);
  assert.deepEqual(await ask(vectors), { fresh: null, kept: null }, 'nothing is known any more');
});

test('a thread that hangs is begun anew even when so much was told that it is told no more', async () => {
  const hangs = `import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => { for (;;); });`;
  const clock = movable();
  const { vectors, troubles } = start(hangs, clock);
  for (let told = 0; told < 1_100; told++) vectors.put(entry(`${told}`, [1, 0]));
  assert.equal(await ask(vectors, 60_000), null, 'at once');
  assert.deepEqual(troubles, []);
  clock.advance(2_000);
  assert.equal(await ask(vectors, 60_000), null);
  assert.equal(troubles.length, 1);
});

test('a search that is late is no reason to begin anew, however long nothing was asked before', async () => {
  const slow = `import { parentPort } from 'node:worker_threads';
    let heard = 0;
    parentPort.on('message', ({ kind, id }) => {
      const report = { id, nearest: { fresh: null, kept: null }, heard: ++heard, vectors: 0, bytes: 0 };
      if (kind === 'nearest') setTimeout(() => parentPort.postMessage(report), 50);
    });`;
  const clock = movable();
  const { vectors, troubles } = start(slow, clock);
  vectors.put(entry('a', [1, 0]));
  const asked = ask(vectors, 10_000);
  vectors.put(entry('b', [1, 0]));
  assert.notEqual(await asked, null);
  clock.advance(60_000);
  assert.equal(await ask(vectors, 1), null);
  assert.deepEqual(troubles, []);
});

test('a thread that dies answers those who wait at once, rests, and comes back when there is something to keep', async () => {
  const dies = `import { parentPort } from 'node:worker_threads'; parentPort.on('message', ({ kind }) => {
    if (kind === 'nearest') throw new Error('out of order');
  });`;
  const { vectors, troubles } = start(dies);
  vectors.put(entry('a', [1, 0]));
  const before = performance.now();
  assert.equal(await ask(vectors, 60_000), null);
  assert.ok(performance.now() - before < 10_000);
  assert.equal(troubles.length, 1);
  assert.match(troubles[0] ?? '', /out of order/);
  vectors.put(entry('b', [1, 0]));
  assert.deepEqual(await ask(vectors), { fresh: null, kept: null }, 'it rests');
  await until(async () => {
    vectors.put(entry('c', [1, 0]));
    return (await ask(vectors, 60_000)) === null;
  });
  assert.equal(troubles.length, 2, 'one line each time');
});

test('where no thread can be started it is told once, and tried again later', () => {
  const { vectors, troubles } = start(new URL('https://nowhere.test/'));
  vectors.put(entry('a', [1, 0]));
  vectors.put(entry('b', [0, 1]));
  assert.equal(troubles.length, 1);
  assert.equal(vectors.gauges().restarts, 1);
});

test('the thread keeps no process alive', async () => {
  const script = `
    import { WorkerVectors } from ${JSON.stringify(new URL('./worker-vectors.ts', import.meta.url).href)};
    import { systemClock, systemTimers } from ${JSON.stringify(new URL('../system.ts', import.meta.url).href)};
    const vectors = new WorkerVectors({ clock: systemClock, timers: systemTimers, onTrouble() {} });
    vectors.put({ space: 's', partition: 'p', key: 'a', model: 'm', tenant: 't', namespace: '', freshUntil: 1, keepUntil: 1,
      vector: Float32Array.from([1]) });
  `;
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { timeout: 20_000 });
  await assert.doesNotReject(run);
});

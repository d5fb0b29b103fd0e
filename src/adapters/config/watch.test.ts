import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { fail, ok } from '../../kernel/result.ts';
import type { Timer, Timers } from '../../ports/clock.ts';
import type { Config } from '../../ports/config.ts';
import { goodConfig } from '../../../test/support/config.ts';
import { ConfigWatch, POLL_MS, SETTLE_MS } from './watch.ts';

const root = mkdtempSync(join(tmpdir(), 'spillway-watch-'));
after(() => rmSync(root, { recursive: true, force: true }));

let folder = root;
let file = '';
let turn = 0;
beforeEach(() => {
  folder = join(root, String(++turn));
  mkdirSync(folder);
  file = join(folder, 'spillway.yaml');
});

/** Timers that fire when the test says so. */
class HandTimers implements Timers {
  readonly #pending = new Set<{ delayMs: number; fire: () => void }>();

  after(delayMs: number, fire: () => void): Timer {
    const entry = { delayMs, fire };
    this.#pending.add(entry);
    return { cancel: () => void this.#pending.delete(entry) };
  }

  get pending(): number {
    return this.#pending.size;
  }

  fire(delayMs: number): void {
    for (const entry of Array.from(this.#pending)) {
      if (entry.delayMs !== delayMs || !this.#pending.delete(entry)) continue;
      entry.fire();
    }
  }

  /** One poll, and the settling after it. */
  poll(): void {
    this.fire(POLL_MS);
    this.fire(SETTLE_MS);
  }
}

interface Heard {
  readonly watch: ConfigWatch;
  readonly timers: HandTimers;
  /** `port 1` or `refused: …`, in order. */
  readonly news: string[];
}

function watching(path = file): Heard {
  const timers = new HandTimers();
  const news: string[] = [];
  const watch = new ConfigWatch({
    file: path,
    timers,
    loadConfig: () => read(path),
    onConfig: (config) => news.push(`port ${config.port}`),
    onRefused: (problems) => news.push(`refused: ${problems.join()}`),
  });
  return { watch, timers, news };
}

function read(path: string) {
  try {
    return ok<Config>(goodConfig(readFileSync(path, 'utf8')));
  } catch (error) {
    const absent = error instanceof Error && 'code' in error;
    return fail([absent ? 'absent' : 'bad']);
  }
}

/** Port numbers of different lengths: the poll sees the size change even when the clock of the file system stands still. */
const port = (number: number): string => `port: ${number}\n`;

test('an edit in place is noticed by the poll', () => {
  writeFileSync(file, port(1));
  const { watch, timers, news } = watching();
  watch.start();
  timers.poll();
  assert.deepEqual(news, []);
  writeFileSync(file, port(22));
  timers.poll();
  assert.deepEqual(news, ['port 22']);
  watch.stop();
});

test('a rename over the file, as editors save, is noticed', () => {
  writeFileSync(file, port(1));
  const { watch, timers, news } = watching();
  watch.start();
  writeFileSync(`${file}.swap`, port(22));
  renameSync(`${file}.swap`, file);
  timers.poll();
  assert.deepEqual(news, ['port 22']);
  watch.stop();
});

test('a swapped ..data symlink, as Kubernetes updates a volume, is noticed', () => {
  for (const [version, number] of [
    ['..1', 1],
    ['..2', 22],
  ] as const) {
    mkdirSync(join(folder, version));
    writeFileSync(join(folder, version, 'spillway.yaml'), port(number));
  }
  symlinkSync('..1', join(folder, '..data'));
  symlinkSync(join('..data', 'spillway.yaml'), file);
  const { watch, timers, news } = watching();
  watch.start();
  symlinkSync('..2', join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  rmSync(join(folder, '..1'), { recursive: true });
  timers.poll();
  assert.deepEqual(news, ['port 22']);
  watch.stop();
});

test('a deleted file is reported once, and its return too', () => {
  writeFileSync(file, port(1));
  const { watch, timers, news } = watching();
  watch.start();
  rmSync(file);
  timers.poll();
  timers.poll();
  assert.deepEqual(news, ['refused: absent']);
  writeFileSync(file, port(1));
  timers.poll();
  assert.deepEqual(news, ['refused: absent', 'port 1']);
  watch.stop();
});

test('a bad file is reported once, and the mended one is taken', () => {
  writeFileSync(file, port(1));
  const { watch, timers, news } = watching();
  watch.start();
  writeFileSync(file, 'prt: 1');
  timers.poll();
  timers.poll();
  writeFileSync(file, port(333));
  timers.poll();
  assert.deepEqual(news, ['refused: bad', 'port 333']);
  watch.stop();
});

test('touching the file without changing it does nothing', () => {
  writeFileSync(file, port(1));
  const { watch, timers, news } = watching();
  watch.start();
  rmSync(file);
  writeFileSync(file, port(1));
  timers.poll();
  watch.check();
  assert.deepEqual(news, []);
  watch.stop();
});

test('check looks at once, and loads an unchanged file only when told to', () => {
  writeFileSync(file, port(1));
  const { watch, news } = watching();
  watch.check();
  watch.check(true);
  writeFileSync(file, port(22));
  watch.check();
  assert.deepEqual(news, ['port 1', 'port 22']);
});

test('after stop nothing is pending and nothing is reported', () => {
  writeFileSync(file, port(1));
  const { watch, timers, news } = watching();
  watch.start();
  watch.stop();
  writeFileSync(file, port(22));
  timers.poll();
  watch.check(true);
  assert.deepEqual([timers.pending, news], [0, []]);
});

test('a folder that is not there is no reason to throw, and its coming is noticed', () => {
  const later = join(folder, 'later', 'spillway.yaml');
  const { watch, timers, news } = watching(later);
  watch.start();
  timers.poll();
  mkdirSync(join(folder, 'later'));
  writeFileSync(later, port(1));
  timers.poll();
  assert.deepEqual(news, ['port 1']);
  watch.stop();
});

test('a loader that throws is a refusal', () => {
  writeFileSync(file, port(1));
  const refused: string[] = [];
  const watch = new ConfigWatch({
    file,
    timers: new HandTimers(),
    loadConfig: () => {
      throw new Error('surprise');
    },
    onConfig: () => assert.fail(),
    onRefused: (problems) => refused.push(...problems),
  });
  watch.check(true);
  assert.deepEqual(refused, [`${file}: surprise`]);
});

test('the folder’s own events are enough, without the poll', async () => {
  writeFileSync(file, port(1));
  const { promise, resolve } = Promise.withResolvers<Config>();
  // Settling in real time; the poll never comes.
  const timers: Timers = {
    after: (delayMs, fire) => {
      const timeout = delayMs === SETTLE_MS ? setTimeout(fire, delayMs) : null;
      return { cancel: () => timeout && clearTimeout(timeout) };
    },
  };
  const watch = new ConfigWatch({ file, timers, loadConfig: () => read(file), onConfig: resolve, onRefused: () => {} });
  watch.start();
  writeFileSync(`${file}.swap`, port(22));
  renameSync(`${file}.swap`, file);
  const alive = setInterval(() => {}, 1_000);
  assert.equal((await promise).port, 22);
  clearInterval(alive);
  watch.stop();
});

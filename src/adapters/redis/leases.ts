// Leases: which gateway makes an answer that several are asked for. One small key in Redis an answer, set by who comes first,
// renewed while the answer is in the making, and gone by itself when its gateway dies. Nothing depends on one: who cannot be
// told goes on as if it were alone. It must never keep a request waiting past its budget, nor end a lease that is another's.
import type { Redis } from 'ioredis';
import type { CacheKey, CacheRead, Lease } from '../../ports/cache.ts';
import type { Timer } from '../../ports/clock.ts';
import type { RedisClient } from './clients.ts';
import type { HotPath } from './hot-path.ts';
import type { RedisTime } from './node-gate.ts';
import { leasePath } from './paths.ts';

/** A gateway that does not renew it for so long is taken for dead. */
const LEASE_MS = 6_000;
const RENEW_MS = 2_000;
/** How long it outlives an answer that is kept: until that can be found by everybody. */
const LINGER_MS = 500;
/** Renewing and ending are waited for by nobody. */
const ASIDE_MS = 1_000;

/** Of one's own only; answers 1 when it was. */
const EXTEND = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`;
const END = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`;

export class Leases {
  readonly #time: RedisTime;
  readonly #hotPath: HotPath;
  readonly #prefix: string;
  readonly #owner: string;
  readonly #held = new Set<HeldLease>();
  #count = 0;

  constructor(time: RedisTime, hotPath: HotPath, prefix: string) {
    this.#time = time;
    this.#hotPath = hotPath;
    this.#prefix = prefix;
    this.#owner = [time.chance.draw(), time.chance.draw()].map((draw) => draw.toString(36).slice(2)).join('');
  }

  take(key: CacheKey, budgetMs: number, done: (lease: Lease | 'held' | null) => void): CacheRead {
    const path = leasePath(this.#prefix, key);
    const id = `${this.#owner}:${++this.#count}`;
    let isWanted = true;
    this.#hotPath.ask(
      path,
      budgetMs,
      (client) => client.set(path, id, 'PX', LEASE_MS, 'NX'),
      (told) => {
        const lease = told?.reply === 'OK' ? this.#begin(path, id) : null;
        if (isWanted) done(lease ?? (told === null ? null : 'held'));
        else lease?.end(false);
      },
    );
    return {
      cancel: () => {
        isWanted = false;
      },
    };
  }

  close(): void {
    for (const lease of this.#held) lease.close();
    this.#held.clear();
  }

  #begin(path: string, id: string): HeldLease {
    const run = (script: string, args: readonly string[], done: (isOurs: boolean) => void): void => {
      const send = (client: RedisClient): Promise<unknown> => (client as Redis).eval(script, 1, path, id, ...args);
      this.#hotPath.ask(path, ASIDE_MS, send, (told) => done(told !== null && told.reply === 1));
    };
    const lease = new HeldLease(this.#time, run, () => this.#held.delete(lease));
    this.#held.add(lease);
    return lease;
  }
}

type Run = (script: string, args: readonly string[], done: (isOurs: boolean) => void) => void;

class HeldLease implements Lease {
  readonly #time: RedisTime;
  readonly #run: Run;
  readonly #onEnded: () => void;
  #timer: Timer | null = null;
  #isOver = false;

  constructor(time: RedisTime, run: Run, onEnded: () => void) {
    this.#time = time;
    this.#run = run;
    this.#onEnded = onEnded;
    this.#arm();
  }

  end(isKept: boolean): void {
    if (this.#isOver) return;
    this.close();
    this.#onEnded();
    if (isKept) this.#run(EXTEND, [String(LINGER_MS)], () => {});
    else this.#run(END, [], () => {});
  }

  close(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  /** One that was lost to another is not fought for: two answers are no harm. */
  #arm(): void {
    this.#timer = this.#time.timers.after(RENEW_MS, () => {
      this.#run(EXTEND, [String(LEASE_MS)], () => {
        if (!this.#isOver) this.#arm();
      });
    });
  }
}

// Shared keys: a worker's side of key limits. Each reservation is asked of the primary; when it does not answer in time, a
// part of the limit is kept here meanwhile, so that no request waits for a primary that is stuck.
//
//   ask ──verdict in time──▶ reserved or refused, by the primary
//    └──none in time──▶ decided here, by this worker's part; for a moment the primary is not asked at all
import type { MonotonicMs } from '../../kernel/brands.ts';
import { fail, ok, type Result } from '../../kernel/result.ts';
import type { BurstCircumstances } from '../../policy/burst.ts';
import { KeyLimits, type KeyQuota, type LimitLevels, type LimitRefusal } from '../../policy/key-limits.ts';
import type { Reservation } from '../../policy/key-limits.ts';
import type { Clock, Timer, Timers } from '../../ports/clock.ts';
import type { KeyKeeper, LimitedKey } from '../../gateway/key-ledger.ts';
import type { Order, Report, Say } from './words.ts';

/** The primary answers within a millisecond, and within some hundred where others take every core. */
const VERDICT_MS_MAX = 1_000;
/** Of it, the last: what came while this very process stood still is heard before anybody gives up. */
const HEAR_MS = 50;
/** After a verdict that did not come: so long nobody else waits for one. */
const DISTRUST_MS = 2_000;

type Verdict = Extract<Order, { kind: 'verdict' }>;
type Done = (reserved: Result<Reservation, LimitRefusal>) => void;

interface Asked {
  readonly key: SharedKey;
  readonly tokens: number;
  readonly circumstances: BurstCircumstances;
  readonly askedAt: MonotonicMs;
  readonly done: Done;
}

export class SharedKeys implements KeyKeeper {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #say: Say<Report>;
  readonly #members: number;
  readonly #keys = new Map<string, SharedKey | KeyLimits>();
  /** Oldest first. */
  readonly #asked = new Map<number, Asked>();
  #lastId = 0;
  #sweep: Timer | null = null;
  #distrustUntil: number = -Infinity;
  #isSilent = false;
  /** Told once each time that the primary falls silent, and once when it speaks again. */
  onSilence: (isSilent: boolean) => void = () => {};

  constructor(time: { readonly clock: Clock; readonly timers: Timers }, members: number, say: Say<Report>) {
    this.#clock = time.clock;
    this.#timers = time.timers;
    this.#members = members;
    this.#say = say;
  }

  of(sha256: string): KeyQuota | null {
    return this.#keys.get(sha256) ?? null;
  }

  adopt(keys: ReadonlyMap<string, LimitedKey>): void {
    for (const sha256 of this.#keys.keys()) if (!keys.has(sha256)) this.#keys.delete(sha256);
    for (const { sha256, limits } of keys.values()) {
      const known = this.#keys.get(sha256);
      // What limits nothing needs nobody's word.
      const isLimited = Object.values(limits).some((limit) => limit !== null);
      const part = partOf(limits, this.#members);
      if (known !== undefined && known instanceof SharedKey === isLimited) known.update(part);
      else this.#keys.set(sha256, isLimited ? new SharedKey(sha256, new KeyLimits(part), this) : new KeyLimits(limits));
    }
  }

  close(): void {
    this.#sweep?.cancel();
  }

  /** For one of its keys. */
  ask(key: SharedKey, tokens: number, now: MonotonicMs, circumstances: BurstCircumstances, done: Done): void {
    if (now < this.#distrustUntil) return done(key.part.reserve(tokens, now, () => circumstances));
    const id = ++this.#lastId;
    this.#asked.set(id, { key, tokens, circumstances, askedAt: now, done });
    this.#say({ kind: 'reserve', id, key: key.sha256, tokens, circumstances });
    if (this.#sweep === null) this.#giveUpAfter(VERDICT_MS_MAX);
  }

  onVerdict({ id, refusal, levels }: Verdict): void {
    const asked = this.#asked.get(id);
    if (asked !== undefined) this.#note(false);
    // It came too late: what it reserved is not used.
    if (asked === undefined) return refusal === null ? this.#say({ kind: 'settle', id, tokens: null }) : undefined;
    this.#asked.delete(id);
    if (levels !== null) asked.key.hear(levels, this.#clock.now());
    asked.done(refusal === null ? ok(this.#reservation(id)) : fail(refusal));
  }

  #reservation(id: number): Reservation {
    let isOpen = true;
    const end = (tokens: number | null): void => {
      if (!isOpen) return;
      isOpen = false;
      this.#say({ kind: 'settle', id, tokens });
    };
    return { settle: (tokens) => end(tokens), cancel: () => end(null) };
  }

  #note(isSilent: boolean): void {
    if (isSilent === this.#isSilent) return;
    this.#isSilent = isSilent;
    this.onSilence(isSilent);
  }

  #giveUpAfter(delayMs: number): void {
    this.#sweep = this.#timers.after(Math.max(0, delayMs - HEAR_MS), () => {
      this.#sweep = this.#timers.after(HEAR_MS, () => this.#giveUp());
    });
  }

  #giveUp(): void {
    this.#sweep = null;
    const now = this.#clock.now();
    for (const [id, { key, tokens, circumstances, askedAt, done }] of this.#asked) {
      const leftMs = askedAt + VERDICT_MS_MAX - now;
      if (leftMs > 0) {
        this.#giveUpAfter(leftMs);
        return;
      }
      this.#asked.delete(id);
      this.#distrustUntil = now + DISTRUST_MS;
      this.#note(true);
      done(key.part.reserve(tokens, now, () => circumstances));
    }
  }
}

class SharedKey implements KeyQuota {
  readonly sha256: string;
  /** For when the primary is silent. */
  readonly part: KeyLimits;
  readonly #owner: SharedKeys;
  #levels: LimitLevels | null = null;
  #heardAt = 0;

  constructor(sha256: string, part: KeyLimits, owner: SharedKeys) {
    this.sha256 = sha256;
    this.part = part;
    this.#owner = owner;
  }

  ask(tokens: number, now: MonotonicMs, circumstances: () => BurstCircumstances, done: Done): void {
    this.#owner.ask(this, tokens, now, circumstances(), done);
  }

  update(part: LimitedKey['limits']): void {
    this.part.update(part);
  }

  hear(levels: LimitLevels, now: MonotonicMs): void {
    this.#levels = levels;
    this.#heardAt = now;
  }

  /** As heard last; what the other workers have used since is not known here. */
  levels(now: MonotonicMs): LimitLevels {
    if (this.#levels === null) return this.part.levels(now);
    const sinceMs = now - this.#heardAt;
    const aged = (level: LimitLevels['requests']): LimitLevels['requests'] =>
      level === null ? null : { ...level, resetMs: Math.max(0, level.resetMs - sinceMs) };
    return { requests: aged(this.#levels.requests), tokens: aged(this.#levels.tokens) };
  }
}

/** At least one of each: a limit of few must not become one of none while the primary is silent. */
function partOf(limits: LimitedKey['limits'], members: number): LimitedKey['limits'] {
  const part = (limit: number | null): number | null =>
    limit === null || limit === 0 ? limit : Math.max(1, Math.floor(limit / members));
  return {
    requestsPerMinute: part(limits.requestsPerMinute),
    tokensPerMinute: part(limits.tokensPerMinute),
    maxConcurrent: part(limits.maxConcurrent),
  };
}

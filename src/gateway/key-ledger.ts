// Key ledger: what each key has used, and what is usual for it. It outlives reloads, and what is usual outlives the process.
import { isObject, type JsonObject } from '../kernel/json.ts';
import { KeyLimits, type KeyQuota } from '../policy/key-limits.ts';
import type { KeyConfig } from '../ports/config.ts';
import type { StateStore } from '../ports/state.ts';
import type { Timer } from '../ports/clock.ts';
import type { Kit } from './kit.ts';

const STATE_NAME = 'usualByKey';
/** Keys learn on the hour, most of them within the same minute: they are saved together. */
const SAVE_AFTER_MS = 60_000;

/** What must be known of a key to keep what it used. */
export type LimitedKey = Pick<KeyConfig, 'name' | 'sha256' | 'limits'>;

/** Who keeps what keys have used. */
export interface KeyKeeper {
  /** Null: the key is not known. */
  of(sha256: string): KeyQuota | null;
  adopt(keys: ReadonlyMap<string, LimitedKey>): void;
  close(): void;
}

type LedgerKit = Pick<Kit, 'clock' | 'timers'>;

export class KeyLedger implements KeyKeeper {
  readonly #kit: LedgerKit;
  readonly #state: StateStore;
  readonly #limits = new Map<string, { readonly name: string; readonly limits: KeyLimits }>();
  #saving: Timer | null = null;

  constructor(kit: LedgerKit, state: StateStore) {
    this.#kit = kit;
    this.#state = state;
  }

  /** Null: the key is not known. */
  of(sha256: string): KeyLimits | null {
    return this.#limits.get(sha256)?.limits ?? null;
  }

  /** What a key has used stays used; keys that left are forgotten. */
  adopt(keys: ReadonlyMap<string, LimitedKey>): void {
    for (const sha256 of this.#limits.keys()) if (!keys.has(sha256)) this.#limits.delete(sha256);
    const kept = this.#state.load(STATE_NAME);
    for (const { name, sha256, limits } of keys.values()) {
      const known = this.#limits.get(sha256);
      if (known !== undefined) {
        known.limits.update(limits);
        continue;
      }
      const own = isObject(kept) && Object.hasOwn(kept, name) ? kept[name] : null;
      const learning = {
        wall: () => this.#kit.clock.wall(),
        known: isObject(own) ? own : {},
        onLearned: () => this.#saveSoon(),
      };
      this.#limits.set(sha256, { name, limits: new KeyLimits(limits, learning) });
    }
  }

  /** What was learned and not saved yet is saved now. */
  close(): void {
    if (this.#saving === null) return;
    this.#saving.cancel();
    this.#save();
  }

  #saveSoon(): void {
    this.#saving ??= this.#kit.timers.after(SAVE_AFTER_MS, () => this.#save());
  }

  #save(): void {
    this.#saving = null;
    const usual: JsonObject = {};
    for (const { name, limits } of this.#limits.values()) usual[name] = limits.usual();
    this.#state.save(STATE_NAME, usual);
  }
}

// Answer store: whole answers by request, bounded in bytes and entries, the least recently used leaving first. It lives and
// dies with the process: nothing is written anywhere.
import type { Freshness } from './freshness.ts';

export interface StoredAnswer extends Freshness {
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array<ArrayBuffer>;
  /** Values of the request headers in `vary`, as they were. */
  readonly variedBy: readonly (string | null)[];
  /** Its age when it came, and when that was. */
  readonly ageMs: number;
  readonly storedAt: number;
  readonly keepUntil: number;
}

export interface StoreLimits {
  readonly bytesMax: number;
  readonly entriesMax: number;
}

/** Map slot, object and headers, by measure on V8: about a kilobyte. */
const ENTRY_BYTES = 1024;

export class AnswerStore {
  readonly #limits: StoreLimits;
  readonly #entries = new Map<string, StoredAnswer>();
  #bytes = 0;

  constructor(limits: StoreLimits) {
    this.#limits = limits;
  }

  get(key: string, now: number): StoredAnswer | null {
    const found = this.#entries.get(key);
    if (found === undefined) return null;
    if (found.keepUntil <= now) {
      this.delete(key);
      return null;
    }
    this.#entries.delete(key);
    this.#entries.set(key, found);
    return found;
  }

  set(key: string, answer: StoredAnswer): void {
    this.delete(key);
    const bytes = bytesOf(key, answer);
    if (bytes > this.#limits.bytesMax || this.#limits.entriesMax < 1) return;
    this.#entries.set(key, answer);
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#limits.bytesMax && this.#entries.size <= this.#limits.entriesMax) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const found = this.#entries.get(key);
    if (found === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= bytesOf(key, found);
  }
}

/** A JavaScript string takes up to two bytes a character. */
function bytesOf(key: string, answer: StoredAnswer): number {
  return ENTRY_BYTES + 2 * key.length + answer.body.byteLength;
}

// Recall: what the cache has to do with one exchange: its key, what its caller allows, what was found, and whose answer it
// reads or makes. Null on an exchange whose model keeps no answers.
import type { CacheUse } from '../kernel/facts.ts';
import type { Fault } from '../kernel/fault.ts';
import type { CacheEntry, CacheKey, CacheRead } from '../ports/cache.ts';
import type { CacheControls } from '../policy/cache-eligibility.ts';
import type { KeptTimes } from '../policy/cache-directives.ts';
import type { Standing } from '../policy/freshness.ts';
import type { Flight, FlightEnd, FlightReader } from './flight.ts';
import type { Bid } from './leadership.ts';
import type { Replay } from './replay.ts';
import type { Place } from './semantic-cache.ts';

export interface Recall {
  readonly controls: CacheControls;
  /** Null: its answer is neither kept nor looked for. */
  readonly key: CacheKey | null;
  /** It makes an entry anew that others are still given: nobody waits for it. */
  readonly refreshes: boolean;
  status: CacheUse['status'];
  level: CacheUse['level'];
  /** What is kept, whatever its standing. */
  entry: CacheEntry | null;
  standing: Standing;
  /** Its target refused the same request a moment ago. */
  refusal: Fault | null;
  /** Beside other questions; null: it was not looked for. */
  place: Place | null;
  /** The lookup under way beyond our own memory, or for a similar question. */
  read: CacheRead | null;
  /** The answer that it makes, or that it reads. */
  flight: Flight | null;
  /** As a reader of another's; null: it makes the answer itself, or none. */
  reader: FlightReader | null;
  /** Its word to other gateways that it makes the answer; null: none was asked. */
  bid: Bid | null;
  /** Another gateway made it while it was waited for. */
  follows: boolean;
  /** The answer it has made, and what is kept of it (null: nothing); null: none yet. */
  made: { readonly end: FlightEnd; readonly entry: CacheEntry | null } | null;
  /** For caches outside: the times of the answer it is given; null: not to be kept there. */
  times: KeptTimes | null;
  /** A kept answer that is being told at a pace. */
  replay: Replay | null;
  /** Of the answer it was given; null while it was given none of ours. */
  ageMs: number | null;
  savedTokens: number;
  savedMicroUsd: number | null;
  /** Tokens that count against the key's limit; null: it was given no answer of ours. */
  chargedTokens: number | null;
}

export const newRecall = (
  key: CacheKey | null,
  controls: CacheControls,
  refreshes: boolean,
  status: CacheUse['status'],
): Recall => ({
  controls,
  key,
  refreshes,
  status,
  level: null,
  entry: null,
  standing: 'gone',
  refusal: null,
  place: null,
  read: null,
  flight: null,
  reader: null,
  bid: null,
  follows: false,
  made: null,
  times: null,
  replay: null,
  ageMs: null,
  savedTokens: 0,
  savedMicroUsd: null,
  chargedTokens: null,
});

/** Nobody need be asked: an answer, or a refusal, is at hand. */
export const isSettled = (recall: Recall | null): boolean =>
  recall !== null && (recall.refusal !== null || recall.standing === 'fresh' || recall.standing === 'early');

export const useOf = (recall: Recall): CacheUse => ({
  status: recall.status,
  level: recall.level,
  ageMs: recall.ageMs,
  savedTokens: recall.savedTokens,
  savedMicroUsd: recall.savedMicroUsd,
});

// Stale answers: what may be answered in overload without asking anybody. Nobody keeps answers yet; this is where a cache
// will be asked.
import type { CanonicalRequest } from '../kernel/chat.ts';
import type { JsonObject } from '../kernel/json.ts';

export interface StaleAnswers {
  /** A canonical whole answer (`chat.completion`) that this key may see; null: none. `key` null: the gateway is open. */
  find(request: CanonicalRequest, key: string | null): JsonObject | null;
}

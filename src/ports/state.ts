// State: what was learned and should outlive the process, as named JSON values. Losing it costs nothing but learning anew.
import type { JsonValue } from '../kernel/json.ts';

export interface StateStore {
  /** As it was saved last; null: nothing is known. May be anything that an older version, or a person, has written. */
  load(name: string): JsonValue | null;
  /** Kept soon, not at once. */
  save(name: string, value: JsonValue): void;
}

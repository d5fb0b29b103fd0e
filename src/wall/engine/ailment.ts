// Ailment: what is wrong with an engine at the moment, as whoever breaks it on purpose says it. It must never be changed by
// the engine itself: who healed it would not know.
import { type Condition, healthy } from '../../engine/batch-engine.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { fail, ok, type Result } from '../../kernel/result.ts';

export interface Ailment {
  /** So many times slower; 1: it is not. Null: it stands still. */
  readonly slow: number | null;
  /** New requests get this status; null: they are taken. */
  readonly refuse: 429 | 503 | null;
  /** Every connection is reset, those under way too. */
  readonly dead: boolean;
}

export const well: Ailment = { slow: 1, refuse: null, dead: false };

const SLOW_MAX = 1_000;
const known = ['slow', 'refuse', 'dead'];

/** What is not named stays as it is. */
export function readAilment(body: JsonObject, before: Ailment): Result<Ailment, string> {
  const stranger = Object.keys(body).find((name) => !known.includes(name));
  if (stranger !== undefined) return fail(`there is no ${stranger}, only ${known.join(', ')}`);
  const { slow = before.slow, refuse = before.refuse, dead = before.dead } = body;
  if (slow !== null && !(typeof slow === 'number' && slow >= 1 && slow <= SLOW_MAX)) {
    return fail(`slow is a number from 1 to ${SLOW_MAX}, or null when the engine is to stand still`);
  }
  if (refuse !== null && refuse !== 429 && refuse !== 503) return fail('refuse is 429, 503 or null');
  if (typeof dead !== 'boolean') return fail('dead is true or false');
  return ok({ slow, refuse, dead });
}

export const conditionOf = ({ slow }: Ailment): Condition => ({ ...healthy, speed: slow === null ? 0 : 1 / slow });

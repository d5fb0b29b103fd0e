// Refusals: what was wrong with a request is remembered for a minute, so that the same one is not sent again and again. Only
// what no target would ever take; never trouble that passes.
import { RecentMap } from '../kernel/bounded.ts';
import { type WallMs, wallMs } from '../kernel/brands.ts';
import type { Fault } from '../kernel/fault.ts';
import { limits } from '../kernel/limits.ts';
import type { CacheKey } from '../ports/cache.ts';
import type { Exchange } from './exchange.ts';
import { isOwnFault } from './loss.ts';
import type { Recall } from './recall.ts';

const REFUSAL_MS = 60_000;

export class Refusals {
  readonly #refusals = new RecentMap<CacheKey, { readonly fault: Fault; readonly until: WallMs }>(limits.refusalsKept);

  of(key: CacheKey, now: WallMs): Fault | null {
    const refused = this.#refusals.get(key);
    return refused !== undefined && now < refused.until ? refused.fault : null;
  }

  remember(exchange: Exchange, { key, controls }: Recall, fault: Fault, now: WallMs): void {
    const isOwn = isOwnFault(fault) && fault.status !== null;
    if (!isOwn || key === null || !controls.stores || exchange.attempts === 0 || exchange.degraded.length > 0) return;
    this.#refusals.delete(key);
    this.#refusals.set(key, { fault, until: wallMs(now + REFUSAL_MS) });
  }
}

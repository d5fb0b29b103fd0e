// Occupancy: who holds how much of a target, by lane and by tenant. In a full window everybody waits for somebody's answer to
// end, however light his own demand; so who holds clearly more than his share leaves a part of the window to the others.
// It must never keep a tenant who holds nothing, nor limit one who is alone.
import type { Lane } from '../kernel/lane.ts';

/** Part of a window that those may fill who hold more than their share. */
export const GREEDY_SHARE = 0.85;
/** So many times a fair share is clearly more. */
const CLEARLY = 3;

export class Occupancy {
  readonly lanes: Record<Lane, number> = { vip: 0, standard: 0, batch: 0 };
  readonly #tenants = new Map<string, number>();

  take(lane: Lane, tenant: string, tokens: number): void {
    this.lanes[lane] += tokens;
    this.#tenants.set(tenant, (this.#tenants.get(tenant) ?? 0) + tokens);
  }

  giveBack(lane: Lane, tenant: string, tokens: number): void {
    this.lanes[lane] -= tokens;
    const left = (this.#tenants.get(tenant) ?? 0) - tokens;
    // Sums of fractions leave crumbs.
    if (left > 1e-6) this.#tenants.set(tenant, left);
    else this.#tenants.delete(tenant);
  }

  /** It holds, with these tokens, clearly more than an equal share of what all hold. */
  isGreedy(tenant: string, tokens: number): boolean {
    const own = this.#tenants.get(tenant) ?? 0;
    const present = this.#tenants.size + (own === 0 ? 1 : 0);
    if (present < 2) return false;
    const all = this.lanes.vip + this.lanes.standard + this.lanes.batch + tokens;
    return own + tokens > (CLEARLY * all) / present;
  }
}

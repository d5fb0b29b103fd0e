// Lane shares: how far lane order goes. Lanes are strict, with two exceptions: vips who hold more than half of the capacity
// lose their precedence while others wait, and batch is owed a fiftieth of what is served while it waits.
// It must never leave capacity idle: shares change the order of asking, not what may be asked.
import type { Lane } from '../kernel/lane.ts';

const VIP_SHARE_MAX = 0.5;
export const BATCH_SHARE_MIN = 0.02;

/** The vip lane holds more than its share; with no capacity known it cannot. */
export function vipIsOverShare(inFlightTokens: Readonly<Record<Lane, number>>, capacityTokens: number): boolean {
  return capacityTokens > 0 && inFlightTokens.vip > VIP_SHARE_MAX * capacityTokens;
}

/** Counts what batch is owed. Only waiting earns: with nobody in the lane the account is closed. */
export class BatchFloor {
  /** Tokens of others that batch has not had its share of yet; whole numbers, so that no share is lost in rounding. */
  #servedToOthers = 0;

  onServed(lane: Lane, tokens: number, batchWaits: boolean): void {
    if (!batchWaits) this.#servedToOthers = 0;
    else if (lane !== 'batch') this.#servedToOthers += tokens;
    else this.#servedToOthers = Math.max(0, this.#servedToOthers - tokens / BATCH_SHARE_MIN);
  }

  /** Enough is owed for a request of this size to go first. */
  isDue(headTokens: number): boolean {
    return this.#servedToOthers > 0 && this.#servedToOthers * BATCH_SHARE_MIN >= headTokens;
  }
}

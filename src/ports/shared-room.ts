// Shared room: limits of far sides that several processes of one gateway keep together. What is there to be had is told
// later, if it is not at hand: whoever finds none waits, and is looked at again when there may be some.
import type { MonotonicMs } from '../kernel/brands.ts';

/** Places for what is in flight at once. */
export interface SharedSlots {
  /** `whole`: places of all processes together. False: one more was asked for. */
  hasRoom(inFlight: number, whole: number): boolean;
  /** One of ours has ended. */
  ended(): void;
}

/** An amount per minute. */
export interface SharedRate {
  /** 0: it fits now; else it was asked for, and is worth another look then. */
  waitMs(cost: number, perMinute: number, now: MonotonicMs): number;
  /** Negative: it was not spent after all. */
  charge(amount: number, now: MonotonicMs): void;
}

/** What is told or learned of a far side's limits, of which each process takes a part. */
export interface SharedPart {
  /** Above 0; of all processes together at most 1. */
  readonly fraction: number;
  /** It is used; `bound`: and somebody was held back by it. */
  used(bound: boolean): void;
}

export interface SharedRoom {
  /** Processes that share. */
  readonly members: number;
  /** One for each name; `inFlight`: what it holds, whenever that is asked. */
  slots(name: string, inFlight: () => number): SharedSlots;
  rate(name: string): SharedRate;
  part(name: string): SharedPart;
}

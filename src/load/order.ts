// Order: what a load run is asked to do, as plain data that reaches every worker. It is checked where it is made (the command
// line, or the program that drives it); from here on it holds.
import type { Lane } from '../kernel/lane.ts';
import type { Expectations } from '../sim/workload.ts';
import type { Address } from './connections.ts';

export type ByLane<Value> = Readonly<Record<Lane, Value>>;

export interface LoadOrder {
  readonly address: Address;
  /** Of the chat endpoint. */
  readonly path: string;
  readonly model: string;
  /** `{tenant}` in it stands for the tenant's number; null: no `Authorization`. */
  readonly keys: ByLane<string | null>;
  readonly expectations: ByLane<Expectations>;
  /** Without a first token for so many times what its lane expects, a client leaves. */
  readonly patience: number;
  /** From the intended send to the end of the answer; whoever is not served by then leaves. */
  readonly answerMsMax: number;
  /** Further tries of one request after a refusal or a fault, as SDKs make them. */
  readonly retries: number;
  /** Says in `x-spillway-deadline-ms` when its lane expects the first token. */
  readonly tellsDeadline: boolean;
  /** Sent as `max_tokens`: not how long an answer will be, only how long it may be. */
  readonly answerTokensMax: number;
  /** All workers together; what would exceed it is not sent, and counted as such. */
  readonly openMax: number;
  readonly workers: number;
}

/** The bounds of what may be asked. Each worker's memory and sockets follow from them. */
export const loadLimits = {
  requestsMax: 2_000_000,
  requestsPerSecondMax: 20_000,
  durationMsMax: 3_600_000,
  openMax: 18_000,
  workersMax: 16,
  tenantsMax: 10_000,
  retriesMax: 10,
} as const;

// Finding: one cause that the figures speak for, with what speaks for it and what helps. Pure words and numbers.

export const causes = {
  burst: 'A burst: suddenly more is asked for',
  shortage: 'Sustained shortage: more is asked for than there is capacity',
  slowUpstream: 'An upstream has become slow',
  brokenUpstream: 'An upstream is broken',
  saturated: "An engine's memory or batch is full",
  upstreamLimit: "A provider's limit is reached",
  noisyTenant: 'One caller takes most of it',
  retries: 'Retries multiply the load',
  deadCredential: 'A credential is refused or has no money left',
  ownLimits: 'Our own limits are too low',
  gateway: 'The gateway itself is short of processor, memory or sockets',
} as const;
export type Cause = keyof typeof causes;

export interface Finding {
  readonly cause: Cause;
  /** Upstream or caller it is about; null: all. */
  readonly about: string | null;
  /** 0 to 1: how much of the trouble it explains, as far as the figures can say. */
  readonly weight: number;
  readonly evidence: readonly string[];
  /** What to do about it. */
  readonly measure: string;
}

export const percent = (share: number): string => `${Math.round(share * 100)} %`;

export const milliseconds = (ms: number): string =>
  ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;

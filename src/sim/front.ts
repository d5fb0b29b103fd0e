// Front: whatever stands between clients and far sides: the real gateway, or one of the published limiters it is measured
// against. And the ask: one try of one client, as the simulation itself keeps book of it, apart from the code under test.
import type { Fact } from '../kernel/facts.ts';
import type { GaugeReading } from '../ports/gauges.ts';
import type { Wish } from './workload.ts';

export type AskEnding = 'answered' | 'refused' | 'broken' | 'left';

export interface Ask {
  /** Counts from 0 over all clients. */
  readonly number: number;
  readonly wish: Wish;
  /** 1 for the first try at this wish. */
  readonly attempt: number;
  readonly askedAt: number;
  /** Sends to far sides on its behalf. */
  sends: number;
  firstTokenAt: number | null;
  /** Tokens of the answer that its client has read. */
  tokensRead: number;
  endedAt: number | null;
  ending: AskEnding | null;
}

export interface Refused {
  readonly status: number;
  readonly retryAfterMs: number | null;
  /** False: the front asked the client not to try again. */
  readonly again: boolean;
}

/** Ends with exactly one of the last three, unless the client leaves before. May be called before `ask` has returned. */
export interface AskSink {
  /** So many further tokens of the answer. */
  onTokens(count: number): void;
  onDone(): void;
  onRefused(refused: Refused): void;
  /** The answer broke off, or said an error. */
  onBroken(): void;
}

export interface AskCall {
  /** The client leaves. */
  leave(): void;
}

export interface Front {
  ask(ask: Ask, sink: AskSink): AskCall;
  /** Present state, for the checkers. */
  gauges(): readonly GaugeReading[];
}

/** Who is told what happens. Witnesses only look: nothing they do may change what happens next. */
export interface Witness {
  onAsked?(ask: Ask): void;
  onEnded?(ask: Ask): void;
  /** The client has its answer, or has given up for good. */
  onWishOver?(wish: Wish, last: Ask): void;
  onSend?(send: SendRecord): void;
  onSendEnded?(send: SendRecord): void;
  /** A fact told by the gateway. */
  onFact?(fact: Fact): void;
  /** A client read something that the answer does not go on with. */
  onWrongText?(ask: Ask): void;
  /** Once per simulated second. */
  onSecond?(nowMs: number): void;
}

export interface SendRecord {
  readonly ask: Ask;
  readonly upstream: string;
  readonly sentAt: number;
  /** Tokens of the answer its client had read when it was sent. */
  readonly tokensReadBefore: number;
  /** Continues an answer from where it broke off. */
  readonly resumes: boolean;
  refusedWith: number | null;
  /** The first token came. */
  began: boolean;
  /** The far side broke it off. */
  broke: boolean;
}

// Facts: things that happened. Logs, metrics, traces, the admin API and the simulator's checkers all read facts, and
// nothing but facts, so what they say cannot differ.
import type { ExchangeId, KeyName, ModelName, TargetId, UpstreamName, WallMs } from './brands.ts';
import type { FaultKind } from './fault.ts';
import type { Lane, Surface, Tier } from './lane.ts';
import type { RejectionKind } from './rejection.ts';
import type { Rung } from './rung.ts';
import type { Usage } from './usage.ts';

/** One line of an exchange's decision trail. */
export interface TrailStep {
  /** Milliseconds since the exchange began. */
  readonly atMs: number;
  /** authenticated, planned, skipped, queued, sent, late, hedge, overtaken, fault, resend, answered, rejected, abandoned … */
  readonly step: string;
  readonly target: TargetId | null;
  /** Why, in words; never a secret, never a prompt. */
  readonly why: string;
}

export interface TraceContext {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits: our span. */
  readonly spanId: string;
  /** 16 hex digits: the caller's span; null when the caller sent none. */
  readonly parentSpanId: string | null;
  readonly sampled: boolean;
  readonly state: string | null;
}

export interface AttemptFact {
  readonly exchange: ExchangeId;
  /** 1 for the first send of the exchange. */
  readonly number: number;
  /** Sent beside another attempt, whose first token was late. */
  readonly hedge: boolean;
  /** Another attempt had content sooner, and this one was aborted. */
  readonly overtaken: boolean;
  readonly target: TargetId;
  readonly upstream: UpstreamName;
  readonly provider: string;
  readonly model: ModelName;
  readonly tier: Tier;
  readonly surface: Surface;
  readonly startedAt: WallMs;
  readonly durationMs: number;
  /** Send to first content, reasoning or tool delta (whole answer when not streamed); null when none came. */
  readonly firstTokenMs: number | null;
  /** Keep-alive comments or blank lines seen: the far side is queueing. */
  readonly keepAlives: number;
  readonly status: number | null;
  /** Null: this attempt's answer was delivered, another was first, or the client left. */
  readonly fault: FaultKind | null;
  readonly faultMessage: string | null;
  /** As the provider said it; estimated from what came where it said nothing; null when nothing came. */
  readonly usage: Usage | null;
  /** What this send cost by list price, answered or not; null when no price or no usage is known. */
  readonly costMicroUsd: number | null;
}

/** What the cache did for one exchange. */
export interface CacheUse {
  /**
   * hit: answered by what was kept. stale: by what had run out. joined: by the answer that another exchange made meanwhile.
   * semantic: by what a similar question was answered. miss: nothing was kept. bypass: nothing was looked for. refresh: an entry made anew, for nobody in particular.
   */
  readonly status: 'hit' | 'stale' | 'semantic' | 'joined' | 'miss' | 'bypass' | 'refresh';
  /** Where the answer was found; null: it was not kept anywhere. */
  readonly level: 'local' | 'remote' | null;
  /** Of the answer given; null: it was made for this exchange. */
  readonly ageMs: number | null;
  /** What the answer took when it was made, prompt and completion; 0 where it was made for this exchange. */
  readonly savedTokens: number;
  readonly savedMicroUsd: number | null;
}

/** answered: whole answer delivered. rejected: our own no. failed: upstream trouble reached the client. abandoned: client left. */
export type Outcome = 'answered' | 'rejected' | 'failed' | 'abandoned';

export interface ExchangeFact {
  readonly id: ExchangeId;
  /** The caller's `x-request-id`, if it sent one. */
  readonly requestId: string | null;
  readonly trace: TraceContext;
  readonly key: KeyName | null;
  readonly lane: Lane;
  readonly surface: Surface | null;
  readonly modelAsked: string | null;
  readonly model: ModelName | null;
  readonly stream: boolean;
  readonly outcome: Outcome;
  /** Status the client saw; 499 when it left before one was sent. */
  readonly status: number;
  readonly rejection: RejectionKind | null;
  readonly fault: FaultKind | null;
  /** What was taken off the answer because of overload, mildest first; empty: nothing. */
  readonly degraded: readonly Rung[];
  /** Null: answers of this model are not kept. */
  readonly cache: CacheUse | null;
  readonly target: TargetId | null;
  readonly upstream: UpstreamName | null;
  readonly provider: string | null;
  readonly upstreamModel: string | null;
  readonly attempts: number;
  readonly usage: Usage | null;
  /** Millionths of a US dollar by the provider's list price; null when no price is known. */
  readonly costMicroUsd: number | null;
  readonly startedAt: WallMs;
  readonly durationMs: number;
  readonly queueMs: number;
  /** Time that was ours: neither waiting in the queue nor for an upstream. */
  readonly overheadMs: number;
  /** Arrival to first content delivered. */
  readonly firstTokenMs: number | null;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly trail: readonly TrailStep[];
}

export type BreakerState = 'closed' | 'open' | 'half-open';

export type Fact =
  | { readonly kind: 'exchange'; readonly exchange: ExchangeFact }
  | { readonly kind: 'attempt'; readonly attempt: AttemptFact }
  | {
      readonly kind: 'breaker';
      readonly at: WallMs;
      readonly target: TargetId;
      readonly from: BreakerState;
      readonly to: BreakerState;
      readonly why: string;
    }
  | {
      /** A credential was taken out of rotation, or came back (`restMs` 0). `ordinal` counts from 1; the secret is never told. */
      readonly kind: 'credential';
      readonly at: WallMs;
      readonly upstream: UpstreamName;
      readonly ordinal: number;
      readonly restMs: number;
      readonly why: string;
    }
  | {
      readonly kind: 'health';
      readonly at: WallMs;
      readonly upstream: UpstreamName;
      readonly healthy: boolean;
      readonly why: string;
    }
  | {
      readonly kind: 'config';
      readonly at: WallMs;
      readonly accepted: boolean;
      readonly version: number;
      readonly source: string;
      /** What is loaded, or why it was refused: one line per problem. */
      readonly notes: readonly string[];
    }
  | {
      /** The gateway protects itself: exchanges of these lanes are refused from now on; none: no longer. */
      readonly kind: 'pressure';
      readonly at: WallMs;
      readonly sheds: readonly Lane[];
      readonly why: string;
    }
  | {
      /** The ladder of one model's lane was climbed or left by a level; 0: answers are as they should be. */
      readonly kind: 'degradation';
      readonly at: WallMs;
      readonly model: ModelName;
      readonly lane: Lane;
      readonly level: number;
      readonly why: string;
    }
  | {
      /** An answer was made to a question that a similar one's answer is kept of, and the two were compared. */
      readonly kind: 'comparison';
      readonly at: WallMs;
      readonly model: ModelName;
      /** Of the questions; 1: the same. */
      readonly likeness: number;
      readonly agreed: boolean;
      /** But for the comparison, it would have been given; else it was only learned from. */
      readonly wouldBeGiven: boolean;
    }
  | {
      /** Similar questions of a model are given each other's answers from now on, or no longer. */
      readonly kind: 'semantic';
      readonly at: WallMs;
      readonly model: ModelName;
      readonly state: 'shadow' | 'serving' | 'off';
      readonly compared: number;
      readonly wrong: number;
      /** Upper bound (95 %) of the share of wrong ones. */
      readonly errorBound: number;
    }
  | {
      /** Something beside the gateway's way of answering does not work; it goes on without. */
      readonly kind: 'trouble';
      readonly at: WallMs;
      readonly where: string;
      readonly why: string;
    }
  | { readonly kind: 'state'; readonly at: WallMs; readonly state: GatewayState; readonly why: string }
  | { readonly kind: 'bug'; readonly at: WallMs; readonly where: string; readonly error: string };

export type GatewayState = 'starting' | 'ready' | 'draining' | 'stopped';

// Exchange: the record of one client request and everything that happens to it. All fields are set at birth; each is
// written by the step that owns it. It holds data only: what happens next is the pipeline's. Who is being asked while it is
// calling stands in its race: one attempt, or two beside each other.
//
//   arriving ──body──▶ planning ──▶ waiting ──ticket──▶ calling ──content──▶ relaying ──▶ ended
//                         │         │  ▲  ▲                │                  │
//                         ▼         ▼  │  └─failover,resend┘                  │
//                       ended    ended └──────────resume, restart─────────────┘
import { type ExchangeId, exchangeId, type MonotonicMs, type TargetId, type WallMs } from '../kernel/brands.ts';
import type { CanonicalRequest } from '../kernel/chat.ts';
import type { AnswerIdentity, DoorDialect, DoorStream } from '../dialects/dialect.ts';
import type { Fault } from '../kernel/fault.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { Rung } from '../kernel/rung.ts';
import type { TraceContext, TrailStep } from '../kernel/facts.ts';
import type { HeaderList } from '../kernel/headers.ts';
import type { Lane, Surface } from '../kernel/lane.ts';
import { limits } from '../kernel/limits.ts';
import { assert } from '../kernel/result.ts';
import type { Timer } from '../ports/clock.ts';
import type { InboundHead, Reply } from '../ports/door.ts';
import type { KeyQuota, Reservation } from '../policy/key-limits.ts';
import type { Rescue } from '../policy/rescue.ts';
import type { PrefixMarks } from '../policy/affinity.ts';
import type { Seat } from '../policy/fair-room.ts';
import type { Prepared } from '../providers/provider.ts';
import type { Attempt } from './attempt.ts';
import { type Demand, noDemand } from './demand.ts';
import type { Kit } from './kit.ts';
import { Race } from './race.ts';
import type { Recall } from './recall.ts';
import type { Key, Model, Snapshot, Target } from './snapshot.ts';
import { traceContext } from './trace.ts';
import type { WaitingGroup } from './waiting-groups.ts';
import { Transcript } from './transcript.ts';

export type Phase = 'arriving' | 'planning' | 'waiting' | 'calling' | 'relaying' | 'ended';

export interface PlannedTarget {
  readonly target: Target;
  /** The model it stands for: the one asked, or a fallback the request named. */
  readonly model: Model;
  readonly prepared: Prepared;
  /** Targets of one rank are interchangeable; ranks are asked in order. */
  readonly rank: number;
  /** Sent to at least once by this exchange. */
  tried: boolean;
  /** Sends to this same target after the first. */
  resends: number;
}

export interface Again {
  readonly planned: PlannedTarget;
  /** With another credential than last time: not the account that was in trouble. */
  readonly otherCredential: boolean;
}

export interface Birth {
  readonly head: InboundHead;
  readonly reply: Reply;
  readonly surface: Surface;
  readonly dialect: DoorDialect;
  readonly snapshot: Snapshot;
  /** Headers that every answer on this door carries (CORS). */
  readonly doorHeaders: HeaderList;
}

export class Exchange {
  readonly id: ExchangeId;
  readonly head: InboundHead;
  readonly reply: Reply;
  readonly surface: Surface;
  readonly dialect: DoorDialect;
  readonly snapshot: Snapshot;
  readonly doorHeaders: HeaderList;
  readonly startedAt: MonotonicMs;
  readonly startedWall: WallMs;
  readonly trace: TraceContext;
  readonly requestId: string | null;
  /** How often the client's SDK has asked this before. */
  readonly clientRetries: number;
  readonly trail: TrailStep[] = [];

  phase: Phase = 'arriving';
  /** Its place among the live ones; null when it is not one of them. */
  liveAt: number | null = null;
  // authenticate
  key: Key | null = null;
  keyLimits: KeyQuota | null = null;
  lane: Lane = 'standard';
  // read
  bodyAt: MonotonicMs | null = null;
  body: Uint8Array | null = null;
  request: CanonicalRequest | null = null;
  // plan
  model: Model | null = null;
  plan: PlannedTarget[] = [];
  /** The request as targets get it: a stream, where a whole answer is gathered from one. */
  outbound: CanonicalRequest | null = null;
  // deadlines
  /** Later an answer need not begin. */
  firstTokenAt: MonotonicMs;
  totalAt: MonotonicMs;
  // cache
  /** Null: answers of its model are not kept. */
  recall: Recall | null = null;
  /** Its client has left; it goes on for those who read its answer too. */
  left = false;
  // degrade
  /** What was done to it on arrival. */
  readonly rungs: Rung[] = [];
  /** The model that may answer in its own model's place; null: none. */
  cheaperModel: Model | null = null;
  /** A canonical whole answer that nobody is asked for; null: somebody is. */
  standIn: JsonObject | null = null;
  // limit
  tokensReserved = 0;
  demand: Demand = noDemand;
  reservation: Reservation | null = null;
  // dispatch
  seat: Seat | null = null;
  /** Where it waits, or waited last. */
  waitingGroup: WaitingGroup | null = null;
  /** Of its beginning; made when first needed. */
  prefixMarks: PrefixMarks | null = null;
  queuedAt: MonotonicMs | null = null;
  queueMs = 0;
  queueTimer: Timer | null = null;
  /** The one target to ask again; null: any untried one. */
  again: Again | null = null;
  // call
  attempts = 0;
  /** The attempts under way. */
  readonly race = new Race();
  /** Whom it was sent to, or who answers. */
  current: PlannedTarget | null = null;
  firstSentAt: MonotonicMs | null = null;
  lastFault: Fault | null = null;
  totalTimer: Timer | null = null;
  backoffTimer: Timer | null = null;
  hedgeTimer: Timer | null = null;
  // relay
  #answer: DoorStream | null = null;
  readonly transcript = new Transcript();
  /** How a broken answer is being saved; null while it is whole. */
  rescue: Exclude<Rescue, 'none'> | null = null;
  /** Status 200 and headers have left: from here on failures are in-band. */
  committed = false;
  firstShownAt: MonotonicMs | null = null;
  /** Of all legs the client has read of; null while no price is known. */
  costMicroUsd: number | null = null;
  signTimer: Timer | null = null;
  bytesOut = 0;

  constructor(birth: Birth, kit: Kit) {
    this.id = exchangeId(`sx_${kit.chance.hex(24)}`);
    this.head = birth.head;
    this.reply = birth.reply;
    this.surface = birth.surface;
    this.dialect = birth.dialect;
    this.snapshot = birth.snapshot;
    this.doorHeaders = birth.doorHeaders;
    this.startedAt = birth.head.receivedAt;
    this.startedWall = kit.clock.wall();
    this.firstTokenAt = this.totalAt = this.startedAt;
    this.trace = traceContext(birth.head.headers, birth.snapshot.config.telemetry.sampleRatio, kit.chance);
    this.requestId = cleanRequestId(birth.head.headers['x-request-id']);
    this.clientRetries = retriesOf(birth.head.headers['x-stainless-retry-count']);
  }

  /** The one whose answer is told, or would be. */
  get attempt(): Attempt | null {
    return this.race.lead?.attempt ?? null;
  }

  /** Content has reached the client. */
  get shown(): boolean {
    return this.firstShownAt !== null;
  }

  /** What was taken off its answer because of overload, mildest first. */
  get degraded(): readonly Rung[] {
    const isCheaper = this.cheaperModel !== null && this.current?.model === this.cheaperModel;
    return isCheaper ? [...this.rungs, 'cheaper'] : this.rungs;
  }

  /** What answers of ours are called. */
  get identity(): AnswerIdentity {
    const { request } = this;
    assert(request !== null, 'only a request that was read is answered');
    return { id: this.id, model: request.model, created: Math.floor(this.startedWall / 1000), request };
  }

  /** The stream as the client reads it, over all legs. */
  get answer(): DoorStream {
    return (this.#answer ??= this.dialect.stream(this.identity));
  }

  /** Whom to ask: the one target of a resend, or every target not tried yet that can do what is left to do. */
  candidates(): PlannedTarget[] {
    if (this.again !== null) return [this.again.planned];
    return this.plan.filter((planned) => !planned.tried && this.mayTake(planned));
  }

  /** The prompt did not fit into this target: no other that is known to be no larger is asked. */
  needsMoreThan({ target }: PlannedTarget, now: MonotonicMs): void {
    const size = target.capabilities.contextTokens;
    for (const planned of this.plan) {
      const other = planned.target.capabilities.contextTokens;
      if (planned.tried || size === null || other === null || other > size) continue;
      planned.tried = true;
      this.note(now, 'skipped', planned.target.id, `has no more context than ${target.id}`);
    }
  }

  /** An answer that is resumed needs a target that continues a prefix. */
  mayTake(planned: PlannedTarget): boolean {
    return this.rescue !== 'resume' || planned.target.capabilities.prefix !== null;
  }

  note(now: MonotonicMs, step: string, target: TargetId | null, why: string): void {
    if (this.trail.length >= limits.trailStepsMax) return;
    this.trail.push({ atMs: now - this.startedAt, step, target, why });
  }
}

/** What is no count is nobody's. */
const retriesOf = (text: string | undefined): number => (/^\d{1,3}$/.test(text ?? '') ? Number(text) : 0);

/** Echoed to the caller and logged, so only what cannot break a header or a log line. */
function cleanRequestId(text: string | undefined): string | null {
  return text !== undefined && /^[\w.:/+=-]{1,128}$/.test(text) ? text : null;
}

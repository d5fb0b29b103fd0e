// Limited API: a hosted model behind limits that nobody was told: requests and tokens a minute, and how many at once. Below
// them answers come at a steady pace; above them come 429s, or, where it holds connections open instead, keep-alives.
// It must never admit above a limit: that is what the policies in front of it are measured by.
import { Fifo, type Link } from '../kernel/bounded.ts';
import { eventTokensMax, remotePace, type RemotePace } from './constants.ts';
import type { EngineClock, EngineTimer, FarSide, Job, JobCall, JobSink, Refusal } from './far-side.ts';

/** Null: no such limit. May change while it runs. */
export interface HiddenLimits {
  readonly concurrent: number | null;
  readonly tokensPerSecond: number | null;
  readonly requestsPerSecond: number | null;
}

/** What an API says of its limits when it refuses. */
export interface Manners {
  readonly tellsRetryAfter: boolean;
  readonly tellsRateHeaders: boolean;
  /** Above the concurrency limit: holds the request open with keep-alives instead of refusing it. */
  readonly holdsOpen: boolean;
  readonly holdMsMax: number;
}

export const bluntManners: Manners = {
  tellsRetryAfter: false,
  tellsRateHeaders: false,
  holdsOpen: false,
  holdMsMax: 600_000,
};

/** Buckets hold this much of their rate: limits per minute are enforced over a shorter time in practice. */
const BURST_SECONDS = 5;
const RATE_LIMITED = 429;

interface Held {
  readonly job: Job;
  readonly sink: JobSink;
  readonly run: Run;
}

/** One job's way through; `over` once it has ended or its asker has left. */
interface Run {
  over: boolean;
  timer: EngineTimer | null;
  keepAlive: EngineTimer | null;
  link: Link<Held> | null;
  served: boolean;
}

export class LimitedApi implements FarSide {
  readonly #clock: EngineClock;
  readonly #pace: RemotePace;
  readonly #manners: Manners;
  readonly #held = new Fifo<Held>(Number.POSITIVE_INFINITY);
  readonly #tokens = new Bucket();
  readonly #requests = new Bucket();
  limits: HiddenLimits;
  #inFlight = 0;

  constructor(
    clock: EngineClock,
    limits: HiddenLimits,
    manners: Manners = bluntManners,
    pace: RemotePace = remotePace,
  ) {
    this.#clock = clock;
    this.limits = limits;
    this.#manners = manners;
    this.#pace = pace;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  submit(job: Job, sink: JobSink): JobCall {
    const run: Run = { over: false, timer: null, keepAlive: null, link: null, served: false };
    const refusal = this.#refusalOf(job);
    if (refusal !== null) {
      run.timer = this.#clock.after(this.#pace.firstTokenBaseMs / 10, () => sink.onRefused(refusal));
    } else if (this.#isFull()) this.#hold({ job, sink, run });
    else this.#serve({ job, sink, run });
    return { cancel: () => this.#end(run) };
  }

  #isFull(): boolean {
    return this.limits.concurrent !== null && this.#inFlight >= this.limits.concurrent;
  }

  /** Charges the buckets when it does not refuse. */
  #refusalOf({ promptTokens, outputTokens }: Job): Refusal | null {
    const now = this.#clock.now();
    const { tokensPerSecond, requestsPerSecond } = this.limits;
    if (this.#isFull() && !this.#manners.holdsOpen) return this.#refusal(null, 'requests');
    const cost = promptTokens + outputTokens;
    const tokensMs = this.#tokens.waitMs(cost, tokensPerSecond, now);
    if (tokensMs > 0) return this.#refusal(tokensMs, 'tokens');
    const requestsMs = this.#requests.waitMs(1, requestsPerSecond, now);
    if (requestsMs > 0) return this.#refusal(requestsMs, 'requests');
    this.#tokens.charge(cost, tokensPerSecond);
    this.#requests.charge(1, requestsPerSecond);
    return null;
  }

  #refusal(waitMs: number | null, what: 'tokens' | 'requests'): Refusal {
    const { tellsRetryAfter, tellsRateHeaders } = this.#manners;
    const { tokensPerSecond, requestsPerSecond } = this.limits;
    const rate = what === 'tokens' ? tokensPerSecond : requestsPerSecond;
    const headers: Record<string, string> = {};
    if (tellsRateHeaders && rate !== null && waitMs !== null) {
      headers[`x-ratelimit-limit-${what}`] = String(Math.round(rate * 60));
      headers[`x-ratelimit-remaining-${what}`] = '0';
      headers[`x-ratelimit-reset-${what}`] = `${(waitMs / 1000).toFixed(3)}s`;
    }
    return { status: RATE_LIMITED, retryAfterMs: tellsRetryAfter ? (waitMs ?? 1000) : null, headers };
  }

  #hold(held: Held): void {
    const { run, sink } = held;
    run.link = this.#held.push(held);
    const beat = (): void => {
      run.keepAlive = this.#clock.after(this.#pace.keepAliveMs, () => {
        sink.onKeepAlive();
        if (!run.over && run.link !== null) beat();
      });
    };
    beat();
    run.timer = this.#clock.after(this.#manners.holdMsMax, () => {
      this.#end(run);
      sink.onBroken();
    });
  }

  #serve({ job, sink, run }: Held): void {
    this.#inFlight++;
    run.served = true;
    const { firstTokenBaseMs, perPromptTokenMs, perAnswerTokenMs } = this.#pace;
    let left = job.outputTokens - 1;
    const finish = (): void => {
      this.#end(run);
      sink.onDone();
    };
    const next = (): void => {
      if (run.over) return;
      if (left === 0) return finish();
      const count = Math.min(left, eventTokensMax);
      run.timer = this.#clock.after(count * perAnswerTokenMs, () => {
        left -= count;
        sink.onTokens(count);
        next();
      });
    };
    run.timer = this.#clock.after(firstTokenBaseMs + job.promptTokens * perPromptTokenMs, () => {
      sink.onFirstToken();
      next();
    });
  }

  #end(run: Run): void {
    if (run.over) return;
    run.over = true;
    run.timer?.cancel();
    run.keepAlive?.cancel();
    if (run.link !== null) this.#held.remove(run.link);
    run.link = null;
    if (!run.served) return;
    this.#inFlight--;
    while (!this.#isFull() && this.#held.first !== null) this.#release(this.#held.first);
  }

  #release(held: Held): void {
    const { run } = held;
    if (run.link !== null) this.#held.remove(run.link);
    run.link = null;
    run.timer?.cancel();
    run.keepAlive?.cancel();
    this.#serve(held);
  }
}

/** A token bucket whose rate may change; a charge larger than the bucket passes when it is full. */
class Bucket {
  #level = Number.POSITIVE_INFINITY;
  #at = 0;

  waitMs(cost: number, perSecond: number | null, now: number): number {
    if (perSecond === null) return 0;
    const burst = perSecond * BURST_SECONDS;
    this.#level = Math.min(burst, this.#level + ((now - this.#at) / 1000) * perSecond);
    this.#at = now;
    return Math.max(0, ((Math.min(cost, burst) - this.#level) / perSecond) * 1000);
  }

  charge(cost: number, perSecond: number | null): void {
    if (perSecond !== null) this.#level -= cost;
  }
}

// Node gate: whether one Redis node is worth a command. It shuts after a few commands in a row that failed or came too late,
// and a ping in the background finds out when it may open again, so that no request is spent on asking. Its moves are told
// once each. It must never wait, and never count an answer of before its last move.
import type { Clock, Timer, Timers } from '../../ports/clock.ts';
import type { Chance } from '../../ports/chance.ts';
import type { BreakerConfig } from '../../ports/config.ts';
import type { MonotonicMs } from '../../kernel/brands.ts';
import { Breaker } from '../../policy/breaker.ts';

export interface RedisTime {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly chance: Chance;
}

/** A change for people and metrics: one thing at one node stopped working, or works again. */
export interface RedisState {
  /** `host:port`. */
  readonly node: string;
  readonly what: 'answers' | 'writes' | 'invalidation';
  readonly isUp: boolean;
  readonly why: string;
}

export interface NodeGateOptions extends RedisTime {
  readonly node: string;
  readonly timeoutMs: number;
  /** Null: the node is no part of the cluster any more. */
  ping(): Promise<unknown> | null;
  tell(state: RedisState): void;
  /** It left the cluster: nobody needs this gate. */
  onGone(): void;
}

const BREAKER: BreakerConfig = {
  consecutiveFailures: 3,
  failurePercent: 50,
  minimumSends: 20,
  windowMs: 5_000,
  openMs: 250,
  openMsMax: 2_000,
};

export class NodeGate {
  readonly #options: NodeGateOptions;
  readonly #breaker: Breaker;
  #timer: Timer | null = null;
  #isClosed = false;

  constructor(options: NodeGateOptions) {
    this.#options = options;
    this.#breaker = new Breaker(BREAKER, options.chance);
  }

  get passes(): boolean {
    return this.#breaker.state === 'closed';
  }

  onSend(now: MonotonicMs): void {
    this.#breaker.onSend(now);
  }

  onAnswer(sentAt: MonotonicMs): void {
    if (this.passes) this.#breaker.onSuccess(this.#options.clock.now(), sentAt);
  }

  onTrouble(why: string, sentAt: MonotonicMs): void {
    if (!this.passes || this.#isClosed) return;
    const move = this.#breaker.onFailure(this.#options.clock.now(), sentAt);
    if (move?.to !== 'open') return;
    this.#tell(false, `${move.why} (${why})`);
    this.#armProbe();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#timer = null;
  }

  #armProbe(): void {
    // What was under way when it was closed fails then, and must not keep the process alive.
    if (this.#isClosed) return;
    const { clock, timers } = this.#options;
    const now = clock.now();
    const waitMs = Math.max(1, (this.#breaker.reopensAt(now) ?? now) - now);
    this.#timer = timers.after(waitMs, () => this.#probe());
  }

  /** Answers late by more than a request would wait: no good. */
  #probe(): void {
    const { clock, timers, timeoutMs } = this.#options;
    const sentAt = clock.now();
    const ping = this.#options.ping();
    if (ping === null) {
      this.#tell(true, 'it left the cluster; its keys are asked for elsewhere');
      this.#options.onGone();
      return;
    }
    this.#breaker.onSend(sentAt);
    let isOver = false;
    const end = (trouble: string | null): void => {
      if (isOver) return;
      isOver = true;
      this.#timer?.cancel();
      this.#onProbed(sentAt, trouble);
    };
    this.#timer = timers.after(timeoutMs, () => end(`no answer within ${timeoutMs} ms`));
    ping.then(
      () => end(null),
      (error: Error) => end(error.message),
    );
  }

  #onProbed(sentAt: MonotonicMs, trouble: string | null): void {
    const now = this.#options.clock.now();
    if (trouble === null) {
      this.#breaker.onSuccess(now, sentAt);
      this.#tell(true, 'it answers again');
      return;
    }
    this.#breaker.onFailure(now, sentAt);
    this.#armProbe();
  }

  #tell(isUp: boolean, why: string): void {
    this.#options.tell({ node: this.#options.node, what: 'answers', isUp, why });
  }
}

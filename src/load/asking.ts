// Asking: one request of the plan from its intended send to its one ending. Its states: asking (a try is under way), resting
// (between two tries), over. Every latency counts from the intended send, however late the generator or a retry was: what a
// user waited is what a user waited.
// It must never end twice, and never without being counted.
import type { Clock, Timer, Timers } from '../ports/clock.ts';
import type { Chance } from '../ports/chance.ts';
import type { Wish } from '../sim/workload.ts';
import { AnswerEvents } from './answer-events.ts';
import type { AnswerHead } from './answer-parser.ts';
import type { Call, CallOwner, Connections } from './connections.ts';
import type { LoadOrder } from './order.ts';
import type { Prompts } from './prompts.ts';
import type { Ending, Tally } from './tally.ts';

export interface AskingKit {
  readonly order: LoadOrder;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly chance: Chance;
  readonly connections: Connections;
  readonly prompts: Prompts;
  readonly tally: Tally;
  onOver(asking: Asking): void;
}

interface Refused {
  readonly status: number;
  readonly retryAfterMs: number | null;
  /** The far side said not to try again. */
  readonly final: boolean;
}

const BACKOFF_MS = 500;
const BACKOFF_MS_MAX = 8_000;
/** Longer waits than this are not obeyed: SDKs do not either. */
const RETRY_AFTER_MS_MAX = 60_000;
const OK = 200;
const TOO_MANY = 429;
const sheds: readonly number[] = [503, 529];

export class Asking implements CallOwner {
  readonly #kit: AskingKit;
  readonly #wish: Wish;
  /** The intended send, on the worker's clock. */
  readonly #dueAt: number;
  #attempt = 0;
  #call: Call | null = null;
  #patience: Timer | null = null;
  #deadline: Timer | null = null;
  #rest: Timer | null = null;
  #events: AnswerEvents | null = null;
  #refused: Refused | null = null;
  #firstAt: number | null = null;
  #textAt = 0;
  /** Of the try under way; of the first one, the intended instant. */
  #sentAt: number;
  #admitted = false;
  #over = false;

  constructor(kit: AskingKit, wish: Wish, dueAt: number) {
    this.#kit = kit;
    this.#wish = wish;
    this.#dueAt = dueAt;
    this.#sentAt = dueAt;
  }

  begin(): void {
    const { order, timers, tally, clock } = this.#kit;
    const { lane, atMs } = this.#wish;
    tally.count(lane, 'offered');
    tally.countIn(atMs, lane, 'offered');
    const lateMs = clock.now() - this.#dueAt;
    this.#patience = timers.after(Math.max(0, this.#patienceMs - lateMs), () => this.#end('left'));
    this.#deadline = timers.after(Math.max(0, order.answerMsMax - lateMs), () => this.#end('left'));
    this.#send();
  }

  /** The generator is at its own maximum: the request is counted and never sent. */
  skip(): void {
    this.#kit.tally.count(this.#wish.lane, 'offered');
    this.#kit.tally.countIn(this.#wish.atMs, this.#wish.lane, 'offered');
    this.#end('unsent');
  }

  /** The run is over. */
  leave(): void {
    this.#end('left');
  }

  onHead({ status, header }: AnswerHead): void {
    const { tally } = this.#kit;
    const { lane } = this.#wish;
    if (status === OK) {
      this.#events = new AnswerEvents();
      if (!this.#admitted) tally.count(lane, 'admitted');
      this.#admitted = true;
      tally.count(lane, 'upstreamSends', Number(header('x-spillway-attempts') ?? 1) || 1);
      if (header('x-spillway-hedged') !== null) tally.count(lane, 'hedged');
      return;
    }
    const { clock } = this.#kit;
    tally.measure(lane, 'refusal').add(clock.now() - this.#sentAt);
    if (status === TOO_MANY) tally.count(lane, 'sends429');
    else if (sheds.includes(status)) tally.count(lane, 'sends503');
    this.#refused = { status, retryAfterMs: retryAfterOf(header), final: header('x-should-retry') === 'false' };
  }

  onBody(bytes: Buffer): void {
    const events = this.#events;
    if (events === null || events.push(bytes) === 0) return;
    const { clock, tally } = this.#kit;
    const now = clock.now();
    if (this.#firstAt === null) {
      this.#firstAt = now;
      this.#patience?.cancel();
    } else tally.measure(this.#wish.lane, 'gap').add(now - this.#textAt);
    this.#textAt = now;
  }

  onEnd(): void {
    this.#call = null;
    if (this.#events?.isWhole === true) this.#answered(this.#events);
    else this.#fail(this.#refused);
  }

  onLost(): void {
    this.#call = null;
    this.#fail(null);
  }

  get #patienceMs(): number {
    const { expectations, patience } = this.#kit.order;
    return expectations[this.#wish.lane].firstTokenMs * patience;
  }

  #send(): void {
    const { connections, prompts, tally, clock } = this.#kit;
    tally.count(this.#wish.lane, 'sends');
    if (this.#attempt > 0) this.#sentAt = clock.now();
    this.#refused = null;
    this.#call = connections.send(prompts.request(this.#wish, this.#attempt), this);
  }

  /** Tries again while that makes sense: not after text was shown, not when asked not to. */
  #fail(refused: Refused | null): void {
    if (this.#over) return;
    this.#countEvents();
    const { order, timers } = this.#kit;
    const isWrong = refused !== null && refused.status < 500 && refused.status !== TOO_MANY;
    if (this.#attempt >= order.retries || this.#firstAt !== null || isWrong || refused?.final === true) {
      return this.#end(endingOf(refused));
    }
    const waitMs = refused?.retryAfterMs ?? this.#backoffMs();
    this.#attempt++;
    this.#rest = timers.after(waitMs, () => this.#send());
  }

  #backoffMs(): number {
    const whole = Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** this.#attempt);
    return whole * (1 - 0.25 * this.#kit.chance.draw());
  }

  #answered(events: AnswerEvents): void {
    if (this.#over) return;
    const { clock, tally, order } = this.#kit;
    const { lane, atMs } = this.#wish;
    const firstAt = this.#firstAt ?? clock.now();
    const firstTokenMs = firstAt - this.#dueAt;
    const tokens = events.tokens ?? events.pieces;
    const perTokenMs = tokens > 1 ? (clock.now() - firstAt) / (tokens - 1) : 0;
    tally.measure(lane, 'firstToken').add(firstTokenMs);
    tally.measure(lane, 'felt').add(firstTokenMs);
    tally.measure(lane, 'whole').add(clock.now() - this.#dueAt);
    if (tokens > 1) tally.measure(lane, 'perToken').add(perTokenMs);
    tally.firstTokenIn(atMs, firstTokenMs);
    tally.count(lane, 'tokens', tokens);
    const wanted = order.expectations[lane];
    if (firstTokenMs <= wanted.firstTokenMs && perTokenMs <= wanted.perTokenMs) {
      tally.count(lane, 'inSlo');
      tally.countIn(atMs, lane, 'inSlo');
    }
    this.#countEvents();
    this.#end('answered');
  }

  #countEvents(): void {
    if (this.#events === null) return;
    const { tally } = this.#kit;
    tally.count(this.#wish.lane, 'keepAlives', this.#events.keepAlives);
    this.#events = null;
  }

  #end(ending: Ending): void {
    if (this.#over) return;
    this.#over = true;
    this.#call?.cancel();
    for (const timer of [this.#patience, this.#deadline, this.#rest]) timer?.cancel();
    this.#countEvents();
    const { tally } = this.#kit;
    const { lane, atMs } = this.#wish;
    tally.count(lane, ending);
    tally.countIn(atMs, lane, ending);
    if (ending !== 'answered') tally.measure(lane, 'felt').add(this.#patienceMs);
    this.#kit.onOver(this);
  }
}

function endingOf(refused: Refused | null): Ending {
  if (refused?.status === TOO_MANY) return 'limited';
  return refused !== null && sheds.includes(refused.status) ? 'shed' : 'failed';
}

function retryAfterOf(header: AnswerHead['header']): number | null {
  const ms = Number(header('retry-after-ms') ?? Number.NaN);
  const told = Number.isFinite(ms) ? ms : Number(header('retry-after') ?? Number.NaN) * 1_000;
  return told > 0 && told <= RETRY_AFTER_MS_MAX ? told : null;
}

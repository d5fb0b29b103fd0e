// Window: what one upstream×model holds in flight: L, all its tokens, and P, the prompt tokens sent and not yet answered by
// a first token. L keeps the far side's memory from overflowing, P keeps its queue short: what waits, waits here, where it
// can still be reordered. How large both are is decided in window-control.ts; here is kept what is taken and given back.
// It must never give anything back twice, nor refuse an exchange for its size alone when nothing else is in flight.
import type { MonotonicMs } from '../kernel/brands.ts';
import type { Lane } from '../kernel/lane.ts';
import type { WindowState, WindowUse } from './window-control.ts';
import { WindowControl } from './window-control.ts';
import type { WindowSettings } from './window-settings.ts';
import type { EngineLoad } from './engine-gauges.ts';
import type { OverloadSignal } from './overload-signal.ts';

/** Share of the window each lane may fill: what is left free lets the next vip in at once. */
const headroom: Readonly<Record<Lane, number>> = { vip: 1, standard: 0.92, batch: 0.85 };
const prefillFactor: Readonly<Record<Lane, number>> = { vip: 1.5, standard: 1, batch: 1 };
/** Who took more than its share does not fill the far side's queue, which nobody can reorder. */
const GREEDY_PREFILL_SHARE = 0.6;
/** One may be chance; the second says that the far side queues. */
const KEEP_ALIVES_CONGESTED = 2;
/** What waits in an engine is begun within this time after less is sent. */
const QUEUE_DRAINS_MS = 3_000;

export interface WindowTake {
  /** Tokens it will hold, by estimate: see `engineCost` and `apiCost`. */
  readonly cost: number;
  readonly promptTokens: number;
  /** False: the answer comes whole, so its first byte says nothing about the far side's queue. */
  readonly streamed: boolean;
}

/** Tokens an answer holds in an engine, on average over its life: it grows from nothing. */
export const engineCost = (promptTokens: number, meanTokens: number): number => promptTokens + 0.5 * meanTokens;

/** Tokens an API counts before it begins. `q80Tokens`: what four answers in five stay under. */
export const apiCost = (promptTokens: number, maxTokens: number | null, q80Tokens: number): number =>
  promptTokens + Math.min(maxTokens ?? q80Tokens, q80Tokens);

export class Window {
  readonly settings: WindowSettings;
  readonly #control: WindowControl;
  readonly #holds = new Set<WindowHold>();
  /** Those without a first token, oldest first. */
  readonly #unstarted = new Set<WindowHold>();
  readonly #ledger: Ledger;

  constructor(settings: WindowSettings) {
    this.settings = settings;
    this.#control = new WindowControl(settings);
    this.#ledger = { control: this.#control, holds: this.#holds, unstarted: this.#unstarted, inFlight: 0, prefill: 0 };
  }

  /** L. */
  get tokensMax(): number {
    return this.#control.tokensMax;
  }

  /** P. */
  get prefillTokensMax(): number {
    return this.#control.prefillMax;
  }

  /** Tokens. */
  get inFlight(): number {
    return this.#ledger.inFlight;
  }

  get prefillOutstanding(): number {
    return this.#ledger.prefill;
  }

  get exchanges(): number {
    return this.#holds.size;
  }

  get state(): WindowState {
    return this.#control.state;
  }

  /** The last cut; what was sent before it is not judged. */
  get epoch(): MonotonicMs {
    return this.#control.epoch;
  }

  /** `reserve`: its tenant holds more than its share, and leaves so much free; null: it does not. */
  room(cost: number, promptTokens: number, lane: Lane, reserve: number | null = null): boolean {
    // Larger than any window will be, it would wait for ever.
    if (this.#holds.size === 0) return true;
    const { tokensMax, tokensMaxGreedy } = this.#control;
    const max = tokensMax * headroom[lane];
    const after = this.#ledger.inFlight + cost;
    if (after > max) return false;
    // While it still grows by itself, its size is no limit that others could be kept from.
    const greedyMax = this.state === 'slow-start' ? tokensMaxGreedy : Math.min(max, tokensMaxGreedy);
    if (reserve !== null && after + reserve > greedyMax) return false;
    // The same for P: nobody unanswered means that the far side reads nothing.
    if (this.#ledger.prefill === 0) return true;
    const prefillShare = reserve === null ? prefillFactor[lane] : GREEDY_PREFILL_SHARE;
    return this.#ledger.prefill + promptTokens <= this.#control.prefillMax * prefillShare;
  }

  take(asked: WindowTake, now: MonotonicMs): WindowHold {
    return new WindowHold(this.#ledger, asked, now);
  }

  /**
   * The far side refused an exchange sent at `sentAt`. True when the window was cut. Only what speaks of work in flight
   * moves it: rates have windows of their own, and money is no overload.
   */
  overload(signal: OverloadSignal, sentAt: MonotonicMs, now: MonotonicMs): boolean {
    if (signal !== 'concurrency' && signal !== 'unsaid' && signal !== 'global') return false;
    return this.#control.onRefused(sentAt, this.#ledger.inFlight, now);
  }

  /**
   * What the engine says of itself. Its own queue is the surest sign there is; its memory warns before it. Right after a cut
   * its queue is still the one that the window was cut for, and who holds nothing there has not caused it.
   */
  observe(load: EngineLoad, now: MonotonicMs): void {
    this.#control.onEngineLoad(load, this.#ledger.inFlight, now);
    if (this.#holds.size === 0 || now - this.#control.epoch < QUEUE_DRAINS_MS) return;
    if (load.waiting > Math.max(4, 0.1 * load.running)) this.#control.complain('congested');
    else if (load.waiting > 3 || (load.kvUsage ?? 0) > 0.96) this.#control.complain('slow');
  }

  /** Time for the next tick: asked before what a tick needs is counted. */
  isDue(now: MonotonicMs): boolean {
    return this.#control.isDue(now);
  }

  /** To be called about once a second, more often does no harm. `reserve`: see `room`. */
  tick(backlog: WindowUse['backlog'], reserve: number, now: MonotonicMs): void {
    const isSilent = this.#isSilent(now);
    this.#control.tick({ inFlight: this.#ledger.inFlight, reserve, backlog, isSilent }, now);
  }

  /** Does somebody wait too long for a first token? Whole answers cannot tell; by then their prompt has been read. */
  #isSilent(now: MonotonicMs): boolean {
    for (const hold of this.#unstarted) {
      const silentAt = this.#control.silentAt(hold.readTokens, hold.sentAt, now);
      if (silentAt === null || silentAt > now) continue;
      if (!hold.streamed) hold.firstToken(now);
      else if (hold.sentAt >= this.#control.epoch) return true;
    }
    return false;
  }
}

/** What a window's holds share with it. */
interface Ledger {
  readonly control: WindowControl;
  readonly holds: Set<WindowHold>;
  readonly unstarted: Set<WindowHold>;
  inFlight: number;
  prefill: number;
}

/** What one exchange has taken of a window. waiting → started → ended; every call after the end is without effect. */
export class WindowHold {
  readonly sentAt: MonotonicMs;
  readonly promptTokens: number;
  /** What the far side reads before its first token: its own prompt and those it was sent behind. */
  readonly readTokens: number;
  readonly streamed: boolean;
  readonly #ledger: Ledger;
  readonly #quiet: boolean;
  #cost: number;
  #produced = 0;
  #keepAlives = 0;
  #lastTokensAt: MonotonicMs | null = null;

  constructor(ledger: Ledger, asked: WindowTake, now: MonotonicMs) {
    this.sentAt = now;
    this.promptTokens = asked.promptTokens;
    this.streamed = asked.streamed;
    this.#cost = asked.cost;
    this.#ledger = ledger;
    this.#quiet = ledger.control.isQuiet(ledger.inFlight);
    ledger.inFlight += asked.cost;
    ledger.prefill += asked.promptTokens;
    this.readTokens = ledger.prefill;
    ledger.holds.add(this);
    ledger.unstarted.add(this);
    ledger.control.onSend(ledger.inFlight, now);
  }

  firstToken(now: MonotonicMs): void {
    if (!this.#start()) return;
    this.#lastTokensAt = now;
    if (this.streamed) this.#ledger.control.onFirstToken(this, this.#quiet, now);
  }

  /** `count` tokens came since the last call; the first call of a stream is its first token too. */
  tokens(count: number, now: MonotonicMs): void {
    if (!this.#ledger.holds.has(this)) return;
    if (this.#lastTokensAt === null) this.firstToken(now);
    else this.#ledger.control.onTokens(now - this.#lastTokensAt, count);
    this.#lastTokensAt = now;
    this.#produced += count;
    // An answer longer than thought holds more than thought.
    const grownBy = this.promptTokens + this.#produced - this.#cost;
    if (grownBy <= 0) return;
    this.#cost += grownBy;
    this.#ledger.inFlight += grownBy;
  }

  /** A sign of life without a token: the far side queues. */
  keepAlive(): void {
    if (!this.#ledger.unstarted.has(this) || this.sentAt < this.#ledger.control.epoch) return;
    if (++this.#keepAlives >= KEEP_ALIVES_CONGESTED) this.#ledger.control.complain('congested');
  }

  /** However it ended. False when it had ended already. */
  end(): boolean {
    if (!this.#ledger.holds.delete(this)) return false;
    this.#start();
    this.#ledger.inFlight -= this.#cost;
    // Sums of fractions drift; an empty window holds nothing, exactly.
    if (this.#ledger.holds.size === 0) this.#ledger.inFlight = 0;
    return true;
  }

  /** Its prompt is no longer unanswered. False when that was known. */
  #start(): boolean {
    if (!this.#ledger.unstarted.delete(this)) return false;
    this.#ledger.prefill -= this.promptTokens;
    if (this.#ledger.unstarted.size === 0) this.#ledger.prefill = 0;
    return true;
  }
}

// Window control: how many tokens one upstream×model may hold in flight. It grows while the far side keeps pace, is cut
// when the far side falls behind, and approaches the size of the last trouble slowly (CUBIC, RFC 9438, on tokens).
//   slow-start ──(slow, or at the size of the last trouble)──▶ cubic ◀──▶ hold;   any ──(congestion)──▶ cubic, cut
// It must never judge by how long whole answers take (that is their length), by answers sent before its last cut (they do not know
// of it), or cut twice for one trouble; and it must never stand still while somebody waits and nothing is wrong.
import type { MonotonicMs } from '../kernel/brands.ts';
import type { EngineLoad } from './engine-gauges.ts';
import { FirstTokenBase } from './first-token-base.ts';
import { InterTokenTimes } from './inter-token.ts';
import { MemoryCeiling } from './memory-ceiling.ts';
import { RecentNumbers } from './quantile.ts';
import { SlidingPeak } from './sliding-peak.ts';
import type { WindowSettings } from './window-settings.ts';

export type WindowState = 'slow-start' | 'cubic' | 'hold';

/** What is in flight when the controller is asked. */
export interface WindowUse {
  readonly inFlight: number;
  /** Tokens that greedy tenants leave free for others: they count as used. */
  readonly reserve: number;
  /** Who waits for this window: nobody, greedy tenants only, or others too. */
  readonly backlog: 'none' | 'greedy' | 'fair';
  /** Somebody, sent since the last cut, waits for a first token for longer than `silentAt` says. */
  readonly isSilent: boolean;
}

/** An exchange that was sent. */
export interface Sent {
  readonly sentAt: MonotonicMs;
  readonly promptTokens: number;
  /** Its own prompt and those it was sent behind: what we put there ourselves is no sign of congestion. */
  readonly readTokens: number;
}

const TICK_MS = 1_000;
const SAMPLES_MAX = 256;
/** A verdict needs so many first tokens; fewer do when they were long in coming. */
const ENOUGH = [
  { samples: 10, afterMs: 0 },
  { samples: 5, afterMs: 3_000 },
  { samples: 1, afterMs: 10_000 },
] as const;
/** No first token to judge by for so long (whole answers only, say), and no complaint: that is a good sign too. */
const UNTOLD_MS = 10_000;
const SLOW_SHARE = 0.9;
const CONGESTION_FACTOR = 2;
const CUT = 0.88;
const CUT_EXPLICIT = 0.8;
const CUBIC_RISE = 1 - CUT;
const GROWTH_PER_TICK_MAX = 1.08;
const SLOW_START_GROWTH = 1.25;
const SLOW_START_GROWTH_GREEDY = 1.06;
/** Good verdicts in a row, with somebody waiting, after which the trouble that the window was cut for is taken to be over. */
const WELL_ENOUGH = 3;
const EAGER_GROWTH = 1.2;
/** ... and the pace is clearly better than it was at that trouble: near the brim it is not, however well all seems. */
const BETTER_PACE = 0.55;
/** Of one event in the average pace. */
const PACE_WEIGHT = 0.005;
/** Only a window that is used shows whether a larger one would be too large. */
const USED_SHARE = 0.75;
const USED_SHARE_BACKLOGGED = 0.5;
const PEAK_FACTOR = 2;
const PEAK_OVER_MS = 60_000;
/** The natural spread of first tokens is learned while this little of the window is used. */
const QUIET_SHARE = 0.5;
const QUIET_SAMPLES_MIN = 20;
/** Cuts in a row down to this share did not help: the far side became slower by itself, and the base is wrong. */
const USELESS_CUTS_SHARE = 0.25;
const PREFILL_AHEAD_MS = 200;
/** Of the engine's memory, where it tells: the window does not grow above it, and begins at no less than that part. */
const MEMORY_SHARE_MAX = 0.98;
const MEMORY_SHARE_BEGIN = 0.7;
/** An engine that told of less use than this, and that nobody waits in it, has room to spare for so long. */
const SPARE_USAGE = 0.5;
const SPARE_MS = 5_000;
/** Greedy tenants stay below what was in flight at the last trouble, and below a full memory, by so much. */
const GREEDY_TROUBLE_SHARE = 0.8;
const GREEDY_MEMORY_SHARE = 0.8;
/** The trouble is forgotten per second in which all is well: slowly at first, sooner when it was long ago. */
const FORGOTTEN_RECENT = 1.001;
const FORGOTTEN_OLD = 1.02;
const OLD_MS = 60_000;

export class WindowControl {
  readonly #settings: WindowSettings;
  readonly #base = new FirstTokenBase();
  readonly #gaps: InterTokenTimes;
  readonly #lateness = new RecentNumbers(SAMPLES_MAX);
  readonly #quietLateness = new RecentNumbers(SAMPLES_MAX);
  readonly #peakInFlight = new SlidingPeak(PEAK_OVER_MS);
  readonly #peakPrefillPerMs = new SlidingPeak(PEAK_OVER_MS);
  readonly #memory = new MemoryCeiling();
  #tokensMax: number;
  /** In flight at the last trouble; Infinity: none yet. */
  #troubleInFlight = Infinity;
  #spareUntil: number = -Infinity;
  #prefillMax: number;
  #state: WindowState = 'slow-start';
  /** Size at the last trouble; Infinity: none yet. */
  #troubleSize = Infinity;
  /** When the present cubic curve began; moves on while growth rests. */
  #curveFrom = 0;
  #epoch: number = -Infinity;
  #tickedAt: number = -Infinity;
  #judgedAt: number = -Infinity;
  #prefilledTokens = 0;
  /** Far side said in other ways that it queues: keep-alives, gauges. */
  #wellInARow = 0;
  /** Who refuses everybody is not full but down: less in flight would not help. */
  #servedSinceCut = true;
  /** Time per token of late, and when the window was cut last. */
  #gapMs = 0;
  #troubleGapMs = Infinity;
  #complaint: 'slow' | 'congested' | null = null;
  /** Size before the first of the cuts in a row that nothing good came between; null outside a row. */
  #rowFrom: number | null = null;

  constructor(settings: WindowSettings) {
    this.#settings = settings;
    this.#gaps = new InterTokenTimes(settings.interTokenObjectiveMs);
    this.#tokensMax = settings.tokensInitial;
    this.#prefillMax = settings.prefillTokensInitial;
  }

  get tokensMax(): number {
    return this.#tokensMax;
  }

  /** What may be in flight, with what they leave free, when tenants join who hold more than their share. */
  get tokensMaxGreedy(): number {
    return Math.min(GREEDY_TROUBLE_SHARE * this.#troubleInFlight, GREEDY_MEMORY_SHARE * this.#memory.tokens);
  }

  get prefillMax(): number {
    return this.#prefillMax;
  }

  get epoch(): MonotonicMs {
    return this.#epoch as MonotonicMs;
  }

  get state(): WindowState {
    return this.#state;
  }

  /** When an exchange sent at `sentAt` is silent beyond what is normal; null while normal is unknown. */
  silentAt(readTokens: number, sentAt: MonotonicMs, now: MonotonicMs): MonotonicMs | null {
    const baseMs = this.#base.baseMs(readTokens, now);
    return baseMs === null ? null : ((sentAt + baseMs + this.#settings.firstTokenObjectiveMs) as MonotonicMs);
  }

  onSend(inFlight: number, now: MonotonicMs): void {
    this.#peakInFlight.note(inFlight, now);
  }

  /** `quiet`: little was in flight when it was sent, so what it took is the far side's nature. */
  onFirstToken({ promptTokens, readTokens, sentAt }: Sent, quiet: boolean, now: MonotonicMs): void {
    const tookMs = now - sentAt;
    if (sentAt >= this.#epoch) this.#servedSinceCut = true;
    this.#prefilledTokens += promptTokens;
    this.#base.add(readTokens, tookMs, now);
    const baseMs = this.#base.baseMs(readTokens, now);
    if (baseMs === null) return;
    const lateMs = Math.max(0, tookMs - baseMs);
    if (quiet) this.#quietLateness.add(lateMs);
    if (sentAt >= this.#epoch) this.#lateness.add(lateMs);
  }

  onTokens(elapsedMs: number, tokens: number): void {
    this.#gaps.add(elapsedMs, tokens);
    if (tokens > 0) this.#gapMs += PACE_WEIGHT * (elapsedMs / tokens - this.#gapMs);
  }

  complain(of: 'slow' | 'congested'): void {
    if (this.#complaint !== 'congested') this.#complaint = of;
  }

  /** What the engine says: `usage` of its memory, 0 to 1 or null, and how many wait in it. */
  onEngineLoad({ kvUsage: usage, waiting }: EngineLoad, inFlight: number, now: MonotonicMs): void {
    this.#memory.observe(inFlight, usage);
    this.#spareUntil = usage !== null && usage < SPARE_USAGE && waiting === 0 ? now + SPARE_MS : -Infinity;
    if (this.#state !== 'slow-start' || this.#memory.tokens === Infinity) return;
    const most = Math.min(MEMORY_SHARE_BEGIN * this.#memory.tokens, this.#mostByUse(now));
    this.#tokensMax = Math.max(this.#tokensMax, most);
  }

  isQuiet(inFlight: number): boolean {
    return inFlight <= QUIET_SHARE * this.#tokensMax;
  }

  /** The far side refused for being full. True when the window was cut. */
  onRefused(sentAt: MonotonicMs, inFlight: number, now: MonotonicMs): boolean {
    if (sentAt < this.#epoch || !this.#servedSinceCut) return false;
    this.#cut(CUT_EXPLICIT, inFlight, 0, now);
    // An engine refuses when it is down, starts or is told to; its pace says nothing about when that has passed.
    if (this.#settings.kind === 'engine') this.#troubleGapMs = Infinity;
    return true;
  }

  isDue(now: MonotonicMs): boolean {
    return now - this.#tickedAt >= TICK_MS;
  }

  /** Any cadence will do: it acts once a second at most. */
  tick(use: WindowUse, now: MonotonicMs): void {
    if (!this.isDue(now)) return;
    const elapsedMs = now - this.#tickedAt;
    this.#tickedAt = now;
    if (elapsedMs === Infinity) {
      this.#judgedAt = now;
      return;
    }
    this.#peakInFlight.note(use.inFlight, now);
    this.#setPrefill(elapsedMs, now);
    const verdict = this.#verdict(use, now);
    if (verdict === 'well') this.#wellInARow++;
    else if (verdict !== 'unknown') this.#wellInARow = 0;
    this.#complaint = null;
    if (verdict === 'congested') return this.#cutBySigns(use, now);
    const before = this.#tokensMax;
    if (verdict === 'slow') this.#hold(elapsedMs, now);
    else this.#grow(verdict, use, elapsedMs, now);
    if (verdict === 'well') {
      this.#rowFrom = null;
      this.#troubleInFlight = Math.max(this.#forgetting(now) * this.#troubleInFlight, use.inFlight);
    }
    // No cut: what is in flight is in flight. But what cannot be kept in memory is not asked for.
    this.#tokensMax = Math.min(this.#tokensMax, Math.max(before, MEMORY_SHARE_MAX * this.#memory.tokens));
    this.#boundByUse(now);
  }

  #verdict(use: WindowUse, now: MonotonicMs): 'congested' | 'slow' | 'well' | 'unknown' {
    if (this.#complaint === 'congested' || use.isSilent) return 'congested';
    // While more is in flight than allowed, the last cut has not come to pass; it cannot be judged by the pace of the rest.
    if (use.inFlight <= this.#tokensMax) {
      if (this.#gaps.judge(now) === 'slow') return 'congested';
    } else this.#gaps.forget();
    const untoldMs = now - this.#judgedAt;
    const size = this.#lateness.size;
    if (!ENOUGH.some(({ samples, afterMs }) => size >= samples && untoldMs >= afterMs)) {
      if (this.#complaint !== null) return 'slow';
      return untoldMs >= UNTOLD_MS && size === 0 ? 'well' : 'unknown';
    }
    const lateMs = this.#lateness.quantile(SLOW_SHARE);
    this.#lateness.clear();
    this.#judgedAt = now;
    const lateness = this.#judge(lateMs);
    if (this.#complaint !== null) return lateness === 'congested' ? lateness : 'slow';
    // With memory to spare and nobody waiting inside, it is prompts that take its time: a smaller window would not help.
    if (now < this.#spareUntil) return lateness === 'congested' ? 'slow' : 'well';
    return lateness;
  }

  #judge(lateMs: number): 'congested' | 'slow' | 'well' {
    const slowMs = this.#slowMs();
    if (lateMs > CONGESTION_FACTOR * slowMs) return 'congested';
    return lateMs > slowMs ? 'slow' : 'well';
  }

  /** What is natural for this far side is not slow; but nothing natural takes half the objective. */
  #slowMs(): number {
    const { slowMs, firstTokenObjectiveMs } = this.#settings;
    if (this.#quietLateness.size < QUIET_SAMPLES_MIN) return slowMs;
    const naturalMs = this.#quietLateness.quantile(SLOW_SHARE);
    return Math.max(slowMs, Math.min(naturalMs, firstTokenObjectiveMs / 2));
  }

  #cutBySigns(use: WindowUse, now: MonotonicMs): void {
    this.#rowFrom ??= this.#tokensMax;
    // Not where it refuses: who is down says nothing of how much is too much.
    this.#troubleInFlight = Math.min(this.#troubleInFlight, Math.max(use.inFlight, this.#settings.tokensMin));
    // Nobody waits: the window binds nobody, and a cut below what is in flight could only do harm.
    this.#cut(CUT, use.inFlight, use.backlog === 'none' ? 1.1 * use.inFlight : 0, now);
    // Who is silent has no pace: nothing of it can be better afterwards.
    if (use.isSilent) this.#troubleGapMs = Infinity;
    if (this.#tokensMax > Math.max(this.#settings.tokensMin, USELESS_CUTS_SHARE * this.#rowFrom)) return;
    this.#base.clear();
    this.#quietLateness.clear();
    this.#rowFrom = null;
  }

  #cut(factor: number, inFlight: number, atLeast: number, now: MonotonicMs): void {
    this.#troubleGapMs = this.#gapMs;
    const size = this.#tokensMax;
    this.#troubleSize = Math.min(size, Math.max(1.1 * inFlight, 0.7 * size));
    this.#tokensMax = Math.max(this.#settings.tokensMin, Math.min(size, Math.max(atLeast, this.#troubleSize * factor)));
    this.#state = 'cubic';
    this.#servedSinceCut = false;
    this.#epoch = now;
    this.#curveFrom = now;
    this.#judgedAt = now;
    this.#lateness.clear();
    this.#gaps.forget();
  }

  #hold(elapsedMs: number, now: MonotonicMs): void {
    // Leaving slow start without a size to come back to would leave the curve without a middle: it must be set here.
    if (this.#state === 'slow-start') this.#startPlateau(now);
    else this.#curveFrom += elapsedMs;
    this.#state = 'hold';
  }

  /** The curve's flat middle begins now, at the present size. */
  #startPlateau(now: MonotonicMs): void {
    this.#troubleSize = this.#tokensMax;
    this.#curveFrom = now - this.#settings.regrowthMs;
  }

  #grow(verdict: 'well' | 'unknown', use: WindowUse, elapsedMs: number, now: MonotonicMs): void {
    const usedShare = use.backlog === 'none' ? USED_SHARE : USED_SHARE_BACKLOGGED;
    if (use.inFlight + use.reserve <= usedShare * this.#tokensMax) {
      this.#curveFrom += elapsedMs;
      return;
    }
    const isSpare = now < this.#spareUntil && use.backlog !== 'none';
    // The engine's word does for first tokens that are too few to judge by, once those before were in time.
    const isSaid = verdict === 'well' || (isSpare && this.#wellInARow > 0 && this.#state !== 'slow-start');
    if (!isSaid) return;
    if (this.#state === 'slow-start') {
      const growth = use.backlog === 'greedy' ? SLOW_START_GROWTH_GREEDY : SLOW_START_GROWTH;
      this.#tokensMax = Math.min(this.#tokensMax * growth, Math.max(this.#tokensMax, this.#troubleSize));
      if (this.#tokensMax < this.#troubleSize) return;
      this.#startPlateau(now);
    }
    this.#state = 'cubic';
    const turn = (now - this.#curveFrom - this.#settings.regrowthMs) / this.#settings.regrowthMs;
    const curve = this.#troubleSize * (1 + CUBIC_RISE * turn ** 3);
    // The curve remembers where trouble was; when all has been well for a while, that trouble has passed.
    const isBetter = this.#wellInARow >= WELL_ENOUGH && this.#gapMs < BETTER_PACE * this.#troubleGapMs;
    const isOver = isSpare || (use.backlog !== 'none' && isBetter);
    if (isOver) this.#troubleInFlight *= EAGER_GROWTH;
    // Those who have enough do not make it try again how much is too much.
    else if (use.backlog === 'greedy') return;
    const next = isOver ? EAGER_GROWTH * this.#tokensMax : Math.min(curve, GROWTH_PER_TICK_MAX * this.#tokensMax);
    this.#tokensMax = Math.max(this.#tokensMax, next);
  }

  #forgetting(now: MonotonicMs): number {
    if (now < this.#spareUntil) return EAGER_GROWTH;
    return now - this.#epoch > OLD_MS ? FORGOTTEN_OLD : FORGOTTEN_RECENT;
  }

  /** What was learned long ago is not trusted far beyond what was tried lately; the way back up is short. */
  #boundByUse(now: MonotonicMs): void {
    const most = this.#mostByUse(now);
    if (this.#tokensMax <= most) return;
    if (this.#state !== 'slow-start') this.#troubleSize = this.#tokensMax;
    this.#tokensMax = most;
    this.#state = 'slow-start';
  }

  #mostByUse(now: MonotonicMs): number {
    return Math.max(this.#settings.tokensInitial, PEAK_FACTOR * this.#peakInFlight.peak(now));
  }

  /**
   * What the far side reads in a fifth of a second, by the slope of the base or, where that tells nothing (a fleet behind
   * one address), by what it was seen to read at its best, its fixed time included.
   */
  #setPrefill(elapsedMs: number, now: MonotonicMs): void {
    this.#peakPrefillPerMs.note(this.#prefilledTokens / elapsedMs, now);
    this.#prefilledTokens = 0;
    const msPerToken = this.#base.msPerPromptToken(now);
    const fixedMs = this.#base.baseMs(0, now);
    if (msPerToken === null || fixedMs === null) return;
    const bySlope = msPerToken > 0 ? PREFILL_AHEAD_MS / msPerToken : 0;
    const bySight = Math.max(0, this.#peakPrefillPerMs.peak(now)) * (fixedMs + PREFILL_AHEAD_MS);
    const ahead = msPerToken > 0 ? Math.max(bySlope, bySight) : Math.max(this.#settings.prefillTokensInitial, bySight);
    this.#prefillMax = Math.max(this.#settings.prefillTokensMin, ahead);
  }
}

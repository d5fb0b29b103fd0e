// Measure: what a run was worth, from what its clients got. Work is counted when the answer ends within the measured time and
// met both expectations of its lane (first token and pace), held against the ask that was answered; shares in expectation
// are over the wishes made in that time, whatever became of them.
import type { Lane } from '../kernel/lane.ts';
import type { Ask, SendRecord, Witness } from './front.ts';
import { meetsExpectations } from './ideal.ts';
import type { Plan } from './scenarios.ts';
import { fairLevel, jain, quantile, sum } from './statistics.ts';
import { type Wish, workOf } from './workload.ts';

export interface LaneResult {
  readonly wishes: number;
  readonly inExpectationPct: number | null;
  readonly firstTokenP50Ms: number | null;
  readonly firstTokenP99Ms: number | null;
}

export interface Measures {
  /** Work per second within expectations. */
  readonly goodput: number;
  /** The same, held against the wish's first ask: a client does not forget that it was sent away before. */
  readonly goodputFromFirstAsk: number;
  /** Work asked for per second. */
  readonly offered: number;
  /** Of that, what was answered within expectations, whenever the answer ended. */
  readonly servedOfOffered: number;
  readonly lanes: Readonly<Record<Lane, LaneResult>>;
  /** Among tenants of the standard lane that asked for more than their fair share; null when nobody did. */
  readonly jain: number | null;
  /** Sends per ask that was sent at all. */
  readonly amplification: number | null;
  readonly refused429Pct: number | null;
  /**
   * From the end of the trouble until the goodput of ten seconds is what it was before it (the study's measure of an overload
   * that outlasts its cause), or all who come are served, and it stays so; null where it does not end, or too near the end of the run to tell.
   */
  readonly recoverySeconds: number | 'never' | null;
  /** The same until those who come new are served as before: those sent away meanwhile come back and want to be served too. */
  readonly settledSeconds: number | 'never' | null;
  readonly sheds: number;
  readonly falseSheds: number;
  readonly asks: number;
  readonly sends: number;
  readonly sendsByUpstream: Readonly<Record<string, number>>;
  /** First token, 99th percentile, of all tenants but the abuser; null when there is none. */
  readonly othersP99Ms: number | null;
}

interface Fate {
  readonly wish: Wish;
  good: boolean;
  firstTokenMs: number | null;
}

/** Recovered when this share of what was before is reached over ten seconds. */
const RECOVERED_SHARE = 0.95;
const RECOVERY_WINDOW_MS = 10_000;
const RECOVERY_STEP_MS = 1_000;
/** And from then on as a whole at least this share: less than a moment needs, as chance asks for less or more. */
const LASTING_SHARE = 0.8;

/** How well it went between two instants. */
type Level = (fromMs: number, toMs: number) => number;

export class Measure implements Witness {
  readonly #plan: Plan;
  readonly #fates: Fate[] = [];
  readonly #byWish = new Map<number, Fate>();
  readonly #sendsByUpstream: Record<string, number> = {};
  /** By the second in which it ended. */
  readonly #goodWorkBySecond: number[] = [];
  #goodWork = 0;
  #goodWorkFromFirst = 0;
  #asks = 0;
  #asksSent = 0;
  #sends = 0;
  #refused429 = 0;
  #sheds = 0;
  #falseSheds = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  onAsked(ask: Ask): void {
    this.#asks++;
    if (ask.attempt > 1) return;
    const fate: Fate = { wish: ask.wish, good: false, firstTokenMs: null };
    this.#fates.push(fate);
    this.#byWish.set(ask.wish.number, fate);
  }

  onSend({ ask, upstream }: SendRecord): void {
    this.#sends++;
    if (ask.sends === 1) this.#asksSent++;
    this.#sendsByUpstream[upstream] = (this.#sendsByUpstream[upstream] ?? 0) + 1;
  }

  onSendEnded({ refusedWith }: SendRecord): void {
    if (refusedWith === 429) this.#refused429++;
  }

  onEnded(ask: Ask): void {
    const { wish, ending, askedAt, firstTokenAt, endedAt } = ask;
    if (ending === 'refused') this.#countShed(ask);
    if (ending !== 'answered' || firstTokenAt === null || endedAt === null) return;
    const fate = this.#byWish.get(wish.number);
    if (fate !== undefined) fate.firstTokenMs = firstTokenAt - askedAt;
    if (!meetsExpectations(wish, firstTokenAt - askedAt, endedAt - askedAt)) return;
    if (fate !== undefined) fate.good = true;
    const second = Math.floor(endedAt / 1_000);
    this.#goodWorkBySecond[second] = (this.#goodWorkBySecond[second] ?? 0) + this.#plan.worthOf(wish);
    if (!this.#isMeasured(endedAt)) return;
    this.#goodWork += this.#plan.worthOf(wish);
    const onTime = meetsExpectations(wish, firstTokenAt - wish.atMs, endedAt - wish.atMs);
    if (onTime) this.#goodWorkFromFirst += this.#plan.worthOf(wish);
  }

  #countShed({ endedAt, sends }: Ask): void {
    this.#sheds++;
    // What a far side refused is not the front's shed.
    if (sends === 0 && this.#plan.calm(endedAt ?? 0)) this.#falseSheds++;
  }

  #isMeasured(atMs: number): boolean {
    const { from, to } = this.#plan.measuredMs;
    return atMs >= from && atMs < to;
  }

  measures(): Measures {
    const { from, to } = this.#plan.measuredMs;
    const seconds = (to - from) / 1000;
    const measured = this.#fates.filter(({ wish }) => this.#isMeasured(wish.atMs));
    const ofLane = (lane: Lane): LaneResult => laneResult(measured.filter(({ wish }) => wish.lane === lane));
    const { abuser } = this.#plan.mix;
    const others = measured.filter(({ wish }) => wish.tenant !== abuser?.tenant);
    const back = this.#secondsUntil((start, end) => this.#goodputOf(start, end));
    const settled = this.#secondsUntil((start, end) => this.#shareOfWork(start, end));
    return {
      goodput: this.#goodWork / seconds,
      goodputFromFirstAsk: this.#goodWorkFromFirst / seconds,
      offered: this.#worthIn(measured) / seconds,
      servedOfOffered: this.#worthIn(measured.filter(({ good }) => good)) / seconds,
      lanes: { vip: ofLane('vip'), standard: ofLane('standard'), batch: ofLane('batch') },
      jain: fairness(measured.filter(({ wish }) => wish.lane === 'standard')),
      amplification: share(this.#sends, this.#asksSent),
      refused429Pct: percent(this.#refused429, this.#sends),
      recoverySeconds: this.#lasting(earlier(back, settled)),
      settledSeconds: settled,
      sheds: this.#sheds,
      falseSheds: this.#falseSheds,
      asks: this.#asks,
      sends: this.#sends,
      sendsByUpstream: this.#sendsByUpstream,
      othersP99Ms: abuser === null ? null : quantile(firstTokens(others), 0.99),
    };
  }

  /** What was well again for a moment and is not well on the whole did not recover. */
  #lasting(recovery: number | 'never' | null): number | 'never' | null {
    const { troubleEndsMs, seconds } = this.#plan;
    if (recovery === null || recovery === 'never' || troubleEndsMs === null) return recovery;
    const [from, to] = [troubleEndsMs + recovery * 1000, seconds * 1000 - RECOVERY_WINDOW_MS];
    const levels: Level[] = [
      (start, end) => this.#goodputOf(start, end),
      (start, end) => this.#shareOfWork(start, end),
    ];
    return levels.some((level) => level(from, to) >= LASTING_SHARE * this.#before(level)) ? recovery : 'never';
  }

  /** The first answers of a run have yet to end. */
  #before(level: Level): number {
    const { from } = this.#plan.measuredMs;
    return level(Math.min(RECOVERY_WINDOW_MS, from / 2), from);
  }

  /** From the end of the trouble until `level` of ten seconds is again what it was before. */
  #secondsUntil(level: Level): number | 'never' | null {
    const { troubleEndsMs, seconds } = this.#plan;
    if (troubleEndsMs === null) return null;
    const before = this.#before(level);
    // Wishes of the last moments cannot have been answered yet.
    const last = seconds * 1000 - 2 * RECOVERY_WINDOW_MS;
    if (last < troubleEndsMs) return null;
    for (let at = troubleEndsMs; at <= last; at += RECOVERY_STEP_MS) {
      if (level(at, at + RECOVERY_WINDOW_MS) >= RECOVERED_SHARE * before) return (at - troubleEndsMs) / 1000;
    }
    return 'never';
  }

  #goodputOf(from: number, to: number): number {
    const [first, end] = [Math.floor(from / 1_000), Math.floor(to / 1_000)];
    return (
      (1_000 * sum(Array.from({ length: end - first }, (_, at) => this.#goodWorkBySecond[first + at] ?? 0))) /
      (to - from)
    );
  }

  #worthIn(fates: readonly Fate[]): number {
    return sum(fates.map(({ wish }) => this.#plan.worthOf(wish)));
  }

  /** With nobody there, nobody is served badly. */
  #shareOfWork(from: number, to: number): number {
    const made = this.#madeIn(from, to);
    return share(this.#worthIn(made.filter(({ good }) => good)), this.#worthIn(made)) ?? 1;
  }

  #madeIn(from: number, to: number): Fate[] {
    return this.#fates.filter(({ wish }) => wish.atMs >= from && wish.atMs < to);
  }
}

/** Goodput is as before, or all who come are served: less may be asked for than before. */
function earlier(left: number | 'never' | null, right: number | 'never' | null): number | 'never' | null {
  if (left === null || right === null) return null;
  if (left === 'never') return right;
  return right === 'never' ? left : Math.min(left, right);
}

function laneResult(fates: readonly Fate[]): LaneResult {
  const times = firstTokens(fates);
  return {
    wishes: fates.length,
    inExpectationPct: percent(fates.filter(({ good }) => good).length, fates.length),
    firstTokenP50Ms: quantile(times, 0.5),
    firstTokenP99Ms: quantile(times, 0.99),
  };
}

const firstTokens = (fates: readonly Fate[]): number[] =>
  fates.flatMap(({ firstTokenMs }) => (firstTokenMs === null ? [] : [firstTokenMs]));

function fairness(fates: readonly Fate[]): number | null {
  const demand = new Map<number, number>();
  const served = new Map<number, number>();
  for (const { wish, good } of fates) {
    demand.set(wish.tenant, (demand.get(wish.tenant) ?? 0) + workOf(wish));
    if (good) served.set(wish.tenant, (served.get(wish.tenant) ?? 0) + workOf(wish));
  }
  const level = fairLevel([...demand.values()], sum(served.values()));
  const backlogged = [...demand].filter(([, asked]) => asked > level).map(([tenant]) => served.get(tenant) ?? 0);
  return jain(backlogged);
}

const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
const percent = (part: number, whole: number): number | null => (whole === 0 ? null : (100 * part) / whole);

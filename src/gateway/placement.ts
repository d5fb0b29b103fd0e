// Placement: which target an exchange goes to, among those with room. Ranks are asked in the order in which they were planned
// (tier by tier, the drawn variant first); inside a rank the one goes first that would answer soonest. A rank that is merely
// full is not left at once, since the next tier costs more, nor ever for another variant: 90 against 10 is a promise.
import { RecentMap } from '../kernel/bounded.ts';
import type { MonotonicMs } from '../kernel/brands.ts';
import type { Lane } from '../kernel/lane.ts';
import { type PrefixMarks, PrefixAffinity, prefixMarks } from '../policy/affinity.ts';
import { chooseTarget } from '../policy/choose.ts';
import { Brim } from '../policy/spill.ts';
import type { Chance } from '../ports/chance.ts';
import type { Exchange, PlannedTarget } from './exchange.ts';
import type { Fleet, NoRoom } from './fleet.ts';
import { promptText } from './prompt-text.ts';
import { Siblings } from './siblings.ts';

const RANKS_MAX = 2_000;
const CHARACTERS_PER_TOKEN = 4;
/** The estimate of a target that is not asked does not mend: so many go to anybody. */
const EXPLORED_SHARE = 0.03;
/** Of the time that a vip has left: half of all first tokens come later than estimated. */
const IN_TIME_SHARE = 0.5;

export interface Placed {
  readonly planned: PlannedTarget | null;
  /** When a target that had no room will have some; Infinity: when something in flight ends. */
  readonly wakeAt: number;
  /** There is room, but for others. */
  readonly greedy: boolean;
}

export class Placement {
  readonly #fleet: Fleet;
  readonly #chance: Chance;
  readonly #affinity = new PrefixAffinity();
  readonly siblings = new Siblings();
  readonly #brims = new RecentMap<string, Brim>(RANKS_MAX);

  constructor(fleet: Fleet, chance: Chance) {
    this.#fleet = fleet;
    this.#chance = chance;
  }

  /** `headroomOf`: the lane whose part of the windows it may use. */
  find(exchange: Exchange, headroomOf: Lane, now: MonotonicMs): Placed {
    const { demand } = exchange;
    let wakeAt = Number.POSITIVE_INFINITY;
    let rank: PlannedTarget[] = [];
    let free: PlannedTarget[] = [];
    /** Have room, but would begin too late for a vip: for when nobody else has room either. */
    let late: PlannedTarget[] = [];
    let full = false;
    let greedy = false;
    for (const planned of exchange.candidates()) {
      if (rank[0] !== undefined && rank[0].rank !== planned.rank) {
        const isVariant = isSibling(rank[0], planned);
        if (free.length > 0) {
          if (isVariant || !this.#isLateForVip(exchange, free, now)) break;
          if (late.length === 0) late = free;
          free = [];
        }
        if (full && (isVariant || !this.#overflows(rank, headroomOf, now))) break;
        rank = [];
        full = false;
      }
      rank.push(planned);
      const obstacle =
        this.barred(exchange, planned, now) ?? this.#fleet.obstacle(planned.target, demand, now, headroomOf);
      if (obstacle === null) free.push(planned);
      else if (obstacle.full === true) full = true;
      greedy ||= obstacle?.greedy === true;
      if (obstacle !== null && obstacle.readyAt !== null) wakeAt = Math.min(wakeAt, obstacle.readyAt);
    }
    if (late.length > 0 && (free.length === 0 || this.#isLateForVip(exchange, free, now))) free = late;
    return { planned: free.length > 1 ? this.#best(exchange, free, now) : (free[0] ?? null), wakeAt, greedy };
  }

  /** Own capacity comes first, but a vip does not wait inside it while the next tier could begin in time. */
  #isLateForVip(exchange: Exchange, free: readonly PlannedTarget[], now: MonotonicMs): boolean {
    const { demand, snapshot, startedAt, firstTokenAt } = exchange;
    if (demand.lane !== 'vip') return false;
    const objectiveMs = snapshot.config.lanes.vip.firstTokenMs ?? Number.POSITIVE_INFINITY;
    const inTimeMs = IN_TIME_SHARE * (Math.min(firstTokenAt, startedAt + objectiveMs) - now);
    return free.every(({ target }) => this.#fleet.firstTokenMs(target, demand.promptTokens, 0, now) > inTimeMs);
  }

  /** Whatever room it has: it would be asked again in its overload, or does worse than those who could stand in for it. */
  barred({ again }: Exchange, planned: PlannedTarget, now: MonotonicMs): NoRoom | null {
    if (again !== null && !again.otherCredential) {
      const { calmUntil } = this.#fleet.upstream(planned.target.upstream).budget;
      if (calmUntil > now) return { why: 'not again so soon after its window was cut', readyAt: calmUntil };
    }
    const readyAt = this.siblings.outUntil(planned, now);
    return readyAt === null ? null : { why: 'does worse than its siblings', readyAt };
  }

  /** The target has the prompt now. */
  onServed(exchange: Exchange, { target, model }: PlannedTarget, now: MonotonicMs): void {
    if (model.targets.length > 1) this.#affinity.onServed(this.#marks(exchange), target.id, now);
  }

  /** Vips do not wait to see whether a full rank stays full. */
  #overflows(rank: readonly PlannedTarget[], lane: Lane, now: MonotonicMs): boolean {
    const name = rank.map(({ target }) => target.id).join(' ');
    let brim = this.#brims.get(name);
    if (brim === undefined) this.#brims.set(name, (brim = new Brim()));
    return brim.overflows(now) || lane === 'vip';
  }

  #best(exchange: Exchange, free: readonly PlannedTarget[], now: MonotonicMs): PlannedTarget {
    // Members of a rank stand in drawn order: the first is anybody.
    const [anybody] = free;
    if (anybody !== undefined && this.#chance.draw() < EXPLORED_SHARE) return anybody;
    const match = this.#affinity.lastServed(this.#marks(exchange), now);
    const { promptTokens, answerTokensMean } = exchange.demand;
    const candidates = free.map((planned) => {
      const { target } = planned;
      const matched = match?.target === target.id ? match.characters / CHARACTERS_PER_TOKEN : 0;
      const price = target.upstream.provider.price(target.model, exchange.startedWall);
      const cost = price === null ? null : promptTokens * price.inputMicroUsd + answerTokensMean * price.outputMicroUsd;
      return {
        id: target.id,
        planned,
        cost,
        firstTokenMs: this.#fleet.firstTokenMs(target, promptTokens, matched, now),
      };
    });
    const chosen = chooseTarget(candidates, match?.target ?? null, this.#chance);
    return chosen?.planned ?? (free[0] as PlannedTarget);
  }

  #marks(exchange: Exchange): PrefixMarks {
    const { request, model, key } = exchange;
    if (request === null || model === null) return [];
    return (exchange.prefixMarks ??= prefixMarks(`${key?.name ?? ''} ${model.name}`, promptText(request.body)));
  }
}

/** Another variant of the same tier. */
const isSibling = (left: PlannedTarget, right: PlannedTarget): boolean =>
  left.model === right.model && left.target.tier === right.target.tier;

// Fair room: where exchanges wait for room at an upstream. The queue is here and not in the upstream, because here it can be
// reordered, bounded and left. Those who wait for the same targets are a group: in it lanes are strict (but for the shares
// of lane-shares.ts), in a lane tenants share fairly, in a tenant the earliest deadline comes first (fair-share.ts).
// A group whose first cannot be served now steps aside for this pass, so that a full upstream holds up those who need it
// only. Inside the group nobody overtakes its first, not even from another lane: small requests would otherwise eat, crumb
// by crumb, the room a large one waits for. Over all groups the higher lane comes first, then the group served less.
// It must never grow past its maxima, never serve one seat twice, and never remember a group nobody waits in.
import type { MonotonicMs } from '../kernel/brands.ts';
import type { Lane } from '../kernel/lane.ts';
import { lanes } from '../kernel/lane.ts';
import { type FairPlace, FairShare, type Waiter } from './fair-share.ts';
import { Heap, type HeapEntry } from './heap.ts';
import { BatchFloor } from './lane-shares.ts';

/** A group that could not be served for long claims at most so many tokens before others of its lane. */
const GROUP_CLAIM_TOKENS_MAX = 20_000;

export interface Claim {
  readonly lane: Lane;
  /** Same string: same targets. */
  readonly group: string;
  readonly tenant: string;
  /** What serving it counts for fairness, shares and prediction: weighted tokens, the expected answer included or not. */
  readonly tokens: number;
  /** Held in memory while it waits. */
  readonly bytes: number;
  /** First-token deadline; null: none. */
  readonly deadlineAt: MonotonicMs | null;
  /** Of the tenant; 1 by default, twice as much gets twice the service. */
  readonly weight?: number;
}

export interface Seat {
  readonly lane: Lane;
  readonly group: string;
  readonly tenant: string;
}

export interface RoomBounds {
  readonly seatsPerLaneMax: number;
  readonly bytesPerLaneMax: number;
  /** Seats of one group in one lane, so that one model's queue leaves seats to the others. */
  readonly seatsPerGroupMax: number;
}

/**
 * True: taken. False: no room, and nobody of its group goes before it. `passedOver`: its tenant holds too much, others of its
 * lane may go first. `headroomOf`: the lane whose headroom it may use; that of the highest lane where its share is due.
 */
export type Served = boolean | 'passedOver';
export type TryServe<Item> = (item: Item, headroomOf: Lane) => Served;

/** Does the vip lane hold more than its share of this group's targets? */
export type VipOverShare = (group: string) => boolean;

interface RoomSeat<Item> extends Seat, Waiter {
  readonly item: Item;
  readonly bytes: number;
  place: FairPlace<RoomSeat<Item>> | null;
  expiry: HeapEntry<RoomSeat<Item>> | null;
}

/** One lane of one group. */
interface Line<Item> {
  readonly share: FairShare<RoomSeat<Item>>;
  /** Tokens served per unit of waiting weight: whose line it is over all groups of the lane. */
  served: number;
}

interface Group<Item> {
  readonly name: string;
  readonly lines: Readonly<Record<Lane, Line<Item>>>;
  readonly floor: BatchFloor;
}

interface LaneTotals {
  seats: number;
  bytes: number;
  /** What the line served last had been served before: a line that wakes starts here. */
  served: number;
}

/** A group's first at the time it was looked at. */
interface Head<Item> {
  readonly group: Group<Item>;
  readonly seat: RoomSeat<Item>;
  readonly rank: number;
  readonly served: number;
  readonly headroomOf: Lane;
}

const ranks: Readonly<Record<Lane, number>> = { vip: 1, standard: 2, batch: 3 };
const RANK_DUE = 0;
const RANK_OVER_SHARE = 4;

export class FairRoom<Item> {
  readonly #bounds: RoomBounds;
  readonly #groups = new Map<string, Group<Item>>();
  readonly #totals: Readonly<Record<Lane, LaneTotals>> = { vip: noTotals(), standard: noTotals(), batch: noTotals() };
  readonly #expiries = new Heap<RoomSeat<Item>>((a, b) => a.deadlineAt < b.deadlineAt);
  #arrivals = 0;
  #serving = false;
  #askedAgain = false;
  /** Counts entries and departures, to see whether another pass could find anything new. */
  #changes = 0;

  constructor(bounds: RoomBounds) {
    this.#bounds = bounds;
  }

  get size(): number {
    return lanes.reduce((sum, lane) => sum + this.#totals[lane].seats, 0);
  }

  get groupCount(): number {
    return this.#groups.size;
  }

  sizeOf(lane: Lane): number {
    return this.#totals[lane].seats;
  }

  bytesOf(lane: Lane): number {
    return this.#totals[lane].bytes;
  }

  /** Null: the lane is full in seats or bytes, or the group's share of it. */
  enter(item: Item, claim: Claim): Seat | null {
    const { lane, group: name, tenant, tokens, bytes, deadlineAt, weight = 1 } = claim;
    const totals = this.#totals[lane];
    if (totals.seats >= this.#bounds.seatsPerLaneMax || totals.bytes + bytes > this.#bounds.bytesPerLaneMax)
      return null;
    if ((this.#groups.get(name)?.lines[lane].share.size ?? 0) >= this.#bounds.seatsPerGroupMax) return null;
    const line = this.#groupOf(name).lines[lane];
    if (line.share.size === 0) line.served = Math.max(line.served, totals.served);
    const seat: RoomSeat<Item> = {
      item,
      lane,
      group: name,
      tenant,
      // A request that counts nothing would never give up its turn.
      tokens: Math.max(1, tokens),
      bytes,
      weight,
      deadlineAt: deadlineAt ?? Number.POSITIVE_INFINITY,
      number: this.#arrivals++,
      place: null,
      expiry: null,
    };
    seat.place = line.share.add(seat);
    if (deadlineAt !== null) seat.expiry = this.#expiries.add(seat);
    totals.seats++;
    totals.bytes += bytes;
    this.#changes++;
    this.#askedAgain = true;
    return seat;
  }

  /** False when it had left, or was served, already. */
  leave(handle: Seat): boolean {
    const seat = handle as RoomSeat<Item>;
    const group = this.#groups.get(seat.group);
    if (group === undefined || seat.place === null) return false;
    group.lines[seat.lane].share.leave(seat.place);
    this.#gone(seat, group);
    return true;
  }

  /** About how many are served before it: the group's higher lanes, and its turn among the tenants of its own. */
  aheadOf(handle: Seat): number {
    const seat = handle as RoomSeat<Item>;
    const group = this.#groups.get(seat.group);
    if (group === undefined || seat.place === null) return 0;
    let ahead = group.lines[seat.lane].share.aheadOf(seat.place);
    for (const lane of higherLanes(seat.lane)) ahead += group.lines[lane].share.size;
    return ahead;
  }

  /** Tokens served before one more request of this tenant: all of higher lanes, and in its own no more than fairness gives. */
  tokensAhead(lane: Lane, name: string, tenant: string): number {
    const group = this.#groups.get(name);
    if (group === undefined) return 0;
    const { share } = group.lines[lane];
    const ahead = Math.min(share.tokens, share.tokensOf(tenant) * share.tenants);
    return higherLanes(lane).reduce((sum, higher) => sum + group.lines[higher].share.tokens, ahead);
  }

  /** Of all who wait in a lane of a group, or above it. */
  tokensWaiting(lane: Lane, name: string): number {
    const group = this.#groups.get(name);
    if (group === undefined) return 0;
    return [lane, ...higherLanes(lane)].reduce((sum, one) => sum + group.lines[one].share.tokens, 0);
  }

  /** What became known after the serving (output tokens, or a correction, maybe negative) counts for the tenant. */
  charge({ lane, group, tenant }: Seat, tokens: number): void {
    this.#groups.get(group)?.lines[lane].share.charge(tenant, tokens);
  }

  /**
   * Removes and answers those who cannot have their first token in time any more, the earliest deadline first. Stops at the
   * first who still can: a later deadline with a much longer prompt may be hopeless too, and is found when it is its turn.
   */
  expire(now: MonotonicMs, firstTokenMs: (item: Item) => number): Item[] {
    const expired: Item[] = [];
    for (let seat = this.#expiries.first; seat !== null; seat = this.#expiries.first) {
      if (now + firstTokenMs(seat.item) <= seat.deadlineAt) break;
      this.leave(seat);
      expired.push(seat.item);
    }
    return expired;
  }

  /**
   * Offers waiting items until nothing more can be served. What `tryServe` took has left; anything else leaves it at its
   * place. `tryServe` may enter, leave and serve: a nested `serve` returns at once and the
   * running one goes round again. It must not put the item it is asked about back as a new one and refuse it.
   * Costs one question per group that waits, and one, with logarithms of groups, tenants and seats, per item served.
   */
  serve(tryServe: TryServe<Item>, vipOverShare: VipOverShare = never): void {
    if (this.#serving) {
      this.#askedAgain = true;
      return;
    }
    this.#serving = true;
    try {
      let changesBefore: number;
      do {
        this.#askedAgain = false;
        changesBefore = this.#changes;
        this.#pass(tryServe, vipOverShare);
        // Asked again without anything new would get the same answers: a `tryServe` that always asks must not spin.
      } while (this.#askedAgain && this.#changes !== changesBefore);
    } finally {
      this.#serving = false;
    }
  }

  #pass(tryServe: TryServe<Item>, vipOverShare: VipOverShare): void {
    const heads = new Heap<Head<Item>>(comesFirst);
    const passing = new Set<FairShare<RoomSeat<Item>>>();
    const add = (group: Group<Item>): void => {
      const head = this.#headOf(group, vipOverShare);
      if (head !== null) heads.add(head);
    };
    try {
      for (const group of this.#groups.values()) add(group);
      for (let head = heads.takeFirst(); head !== null; head = heads.takeFirst()) {
        const { group, seat, headroomOf } = head;
        // Others may have entered, left or been charged since it was looked at.
        if (!this.#isStill(head, vipOverShare)) {
          add(group);
          continue;
        }
        const outcome = tryServe(seat.item, headroomOf);
        if (outcome === true) this.#served(seat, group);
        else if (outcome === 'passedOver' && seat.place !== null) {
          const { share } = group.lines[seat.lane];
          share.passOver(seat.place);
          passing.add(share);
        }
        // Refused and still here: the group steps aside. Refused and gone (its deadline, say): the next one has its turn.
        else if (seat.place !== null) continue;
        add(group);
      }
    } finally {
      for (const share of passing) share.callBack();
    }
  }

  #headOf(group: Group<Item>, vipOverShare: VipOverShare): Head<Item> | null {
    const vip = group.lines.vip.share.first;
    const standard = group.lines.standard.share.first;
    const batch = group.lines.batch.share.first;
    if (batch !== null && (vip ?? standard) !== null && group.floor.isDue(batch.tokens)) {
      return this.#head(group, batch, RANK_DUE, 'vip');
    }
    if (vip !== null && !vipOverShare(group.name)) return this.#head(group, vip, ranks.vip, 'vip');
    if (standard !== null) return this.#head(group, standard, ranks.standard, 'standard');
    if (batch !== null) return this.#head(group, batch, ranks.batch, 'batch');
    return vip === null ? null : this.#head(group, vip, RANK_OVER_SHARE, 'vip');
  }

  #head(group: Group<Item>, seat: RoomSeat<Item>, rank: number, headroomOf: Lane): Head<Item> {
    const claim = this.#totals[seat.lane].served - GROUP_CLAIM_TOKENS_MAX;
    return { group, seat, rank, headroomOf, served: Math.max(group.lines[seat.lane].served, claim) };
  }

  #isStill(head: Head<Item>, vipOverShare: VipOverShare): boolean {
    const present = this.#headOf(head.group, vipOverShare);
    return present !== null && present.seat === head.seat && present.rank === head.rank;
  }

  #served(seat: RoomSeat<Item>, group: Group<Item>): void {
    const line = group.lines[seat.lane];
    const totals = this.#totals[seat.lane];
    line.served = Math.max(line.served, totals.served - GROUP_CLAIM_TOKENS_MAX);
    totals.served = Math.max(totals.served, line.served);
    line.served += seat.tokens / Math.max(line.share.weight, seat.weight);
    group.floor.onServed(seat.lane, seat.tokens, group.lines.batch.share.size > 0);
    if (seat.place === null) return line.share.charge(seat.tenant, seat.tokens);
    line.share.serve(seat.place);
    this.#gone(seat, group);
  }

  /** The books after a seat has left its line. */
  #gone(seat: RoomSeat<Item>, group: Group<Item>): void {
    seat.place = null;
    if (seat.expiry !== null) this.#expiries.remove(seat.expiry);
    seat.expiry = null;
    const totals = this.#totals[seat.lane];
    totals.seats--;
    totals.bytes -= seat.bytes;
    this.#changes++;
    // With nobody waiting nobody has a claim on others: what was served before is forgotten with the group.
    if (lanes.every((lane) => group.lines[lane].share.size === 0)) this.#groups.delete(group.name);
  }

  #groupOf(name: string): Group<Item> {
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    const lines = { vip: newLine<Item>(), standard: newLine<Item>(), batch: newLine<Item>() };
    const group: Group<Item> = { name, lines, floor: new BatchFloor() };
    this.#groups.set(name, group);
    return group;
  }
}

const higher: Readonly<Record<Lane, readonly Lane[]>> = { vip: [], standard: ['vip'], batch: ['vip', 'standard'] };

function higherLanes(lane: Lane): readonly Lane[] {
  return higher[lane];
}

function newLine<Item>(): Line<Item> {
  return { share: new FairShare(), served: 0 };
}

function comesFirst<Item>(a: Head<Item>, b: Head<Item>): boolean {
  if (a.rank !== b.rank) return a.rank < b.rank;
  return a.served === b.served ? a.seat.number < b.seat.number : a.served < b.served;
}

function noTotals(): LaneTotals {
  return { seats: 0, bytes: 0, served: 0 };
}

const never = (): boolean => false;

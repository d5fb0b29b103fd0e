// Waiting room: where exchanges wait for room at an upstream. The queue is here and not in the upstream, because here it
// can be reordered, bounded and left. Lanes are strict; inside a lane it is first come, first served over all groups (a
// group waits for the same targets), except that a group whose head cannot be served now steps aside for this pass, so that a full
// upstream holds up those who need it only. Inside a group nobody overtakes, not even from a lower lane: small requests would
// otherwise eat, crumb by crumb, the room a large one waits for.
// It must never grow past its maximum, never serve one seat twice, and never remember a group nobody waits in.
import type { Lane } from '../kernel/lane.ts';
import { lanes } from '../kernel/lane.ts';
import type { LaneSeat, Line } from './waiting-lane.ts';
import { WaitingLane } from './waiting-lane.ts';

export interface Seat {
  readonly lane: Lane;
}

interface RoomSeat<Item> extends Seat {
  readonly place: LaneSeat<Item>;
}

export class WaitingRoom<Item> {
  readonly #lanes: Readonly<Record<Lane, WaitingLane<Item>>>;
  #serving = false;
  #askedAgain = false;
  /** Counts entries and departures, to see whether another pass could find anything new. */
  #changes = 0;

  constructor(perLaneMax: number, perGroupMax: number = perLaneMax) {
    this.#lanes = {
      vip: new WaitingLane(perLaneMax, perGroupMax),
      standard: new WaitingLane(perLaneMax, perGroupMax),
      batch: new WaitingLane(perLaneMax, perGroupMax),
    };
  }

  get size(): number {
    return lanes.reduce((sum, lane) => sum + this.#lanes[lane].size, 0);
  }

  sizeOf(lane: Lane): number {
    return this.#lanes[lane].size;
  }

  /** Null: the lane is full, or the group's share of it. */
  enter(item: Item, lane: Lane, group: string): Seat | null {
    const place = this.#lanes[lane].enter(item, group);
    if (place === null) return null;
    this.#changes++;
    this.#askedAgain = true;
    const seat: RoomSeat<Item> = { lane, place };
    return seat;
  }

  /** False when it had left, or was served, already. */
  leave(seat: Seat): boolean {
    return this.#leave(this.#lanes[seat.lane], (seat as RoomSeat<Item>).place);
  }

  /** How many are served before it at most: all of higher lanes, and who came earlier in its own. */
  aheadOf(seat: Seat): number {
    let ahead = this.#lanes[seat.lane].aheadOf((seat as RoomSeat<Item>).place);
    for (const lane of lanes) {
      if (lane === seat.lane) return ahead;
      ahead += this.#lanes[lane].size;
    }
    return ahead;
  }

  /**
   * Offers waiting items until nothing more can be served. `tryServe` answers true when it took the item, which then has
   * left; false leaves it at its place. `tryServe` may enter, leave and serve: a nested `serve` returns at once and the
   * running one goes round again. It must not put the item it is asked about back as a new one and answer false.
   * Costs one question per group that waits, and one, with a logarithm of the groups, per item served.
   */
  serve(tryServe: (item: Item) => boolean): void {
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
        this.#pass(tryServe);
        // Asked again without anything new would get the same answers: a `tryServe` that always asks must not spin.
      } while (this.#askedAgain && this.#changes !== changesBefore);
    } finally {
      this.#serving = false;
    }
  }

  #pass(tryServe: (item: Item) => boolean): void {
    const blocked = new Set<string>();
    for (const lane of lanes) {
      if (this.#lanes[lane].size > 0) this.#passLane(this.#lanes[lane], blocked, tryServe);
    }
  }

  #passLane(lane: WaitingLane<Item>, blocked: Set<string>, tryServe: (item: Item) => boolean): void {
    const heads = new Heads<Item>();
    for (const line of lane.lines) if (!blocked.has(line.group)) heads.add(line);
    for (let line = heads.takeEarliest(); line !== null; line = heads.takeEarliest()) {
      const seat = line.seats.first;
      if (seat === null) continue;
      if (tryServe(seat.item)) this.#leave(lane, seat);
      // Refused and still here: the group is blocked. Refused and gone (its deadline, say): the next one has its turn.
      if (seat.link === null) heads.add(line);
      else blocked.add(line.group);
    }
  }

  #leave(lane: WaitingLane<Item>, place: LaneSeat<Item>): boolean {
    const left = lane.leave(place);
    if (left) this.#changes++;
    return left;
  }
}

interface Head<Item> {
  /** Number of the line's first seat when it was added. */
  readonly number: number;
  readonly line: Line<Item>;
}

/** The groups of a lane by arrival of their first: a binary heap that lives for one pass. */
class Heads<Item> {
  readonly #heap: Head<Item>[] = [];

  /** An empty line is not added. */
  add(line: Line<Item>): void {
    const first = line.seats.first;
    if (first === null) return;
    const head: Head<Item> = { number: first.number, line };
    const heap = this.#heap;
    let at = heap.length;
    for (; at > 0; at = (at - 1) >> 1) {
      const parent = heap[(at - 1) >> 1];
      if (parent === undefined || parent.number < head.number) break;
      heap[at] = parent;
    }
    heap[at] = head;
  }

  /** Heads may have left since they were added: then their line goes back with its present head. */
  takeEarliest(): Line<Item> | null {
    for (let head = this.#take(); head !== null; head = this.#take()) {
      if (head.line.seats.first?.number === head.number) return head.line;
      this.add(head.line);
    }
    return null;
  }

  #take(): Head<Item> | null {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined) return null;
    if (heap.length > 0) this.#sink(last);
    return top;
  }

  /** Puts `head` at the top and lets it find its place. */
  #sink(head: Head<Item>): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
      const rightIsEarlier = left !== undefined && right !== undefined && right.number < left.number;
      const child = rightIsEarlier ? right : left;
      if (child === undefined || head.number < child.number) break;
      heap[at] = child;
      at = 2 * at + (rightIsEarlier ? 2 : 1);
    }
    heap[at] = head;
  }
}

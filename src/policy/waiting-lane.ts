// Waiting lane: those of one lane who wait, in two orders at once: by arrival in the whole lane (to tell a position) and by
// arrival in each group (to serve). Entering and leaving take constant time wherever the seat is.
// It must never keep a group nobody waits in: group names come from requests, and would pile up.
import type { Link } from '../kernel/bounded.ts';
import { Fifo } from '../kernel/bounded.ts';
import { assert } from '../kernel/result.ts';

/** Seats of one group in one lane, first come first. */
export interface Line<Item> {
  readonly group: string;
  readonly seats: Fifo<LaneSeat<Item>>;
}

export interface LaneSeat<Item> {
  readonly item: Item;
  /** Rises with arrival. */
  readonly number: number;
  readonly line: Line<Item>;
  /** Null before it is seated and after it left. */
  link: Link<LaneSeat<Item>> | null;
  before: LaneSeat<Item> | null;
  after: LaneSeat<Item> | null;
}

export class WaitingLane<Item> {
  readonly #capacity: number;
  readonly #groupCapacity: number;
  readonly #lines = new Map<string, Line<Item>>();
  #last: LaneSeat<Item> | null = null;
  #size = 0;
  #arrivals = 0;

  constructor(capacity: number, groupCapacity: number = capacity) {
    this.#capacity = capacity;
    this.#groupCapacity = groupCapacity;
  }

  get size(): number {
    return this.#size;
  }

  /** Groups somebody waits in. */
  get lines(): Iterable<Line<Item>> {
    return this.#lines.values();
  }

  get groupCount(): number {
    return this.#lines.size;
  }

  /** Null when the lane, or the group's share of it, is full. */
  enter(item: Item, group: string): LaneSeat<Item> | null {
    if (this.#size >= this.#capacity) return null;
    if ((this.#lines.get(group)?.seats.size ?? 0) >= this.#groupCapacity) return null;
    const line = this.#lineOf(group);
    const seat: LaneSeat<Item> = { item, number: this.#arrivals++, line, link: null, before: this.#last, after: null };
    seat.link = line.seats.push(seat);
    assert(seat.link !== null, 'a group is never fuller than its lane');
    if (this.#last !== null) this.#last.after = seat;
    this.#last = seat;
    this.#size++;
    return seat;
  }

  /** False when it had left already. */
  leave(seat: LaneSeat<Item>): boolean {
    const { link, line } = seat;
    if (link === null) return false;
    seat.link = null;
    line.seats.remove(link);
    if (line.seats.size === 0) this.#lines.delete(line.group);
    if (seat.before !== null) seat.before.after = seat.after;
    if (seat.after === null) this.#last = seat.before;
    else seat.after.before = seat.before;
    // A seat that somebody still holds must not hold its former neighbours.
    seat.before = null;
    seat.after = null;
    this.#size--;
    return true;
  }

  /**
   * How many arrived earlier and still wait; 0 for one who left. Walks both ways at once and stops at the nearer end: the
   * newest and the oldest, who are asked about most, cost nothing.
   */
  aheadOf(seat: LaneSeat<Item>): number {
    if (seat.link === null) return 0;
    let steps = 0;
    let older = seat.before;
    let newer = seat.after;
    for (; older !== null && newer !== null; steps++) {
      older = older.before;
      newer = newer.after;
    }
    return older === null ? steps : this.#size - 1 - steps;
  }

  #lineOf(group: string): Line<Item> {
    const known = this.#lines.get(group);
    if (known !== undefined) return known;
    const line: Line<Item> = { group, seats: new Fifo(this.#capacity) };
    this.#lines.set(group, line);
    return line;
  }
}

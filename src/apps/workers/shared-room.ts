// Shared room: a worker's side of what the workers use together of the far sides' limits. It holds a share of the places and
// some of each amount per minute, acts by what it was told last, and asks when that is not enough.
// It must never hold more than it was told it may, nor keep for long what it does not use.
import type { MonotonicMs } from '../../kernel/brands.ts';
import type { Clock, Timer, Timers } from '../../ports/clock.ts';
import type { SharedPart, SharedRate, SharedRoom, SharedSlots } from '../../ports/shared-room.ts';
import type { Order, Report, Say } from './words.ts';

/** Whoever was refused wants in for so long, as far as is known. */
const WANTED_MS = 500;
const LOOK_EVERY_MS = 250;
/** Parts are dealt out in hundredths, but for what each has in any case: who has nothing is told nothing new. */
const PART_WHOLE = 100;
const PART_SURE = 0.25;
/** Who uses a part without being held back by it is content with so many. */
const PART_CONTENT = 10;
const PART_USED_MS = 2_000;
/** What was drawn ahead and not touched for so long is given back. */
const IDLE_MS = 3_000;
/** An answer that does not come is asked for anew. */
const ASK_AGAIN_MS = 1_000;
/** Soonest another look is worth while an answer is on its way; it brings a look by itself. */
const SOON_MS = 50;

type ShareOrder = Extract<Order, { kind: 'share' }>;
type DrawnOrder = Extract<Order, { kind: 'drawn' }>;

export interface RoomTools {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly say: Say<Report>;
  /** There may be room now. */
  onRoom(): void;
}

export class WorkersRoom implements SharedRoom {
  readonly members: number;
  readonly #tools: RoomTools;
  readonly #slots = new Map<string, Places>();
  readonly #rates = new Map<string, Purse>();
  readonly #parts = new Map<string, Part>();
  #timer: Timer | null = null;

  constructor(members: number, tools: RoomTools) {
    this.members = members;
    this.#tools = tools;
    this.#lookSoon();
  }

  slots(name: string, inFlight: () => number): SharedSlots {
    const known = this.#slots.get(name);
    const places = new Places(name, inFlight, this.#tools, known);
    this.#slots.set(name, places);
    return places;
  }

  rate(name: string): SharedRate {
    const known = this.#rates.get(name);
    if (known !== undefined) return known;
    const purse = new Purse(name, this.#tools);
    this.#rates.set(name, purse);
    return purse;
  }

  part(name: string): SharedPart {
    const full = `part ${name}`;
    const known = this.#parts.get(full);
    if (known !== undefined) return known;
    const part = new Part(full, this.members, this.#tools);
    this.#parts.set(full, part);
    return part;
  }

  onShare(order: ShareOrder): void {
    (this.#slots.get(order.name) ?? this.#parts.get(order.name))?.hear(order);
    this.#tools.onRoom();
  }

  onDrawn({ name, amount, waitMs }: DrawnOrder): void {
    this.#rates.get(name)?.hear(amount, waitMs);
    this.#tools.onRoom();
  }

  close(): void {
    this.#timer?.cancel();
  }

  #lookSoon(): void {
    this.#timer = this.#tools.timers.after(LOOK_EVERY_MS, () => {
      const now = this.#tools.clock.now();
      for (const places of this.#slots.values()) places.look();
      for (const purse of this.#rates.values()) purse.look(now);
      for (const part of this.#parts.values()) part.look(now);
      this.#lookSoon();
    });
  }
}

class Places implements SharedSlots {
  readonly #name: string;
  readonly #inFlight: () => number;
  readonly #tools: RoomTools;
  #whole = 0;
  #share = 0;
  /** What the share was part of. */
  #shareOf = 0;
  #serial = 0;
  #refusedAt: number = -Infinity;
  /** As told last; -1: nothing was. */
  #toldHeld = -1;
  #toldWanted = 0;

  /** After a reload the same name may be another thing's: what was told still counts. */
  constructor(name: string, inFlight: () => number, tools: RoomTools, before: Places | undefined) {
    this.#name = name;
    this.#inFlight = inFlight;
    this.#tools = tools;
    if (before === undefined) return;
    this.#whole = before.#whole;
    this.#share = before.#share;
    this.#shareOf = before.#shareOf;
    this.#serial = before.#serial;
    this.#toldHeld = before.#toldHeld;
  }

  hasRoom(inFlight: number, whole: number): boolean {
    const isNew = whole !== this.#whole;
    this.#whole = whole;
    if (inFlight < this.#most()) {
      if (isNew) this.#tell(inFlight);
      return true;
    }
    this.#refusedAt = this.#tools.clock.now();
    if (isNew || this.#wanted(inFlight) > this.#toldWanted) this.#tell(inFlight);
    return false;
  }

  /** What is held above the share is free for others as soon as they hear of it. */
  ended(): void {
    if (this.#toldHeld > this.#most()) this.#tell(this.#inFlight());
  }

  hear({ serial, share, whole }: ShareOrder): void {
    this.#serial = serial;
    this.#share = share;
    this.#shareOf = whole;
    this.#tell(this.#inFlight());
  }

  /** Of a whole that a reload made smaller it is the same part, until the primary has dealt anew. */
  #most(): number {
    if (this.#whole >= this.#shareOf) return this.#share;
    return Math.floor((this.#share * this.#whole) / this.#shareOf);
  }

  look(): void {
    if (this.#toldHeld < 0) return;
    const held = this.#inFlight();
    if (this.#wanted(held) !== this.#toldWanted) this.#tell(held);
  }

  /** Half as much again as it holds: it asks again when that is used up. */
  #wanted(held: number): number {
    const isRefused = this.#tools.clock.now() - this.#refusedAt < WANTED_MS;
    return isRefused ? held + Math.max(1, Math.ceil(held / 2)) : held;
  }

  #tell(held: number): void {
    this.#toldHeld = held;
    this.#toldWanted = this.#wanted(held);
    const { say } = this.#tools;
    say({ kind: 'slots', name: this.#name, whole: this.#whole, serial: this.#serial, held, wanted: this.#toldWanted });
  }
}

class Part implements SharedPart {
  readonly #name: string;
  readonly #members: number;
  readonly #tools: RoomTools;
  /** Of PART_WHOLE. */
  #share = 0;
  #serial = 0;
  #usedAt: number = -Infinity;
  #boundAt: number = -Infinity;
  #toldWanted = 0;

  constructor(name: string, members: number, tools: RoomTools) {
    this.#name = name;
    this.#members = members;
    this.#tools = tools;
    // Who is known is dealt its part of what nobody wants.
    this.#tell(0);
  }

  get fraction(): number {
    return PART_SURE / this.#members + (1 - PART_SURE) * (this.#share / PART_WHOLE);
  }

  used(bound: boolean): void {
    const now = this.#tools.clock.now();
    this.#usedAt = now;
    if (!bound) return;
    this.#boundAt = now;
    if (this.#toldWanted < PART_WHOLE) this.#tell(PART_WHOLE);
  }

  hear({ serial, share }: ShareOrder): void {
    this.#serial = serial;
    this.#share = share;
    this.#tell(this.#wanted(this.#tools.clock.now()));
  }

  look(now: MonotonicMs): void {
    const wanted = this.#wanted(now);
    if (wanted !== this.#toldWanted) this.#tell(wanted);
  }

  #wanted(now: MonotonicMs): number {
    if (now - this.#boundAt < PART_USED_MS) return PART_WHOLE;
    return now - this.#usedAt < PART_USED_MS ? PART_CONTENT : 0;
  }

  #tell(wanted: number): void {
    this.#toldWanted = wanted;
    const { say } = this.#tools;
    say({ kind: 'slots', name: this.#name, whole: PART_WHOLE, serial: this.#serial, held: 0, wanted });
  }
}

class Purse implements SharedRate {
  readonly #name: string;
  readonly #tools: RoomTools;
  /** Drawn and not spent; below zero: spent and not drawn. */
  #balance = 0;
  #touchedAt: number = -Infinity;
  #askedAt: number | null = null;
  /** Before it nothing will be there, as was told. */
  #readyAt: number = -Infinity;
  /** The limit that was asked of: what was told of another, before a reload, says nothing of this one. */
  #askedOf = 0;

  constructor(name: string, tools: RoomTools) {
    this.#name = name;
    this.#tools = tools;
  }

  waitMs(cost: number, perMinute: number, now: MonotonicMs): number {
    // More than a whole minute's passes when that is there, and is paid off afterwards.
    const least = Math.min(cost, perMinute);
    if (this.#balance >= least) return 0;
    if (perMinute === this.#askedOf && now < this.#readyAt) return this.#readyAt - now;
    if (this.#askedAt === null || now - this.#askedAt > ASK_AGAIN_MS) {
      this.#askedAt = now;
      this.#askedOf = perMinute;
      this.#tools.say({ kind: 'draw', name: this.#name, perMinute, need: least - this.#balance });
    }
    return SOON_MS;
  }

  charge(amount: number, now: MonotonicMs): void {
    this.#balance -= amount;
    this.#touchedAt = now;
  }

  hear(amount: number, waitMs: number): void {
    const now = this.#tools.clock.now();
    this.#askedAt = null;
    this.#balance += amount;
    this.#touchedAt = now;
    this.#readyAt = now + waitMs;
  }

  look(now: MonotonicMs): void {
    const isIdle = this.#balance > 0 && now - this.#touchedAt > IDLE_MS;
    if (!isIdle && this.#balance >= 0) return;
    this.#tools.say({ kind: 'giveBack', name: this.#name, amount: this.#balance });
    this.#balance = 0;
  }
}

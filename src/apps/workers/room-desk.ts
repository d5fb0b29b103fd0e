// Room desk: deals out, in the primary, what the workers may use of the far sides' limits: places at once as shares that
// move to where they are wanted, and amounts per minute as draws from one bucket.
import { limits } from '../../kernel/limits.ts';
import { RateDraw } from '../../policy/rate-draw.ts';
import { ShareBook, type ShareWord } from '../../policy/share-book.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Order, Report } from './words.ts';

type Slots = Extract<Report, { kind: 'slots' }>;
type Draw = Extract<Report, { kind: 'draw' }>;
type GiveBack = Extract<Report, { kind: 'giveBack' }>;

export class RoomDesk {
  readonly #clock: Clock;
  readonly #members: number;
  readonly #tell: (worker: number, order: Order) => void;
  readonly #books = new Map<string, ShareBook>();
  readonly #rates = new Map<string, { readonly draw: RateDraw; perMinute: number }>();

  constructor(clock: Clock, members: number, tell: (worker: number, order: Order) => void) {
    this.#clock = clock;
    this.#members = members;
    this.#tell = tell;
  }

  slots(worker: number, { name, whole, serial, held, wanted }: Slots): void {
    let book = this.#books.get(name);
    if (book === undefined) {
      if (this.#books.size >= limits.sharedLimitsMax) return;
      book = new ShareBook(whole);
      this.#books.set(name, book);
    }
    if (book.whole !== whole) this.#say(name, book, book.resize(whole));
    this.#say(name, book, book.join(worker));
    this.#say(name, book, book.report(worker, { serial, held, wanted }));
  }

  draw(worker: number, { name, perMinute, need }: Draw): void {
    let rate = this.#rates.get(name);
    if (rate === undefined) {
      if (this.#rates.size >= limits.sharedLimitsMax) return;
      rate = { draw: new RateDraw(perMinute), perMinute };
      this.#rates.set(name, rate);
    }
    if (rate.perMinute !== perMinute) {
      rate.perMinute = perMinute;
      rate.draw.reconfigure(perMinute);
    }
    const { amount, waitMs } = rate.draw.draw(need, this.#members, this.#clock.now());
    // For ever, to JSON, would be nothing.
    this.#tell(worker, { kind: 'drawn', name, amount, waitMs: Math.min(waitMs, limits.retryAfterMsMax) });
  }

  giveBack({ name, amount }: GiveBack): void {
    this.#rates.get(name)?.draw.giveBack(amount, this.#clock.now());
  }

  leave(worker: number): void {
    for (const [name, book] of this.#books) this.#say(name, book, book.leave(worker));
  }

  #say(name: string, { whole }: ShareBook, words: readonly ShareWord[]): void {
    for (const { member, serial, share } of words) this.#tell(member, { kind: 'share', name, serial, share, whole });
  }
}

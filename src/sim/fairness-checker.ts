// Fairness checker: of two tenants of a lane who have both had somebody waiting all the time, neither was served much more
// than the other; and who asks for clearly less than an equal share is not refused while others of its lane are served.
// Kept apart from the code under test: it counts asks and sends. It must never compare tenants who do not wait.
import type { Lane } from '../kernel/lane.ts';
import { CREDIT_TOKENS } from '../policy/fair-share.ts';
import type { Ask, SendRecord } from './front.ts';
import { workOf } from './workload.ts';

const WINDOW_MS = 10_000;
/** Who asks for less than this part of an equal share asks for clearly less. */
const CLEARLY_LESS = 0.5;

interface Tenant {
  readonly name: string;
  readonly asks: { readonly at: number; readonly work: number }[];
  waiting: number;
  inFlight: number;
  /** Work that was sent for it, ever. */
  served: number;
  largest: number;
  /** How far it was ahead of each other tenant when the two began to wait together. */
  readonly leads: Map<Tenant, number>;
}

interface LaneBook {
  readonly tenants: Map<number, Tenant>;
  readonly waiting: Set<Tenant>;
  readonly sends: { readonly at: number; readonly work: number; readonly tenant: Tenant }[];
}

export class FairnessChecker {
  readonly #now: () => number;
  readonly #find: (finding: string) => void;
  readonly #lanes: Readonly<Record<Lane, LaneBook>> = { vip: newBook(), standard: newBook(), batch: newBook() };
  readonly #unsent = new Set<Ask>();

  constructor(now: () => number, find: (finding: string) => void) {
    this.#now = now;
    this.#find = find;
  }

  onAsked(ask: Ask): void {
    const [book, tenant] = this.#bookOf(ask);
    const work = workOf(ask.wish);
    tenant.asks.push({ at: this.#now(), work });
    tenant.largest = Math.max(tenant.largest, work);
    this.#unsent.add(ask);
    if (tenant.waiting++ > 0) return;
    for (const other of book.waiting) other.leads.set(tenant, other.served - tenant.served);
    for (const other of book.waiting) tenant.leads.set(other, tenant.served - other.served);
    book.waiting.add(tenant);
  }

  onSend({ ask }: SendRecord): void {
    const [book, tenant] = this.#bookOf(ask);
    const work = workOf(ask.wish);
    this.#noLongerWaits(ask, book, tenant);
    book.sends.push({ at: this.#now(), work, tenant });
    tenant.served += work;
    tenant.inFlight += work;
  }

  /** What was not answered was not served. */
  onSendEnded({ ask, refusedWith, broke }: SendRecord): void {
    const [, tenant] = this.#bookOf(ask);
    const work = workOf(ask.wish);
    tenant.inFlight -= work;
    if (refusedWith !== null || broke) tenant.served -= work;
  }

  onEnded(ask: Ask): void {
    const [book, tenant] = this.#bookOf(ask);
    if (ask.ending === 'refused' && ask.sends === 0) this.#checkRefused(ask, book, tenant);
    this.#noLongerWaits(ask, book, tenant);
  }

  onSecond(): void {
    for (const [lane, { waiting }] of Object.entries(this.#lanes)) {
      for (const tenant of waiting) this.#checkLeads(lane, tenant);
    }
  }

  #checkLeads(lane: string, tenant: Tenant): void {
    for (const [other, leadBefore] of tenant.leads) {
      const lead = tenant.served - other.served - leadBefore;
      // The proven bound (twice the largest request), the credit once, and what both have in flight: until it has ended
      // only an estimate is on the counter.
      const bound = 2 * Math.max(tenant.largest, other.largest) + CREDIT_TOKENS + tenant.inFlight + other.inFlight;
      if (lead <= bound) continue;
      const names = `tenants ${tenant.name} and ${other.name} of lane ${lane}`;
      this.#find(
        `${names} both waited, and the first was served ${Math.round(lead)} more, beyond ${Math.round(bound)}`,
      );
      tenant.leads.set(other, leadBefore + lead);
    }
  }

  /** Refused without having been sent, and meanwhile somebody who asks for more than an equal share was served much. */
  #checkRefused({ wish, number, askedAt }: Ask, book: LaneBook, tenant: Tenant): void {
    const since = this.#now() - WINDOW_MS;
    if (since < 0) return;
    const asking = [...book.tenants.values()].filter((one) => workSince(one.asks, since) > 0);
    const share = workSince(book.sends, since) / Math.max(1, asking.length);
    const asked = workSince(tenant.asks, since);
    if (asked > CLEARLY_LESS * share) return;
    for (const other of asking) {
      if (workSince(other.asks, since) <= share) continue;
      const sends = book.sends.filter((send) => send.at > askedAt && send.tenant === other);
      const passed = sends.reduce((total, { work }) => total + work, 0);
      if (passed <= CREDIT_TOKENS + 2 * Math.max(tenant.largest, other.largest)) continue;
      const words = `asked for ${asked} in ${WINDOW_MS / 1000} s, an equal share being ${Math.round(share)}`;
      const past = `${passed} of tenant ${other.name} went past it`;
      this.#find(`ask ${number} of tenant ${tenant.name}, ${wish.lane}, was refused; it ${words}, and ${past}`);
    }
  }

  #noLongerWaits(ask: Ask, book: LaneBook, tenant: Tenant): void {
    if (!this.#unsent.delete(ask) || --tenant.waiting > 0) return;
    book.waiting.delete(tenant);
    tenant.leads.clear();
    for (const other of book.waiting) other.leads.delete(tenant);
  }

  #bookOf({ wish }: Ask): [LaneBook, Tenant] {
    const book = this.#lanes[wish.lane];
    let tenant = book.tenants.get(wish.tenant);
    if (tenant === undefined) {
      const name = String(wish.tenant);
      tenant = { name, asks: [], waiting: 0, inFlight: 0, served: 0, largest: 0, leads: new Map() };
      book.tenants.set(wish.tenant, tenant);
    }
    return [book, tenant];
  }
}

const newBook = (): LaneBook => ({ tenants: new Map(), waiting: new Set(), sends: [] });

/** Forgets what is older. */
function workSince(entries: { readonly at: number; readonly work: number }[], since: number): number {
  const first = entries.findIndex(({ at }) => at >= since);
  entries.splice(0, first < 0 ? entries.length : first);
  return entries.reduce((total, { work }) => total + work, 0);
}

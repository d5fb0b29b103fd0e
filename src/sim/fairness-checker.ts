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
  /** Work that was asked for in its name of late. */
  readonly asked: RecentWork;
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
  readonly sent: RecentWork;
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
    tenant.asked.add(this.#now(), work, tenant);
    tenant.largest = Math.max(tenant.largest, work);
    this.#unsent.add(ask);
    if (tenant.waiting++ > 0) return;
    for (const other of book.waiting) {
      even(other, tenant);
      even(tenant, other);
    }
    book.waiting.add(tenant);
  }

  onSend({ ask }: SendRecord): void {
    const [book, tenant] = this.#bookOf(ask);
    const work = workOf(ask.wish);
    this.#noLongerWaits(ask, book, tenant);
    book.sent.add(this.#now(), work, tenant);
    tenant.served += work;
    tenant.inFlight += work;
  }

  /** What was not answered was not served. What breaks off strikes blindly: who lost how much is nobody's favour. */
  onSendEnded({ ask, refusedWith, broke }: SendRecord): void {
    const [book, tenant] = this.#bookOf(ask);
    const work = workOf(ask.wish);
    tenant.inFlight -= work;
    if (refusedWith === null && !broke) return;
    tenant.served -= work;
    book.sent.add(this.#now(), -work, tenant);
    if (broke) for (const one of book.waiting) for (const other of one.leads.keys()) even(one, other);
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
    const asking = [...book.tenants.values()].filter((one) => one.asked.since(since) > 0);
    const share = book.sent.since(since) / Math.max(1, asking.length);
    const asked = tenant.asked.since(since);
    if (asked > CLEARLY_LESS * share) return;
    for (const other of asking) {
      if (other.asked.since(since) <= share) continue;
      const passed = book.sent.ofTenantAfter(askedAt, other);
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
      tenant = { name, asked: new RecentWork(), waiting: 0, inFlight: 0, served: 0, largest: 0, leads: new Map() };
      book.tenants.set(wish.tenant, tenant);
    }
    return [book, tenant];
  }
}

/** From here on the two are compared. */
const even = (one: Tenant, other: Tenant): void => void one.leads.set(other, one.served - other.served);

const newBook = (): LaneBook => ({ tenants: new Map(), waiting: new Set(), sent: new RecentWork() });

/** Before so many have gone, forgetting them is not worth moving the others. */
const GONE_MAX = 1_024;

/** Work by time. What is older than was asked for is forgotten; the sum of the rest is kept, as it is asked for often. */
class RecentWork {
  #entries: { readonly at: number; readonly work: number; readonly tenant: Tenant }[] = [];
  #gone = 0;
  #total = 0;

  add(at: number, work: number, tenant: Tenant): void {
    this.#entries.push({ at, work, tenant });
    this.#total += work;
  }

  since(at: number): number {
    for (let first = this.#entries[this.#gone]; first !== undefined && first.at < at;) {
      this.#total -= first.work;
      first = this.#entries[++this.#gone];
    }
    if (this.#gone > GONE_MAX) {
      this.#entries = this.#entries.slice(this.#gone);
      this.#gone = 0;
    }
    return this.#total;
  }

  ofTenantAfter(at: number, tenant: Tenant): number {
    let total = 0;
    for (let index = this.#entries.length - 1; index >= this.#gone; index--) {
      const entry = this.#entries[index];
      if (entry === undefined || entry.at <= at) break;
      if (entry.tenant === tenant) total += entry.work;
    }
    return total;
  }
}

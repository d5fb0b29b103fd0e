// Fair share: who of several tenants comes next, by virtual token counter (VTC, Sheng et al., OSDI 2024). Each tenant's
// counter rises with the tokens it was served, divided by its weight, and the lowest counter is served next. Who comes back
// after a pause is lifted to near the lowest counter of those who wait: a pause earns credit for a few requests, no more. Inside a tenant the
// earliest deadline comes first, then the earliest arrival.
// Two tenants of equal weight who both wait differ in service by at most 2 · max(w_p · input, w_q · tokens in flight), and
// the credit once.
// It must never remember a tenant longer than its counter says more than the lift would.
import { Heap, type HeapEntry } from './heap.ts';

/**
 * Who asked for less than its share lately may be so far ahead of those who always wait: a tenant's few requests then pass an
 * abuser's thousands, instead of taking turns with them. About three ordinary requests.
 */
export const CREDIT_TOKENS = 4_000;

/** Who does not wait but was served ahead of the others is remembered; beyond so many the least ahead are forgotten. */
const REMEMBERED_MAX = 10_000;

export interface Waiter {
  readonly tenant: string;
  /** What serving it counts, in weighted tokens. */
  readonly tokens: number;
  readonly weight: number;
  /** Infinity: none. */
  readonly deadlineAt: number;
  /** Rises with arrival. */
  readonly number: number;
}

interface Tenant<W> {
  readonly name: string;
  readonly waiters: Heap<W>;
  /** Order among equal counters. */
  readonly turn: number;
  weight: number;
  counter: number;
  tokens: number;
  /** In the heap of the waiting, or else of the remembered. */
  entry: HeapEntry<Tenant<W>> | null;
}

export interface FairPlace<W> {
  readonly waiter: W;
  readonly entry: HeapEntry<W>;
  readonly tenant: Tenant<W>;
}

export class FairShare<W extends Waiter> {
  readonly #tenants = new Map<string, Tenant<W>>();
  readonly #waiting = new Heap<Tenant<W>>(lowerCounter);
  readonly #remembered = new Heap<Tenant<W>>(lowerCounter);
  /** They wait, but are not asked in this pass. */
  readonly #passed: Tenant<W>[] = [];
  /** The lowest counter that anybody was served at; never falls. */
  #floor = 0;
  #size = 0;
  #tokens = 0;
  #weight = 0;
  #turns = 0;

  get size(): number {
    return this.#size;
  }

  /** Of all who wait. */
  get tokens(): number {
    return this.#tokens;
  }

  /** Who have somebody waiting. */
  get tenants(): number {
    return this.#waiting.size;
  }

  /** Of the tenants who wait, together. */
  get weight(): number {
    return this.#weight;
  }

  /** Waiting or remembered. */
  get tenantsKnown(): number {
    return this.#tenants.size;
  }

  /** Whose turn it is. */
  get first(): W | null {
    return this.#waiting.first?.waiters.first ?? null;
  }

  tokensOf(tenant: string): number {
    return this.#tenants.get(tenant)?.tokens ?? 0;
  }

  add(waiter: W): FairPlace<W> {
    const tenant = this.#tenants.get(waiter.tenant) ?? this.#newTenant(waiter.tenant);
    if (tenant.waiters.size === 0) this.#wake(tenant, waiter.weight);
    tenant.tokens += waiter.tokens;
    this.#size++;
    this.#tokens += waiter.tokens;
    return { waiter, tenant, entry: tenant.waiters.add(waiter) };
  }

  /** Its tenant is not asked again until `callBack`. */
  passOver({ tenant }: FairPlace<W>): void {
    if (tenant.entry === null || tenant.waiters.size === 0) return;
    this.#waiting.remove(tenant.entry);
    tenant.entry = null;
    this.#passed.push(tenant);
  }

  callBack(): void {
    for (const tenant of this.#passed) {
      if (tenant.waiters.size > 0) tenant.entry ??= this.#waiting.add(tenant);
    }
    this.#passed.length = 0;
  }

  /** It was served, and leaves unless it had left already: its tenant's counter rises either way. */
  serve(place: FairPlace<W>): void {
    const { tenant, waiter } = place;
    if (tenant.waiters.size > 0) this.#floor = Math.max(this.#floor, tenant.counter);
    this.charge(tenant.name, waiter.tokens);
    this.leave(place);
  }

  /** False when it had left already. */
  leave({ waiter, tenant, entry }: FairPlace<W>): boolean {
    if (!tenant.waiters.remove(entry)) return false;
    this.#size--;
    tenant.tokens -= waiter.tokens;
    this.#tokens -= waiter.tokens;
    // Sums of fractions leave crumbs.
    if (this.#size === 0) this.#tokens = 0;
    if (tenant.waiters.size === 0) this.#rest(tenant);
    return true;
  }

  /** What became known after the serving: output tokens, or a correction, which may be negative. */
  charge(name: string, tokens: number): void {
    const known = this.#tenants.get(name);
    if (known === undefined && tokens <= 0) return;
    const tenant = known ?? this.#newTenant(name);
    this.#raise(tenant, tokens);
    if (tenant.waiters.size === 0) this.#remember(tenant);
  }

  /** About how many are served before it: of each tenant as many as of its own, and one more where that is ahead in turn. */
  aheadOf(place: FairPlace<W>): number {
    if (place.tenant.waiters.size === 0) return 0;
    let own = 0;
    for (const other of place.tenant.waiters.values()) if (earlier(other, place.waiter)) own++;
    let ahead = own;
    for (const tenant of this.#waiting.values()) {
      if (tenant === place.tenant) continue;
      ahead += Math.min(tenant.waiters.size, own + (lowerCounter(tenant, place.tenant) ? 1 : 0));
    }
    return ahead;
  }

  #newTenant(name: string): Tenant<W> {
    const tenant: Tenant<W> = {
      name,
      waiters: new Heap<W>(earlier),
      turn: this.#turns++,
      weight: 1,
      counter: this.#floor - CREDIT_TOKENS,
      tokens: 0,
      entry: null,
    };
    this.#tenants.set(name, tenant);
    return tenant;
  }

  #wake(tenant: Tenant<W>, weight: number): void {
    if (tenant.entry !== null) this.#remembered.remove(tenant.entry);
    const level = Math.max(this.#floor, this.#waiting.first?.counter ?? 0);
    tenant.counter = Math.max(tenant.counter, level - CREDIT_TOKENS);
    tenant.weight = weight;
    tenant.entry = this.#waiting.add(tenant);
    this.#weight += weight;
  }

  #rest(tenant: Tenant<W>): void {
    if (tenant.entry !== null) this.#waiting.remove(tenant.entry);
    tenant.entry = null;
    tenant.tokens = 0;
    // Sums of fractions drift; with nobody left they weigh nothing, exactly.
    this.#weight = this.#size === 0 ? 0 : this.#weight - tenant.weight;
    this.#remember(tenant);
  }

  #raise(tenant: Tenant<W>, tokens: number): void {
    tenant.counter += tokens / tenant.weight;
    if (tenant.entry === null) return;
    if (tenant.waiters.size > 0) this.#waiting.moved(tenant.entry);
    else this.#remembered.moved(tenant.entry);
  }

  /** Keeps the counter of one who does not wait while it is above the floor: below, the lift would give the same. */
  #remember(tenant: Tenant<W>): void {
    tenant.entry ??= this.#remembered.add(tenant);
    for (let least = this.#remembered.first; least !== null; least = this.#remembered.first) {
      if (least.counter > this.#floor - CREDIT_TOKENS && this.#remembered.size <= REMEMBERED_MAX) return;
      this.#remembered.takeFirst();
      least.entry = null;
      this.#tenants.delete(least.name);
    }
  }
}

function lowerCounter<W>(a: Tenant<W>, b: Tenant<W>): boolean {
  return a.counter === b.counter ? a.turn < b.turn : a.counter < b.counter;
}

function earlier(a: Waiter, b: Waiter): boolean {
  return a.deadlineAt === b.deadlineAt ? a.number < b.number : a.deadlineAt < b.deadlineAt;
}

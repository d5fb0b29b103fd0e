// Checkers: what must hold at every moment of every run, checked outside the code under test, from what clients and far sides
// saw. A checker only looks. Its findings are sentences with the simulated time; a run with findings has failed.
import type { Fact } from '../kernel/facts.ts';
import type { GaugeReading } from '../ports/gauges.ts';
import type { Ask, Front, SendRecord, Witness } from './front.ts';
import type { Policy } from './policies.ts';
import { expectations } from './workload.ts';

/** The first lane may go above a window by this factor. */
const VIP_ALLOWANCE = 1.5;
/** More findings than this tell nothing new. */
const FINDINGS_MAX = 20;
const STANDSTILL_SECONDS = 60;
const BUDGET_WINDOW_MS = 30_000;
/** Resends a second that the budget always allows. */
const BUDGET_RESERVE_PER_SECOND = 1;

export class Checkers implements Witness {
  readonly findings: string[] = [];
  readonly #promises: Policy['promises'];
  readonly #now: () => number;
  #front: Front | null = null;
  readonly #ended = new Set<Ask>();
  readonly #exchanges = new Set<string>();
  /** Sends in flight. */
  readonly #open = new Set<SendRecord>();
  /** Sends of the last half minute by upstream: when, and whether it was a resend. */
  readonly #recent = new Map<string, { readonly at: number; readonly again: boolean }[]>();
  readonly #sentTo = new Map<Ask, Set<string>>();
  /** What each window held and might hold a second ago. */
  readonly #windows = new Map<string, { readonly held: number; readonly max: number }>();
  readonly #liveness = new Liveness();
  #sends = 0;

  constructor(promises: Policy['promises'], now: () => number) {
    this.#promises = promises;
    this.#now = now;
  }

  /** The front is built with its witnesses, so it is made known afterwards. */
  watch(front: Front): void {
    this.#front = front;
  }

  onEnded(ask: Ask): void {
    if (this.#ended.has(ask)) this.#find(`ask ${ask.number} ended a second time, ${ask.ending}`);
    this.#ended.add(ask);
    this.#sentTo.delete(ask);
  }

  onFact(fact: Fact): void {
    if (fact.kind === 'bug') this.#find(`a bug in ${fact.where}: ${fact.error}`);
    if (fact.kind !== 'exchange') return;
    if (this.#exchanges.has(fact.exchange.id)) this.#find(`exchange ${fact.exchange.id} had a second outcome`);
    this.#exchanges.add(fact.exchange.id);
  }

  onWrongText(ask: Ask): void {
    this.#find(`ask ${ask.number} read text that does not follow its first ${ask.tokensRead} tokens`);
  }

  onSend(send: SendRecord): void {
    const { ask, sentAt, tokensReadBefore, resumes } = send;
    this.#sends++;
    this.#open.add(send);
    if (this.#ended.has(ask)) this.#find(`ask ${ask.number} was sent after it had ended, ${ask.ending}`);
    if (tokensReadBefore > 0 && !resumes) {
      this.#find(`ask ${ask.number} was sent anew after its client had read ${tokensReadBefore} tokens`);
    }
    const lateMs = sentAt - ask.askedAt - expectations[ask.wish.lane].firstTokenMs;
    if (this.#promises.deadlines && tokensReadBefore === 0 && lateMs > 0) {
      this.#find(`ask ${ask.number} was sent ${Math.round(lateMs)} ms after its deadline`);
    }
    this.#checkBudget(send);
  }

  onSendEnded(send: SendRecord): void {
    this.#open.delete(send);
  }

  onSecond(): void {
    const gauges = this.#front?.gauges() ?? [];
    this.#checkTickets(gauges);
    this.#checkQueues(gauges);
    this.#checkWindows(gauges);
    const waiting = totalOf(gauges, 'queue_depth');
    if (this.#liveness.stands(waiting, this.#open.size, this.#sends)) {
      this.#find(`${waiting} have been waiting for ${STANDSTILL_SECONDS} s in which nothing was in flight`);
    }
  }

  #checkTickets(gauges: readonly GaugeReading[]): void {
    const said = totalOf(gauges, 'upstream_in_flight');
    const seen = this.#open.size;
    if (said !== seen) this.#find(`${said} tickets are out, but ${seen} sends are in flight`);
  }

  #checkQueues(gauges: readonly GaugeReading[]): void {
    for (const { name, labels, value } of gauges) {
      if (name !== 'queue_depth') continue;
      const capacity = gauges.find(
        (other) => other.name === 'queue_capacity' && other.labels['lane'] === labels['lane'],
      );
      if (capacity !== undefined && value > capacity.value) {
        this.#find(`${value} wait in lane ${labels['lane']}, which seats ${capacity.value}`);
      }
    }
  }

  /**
   * What a window holds (`window_x`) stands beside what it may hold (`window_x_max`; negative: no limit yet). It may hold more
   * after its limit was cut, but it must not take more in then, unless it was empty: a request larger than the whole window
   * passes alone. A limit below `window_x_min` is none.
   */
  #checkWindows(gauges: readonly GaugeReading[]): void {
    for (const gauge of gauges) {
      if (!gauge.name.startsWith('window_')) continue;
      const max = sibling(gauges, gauge, '_max');
      if (max === null || max < 0) continue;
      const name = `${gauge.name} ${JSON.stringify(gauge.labels)}`;
      const before = this.#windows.get(name) ?? { held: 0, max };
      this.#windows.set(name, { held: gauge.value, max });
      const min = sibling(gauges, gauge, '_min');
      if (min !== null && max < min) this.#find(`${name} may hold ${max}, below its least of ${min}`);
      const grew = gauge.value > before.held && max >= before.max;
      if (grew && gauge.value > Math.max(max, this.#largestTokens()) * VIP_ALLOWANCE) {
        this.#find(`${name} grew from ${before.held} to ${gauge.value}, above ${max}`);
      }
    }
  }

  /** Of all requests in flight. */
  #largestTokens(): number {
    let largest = 0;
    for (const { ask } of this.#open) largest = Math.max(largest, ask.wish.promptTokens + ask.wish.outputTokens);
    return largest;
  }

  #checkBudget({ ask, upstream, sentAt }: SendRecord): void {
    const sentTo = this.#sentTo.get(ask) ?? new Set();
    const again = sentTo.has(upstream);
    this.#sentTo.set(ask, sentTo.add(upstream));
    const { resendPercent } = this.#promises;
    if (resendPercent === null) return;
    const recent = this.#recent.get(upstream) ?? [];
    this.#recent.set(upstream, recent);
    recent.push({ at: sentAt, again });
    if (!again) return;
    while ((recent[0]?.at ?? sentAt) < sentAt - BUDGET_WINDOW_MS) recent.shift();
    const resends = recent.filter((send) => send.again).length;
    const allowed = (recent.length * resendPercent) / 100 + (BUDGET_RESERVE_PER_SECOND * BUDGET_WINDOW_MS) / 1000;
    if (resends > allowed) this.#find(`${resends} of ${recent.length} sends to ${upstream} in 30 s were resends`);
  }

  #find(finding: string): void {
    if (this.findings.length < FINDINGS_MAX) this.findings.push(`at ${(this.#now() / 1000).toFixed(3)} s: ${finding}`);
  }
}

/** Somebody waits, nothing is in flight, and nothing is sent: for a minute that is no policy but a deadlock. */
class Liveness {
  #seconds = 0;
  #sends = 0;

  stands(waiting: number, inFlight: number, sends: number): boolean {
    const still = waiting > 0 && inFlight === 0 && sends === this.#sends;
    this.#seconds = still ? this.#seconds + 1 : 0;
    this.#sends = sends;
    return this.#seconds === STANDSTILL_SECONDS;
  }
}

function totalOf(gauges: readonly GaugeReading[], name: string): number {
  let total = 0;
  for (const gauge of gauges) if (gauge.name === name) total += gauge.value;
  return total;
}

function sibling(gauges: readonly GaugeReading[], gauge: GaugeReading, ending: string): number | null {
  const labels = JSON.stringify(gauge.labels);
  const name = gauge.name + ending;
  return gauges.find((other) => other.name === name && JSON.stringify(other.labels) === labels)?.value ?? null;
}

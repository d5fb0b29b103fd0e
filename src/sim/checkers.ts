// Checkers: what must hold at every moment of every run, checked outside the code under test, from what clients and far sides
// saw. A checker only looks. Its findings are sentences with the simulated time; a run with findings has failed.
import type { Fact } from '../kernel/facts.ts';
import type { GaugeReading } from '../ports/gauges.ts';
import { FairnessChecker } from './fairness-checker.ts';
import { Forgotten } from './forgotten.ts';
import type { Ask, Front, SendRecord, Witness } from './front.ts';
import type { Policy } from './policies.ts';
import { Standstill } from './standstill.ts';
import { sum } from './statistics.ts';
import { type SideKind, WindowBounds } from './window-bounds.ts';
import { expectations } from './workload.ts';

/** More findings than this tell nothing new. */
const FINDINGS_MAX = 20;
const BUDGET_WINDOW_MS = 30_000;
/** A resend is taken off the budget when it is decided on; then it may wait for calm and for room. */
const BUDGET_WAIT_MS = 15_000;
/** What is withdrawn when the fault came is sent seconds later, when less may have been sent in the last half minute. */
const BUDGET_SLACK = 1.25;
/** Prompt tokens that may be sent again in its window however little is sent: so many, or one prompt, in ten seconds. */
const RESERVE_TOKENS = 4_096;
const RESERVES = 4;

export class Checkers implements Witness {
  readonly findings: string[] = [];
  readonly #promises: Policy['promises'];
  readonly #now: () => number;
  #front: Front | null = null;
  readonly #ended = new WeakSet<Ask>();
  readonly #exchanges = new Set<string>();
  /** Sends in flight. */
  readonly #open = new Set<SendRecord>();
  /** Sends of the last half minute by upstream: when, how much, and whether it was a resend. */
  readonly #recent = new Map<string, { readonly at: number; readonly tokens: number; readonly again: boolean }[]>();
  readonly #sentTo = new Map<Ask, Set<string>>();
  readonly #broken = new Set<Ask>();
  readonly #standstill: Standstill;
  readonly #forgotten: Forgotten;
  readonly #bounds: WindowBounds;
  readonly #fairness: FairnessChecker | null;

  /** `kinds`: what its upstreams are. */
  constructor(promises: Policy['promises'], kinds: ReadonlyMap<string, SideKind>, now: () => number) {
    this.#promises = promises;
    this.#now = now;
    this.#bounds = new WindowBounds(kinds);
    this.#standstill = new Standstill(promises.lanes);
    this.#forgotten = new Forgotten(promises.deadlines);
    this.#fairness = promises.fairShares ? new FairnessChecker(now, (finding) => this.#find(finding)) : null;
  }

  /** The front is built with its witnesses, so it is made known afterwards. */
  watch(front: Front): void {
    this.#front = front;
  }

  onAsked(ask: Ask): void {
    this.#forgotten.onAsked(ask, this.#now());
    this.#standstill.onAsked(ask.wish.lane);
    this.#fairness?.onAsked(ask);
  }

  onEnded(ask: Ask): void {
    if (this.#ended.has(ask)) this.#find(`ask ${ask.number} ended a second time, ${ask.ending}`);
    this.#ended.add(ask);
    this.#forgotten.onEnded(ask);
    this.#sentTo.delete(ask);
    const broken = this.#broken.delete(ask);
    // Whatever others do, an answer that flows is not taken away from who reads it.
    if (ask.ending === 'broken' && ask.tokensRead > 0 && !broken && this.#promises.deadlines) {
      this.#find(`ask ${ask.number} was broken off after ${ask.tokensRead} tokens, and not by its far side`);
    }
    this.#fairness?.onEnded(ask);
  }

  onFact(fact: Fact): void {
    if (fact.kind === 'bug') this.#find(`a bug in ${fact.where}: ${fact.error}`);
    if (fact.kind !== 'exchange') return;
    if (this.#exchanges.has(fact.exchange.id)) this.#find(`exchange ${fact.exchange.id} had a second outcome`);
    this.#exchanges.add(fact.exchange.id);
  }

  onWrongText(ask: Ask): void {
    this.#find(
      `ask ${ask.number} read text that is not its own, or does not follow its first ${ask.tokensRead} tokens`,
    );
  }

  onSend(send: SendRecord): void {
    const { ask, sentAt, tokensReadBefore, resumes } = send;
    this.#open.add(send);
    this.#forgotten.onSend(ask);
    this.#standstill.onSend(ask.wish.lane);
    if (this.#ended.has(ask)) this.#find(`ask ${ask.number} was sent after it had ended, ${ask.ending}`);
    if (tokensReadBefore > 0 && !resumes) {
      this.#find(`ask ${ask.number} was sent anew after its client had read ${tokensReadBefore} tokens`);
    }
    const lateMs = sentAt - ask.askedAt - expectations[ask.wish.lane].firstTokenMs;
    if (this.#promises.deadlines && tokensReadBefore === 0 && lateMs > 0) {
      this.#find(`ask ${ask.number} was sent ${Math.round(lateMs)} ms after its deadline`);
    }
    this.#checkBudget(send);
    this.#checkWindows(send);
    this.#fairness?.onSend(send);
  }

  onSendEnded(send: SendRecord): void {
    this.#open.delete(send);
    this.#forgotten.onSendEnded(send.ask, this.#now());
    if (send.broke || send.refusedWith !== null) {
      this.#standstill.onCongestion();
      if (!this.#ended.has(send.ask)) this.#broken.add(send.ask);
    }
    this.#fairness?.onSendEnded(send);
  }

  onSecond(): void {
    const gauges = this.#front?.gauges() ?? [];
    this.#checkTickets(gauges);
    this.#checkQueues(gauges);
    for (const finding of this.#bounds.onSecond(gauges)) this.#find(finding);
    for (const finding of this.#standstill.onSecond(gauges)) this.#find(finding);
    for (const finding of this.#forgotten.onSecond(this.#now())) this.#find(finding);
    this.#fairness?.onSecond();
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
   * At every send: what a window holds with it (`window_x`) is no more than it may hold (`window_x_max`; negative: no limit
   * yet). A limit may be cut under what is held, but then nothing is sent, unless it goes alone: a request larger than
   * any window must pass at some time.
   */
  #checkWindows({ ask, upstream }: SendRecord): void {
    const others = [...this.#open].filter((send) => send.upstream === upstream && send.ask !== ask);
    for (const { name, alone, allowance } of windows) {
      if (!others.some((other) => !alone(other))) continue;
      for (const gauge of this.#front?.gauges() ?? []) {
        if (gauge.name !== name || gauge.labels['target']?.split('/')[0] !== upstream) continue;
        const max = sibling(this.#front?.gauges() ?? [], gauge, '_max');
        if (max === null || max < 0 || gauge.value <= max * allowance + ROUNDING) continue;
        this.#find(`ask ${ask.number} was sent though ${name} of ${upstream} then held ${gauge.value}, above ${max}`);
      }
    }
  }

  #checkBudget({ ask, upstream, sentAt, tokensReadBefore, resumes }: SendRecord): void {
    const sentTo = this.#sentTo.get(ask) ?? new Set();
    const again = sentTo.has(upstream);
    this.#sentTo.set(ask, sentTo.add(upstream));
    const { resendPercent } = this.#promises;
    if (resendPercent === null) return;
    const recent = this.#recent.get(upstream) ?? [];
    this.#recent.set(upstream, recent);
    // What is to be gone on from is read once more too.
    const tokens = ask.wish.promptTokens + (resumes ? tokensReadBefore : 0);
    recent.push({ at: sentAt, tokens, again });
    if (!again) return;
    while ((recent[0]?.at ?? sentAt) < sentAt - BUDGET_WINDOW_MS - BUDGET_WAIT_MS) recent.shift();
    const resent = recent
      .filter((send) => send.again && send.at >= sentAt - BUDGET_WINDOW_MS)
      .map((send) => send.tokens);
    const total = sum(recent.map((send) => send.tokens));
    const allowed = (BUDGET_SLACK * total * resendPercent) / 100 + RESERVES * Math.max(RESERVE_TOKENS, ...resent);
    if (sum(resent) <= allowed) return;
    this.#find(`${sum(resent)} of ${total} tokens sent to ${upstream} in 30 s were resent`);
  }

  #find(finding: string): void {
    if (this.findings.length < FINDINGS_MAX) this.findings.push(`at ${(this.#now() / 1000).toFixed(3)} s: ${finding}`);
  }
}

/** Sums of fractions drift. */
const ROUNDING = 1e-6;

/** `alone`: with such others only, a request counts as alone. `allowance`: the first lane may go above by this factor. */
const windows = [
  { name: 'window_tokens', alone: () => false, allowance: 1 },
  { name: 'window_prefill_tokens', alone: ({ began }: SendRecord) => began, allowance: 1.5 },
] as const;

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

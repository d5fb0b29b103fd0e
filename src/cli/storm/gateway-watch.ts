// Gateway watch: reads a gateway's own pages while a storm goes over it: how its process fares, and why it did not answer whom.
// It asks seldom and for little: watching must not become part of the load.
import { systemClock, systemTimers } from '../../adapters/system.ts';
import type { ExchangeFact } from '../../kernel/facts.ts';
import { readJson } from '../page-reader.ts';
import type { GatewayVitals, Unanswered } from './result.ts';
import type { Stage } from './stage.ts';

const EVERY_MS = 3_000;
const EXCHANGES_MAX = 500;
const REASONS_MAX = 8;
const MIB = 1024 * 1024;

export class GatewayWatch {
  readonly #stage: Stage;
  readonly #reasons = new Map<string, string>();
  readonly #startedAt = systemClock.now();
  #cpuFrom: number | null = null;
  #cpuTo: number | null = null;
  #cpuAt = systemClock.now();
  #lagMsMax: number | null = null;
  #rssMiB: number | null = null;
  #over = false;

  constructor(stage: Stage) {
    this.#stage = stage;
    void this.#watch();
  }

  async end(): Promise<void> {
    this.#over = true;
    await this.#read();
  }

  vitals(): GatewayVitals {
    const seconds = (this.#cpuAt - this.#startedAt) / 1_000;
    const used = this.#cpuFrom === null || this.#cpuTo === null ? null : this.#cpuTo - this.#cpuFrom;
    return {
      cpuShare: used === null || seconds <= 0 ? null : Math.round((used / seconds) * 1_000) / 1_000,
      lagMsMax: this.#lagMsMax,
      rssMiB: this.#rssMiB,
    };
  }

  /** Most frequent first. */
  unanswered(): Unanswered[] {
    const counts = new Map<string, Unanswered>();
    for (const reason of this.#reasons.values()) {
      const [lane = '', why = ''] = reason.split('\t');
      counts.set(reason, { lane, why, count: (counts.get(reason)?.count ?? 0) + 1 });
    }
    return [...counts.values()].toSorted((one, other) => other.count - one.count).slice(0, REASONS_MAX);
  }

  async #watch(): Promise<void> {
    await this.#read();
    if (!this.#over) systemTimers.after(EVERY_MS, () => void this.#watch());
  }

  async #read(): Promise<void> {
    const samples = await this.#stage.metrics();
    if (samples !== null) {
      const cpu = samples.sum('process_cpu_seconds_total');
      this.#cpuFrom ??= cpu;
      this.#cpuTo = cpu;
      this.#cpuAt = systemClock.now();
      const lagMs = Math.round((samples.max('spillway_pressure_event_loop_lag_seconds') ?? 0) * 1_000);
      this.#lagMsMax = Math.max(this.#lagMsMax ?? 0, lagMs);
      this.#rssMiB = Math.round(samples.sum('process_resident_memory_bytes') / MIB);
    }
    await Promise.all(['rejected', 'failed', 'abandoned'].map((outcome) => this.#readExchanges(outcome)));
  }

  async #readExchanges(outcome: string): Promise<void> {
    const page = await readJson(`${this.#stage.gateway}/admin/exchanges?outcome=${outcome}&count=${EXCHANGES_MAX}`);
    const exchanges = page?.['exchanges'];
    if (!Array.isArray(exchanges)) return;
    for (const exchange of exchanges as readonly ExchangeFact[]) {
      this.#reasons.set(exchange.id, `${exchange.lane}\t${whyOf(outcome, exchange)}`);
    }
  }
}

/** What became of it, and the step before. Numbers differ from one to the next, so they go. */
function whyOf(outcome: string, { rejection, fault, trail }: ExchangeFact): string {
  const kind = rejection ?? fault ?? outcome;
  const said = trail.find(({ step, why }) => step === 'rejected' && !why.startsWith('status'));
  if (said !== undefined) return `${kind}: ${numberless(said.why)}`;
  const last = trail.findLast(({ step }) => !ends.includes(step));
  return last === undefined ? kind : `${kind} after ${last.step} ${last.target ?? ''} (${numberless(last.why)})`;
}

const ends = ['abandoned', 'rejected', 'failed'];

const numberless = (words: string): string => words.replaceAll(/\d[\d.,]*/g, '…');

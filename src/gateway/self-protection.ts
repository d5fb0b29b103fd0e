// Self-protection: the process under pressure refuses the lanes that can wait, from the head of a request alone, before it
// costs a body, a plan or a seat. What is under way is finished.
import { type Lane, lanes } from '../kernel/lane.ts';
import { reject, type Rejection } from '../kernel/rejection.ts';
import { truthfulRetryAfterMs } from '../policy/drain-rate.ts';
import { limits } from '../kernel/limits.ts';
import { Pressure } from '../policy/pressure.ts';
import type { GaugeReading } from '../ports/gauges.ts';
import type { Vitals, VitalsSink } from '../ports/vitals.ts';
import type { Kit } from './kit.ts';

/** A lane is shed for so long at least. */
const RETRY_AFTER_MS = 5_000;

export class SelfProtection implements VitalsSink {
  readonly #kit: Kit;
  readonly #pressure = new Pressure();
  #vitals: Vitals = { eventLoopLagMs: 0, heapShare: 0, socketShare: 0 };

  constructor(kit: Kit) {
    this.#kit = kit;
  }

  onVitals(vitals: Vitals): void {
    this.#vitals = vitals;
    if (!this.#pressure.onVitals(vitals, this.#kit.clock.now())) return;
    const { eventLoopLagMs, heapShare, socketShare } = vitals;
    const why = `event loop ${Math.round(eventLoopLagMs)} ms late, heap ${percent(heapShare)}, sockets ${percent(socketShare)}`;
    this.#kit.facts.accept({ kind: 'pressure', at: this.#kit.clock.wall(), sheds: this.sheds, why });
  }

  get sheds(): Lane[] {
    return lanes.filter((lane) => this.#pressure.sheds(lane));
  }

  /** Null: it may enter. */
  refusal(lane: Lane): Rejection | null {
    if (!this.#pressure.sheds(lane)) return null;
    const retryAfterMs = truthfulRetryAfterMs(RETRY_AFTER_MS, this.#kit.chance, limits.shedRetryAfterMsMax);
    return reject('overloaded', 'The server is overloaded and refuses requests of this priority for now.', {
      retryAfterMs,
      hard: true,
    });
  }

  gauges(): GaugeReading[] {
    const { eventLoopLagMs, heapShare, socketShare } = this.#vitals;
    return [
      gauge('pressure_event_loop_lag_seconds', 'How late timers fire, smoothed', eventLoopLagMs / 1000),
      gauge('pressure_heap_share', 'Heap used, of its limit', heapShare),
      gauge('pressure_socket_share', 'Open client connections, of their maximum', socketShare),
      ...lanes.map((lane) => ({
        name: 'pressure_shed',
        help: '1: new exchanges of the lane are refused because the process is under pressure',
        labels: { lane },
        value: this.#pressure.sheds(lane) ? 1 : 0,
      })),
    ];
  }
}

const gauge = (name: string, help: string, value: number): GaugeReading => ({ name, help, labels: {}, value });

const percent = (share: number): string => `${Math.round(share * 100)} %`;

// Standstill: somebody waits, nothing is wrong with any far side, and yet nothing moves. For a minute that is no policy but
// a deadlock: a window must grow then, or somebody must be sent. And starving: a lane that is asked for all the time and gets
// nothing while others are served, even if nobody of it waits because all are refused. It looks at asks, gauges and sends only.
// It must never take a far side's refusal or a cut window for standing still.
import { type Lane, lanes } from '../kernel/lane.ts';
import type { GaugeReading } from '../ports/gauges.ts';

const STANDSTILL_SECONDS = 60;
/** A fiftieth is promised to the least lane: of fewer, by tokens, that may be less than one large request. */
const OTHERS_MIN = 100;

export class Standstill {
  readonly #still: Record<Lane, number> = { vip: 0, standard: 0, batch: 0 };
  readonly #sent = new Set<Lane>();
  readonly #asked = new Set<Lane>();
  /** By lane, since it was sent for last: seconds in a row in which it was asked for, and sends for others in them. */
  readonly #starved: Record<Lane, { seconds: number; others: number }> = {
    vip: { seconds: 0, others: 0 },
    standard: { seconds: 0, others: 0 },
    batch: { seconds: 0, others: 0 },
  };
  readonly #lanesPromised: boolean;
  #allStill = 0;
  #congested = false;
  #windows: ReadonlyMap<string, number> = new Map();

  /** `lanesPromised`: is every lane promised something? */
  constructor(lanesPromised: boolean) {
    this.#lanesPromised = lanesPromised;
  }

  onAsked(lane: Lane): void {
    this.#asked.add(lane);
  }

  onSend(lane: Lane): void {
    this.#sent.add(lane);
    for (const other of lanes) if (other !== lane) this.#starved[other].others++;
  }

  /** A far side refused or broke off. */
  onCongestion(): void {
    this.#congested = true;
  }

  /** What stands still since a minute, told once. */
  onSecond(gauges: readonly GaugeReading[]): string[] {
    const waiting = { vip: 0, standard: 0, batch: 0 };
    let all = 0;
    for (const { name, labels, value } of gauges) {
      if (name !== 'queue_depth') continue;
      all += value;
      for (const lane of lanes) if (labels['lane'] === lane) waiting[lane] += value;
    }
    const moved = this.#windowsMoved(gauges);
    const free = this.#congested || moved === 'cut';
    const findings: string[] = [];
    // A lane is served now and then however much is asked in others: the floor of batch and the ceiling of vips see to it.
    for (const lane of lanes) {
      this.#still[lane] = waiting[lane] > 0 && !free && !this.#sent.has(lane) ? this.#still[lane] + 1 : 0;
      if (this.#still[lane] !== STANDSTILL_SECONDS) continue;
      findings.push(`${waiting[lane]} wait in lane ${lane}, of which nobody was sent for ${STANDSTILL_SECONDS} s`);
    }
    const stands = all > 0 && !free && moved === 'still' && this.#sent.size === 0;
    this.#allStill = stands ? this.#allStill + 1 : 0;
    if (this.#allStill === STANDSTILL_SECONDS) {
      findings.push(`${all} wait, and for ${STANDSTILL_SECONDS} s nobody was sent and no window grew`);
    }
    if (this.#lanesPromised) findings.push(...this.#starving());
    this.#sent.clear();
    this.#asked.clear();
    this.#congested = false;
    return findings;
  }

  #starving(): string[] {
    return lanes.flatMap((lane) => {
      const starved = this.#starved[lane];
      if (this.#sent.has(lane) || !this.#asked.has(lane)) {
        this.#starved[lane] = { seconds: 0, others: 0 };
        return [];
      }
      if (++starved.seconds !== STANDSTILL_SECONDS || starved.others < OTHERS_MIN) return [];
      return [
        `lane ${lane} was asked for in each of ${STANDSTILL_SECONDS} s and got nothing, others ${starved.others} times`,
      ];
    });
  }

  #windowsMoved(gauges: readonly GaugeReading[]): 'grew' | 'cut' | 'still' {
    const before = this.#windows;
    const now = new Map<string, number>();
    let moved: 'grew' | 'cut' | 'still' = 'still';
    for (const { name, labels, value } of gauges) {
      if (name !== 'window_tokens_max') continue;
      const key = JSON.stringify(labels);
      now.set(key, value);
      const last = before.get(key) ?? value;
      if (value < last) moved = 'cut';
      else if (value > last && moved === 'still') moved = 'grew';
    }
    this.#windows = now;
    return moved;
  }
}

// `node bench/queue.ts`: what one decision of the waiting room costs, by how many tenants wait (flows), in how many lanes,
// and how many find room at once (limit). A decision: one exchange arrives, one is chosen and leaves, and the tokens of an
// answer are charged. It must stay in the microseconds with the room full: the queue is longest when time is shortest.
import { monotonicMs } from '../src/kernel/brands.ts';
import { type Lane, lanes } from '../src/kernel/lane.ts';
import { FairRoom, type Seat } from '../src/policy/fair-room.ts';

const GROUPS = 4;
const ROUNDS = 20_000;
const WARM_UP_ROUNDS = 5_000;
const NS_PER_US = 1_000;

interface Case {
  readonly limit: number;
  readonly laneCount: number;
  readonly flows: number;
}

interface Guest {
  readonly lane: Lane;
  readonly group: string;
  readonly tenant: string;
  readonly tokens: number;
  readonly bytes: number;
}

/** Nanoseconds per decision of each round, sorted. */
function measure({ limit, laneCount, flows }: Case): number[] {
  const room = new FairRoom<Guest>({ seatsPerLaneMax: 10_000, bytesPerLaneMax: 1e9, seatsPerGroupMax: 10_000 });
  let arrivals = 0;
  const enter = (guest: Guest): Seat | null => {
    arrivals++;
    return room.enter(guest, { ...guest, deadlineAt: arrivals % 2 === 0 ? monotonicMs(arrivals * 10) : null });
  };
  for (let flow = 0; flow < flows; flow++) {
    const lane = lanes[flow % laneCount] ?? 'standard';
    enter({
      lane,
      group: `group ${flow % GROUPS}`,
      tenant: `tenant ${flow}`,
      tokens: 50 + ((flow * 7919) % 997),
      bytes: 2_000,
    });
  }
  const costs: number[] = [];
  const served: Guest[] = [];
  for (let round = 0; round < (WARM_UP_ROUNDS + ROUNDS) / limit; round++) {
    const startedAt = process.hrtime.bigint();
    // Who was served a round ago comes back: the room stays as full as it was.
    for (const guest of served) {
      const seat = enter(guest);
      if (seat !== null) room.charge(seat, guest.tokens % 100);
    }
    served.length = 0;
    room.serve((guest) => served.length < limit && served.push(guest) > 0);
    room.expire(monotonicMs(0), () => 0);
    costs.push(Number(process.hrtime.bigint() - startedAt) / Math.max(1, served.length));
  }
  return costs.slice(WARM_UP_ROUNDS / limit).toSorted((a, b) => a - b);
}

const us = (sorted: readonly number[], share: number): string =>
  ((sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN) / NS_PER_US).toFixed(1).padStart(8);

console.log('limit lanes flows   p50 µs   p99 µs   max µs   (per decision)');
for (const limit of [1, 100]) {
  for (const laneCount of [1, lanes.length]) {
    for (const flows of [10, 5_000]) {
      const sorted = measure({ limit, laneCount, flows });
      const name = [`${limit}`.padStart(5), `${laneCount}`.padStart(5), `${flows}`.padStart(5)].join(' ');
      console.log(name, us(sorted, 0.5), us(sorted, 0.99), us(sorted, 1));
    }
  }
}

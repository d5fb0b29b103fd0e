// `node bench/queue.ts`: what one decision of the waiting room costs, by how many tenants wait (flows), in how many lanes,
// and how many find room at once (limit). A decision: one exchange arrives, one is chosen and leaves, and the tokens of an
// answer are charged. It must stay in the microseconds with the room full: the queue is longest when time is shortest.
// Each case is sampled several times. Figures are medians of those; the best p99 stands beside, since whatever else the machine
// does only adds. What the garbage collector takes counts (sampler.ts); only other processes' turns are left out.
import { monotonicMs } from '../src/kernel/brands.ts';
import { type Lane, lanes } from '../src/kernel/lane.ts';
import { FairRoom, type Seat } from '../src/policy/fair-room.ts';
import { sample } from './sampler.ts';
import type { Sampled } from './sampler.ts';
import { medianOf } from './statistics.ts';

const GROUPS = 4;
const REPETITIONS = 9;
/** Decisions, or rounds of as many decisions as find room at once. */
const PIECES = { single: 30_000, batch: 2_000 } as const;
const WARM_UP_PIECES = { single: 60_000, batch: 1_000 } as const;

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

/** A full room; `turn` serves as many as find room, and those of the turn before come back: it stays as full. */
function fullRoom({ limit, laneCount, flows }: Case): { turn: () => void } {
  const room = new FairRoom<Guest>({ seatsPerLaneMax: 10_000, bytesPerLaneMax: 1e9, seatsPerGroupMax: 10_000 });
  let arrivals = 0;
  const enter = (guest: Guest): Seat | null => {
    const { lane, group, tenant, tokens, bytes } = guest;
    arrivals += 1;
    const deadlineAt = arrivals % 2 === 0 ? monotonicMs(arrivals * 10) : null;
    return room.enter(guest, { lane, group, tenant, tokens, bytes, deadlineAt });
  };
  for (let flow = 0; flow < flows; flow += 1) {
    const lane = lanes[flow % laneCount] ?? 'standard';
    const tokens = 50 + ((flow * 7919) % 997);
    enter({ lane, group: `group ${flow % GROUPS}`, tenant: `tenant ${flow}`, tokens, bytes: 2_000 });
  }
  const served: Guest[] = [];
  const take = (guest: Guest): boolean => served.length < limit && served.push(guest) > 0;
  const turn = (): void => {
    for (const guest of served) {
      const seat = enter(guest);
      if (seat !== null) room.charge(seat, guest.tokens % 100);
    }
    served.length = 0;
    room.serve(take);
    room.expire(monotonicMs(0), () => 0);
  };
  return { turn };
}

async function measure(one: Case): Promise<string> {
  const kind = one.limit === 1 ? 'single' : 'batch';
  const { turn } = fullRoom(one);
  await sample(WARM_UP_PIECES[kind], turn);
  const runs: Sampled[] = [];
  for (let run = 0; run < REPETITIONS; run += 1) runs.push(await sample(PIECES[kind], turn));
  const per = Math.min(one.limit, one.flows);
  const median = (pick: (run: Sampled) => number): string => cell(medianOf(runs.map(pick)) / per);
  const figures = [
    median((run) => run.p50Us),
    median((run) => run.p99Us),
    cell(Math.min(...runs.map((run) => run.p99Us)) / per),
    median((run) => run.p999Us),
    median((run) => run.ownMaxUs),
    median((run) => run.collectionUs),
    cell(Math.max(...runs.map((run) => run.collectionMaxUs))),
    String(runs.reduce((sum, run) => sum + run.interrupted, 0)).padStart(8),
  ];
  return [one.limit, one.laneCount, one.flows].map((part) => String(part).padStart(5)).join('') + figures.join('');
}

function cell(us: number): string {
  return us.toFixed(us < 10 ? 2 : 1).padStart(9);
}

console.log(
  `µs per decision, ${REPETITIONS} repetitions; gc: collections' share of a decision, and the longest one whole`,
);
console.log('limit lanes flows   p50      p99  best p99    p99.9  own max       gc   gc max  left out');
for (const limit of [1, 100]) {
  for (const laneCount of [1, lanes.length]) {
    for (const flows of [10, 5_000]) console.log(await measure({ limit, laneCount, flows }));
  }
}

// Ideal: what the best static limit, chosen with hindsight, would have made of one far side: a closed loop with an endless
// backlog, so that nobody ever waits in front. It is the denominator of every goodput figure; no policy can know it.
import { BatchEngine, healthy } from '../engine/batch-engine.ts';
import { EventTime } from './event-time.ts';
import { type Mix, expectations, type Wish, workOf, Workload } from './workload.ts';

export interface Ideal {
  readonly workPerSecond: number;
  readonly limit: number;
}

const WARM_MS = 30_000;
const MEASURED_MS = 120_000;
const COARSE = [5, 10, 20, 40, 60, 80, 100, 120, 140, 160, 200];
const FINE = [-10, 10];
/** Below this limit ten more or fewer are no fine steps. */
const SMALL = 30;
const FINE_WHEN_SMALL = [-2, 2, 5];

const known = new Map<string, Ideal>();
const KNOWN_MAX = 10_000;

/** Where a backlog without end comes from: drawn from a mix, or a trace over and over. */
export type Backlog = () => (atMs: number) => Wish;

export const drawnBacklog =
  (mix: Mix, seed: number): Backlog =>
  () => {
    const workload = new Workload(mix, seed, () => 1);
    return (atMs) => workload.draw(atMs);
  };

/** `key` names the backlog: the search is done once per backlog, seed and speed. */
export function idealOf(key: string, seed: number, speed: number, backlog: Backlog): Ideal {
  const name = `${key} ${seed} ${speed}`;
  const found = known.get(name);
  if (found !== undefined) return found;
  const ideal = search(backlog, speed);
  if (known.size < KNOWN_MAX) known.set(name, ideal);
  return ideal;
}

function search(backlog: Backlog, speed: number): Ideal {
  let best: Ideal = { workPerSecond: 0, limit: 0 };
  const consider = (limit: number): void => {
    const workPerSecond = closedLoop(backlog, speed, limit);
    if (workPerSecond > best.workPerSecond) best = { workPerSecond, limit };
  };
  for (const limit of COARSE) consider(limit);
  const around = best.limit;
  for (const step of around < SMALL ? FINE_WHEN_SMALL : FINE) consider(around + step);
  return best;
}

/** Work per second of requests within expectations, with `limit` requests always in flight. */
export function closedLoop(backlog: Backlog, speed: number, limit: number): number {
  const time = new EventTime();
  const engine = new BatchEngine(time);
  if (speed !== 1) engine.condition = { ...healthy, speed };
  const draw = backlog();
  let work = 0;
  const begin = (): void => {
    const wish = draw(time.now());
    const sentAt = time.now();
    let firstTokenMs = 0;
    engine.submit(wish, {
      onKeepAlive: () => {},
      onTokens: () => {},
      onBroken: () => {},
      onRefused: begin,
      onFirstToken: () => (firstTokenMs = time.now() - sentAt),
      onDone: () => {
        const now = time.now();
        if (now > WARM_MS && meetsExpectations(wish, firstTokenMs, now - sentAt)) work += workOf(wish);
        begin();
      },
    });
  };
  for (let at = 0; at < limit; at++) begin();
  time.runTo(WARM_MS + MEASURED_MS);
  return (work * 1000) / MEASURED_MS;
}

export function meetsExpectations(wish: Wish, firstTokenMs: number, wholeMs: number): boolean {
  const wanted = expectations[wish.lane];
  if (firstTokenMs > wanted.firstTokenMs) return false;
  return (wholeMs - firstTokenMs) / Math.max(1, wish.outputTokens - 1) <= wanted.perTokenMs;
}

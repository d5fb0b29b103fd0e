// Waiting groups: who waits for the same targets is a group. Exchanges of one model may be eligible for different targets
// (region, capabilities, tried before): one that waits for a full target must not hold up another whose target is free.
// What is learned of a group (how fast it is served) is kept for a while when nobody waits in it.
import { RecentMap } from '../kernel/bounded.ts';
import type { MonotonicMs } from '../kernel/brands.ts';
import { TokenDrain } from '../policy/token-drain.ts';
import type { Exchange } from './exchange.ts';
import type { Target } from './snapshot.ts';

const GROUPS_MAX = 1_000;

export class WaitingGroup {
  readonly name: string;
  readonly targets: readonly Target[];
  /** How fast its waiters are served. */
  readonly drain = new TokenDrain();
  #waiting = 0;

  constructor(name: string, targets: readonly Target[]) {
    this.name = name;
    this.targets = targets;
  }

  enter(now: MonotonicMs): void {
    if (this.#waiting++ === 0) this.drain.onQueue(true, now);
  }

  leave(now: MonotonicMs): void {
    if (--this.#waiting === 0) this.drain.onQueue(false, now);
  }
}

export class WaitingGroups {
  readonly #groups = new RecentMap<string, WaitingGroup>(GROUPS_MAX);

  of(exchange: Exchange): WaitingGroup {
    const targets = exchange.candidates().map(({ target }) => target);
    const name = targets
      .map(({ id }) => id)
      .toSorted()
      .join(' ');
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    const group = new WaitingGroup(name, targets);
    this.#groups.set(name, group);
    return group;
  }

  named(name: string): WaitingGroup | null {
    return this.#groups.get(name) ?? null;
  }
}

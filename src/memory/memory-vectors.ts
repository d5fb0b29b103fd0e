// Memory vectors: the vector index in one's own process and thread, for tests and for whoever has no other. A search takes as
// long as it takes, so a server keeps its vectors elsewhere.
import type { Nearest, Sought, VectorEntry, VectorIndex, VectorTimes } from '../ports/vectors.ts';
import type { PurgeScope } from '../ports/cache.ts';
import { type SpaceLimits, VectorSpaces } from '../policy/semantic/vector-space.ts';

export class MemoryVectors implements VectorIndex {
  readonly #spaces: VectorSpaces;

  constructor(limits: SpaceLimits) {
    this.#spaces = new VectorSpaces(limits);
  }

  put(entry: VectorEntry): void {
    this.#spaces.put(entry);
  }
  renew(space: string, key: string, times: VectorTimes): void {
    this.#spaces.renew(space, key, times);
  }
  remove(space: string, key: string): void {
    this.#spaces.remove(space, key);
  }
  purge(scope: PurgeScope): void {
    this.#spaces.purge(scope);
  }
  nearest(sought: Sought, _budgetMs: number, done: (nearest: Nearest | null) => void): { cancel(): void } {
    done(this.#spaces.nearest(sought));
    return { cancel: () => {} };
  }
  gauges(): ReturnType<VectorIndex['gauges']> {
    return { vectors: this.#spaces.size, bytes: this.#spaces.bytes, restarts: 0 };
  }
}

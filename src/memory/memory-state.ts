// Memory state: what is learned is kept while the process lives, and forgotten with it.
import type { JsonValue } from '../kernel/json.ts';
import type { StateStore } from '../ports/state.ts';

export class MemoryState implements StateStore {
  readonly #values = new Map<string, JsonValue>();

  load(name: string): JsonValue | null {
    return this.#values.get(name) ?? null;
  }

  save(name: string, value: JsonValue): void {
    this.#values.set(name, value);
  }
}

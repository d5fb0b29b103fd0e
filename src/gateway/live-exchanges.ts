// Live exchanges: those that have not ended. A list with each exchange's place noted on it, and no Set: a Set that is written
// thousands of times a second keeps the dead ones alive until a major collection (measured: 20 µs of CPU a request).
import type { Exchange } from './exchange.ts';

export class LiveExchanges {
  readonly #list: Exchange[] = [];

  get size(): number {
    return this.#list.length;
  }

  add(exchange: Exchange): void {
    exchange.liveAt = this.#list.length;
    this.#list.push(exchange);
  }

  /** Harmless when it has left. */
  remove(exchange: Exchange): void {
    const at = exchange.liveAt;
    const last = this.#list.at(-1);
    if (at === null || last === undefined) return;
    this.#list[at] = last;
    last.liveAt = at;
    this.#list.pop();
    exchange.liveAt = null;
  }

  /** A copy: ending an exchange removes it. */
  all(): Exchange[] {
    return [...this.#list];
  }
}

// Bounded collections: a collection that could grow for ever is a leak with a delay, so the pure zone uses these.

/** The last `capacity` values by key, in order of insertion; the oldest leaves when a new one finds no room. */
export class RecentMap<Key, Value> {
  readonly #capacity: number;
  readonly #entries = new Map<Key, Value>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  /** A known key keeps its place: moving it would make garbage of every write. */
  set(key: Key, value: Value): void {
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#capacity) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }

  delete(key: Key): void {
    this.#entries.delete(key);
  }

  /** Oldest first. */
  values(): IterableIterator<Value> {
    return this.#entries.values();
  }
}

/**
 * Names made of two, each made once: to join them anew for every look-up costs a copy and a hash (0.15 µs) each time. A line
 * break stands in no name, so they cannot be confused. When there are too many it begins anew.
 */
export class JoinedNames {
  readonly #capacity: number;
  readonly #joined = new Map<string, Map<string, string>>();
  #size = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  of(first: string, second: string): string {
    return this.#joined.get(first)?.get(second) ?? this.#join(first, second);
  }

  #join(first: string, second: string): string {
    if (this.#size >= this.#capacity) {
      this.#joined.clear();
      this.#size = 0;
    }
    const joined = `${first}\n${second}`;
    const bySecond = this.#joined.get(first);
    if (bySecond === undefined) this.#joined.set(first, new Map([[second, joined]]));
    else bySecond.set(second, joined);
    this.#size++;
    return joined;
  }
}

export interface Link<Value> {
  readonly value: Value;
}
interface MutableLink<Value> extends Link<Value> {
  before: MutableLink<Value> | null;
  after: MutableLink<Value> | null;
  owner: Fifo<Value> | null;
}

/** First in, first out, with removal from the middle in constant time. `push` answers null when full. */
export class Fifo<Value> {
  readonly capacity: number;
  #first: MutableLink<Value> | null = null;
  #last: MutableLink<Value> | null = null;
  #size = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.#size;
  }

  get first(): Value | null {
    return this.#first?.value ?? null;
  }

  push(value: Value): Link<Value> | null {
    if (this.#size >= this.capacity) return null;
    const link: MutableLink<Value> = { value, before: this.#last, after: null, owner: this };
    if (this.#last === null) this.#first = link;
    else this.#last.after = link;
    this.#last = link;
    this.#size++;
    return link;
  }

  /** False when the link had left already. */
  remove(link: Link<Value>): boolean {
    const node = link as MutableLink<Value>;
    if (node.owner !== this) return false;
    node.owner = null;
    if (node.before === null) this.#first = node.after;
    else node.before.after = node.after;
    if (node.after === null) this.#last = node.before;
    else node.after.before = node.before;
    // A removed link may be held for long; it must not hold those who came after it.
    node.before = null;
    node.after = null;
    this.#size--;
    return true;
  }

  *[Symbol.iterator](): IterableIterator<Value> {
    for (let node = this.#first; node !== null; node = node.after) yield node.value;
  }
}

// Heap: whoever comes first by some order, in logarithmic time for entering, for leaving from the middle and for a change
// of order. Each value gets an entry, which is how it is found again.
// It must never be asked about an order that changed without `moved`.

export interface HeapEntry<Value> {
  readonly value: Value;
}
interface MutableEntry<Value> extends HeapEntry<Value> {
  /** Index in the heap; -1 after it left. */
  at: number;
}

export class Heap<Value> {
  readonly #before: (a: Value, b: Value) => boolean;
  readonly #entries: MutableEntry<Value>[] = [];

  /** `before(a, b)`: a comes strictly before b. */
  constructor(before: (a: Value, b: Value) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#entries.length;
  }

  get first(): Value | null {
    return this.#entries[0]?.value ?? null;
  }

  add(value: Value): HeapEntry<Value> {
    const entry: MutableEntry<Value> = { value, at: this.#entries.length };
    this.#entries.push(entry);
    this.#rise(entry);
    return entry;
  }

  /** Null when empty. */
  takeFirst(): Value | null {
    const first = this.#entries[0];
    if (first === undefined) return null;
    this.remove(first);
    return first.value;
  }

  /** False when it had left already. */
  remove(handle: HeapEntry<Value>): boolean {
    const entry = handle as MutableEntry<Value>;
    if (entry.at < 0) return false;
    const { at } = entry;
    const last = this.#entries.pop();
    entry.at = -1;
    if (last === undefined || last === entry) return true;
    this.#put(last, at);
    this.moved(last);
    return true;
  }

  /** The value's place in the order may have changed, in either direction. */
  moved(handle: HeapEntry<Value>): void {
    const entry = handle as MutableEntry<Value>;
    if (entry.at < 0) return;
    this.#rise(entry);
    this.#sink(entry);
  }

  /** In no particular order. */
  *values(): IterableIterator<Value> {
    for (const entry of this.#entries) yield entry.value;
  }

  #rise(entry: MutableEntry<Value>): void {
    let { at } = entry;
    while (at > 0) {
      const parent = this.#entries[(at - 1) >> 1];
      if (parent === undefined || !this.#before(entry.value, parent.value)) break;
      const above = parent.at;
      this.#put(parent, at);
      at = above;
    }
    this.#put(entry, at);
  }

  #sink(entry: MutableEntry<Value>): void {
    let { at } = entry;
    for (;;) {
      const left = this.#entries[2 * at + 1];
      const right = this.#entries[2 * at + 2];
      const rightIsFirst = left !== undefined && right !== undefined && this.#before(right.value, left.value);
      const child = rightIsFirst ? right : left;
      if (child === undefined || !this.#before(child.value, entry.value)) break;
      const below = child.at;
      this.#put(child, at);
      at = below;
    }
    this.#put(entry, at);
  }

  #put(entry: MutableEntry<Value>, at: number): void {
    this.#entries[at] = entry;
    entry.at = at;
  }
}

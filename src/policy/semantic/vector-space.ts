// Vector space: the vectors of answered questions, by tenant, and which of them is nearest to a question's. Exact: every one
// that may be a neighbour is looked at. One block of 32-bit floats for each tenant's space, at most so many vectors in it, and
// so many bytes in all: the oldest of the largest space makes room, so that one tenant cannot crowd out the others.
// It must never find what another tenant, or another partition of the same one, has put in.
import type { CacheKey, PurgeScope } from '../../ports/cache.ts';
import type { Nearest, Sought, VectorEntry, VectorTimes } from '../../ports/vectors.ts';
import { isWithin } from '../purge-epochs.ts';

export interface SpaceLimits {
  readonly vectorsMax: number;
  readonly bytesMax: number;
}

/** What an entry takes besides its vector: key, names, places in maps (measured: 570). */
const ENTRY_BYTES = 600;
/** Few: most tenants have asked little, and what is empty takes the room of others. */
const FIRST_ROWS = 4;
const NONE = -1;

interface Row extends Omit<VectorEntry, 'vector' | 'freshUntil' | 'keepUntil'> {
  freshUntil: number;
  keepUntil: number;
}

export class VectorSpaces {
  readonly #limits: SpaceLimits;
  readonly #spaces = new Map<string, Space>();
  #bytes = 0;

  constructor(limits: SpaceLimits) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }
  get size(): number {
    let size = 0;
    for (const space of this.#spaces.values()) size += space.size;
    return size;
  }

  /** One that is known is replaced. A vector of another length than its space's begins the space anew. */
  put(entry: VectorEntry): void {
    const known = this.#spaces.get(entry.space);
    if (known !== undefined && known.dimensions !== entry.vector.length) this.#drop(entry.space, known);
    const space = this.#spaces.get(entry.space) ?? new Space(entry.vector.length, this.#limits.vectorsMax);
    this.#spaces.set(entry.space, space);
    this.#counted(space, () => space.put(entry));
    while (this.#bytes > this.#limits.bytesMax && this.#shrinkLargest()) {
      // One at a time, from whichever is the largest by then.
    }
  }

  /** Its answer was made anew. */
  renew(space: string, key: CacheKey, times: VectorTimes): void {
    this.#spaces.get(space)?.renew(key, times);
  }

  nearest(sought: Sought): Nearest {
    const space = this.#spaces.get(sought.space);
    if (space === undefined || space.dimensions !== sought.vector.length) return { fresh: null, kept: null };
    return space.nearest(sought);
  }

  remove(space: string, key: CacheKey): void {
    const known = this.#spaces.get(space);
    if (known !== undefined) this.#counted(known, () => known.remove(key));
    if (known?.size === 0) this.#drop(space, known);
  }

  purge(scope: PurgeScope): void {
    for (const [name, space] of this.#spaces) {
      this.#counted(space, () => space.removeWhere((row) => isWithin(scope, row.key, row)));
      if (space.size === 0) this.#drop(name, space);
    }
  }

  #drop(name: string, space: Space): void {
    this.#bytes -= space.counted;
    this.#spaces.delete(name);
  }

  #counted(space: Space, change: () => void): void {
    change();
    this.#bytes += space.bytes - space.counted;
    space.counted = space.bytes;
  }

  #shrinkLargest(): boolean {
    let largest: [string, Space] | null = null;
    for (const one of this.#spaces) if (largest === null || one[1].bytes > largest[1].bytes) largest = one;
    if (largest === null) return false;
    const [name, space] = largest;
    this.#counted(space, () => space.removeOldest());
    if (space.size === 0) this.#drop(name, space);
    return true;
  }
}

/** One tenant's. Rows stand without gaps: the last one takes the place of one that leaves. */
class Space {
  readonly dimensions: number;
  /** As it was added to the sum. */
  counted = 0;
  readonly #rowsMax: number;
  #floats: Float32Array;
  #partitions = new Int32Array(FIRST_ROWS);
  readonly #rows: Row[] = [];
  readonly #at = new Map<CacheKey, number>();
  readonly #numbers = new Map<string, { readonly number: number; rows: number }>();
  #nextNumber = 0;

  constructor(dimensions: number, rowsMax: number) {
    this.dimensions = dimensions;
    this.#rowsMax = rowsMax;
    this.#floats = new Float32Array(FIRST_ROWS * dimensions);
  }

  get size(): number {
    return this.#rows.length;
  }
  get bytes(): number {
    return this.#floats.byteLength + this.#partitions.byteLength + this.#rows.length * ENTRY_BYTES;
  }

  put({ vector, ...entry }: VectorEntry): void {
    this.remove(entry.key);
    while (this.size >= this.#rowsMax) this.removeOldest();
    const at = this.size;
    if ((at + 1) * this.dimensions > this.#floats.length) this.#resize(Math.min(this.#rowsMax, at * 2));
    this.#floats.set(vector, at * this.dimensions);
    const partition = this.#numbers.get(entry.partition) ?? { number: this.#nextNumber++, rows: 0 };
    partition.rows++;
    this.#numbers.set(entry.partition, partition);
    this.#partitions[at] = partition.number;
    this.#rows.push(entry);
    this.#at.set(entry.key, at);
  }

  renew(key: CacheKey, { freshUntil, keepUntil }: VectorTimes): void {
    const row = this.#rows[this.#at.get(key) ?? NONE];
    if (row === undefined) return;
    row.freshUntil = freshUntil;
    row.keepUntil = keepUntil;
  }

  nearest({ vector, partition, except, now }: Sought): Nearest {
    const wanted = this.#numbers.get(partition)?.number;
    let [fresh, kept]: [Nearest['fresh'], Nearest['kept']] = [null, null];
    if (wanted === undefined) return { fresh, kept };
    for (let at = 0; at < this.size; at++) {
      if (this.#partitions[at] !== wanted) continue;
      const row = this.#rows[at];
      if (row === undefined || row.keepUntil <= now || row.key === except) continue;
      const likeness = this.#dot(vector, at * this.dimensions);
      if (likeness > (kept?.likeness ?? -Infinity)) kept = { key: row.key, likeness };
      if (row.freshUntil > now && likeness > (fresh?.likeness ?? -Infinity)) fresh = { key: row.key, likeness };
    }
    return { fresh, kept };
  }

  remove(key: CacheKey): void {
    const at = this.#at.get(key);
    const row = at === undefined ? undefined : this.#rows[at];
    if (at === undefined || row === undefined) return;
    this.#at.delete(key);
    const partition = this.#numbers.get(row.partition);
    if (partition !== undefined && --partition.rows === 0) this.#numbers.delete(row.partition);
    const last = this.size - 1;
    const moved = this.#rows.pop();
    if (moved !== undefined && at !== last) {
      this.#rows[at] = moved;
      this.#at.set(moved.key, at);
      this.#partitions[at] = this.#partitions[last] ?? NONE;
      this.#floats.copyWithin(at * this.dimensions, last * this.dimensions, (last + 1) * this.dimensions);
    }
    if (this.#floats.length > 4 * FIRST_ROWS * this.dimensions && this.size * this.dimensions * 4 < this.#floats.length)
      this.#resize(this.size * 2);
  }

  removeWhere(isGone: (row: Row) => boolean): void {
    for (const row of this.#rows.filter(isGone)) this.remove(row.key);
  }

  removeOldest(): void {
    for (const key of this.#at.keys()) return this.remove(key);
  }

  #resize(rows: number): void {
    const capacity = Math.max(FIRST_ROWS, rows);
    const floats = new Float32Array(capacity * this.dimensions);
    floats.set(this.#floats.subarray(0, this.size * this.dimensions));
    this.#floats = floats;
    const partitions = new Int32Array(capacity);
    partitions.set(this.#partitions.subarray(0, this.size));
    this.#partitions = partitions;
  }

  /** Four sums that do not wait for each other, and no looking whether a number is there: three times as fast. */
  #dot(vector: Float32Array, from: number): number {
    const floats = this.#floats;
    const { length } = vector;
    const whole = length - (length % 4);
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let at = 0, row = from; at < whole; at += 4, row += 4) {
      a += (vector[at] as number) * (floats[row] as number);
      b += (vector[at + 1] as number) * (floats[row + 1] as number);
      c += (vector[at + 2] as number) * (floats[row + 2] as number);
      d += (vector[at + 3] as number) * (floats[row + 3] as number);
    }
    for (let at = whole; at < length; at++) a += (vector[at] as number) * (floats[from + at] as number);
    return a + b + c + d;
  }
}

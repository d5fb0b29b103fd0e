// Sieve: keeps within a budget of bytes what is asked for again. Eviction is SIEVE's (Zhang et al., NSDI 2024): a hand walks
// from the oldest to the newest, spares once what was asked for since it last came by, and evicts the first that was not.
// Admission is by worth: tokens saved per byte. A newcomer that is worth less than the one it would push out is turned away,
// and that one's defence is used up, so that nothing stays for ever and whoever is asked for again gets in.
// It must never hold more than its budget, nor move anything when it is read.

export interface SieveCost {
  /** All it takes of memory. */
  readonly bytes: number;
  /** Of one hit, in any unit that is the same for all. */
  readonly worth: number;
}

interface Node<Value> {
  readonly key: string;
  readonly value: Value;
  readonly bytes: number;
  /** Worth per byte. */
  readonly density: number;
  visited: boolean;
  defended: boolean;
  newer: Node<Value> | null;
  older: Node<Value> | null;
}

export class Sieve<Value> {
  readonly #bytesMax: number;
  readonly #nodes = new Map<string, Node<Value>>();
  #newest: Node<Value> | null = null;
  #oldest: Node<Value> | null = null;
  /** Where the hand stands; null: it begins anew at the oldest. */
  #hand: Node<Value> | null = null;
  #bytes = 0;
  #evicted = 0;
  #refused = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }
  get size(): number {
    return this.#nodes.size;
  }
  /** Since the start. */
  get evicted(): number {
    return this.#evicted;
  }
  /** Newcomers turned away since the start. */
  get refused(): number {
    return this.#refused;
  }

  get(key: string): Value | null {
    const node = this.#nodes.get(key);
    if (node === undefined) return null;
    node.visited = true;
    return node.value;
  }

  /** Replaces what was kept under the key. False: it was not let in. */
  put(key: string, value: Value, { bytes, worth }: SieveCost): boolean {
    const known = this.#nodes.get(key);
    if (known !== undefined) this.#remove(known);
    const density = worth / Math.max(1, bytes);
    if (bytes > this.#bytesMax || !this.#makeRoom(bytes, known === undefined ? density : Number.POSITIVE_INFINITY)) {
      this.#refused++;
      return false;
    }
    const node: Node<Value> = {
      key,
      value,
      bytes,
      density,
      visited: known?.visited ?? false,
      defended: false,
      newer: null,
      older: this.#newest,
    };
    if (this.#newest === null) this.#oldest = node;
    else this.#newest.newer = node;
    this.#newest = node;
    this.#nodes.set(key, node);
    this.#bytes += bytes;
    return true;
  }

  delete(key: string): void {
    const node = this.#nodes.get(key);
    if (node !== undefined) this.#remove(node);
  }

  /** Removes what `picks` says; walks over everything. */
  deleteWhere(picks: (value: Value) => boolean): void {
    for (let node = this.#oldest; node !== null;) {
      const { newer } = node;
      if (picks(node.value)) this.#remove(node);
      node = newer;
    }
  }

  /** In no order that means anything. */
  *values(): Iterable<Value> {
    for (const { value } of this.#nodes.values()) yield value;
  }

  clear(): void {
    this.#nodes.clear();
    this.#newest = this.#oldest = this.#hand = null;
    this.#bytes = 0;
  }

  /** Evicts until `bytes` fit; false when the newcomer is worth less than who would have to go. */
  #makeRoom(bytes: number, density: number): boolean {
    while (this.#bytes + bytes > this.#bytesMax) {
      const victim = this.#nextVictim();
      if (victim === null) return false;
      if (victim.density > density && !victim.defended) {
        victim.defended = true;
        this.#hand = victim.newer;
        return false;
      }
      this.#evicted++;
      this.#remove(victim);
    }
    return true;
  }

  /** Ends: each step forward spares at most once, and two rounds see everybody. */
  #nextVictim(): Node<Value> | null {
    let node = this.#hand ?? this.#oldest;
    while (node !== null && node.visited) {
      node.visited = false;
      node = node.newer ?? this.#oldest;
    }
    this.#hand = node;
    return node;
  }

  #remove(node: Node<Value>): void {
    if (this.#hand === node) this.#hand = node.newer;
    if (node.newer === null) this.#newest = node.older;
    else node.newer.older = node.older;
    if (node.older === null) this.#oldest = node.newer;
    else node.older.newer = node.newer;
    node.newer = node.older = null;
    this.#nodes.delete(node.key);
    this.#bytes -= node.bytes;
  }
}

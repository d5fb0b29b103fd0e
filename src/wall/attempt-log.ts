// Attempt log: what arrived at the wall and what became of it, in order of arrival. It is what tests count attempts by. It
// never holds a credential: a digest tells two of them apart.

export interface LogEntry {
  readonly number: number;
  /** Arrival, in milliseconds since 1970. */
  readonly at: number;
  readonly path: string;
  readonly model: string;
  readonly stream: boolean;
  readonly bodyBytes: number;
  /** The first hex digits of the SHA-256 of the credential, whichever header it came in; null without one. */
  readonly authorization: string | null;
  /** What the assistant message at the end said. */
  readonly prefix: string | null;
  readonly note: string | null;
  /** Null as long as no head was sent. */
  status: number | null;
  /** From arrival to the end; null while it lasts. */
  tookMs: number | null;
  /** The client left before the wall was done. */
  aborted: boolean;
}

export class AttemptLog {
  readonly #entriesMax: number;
  readonly #entries: LogEntry[] = [];
  #count = 0;

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  get entries(): readonly LogEntry[] {
    return this.#entries;
  }

  add(entry: Omit<LogEntry, 'number' | 'status' | 'tookMs' | 'aborted'>): LogEntry {
    const added: LogEntry = { number: ++this.#count, ...entry, status: null, tookMs: null, aborted: false };
    this.#entries.push(added);
    // A wall may stand for days; the oldest attempts interest nobody.
    if (this.#entries.length > this.#entriesMax) this.#entries.shift();
    return added;
  }

  clear(): void {
    this.#entries.length = 0;
    this.#count = 0;
  }
}

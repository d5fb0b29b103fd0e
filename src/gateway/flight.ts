// Flight: one answer in the making that several exchanges read. One of them, the leader, has asked a target and reads it its
// own way; what it reads is told here in the canonical form, and written once for each dialect among the others. A reader
// that joins late is given what was said, then follows, as fast as it reads itself. It never slows anybody else, and nobody
// waits for it.
//
//   open ──chunks──▶ open ──too much said──▶ closed (to newcomers) ──▶ ended (answered: readers may still be catching up)
//    └────leader lost, once: begun again by a reader that has been shown nothing
import type { AnswerIdentity, DoorDialect, DoorStream } from '../dialects/dialect.ts';
import { ChatAssembly } from '../dialects/openai/assembly.ts';
import { Fifo, type Link } from '../kernel/bounded.ts';
import type { DialectName } from '../kernel/dialect-name.ts';
import type { JsonObject } from '../kernel/json.ts';
import { limits } from '../kernel/limits.ts';
import type { Usage } from '../kernel/usage.ts';
import { concatBytes } from '../kernel/web.ts';
import type { Timer, Timers } from '../ports/clock.ts';
import type { KeptTimes } from '../policy/cache-directives.ts';
import type { AnswerTap } from './answer-reader.ts';
import type { Exchange } from './exchange.ts';
import { withoutNames } from './kept-answer.ts';

/** Readers that are written to as each event comes; more of them are written to now and then. */
const LIVE_READERS_MAX = 64;
/** Between two rounds, per reader: writing to one takes some ten microseconds. */
const ROUND_MS_PER_READER = 0.05;
/** Readers that are told the end in one go. */
const SLICE = 256;

/** What a flight asks of those who run exchanges. */
export interface FlightHost {
  readonly timers: Timers;
  /** Bytes of the answer for one reader. */
  show(reader: Exchange, bytes: Uint8Array): void;
  /** `shown`: as a stream, to its end; else all of it is still to be given. */
  finish(reader: Exchange, shown: boolean, end: FlightEnd): void;
  /** It reads too slowly to be waited for. */
  cut(reader: Exchange): void;
}

/** What came of it. */
export interface FlightEnd {
  readonly answer: JsonObject;
  readonly usage: Usage;
  readonly costMicroUsd: number | null;
  /** Of an answer that was kept; null: it is new. */
  readonly ageMs: number | null;
  /** Of what is kept of it; null: nothing is. */
  readonly times: KeptTimes | null;
  /** It is a similar question's answer. */
  readonly isNeighbours?: true;
}

export interface FlightReader {
  readonly exchange: Exchange;
  /** How its dialect is written; null: it wants the answer whole. */
  readonly rendering: Rendering | null;
  /** Pieces of the rendering that it has been given. */
  given: number;
  link: Link<FlightReader> | null;
}

export class Flight implements AnswerTap {
  leader: Exchange;
  handedOver = false;
  /** Its leader's client wants a stream: readers of streams can follow. */
  readonly streams: boolean;
  readonly #host: FlightHost;
  readonly #readers = new Fifo<FlightReader>(limits.flightReadersMax);
  #renderings = new Map<DialectName, Rendering>();
  /** What newcomers are given first; none once the flight is closed to them. */
  #chunks: JsonObject[] = [];
  /** Takes over from the chunks then. */
  #assembly: ChatAssembly | null = null;
  #answer: JsonObject | null = null;
  #bytes = 0;
  #end: FlightEnd | null = null;
  #round: Timer | null = null;

  constructor(leader: Exchange, streams: boolean, host: FlightHost) {
    this.leader = leader;
    this.streams = streams;
    this.#host = host;
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** Whoever joins now can still be told all of it. */
  get open(): boolean {
    return this.#end === null && this.#bytes <= limits.flightBytesMax && this.#readers.size < limits.flightReadersMax;
  }

  get ended(): boolean {
    return this.#end !== null;
  }

  /** What was said, whole; null while nothing was, or it was too much to be kept. */
  get answer(): JsonObject | null {
    if (this.#answer !== null) return this.#answer;
    if (this.#bytes === 0 || this.#bytes > limits.answerBytesMax) return null;
    return (this.#assembly ?? assembled(this.#chunks)).answer();
  }

  /** Only while `open`. */
  join(exchange: Exchange): FlightReader {
    const streams = exchange.request?.stream === true && this.streams;
    const rendering = streams ? this.#renderingFor(exchange.dialect, exchange.identity) : null;
    const reader: FlightReader = { exchange, rendering, given: 0, link: null };
    reader.link = this.#readers.push(reader);
    this.#give(reader);
    return reader;
  }

  leave(reader: FlightReader): void {
    if (reader.link !== null) this.#readers.remove(reader.link);
    reader.link = null;
  }

  /** It has caught up with what it was sent. */
  drained(reader: FlightReader): void {
    this.#give(reader);
  }

  /** Everybody else is behind too: the far side may be made to wait. */
  mayPause(): boolean {
    for (const { exchange } of this.#readers) if (!isBehind(exchange)) return false;
    return true;
  }

  chunks(chunks: readonly JsonObject[], bytes: number): void {
    if (chunks.length === 0) return;
    this.#bytes += bytes;
    const isLong = this.#bytes > limits.flightBytesMax;
    if (isLong && this.#assembly === null) {
      this.#assembly = assembled(this.#chunks);
      this.#chunks = [];
    }
    for (const named of chunks) {
      const chunk = withoutNames(named);
      if (this.#assembly === null) this.#chunks.push(chunk);
      else if (this.#bytes <= limits.answerBytesMax) this.#assembly.addChunk(chunk);
      for (const rendering of this.#renderings.values()) rendering.write(chunk);
    }
    this.#giveAll(isLong);
  }

  whole(answer: JsonObject): void {
    this.#answer = answer;
  }

  /** The leader's answer is complete: readers are told as they catch up. */
  conclude(end: FlightEnd): void {
    this.#end = end;
    this.#round?.cancel();
    this.#concludeSome();
  }

  /**
   * The leader is lost. Answers who has been shown something, and cannot begin again; all others stay, and whatever is
   * said from now on is the beginning.
   */
  begin(): Exchange[] {
    const shown = [...this.#readers].filter(({ exchange }) => exchange.shown);
    for (const reader of shown) this.leave(reader);
    this.#chunks = [];
    this.#renderings = new Map();
    this.#assembly = null;
    this.#answer = null;
    this.#bytes = 0;
    this.#round?.cancel();
    this.#round = null;
    return shown.map(({ exchange }) => exchange);
  }

  /** Everybody who still reads, and leaves now. */
  dissolve(): Exchange[] {
    const all = [...this.#readers];
    for (const reader of all) this.leave(reader);
    return all.map(({ exchange }) => exchange);
  }

  /** Who has waited longest; null: nobody. */
  get first(): FlightReader | null {
    return this.#readers.first;
  }

  #renderingFor(dialect: DoorDialect, identity: AnswerIdentity): Rendering {
    let rendering = this.#renderings.get(dialect.name);
    if (rendering === undefined) {
      rendering = new Rendering(dialect.stream(identity));
      for (const chunk of this.#chunks) rendering.write(chunk);
      this.#renderings.set(dialect.name, rendering);
    }
    return rendering;
  }

  #giveAll(isLong: boolean): void {
    const { size } = this.#readers;
    if (size <= LIVE_READERS_MAX) this.#giveEach(isLong);
    else {
      this.#round ??= this.#host.timers.after(size * ROUND_MS_PER_READER, () => {
        this.#round = null;
        if (this.#end === null) this.#giveEach(this.#bytes > limits.flightBytesMax);
      });
    }
  }

  #giveEach(isLong: boolean): void {
    const tooSlow: FlightReader[] = [];
    for (const reader of this.#readers) {
      this.#give(reader);
      if (isLong && reader.rendering !== null && reader.rendering.bytesAfter(reader.given) > limits.flightBytesMax) {
        tooSlow.push(reader);
      }
    }
    for (const reader of tooSlow) {
      this.leave(reader);
      this.#host.cut(reader.exchange);
    }
    if (!isLong) return;
    for (const rendering of this.#renderings.values()) {
      let least = rendering.end;
      for (const reader of this.#readers) if (reader.rendering === rendering) least = Math.min(least, reader.given);
      rendering.forget(least);
    }
  }

  #give(reader: FlightReader): void {
    const { exchange, rendering } = reader;
    if (rendering !== null && reader.given < rendering.end && !isBehind(exchange)) {
      const bytes = rendering.after(reader.given);
      reader.given = rendering.end;
      this.#host.show(exchange, bytes);
    }
    if (this.#end === null || (rendering !== null && reader.given < rendering.end)) return;
    this.#finish(reader, this.#end);
  }

  #finish(reader: FlightReader, end: FlightEnd): void {
    const { exchange, rendering } = reader;
    if (reader.link === null) return;
    this.leave(reader);
    const { request, dialect } = exchange;
    if (rendering === null || rendering.end === 0) return this.#host.finish(exchange, false, end);
    const toldUsage = request?.includeUsage === true || dialect.name !== 'openai' ? end.usage : null;
    this.#host.show(exchange, rendering.ending(toldUsage));
    this.#host.finish(exchange, true, end);
  }

  #concludeSome(): void {
    const some: FlightReader[] = [];
    for (const reader of this.#readers) {
      const isAtEnd = reader.rendering === null || !isBehind(reader.exchange);
      if (isAtEnd) some.push(reader);
      if (some.length === SLICE) break;
    }
    for (const reader of some) this.#give(reader);
    if (some.length === SLICE) this.#host.timers.after(0, () => this.#concludeSome());
  }
}

/** The answer as callers of one dialect read it, written once for all of them. */
class Rendering {
  readonly #door: DoorStream;
  #parts: Uint8Array[] = [];
  /** Parts that nobody needs any more. */
  #forgotten = 0;
  readonly #endings = new Map<boolean, Uint8Array>();

  constructor(door: DoorStream) {
    this.#door = door;
  }

  get end(): number {
    return this.#forgotten + this.#parts.length;
  }

  write(chunk: JsonObject): void {
    const bytes = this.#door.write(chunk);
    if (bytes !== null) this.#parts.push(bytes);
  }

  after(given: number): Uint8Array {
    return concatBytes(this.#parts.slice(given - this.#forgotten));
  }

  bytesAfter(given: number): number {
    let bytes = 0;
    for (let at = given - this.#forgotten; at < this.#parts.length; at++) bytes += this.#parts[at]?.length ?? 0;
    return bytes;
  }

  forget(given: number): void {
    this.#parts = this.#parts.slice(given - this.#forgotten);
    this.#forgotten = given;
  }

  ending(usage: Usage | null): Uint8Array {
    const known = this.#endings.get(usage !== null);
    if (known !== undefined) return known;
    const bytes = this.#door.end(usage);
    this.#endings.set(usage !== null, bytes);
    return bytes;
  }
}

function assembled(chunks: readonly JsonObject[]): ChatAssembly {
  const assembly = new ChatAssembly();
  for (const chunk of chunks) assembly.addChunk(chunk);
  return assembly;
}

const isBehind = ({ reply }: Exchange): boolean => reply.pendingBytes > limits.readerBytesLow;

// Request trial: the same bytes to node:http's parser and to a server with the express lane; what each read. The lane may
// refuse more, and may hand over what it likes. It must never show the door a message that the parser did not read so.
import type { HttpServerOptions } from '../../src/adapters/http-server/http-server.ts';
import { HttpServer } from '../../src/adapters/http-server/http-server.ts';
import { ExpressServer } from '../../src/adapters/lane/express-server.ts';
import { systemClock } from '../../src/adapters/system.ts';
import type { Door, InboundHead, Reply, Visit } from '../../src/ports/door.ts';
import { LlhttpOracle, type ReadMessage, wordsOfHead } from './llhttp-oracle.ts';
import { MemorySocket, settled } from './memory-socket.ts';
import { routes } from './request-messages.ts';

interface Seen {
  readonly head: string;
  /** Null: it was not had. */
  body: string | null;
  /** Read by the lane; else by node:http behind it. */
  readonly byLane: boolean;
}

/** Sees everything, and answers at once. */
class SeeingDoor implements Door {
  readonly #byLane: boolean;
  readonly #seen: Seen[];

  constructor(byLane: boolean, seen: Seen[]) {
    this.#byLane = byLane;
    this.#seen = seen;
  }

  enter(head: InboundHead, reply: Reply): Visit {
    const seen: Seen = { head: wordsOfHead(head), body: null, byLane: this.#byLane };
    this.#seen.push(seen);
    return {
      onBody: (bytes) => {
        seen.body = Buffer.from(bytes).toString('latin1');
        reply.head(200, []);
        reply.end(Buffer.from('ok'));
      },
      onBodyRefused: () => {
        reply.head(400, []);
        reply.end();
      },
      onDrain: () => {},
      onGone: () => {},
    };
  }
}

const noTimers = { after: () => ({ cancel: () => {} }) };

function options(onBug: (where: string, error: unknown) => void): HttpServerOptions {
  const time = { clock: systemClock, timers: noTimers };
  return { host: '127.0.0.1', port: 0, listener: 'main', ...time, heapPressure: () => 0, onBug };
}

/** How a connection went: `served`: all of it on the lane; `handedOver`: some of it, perhaps; `refused`: the lane ended it. */
export type Course = 'served' | 'handedOver' | 'refused';

export interface RequestVerdict {
  /** Null: they agree, or the lane took less. */
  readonly disagreement: string | null;
  readonly course: Course;
  /** Refused by the lane alone. */
  readonly stricter: boolean;
}

export class RequestTrial {
  readonly #bugs: string[] = [];
  readonly #seen: Seen[] = [];
  readonly #oracle = new LlhttpOracle();
  readonly #lane: ExpressServer;

  constructor() {
    const own = options((where, error) => this.#bugs.push(`${where}: ${String(error)}`));
    const behind = new HttpServer(new SeeingDoor(false, this.#seen), own);
    this.#lane = new ExpressServer(new SeeingDoor(true, this.#seen), { ...own, routes, tls: null }, behind);
  }

  async compare(parts: readonly Buffer[]): Promise<RequestVerdict> {
    this.#seen.length = 0;
    const before = this.#lane.stats;
    const sockets = [new MemorySocket(), new MemorySocket()] as const;
    const [plain, lane] = sockets;
    this.#oracle.read(plain, parts);
    this.#lane.serve(lane.asSocket);
    // The lane's reads are its own to write to.
    lane.feed(parts.map((part) => Buffer.from(part)));
    await settled(sockets);
    const after = this.#lane.stats;
    const isHandedOver = after.connectionsHandedOver > before.connectionsHandedOver;
    const isRefused = !isHandedOver && after.requestsRefused > before.requestsRefused;
    const verdict = this.#judge(isHandedOver ? 'handedOver' : isRefused ? 'refused' : 'served');
    for (const socket of sockets) socket.destroy();
    await Promise.all(sockets.map((socket) => socket.closedFully));
    return verdict;
  }

  /** Nothing may be left of all that was compared. */
  get leftovers(): object {
    const { connections, exchanges, bodyBytesInFlight } = this.#lane.stats;
    return { connections, exchanges, bodyBytesInFlight };
  }

  #judge(course: Course): RequestVerdict {
    const read = this.#oracle.messages
      // One after which another was read has ended, even where an error kept its end from being told.
      .map((message, at, all) => ({ ...message, whole: message.whole || at < all.length - 1 }))
      .filter(({ head }) => head !== null);
    const seen = this.#seen;
    const stricter = course === 'refused' && !this.#oracle.broken;
    const why = this.#bugs.length > 0 ? this.#bugs.splice(0).join('; ') : difference(read, seen, course);
    if (why === null) return { disagreement: null, course, stricter };
    const disagreement = `${why} (${course})\n  node:http ${JSON.stringify(read)}\n  lane      ${JSON.stringify(seen)}`;
    return { disagreement, course, stricter };
  }
}

/** Null: whatever the lane saw, the parser read. */
function difference(read: readonly ReadMessage[], seen: readonly Seen[], course: Course): string | null {
  if (seen.length > read.length) return 'a message was seen that was not read';
  for (const [at, { head, body, byLane }] of seen.entries()) {
    const message = read[at];
    if (message?.head !== head) return `message ${at} has another head`;
    const isSame = message.whole && message.body === body;
    // Behind the lane node:http reads for itself: there, only bytes that were lost or moved could make a difference.
    if (body !== null && !isSame && (byLane || message.whole)) return `message ${at} has another body`;
    if (course === 'served' && body === null && message.whole) return `message ${at} was whole`;
  }
  return course === 'served' && seen.length < read.length ? 'the lane missed a message' : null;
}

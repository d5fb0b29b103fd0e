// MockStreams: the streams that are open at the mock upstream. All open first, with one event each (a model that says nothing
// looks overloaded), and wait; at `begin` each gets the rest of its events at an even pace, one stream after the other, never
// all at once. That parts what a stream costs to open from what an event costs. Each event says when it was sent. Sends late rather than less: a slow reader gets all of them.
import type { Socket } from 'node:net';
import {
  EVENT_NUMBER_DIGITS,
  EVENT_TIME_DIGITS,
  eventParts,
  lastEvents,
  machineMicros,
  roleEvent,
} from '../payload.ts';

export interface StreamPlan {
  /** Content events of each stream; at least two. */
  readonly events: number;
  /** Between two events of one stream. */
  readonly intervalMs: number;
}

const head =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nX-Accel-Buffering: no\r\n' +
  'Transfer-Encoding: chunked\r\n\r\n';
const opening = head + chunkOf(roleEvent);
const ending = Buffer.from(`${chunkOf(lastEvents)}0\r\n\r\n`);
const contentBytes = eventParts.before.length + EVENT_TIME_DIGITS + 1 + EVENT_NUMBER_DIGITS + eventParts.after.length;
const beforeContent = `${contentBytes.toString(16)}\r\n${eventParts.before}`;
const afterContent = `${eventParts.after}\r\n`;

export class MockStreams {
  readonly #sockets: Socket[] = [];
  #timer: NodeJS.Timeout | null = null;

  /** Streams that began and have not ended. */
  get open(): number {
    return this.#sockets.length;
  }

  add(socket: Socket): void {
    socket.write(opening + contentEvent(0), 'latin1');
    this.#sockets.push(socket);
  }

  /** Sends to all that are open now, and ends them. */
  begin({ events, intervalMs }: StreamPlan): void {
    const streams = this.#sockets.slice();
    const total = streams.length * (events - 1);
    const startedAt = machineMicros();
    let sent = 0;
    this.#timer = setInterval(() => {
      const elapsedMs = (machineMicros() - startedAt) / 1_000;
      const due = Math.min(total, Math.floor((elapsedMs / intervalMs) * streams.length));
      for (; sent < due; sent += 1) {
        const number = 1 + Math.floor(sent / streams.length);
        const socket = streams[sent % streams.length];
        if (socket?.writable !== true) continue;
        socket.write(contentEvent(number), 'latin1');
        if (number === events - 1) socket.write(ending);
      }
      if (sent === total) this.end();
    }, 1);
  }

  /** Forgets them. */
  end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#sockets.length = 0;
  }
}

/** As a chunk. */
function contentEvent(number: number): string {
  const time = String(Math.floor(machineMicros())).padStart(EVENT_TIME_DIGITS, '0');
  return `${beforeContent}${time},${String(number).padStart(EVENT_NUMBER_DIGITS, '0')}${afterContent}`;
}

function chunkOf(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

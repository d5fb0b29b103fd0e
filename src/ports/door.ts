// The way in: an HTTP server hands each request to the door and gives it a reply to write on. Push-style like the way out.
import type { MonotonicMs } from '../kernel/brands.ts';
import type { HeaderList, HeaderRecord } from '../kernel/headers.ts';
import type { Rejection } from '../kernel/rejection.ts';

export interface InboundHead {
  readonly method: string;
  /** Decoded path without query; starts with `/`. */
  readonly path: string;
  /** Query without `?`; empty when there is none. */
  readonly query: string;
  readonly headers: HeaderRecord;
  readonly receivedAt: MonotonicMs;
  /** Remote address; `127.0.0.1` style. */
  readonly remote: string;
  /** Which listener: the admin port serves admin only, the main port the rest (and admin when no admin port is set). */
  readonly listener: 'main' | 'admin';
}

/** The answer. `head` once, then writes, then `end` or `destroy`. After `end`, `destroy` or the client's leaving all calls are ignored. */
export interface Reply {
  head(status: number, headers: HeaderList): void;
  /** False: the reader is behind; wait for `onDrain` before sending much more. */
  write(bytes: Uint8Array): boolean;
  end(bytes?: Uint8Array): void;
  /** Cuts the connection: the only honest way to fail once a 200 with a plain body has begun. */
  destroy(): void;
  /** Bytes accepted but not yet taken by the kernel. */
  readonly pendingBytes: number;
}

/** What the door wants to know about one request after its head. */
export interface Visit {
  /** The whole body, decompressed; empty for requests without one. Called at most once. */
  onBody(bytes: Uint8Array): void;
  /** The body could not be had: too large, too slow, bad encoding, no room. Called instead of `onBody`. */
  onBodyRefused(rejection: Rejection): void;
  /** The reader caught up after `write` answered false. */
  onDrain(): void;
  /** The client left, or the connection broke, before `end` was flushed. Called at most once. */
  onGone(): void;
}

export interface Door {
  /**
   * Called when the head has arrived. The door may answer at once (wrong route, no key): then it returns null and the
   * server discards the body and the visit is over.
   */
  enter(head: InboundHead, reply: Reply): Visit | null;
}

// The way out: one send to one origin, push-style. The transport calls the sink; nothing is awaited, no promise per chunk,
// so the same pipeline runs over undici, an own transport or the simulator's virtual time.
import type { DynamicAuth } from '../kernel/dynamic-auth.ts';
import type { HeaderList, HeaderRecord } from '../kernel/headers.ts';

/** How an upstream's origin is reached; one connection pool each. */
export interface Route {
  /** `https://api.deepseek.com`: scheme, host and port. */
  readonly origin: string;
  /** PEM file with the authority to trust besides the system's; null for the system's alone. */
  readonly caFile: string | null;
  /** `http://proxy:3128`; null goes straight. */
  readonly proxy: string | null;
  readonly connectMs: number;
  /** Asks for the named transport whatever others there are; absent: whichever is cheapest. */
  readonly transport?: 'undici';
}

export interface UpstreamRequest {
  readonly route: Route;
  readonly method: 'GET' | 'POST';
  /** Path with query, starting with `/`. */
  readonly path: string;
  readonly headers: HeaderList;
  /** Null for GET. The transport sets `content-length`. */
  readonly body: Uint8Array | null;
  /** What must be obtained or signed before this can be sent; null or absent when `headers` say all. */
  readonly auth?: DynamicAuth | null;
}

/** Trouble of the wire itself; what it means is the classifier's word. */
export interface WireTrouble {
  /** `credential`: nothing was sent, for want of a token or of keys to sign with. */
  readonly kind: 'connect' | 'reset' | 'protocol' | 'credential' | 'cancelled';
  readonly message: string;
}

/**
 * Called in this order: `onHead` once, `onBytes` any number of times, then exactly one of `onEnd` and `onTrouble`
 * (which may also come without a head). Nothing is called synchronously from `send`, nor after `cancel`.
 */
export interface UpstreamSink {
  onHead(status: number, headers: HeaderRecord): void;
  /** The bytes may be kept: the transport does not reuse their memory. */
  onBytes(bytes: Uint8Array): void;
  onEnd(): void;
  onTrouble(trouble: WireTrouble): void;
}

export interface UpstreamCall {
  /** Headers that the way out has put on besides the request's own; they may be secret. Absent: none. */
  readonly added?: HeaderList;
  /** Stops reading from the upstream until `resume`; a few more `onBytes` may come. */
  pause(): void;
  resume(): void;
  /** Aborts the request; the sink hears nothing more. Idempotent. */
  cancel(): void;
}

export interface UpstreamTransport {
  send(request: UpstreamRequest, sink: UpstreamSink): UpstreamCall;
}

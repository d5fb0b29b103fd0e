// Framing: how a stream of bytes is cut into events. Most far sides speak server-sent events, AWS has frames of its own; the
// readers behind see events only.

export interface StreamEvent {
  readonly data: string;
  /** The event's name; null when it has none. */
  readonly name: string | null;
  /** The event's bytes as they came. */
  readonly raw: Uint8Array;
  /** `raw` may be forwarded to a client as it is. */
  readonly plain: boolean;
}

export interface EventSink {
  onEvent(event: StreamEvent): void;
  /** A keep-alive that is no event. */
  onComment(): void;
  /** An event above the cap. The parser is dead then and ignores what follows. */
  onOverflow(): void;
  /** Bytes that cannot be a frame (a checksum that does not fit). The parser is dead then. */
  onBroken(why: string): void;
}

/** Push-style; finds events in whatever chunks the wire delivers and buffers no more than its cap. */
export interface EventParser {
  /** Bytes of an event that has begun and not ended. */
  readonly buffered: number;
  push(chunk: Uint8Array, sink: EventSink): void;
  /** The stream is over: an event that is whole but for its end mark is still told. */
  end(sink: EventSink): void;
}

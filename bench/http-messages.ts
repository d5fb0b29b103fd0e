// HttpMessages: cuts a byte stream into HTTP/1.1 messages, for the mock upstream (requests) and the load generator
// (answers). It exists because both must cost far less than what they measure, which node:http does not.
// Never for use outside bench: it trusts its peer and checks nothing a hostile one could send.
const HEAD_END = '\r\n\r\n';

/** Told of each whole message; `head` is its start line and headers, without the blank line. */
export type OnMessage = (head: string) => void;

export class HttpMessages {
  readonly #onMessage: OnMessage;
  #rest: Buffer | null = null;

  constructor(onMessage: OnMessage) {
    this.#onMessage = onMessage;
  }

  /** Takes the next bytes. They may be reused by the caller afterwards: what is kept is copied. */
  push(bytes: Buffer): void {
    const buffer = this.#rest === null ? bytes : Buffer.concat([this.#rest, bytes]);
    this.#rest = null;
    let start = 0;
    while (start < buffer.length) {
      const headEnd = buffer.indexOf(HEAD_END, start, 'latin1');
      const head = headEnd < 0 ? '' : buffer.toString('latin1', start, headEnd);
      const end = headEnd < 0 ? -1 : bodyEnd(buffer, head, headEnd + HEAD_END.length);
      if (end < 0 || end > buffer.length) {
        this.#rest = Buffer.from(buffer.subarray(start));
        return;
      }
      start = end;
      this.#onMessage(head);
    }
  }
}

/** Where the body ends; -1 or beyond the buffer: more bytes are needed. */
function bodyEnd(buffer: Buffer, head: string, start: number): number {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length !== undefined) return start + Number(length);
  return /\r\ntransfer-encoding: *chunked/i.test(head) ? chunkedEnd(buffer, start) : start;
}

function chunkedEnd(buffer: Buffer, start: number): number {
  let at = start;
  for (;;) {
    const lineEnd = buffer.indexOf('\r\n', at, 'latin1');
    if (lineEnd < 0) return -1;
    const size = Number.parseInt(buffer.toString('latin1', at, lineEnd), 16);
    at = lineEnd + 2 + size + 2;
    // Trailers are not expected here: the last chunk is followed by an empty line.
    if (size === 0 || at > buffer.length) return at;
  }
}

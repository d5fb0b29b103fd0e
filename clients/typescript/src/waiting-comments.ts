// Waiting comments: while a stream's caller waits for its turn, the gateway says so in comments that every SSE reader skips:
// `: queued position=3 eta=4.2s`. They are told here, and go on unchanged. After the first event nothing is looked at.

export interface QueuePlace {
  /** 1: next. */
  readonly position: number;
  /** As the gateway predicts it; null when it cannot. */
  readonly etaMs: number | null;
  readonly url: string;
  readonly model: string;
}

/** A longer line is no comment of ours. */
const LINE_CHARS_MAX = 1024;

/** Feed it the stream's bytes; it answers false once there is nothing more to look for. */
export function commentReader(tell: (position: number, etaMs: number | null) => void): (bytes: Uint8Array) => boolean {
  const decoder = new TextDecoder();
  let rest = '';
  return (bytes) => {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split(/\r\n|\n|\r/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line !== '' && !line.startsWith(':')) return false;
      const [, position, eta] = /^: queued position=(\d+)(?: eta=(\d+(?:\.\d+)?)s)?/.exec(line) ?? [];
      if (position !== undefined) tell(Number(position), eta === undefined ? null : Number(eta) * 1000);
    }
    return rest.length <= LINE_CHARS_MAX && (rest === '' || rest.startsWith(':'));
  };
}

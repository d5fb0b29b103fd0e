// Frames: one message of `application/vnd.amazon.eventstream`, as AWS cuts its streams. It knows the header type that
// Bedrock uses, strings, and nothing else.
import { crc32 } from 'node:zlib';

const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;
const STRING_TYPE = 7;

/** Lengths and their checksum, headers, payload, and the checksum of all that. */
export function frameOf(headers: Readonly<Record<string, string>>, payload: string): Buffer {
  const named = Buffer.concat(Object.entries(headers).map(([name, value]) => headerOf(name, value)));
  const content = Buffer.from(payload);
  const frame = Buffer.alloc(PRELUDE_BYTES + named.length + content.length + CHECKSUM_BYTES);
  frame.writeUInt32BE(frame.length, 0);
  frame.writeUInt32BE(named.length, 4);
  frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8);
  named.copy(frame, PRELUDE_BYTES);
  content.copy(frame, PRELUDE_BYTES + named.length);
  const end = frame.length - CHECKSUM_BYTES;
  frame.writeUInt32BE(crc32(frame.subarray(0, end)), end);
  return frame;
}

function headerOf(name: string, value: string): Buffer {
  const [key, text] = [Buffer.from(name), Buffer.from(value)];
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length);
  return Buffer.concat([Buffer.of(key.length), key, Buffer.of(STRING_TYPE), length, text]);
}

/** The same frame with a checksum that does not fit. */
export function spoiled(frame: Uint8Array): Buffer {
  const copy = Buffer.from(frame);
  const last = copy.length - 1;
  copy[last] = (copy[last] ?? 0) ^ 0xff;
  return copy;
}

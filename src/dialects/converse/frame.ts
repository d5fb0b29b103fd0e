// Frame: one message of `application/vnd.amazon.eventstream`, once all its bytes are here. Both lengths and checksums are
// checked before anything is believed; what does not fit is told in words, never thrown.
//
//   u32 whole length │ u32 headers' length │ u32 CRC of these 8 bytes │ headers │ payload │ u32 CRC of all before
import { fail, ok, type Result } from '../../kernel/result.ts';
import { utf8Decode } from '../../kernel/web.ts';
import { crc32 } from './crc32.ts';

export const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;
export const FRAME_BYTES_MIN = PRELUDE_BYTES + CHECKSUM_BYTES;

/** A header's value. The wire has ten types: true and false are one each. */
export type HeaderValue =
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'byte' | 'short' | 'integer'; readonly value: number }
  /** A timestamp counts milliseconds since 1970. */
  | { readonly type: 'long' | 'timestamp'; readonly value: bigint }
  | { readonly type: 'binary' | 'uuid'; readonly value: Uint8Array }
  | { readonly type: 'string'; readonly value: string };

export interface Frame {
  readonly headers: ReadonlyMap<string, HeaderValue>;
  readonly payload: Uint8Array;
}

interface Lengths {
  readonly frame: number;
  readonly headers: number;
}

/** Of a frame whose first `PRELUDE_BYTES` are at `at`. */
export function readPrelude(bytes: Uint8Array, at: number): Result<Lengths, string> {
  const view = viewOf(bytes);
  if (view.getUint32(at + 8) !== crc32(bytes, at, at + 8))
    return fail('a frame whose lengths do not fit their checksum');
  const lengths = { frame: view.getUint32(at), headers: view.getUint32(at + 4) };
  return lengths.frame < FRAME_BYTES_MIN || lengths.headers > lengths.frame - FRAME_BYTES_MIN
    ? fail('a frame with impossible lengths')
    : ok(lengths);
}

/** `bytes` is one whole frame: as long as its prelude says. */
export function readFrame(bytes: Uint8Array): Result<Frame, string> {
  if (bytes.length < FRAME_BYTES_MIN) return fail('a frame that is too short');
  const prelude = readPrelude(bytes, 0);
  if (!prelude.ok) return prelude;
  const end = bytes.length - CHECKSUM_BYTES;
  if (prelude.value.frame !== bytes.length) return fail('a frame with another length than it says');
  if (viewOf(bytes).getUint32(end) !== crc32(bytes, 0, end)) return fail('a frame that does not fit its checksum');
  const payloadAt = PRELUDE_BYTES + prelude.value.headers;
  const headers = readHeaders(bytes.subarray(PRELUDE_BYTES, payloadAt));
  return headers === null
    ? fail('a frame whose headers cannot be read')
    : ok({ headers, payload: bytes.subarray(payloadAt, end) });
}

/** Bytes of the types that say no length of their own. */
const fixedBytes: readonly (number | undefined)[] = [0, 0, 1, 2, 4, 8, undefined, undefined, 8, 16];

/** Null when the bytes are no list of headers. */
function readHeaders(bytes: Uint8Array): Map<string, HeaderValue> | null {
  const headers = new Map<string, HeaderValue>();
  const view = viewOf(bytes);
  let at = 0;
  while (at < bytes.length) {
    const nameEnd = at + 1 + view.getUint8(at);
    if (nameEnd >= bytes.length) return null;
    const name = utf8Decode(bytes.subarray(at + 1, nameEnd));
    const type = view.getUint8(nameEnd);
    at = nameEnd + 1;
    let length = fixedBytes[type];
    if (length === undefined) {
      if ((type !== 6 && type !== 7) || at + 2 > bytes.length) return null;
      length = view.getUint16(at);
      at += 2;
    }
    if (at + length > bytes.length) return null;
    headers.set(name, readValue(type, bytes.subarray(at, at + length)));
    at += length;
  }
  return headers;
}

function readValue(type: number, bytes: Uint8Array): HeaderValue {
  const view = viewOf(bytes);
  switch (type) {
    case 0:
    case 1:
      return { type: 'boolean', value: type === 0 };
    case 2:
      return { type: 'byte', value: view.getInt8(0) };
    case 3:
      return { type: 'short', value: view.getInt16(0) };
    case 4:
      return { type: 'integer', value: view.getInt32(0) };
    case 5:
      return { type: 'long', value: view.getBigInt64(0) };
    case 6:
      return { type: 'binary', value: bytes };
    case 8:
      return { type: 'timestamp', value: view.getBigInt64(0) };
    case 9:
      return { type: 'uuid', value: bytes };
    default:
      return { type: 'string', value: utf8Decode(bytes) };
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

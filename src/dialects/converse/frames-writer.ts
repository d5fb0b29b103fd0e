// Frames written: the counterpart of frame.ts, for whoever plays AWS in tests. It must never write a frame that frame.ts
// would not read back as the same.
import { assert } from '../../kernel/result.ts';
import { concatBytes, utf8Encode } from '../../kernel/web.ts';
import { crc32 } from './crc32.ts';
import { FRAME_BYTES_MIN, type HeaderValue, PRELUDE_BYTES } from './frame.ts';

/** By name; a bare string stands for a value of that type. */
export type FrameHeaders = Readonly<Record<string, string | HeaderValue>>;

export function encodeFrame(headers: FrameHeaders, payload: Uint8Array): Uint8Array {
  const head = concatBytes(Object.entries(headers).flatMap(([name, value]) => encodeHeader(name, value)));
  const frame = new Uint8Array(FRAME_BYTES_MIN + head.length + payload.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, frame.length);
  view.setUint32(4, head.length);
  view.setUint32(8, crc32(frame, 0, 8));
  frame.set(head, PRELUDE_BYTES);
  frame.set(payload, PRELUDE_BYTES + head.length);
  view.setUint32(frame.length - 4, crc32(frame, 0, frame.length - 4));
  return frame;
}

function encodeHeader(name: string, value: string | HeaderValue): Uint8Array[] {
  const bytes = utf8Encode(name);
  assert(bytes.length > 0 && bytes.length < 256, 'a header name has 1 to 255 bytes');
  return [
    Uint8Array.of(bytes.length),
    bytes,
    ...encodeValue(typeof value === 'string' ? { type: 'string', value } : value),
  ];
}

function encodeValue(header: HeaderValue): Uint8Array[] {
  switch (header.type) {
    case 'boolean':
      return [Uint8Array.of(header.value ? 0 : 1)];
    case 'byte':
      return [Uint8Array.of(2, header.value)];
    case 'short':
      return fixed(3, 2, (view) => view.setInt16(0, header.value));
    case 'integer':
      return fixed(4, 4, (view) => view.setInt32(0, header.value));
    case 'long':
      return fixed(5, 8, (view) => view.setBigInt64(0, header.value));
    case 'timestamp':
      return fixed(8, 8, (view) => view.setBigInt64(0, header.value));
    case 'binary':
      return counted(6, header.value);
    case 'uuid':
      assert(header.value.length === 16, 'a UUID has 16 bytes');
      return [Uint8Array.of(9), header.value];
    case 'string':
      break;
  }
  return counted(7, utf8Encode(header.value));
}

function fixed(type: number, length: number, write: (view: DataView) => void): Uint8Array[] {
  const bytes = new Uint8Array(length);
  write(new DataView(bytes.buffer));
  return [Uint8Array.of(type), bytes];
}

function counted(type: number, value: Uint8Array): Uint8Array[] {
  assert(value.length <= 0x7fff, 'a header value has at most 32767 bytes');
  return [...fixed(type, 2, (view) => view.setUint16(0, value.length)), value];
}

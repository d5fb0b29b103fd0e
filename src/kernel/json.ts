// JSON as data, and the two questions asked of its bytes before it is parsed or patched.

export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue | undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Index just past the string that opens at `start` (its quote), or `bytes.length` when it never closes. */
export function endOfString(bytes: Uint8Array, start: number): number {
  for (let at = start + 1; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === BACKSLASH) at++;
    else if (byte === QUOTE) return at + 1;
  }
  return bytes.length;
}

export type Excess = 'deep' | 'many';

/**
 * What of a JSON text is too much, before it is parsed: nesting deeper than `depthMax`, or more than `valuesMax` values
 * (31 MB of `{},{},…` take a gigabyte and seconds once parsed). One pass, no allocation.
 */
export function excessOf(bytes: Uint8Array, depthMax: number, valuesMax: number): Excess | null {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < bytes.length;) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = endOfString(bytes, at);
      continue;
    }
    if (byte === 0x7b || byte === 0x5b) {
      if (++depth > depthMax) return 'deep';
      if (++values > valuesMax) return 'many';
    } else if (byte === 0x7d || byte === 0x5d) depth--;
    else if (byte === 0x2c && ++values > valuesMax) return 'many';
    at++;
  }
  return null;
}

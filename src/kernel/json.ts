// JSON as data, and the two questions asked of its text before it is parsed or patched.

export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue | undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Index just past the string that opens at `start` (its quote), or the text's length when it never closes. */
export function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return at + 1;
  }
  return text.length;
}

export type Excess = 'deep' | 'many';

/**
 * What of a JSON text is too much, before it is parsed: nesting deeper than `depthMax`, or more than `valuesMax` values
 * (31 MB of `{},{},…` take a gigabyte and seconds once parsed). One pass, no allocation; and hardly a look at the many texts
 * that have too few brackets and characters to be either, which took 2 µs a kilobyte.
 */
export function excessOf(text: string, depthMax: number, valuesMax: number): Excess | null {
  if (text.length <= valuesMax && opensAtMost(text, depthMax)) return null;
  let depth = 0;
  let values = 0;
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
      continue;
    }
    if (code === 0x7b || code === 0x5b) {
      if (++depth > depthMax) return 'deep';
      if (++values > valuesMax) return 'many';
    } else if (code === 0x7d || code === 0x5d) depth--;
    else if (code === 0x2c && ++values > valuesMax) return 'many';
    at++;
  }
  return null;
}

/** Also counting the brackets within strings. */
function opensAtMost(text: string, most: number): boolean {
  let left = most;
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) if (--left < 0) return false;
  }
  return true;
}

// JSON patch by splicing: sets or deletes top-level fields of a JSON object in its bytes, leaving all other bytes as the
// caller wrote them. Re-serialising a 10 KB body costs five times as much, and would lose number formats and key order.
// It must never guess: whatever is unusual at the top level (doubled keys, a byte-order mark) is serialised anew.
import { endOfString, isObject } from '../kernel/json.ts';
import type { JsonObject, JsonValue } from '../kernel/json.ts';
import { concatBytes, utf8Decode, utf8Encode } from '../kernel/web.ts';

/** Field → new value; undefined deletes the field. */
export type JsonPatch = Readonly<Record<string, JsonValue | undefined>>;

interface Member {
  readonly key: string;
  readonly start: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/**
 * The bytes with the patch applied. `body` is what `bytes` parse to. Answers `bytes` itself when the patch changes nothing.
 */
export function patchObject(bytes: Uint8Array, body: JsonObject, patch: JsonPatch): Uint8Array {
  const changes = new Map(Object.entries(patch).filter(([key, value]) => !same(own(body, key), value)));
  if (changes.size === 0) return bytes;
  const members = membersOf(bytes);
  return members === null ? utf8Encode(JSON.stringify(patched(body, changes))) : splice(bytes, members, changes);
}

/**
 * The bytes, of which `text` was read and `body` parsed, when each top-level key stands in them once and without escapes;
 * else `body` serialised anew, so that what is sent on is what was checked. Far sides differ on doubled keys, and V8 13.6 (Node 24.21) itself can misread an escaped key:
 * after `{"a":1,"mode\\\\":2}` it reads `{"a":1,"mode\\u006c":2}` as having the key `mode\\`, where the far side reads `model`.
 */
export function settledBytes(bytes: Uint8Array, text: string, body: JsonObject): Uint8Array {
  const settled = bytes[0] !== BYTE_ORDER_MARK && keysUnescaped(text) === Object.keys(body).length;
  return settled ? bytes : utf8Encode(JSON.stringify(body));
}

/** How often a top-level key stands in the text of an object; null when one has an escape. */
function keysUnescaped(text: string): number | null {
  let keys = 0;
  let depth = 0;
  let keyComes = true;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      if (depth === 1 && keyComes) {
        if (text.slice(at, end).includes('\\')) return null;
        keys++;
        keyComes = false;
      }
      at = end - 1;
    } else if (code === OPEN || code === OPEN_ARRAY) depth++;
    else if (code === CLOSE || code === CLOSE_ARRAY) depth--;
    else if (code === COMMA && depth === 1) keyComes = true;
  }
  return keys;
}

/** The object with the patch applied; the given one is left alone. */
export function patchedObject(body: JsonObject, patch: JsonPatch): JsonObject {
  return patched(body, new Map(Object.entries(patch)));
}

function patched(body: JsonObject, changes: ReadonlyMap<string, JsonValue | undefined>): JsonObject {
  const kept = Object.entries(body).filter(([key]) => !changes.has(key));
  const set = [...changes].filter(([, value]) => value !== undefined);
  return Object.fromEntries([...kept, ...set]);
}

/** `body.__proto__` is not a field unless the caller wrote it. */
function own(body: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(body, key) ? body[key] : undefined;
}

function same(left: JsonValue | undefined, right: JsonValue | undefined): boolean {
  if (left === right) return true;
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((value, index) => same(value, right[index]));
  }
  if (!isObject(left) || !isObject(right)) return false;
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => same(own(left, key), own(right, key)));
}

function splice(
  bytes: Uint8Array,
  members: readonly Member[],
  changes: Map<string, JsonValue | undefined>,
): Uint8Array {
  const parts: Uint8Array[] = [];
  let copied = 0;
  let kept = 0;
  const replace = (from: number, to: number, text: string): void => {
    if (from > copied) parts.push(bytes.subarray(copied, from));
    if (text !== '') parts.push(utf8Encode(text));
    copied = to;
  };
  for (const [index, member] of members.entries()) {
    const value = changes.get(member.key);
    if (!changes.has(member.key)) kept++;
    else if (value !== undefined) {
      kept++;
      replace(member.valueStart, member.valueEnd, JSON.stringify(value));
    } else if (kept > 0) replace(members[index - 1]?.valueEnd ?? member.start, member.valueEnd, '');
    else replace(member.start, members[index + 1]?.start ?? member.valueEnd, '');
    changes.delete(member.key);
  }
  const added: string[] = [];
  for (const [key, value] of changes) {
    if (value !== undefined) added.push(`${JSON.stringify(key)}:${JSON.stringify(value)}`);
  }
  const end = members.at(-1)?.valueEnd ?? bytes.indexOf(OPEN) + 1;
  if (added.length > 0) replace(end, end, `${kept > 0 ? ',' : ''}${added.join(',')}`);
  parts.push(bytes.subarray(copied));
  return concatBytes(parts);
}

/** The first of its three bytes, with which no JSON begins. */
const BYTE_ORDER_MARK = 0xef;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/** Spans of the top-level members; null when anything is not as expected. */
function membersOf(bytes: Uint8Array): readonly Member[] | null {
  const members: Member[] = [];
  const keys = new Set<string>();
  let at = skipSpace(bytes, 0);
  if (bytes[at] !== OPEN) return null;
  at = skipSpace(bytes, at + 1);
  if (bytes[at] === CLOSE) return members;
  for (;;) {
    if (bytes[at] !== QUOTE) return null;
    const start = at;
    const keyEnd = endOfStringBytes(bytes, start);
    const key = readKey(bytes, start, keyEnd);
    const colon = skipSpace(bytes, keyEnd);
    if (key === null || keys.has(key) || bytes[colon] !== COLON) return null;
    keys.add(key);
    const valueStart = skipSpace(bytes, colon + 1);
    const valueEnd = endOfValue(bytes, valueStart);
    members.push({ key, start, valueStart, valueEnd });
    at = skipSpace(bytes, valueEnd);
    if (bytes[at] === CLOSE) return members;
    if (bytes[at] !== COMMA) return null;
    at = skipSpace(bytes, at + 1);
  }
}

/** Keys may be written with escapes (`mod\u0065l`): what counts is what they decode to. */
function readKey(bytes: Uint8Array, start: number, end: number): string | null {
  if (!bytes.subarray(start, end).includes(BACKSLASH)) return utf8Decode(bytes.subarray(start + 1, end - 1));
  try {
    const key: unknown = JSON.parse(utf8Decode(bytes.subarray(start, end)));
    return typeof key === 'string' ? key : null;
  } catch {
    return null;
  }
}

function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  while (isSpace(bytes[at])) at++;
  return at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function endOfValue(bytes: Uint8Array, start: number): number {
  const first = bytes[start];
  if (first === QUOTE) return endOfStringBytes(bytes, start);
  return first === OPEN || first === OPEN_ARRAY ? endOfNest(bytes, start) : endOfWord(bytes, start);
}

/** As `endOfString` does in a text. */
function endOfStringBytes(bytes: Uint8Array, start: number): number {
  for (let at = start + 1; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === BACKSLASH) at++;
    else if (byte === QUOTE) return at + 1;
  }
  return bytes.length;
}

function endOfNest(bytes: Uint8Array, start: number): number {
  let depth = 0;
  for (let at = start; at < bytes.length;) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = endOfStringBytes(bytes, at);
      continue;
    }
    at++;
    if (byte === OPEN || byte === OPEN_ARRAY) depth++;
    else if ((byte === CLOSE || byte === CLOSE_ARRAY) && --depth === 0) return at;
  }
  return bytes.length;
}

function endOfWord(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && bytes[at] !== COMMA && bytes[at] !== CLOSE && !isSpace(bytes[at])) at++;
  return at;
}

// Body: a request's bytes read as one JSON object, for every dialect's door. Sizes that would overflow a stack or the memory of
// whoever walks the value are refused here; the message names the place, and never quotes the text around it.
import { excessOf, isObject } from '../kernel/json.ts';
import type { JsonObject, JsonValue } from '../kernel/json.ts';
import { limits } from '../kernel/limits.ts';
import { reject } from '../kernel/rejection.ts';
import type { Rejection } from '../kernel/rejection.ts';
import { fail, ok } from '../kernel/result.ts';
import type { Result } from '../kernel/result.ts';
import { utf8DecodeStrict } from '../kernel/web.ts';

export interface ParsedBody {
  readonly text: string;
  readonly object: JsonObject;
}

/** The body as JSON, or what is wrong with it and where; never its text. */
export function parseBody(bytes: Uint8Array): Result<ParsedBody, Rejection> {
  const text = utf8DecodeStrict(bytes);
  if (text === null) return fail(reject('badJson', 'The body is not valid UTF-8.'));
  if (text.trim() === '') return fail(reject('badJson', 'The body is empty; it must be a JSON object.'));
  const excess = excessOf(text, limits.jsonDepthMax, limits.jsonValuesMax);
  if (excess === 'deep') {
    return fail(reject('badJson', `The body nests arrays and objects deeper than ${limits.jsonDepthMax}.`));
  }
  if (excess === 'many') return fail(reject('badJson', `The body holds more than ${limits.jsonValuesMax} values.`));
  try {
    const value: JsonValue = JSON.parse(text);
    return isObject(value) ? ok({ text, object: value }) : fail(reject('badJson', 'The body must be a JSON object.'));
  } catch (error) {
    return fail(reject('badJson', `The body is not valid JSON${whereOf(error, text)}.`));
  }
}

/** V8 names the position, or quotes the text around it: only the first may be passed on. */
function whereOf(error: unknown, text: string): string {
  const told = error instanceof Error ? error.message : '';
  if (told.startsWith('Unexpected end')) return `: it ends too early, after ${text.length} characters`;
  // To the very end: V8's other form quotes the text, which may speak of a position itself.
  const at = /at position (\d+) \(line \d+ column \d+\)$/.exec(told)?.[1] ?? positionOf(told, text);
  return at === null ? '' : `: see the character at position ${at}`;
}

/** From V8's `Unexpected token 'x', ..."quoted"... is not valid JSON`: the quote shows ten characters before the token. */
function positionOf(told: string, text: string): string | null {
  const quoted = /^Unexpected token .{1,8}?, (\.\.\.)?"([\s\S]*)"(?:\.\.\.)? is not valid JSON$/.exec(told);
  if (quoted === null || quoted[2] === undefined) return null;
  const at = text.indexOf(quoted[2]);
  if (at === -1 || quoted[1] === undefined || text.indexOf(quoted[2], at + 1) !== -1) return null;
  return String(at + 10);
}

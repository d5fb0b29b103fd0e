// Whole answers in OpenAI's wire format. A 200 promises nothing: DeepSeek sends the head before it knows the outcome, so
// the body may be blank, an error, a page or cut short. Reading never throws.
import { silentReading } from '../../kernel/chat.ts';
import type { AnswerReading } from '../../kernel/chat.ts';
import { fault } from '../../kernel/fault.ts';
import type { FaultKind } from '../../kernel/fault.ts';
import { excessOf, isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import type { Surface } from '../../kernel/lane.ts';
import { limits } from '../../kernel/limits.ts';
import { utf8Decode } from '../../kernel/web.ts';
import { canonicalAnswer } from './canonical.ts';
import { readChoices } from './choices.ts';
import { readUsage } from './usage.ts';

/** Leading blank lines (DeepSeek's keep-alive) are allowed. Embeddings have no finish reason: what parses is whole. */
export function readAnswer(surface: Surface, body: Uint8Array): AnswerReading {
  const text = utf8Decode(body).trim();
  if (text === '') return broken('empty', 'The upstream answered 200 with an empty body.');
  // V8 parses any depth, but whoever walks or writes such a value runs out of stack. Many values are no fault: embeddings.
  if (excessOf(text, limits.jsonDepthMax, Infinity) !== null) {
    return broken('malformed', 'The upstream answered 200 with JSON that nests too deeply.');
  }
  let value: JsonValue;
  try {
    value = JSON.parse(text);
  } catch {
    return broken(
      'malformed',
      `The upstream answered 200 with ${text.startsWith('<') ? 'an HTML page' : 'no valid JSON'}.`,
    );
  }
  if (!isObject(value)) return broken('malformed', 'The upstream answered 200 with no JSON object.');
  const reading = surface === 'embeddings' && hasVectors(value) ? embeddings(value) : readChoices(value);
  return reading === null || (surface !== 'embeddings' && reading.fault === null && !Array.isArray(value['choices']))
    ? broken('malformed', 'The upstream answered 200 with no completion.')
    : reading;
}

/** Of a body that was read without a fault. */
export function chatAnswer(body: Uint8Array): JsonObject {
  return canonicalAnswer(JSON.parse(utf8Decode(body)) as JsonObject);
}

/** An empty list beside an error is the error's. */
function hasVectors(body: JsonObject): boolean {
  const data = body['data'];
  return Array.isArray(data) && (data.length > 0 || !isObject(body['error']));
}

function embeddings(body: JsonObject): AnswerReading {
  const data = body['data'];
  return { ...silentReading, content: Array.isArray(data) && data.length > 0, usage: readUsage(body['usage']) };
}

function broken(kind: FaultKind, message: string): AnswerReading {
  return { ...silentReading, fault: fault(kind, message) };
}

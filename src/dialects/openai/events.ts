// Stream events in OpenAI's wire format: reading one from a far side, and writing the two the gateway adds itself.
// Reading runs once per event of every stream and never throws; whether a stream is complete is not decided here.
import { silentReading } from '../../kernel/chat.ts';
import type { AnswerReading } from '../../kernel/chat.ts';
import { fault } from '../../kernel/fault.ts';
import { excessOf, isObject } from '../../kernel/json.ts';
import type { JsonValue } from '../../kernel/json.ts';
import type { Surface } from '../../kernel/lane.ts';
import { limits } from '../../kernel/limits.ts';
import type { Usage } from '../../kernel/usage.ts';
import { utf8Encode } from '../../kernel/web.ts';
import { readChoices } from './choices.ts';
import { writeUsage } from './usage.ts';

export const endEvent = utf8Encode('data: [DONE]\n\n');

/** Shorter events cannot nest deeply enough to overflow a stack, and nearly all are shorter: they are not counted. */
const DEEP_CHARACTERS_MIN = 4_096;

/** An event without data says nothing. */
export function readEvent(_surface: Surface, data: string): AnswerReading {
  if (data === '[DONE]' || data.trim() === '[DONE]') return { ...silentReading, done: true };
  if (data.trim() === '') return { ...silentReading };
  if (data.length >= DEEP_CHARACTERS_MIN && excessOf(utf8Encode(data), limits.jsonDepthMax, Infinity) !== null) {
    return malformed('an event that nests too deeply');
  }
  let value: JsonValue;
  try {
    value = JSON.parse(data);
  } catch {
    return malformed('an event that is not JSON');
  }
  if (!isObject(value)) return malformed('an event that is not a JSON object');
  return readChoices(value) ?? malformed('an event that is no chunk of a completion');
}

/** The usage event OpenAI sends before `[DONE]`: no choices, only usage. `created` in seconds since 1970. */
export function usageEvent(usage: Usage, model: string, id: string, created: number): Uint8Array {
  const chunk = { id, object: 'chat.completion.chunk', created, model, choices: [], usage: writeUsage(usage) };
  return utf8Encode(`data: ${JSON.stringify(chunk)}\n\n`);
}

function malformed(what: string): AnswerReading {
  return { ...silentReading, fault: fault('malformed', `The upstream sent ${what}.`) };
}

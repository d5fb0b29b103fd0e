// Stream events in OpenAI's wire format as a far side sends them. Reading runs once per event of every stream and never
// throws; whether a stream is complete is not decided here.
import { silentReading } from '../../kernel/chat.ts';
import type { AnswerReading } from '../../kernel/chat.ts';
import { fault } from '../../kernel/fault.ts';
import { excessOf, isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import { limits } from '../../kernel/limits.ts';
import type { FarStream } from '../dialect.ts';
import type { StreamEvent } from '../framing.ts';
import { canonicalChunk } from './canonical.ts';
import { readChoices } from './choices.ts';

/** Shorter events cannot nest deeply enough to overflow a stack, and nearly all are shorter: they are not counted. */
const DEEP_CHARACTERS_MIN = 4_096;

export class ChatFarStream implements FarStream {
  #chunk: JsonObject | null = null;

  /** An event without data says nothing. */
  read({ data }: StreamEvent): AnswerReading {
    this.#chunk = null;
    if (data === '[DONE]' || data.trim() === '[DONE]') return { ...silentReading, done: true };
    if (data.trim() === '') return { ...silentReading };
    if (data.length >= DEEP_CHARACTERS_MIN && excessOf(data, limits.jsonDepthMax, Infinity) !== null) {
      return malformed('an event that nests too deeply');
    }
    let value: JsonValue;
    try {
      value = JSON.parse(data);
    } catch {
      return malformed('an event that is not JSON');
    }
    if (!isObject(value)) return malformed('an event that is not a JSON object');
    this.#chunk = value;
    return readChoices(value) ?? malformed('an event that is no chunk of a completion');
  }

  chunks(): readonly JsonObject[] {
    return this.#chunk === null ? [] : [canonicalChunk(this.#chunk)];
  }
}

function malformed(what: string): AnswerReading {
  return { ...silentReading, fault: fault('malformed', `The upstream sent ${what}.`) };
}

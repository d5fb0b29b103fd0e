// Assembly: the events of a stream put together into the whole answer that a caller who did not stream expects. Known and
// unknown fields alike: strings of a delta are joined, lists are merged by their `index`, anything else is replaced.
import { isObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';
import { utf8Encode } from '../../kernel/web.ts';
import type { Assembly } from '../dialect.ts';

interface Choice {
  readonly index: number;
  message: JsonObject;
  finish: JsonValue;
}

/** Said once, even if a stream repeats it in each delta. */
const saidOnce = new Set(['role', 'type', 'id', 'name']);

export class ChatAssembly implements Assembly {
  #frame: JsonObject = {};
  readonly #choices = new Map<number, Choice>();

  /** Data of one event that was read without a fault. */
  add(data: string): void {
    const event = JSON.parse(data) as JsonValue;
    if (isObject(event)) this.addChunk(event);
  }

  addChunk(chunk: JsonObject): void {
    const { choices, usage, ...frame } = chunk;
    this.#frame = { ...this.#frame, ...frame };
    if (isObject(usage)) this.#frame['usage'] = usage;
    for (const choice of Array.isArray(choices) ? choices : []) if (isObject(choice)) this.#add(choice);
  }

  whole(): Uint8Array {
    return utf8Encode(JSON.stringify(this.answer()));
  }

  answer(): JsonObject {
    const choices = [...this.#choices.values()].map(({ index, message, finish }) => ({
      index,
      message: { ...withoutIndexes(message), role: 'assistant', content: message['content'] ?? null },
      finish_reason: finish,
    }));
    const { usage, ...frame } = this.#frame;
    return { ...frame, object: 'chat.completion', choices, ...(usage === undefined ? {} : { usage }) };
  }

  #add(choice: JsonObject): void {
    const index = typeof choice['index'] === 'number' ? choice['index'] : 0;
    let known = this.#choices.get(index);
    if (known === undefined) this.#choices.set(index, (known = { index, message: {}, finish: null }));
    if (isObject(choice['delta'])) known.message = merged(known.message, choice['delta']);
    known.finish = choice['finish_reason'] ?? known.finish;
  }
}

function merged(whole: JsonObject, delta: JsonObject): JsonObject {
  const result = { ...whole };
  for (const [field, value] of Object.entries(delta)) {
    if (value === undefined || value === null) continue;
    const before = result[field];
    if (typeof before === 'string' && typeof value === 'string')
      result[field] = saidOnce.has(field) && before !== '' ? before : before + value;
    else if (Array.isArray(before) && Array.isArray(value)) result[field] = mergedList(before, value);
    else if (isObject(before) && isObject(value)) result[field] = merged(before, value);
    else result[field] = Array.isArray(value) ? mergedList([], value) : value;
  }
  return result;
}

/**
 * Entries with an `index` belong to the entry that has the same. It is a name, not a place: some far sides count tool calls
 * from 1, since their text is block 0.
 */
function mergedList(whole: readonly JsonValue[], delta: readonly JsonValue[]): JsonValue[] {
  const result = [...whole];
  for (const entry of delta) {
    const index = isObject(entry) ? entry['index'] : undefined;
    const at =
      typeof index === 'number' ? result.findIndex((known) => isObject(known) && known['index'] === index) : -1;
    const before = result[at];
    if (isObject(before) && isObject(entry)) result[at] = merged(before, entry);
    else result.push(isObject(entry) ? merged({}, entry) : entry);
  }
  return result;
}

/** The index of a list's entry is of the stream only. */
function withoutIndexes(message: JsonObject): JsonObject {
  const lists = Object.entries(message).map(([field, value]): [string, JsonValue | undefined] => [
    field,
    Array.isArray(value) ? value.map(withoutIndex) : value,
  ]);
  return Object.fromEntries(lists);
}

function withoutIndex(entry: JsonValue): JsonValue {
  if (!isObject(entry)) return entry;
  const rest = { ...entry };
  delete rest['index'];
  return rest;
}

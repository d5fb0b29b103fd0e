// Assembly: the events of a stream put together into the whole answer that a caller who did not stream expects. Known and
// unknown fields alike: strings of a delta are joined, lists are merged by their `index`, anything else is replaced.
import { isObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';
import { utf8Encode } from '../../kernel/web.ts';
import type { Assembly } from '../dialect.ts';

interface Choice {
  readonly index: number;
  readonly message: JsonObject;
  finish: JsonValue;
  /** What a content filter found, by category; null: it said nothing. */
  filter: JsonObject | null;
}

/** Said once, even if a stream repeats it in each delta. */
const saidOnce: ReadonlySet<string> = new Set(['role', 'type', 'id', 'name']);
/** Of reasoning's details: its proof, which comes whole, at the end or again and again. The last one holds. */
const saidWhole: ReadonlySet<string> = new Set(['format', 'signature', 'data']);
const none: ReadonlySet<string> = new Set();
/** Of a content filter's findings, ascending. */
const severities: readonly JsonValue[] = ['safe', 'low', 'medium', 'high'];

export class ChatAssembly implements Assembly {
  #frame: JsonObject = {};
  readonly #choices = new Map<number, Choice>();
  /** Entries of a list by their `index`. */
  readonly #places = new WeakMap<JsonValue[], Map<number, JsonObject>>();

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
    const choices = [...this.#choices.values()].map(({ index, message, finish, filter }) => ({
      index,
      message: { ...withoutIndexes(message), role: 'assistant', content: message['content'] ?? null },
      finish_reason: finish,
      ...(filter === null ? {} : { content_filter_results: filter }),
    }));
    const { usage, ...frame } = this.#frame;
    return { ...frame, object: 'chat.completion', choices, ...(usage === undefined ? {} : { usage }) };
  }

  #add(choice: JsonObject): void {
    const index = typeof choice['index'] === 'number' ? choice['index'] : 0;
    let known = this.#choices.get(index);
    if (known === undefined) this.#choices.set(index, (known = { index, message: {}, finish: null, filter: null }));
    if (isObject(choice['delta'])) this.#merge(known.message, choice['delta'], none);
    known.finish = choice['finish_reason'] ?? known.finish;
    const results = choice['content_filter_results'];
    if (isObject(results)) known.filter = worstOf(known.filter ?? {}, results);
  }

  /** Grows `whole`, which is our own from top to bottom: copying it for each delta would take quadratic time. */
  #merge(whole: JsonObject, delta: JsonObject, replaced: ReadonlySet<string>): void {
    for (const [field, value] of Object.entries(delta)) {
      if (value === undefined || value === null) continue;
      const before = whole[field];
      if (typeof before === 'string' && typeof value === 'string') {
        const keeps = saidOnce.has(field) && before !== '';
        if (!keeps) whole[field] = replaced.has(field) ? value || before : before + value;
      } else if (isObject(value)) {
        const own = isObject(before) ? before : {};
        this.#merge(own, value, none);
        whole[field] = own;
      } else if (Array.isArray(value)) {
        const own = Array.isArray(before) ? before : [];
        this.#append(own, value, field === 'reasoning_details' ? saidWhole : none);
        whole[field] = own;
      } else whole[field] = value;
    }
  }

  /**
   * Entries with an `index` belong to the entry that has the same. It is a name, not a place: some far sides count tool calls
   * from 1, since their text is block 0.
   */
  #append(list: JsonValue[], delta: readonly JsonValue[], replaced: ReadonlySet<string>): void {
    let places = this.#places.get(list);
    if (places === undefined) this.#places.set(list, (places = new Map()));
    for (const entry of delta) {
      if (!isObject(entry)) {
        list.push(entry);
        continue;
      }
      const index = entry['index'];
      const known = typeof index === 'number' ? places.get(index) : undefined;
      const own = known ?? {};
      this.#merge(own, entry, replaced);
      if (known !== undefined) continue;
      list.push(own);
      if (typeof index === 'number') places.set(index, own);
    }
  }
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

/** Each piece of a stream has its own: what was found in one is not undone by the next. */
function worstOf(before: JsonObject, results: JsonObject): JsonObject {
  const worst = { ...before };
  for (const [category, result] of Object.entries(results)) {
    if (result !== undefined && rank(result) >= rank(worst[category])) worst[category] = result;
  }
  return worst;
}

function rank(result: JsonValue | undefined): number {
  if (!isObject(result)) return -1;
  if (result['filtered'] === true || result['detected'] === true) return severities.length;
  return Math.max(0, severities.indexOf(result['severity'] ?? null));
}

// Output: what a stream has told of its answer so far, item by item and part by part, whether it was written here or went by.
// It knows what must still be said to close an item, because callers' SDKs refuse an answer with items left open.
//
// An item: in progress (added) → its parts begin and end → done. Nothing is added to what is done.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import type { Status } from './items.ts';
import { typeOf } from './parts.ts';

export type PartForm = 'output_text' | 'refusal' | 'summary_text' | 'reasoning_text';

export interface Part {
  readonly form: PartForm;
  /** Its place among the content parts, or the summary parts, of its item. */
  readonly index: number;
  /** As told when it began: what else a far side says of a part is kept. */
  readonly first: JsonObject;
  text: string;
  readonly annotations: JsonValue[];
  readonly logprobs: JsonValue[];
  done: boolean;
}

export interface Entry {
  readonly index: number;
  /** As told when it was added, or when it was done. */
  item: JsonObject;
  readonly parts: Part[];
  /** A call's arguments or input. */
  input: string;
  /** A reasoning item's proof. */
  readonly details: JsonObject[];
  done: boolean;
}

/** A stream event without its number. */
export interface Told {
  readonly type: string;
  readonly fields: JsonObject;
}

const told = (type: string, fields: JsonObject): Told => ({ type: `response.${type}`, fields });

export class Output {
  readonly #entries = new Map<number, Entry>();

  /** An item that begins. It takes the place of one that has its index. */
  add(index: number, item: JsonObject): Entry {
    const input = item['arguments'] ?? item['input'];
    const entry: Entry = {
      index,
      item,
      parts: [],
      input: typeof input === 'string' ? input : '',
      details: [],
      done: false,
    };
    this.#entries.set(index, entry);
    return entry;
  }

  get(index: number): Entry | null {
    return this.#entries.get(index) ?? null;
  }

  get nextIndex(): number {
    return Math.max(-1, ...this.#entries.keys()) + 1;
  }

  get open(): Entry[] {
    return [...this.#entries.values()].filter((entry) => !entry.done);
  }

  /** The one of this type that is open; null when there is none. */
  openOf(type: string): Entry | null {
    for (const entry of this.#entries.values()) if (!entry.done && entry.item['type'] === type) return entry;
    return null;
  }

  /** All items in their order; those still open with this status. */
  items(openStatus: Status): JsonObject[] {
    const inOrder = [...this.#entries.values()].toSorted((left, right) => left.index - right.index);
    return inOrder.map((entry) => itemOf(entry, openStatus));
  }
}

export function addPart(entry: Entry, form: PartForm, index: number, first: JsonObject): Part {
  const text = first['text'] ?? first['refusal'];
  const annotations = first['annotations'];
  const part: Part = {
    form,
    index,
    first,
    text: typeof text === 'string' ? text : '',
    annotations: Array.isArray(annotations) ? [...annotations] : [],
    logprobs: [],
    done: false,
  };
  entry.parts.push(part);
  return part;
}

const isSummary = ({ form }: Part): boolean => form === 'summary_text';

export const partsLike = (form: PartForm, { parts }: Entry): Part[] =>
  parts.filter((part) => isSummary(part) === (form === 'summary_text'));

function partOf({ form, first, text, annotations, logprobs }: Part): JsonObject {
  if (form === 'refusal') return { ...first, type: form, refusal: text };
  return form === 'output_text'
    ? { ...first, type: form, annotations, logprobs, text }
    : { ...first, type: form, text };
}

function itemOf(entry: Entry, status: Status): JsonObject {
  const { item, parts, input, done } = entry;
  if (done) return item;
  const content = partsLike('output_text', entry).map(partOf);
  switch (typeOf(item)) {
    case 'message':
      return { ...item, status, content };
    case 'reasoning': {
      const summary = parts.filter(isSummary).map(partOf);
      return { ...item, summary, ...(content.length === 0 ? {} : { content }) };
    }
    case 'function_call':
      return { ...item, status, arguments: input };
    case 'custom_tool_call':
      return { ...item, status, input };
    default:
      return item;
  }
}

/** What says where an event belongs. */
function placeOf({ index, item }: Entry, part: Part | null): JsonObject {
  const id = item['id'];
  const place = { ...(typeof id === 'string' ? { item_id: id } : {}), output_index: index };
  if (part === null) return place;
  return isSummary(part) ? { ...place, summary_index: part.index } : { ...place, content_index: part.index };
}

export function partBegins(entry: Entry, part: Part): Told {
  const kind = isSummary(part) ? 'reasoning_summary_part' : 'content_part';
  return told(`${kind}.added`, { ...placeOf(entry, part), part: partOf(part) });
}

const textEvents: Readonly<Record<PartForm, string>> = {
  output_text: 'output_text',
  refusal: 'refusal',
  summary_text: 'reasoning_summary_text',
  reasoning_text: 'reasoning_text',
};

export function textGrows(entry: Entry, part: Part, delta: string, logprobs: readonly JsonValue[]): Told {
  part.text += delta;
  part.logprobs.push(...logprobs);
  const tokens = part.form === 'output_text' ? { logprobs: [...logprobs] } : {};
  return told(`${textEvents[part.form]}.delta`, { ...placeOf(entry, part), delta, ...tokens });
}

export function closePart(entry: Entry, part: Part): Told[] {
  if (part.done) return [];
  part.done = true;
  const { form, text, logprobs } = part;
  const place = placeOf(entry, part);
  const whole: JsonObject =
    form === 'refusal' ? { refusal: text } : form === 'output_text' ? { text, logprobs } : { text };
  const kind = isSummary(part) ? 'reasoning_summary_part' : 'content_part';
  return [
    told(`${textEvents[form]}.done`, { ...place, ...whole }),
    told(`${kind}.done`, { ...place, part: partOf(part) }),
  ];
}

export const itemBegins = (entry: Entry): Told =>
  told('output_item.added', { output_index: entry.index, item: itemOf(entry, 'in_progress') });

const inputEvents: ReadonlyMap<JsonValue, { readonly name: string; readonly field: string }> = new Map([
  ['function_call', { name: 'function_call_arguments', field: 'arguments' }],
  ['custom_tool_call', { name: 'custom_tool_call_input', field: 'input' }],
]);

export function inputGrows(entry: Entry, delta: string): Told {
  entry.input += delta;
  const name = inputEvents.get(entry.item['type'] ?? null)?.name ?? 'function_call_arguments';
  return told(`${name}.delta`, { ...placeOf(entry, null), delta });
}

export function closeEntry(entry: Entry, status: Status): Told[] {
  if (entry.done) return [];
  const parts = entry.parts.flatMap((part) => closePart(entry, part));
  const call = inputEvents.get(entry.item['type'] ?? null);
  const input =
    call === undefined ? [] : [told(`${call.name}.done`, { ...placeOf(entry, null), [call.field]: entry.input })];
  entry.item = itemOf(entry, status);
  entry.done = true;
  return [...parts, ...input, told('output_item.done', { output_index: entry.index, item: entry.item })];
}

/** What went by is whole: the far side's word for it stands, and nothing else need be remembered. */
export function settle(entry: Entry, item: JsonValue | undefined): void {
  entry.item = isObject(item) ? item : itemOf(entry, 'completed');
  entry.parts.length = 0;
  entry.input = '';
  entry.done = true;
}

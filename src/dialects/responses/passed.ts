// Events of the caller's own dialect that go by as they came: what a later leg, or the stream's end, must agree with is kept.
// Deltas are nearly all of a stream, so their text is cut out of the event without parsing it; the frame and the number are read
// only when they are needed.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import type { StreamEvent } from '../framing.ts';
import { addPart, settle } from './output.ts';
import type { Entry, Output, Part, PartForm } from './output.ts';

const textDeltas: ReadonlySet<string> = new Set([
  'response.output_text.delta',
  'response.refusal.delta',
  'response.reasoning_text.delta',
  'response.reasoning_summary_text.delta',
]);
const inputDeltas: ReadonlySet<string> = new Set([
  'response.function_call_arguments.delta',
  'response.custom_tool_call_input.delta',
]);
const endings: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete']);
const partForms: ReadonlySet<JsonValue> = new Set<PartForm>([
  'output_text',
  'refusal',
  'summary_text',
  'reasoning_text',
]);

export class Passed {
  readonly #output: Output;
  /** Of the first event with a Response object, and of the last event of all, as they came. */
  #frameData: string | null = null;
  #lastData: string | null = null;
  #count = 0;
  #ended = false;
  /** Open items; where there is one, each delta is its own. */
  #open = 0;
  #entry: Entry | null = null;
  #part: Part | null = null;

  constructor(output: Output) {
    this.#output = output;
  }

  get any(): boolean {
    return this.#count > 0;
  }

  /** The answer's last event has gone by: nothing is left to say. */
  get ended(): boolean {
    return this.#ended;
  }

  get nextNumber(): number {
    const last = this.#lastData === null ? null : parse(this.#lastData)['sequence_number'];
    return typeof last === 'number' ? last + 1 : this.#count;
  }

  /** The Response object as the far side named it; null when it has not. */
  frame(): JsonObject | null {
    const response = this.#frameData === null ? null : parse(this.#frameData)['response'];
    return isObject(response) ? response : null;
  }

  add({ name, data }: StreamEvent): void {
    this.#count++;
    this.#lastData = data;
    const type = name ?? typeOf(data);
    if (textDeltas.has(type)) this.#addText(data);
    else if (inputDeltas.has(type)) this.#addInput(data);
    else if (endings.has(type)) this.#ended = true;
    else if (type === 'response.created' || type === 'response.in_progress') this.#frameData ??= data;
    else if (type.startsWith('response.')) this.#addStructure(type, parse(data));
  }

  #addText(data: string): void {
    const delta = deltaOf(data);
    if (this.#open === 1 && this.#part !== null) this.#part.text += delta;
    else {
      const event = parse(data);
      const part = this.#entryOf(event)?.parts.findLast(({ index }) => index === partIndexOf(event));
      if (part !== undefined) part.text += delta;
    }
  }

  #addInput(data: string): void {
    const entry = this.#open === 1 ? this.#entry : this.#entryOf(parse(data));
    if (entry !== null) entry.input += deltaOf(data);
  }

  #addStructure(type: string, event: JsonObject): void {
    const { item, part, annotation } = event;
    if (type === 'response.output_item.added' && isObject(item)) {
      this.#entry = this.#output.add(indexOf(event), item);
      this.#part = null;
      this.#open++;
      return;
    }
    const entry = this.#entryOf(event);
    if (entry === null || entry.done) return;
    if (type === 'response.output_item.done') {
      settle(entry, item);
      this.#open--;
      this.#part = null;
    } else if (type.endsWith('_part.added') && isObject(part) && isForm(part['type'])) {
      this.#part = addPart(entry, part['type'], partIndexOf(event), part);
    } else if (type.endsWith('_part.done')) this.#closePart(entry, event);
    else if (type === 'response.output_text.annotation.added' && annotation !== undefined) {
      entry.parts.at(-1)?.annotations.push(annotation);
    }
  }

  #closePart(entry: Entry, event: JsonObject): void {
    const isSummary = event['summary_index'] !== undefined;
    const part = entry.parts.find(
      ({ index, form }) => index === partIndexOf(event) && (form === 'summary_text') === isSummary,
    );
    if (part !== undefined) part.done = true;
    if (part === this.#part) this.#part = null;
  }

  #entryOf(event: JsonObject): Entry | null {
    return this.#output.get(indexOf(event));
  }
}

const isForm = (value: JsonValue | undefined): value is PartForm => value !== undefined && partForms.has(value);
const indexOf = ({ output_index: index }: JsonObject): number => (typeof index === 'number' ? index : 0);

function partIndexOf({ content_index: content, summary_index: summary }: JsonObject): number {
  const index = content ?? summary;
  return typeof index === 'number' ? index : 0;
}

/** Unescaped, these bytes can only be a key and the beginning of its value: inside a string its quotes have backslashes. */
const DELTA = '"delta":"';

function deltaOf(data: string): string {
  const start = data.indexOf(DELTA);
  const end = start === -1 ? -1 : data.indexOf('"', start + DELTA.length);
  if (end !== -1) {
    const text = data.slice(start + DELTA.length, end);
    if (!text.includes('\\')) return text;
  }
  const delta = parse(data)['delta'];
  return typeof delta === 'string' ? delta : '';
}

function typeOf(data: string): string {
  const type = parse(data)['type'];
  return typeof type === 'string' ? type : '';
}

function parse(data: string): JsonObject {
  try {
    const value = JSON.parse(data) as JsonValue;
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

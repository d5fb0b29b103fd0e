// Stream events of the Responses API as a far side sends them, read once each and, where the caller speaks otherwise, told as
// canonical chunks. An item is known by its `output_index`. What a far side says only when an item or part is done, because it
// sends no deltas of it, is read from there. Reading never throws; whether a stream is complete is not decided here.
import { silentReading } from '../../kernel/chat.ts';
import type { AnswerReading } from '../../kernel/chat.ts';
import { fault } from '../../kernel/fault.ts';
import { excessOf, isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import { limits } from '../../kernel/limits.ts';
import type { FarStream } from '../dialect.ts';
import type { StreamEvent } from '../framing.ts';
import { writeUsage } from '../openai/usage.ts';
import { callSaid } from './items.ts';
import type { CallSaid } from './items.ts';
import { thoughtsOf } from './history-reader.ts';
import { typeOf } from './parts.ts';
import { detailsOf } from './proof.ts';
import { callTypes, finishReason } from './response.ts';
import { faultOf } from './trouble.ts';
import { readUsage } from './usage.ts';

/** Shorter events cannot nest deeply enough to overflow a stack, and nearly all are shorter: they are not counted. */
const DEEP_CHARACTERS_MIN = 4_096;

/** An item of the answer, as far as it has been told. */
interface Item {
  /** The canonical index of a call; null for all other items. */
  readonly call: number | null;
  /** Some of it has been said by deltas: what is said when it is done says it again. */
  told: boolean;
}

/** The form in which a far side tells its reasoning; one that sends both says the same twice. */
type ReasoningForm = 'reasoning_text' | 'reasoning_summary_text';

export class ResponsesFarStream implements FarStream {
  readonly #items = new Map<number, Item>();
  #frame: JsonObject = { id: '', object: 'chat.completion.chunk', created: 0, model: '' };
  #calls = 0;
  #reasoningForm: ReasoningForm | null = null;
  /** Reasoning has been told, and a new part of it begins: parts stand apart by a blank line. */
  #reasoned = false;
  #newPart = false;
  /** What the event just read says. */
  #delta: JsonObject | null = null;
  #logprobs: JsonValue[] | null = null;
  #ending: JsonObject | null = null;

  /** An event without data says nothing, nor does one of a kind that we do not know. */
  read({ data, name }: StreamEvent): AnswerReading {
    this.#delta = null;
    this.#logprobs = null;
    this.#ending = null;
    if (data.trim() === '') return silentReading;
    // Some far sides and proxies end every stream as the chat does.
    if (data === '[DONE]') return { ...silentReading, done: true };
    if (data.length >= DEEP_CHARACTERS_MIN && excessOf(data, limits.jsonDepthMax, Infinity) !== null) {
      return malformed('an event that nests too deeply');
    }
    let event: JsonValue;
    try {
      event = JSON.parse(data);
    } catch {
      return malformed('an event that is not JSON');
    }
    if (!isObject(event)) return malformed('an event that is not a JSON object');
    return this.#readEvent(typeOf(event) || (name ?? ''), event);
  }

  chunks(): readonly JsonObject[] {
    if (this.#ending !== null) return [this.#lastChunk(this.#ending)];
    if (this.#delta === null) return [];
    const logprobs = this.#logprobs === null ? {} : { logprobs: { content: this.#logprobs, refusal: null } };
    return [{ ...this.#frame, choices: [{ index: 0, delta: this.#delta, ...logprobs, finish_reason: null }] }];
  }

  #readEvent(type: string, event: JsonObject): AnswerReading {
    switch (type) {
      case 'response.output_text.delta':
        return this.#readText('content', event, event['delta']);
      case 'response.refusal.delta':
        return this.#readText('refusal', event, event['delta']);
      case 'response.output_text.done':
        return this.#isTold(event) ? silentReading : this.#readText('content', event, event['text']);
      case 'response.refusal.done':
        return this.#isTold(event) ? silentReading : this.#readText('refusal', event, event['refusal']);
      case 'response.reasoning_text.delta':
        return this.#readReasoning('reasoning_text', event);
      case 'response.reasoning_summary_text.delta':
        return this.#readReasoning('reasoning_summary_text', event);
      case 'response.reasoning_summary_part.added':
        this.#newPart = this.#reasoned;
        return silentReading;
      case 'response.function_call_arguments.delta':
      case 'response.custom_tool_call_input.delta':
        return this.#readInput(event, event['delta']);
      case 'response.output_item.added':
        return this.#openItem(event);
      case 'response.output_item.done':
        return this.#closeItem(event);
      case 'response.created':
        this.#name(event['response']);
        // Chat clients want to know first who speaks.
        this.#delta = { role: 'assistant', content: '' };
        return silentReading;
      case 'response.queued':
      case 'response.in_progress':
        this.#name(event['response']);
        return silentReading;
      case 'response.completed':
      case 'response.incomplete':
        return this.#finish(type, event['response']);
      default:
        return troubleIn(type, event);
    }
  }

  #readText(field: 'content' | 'refusal', event: JsonObject, text: JsonValue | undefined): AnswerReading {
    if (typeof text !== 'string' || text === '') return silentReading;
    this.#itemOf(event).told = true;
    this.#delta = { [field]: text };
    const logprobs = event['logprobs'];
    if (Array.isArray(logprobs) && logprobs.length > 0) this.#logprobs = logprobs;
    return { ...silentReading, content: true, text, characters: text.length };
  }

  #readReasoning(form: ReasoningForm, event: JsonObject): AnswerReading {
    const text = event['delta'];
    if (typeof text !== 'string' || text === '') return silentReading;
    this.#itemOf(event).told = true;
    this.#reasoningForm ??= form;
    const reading = { ...silentReading, reasoning: true, characters: text.length };
    if (this.#reasoningForm === form) this.#delta = this.#reasoningDelta(text);
    return reading;
  }

  #reasoningDelta(text: string): JsonObject {
    const apart = this.#newPart ? '\n\n' : '';
    this.#newPart = false;
    this.#reasoned = true;
    return { reasoning_content: apart + text };
  }

  #readInput(event: JsonObject, input: JsonValue | undefined): AnswerReading {
    const item = this.#itemOf(event);
    if (typeof input !== 'string' || item.call === null) return silentReading;
    item.told = true;
    // What kind it is was told when it began; an assembly of chunks joins by the index.
    const isCustom = event['type'] === 'response.custom_tool_call_input.delta';
    const said = isCustom ? { custom: { input } } : { function: { arguments: input } };
    this.#delta = { tool_calls: [{ index: item.call, ...said }] };
    return { ...silentReading, toolCall: true, characters: input.length };
  }

  #openItem(event: JsonObject): AnswerReading {
    const item = event['item'];
    if (!isObject(item)) return silentReading;
    const isCall = callTypes.has(item['type'] ?? null);
    const call = isCall ? this.#calls++ : null;
    const said = saidByItem(item);
    this.#items.set(indexOf(event), { call, told: isCall && said.input !== '' });
    if (item['type'] === 'reasoning') this.#newPart = this.#reasoned;
    return call === null ? silentReading : this.#beginCall(call, said);
  }

  #beginCall(index: number, { kind, id, name, input }: CallSaid): AnswerReading {
    const said = kind === 'custom' ? { custom: { name, input } } : { function: { name, arguments: input } };
    this.#delta = { tool_calls: [{ index, id, type: kind, ...said }] };
    return { ...silentReading, toolCall: true, characters: name.length + input.length };
  }

  #closeItem(event: JsonObject): AnswerReading {
    const item = event['item'];
    if (!isObject(item)) return silentReading;
    if (!this.#items.has(indexOf(event)) && callTypes.has(item['type'] ?? null)) return this.#openItem(event);
    const known = this.#itemOf(event);
    if (known.call !== null) {
      const { kind, input } = saidByItem(item);
      const type = kind === 'custom' ? 'response.custom_tool_call_input.delta' : null;
      return known.told || input === '' ? silentReading : this.#readInput({ ...event, type }, input);
    }
    return item['type'] === 'reasoning' ? this.#closeReasoning(item, known) : silentReading;
  }

  #closeReasoning(item: JsonObject, known: Item): AnswerReading {
    const thoughts = known.told ? '' : thoughtsOf(item);
    const details = detailsOf(item);
    if (thoughts === '' && details.length === 0) return silentReading;
    this.#delta = {
      ...(thoughts === '' ? {} : this.#reasoningDelta(thoughts)),
      ...(details.length === 0 ? {} : { reasoning_details: details }),
    };
    return { ...silentReading, reasoning: true, characters: thoughts.length };
  }

  #finish(type: string, response: JsonValue | undefined): AnswerReading {
    this.#name(response);
    const status = type === 'response.incomplete' ? 'incomplete' : 'completed';
    const reason = finishReason({ ...(isObject(response) ? response : {}), status }) ?? 'stop';
    // The last object's output may be left empty.
    const finish = reason === 'stop' && this.#calls > 0 ? 'tool_calls' : reason;
    const usage = isObject(response) ? readUsage(response['usage']) : null;
    this.#ending = { finish_reason: finish, ...(usage === null ? {} : { usage: writeUsage(usage) }) };
    return { ...silentReading, finishReason: finish, usage };
  }

  #lastChunk({ finish_reason, usage }: JsonObject): JsonObject {
    const choices = [{ index: 0, delta: {}, finish_reason }];
    return { ...this.#frame, choices, ...(usage === undefined ? {} : { usage }) };
  }

  #name(response: JsonValue | undefined): void {
    if (!isObject(response)) return;
    const { id, created_at: created, model } = response;
    if (typeof id === 'string') this.#frame = { ...this.#frame, id };
    if (typeof created === 'number') this.#frame = { ...this.#frame, created: Math.trunc(created) };
    if (typeof model === 'string') this.#frame = { ...this.#frame, model };
  }

  #isTold(event: JsonObject): boolean {
    return this.#items.get(indexOf(event))?.told === true;
  }

  #itemOf(event: JsonObject): Item {
    const index = indexOf(event);
    let item = this.#items.get(index);
    if (item === undefined) this.#items.set(index, (item = { call: null, told: false }));
    return item;
  }
}

const indexOf = ({ output_index: index }: JsonObject): number => (typeof index === 'number' ? index : 0);

function saidByItem(item: JsonObject): CallSaid {
  const { call_id: id, name } = item;
  return callSaid(
    item['type'] === 'custom_tool_call'
      ? { id, custom: { name, input: item['input'] } }
      : { id, function: { name, arguments: item['arguments'] } },
  );
}

/** Kinds of events that we do not know are no trouble, unless they carry an error. */
function troubleIn(type: string, event: JsonObject): AnswerReading {
  const { response, error } = event;
  if (type === 'response.failed' || type === 'response.cancelled') {
    return { ...silentReading, fault: faultOf(isObject(response) ? response['error'] : undefined) };
  }
  if (type === 'error') return { ...silentReading, fault: faultOf(isObject(error) ? error : event) };
  if (isObject(error)) return { ...silentReading, fault: faultOf(error) };
  if (typeof error === 'string' && error !== '') return { ...silentReading, fault: faultOf({ message: error }) };
  return type === '' ? malformed('an event without a type') : silentReading;
}

function malformed(what: string): AnswerReading {
  return { ...silentReading, fault: fault('malformed', `The upstream sent ${what}.`) };
}

// Stream events of the Messages API as a far side sends them. Reading runs once per event of every stream and never throws;
// whether a stream is complete is not decided here. Kinds of events we do not know say nothing: the API adds some within a
// version. As canonical chunks they are told only when somebody asks.
import { silentReading } from '../../kernel/chat.ts';
import type { AnswerReading } from '../../kernel/chat.ts';
import { fault } from '../../kernel/fault.ts';
import { isObject } from '../../kernel/json.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { FarStream } from '../dialect.ts';
import type { StreamEvent } from '../framing.ts';
import { callsTool, readBlock, saysText, saysThoughts } from './answer.ts';
import { finishReason } from './finish.ts';
import { readJson, wordOf } from './values.ts';
import { detailOf } from './reasoning.ts';
import { faultInBand } from './trouble.ts';
import { chatUsage, mergedUsage, readUsage } from './usage.ts';

/** A block that has begun and not ended. */
interface OpenBlock {
  readonly begun: JsonObject;
  readonly type: string;
  /** Among the tool calls of the answer; -1 for other blocks. */
  readonly call: number;
  /** Among the blocks before it that are thinking. */
  readonly thought: number;
  /** Thinking so far, which its signature closes over. */
  thoughts: string;
  signature: string;
  /** Pieces of input have come. */
  hasInput: boolean;
}

export class MessageFarStream implements FarStream {
  #id: JsonObject = {};
  #usage: JsonObject = {};
  readonly #blocks = new Map<number, OpenBlock>();
  #calls = 0;
  #thoughts = 0;
  /** The event just read, and the block it is of. */
  #event: JsonObject | null = null;
  #block: OpenBlock | null = null;

  read({ data }: StreamEvent): AnswerReading {
    this.#event = null;
    this.#block = null;
    const text = data.trim();
    if (text === '') return silentReading;
    // Not Anthropic's, but of servers that imitate it.
    if (text === '[DONE]') return { ...silentReading, done: true };
    const event = readJson(data);
    if (typeof event === 'string') return malformed(`an event that is ${event}`);
    const type = event['type'];
    if (type === 'error' || isObject(event['error'])) return { ...silentReading, fault: faultInBand(event) };
    if (typeof type !== 'string') return malformed('an event that is no part of a message');
    this.#event = event;
    this.#block = this.#blocks.get(indexOf(event)) ?? null;
    return this.#readEvent(type, event);
  }

  chunks(): readonly JsonObject[] {
    const event = this.#event;
    if (event === null) return [];
    switch (wordOf(event['type'])) {
      case 'message_start':
        return [this.#chunk({ role: 'assistant', content: '' })];
      case 'content_block_start':
        return this.#deltas(beginning(this.#block));
      case 'content_block_delta':
        return this.#deltas(growth(this.#block, event['delta']));
      case 'content_block_stop':
        return this.#deltas(ending(this.#block));
      case 'message_delta':
        return this.#ending(event['delta']);
      default:
        return [];
    }
  }

  #readEvent(type: string, event: JsonObject): AnswerReading {
    switch (type) {
      case 'message_start':
        return this.#begin(event['message']);
      case 'content_block_start':
        return this.#beginBlock(indexOf(event), event['content_block']);
      case 'content_block_delta':
        return this.#readDelta(event['delta']);
      case 'content_block_stop':
        this.#blocks.delete(indexOf(event));
        return silentReading;
      case 'message_delta':
        return this.#readEnding(event);
      case 'message_stop':
        return { ...silentReading, done: true };
      default:
        return silentReading;
    }
  }

  /** Usage is told at the end only: what it says of the output here is no more than a beginning. */
  #begin(message: JsonObject[string]): AnswerReading {
    if (!isObject(message)) return malformed('a message that begins with nothing');
    this.#id = { id: message['id'], model: message['model'] };
    this.#usage = mergedUsage(this.#usage, message['usage']);
    return silentReading;
  }

  #beginBlock(index: number, begun: JsonObject[string]): AnswerReading {
    if (!isObject(begun)) return malformed('a content block that begins with nothing');
    const type = wordOf(begun['type']);
    const call = type === 'tool_use' ? this.#calls++ : -1;
    const { thinking, signature } = begun;
    this.#block = {
      begun,
      type,
      call,
      thought: type.endsWith('thinking') ? this.#thoughts++ : this.#thoughts,
      thoughts: typeof thinking === 'string' ? thinking : '',
      signature: typeof signature === 'string' ? signature : '',
      hasInput: false,
    };
    this.#blocks.set(index, this.#block);
    return readBlock(begun);
  }

  #readDelta(delta: JsonObject[string]): AnswerReading {
    const block = this.#block;
    if (!isObject(delta) || block === null) return malformed('a piece of no content block');
    const { type, text, thinking, partial_json: json, signature } = delta;
    if (type === 'text_delta' && typeof text === 'string') return text === '' ? silentReading : saysText(text);
    if (type === 'thinking_delta' && typeof thinking === 'string') {
      block.thoughts += thinking;
      return thinking === '' ? silentReading : saysThoughts(thinking.length);
    }
    if (type === 'signature_delta' && typeof signature === 'string') block.signature = signature;
    if (type !== 'input_json_delta' || typeof json !== 'string') return silentReading;
    if (json !== '') block.hasInput = true;
    return block.call === -1 ? { ...silentReading, content: true } : callsTool(json.length);
  }

  #readEnding({ delta, usage }: JsonObject): AnswerReading {
    this.#usage = mergedUsage(this.#usage, usage);
    const reason = isObject(delta) ? finishReason(delta['stop_reason']) : null;
    return { ...silentReading, finishReason: reason, usage: readUsage(this.#usage) };
  }

  #chunk(delta: JsonObject, finish: string | null = null, more: JsonObject = {}): JsonObject {
    const choice = { index: 0, delta, finish_reason: finish, ...more };
    return { ...this.#id, object: 'chat.completion.chunk', choices: [choice] };
  }

  #deltas(delta: JsonObject | null): readonly JsonObject[] {
    return delta === null ? [] : [this.#chunk(delta)];
  }

  #ending(delta: JsonObject[string]): readonly JsonObject[] {
    const { stop_reason: reason, stop_sequence: sequence } = isObject(delta) ? delta : {};
    const more = typeof sequence === 'string' ? { stop_reason: sequence } : {};
    const usage = chatUsage(this.#usage);
    return [{ ...this.#chunk({}, finishReason(reason), more), ...(usage === null ? {} : { usage }) }];
  }
}

function indexOf(event: JsonObject): number {
  return typeof event['index'] === 'number' ? event['index'] : 0;
}

function malformed(what: string): AnswerReading {
  return { ...silentReading, fault: fault('malformed', `The upstream sent ${what}.`) };
}

/** What a block says as it begins. */
function beginning(block: OpenBlock | null): JsonObject | null {
  if (block === null) return null;
  const { text, thinking, id, name } = block.begun;
  switch (block.type) {
    case 'text':
      return typeof text === 'string' && text !== '' ? { content: text } : null;
    case 'thinking':
      return typeof thinking === 'string' && thinking !== '' ? { reasoning_content: thinking } : null;
    case 'tool_use':
      return { tool_calls: [{ index: block.call, id, type: 'function', function: { name, arguments: '' } }] };
    default:
      return null;
  }
}

function growth(block: OpenBlock | null, delta: JsonObject[string]): JsonObject | null {
  if (!isObject(delta) || block === null) return null;
  const { text, thinking, partial_json: json } = delta;
  if (typeof text === 'string' && text !== '') return { content: text };
  if (typeof thinking === 'string' && thinking !== '') return { reasoning_content: thinking };
  return typeof json === 'string' && json !== '' && block.call !== -1 ? callPiece(block.call, json) : null;
}

const callPiece = (call: number, json: string): JsonObject => ({
  tool_calls: [{ index: call, function: { arguments: json } }],
});

/** A call without pieces had its input from the beginning, or none; proof of thinking is whole only here. */
function ending(block: OpenBlock | null): JsonObject | null {
  if (block === null) return null;
  if (block.call !== -1) {
    return block.hasInput ? null : callPiece(block.call, JSON.stringify(block.begun['input'] ?? {}));
  }
  const { thoughts: thinking, signature, thought } = block;
  const whole = block.type === 'thinking' ? { type: 'thinking', thinking, signature } : block.begun;
  const detail = detailOf(whole, thought);
  return detail === null ? null : { reasoning_details: [detail] };
}

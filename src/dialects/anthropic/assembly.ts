// Assembly: the events of a Messages stream put together into the whole message that a caller who did not stream expects.
import { isObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';
import { utf8Encode } from '../../kernel/web.ts';
import type { Assembly } from '../dialect.ts';
import { wordOf } from './values.ts';
import { inputOf } from './tool-calls.ts';
import { mergedUsage } from './usage.ts';

interface Block {
  value: JsonObject;
  /** Pieces of a tool's input; null while none has come. */
  input: string | null;
  /** Of the block's text; grown in place, as they may be many. */
  readonly citations: JsonValue[];
}

export class MessageAssembly implements Assembly {
  #message: JsonObject = {};
  #usage: JsonObject = {};
  readonly #blocks = new Map<number, Block>();

  /** Data of one event that was read without a fault. */
  add(data: string): void {
    const event = data.trim() === '' ? null : (JSON.parse(data) as JsonValue);
    if (!isObject(event)) return;
    const index = Number(event['index'] ?? 0);
    switch (wordOf(event['type'])) {
      case 'message_start':
        if (isObject(event['message'])) this.#message = event['message'];
        this.#usage = mergedUsage(this.#usage, this.#message['usage']);
        return;
      case 'content_block_start':
        if (isObject(event['content_block'])) this.#begin(index, event['content_block']);
        return;
      case 'content_block_delta':
        return this.#grow(this.#blocks.get(index), event['delta']);
      case 'message_delta':
        if (isObject(event['delta'])) this.#message = { ...this.#message, ...event['delta'] };
        this.#usage = mergedUsage(this.#usage, event['usage']);
        return;
      default:
    }
  }

  whole(): Uint8Array {
    const content = [...this.#blocks.values()].map(({ value, input, citations }) => ({
      ...value,
      ...(input === null ? {} : { input: inputOf(input) }),
      ...(citations.length === 0 ? {} : { citations }),
    }));
    return utf8Encode(JSON.stringify({ ...this.#message, content, usage: this.#usage }));
  }

  #begin(index: number, value: JsonObject): void {
    const { citations } = value;
    this.#blocks.set(index, { value, input: null, citations: Array.isArray(citations) ? [...citations] : [] });
  }

  #grow(block: Block | undefined, delta: JsonValue | undefined): void {
    if (block === undefined || !isObject(delta)) return;
    const { value } = block;
    switch (wordOf(delta['type'])) {
      case 'text_delta':
        block.value = { ...value, text: joined(value['text'], delta['text']) };
        return;
      case 'thinking_delta':
        block.value = { ...value, thinking: joined(value['thinking'], delta['thinking']) };
        return;
      case 'signature_delta':
        block.value = { ...value, signature: delta['signature'] };
        return;
      case 'input_json_delta':
        // Nothing but empty pieces: the input is the one the block began with.
        if (delta['partial_json'] !== '') block.input = joined(block.input, delta['partial_json']);
        return;
      case 'citations_delta':
        block.citations.push(delta['citation'] ?? null);
        return;
      default:
    }
  }
}

const joined = (before: JsonValue | undefined, said: JsonValue | undefined): string => wordOf(before) + wordOf(said);

// The stream that callers of the Messages API read: canonical chunks, from however many legs, as one message of blocks that
// follow one another. What is told of the answer's end waits for `end`, since only there its usage is known; nothing is ever
// ended by itself.
//
//   nothing ──first chunk──▶ begun ──block after block──▶ begun ──end──▶ ended
//
// Events that pass as they came move the same state, so that a later leg can go on where they stopped.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import type { Usage } from '../../kernel/usage.ts';
import { concatBytes, utf8Encode } from '../../kernel/web.ts';
import type { AnswerIdentity, DoorStream, ErrorForm } from '../dialect.ts';
import type { StreamEvent } from '../framing.ts';
import { messageId, unsaidOfMessage } from './answer.ts';
import { CallQueue } from './call-queue.ts';
import { errorEvent } from './errors.ts';
import { stopOf } from './finish.ts';
import { readJson, wordOf } from './values.ts';
import { blockOf } from './reasoning.ts';
import { toolId, toolIds } from './tool-calls.ts';
import { writeDeltaUsage, writeUsage } from './usage.ts';

export class MessageDoorStream implements DoorStream {
  readonly #identity: AnswerIdentity;
  #begun = false;
  /** The stop reason, and the end, went by as they came. */
  #stopPassed = false;
  #endPassed = false;
  /** The type of the open block; null when none is open. */
  #open: string | null = null;
  /** Of the next block. */
  #index = 0;
  #called = false;
  #refused = false;
  readonly #toolIds = toolIds();
  #finish: string | null = null;
  #matched: JsonValue | undefined = undefined;
  #out: Uint8Array[] = [];
  readonly #calls = new CallQueue({
    begin: (id, name) => this.#beginCall(id, name),
    arguments: (text) => this.#delta({ type: 'input_json_delta', partial_json: text }),
    close: () => this.#close(),
  });

  constructor(identity: AnswerIdentity) {
    this.#identity = identity;
  }

  write(chunk: JsonObject): Uint8Array | null {
    const choice = Array.isArray(chunk['choices']) ? chunk['choices'][0] : undefined;
    if (!isObject(choice)) return null;
    this.#begin(chunk['model']);
    // Callers of this dialect asked for one answer.
    if ((choice['index'] ?? 0) === 0) this.#writeChoice(choice);
    return this.#taken();
  }

  /** Deltas are most of a stream and change nothing here: they are not even parsed. */
  pass({ name, data }: StreamEvent): void {
    if (name === 'content_block_delta' || name === 'ping') return;
    const event = readJson(data);
    if (typeof event === 'string') return;
    switch (wordOf(event['type'])) {
      case 'message_start':
        this.#begun = true;
        return;
      case 'content_block_start':
        return this.#passBlock(event);
      case 'content_block_stop':
        this.#open = null;
        return;
      case 'message_delta':
        this.#stopPassed ||= isObject(event['delta']) && typeof event['delta']['stop_reason'] === 'string';
        return;
      case 'message_stop':
        this.#endPassed = true;
        return;
      default:
    }
  }

  end(usage: Usage | null): Uint8Array {
    this.#begin(undefined);
    if (!this.#stopPassed) {
      this.#closeAll();
      const { reason, sequence } = stopOf(this.#finish, this.#matched, {
        called: this.#called,
        refused: this.#refused,
      });
      const delta = { stop_reason: reason, stop_sequence: sequence, container: null, stop_details: null };
      this.#event('message_delta', { delta, usage: writeDeltaUsage(usage) });
      this.#stopPassed = true;
    }
    if (!this.#endPassed) this.#event('message_stop', {});
    this.#endPassed = true;
    return this.#taken() ?? new Uint8Array(0);
  }

  error(form: ErrorForm): Uint8Array {
    return errorEvent(form, this.#identity.id);
  }

  #passBlock({ index, content_block: block }: JsonObject): void {
    this.#index = (typeof index === 'number' ? index : this.#index) + 1;
    this.#open = isObject(block) ? wordOf(block['type']) : null;
    this.#called ||= this.#open === 'tool_use';
  }

  #writeChoice(choice: JsonObject): void {
    const { delta, finish_reason: finish, stop_reason: matched } = choice;
    if (isObject(delta)) this.#writeDelta(delta);
    if (typeof finish !== 'string' || finish === '') return;
    this.#finish = finish;
    this.#matched = matched;
  }

  #writeDelta(delta: JsonObject): void {
    const { reasoning_content: thoughts, reasoning_details: details, content, refusal, tool_calls: calls } = delta;
    if (typeof thoughts === 'string' && thoughts !== '') this.#say('thinking', thoughts);
    if (Array.isArray(details)) for (const detail of details) this.#prove(detail);
    this.#refused ||= wordOf(refusal) !== '';
    for (const text of [content, refusal]) if (typeof text === 'string' && text !== '') this.#say('text', text);
    if (Array.isArray(calls) && calls.length > 0) this.#calls.add(calls);
  }

  #say(type: 'text' | 'thinking', text: string): void {
    if (this.#open !== type) {
      this.#closeAll();
      this.#start(type === 'text' ? { type, text: '' } : { type, thinking: '', signature: '' });
    }
    this.#delta(type === 'text' ? { type: 'text_delta', text } : { type: 'thinking_delta', thinking: text });
  }

  /** A detail ends the thinking it proves; where that was not told piece by piece, it is told whole. */
  #prove(detail: JsonValue): void {
    const block = blockOf(detail);
    if (block === null) return;
    if (block['type'] === 'redacted_thinking') {
      this.#closeAll();
      this.#start(block);
      return this.#close();
    }
    if (this.#open !== 'thinking') {
      this.#closeAll();
      this.#start({ type: 'thinking', thinking: '', signature: '' });
      if (block['thinking'] !== '') this.#delta({ type: 'thinking_delta', thinking: block['thinking'] });
    }
    this.#delta({ type: 'signature_delta', signature: block['signature'] });
    this.#close();
  }

  #beginCall(id: string | null, name: string): void {
    this.#close();
    this.#called = true;
    const own = `toolu_${this.#identity.id}_${this.#index}`;
    this.#start({ type: 'tool_use', id: toolId(id ?? own, this.#toolIds), name, input: {} });
  }

  #begin(model: JsonValue | undefined): void {
    if (this.#begun) return;
    this.#begun = true;
    const message = {
      id: messageId(this.#identity),
      type: 'message',
      role: 'assistant',
      model: typeof model === 'string' && model !== '' ? model : this.#identity.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      ...unsaidOfMessage,
      usage: writeUsage(null),
    };
    this.#event('message_start', { message });
  }

  #start(block: JsonObject): void {
    this.#event('content_block_start', { index: this.#index++, content_block: block });
    this.#open = wordOf(block['type']);
  }

  #delta(delta: JsonObject): void {
    this.#event('content_block_delta', { index: this.#index - 1, delta });
  }

  #closeAll(): void {
    this.#calls.finish();
    this.#close();
  }

  #close(): void {
    if (this.#open === null) return;
    this.#open = null;
    this.#event('content_block_stop', { index: this.#index - 1 });
  }

  #event(type: string, said: JsonObject): void {
    this.#out.push(utf8Encode(`event: ${type}\ndata: ${JSON.stringify({ type, ...said })}\n\n`));
  }

  #taken(): Uint8Array | null {
    if (this.#out.length === 0) return null;
    const bytes = concatBytes(this.#out);
    this.#out = [];
    return bytes;
  }
}

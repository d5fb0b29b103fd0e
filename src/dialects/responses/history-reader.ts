// The conversation of a Responses request as messages of the canonical chat. Its items are finer: what a model thinks, says and
// calls stands in an item each, and all of it up to the next user's or tool's word is one assistant message of the chat.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import { toolResult } from '../tool-result.ts';
import { chatContent, chatParts, textOf, typeOf } from './parts.ts';
import type { Loss } from './parts.ts';
import { detailsOf } from './proof.ts';

/** An assistant message under way. */
interface Turn {
  readonly texts: string[];
  readonly refusals: string[];
  readonly thoughts: string[];
  readonly details: JsonObject[];
  readonly calls: JsonObject[];
}

export function chatMessages(body: JsonObject, lost: Loss[]): JsonObject[] {
  const { instructions, input } = body;
  const reader = new HistoryReader(lost);
  if (typeof instructions === 'string' && instructions !== '') reader.say({ role: 'system', content: instructions });
  if (typeof input === 'string') reader.say({ role: 'user', content: input });
  else if (Array.isArray(input)) input.forEach((item, index) => reader.add(item, `input[${index}]`));
  return reader.messages();
}

class HistoryReader {
  readonly #lost: Loss[];
  readonly #messages: JsonObject[] = [];
  #turn: Turn | null = null;
  /** Pictures and files of the tool messages just read: they follow the last of these. */
  readonly #attached: JsonObject[] = [];

  constructor(lost: Loss[]) {
    this.#lost = lost;
  }

  messages(): JsonObject[] {
    this.#endTurn();
    this.#endResults();
    return this.#messages;
  }

  say(message: JsonObject): void {
    this.#endTurn();
    this.#endResults();
    this.#messages.push(message);
  }

  add(item: JsonValue, path: string): void {
    if (!isObject(item)) return;
    const { call_id: id, name } = item;
    switch (typeOf(item) || 'message') {
      case 'message':
        return this.#addMessage(item, path);
      case 'reasoning':
        return this.#addReasoning(item);
      case 'function_call':
        this.#ofTurn().calls.push({ id, type: 'function', function: { name, arguments: item['arguments'] ?? '' } });
        return;
      case 'custom_tool_call':
        this.#ofTurn().calls.push({ id, type: 'custom', custom: { name, input: item['input'] ?? '' } });
        return;
      case 'function_call_output':
      case 'custom_tool_call_output':
        return this.#addResult(id, chatParts(item['output'], `${path}.output`, this.#lost));
      default:
        this.#lost.push({ param: path, why: 'the chat has no such item' });
    }
  }

  #addResult(id: JsonValue | undefined, parts: readonly JsonObject[]): void {
    this.#endTurn();
    const { message, attached } = toolResult(id, parts);
    this.#messages.push(message);
    this.#attached.push(...attached);
  }

  #endResults(): void {
    if (this.#attached.length === 0) return;
    this.#messages.push({ role: 'user', content: this.#attached.splice(0) });
  }

  #addMessage({ role, content }: JsonObject, path: string): void {
    if (role !== 'assistant') {
      return this.say({ role, content: chatContent(content, `${path}.content`, this.#lost) });
    }
    const turn = this.#ofTurn();
    const parts: JsonValue[] = Array.isArray(content) ? content : [{ type: 'output_text', text: content ?? '' }];
    const text = textOf(parts);
    if (text !== null) turn.texts.push(text);
    for (const [index, part] of parts.entries()) {
      if (!isObject(part) || typeof part['text'] === 'string') continue;
      if (typeof part['refusal'] === 'string') turn.refusals.push(part['refusal']);
      else this.#lost.push({ param: `${path}.content[${index}]`, why: 'the chat has no such part of an answer' });
    }
  }

  #addReasoning(item: JsonObject): void {
    const turn = this.#ofTurn();
    const thoughts = thoughtsOf(item);
    if (thoughts !== '') turn.thoughts.push(thoughts);
    turn.details.push(...detailsOf(item));
  }

  #ofTurn(): Turn {
    this.#endResults();
    this.#turn ??= { texts: [], refusals: [], thoughts: [], details: [], calls: [] };
    return this.#turn;
  }

  #endTurn(): void {
    const turn = this.#turn;
    if (turn === null) return;
    this.#turn = null;
    this.#messages.push({
      role: 'assistant',
      content: turn.texts.length === 0 ? null : turn.texts.join('\n\n'),
      ...(turn.refusals.length === 0 ? {} : { refusal: turn.refusals.join('\n\n') }),
      ...(turn.thoughts.length === 0 ? {} : { reasoning_content: turn.thoughts.join('\n\n') }),
      ...(turn.details.length === 0 ? {} : { reasoning_details: turn.details }),
      ...(turn.calls.length === 0 ? {} : { tool_calls: turn.calls }),
    });
  }
}

/** A reasoning item's own text where it is told, else its summary, part after part. */
export function thoughtsOf({ content, summary }: JsonObject): string {
  return joined(content) || joined(summary);
}

function joined(parts: JsonValue | undefined): string {
  if (!Array.isArray(parts)) return '';
  const texts = parts.map((part) => (isObject(part) && typeof part['text'] === 'string' ? part['text'] : ''));
  return texts.filter((text) => text !== '').join('\n\n');
}

// Messages as Converse writes them: turns of user and assistant that alternate, each a list of blocks. System messages go in
// front, wherever they stood; results of tools are the user's; neighbours of one role become one turn.
import { isObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';
import { inputOf } from '../anthropic/tool-calls.ts';
import { signedBlock } from './blocks.ts';
import type { ConverseManner } from './manner.ts';
import { writePart } from './parts-writer.ts';
import type { Lack } from './request-writer.ts';
import { toolIds } from './tool-ids.ts';
import type { ToolIds } from '../tool-ids.ts';

export interface Conversation {
  readonly system: JsonObject[];
  readonly messages: JsonObject[];
  /** The last turn is an answer that the model shall go on with. */
  readonly endsWithAssistant: boolean;
  /** Names of the functions that the history calls. */
  readonly called: readonly string[];
  /** The last assistant turn calls tools and does not begin with signed reasoning. */
  readonly callsUnthought: boolean;
}

interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: JsonObject[];
}

export function writeMessages(messages: JsonValue | undefined, manner: ConverseManner, lacks: Lack[]): Conversation {
  const writer = new MessagesWriter(manner, lacks);
  for (const [index, message] of (Array.isArray(messages) ? messages : []).entries()) {
    if (isObject(message)) writer.add(message, `messages[${index}]`);
  }
  return writer.conversation();
}

/** A mark behind what shall be cached up to here; the hint is dropped where the model takes none. */
export function cachePoint(control: JsonValue | undefined, manner: ConverseManner): JsonObject[] {
  if (!isObject(control) || !manner.cachePoints) return [];
  const { ttl } = control;
  return [{ cachePoint: { type: 'default', ...(ttl === '5m' || ttl === '1h' ? { ttl } : {}) } }];
}

class MessagesWriter {
  readonly #manner: ConverseManner;
  readonly #lacks: Lack[];
  readonly #ids: ToolIds;
  readonly #system: JsonObject[] = [];
  readonly #turns: Turn[] = [];
  readonly #called = new Set<string>();

  constructor(manner: ConverseManner, lacks: Lack[]) {
    this.#manner = manner;
    this.#lacks = lacks;
    this.#ids = toolIds(manner.shortToolIds);
  }

  add(message: JsonObject, param: string): void {
    const { role } = message;
    switch (typeof role === 'string' ? role : '') {
      case 'system':
      case 'developer':
        this.#system.push(...this.#parts(message['content'], `${param}.content`));
        return;
      case 'assistant':
        this.#say('assistant', this.#assistant(message, param));
        return;
      case 'tool':
        this.#say('user', [this.#result(message, param), ...cachePoint(message['cache_control'], this.#manner)]);
        return;
      case 'function':
        this.#lack(`${param}.role`, 'Converse knows tools and no functions beside them');
        return;
      default:
        this.#say('user', this.#parts(message['content'], `${param}.content`));
    }
  }

  conversation(): Conversation {
    const last = this.#turns.at(-1);
    if (last?.role === 'assistant') this.#trim(last);
    if (this.#turns[0]?.role !== 'user') this.#lack('messages', 'Converse begins with a user message');
    const answer = this.#turns.findLast(({ role }) => role === 'assistant')?.content ?? [];
    return {
      system: this.#system,
      messages: this.#turns.map(({ role, content }) => ({ role, content })),
      endsWithAssistant: this.#turns.at(-1)?.role === 'assistant',
      called: [...this.#called],
      callsUnthought: answer.some((block) => 'toolUse' in block) && !('reasoningContent' in (answer[0] ?? {})),
    };
  }

  #say(role: Turn['role'], content: JsonObject[]): void {
    if (content.length === 0) return;
    const last = this.#turns.at(-1);
    if (last?.role === role) last.content.push(...content);
    else this.#turns.push({ role, content });
  }

  /** Bedrock refuses space at the end of an answer it shall go on with; where the answer is joined, the space is put back. */
  #trim({ content }: Turn): void {
    const block = content.at(-1);
    if (typeof block?.['text'] !== 'string') return;
    const text = block['text'].trimEnd();
    content.pop();
    if (text !== '') content.push({ text });
    else if (content.length === 0) this.#turns.pop();
  }

  /** Reasoning first, as it came; without a proof that Claude wrote it, it is not sent back. */
  #assistant(message: JsonObject, param: string): JsonObject[] {
    const { reasoning_details: details, refusal, tool_calls: calls } = message;
    const thoughts = this.#manner.isClaude && Array.isArray(details) ? details.map(signedBlock) : [];
    if ((message['function_call'] ?? null) !== null) {
      this.#lack(`${param}.function_call`, 'Converse knows tools and no functions beside them');
    }
    return [
      ...thoughts.filter((block) => block !== null),
      ...this.#parts(message['content'], `${param}.content`),
      ...this.#parts(refusal, `${param}.refusal`),
      ...(Array.isArray(calls) ? calls : []).flatMap((call, index) =>
        this.#call(call, `${param}.tool_calls[${index}]`),
      ),
    ];
  }

  #call(call: JsonValue, param: string): JsonObject[] {
    const called = isObject(call) ? call['function'] : null;
    const name = isObject(called) ? called['name'] : null;
    if (!isObject(call) || !isObject(called) || typeof name !== 'string') {
      this.#lack(param, 'Converse knows calls of functions only');
      return [];
    }
    this.#called.add(name);
    return [{ toolUse: { toolUseId: this.#idOf(call['id']), name, input: inputOf(called['arguments']) } }];
  }

  /** Empty results are refused: they say so. */
  #result(message: JsonObject, param: string): JsonObject {
    const content = this.#parts(message['content'], `${param}.content`).filter((block) => !('cachePoint' in block));
    return {
      toolResult: {
        toolUseId: this.#idOf(message['tool_call_id']),
        content: content.length === 0 ? [{ text: '(no output)' }] : content,
      },
    };
  }

  #idOf(id: JsonValue | undefined): string {
    return this.#ids.of(typeof id === 'string' ? id : '');
  }

  /** Blank texts are refused, and say nothing. */
  #parts(content: JsonValue | undefined, param: string): JsonObject[] {
    if (typeof content === 'string') return content.trim() === '' ? [] : [{ text: content }];
    if (!Array.isArray(content)) return [];
    return content.flatMap((part, index) => {
      if (!isObject(part)) return [];
      const block = writePart(part);
      if (typeof block !== 'string') {
        return block === null ? [] : [block, ...cachePoint(part['cache_control'], this.#manner)];
      }
      this.#lack(`${param}[${index}]`, block);
      return [];
    });
  }

  #lack(param: string, why: string): void {
    this.#lacks.push({ param, why });
  }
}

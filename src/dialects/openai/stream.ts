// The stream that callers of OpenAI's format read. All events of an answer carry the identity of its first one, over however
// many legs it came; usage stands in an event of its own before the end marker, for those who asked.
import { isObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';
import type { Usage } from '../../kernel/usage.ts';
import { utf8Encode } from '../../kernel/web.ts';
import type { AnswerIdentity, DoorStream, ErrorForm } from '../dialect.ts';
import type { StreamEvent } from '../framing.ts';
import { errorJson } from './errors.ts';
import { writeUsage } from './usage.ts';

const DONE = 'data: [DONE]\n\n';
const identityFields = ['id', 'object', 'created', 'model', 'system_fingerprint'];

export class ChatDoorStream implements DoorStream {
  readonly #named: AnswerIdentity;
  /** The first event shown, as it came; read only when something must agree with it. */
  #firstData: string | null = null;
  #identity: JsonObject | null = null;

  constructor(named: AnswerIdentity) {
    this.#named = named;
  }

  pass(event: StreamEvent): void {
    this.#firstData ??= event.data;
  }

  /** Usage of one leg is not the answer's: it is told once, for all legs, at the end. */
  write(chunk: JsonObject): Uint8Array | null {
    const choices = chunk['choices'];
    if (!Array.isArray(choices) || choices.length === 0) return null;
    return event({ ...chunk, ...this.#identityFor(chunk), usage: undefined });
  }

  end(usage: Usage | null): Uint8Array {
    if (usage === null) return utf8Encode(DONE);
    const chunk = { ...this.#identityFor({}), choices: [], usage: writeUsage(usage) };
    return utf8Encode(`data: ${JSON.stringify(chunk)}\n\n${DONE}`);
  }

  error(form: ErrorForm): Uint8Array {
    return utf8Encode(`data: ${errorJson(form)}\n\n`);
  }

  #identityFor(chunk: JsonObject): JsonObject {
    if (this.#identity === null) {
      const { id, model, created } = this.#named;
      const own = { id, object: 'chat.completion.chunk', created, model };
      this.#identity = { ...own, ...identityOf(this.#firstData === null ? chunk : parse(this.#firstData)) };
    }
    return this.#identity;
  }
}

const event = (chunk: JsonObject): Uint8Array => utf8Encode(`data: ${JSON.stringify(chunk)}\n\n`);

function identityOf(first: JsonObject): JsonObject {
  const kept: JsonObject = {};
  for (const field of identityFields) if ((first[field] ?? null) !== null) kept[field] = first[field];
  return kept;
}

function parse(data: string): JsonObject {
  try {
    const value = JSON.parse(data) as JsonValue;
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

// History: the messages of a chat, rewritten for a far side that wants them otherwise: roles, names for reasoning, how a
// prefix is marked. Rewriting means serialising the whole list anew, so nothing is rewritten where nothing differs, and
// messages are never mutated.
import { prefixMessage } from '../dialects/openai/messages.ts';
import type { CanonicalRequest } from '../kernel/chat.ts';
import { isObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import { withPatch } from './parameters.ts';
import type { Prepared } from './provider.ts';

/** One message, or a changed copy. `isPrefix`: the answer is to continue this message. */
export type Rewrite = (message: JsonObject, isPrefix: boolean) => JsonObject;

/** The preparation with its messages rewritten, one rewrite after the other. */
export function withHistory(request: CanonicalRequest, prepared: Prepared, ...rewrites: readonly Rewrite[]): Prepared {
  const messages = request.body['messages'];
  if (request.surface !== 'chat' || !Array.isArray(messages)) return prepared;
  const prefix = prefixMessage(request.body);
  const rewritten = messages.map((message): JsonValue => {
    if (!isObject(message)) return message;
    return rewrites.reduce((current, rewrite) => rewrite(current, message === prefix), message);
  });
  const isChanged = rewritten.some((message, index) => message !== messages[index]);
  return isChanged ? withPatch(prepared, { messages: rewritten }) : prepared;
}

export function without(message: JsonObject, fields: readonly string[]): JsonObject {
  if (!fields.some((field) => Object.hasOwn(message, field))) return message;
  return Object.fromEntries(Object.entries(message).filter(([field]) => !fields.includes(field)));
}

/** OpenAI's newer word for the system role; far sides that check roles against a list do not know it. */
export const developerAsSystem: Rewrite = (message) =>
  message['role'] === 'developer' ? { ...message, role: 'system' } : message;

/** Conversations that move between far sides keep their thoughts, whatever the field was called before. */
export const reasoningAs =
  (name: 'reasoning' | 'reasoning_content'): Rewrite =>
  (message) => {
    if (message['role'] !== 'assistant') return message;
    const other = name === 'reasoning' ? 'reasoning_content' : 'reasoning';
    if (!Object.hasOwn(message, other)) return message;
    const thoughts = message[name] ?? message[other];
    const bare = without(message, [other]);
    return thoughts === undefined || thoughts === null ? bare : { ...bare, [name]: thoughts };
  };

/** The prefix marked as DeepSeek and Mistral mark it. */
export const flagged: Rewrite = (message, isPrefix) =>
  isPrefix && message['prefix'] !== true ? { ...message, prefix: true } : message;

/** The prefix without their mark. */
export const unflagged: Rewrite = (message) => without(message, ['prefix']);

/** vLLM's words for a prefix, which mean nothing where the message itself is flagged. */
export function withoutContinueWords(request: CanonicalRequest, prepared: Prepared): Prepared {
  const said = ['continue_final_message', 'add_generation_prompt'].filter((word) => Object.hasOwn(request.body, word));
  return withPatch(prepared, Object.fromEntries(said.map((word) => [word, undefined])));
}

/** No thoughts at all: for far sides that refuse a message field they do not know. */
export const withoutReasoning: Rewrite = (message) =>
  without(message, ['reasoning_content', 'reasoning', 'reasoning_details']);

/** Proofs of thoughts are for those who issued them. */
export const withoutProofs: Rewrite = (message) => without(message, ['reasoning_details']);

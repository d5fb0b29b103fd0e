// Thinking blocks ↔ what the canonical chat carries of them: text as `reasoning_content`, and each block with its signature
// in `reasoning_details`, so that a caller of another dialect can hand them back. A signature proves that Anthropic wrote
// the block; one is never made up, and a block without one is never sent there: the API refuses the whole request.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';

const FORMAT = 'anthropic-claude-v1';

/** A `thinking` or `redacted_thinking` block as a detail; null for any other block, and for one without proof. */
export function detailOf(block: JsonObject, index: number): JsonObject | null {
  const { type, signature, data } = block;
  if (type === 'thinking' && isProof(signature)) {
    return { type: 'reasoning.text', text: block['thinking'] ?? '', signature, format: FORMAT, index };
  }
  return type === 'redacted_thinking' && isProof(data)
    ? { type: 'reasoning.encrypted', data, format: FORMAT, index }
    : null;
}

/** The block a detail stands for, if Anthropic can have issued it. */
export function blockOf(detail: JsonValue): JsonObject | null {
  if (!isObject(detail)) return null;
  const { type, text, signature, data, format } = detail;
  const isOurs = typeof format === 'string' && format.startsWith('anthropic');
  if (type === 'reasoning.text' && isProof(signature) && (isOurs || (format ?? null) === null)) {
    return { type: 'thinking', thinking: typeof text === 'string' ? text : '', signature };
  }
  // Encrypted reasoning is everybody's: only what says that it is Anthropic's is taken for it.
  return type === 'reasoning.encrypted' && isProof(data) && isOurs ? { type: 'redacted_thinking', data } : null;
}

/** The fields of a canonical assistant message that its thinking blocks become. */
export function reasoningFields(blocks: readonly JsonObject[]): JsonObject {
  const thoughts = blocks.map((block) => (block['type'] === 'thinking' ? block['thinking'] : null));
  const text = thoughts.filter((thought) => typeof thought === 'string').join('\n');
  const details = blocks.map((block, index) => detailOf(block, index)).filter((detail) => detail !== null);
  return {
    ...(text === '' ? {} : { reasoning_content: text }),
    ...(details.length === 0 ? {} : { reasoning_details: details }),
  };
}

/**
 * The messages of a native request without thinking that carries no signature: answers of other far sides that went through
 * this gateway come back in a history. The same list when there is nothing to drop.
 */
export function signedHistory(messages: JsonValue[]): JsonValue[] {
  const kept = messages.map((message) => {
    const content = isObject(message) ? message['content'] : null;
    if (!isObject(message) || message['role'] !== 'assistant' || !Array.isArray(content)) return message;
    const blocks = content.filter((block) => !isUnsigned(block));
    return blocks.length === content.length ? message : { ...message, content: blocks };
  });
  if (kept.every((message, index) => message === messages[index])) return messages;
  return kept.filter((message) => !(isObject(message) && Array.isArray(message['content']) && !message['content'][0]));
}

function isUnsigned(block: JsonValue): boolean {
  return isObject(block) && block['type'] === 'thinking' && !isProof(block['signature']);
}

/** DeepSeek signs with the id of its message, a UUID; Claude with long base64. */
const MESSAGE_ID = /^(?:msg_|[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$)/i;

const isProof = (value: JsonValue | undefined): value is string =>
  typeof value === 'string' && value !== '' && !MESSAGE_ID.test(value);

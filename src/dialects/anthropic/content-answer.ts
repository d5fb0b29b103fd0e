// Content blocks of an answer as the canonical assistant message, and back.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import { blockOf, reasoningFields } from './reasoning.ts';
import { wordOf } from './values.ts';
import { chatToolCall, toolIds, toolUse } from './tool-calls.ts';

/** What server tools did stays out: the chat has no word for it, and their findings are in the text. */
export function chatMessage(content: JsonValue | undefined): JsonObject {
  const blocks = Array.isArray(content) ? content.filter((block) => isObject(block)) : [];
  const ofType = (...types: readonly string[]): JsonObject[] =>
    blocks.filter((block) => types.includes(wordOf(block['type'])));
  const text = ofType('text')
    .map((block) => wordOf(block['text']))
    .join('');
  const calls = ofType('tool_use').map(chatToolCall);
  return {
    role: 'assistant',
    content: text === '' ? null : text,
    ...reasoningFields(ofType('thinking', 'redacted_thinking')),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

export function messageContent(message: JsonObject): JsonObject[] {
  const { content, refusal, tool_calls: calls } = message;
  const text = [content, refusal].filter((said) => typeof said === 'string').join('');
  const ids = toolIds();
  const written = Array.isArray(calls) ? calls.map((call, place) => toolUse(call, place, ids)) : [];
  const uses = written.filter((block) => block !== null);
  return [...thinkingOf(message), ...(text === '' ? [] : [{ type: 'text', text }]), ...uses];
}

/** Signed blocks as they were; else the text, unsigned: callers show it, and it never goes back to Anthropic. */
function thinkingOf(message: JsonObject): JsonObject[] {
  const { reasoning_details: details, reasoning_content: thoughts } = message;
  const signed = Array.isArray(details) ? details.map(blockOf).filter((block) => block !== null) : [];
  const hasText = signed.some((block) => block['type'] === 'thinking');
  if (hasText || typeof thoughts !== 'string' || thoughts === '') return signed;
  return [{ type: 'thinking', thinking: thoughts, signature: '' }, ...signed];
}

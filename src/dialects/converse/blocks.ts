// Content blocks of a whole message ↔ what the canonical chat says of them. Claude's reasoning comes signed, and only Claude
// signs on Bedrock, so a signature is Anthropic's whatever service it came through.
import { isObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';
import { blockOf, detailOf } from '../anthropic/reasoning.ts';

/** What one block says; all others stay empty. */
export interface Said {
  readonly text: string;
  readonly reasoning: string;
  readonly toolUse: JsonObject | null;
}

export function readBlock(block: JsonObject): Said {
  const { text, toolUse } = block;
  return {
    text: typeof text === 'string' ? text : citedText(block['citationsContent']),
    reasoning: reasoningText(block['reasoningContent']),
    toolUse: isObject(toolUse) ? toolUse : null,
  };
}

/** Text with citations comes in a block of its own; the citations have no place in the chat. */
function citedText(value: JsonValue | undefined): string {
  const parts = isObject(value) ? value['content'] : null;
  if (!Array.isArray(parts)) return '';
  return parts.map((part) => (isObject(part) && typeof part['text'] === 'string' ? part['text'] : '')).join('');
}

function reasoningText(value: JsonValue | undefined): string {
  const inner = isObject(value) ? value['reasoningText'] : null;
  return isObject(inner) && typeof inner['text'] === 'string' ? inner['text'] : '';
}

/** A reasoning block that proves where it comes from, as an entry of `reasoning_details`; null for any other block. */
export function signedDetail(block: JsonObject, index: number): JsonObject | null {
  const reasoning = block['reasoningContent'];
  if (!isObject(reasoning)) return null;
  const { reasoningText: said, redactedContent: data } = reasoning;
  return isObject(said)
    ? detailOf({ type: 'thinking', thinking: said['text'], signature: said['signature'] }, index)
    : detailOf({ type: 'redacted_thinking', data }, index);
}

/** The block that an entry of `reasoning_details` stands for, if Claude can have written it. */
export function signedBlock(detail: JsonValue): JsonObject | null {
  const block = blockOf(detail);
  if (block === null) return null;
  return block['type'] === 'thinking'
    ? { reasoningContent: { reasoningText: { text: block['thinking'], signature: block['signature'] } } }
    : { reasoningContent: { redactedContent: block['data'] } };
}

/** A message's blocks as a canonical assistant message. */
export function chatMessage(blocks: readonly JsonObject[]): JsonObject {
  const said = blocks.map(readBlock);
  const text = said.map((each) => each.text).join('');
  const reasoning = said.map((each) => each.reasoning).filter((each) => each !== '');
  const details = blocks.map(signedDetail).filter((detail) => detail !== null);
  const calls = said.flatMap(({ toolUse }) => (toolUse === null ? [] : [chatToolCall(toolUse)]));
  return {
    role: 'assistant',
    content: text === '' ? null : text,
    ...(reasoning.length === 0 ? {} : { reasoning_content: reasoning.join('\n') }),
    ...(details.length === 0 ? {} : { reasoning_details: details }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

function chatToolCall({ toolUseId, name, input }: JsonObject): JsonObject {
  return { id: toolUseId, type: 'function', function: { name, arguments: JSON.stringify(input ?? {}) } };
}

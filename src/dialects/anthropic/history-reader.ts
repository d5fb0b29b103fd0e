// A Messages conversation as canonical chat messages. Anthropic's turns hold what the chat spreads over several messages:
// results of tools stand inside the user's turn, calls and thinking inside the assistant's. Order is kept; a last turn that
// is the assistant's is what the answer shall continue.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import { kindOf, partsOf, settledContent, unmarked } from './content-reader.ts';
import type { Refuse } from './content-reader.ts';
import { reasoningFields } from './reasoning.ts';
import { chatToolCall } from './tool-calls.ts';
import { type ToolResult, toolResult } from '../tool-result.ts';
import { wordOf } from './values.ts';

/**
 * Claude Code's line for Anthropic's books (llm-gateway-protocol): it differs with each request, and would spoil the prompt
 * cache of every other far side.
 */
const ATTRIBUTION = 'x-anthropic-billing-header:';

/** `keepsMarks`: for a far side that takes cache marks on parts and messages. */
export function chatMessages(body: JsonObject, refuse: Refuse, keepsMarks: boolean): JsonObject[] {
  const turns = Array.isArray(body['messages']) ? body['messages'] : [];
  const spoken = turns.flatMap((turn, index) =>
    isObject(turn) ? readTurn(turn, `messages[${index}].content`, refuse) : [],
  );
  const last = spoken.at(-1);
  const prefixed =
    last !== undefined && isBeginning(turns.at(-1)) ? [...spoken.slice(0, -1), { ...last, prefix: true }] : spoken;
  const system = partsOf(body['system'], 'system', refuse).filter((part) => !isAttribution(part));
  const messages = system.length === 0 ? prefixed : [{ role: 'system', content: settledContent(system) }, ...prefixed];
  return keepsMarks ? messages : messages.map(unmarked);
}

/**
 * A last turn that begins an answer: it is the assistant's and says text, thinking aside. One that holds what tools did is
 * a turn that paused, and is handed back to be gone on with.
 */
function isBeginning(turn: JsonValue | undefined): boolean {
  if (!isObject(turn) || turn['role'] !== 'assistant') return false;
  const { content } = turn;
  if (!Array.isArray(content)) return true;
  const types = content.map((block) => (isObject(block) ? wordOf(block['type']) : ''));
  return types.includes('text') && types.every((type) => type === 'text' || type.endsWith('thinking'));
}

function isAttribution(part: JsonObject): boolean {
  return typeof part['text'] === 'string' && part['text'].startsWith(ATTRIBUTION);
}

function readTurn(turn: JsonObject, path: string, refuse: Refuse): JsonObject[] {
  const { role, content } = turn;
  if (role === 'assistant') return [readAssistant(content, path, refuse)];
  if (role === 'system') return [{ role, content: settledContent(partsOf(content, path, refuse)) }];
  return readUser(content, path, refuse);
}

/** Results first: the chat wants them right behind the calls, and Anthropic first in the turn. */
function readUser(content: JsonValue | undefined, path: string, refuse: Refuse): JsonObject[] {
  const results: JsonObject[] = [];
  const parts: JsonObject[] = [];
  const said: JsonValue[] = [];
  if (!Array.isArray(content)) return [{ role: 'user', content: content ?? '' }];
  for (const [index, block] of content.entries()) {
    if (isObject(block) && block['type'] === 'tool_result') {
      const { message, attached } = readResult(block, `${path}[${index}]`, refuse);
      const mark = block['cache_control'];
      results.push(isObject(mark) ? { ...message, cache_control: mark } : message);
      parts.push(...attached);
    } else {
      // Kept in place, so that paths in complaints are the caller's.
      said[index] = block;
    }
  }
  parts.push(...partsOf(said, path, refuse));
  return parts.length === 0 && results.length > 0
    ? results
    : [...results, { role: 'user', content: settledContent(parts) }];
}

function readResult(block: JsonObject, path: string, refuse: Refuse): ToolResult {
  const id = wordOf(block['tool_use_id']);
  const parts = partsOf(block['content'], `${path}.content`, refuse);
  return toolResult(id, parts, block['is_error'] === true ? asError : undefined);
}

/** The chat has no flag for it; a model must not take a failure for a result. */
const asError = (text: string): string => (/^\W*error/i.test(text) ? text : `Error: ${text}`);

function readAssistant(content: JsonValue | undefined, path: string, refuse: Refuse): JsonObject {
  if (!Array.isArray(content)) return { role: 'assistant', content: content ?? '' };
  const thoughts: JsonObject[] = [];
  const calls: JsonObject[] = [];
  let text = '';
  for (const [index, block] of content.entries()) {
    if (!isObject(block)) continue;
    const type = block['type'];
    if (type === 'thinking' || type === 'redacted_thinking') thoughts.push(block);
    else if (type === 'tool_use') calls.push(chatToolCall(block));
    // One sentence may be cut into several blocks, for its citations.
    else if (type === 'text') text += wordOf(block['text']);
    else refuse(`${path}[${index}]`, `only Anthropic's API knows an assistant's \`${kindOf(block)}\` blocks`);
  }
  return {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    ...reasoningFields(thoughts),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

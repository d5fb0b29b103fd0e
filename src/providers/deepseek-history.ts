// DeepSeek's rule for the history of a conversation: in thinking mode, assistant turns with tool calls must carry their
// `reasoning_content` back, or the request is a 400 "must be passed back to the API" (chatboxai/chatbox#3692). Clients and
// other far sides lose the field, so it is filled in empty, as @ai-sdk/deepseek does.
import { isObject, type JsonObject } from '../kernel/json.ts';
import type { Rewrite } from './history.ts';

const calls = (message: JsonObject): boolean =>
  Array.isArray(message['tool_calls']) && message['tool_calls'].length > 0;

/**
 * Once a tool was called, every assistant turn gets the field: the docs ask for it on turns with calls, the SDK gives it to
 * all. Conversations without tools keep their bytes. A prefix without it is left alone: there the field is a thought to go
 * on from.
 */
export function reasoningFilledIn(body: JsonObject, thinking: boolean): Rewrite {
  const messages = body['messages'];
  const usesTools = Array.isArray(messages) && messages.some((message) => isObject(message) && calls(message));
  if (!thinking || !usesTools) return (message) => message;
  return (message, isPrefix) =>
    message['role'] !== 'assistant' || isPrefix || typeof message['reasoning_content'] === 'string'
      ? message
      : { ...message, reasoning_content: '' };
}

/**
 * Strict tools are checked under `/beta` only, and only when all of them are strict (@ai-sdk/deepseek). Of a mixed list,
 * `strict` stays a wish: sending it there would be a 400 for tools that work well enough without.
 */
export function areStrict(body: JsonObject): boolean {
  const tools = body['tools'];
  if (!Array.isArray(tools) || tools.length === 0) return false;
  return tools.every((tool) => isObject(tool) && isObject(tool['function']) && tool['function']['strict'] === true);
}

/** A Messages history in which some turn calls a tool and holds no thinking. */
export function callsUnthought(body: JsonObject): boolean {
  const messages = Array.isArray(body['messages']) ? body['messages'] : [];
  return messages.some((message) => {
    const content = isObject(message) && message['role'] === 'assistant' ? message['content'] : null;
    const types = Array.isArray(content) ? content.map((block) => (isObject(block) ? block['type'] : null)) : [];
    return types.includes('tool_use') && !types.includes('thinking');
  });
}

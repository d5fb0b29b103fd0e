// DeepSeek's rules for the history of a conversation. In thinking mode an assistant turn with tool calls must carry its
// `reasoning_content` back, or the whole request is a 400; clients and other providers lose the field, so it is back-filled.
// Source: DeepSeek's error "The `reasoning_content` in the thinking mode must be passed back to the API".
import { isObject, type JsonObject, type JsonValue } from '../kernel/json.ts';

/** The messages as DeepSeek wants them; null when they are so already. */
export function deepseekMessages(body: JsonObject, thinking: boolean): JsonValue[] | null {
  const { messages } = body;
  if (!Array.isArray(messages)) return null;
  const mended = messages.map((message) => (isObject(message) ? mend(message, thinking) : message));
  return mended.some((message, at) => message !== messages[at]) ? mended : null;
}

function mend(message: JsonObject, thinking: boolean): JsonObject {
  if (message['role'] === 'developer') return { ...message, role: 'system' };
  if (message['role'] !== 'assistant') return message;
  const { reasoning, ...rest } = message;
  // vLLM and Ollama call the field `reasoning`: a conversation that moves here keeps its thoughts.
  const renamed = typeof reasoning === 'string' && message['reasoning_content'] === undefined;
  if (renamed) return { ...rest, reasoning_content: reasoning };
  const calls = Array.isArray(message['tool_calls']) && message['tool_calls'].length > 0;
  return thinking && calls && typeof message['reasoning_content'] !== 'string'
    ? { ...message, reasoning_content: '' }
    : message;
}

export const hasPrefix = (body: JsonObject): boolean => {
  const last = Array.isArray(body['messages']) ? body['messages'].at(-1) : undefined;
  return isObject(last) && last['role'] === 'assistant' && last['prefix'] === true;
};

export const hasStrictTools = (body: JsonObject): boolean =>
  Array.isArray(body['tools']) &&
  body['tools'].some((tool) => isObject(tool) && isObject(tool['function']) && tool['function']['strict'] === true);

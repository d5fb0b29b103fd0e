// Stand-in: an answer that nobody was asked for, in the caller's dialect, streamed or whole: what the operator says instead
// of an answer in overload, or what was kept of an earlier one. It is written in the canonical form, as if a far side had.
import type { CanonicalRequest } from '../kernel/chat.ts';
import { isObject, type JsonObject } from '../kernel/json.ts';
import type { Usage } from '../kernel/usage.ts';

/** Nobody computed anything. */
export const NO_USAGE: Usage = {
  promptTokens: 0,
  completionTokens: 0,
  cachedTokens: null,
  reasoningTokens: null,
  source: 'estimated',
};

/** Null: a text is no answer to what was asked (vectors, JSON). */
export function textAnswer(request: CanonicalRequest, text: string): JsonObject | null {
  const { surface, choices, needs } = request;
  if (surface !== 'chat' && surface !== 'completions') return null;
  if (needs.includes('jsonObject') || needs.includes('jsonSchema')) return null;
  const said = surface === 'chat' ? { message: { role: 'assistant', content: text } } : { text };
  return {
    object: surface === 'chat' ? 'chat.completion' : 'text_completion',
    choices: Array.from({ length: choices }, (_, index) => ({ index, ...said, logprobs: null, finish_reason: 'stop' })),
    usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
  };
}

/** The same as a stream: what is said, then how it ended. */
export function chunksOf(answer: JsonObject): JsonObject[] {
  const choices = Array.isArray(answer['choices']) ? answer['choices'].filter(isObject) : [];
  const object = answer['object'] === 'text_completion' ? 'text_completion' : 'chat.completion.chunk';
  const said = choices.map(({ index = 0, message, text }) =>
    isObject(message)
      ? { index, delta: { ...message, ...numberedCalls(message) }, finish_reason: null }
      : { index, text: text ?? '', logprobs: null, finish_reason: null },
  );
  const ends = choices.map(({ index = 0, message, finish_reason: finish = 'stop' }) =>
    isObject(message)
      ? { index, delta: {}, finish_reason: finish }
      : { index, text: '', logprobs: null, finish_reason: finish },
  );
  return [said, ends].map((some) => ({ object, choices: some }));
}

/** In a stream a tool call says which one it is. */
function numberedCalls({ tool_calls: calls }: JsonObject): JsonObject {
  return Array.isArray(calls) ? { tool_calls: calls.filter(isObject).map((call, index) => ({ index, ...call })) } : {};
}

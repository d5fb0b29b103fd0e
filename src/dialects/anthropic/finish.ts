// Why an answer ended, in Anthropic's words and in the canonical chat's. The two lists do not pair off: what Anthropic tells
// apart and the chat does not (a stop sequence) travels in the choice's `stop_reason`, where vLLM puts it too.
import type { JsonValue } from '../../kernel/json.ts';

/** [stop_reason of messages.d.ts, finish_reason]. A paused turn has no word in the chat, and needs server tools to happen. */
const chatWords: ReadonlyMap<string, string> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool_calls'],
  ['refusal', 'content_filter'],
  ['pause_turn', 'stop'],
]);

const messageWords: ReadonlyMap<string, string> = new Map([
  ['stop', 'end_turn'],
  ['length', 'max_tokens'],
  ['tool_calls', 'tool_use'],
  ['function_call', 'tool_use'],
  ['content_filter', 'refusal'],
]);

/** Null while the answer has not ended. Words that are new there pass as they are. */
export function finishReason(stopReason: JsonValue | undefined): string | null {
  if (typeof stopReason !== 'string' || stopReason === '') return null;
  return chatWords.get(stopReason) ?? stopReason;
}

export interface Stop {
  readonly reason: string;
  readonly sequence: string | null;
}

/**
 * `sequence`: what the far side says it stopped at. `called`: the answer holds tool calls; some engines end such an answer
 * with `stop`, and callers who look for `tool_use` would not run them. `refused`: it holds a refusal; the chat tells it in a
 * field of its own, and ends with `stop`.
 */
export function stopOf(
  finish: string | null,
  sequence: JsonValue | undefined,
  { called, refused }: { readonly called: boolean; readonly refused: boolean },
): Stop {
  const reason = messageWords.get(finish ?? 'stop') ?? 'end_turn';
  if (reason !== 'end_turn') return { reason, sequence: null };
  if (called) return { reason: 'tool_use', sequence: null };
  if (refused) return { reason: 'refusal', sequence: null };
  if (typeof sequence !== 'string') return { reason, sequence: null };
  // Converse tells that one was met, and not which.
  return { reason: 'stop_sequence', sequence: sequence === '' ? null : sequence };
}

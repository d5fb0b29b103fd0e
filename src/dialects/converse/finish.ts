// Why an answer ended, in the canonical chat's words. Two of Converse's reasons are no end but a failure: what the model wrote
// could not be read, and it was billed; the caller is told of a fault, or never learns of it if another target can be asked.
import { type Fault, fault } from '../../kernel/fault.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';

/** [StopReason of client-bedrock-runtime, finish_reason]. */
const chatWords: ReadonlyMap<string, string> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['tool_use', 'tool_calls'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['content_filtered', 'content_filter'],
  ['guardrail_intervened', 'content_filter'],
]);

/** Null: not ended. Words that are new there pass as they are. */
export function finishReason(stopReason: JsonValue | undefined): string | null {
  if (typeof stopReason !== 'string' || stopReason === '') return null;
  return chatWords.get(stopReason) ?? stopReason;
}

/** A stop sequence was met; which one is not said. The choice's `stop_reason` is where the canonical chat has it. */
export const matchedIn = (stopReason: JsonValue | undefined): JsonObject =>
  stopReason === 'stop_sequence' ? { stop_reason: '' } : {};

export function faultOfStop(stopReason: JsonValue | undefined): Fault | null {
  if (stopReason !== 'malformed_model_output' && stopReason !== 'malformed_tool_use') return null;
  return fault('inBand', `The upstream could not read what its model wrote (stopReason ${stopReason}).`, {
    code: stopReason,
  });
}

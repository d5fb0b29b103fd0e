// Whether and how much Claude shall think about a canonical request. Older models are given a budget, newer ones an effort;
// the API refuses thinking where it cannot be had (a forced tool, a continued answer), so it is not asked for there.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { Refuse } from './content-reader.ts';
import { budgetOf, messageEffort, THINKING_TOKENS_MIN, wishOf, wordOfBudget } from './effort.ts';
import type { Wish } from './effort.ts';
import type { Turn } from './history-writer.ts';
import type { AnthropicManner } from './request-writer.ts';
import { count } from './usage.ts';

/** After tools: a forced one is read from `body`. */
export function writeThinking(
  chat: JsonObject,
  body: JsonObject,
  turns: readonly Turn[],
  manner: AnthropicManner,
  refuse: Refuse,
): void {
  const wish = wishOf(chat);
  if (wish.on === null) return;
  if (!wish.on) {
    if (manner.thinking === 'adaptive') body['thinking'] = { type: 'disabled' };
    return;
  }
  if (manner.thinking === 'none') return refuse(wish.param, 'this model does not think');
  if (isForced(body)) return refuse(wish.param, 'Claude cannot think when it must call a tool');
  // The answer that is continued was thought about before.
  if (turns.at(-1)?.role === 'assistant') return;
  if (manner.thinking === 'adaptive') return writeAdaptive(wish, body);
  if (!isResumable(turns)) return;
  const tokens = budgetOf(wish, count(body['max_tokens']) ?? 0);
  if (tokens !== null) body['thinking'] = { type: 'enabled', budget_tokens: tokens };
  else
    refuse(
      wish.param,
      `Claude thinks with ${THINKING_TOKENS_MIN} tokens at least, which \`max_tokens\` leaves no room for`,
    );
}

function writeAdaptive(wish: Wish, body: JsonObject): void {
  const effort = wish.effort ?? (wish.budget === null ? null : wordOfBudget(wish.budget));
  body['thinking'] = { type: 'adaptive' };
  if (effort === null) return;
  const config = body['output_config'];
  body['output_config'] = { ...(isObject(config) ? config : {}), effort: messageEffort(effort) };
}

function isForced(body: JsonObject): boolean {
  const choice = body['tool_choice'];
  return isObject(choice) && (choice['type'] === 'any' || choice['type'] === 'tool');
}

/**
 * With a budget, a turn that goes on after tool results must begin with its signed thinking ("expected `thinking`, found
 * `tool_use`"). Chat callers mostly do not have it: such a step is taken without thinking rather than not at all.
 */
function isResumable(turns: readonly Turn[]): boolean {
  const answered = turns.at(-1)?.content[0]?.['type'] === 'tool_result';
  const first = turns.findLast((turn) => turn.role === 'assistant')?.content[0]?.['type'];
  return !answered || first === 'thinking' || first === 'redacted_thinking';
}

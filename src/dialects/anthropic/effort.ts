// How much a model shall think: Anthropic says it as a budget of tokens, or leaves it to the model and says an effort; the
// canonical chat says a word. The scale is ours, in the middle of what other gateways use; reading what was written gives
// the same word for low, medium and high.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import type { Refuse } from './content-reader.ts';
import { count } from './usage.ts';
import { wordOf } from './values.ts';

/** The API's own minimum. */
export const THINKING_TOKENS_MIN = 1_024;

/** For Claude wherever it is served, so that the same word is the same thinking. */
const budgets: ReadonlyMap<string, number> = new Map([
  ['minimal', THINKING_TOKENS_MIN],
  ['low', 2_048],
  ['medium', 8_192],
  ['high', 24_576],
  ['xhigh', 49_152],
  ['max', 49_152],
]);

export const tokensOfEffort = (effort: string): number => budgets.get(effort) ?? 8_192;

/** A budget's word stops at `high`: few far sides know more, and Claude Code asks for 31,999 as its everyday maximum. */
export function wordOfBudget(tokens: number): string {
  if (tokens < 4_096) return 'low';
  return tokens < 16_384 ? 'medium' : 'high';
}

/** `reasoning_effort` of a Messages request; null when it leaves that to the model. */
export function chatEffort(body: JsonObject, refuse: Refuse): string | null {
  const thinking = isObject(body['thinking']) ? body['thinking'] : {};
  const config = body['output_config'];
  const effort = isObject(config) && typeof config['effort'] === 'string' ? config['effort'] : null;
  switch (wordOf(thinking['type'])) {
    case 'disabled':
      return 'none';
    case 'enabled':
      return effort ?? wordOfBudget(count(thinking['budget_tokens']) ?? 0);
    case '':
    case 'adaptive':
      return effort;
    default:
      refuse('thinking', "only Anthropic's API knows this way of thinking");
      return effort;
  }
}

export interface Wish {
  /** Null: nothing was asked for. */
  readonly on: boolean | null;
  /** The word, if one was said. */
  readonly effort: string | null;
  /** The budget, if one was said. */
  readonly budget: number | null;
  /** The parameter it was said in. */
  readonly param: string;
}

/** What a canonical request wishes: `thinking` (DeepSeek's switch, or Anthropic's own form) is more exact than the effort. */
export function wishOf(body: JsonObject): Wish {
  const { thinking, reasoning_effort: word } = body;
  const effort = typeof word === 'string' ? word : null;
  if (isObject(thinking) && typeof thinking['type'] === 'string') {
    const on = thinking['type'] !== 'disabled';
    return {
      on,
      effort: effort === 'none' ? null : effort,
      budget: count(thinking['budget_tokens']),
      param: 'thinking',
    };
  }
  if (effort === null) return { on: null, effort, budget: null, param: 'reasoning_effort' };
  return { on: effort !== 'none', effort: effort === 'none' ? null : effort, budget: null, param: 'reasoning_effort' };
}

/** Tokens to think with, below `answerTokensMax` with some left to answer; null when it leaves too few. */
export function budgetOf(wish: Wish, answerTokensMax: number): number | null {
  const wanted = wish.budget ?? tokensOfEffort(wish.effort ?? 'medium');
  const tokens = Math.min(Math.max(wanted, THINKING_TOKENS_MIN), Math.floor(answerTokensMax * 0.8));
  return tokens < THINKING_TOKENS_MIN ? null : tokens;
}

/** Anthropic's words for an effort (low to max); unknown ones pass, whoever is asked says what is wrong with them. */
export function messageEffort(effort: JsonValue): JsonValue {
  return effort === 'minimal' ? 'low' : effort;
}

// How hard to think, in each model family's own words. With Claude, thinking goes along with little else: no answer to go on
// with, no forced tool, no temperature, and a turn that called tools must hold the thinking that led there. Where the history
// forbids it the model answers without thinking; where the caller's own parameters do, they are named,
// and sampling gives way.
import { isObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';
import { THINKING_TOKENS_MIN, tokensOfEffort } from '../anthropic/effort.ts';
import type { ConverseManner, EffortManner } from './manner.ts';
import type { Conversation } from './messages-writer.ts';
import type { Lack } from './request-writer.ts';

/** Claude's answer without `maxTokens` on Converse may be shorter than a budget: then the budget is the smallest. */
const ANSWER_TOKENS_DEFAULT = 4_096;

interface Wish {
  /** Null: not to think. */
  readonly effort: string | null;
  readonly budgetTokens: number | null;
  /** The caller's parameter that says so. */
  readonly param: string;
}

export interface Reasoning {
  /** For `additionalModelRequestFields`. */
  readonly fields: JsonObject;
  /** The caller's parameters that give way to it, and are named as unsupported. */
  readonly displaced: readonly string[];
  /** Sampling parameters that give way to it without harm. */
  readonly dropped: readonly string[];
}
const asItIs: Reasoning = { fields: {}, displaced: [], dropped: [] };

export function writeReasoning(
  body: JsonObject,
  conversation: Conversation,
  model: string,
  manner: ConverseManner,
  lacks: Lack[],
): Reasoning {
  const wish = wishOf(body);
  if (wish === null) return asItIs;
  if (manner.effort === null) {
    // What cannot think does not.
    if (wish.effort !== null) lacks.push({ param: wish.param, why: `${model} cannot be told how hard to think` });
    return asItIs;
  }
  if (manner.effort === 'budget' || manner.effort === 'adaptive') {
    return claudeThinking(manner.effort, wish, body, conversation, lacks);
  }
  return { fields: fieldsFor(manner.effort, wish, model, lacks), displaced: [], dropped: [] };
}

/** The canonical `reasoning_effort`, else `thinking` as DeepSeek's and Anthropic's callers write it. */
function wishOf(body: JsonObject): Wish | null {
  const { reasoning_effort: effort, thinking } = body;
  const isBudgeted = isObject(thinking) && typeof thinking['budget_tokens'] === 'number';
  const budgetTokens = isBudgeted ? (thinking['budget_tokens'] as number) : null;
  if (typeof effort === 'string') {
    return { effort: effort === 'none' ? null : effort, budgetTokens, param: 'reasoning_effort' };
  }
  if (!isObject(thinking)) return null;
  return { effort: thinking['type'] === 'disabled' ? null : 'medium', budgetTokens, param: 'thinking' };
}

function fieldsFor(
  style: Exclude<EffortManner, 'budget' | 'adaptive'>,
  wish: Wish,
  model: string,
  lacks: Lack[],
): JsonObject {
  const { effort } = wish;
  if (style === 'config') {
    if (effort === null) return { reasoningConfig: { type: 'disabled' } };
    return { reasoningConfig: { type: 'enabled', maxReasoningEffort: atMostHigh(effort) } };
  }
  if (style === 'nested') return { reasoning: { effort: effort ?? 'none' } };
  if (effort !== null) return { reasoning_effort: atMostHigh(effort) };
  lacks.push({ param: wish.param, why: `${model} always thinks` });
  return {};
}

/** Families with three levels. */
function atMostHigh(effort: string): string {
  if (effort === 'minimal') return 'low';
  return effort === 'low' || effort === 'medium' ? effort : 'high';
}

function claudeThinking(
  style: 'budget' | 'adaptive',
  wish: Wish,
  body: JsonObject,
  conversation: Conversation,
  lacks: Lack[],
): Reasoning {
  const { effort, param } = wish;
  if (effort === null || conversation.endsWithAssistant) return asItIs;
  const thinking = style === 'adaptive' ? { type: 'adaptive' } : enabled(wish, effort, body);
  if (thinking === null) {
    lacks.push({
      param,
      why: `thinking takes at least ${THINKING_TOKENS_MIN} tokens, and the answer may have no more`,
    });
    return asItIs;
  }
  if (style === 'budget' && conversation.callsUnthought) return asItIs;
  const displaced = isForced(body['tool_choice']) ? ['tool_choice'] : [];
  const dropped = samplingOf(body);
  lacks.push(...displaced.map((conflict) => ({ param: conflict, why: 'Claude does not take it while it thinks' })));
  if (style === 'budget') return { fields: { thinking }, displaced, dropped };
  return { fields: { thinking, output_config: { effort: effort === 'minimal' ? 'low' : effort } }, displaced, dropped };
}

/** The answer's limit holds for thinking and text together; null: too small for both. */
function enabled({ budgetTokens }: Wish, effort: string, body: JsonObject): JsonObject | null {
  const answerTokens = answerTokensMax(body['max_tokens'], body['max_completion_tokens']) ?? ANSWER_TOKENS_DEFAULT;
  if (answerTokens <= THINKING_TOKENS_MIN) return null;
  // A budget is the caller's word; of an effort's, half of the limit is left for the text.
  const wanted = budgetTokens ?? Math.min(tokensOfEffort(effort), Math.floor(answerTokens / 2));
  return { type: 'enabled', budget_tokens: Math.max(THINKING_TOKENS_MIN, Math.min(wanted, answerTokens - 1)) };
}

/** What would steer the words of a Claude that thinks: it does not take it then. */
function samplingOf({ temperature, top_k: topK, top_p: topP }: JsonObject): string[] {
  return [
    ...(typeof temperature === 'number' && temperature !== 1 ? ['temperature'] : []),
    ...(typeof topP === 'number' && topP < 0.95 ? ['top_p'] : []),
    ...((topK ?? null) === null ? [] : ['top_k']),
  ];
}

const isForced = (choice: JsonValue | undefined): boolean =>
  choice === 'required' || choice === 'any' || isObject(choice);

function answerTokensMax(...limits: readonly (JsonValue | undefined)[]): number | null {
  const known = limits.filter((limit) => typeof limit === 'number');
  return known.length === 0 ? null : Math.min(...known);
}

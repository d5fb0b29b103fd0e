// Manner: what differs between the models behind Converse, as data. One API, but how hard to think, which schemas are kept to
// and what an id may look like is each family's own; `mannerOf` knows it by the model's id. What is not known is not promised.

export type EffortManner =
  /** `reasoning_effort` (gpt-oss). */
  | 'flat'
  /** `reasoning.effort` (GPT-5 and later). */
  | 'nested'
  /** `thinking.budget_tokens` (Claude 3.7 to 4.5). */
  | 'budget'
  /** `thinking` adaptive, with `output_config.effort` (Claude 4.6 and later). */
  | 'adaptive'
  /** `reasoningConfig.maxReasoningEffort` (Nova 2). */
  | 'config';

export interface ConverseManner {
  /** How the model is told how hard to think; null: it cannot be told. */
  readonly effort: EffortManner | null;
  /** Takes its own signed reasoning back with a history, and can be kept to one tool call at a time: Claude. */
  readonly isClaude: boolean;
  /** Takes a mark behind what shall be cached. */
  readonly cachePoints: boolean;
  /** Wants ids of tool calls of exactly nine letters and digits (Mistral). */
  readonly shortToolIds: boolean;
  readonly jsonSchema: boolean;
  readonly strictTools: boolean;
  /** Request fields that only this family has, sent under their own name. */
  readonly modelFields: readonly string[];
  /** Takes `temperature` and `top_p` (and `top_k` where it is one of `modelFields`). */
  readonly sampling: boolean;
}

export const plainManner: ConverseManner = {
  effort: null,
  isClaude: false,
  cachePoints: false,
  shortToolIds: false,
  jsonSchema: false,
  strictTools: false,
  modelFields: [],
  sampling: true,
};

/** Of AWS's list for structured output (February 2026): open-weight models by these makers. */
const SCHEMA_MAKERS = /(?:^|[./])(?:qwen|deepseek\.v3|openai\.gpt-oss|mistral|google\.gemma|nvidia|minimax|moonshot)/;

/** `model` is an id, an inference profile's id (`us.…`) or an ARN that ends in one. */
export function mannerOf(model: string): ConverseManner {
  const claude = claudeVersion(model);
  if (claude !== null) return claudeManner(claude);
  const schemas = SCHEMA_MAKERS.test(model);
  const common = { ...plainManner, jsonSchema: schemas, strictTools: schemas };
  if (model.includes('openai.gpt-oss')) return { ...common, effort: 'flat' };
  if (model.includes('openai.gpt-')) return { ...common, effort: 'nested' };
  if (model.includes('amazon.nova-2')) return { ...common, effort: 'config', cachePoints: true };
  if (model.includes('amazon.nova')) return { ...common, cachePoints: true };
  return model.includes('mistral.') ? { ...common, shortToolIds: true } : common;
}

/** 4.6 as 406. `claude-3-7-sonnet-…`, `claude-sonnet-4-20250514-…`, `claude-opus-4-6-v1`. Null: no Claude. */
function claudeVersion(model: string): number | null {
  const found = /anthropic\.claude-(?:[a-z]+-)?v?(\d+)(?:[-.](\d{1,2}))?(?!\d)/.exec(model);
  if (found === null) return model.includes('anthropic.claude') ? 0 : null;
  return Number(found[1]) * 100 + Number(found[2] ?? 0);
}

function claudeManner(version: number): ConverseManner {
  // Bedrock's own copy of the schema refuses `strict` for 4.7 and later (@ai-sdk/amazon-bedrock).
  const isChecked = version >= 405 && version < 407;
  return {
    effort: version >= 406 ? 'adaptive' : version >= 307 ? 'budget' : null,
    isClaude: true,
    cachePoints: version >= 305,
    shortToolIds: false,
    jsonSchema: isChecked,
    strictTools: isChecked,
    modelFields: version >= 407 ? [] : ['top_k'],
    sampling: version < 407,
  };
}

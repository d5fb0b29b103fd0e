// Speller: the chunks of a later leg of an answer as if the first leg had gone on: no second role, no reasoning that was shown
// before, and the text only as far as the seam lets it pass.
import { isObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';

/** Where a later leg of an answer joins what was shown: what may pass of its text. */
export interface Join {
  pass(text: string): string;
  end(): string;
}

export interface Spelled {
  /** Null: nothing of it is for the client. */
  readonly chunk: JsonObject | null;
  /** The text that the client will read. */
  readonly text: string;
}
export type Speller = (chunk: JsonObject) => Spelled;

const nothing: Spelled = { chunk: null, text: '' };

/** For canonical chunks. `join` null: everything passes. */
export function speller(join: Join | null, keepsReasoning: boolean): Speller {
  return (chunk) => {
    const choice = Array.isArray(chunk['choices']) ? chunk['choices'][0] : undefined;
    if (!isObject(choice)) return nothing;
    const said = isObject(choice['delta']) ? choice['delta'] : {};
    const finish = choice['finish_reason'] ?? null;
    const content = typeof said['content'] === 'string' ? said['content'] : '';
    const text = (join?.pass(content) ?? content) + (finish === null ? '' : (join?.end() ?? ''));
    const delta: JsonObject = text === '' ? {} : { content: text };
    for (const [field, value] of Object.entries(said)) if (passes(field, value, keepsReasoning)) delta[field] = value;
    if (Object.keys(delta).length === 0 && finish === null) return nothing;
    return { chunk: { ...chunk, choices: [{ index: 0, delta, finish_reason: finish }] }, text };
  };
}

const reasoningFields = new Set(['reasoning_content', 'reasoning_details']);

function passes(field: string, value: JsonValue | undefined, keepsReasoning: boolean): boolean {
  if (field === 'role' || field === 'content' || value === null) return false;
  return keepsReasoning || !reasoningFields.has(field);
}

// Speller: writes the events of a later leg of an answer as if the first leg had gone on: same id, model and creation time,
// no second role, no reasoning that was shown before, and the text only as far as the seam lets it pass.
import { isObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';
import { utf8Encode } from '../../kernel/web.ts';
import type { Join, Spelled, Speller } from '../dialect.ts';

const nothing: Spelled = { bytes: null, text: '' };

/** `firstData`: the first leg's first event. `join` null: everything passes. */
export function speller(firstData: string | null, join: Join | null, keepsReasoning: boolean): Speller {
  const identity = identityOf(firstData);
  return (data) => {
    const event = parse(data);
    const choice = Array.isArray(event?.['choices']) ? event['choices'][0] : undefined;
    if (!isObject(event) || !isObject(choice)) return nothing;
    const said = isObject(choice['delta']) ? choice['delta'] : {};
    const finish = choice['finish_reason'] ?? null;
    const content = textOf(said['content']);
    const text = (join?.pass(content) ?? content) + (finish === null ? '' : (join?.end() ?? ''));
    const delta: JsonObject = text === '' ? {} : { content: text };
    for (const [field, value] of Object.entries(said)) if (passes(field, value, keepsReasoning)) delta[field] = value;
    if (Object.keys(delta).length === 0 && finish === null) return nothing;
    const chunk = { ...event, ...identity, choices: [{ index: 0, delta, finish_reason: finish }] };
    // Usage of one leg is not the answer's: it is told once, for all legs, in an event of its own.
    if ('usage' in chunk) chunk['usage'] = null;
    return { bytes: utf8Encode(`data: ${JSON.stringify(chunk)}\n\n`), text };
  };
}

/** Text, or (Mistral) the text parts of a list; its thinking parts were thought before. */
function textOf(content: JsonValue | undefined): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isObject(part) && typeof part['text'] === 'string' ? part['text'] : '')).join('');
}

const reasoningFields = new Set(['reasoning_content', 'reasoning', 'reasoning_details']);

function passes(field: string, value: JsonValue | undefined, keepsReasoning: boolean): boolean {
  if (field === 'role' || field === 'content' || value === null) return false;
  return keepsReasoning || !reasoningFields.has(field);
}

function identityOf(firstData: string | null): JsonObject {
  const first = firstData === null ? null : parse(firstData);
  const kept: JsonObject = {};
  for (const field of ['id', 'created', 'model', 'system_fingerprint']) {
    if (first?.[field] !== undefined) kept[field] = first[field];
  }
  return kept;
}

function parse(data: string): JsonObject | null {
  try {
    const value = JSON.parse(data) as JsonValue;
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

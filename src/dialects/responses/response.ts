// The Response object: the frame around an answer's output, in a stream's first and last events and as the whole answer.
// Callers' SDKs expect it to repeat what was asked for. It always says that nothing is stored.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import type { AnswerIdentity } from '../dialect.ts';

/** What the object says of the request, where the request says nothing (openai@7.57 Response, its documented defaults). */
const unasked: JsonObject = {
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  metadata: {},
  parallel_tool_calls: true,
  prompt_cache_key: null,
  reasoning: { effort: null, summary: null },
  safety_identifier: null,
  service_tier: 'default',
  temperature: 1,
  text: { format: { type: 'text' } },
  tool_choice: 'auto',
  tools: [],
  top_logprobs: 0,
  top_p: 1,
  truncation: 'disabled',
  user: null,
};

/** An answer that has begun. `said`: a canonical chunk or answer, which may name the model and the time. */
export function frameOf({ id, model, created, request }: AnswerIdentity, said: JsonObject): JsonObject {
  const asked = request.native?.dialect === 'responses' ? request.native.body : {};
  const repeated = Object.entries(unasked).map(([field, value]) => [field, asked[field] ?? value]);
  return {
    id: `resp_${id}`,
    object: 'response',
    created_at: typeof said['created'] === 'number' ? said['created'] : created,
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null,
    ...(Object.fromEntries(repeated) as JsonObject),
    model: typeof said['model'] === 'string' && said['model'] !== '' ? said['model'] : model,
    ...(typeof said['service_tier'] === 'string' ? { service_tier: said['service_tier'] } : {}),
    output: [],
    previous_response_id: null,
    store: false,
    usage: null,
  };
}

/** Callers who asked for it get reasoning's proof, to hand it back. */
export function wantsProof({ request }: AnswerIdentity): boolean {
  const include = request.native?.body['include'];
  return Array.isArray(include) && include.includes('reasoning.encrypted_content');
}

export interface Ending {
  readonly status: 'completed' | 'incomplete';
  readonly reason: string | null;
}

/** How an answer ended, from its canonical finish reason. */
export function endingOf(finish: JsonValue | undefined): Ending {
  if (finish === 'length') return { status: 'incomplete', reason: 'max_output_tokens' };
  return finish === 'content_filter'
    ? { status: 'incomplete', reason: 'content_filter' }
    : { status: 'completed', reason: null };
}

export function ended(
  frame: JsonObject,
  ending: Ending,
  output: readonly JsonObject[],
  usage: JsonObject | null,
): JsonObject {
  const { status, reason } = ending;
  return { ...frame, status, incomplete_details: reason === null ? null : { reason }, output: [...output], usage };
}

/** The other way: the canonical finish reason of a Response object; null while it has not ended. */
export function finishReason({ status, incomplete_details: details, output }: JsonObject): string | null {
  if (status === 'incomplete') {
    const reason = isObject(details) ? details['reason'] : undefined;
    return reason === 'content_filter' ? 'content_filter' : 'length';
  }
  // Far sides that leave the status out send what is whole.
  if (status !== 'completed' && status !== undefined) return null;
  return Array.isArray(output) && output.some((item) => isObject(item) && callTypes.has(item['type'] ?? null))
    ? 'tool_calls'
    : 'stop';
}

/** Calls that the caller is to run; those of hosted tools have been run already. */
export const callTypes: ReadonlySet<JsonValue> = new Set(['function_call', 'custom_tool_call']);

// Parameters: what becomes of a request's top-level fields on their way to a far side, as a table. It exists so that no
// provider loses a parameter silently: a field without a rule goes through as it is; with one it is renamed, mapped, listed
// as unsupported, or (only if it cannot change the answer) left out.
import type { JsonPatch } from '../dialects/json-patch.ts';
import { openaiFar } from '../dialects/openai/dialect.ts';
import { gatewayFields } from '../dialects/openai/request.ts';
import type { CanonicalRequest } from '../kernel/chat.ts';
import { isObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import type { Surface } from '../kernel/lane.ts';
import type { Prepared, Unsupported } from './provider.ts';

export type ParameterRule =
  /** Same meaning under another name; a value under the new name wins, or the smaller one where both are limits. */
  | { readonly kind: 'rename'; readonly to: string; readonly isLimit: boolean }
  /** A value of its own for the far side; undefined removes the field because the new body says it in another way. */
  | { readonly kind: 'map'; readonly map: (value: JsonValue) => JsonValue | undefined }
  /** The field is known there, but not these values of it. */
  | { readonly kind: 'refuse'; readonly why: string; readonly when: (value: JsonValue, body: JsonObject) => boolean }
  /** The field is not known there. Values that say what its absence says are left out, all others cannot be had. */
  | { readonly kind: 'lack'; readonly why: string; readonly harmless: readonly JsonValue[] }
  /** Left out: one of `hints`, and not known there. */
  | { readonly kind: 'drop' }
  /** Left out, and told: these values cannot be had, and an answer without them is one. */
  | { readonly kind: 'waive'; readonly when: (value: JsonValue) => boolean };

export type ParameterRules = Readonly<Record<string, ParameterRule>>;

export const rename = (to: string): ParameterRule => ({ kind: 'rename', to, isLimit: false });
/** Config defaults may set one name and the caller the other: whoever asked for less is obeyed. */
export const renameLimit = (to: string): ParameterRule => ({ kind: 'rename', to, isLimit: true });
export const map = (mapping: (value: JsonValue) => JsonValue | undefined): ParameterRule => ({
  kind: 'map',
  map: mapping,
});
export const refuse = (why: string, when: (value: JsonValue, body: JsonObject) => boolean): ParameterRule => ({
  kind: 'refuse',
  why,
  when,
});
export const lack = (why: string, ...harmless: readonly JsonValue[]): ParameterRule => ({
  kind: 'lack',
  why,
  harmless,
});
export const drop: ParameterRule = { kind: 'drop' };
export const waive = (when: (value: JsonValue) => boolean): ParameterRule => ({ kind: 'waive', when });

/** Parameters that steer bookkeeping, never what the answer says: the only ones that may be left out without a word. */
export const hints: readonly string[] = [
  'user',
  'metadata',
  'store',
  'service_tier',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
];

/** What only OpenAI's own API has (openai@7.57 chat completions); `who` begins the sentence the caller reads. */
export const openaiOnly = (who: string): ParameterRules => ({
  functions: lack(`${who} takes \`tools\` instead`, []),
  function_call: lack(`${who} takes \`tool_choice\` instead`),
  modalities: lack(`${who} answers in text only`, ['text']),
  audio: lack(`${who} answers in text only`),
  web_search_options: lack(`${who} has no such search`),
  verbosity: lack(`${who} has no verbosity`, 'medium'),
});

export const isLongerThan =
  (max: number) =>
  (value: JsonValue): boolean =>
    Array.isArray(value) && value.length > max;
/** A tool must be called: `required` (Mistral says `any`), or one by name. */
export const isForced = (value: JsonValue): boolean => value === 'required' || value === 'any' || isObject(value);

const paths: Readonly<Record<Surface, string>> = {
  chat: '/chat/completions',
  completions: '/completions',
  embeddings: '/embeddings',
  // Nobody of this format counts.
  countTokens: '/chat/completions',
};

export interface Preparation {
  readonly rules?: ParameterRules;
  /** False: the far side refuses `stream_options` and reports usage by itself. */
  readonly asksForUsage?: boolean;
}

/** The usual preparation: our own fields out, the model's own id in, rules applied, usage asked for in streams. */
export function prepareBody(request: CanonicalRequest, model: string, preparation: Preparation = {}): Prepared {
  const { body } = request;
  const patch: Record<string, JsonValue | undefined> = { model };
  const unsupported: Unsupported[] = [];
  const dropped: string[] = [];
  for (const field of gatewayFields) if (Object.hasOwn(body, field)) patch[field] = undefined;
  for (const [param, rule] of Object.entries(preparation.rules ?? {})) {
    const value = Object.hasOwn(body, param) ? body[param] : undefined;
    if (value === undefined) continue;
    if (rule.kind === 'waive' && value !== null) {
      if (!rule.when(value)) continue;
      dropped.push(param);
    }
    const why = applyRule(rule, param, value, body, patch);
    if (why !== null) unsupported.push({ param, why });
  }
  if (preparation.asksForUsage === false) {
    if (Object.hasOwn(body, 'stream_options')) patch['stream_options'] = undefined;
  } else if (request.stream) askForUsage(body, patch);
  return {
    dialect: openaiFar,
    path: paths[request.surface],
    fromOrigin: false,
    body: 'canonical',
    patch,
    headers: [],
    unsupported,
    ...(dropped.length === 0 ? {} : { dropped }),
  };
}

/** Answers why the value cannot be had; null when it was dealt with. */
function applyRule(
  rule: ParameterRule,
  param: string,
  value: JsonValue,
  body: JsonObject,
  patch: Record<string, JsonValue | undefined>,
): string | null {
  // Null means "not said" in OpenAI's requests; a field that is not known far away may not even be null.
  if (value === null) {
    if (rule.kind !== 'map' && rule.kind !== 'refuse') patch[param] = undefined;
    return null;
  }
  if (rule.kind === 'refuse') return rule.when(value, body) ? rule.why : null;
  if (rule.kind === 'lack' && !rule.harmless.some((harmless) => isSame(harmless, value))) return rule.why;
  patch[param] = rule.kind === 'map' ? rule.map(value) : undefined;
  if (rule.kind === 'rename') patch[rule.to] = renamed(value, body[rule.to] ?? null, rule.isLimit);
  return null;
}

function renamed(value: JsonValue, own: JsonValue, isLimit: boolean): JsonValue {
  if (own === null) return value;
  return isLimit && typeof value === 'number' && typeof own === 'number' ? Math.min(value, own) : own;
}

/** Harmless values are scalars and short lists. */
const isSame = (left: JsonValue, right: JsonValue): boolean => JSON.stringify(left) === JSON.stringify(right);

/** The caller's other stream options stay. The gateway takes the usage event out again where the caller did not ask. */
function askForUsage(body: JsonObject, patch: Record<string, JsonValue | undefined>): void {
  const options = body['stream_options'];
  patch['stream_options'] = { ...(isObject(options) ? options : {}), include_usage: true };
}

export function withPatch(prepared: Prepared, patch: JsonPatch): Prepared {
  return { ...prepared, patch: { ...prepared.patch, ...patch } };
}

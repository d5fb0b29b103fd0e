// Parameters: a table-driven way to say what becomes of a request's top-level fields on their way to a far side. A field
// without a rule goes through as it is. Nothing is ever lost silently: it is kept, renamed, mapped, or listed as unsupported.
import { gatewayFields } from '../dialects/openai/request.ts';
import type { CanonicalRequest } from '../kernel/chat.ts';
import { isObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import type { Surface } from '../kernel/lane.ts';
import type { Prepared, Unsupported } from './provider.ts';

export type ParameterRule =
  /** Same meaning under another name; the new name wins where the caller sent both. */
  | { readonly kind: 'rename'; readonly to: string }
  /** A value of its own for the far side; undefined removes the field because the new body says it in another way. */
  | { readonly kind: 'map'; readonly map: (value: JsonValue, request: CanonicalRequest) => JsonValue | undefined }
  /** Cannot be had. `when` limits it to some values. */
  | { readonly kind: 'refuse'; readonly why: string; readonly when?: (value: JsonValue) => boolean };

export type ParameterRules = Readonly<Record<string, ParameterRule>>;

export const rename = (to: string): ParameterRule => ({ kind: 'rename', to });
export const map = (
  mapping: (value: JsonValue, request: CanonicalRequest) => JsonValue | undefined,
): ParameterRule => ({ kind: 'map', map: mapping });
export const refuse = (why: string, when?: (value: JsonValue) => boolean): ParameterRule =>
  when === undefined ? { kind: 'refuse', why } : { kind: 'refuse', why, when };

const paths: Readonly<Record<Surface, string>> = {
  chat: '/chat/completions',
  completions: '/completions',
  embeddings: '/embeddings',
};

export interface Preparation {
  readonly rules?: ParameterRules;
  /** False: the far side refuses `stream_options` and reports usage by itself, or never. */
  readonly asksForUsage?: boolean;
}

/** The usual preparation: our own fields out, the model's own id in, rules applied, usage asked for in streams. */
export function prepareBody(request: CanonicalRequest, model: string, preparation: Preparation = {}): Prepared {
  const { body } = request;
  const patch: Record<string, JsonValue | undefined> = { model };
  const unsupported: Unsupported[] = [];
  for (const field of gatewayFields) if (body[field] !== undefined) patch[field] = undefined;
  for (const [param, rule] of Object.entries(preparation.rules ?? {})) {
    const value = body[param];
    // Null means "not set" in OpenAI's requests.
    if (value === undefined || value === null) continue;
    if (rule.kind === 'refuse') {
      if (rule.when?.(value) ?? true) unsupported.push({ param, why: rule.why });
    } else if (rule.kind === 'map') patch[param] = rule.map(value, request);
    else {
      patch[param] = undefined;
      if (body[rule.to] === undefined) patch[rule.to] = value;
    }
  }
  if (request.stream) {
    const options = body['stream_options'];
    const asked: JsonObject = isObject(options) ? options : {};
    patch['stream_options'] = preparation.asksForUsage === false ? undefined : { ...asked, include_usage: true };
  }
  return { path: paths[request.surface], fromOrigin: false, patch, unsupported };
}

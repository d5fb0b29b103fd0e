// Cache key: what makes two requests the same question. SHA-256 over who asks, which model answers, and everything in the
// request that could change the answer; what only changes how it is delivered stays out. The order of an object's keys says
// nothing. It must never make one key of two tenants, nor of two requests that could be answered differently: whatever is
// not known here is part of the key.
import type { CanonicalRequest, NativeRequest } from '../kernel/chat.ts';
import type { JsonObject, JsonValue } from '../kernel/json.ts';
import type { CacheKey } from '../ports/cache.ts';
import type { Digest } from '../ports/digest.ts';

/** Part of every key: a change of what is kept, or of what makes a key, leaves old entries to expire unread. */
const POLICY_VERSION = 2;

/** How the answer is delivered, or what we are told; never what it says. The model is named by its version instead. */
const delivery: ReadonlySet<string> = new Set([
  'cache',
  'model',
  'priority',
  'prompt_cache_key',
  'prompt_cache_retention',
  'service_tier',
  'stream',
  'stream_options',
]);

/**
 * Fields of other dialects whose translation says all of them. Any other field (a budget of thoughts becomes one word of
 * three) is part of the key as the caller wrote it, and such a request shares answers with its own dialect alone.
 */
const translatedWhole: Readonly<Record<NativeRequest['dialect'], ReadonlySet<string>>> = {
  openai: new Set(),
  converse: new Set(),
  anthropic: new Set([
    ...delivery,
    'max_tokens',
    'messages',
    'metadata',
    'models',
    'stop_sequences',
    'system',
    'temperature',
    'top_k',
    'top_p',
  ]),
  responses: new Set([
    ...delivery,
    'input',
    'instructions',
    'max_output_tokens',
    'models',
    'fallbacks',
    'metadata',
    'store',
    'temperature',
    'top_p',
    'user',
  ]),
};

export interface CacheIdentity {
  /** Who may read it: a tenant's own salt, which nobody else knows; one word for all where the model is public. */
  readonly salt: string;
  /** A part of the tenant's own choosing; empty: none. */
  readonly namespace: string;
  /** The model's name, its targets and what they are told; a change of any is another model. */
  readonly modelVersion: string;
  /** Headers that switch a far side's behaviour, and where it may compute. */
  readonly circumstances: readonly string[];
}

export function cacheKey(request: CanonicalRequest, identity: CacheIdentity, digest: Digest): CacheKey {
  const { salt, namespace, modelVersion, circumstances } = identity;
  const frame = JSON.stringify([POLICY_VERSION, salt, namespace, modelVersion, circumstances, request.surface]);
  const body = canonicalObject(request.body, delivery);
  return digest.sha256(`${frame}\n${body}\n${nativeRest(request.native)}`);
}

function nativeRest(native: NativeRequest | null): string {
  if (native === null || isToldWhole(native)) return '';
  return native.dialect + canonicalObject(native.body, delivery);
}

/** The canonical request says all of it: asked in that form it is the same question. */
export function isToldWhole({ dialect, body }: NativeRequest): boolean {
  const whole = translatedWhole[dialect];
  for (const field in body) if (!whole.has(field)) return false;
  return true;
}

/**
 * A value in one way only, with the keys of every object sorted. A string goes by its length, as it is: escaping ten
 * kilobytes took as long as all the rest. Lone surrogates would be lost in UTF-8, so such a string keeps JSON's escapes.
 */
function canonicalText(value: JsonValue | undefined): string {
  if (typeof value === 'string') return value.isWellFormed() ? `${value.length}'${value}` : JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (!Array.isArray(value)) return canonicalObject(value, null);
  let text = '[';
  for (const item of value) text += `${canonicalText(item)},`;
  return `${text}]`;
}

function canonicalObject(object: JsonObject, without: ReadonlySet<string> | null): string {
  let text = '{';
  for (const key of Object.keys(object).toSorted()) {
    const value = object[key];
    if (value === undefined || without?.has(key) === true) continue;
    text += `${JSON.stringify(key)}:${canonicalText(value)},`;
  }
  return `${text}}`;
}

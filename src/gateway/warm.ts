// Warm: from a line of a file to an entry that is kept before anybody asks, and from what was asked to such a line. Keys are
// reckoned as for a request that comes in, so that what is filled is found. It must never keep for one tenant what a line
// does not say is its.
import { costMicroUsd } from '../policy/pricing.ts';
import { readUsage } from '../dialects/openai/usage.ts';
import { estimateTokens } from '../dialects/tokens.ts';
import type { WallMs } from '../kernel/brands.ts';
import type { CanonicalRequest } from '../kernel/chat.ts';
import { isObject, type JsonObject } from '../kernel/json.ts';
import { fail, ok, type Result } from '../kernel/result.ts';
import type { Usage } from '../kernel/usage.ts';
import { utf8Encode } from '../kernel/web.ts';
import type { CacheEntry, CacheKey } from '../ports/cache.ts';
import type { Digest } from '../ports/digest.ts';
import { controlsOf, isRepeatable, whyNotCached } from '../policy/cache-eligibility.ts';
import { isToldWhole } from '../policy/cache-key.ts';
import { timesOf } from '../policy/freshness.ts';
import { unstreamed, type WarmLine } from '../policy/warm-file.ts';
import type { Exchange } from './exchange.ts';
import { keptOf } from './kept-answer.ts';
import { keyOf, tenantTag } from './question.ts';
import type { ModelResolver } from './resolve.ts';
import type { Keeping, Key, Model, Snapshot } from './snapshot.ts';
import { wayOf } from './ways.ts';

export interface WarmTools {
  readonly snapshot: Snapshot;
  readonly resolver: ModelResolver;
  readonly digest: Digest;
}

export interface FilledPair {
  readonly key: CacheKey;
  readonly entry: CacheEntry;
}

/** A longer request is not remembered. */
const LINE_CHARACTERS_MAX = 32 * 1024;
/** How long the far side would have taken: what an early refresh reckons with. */
const MADE_IN_MS = 1_000;

/** Of a request as a client would send it. Troubles end the sentence “line 7 …”. */
export function readAsked(
  { path, request }: Pick<WarmLine, 'path' | 'request'>,
  { resolver }: Pick<WarmTools, 'resolver'>,
): Result<{ readonly request: CanonicalRequest; readonly model: Model; readonly keeping: Keeping }, string> {
  const way = wayOf(path);
  if (way === null) return fail('has a `url` where nothing is asked');
  const bytes = utf8Encode(JSON.stringify(request));
  const read = way.dialect.readRequest(way.surface, bytes);
  if (!read.ok) return fail(`is no request: ${read.error.message}`);
  const model = resolver.resolve(read.value.model);
  if (model === null) return fail('asks for a model that is not configured');
  if (model.cache === null) return fail('asks for a model whose answers are not kept');
  const why = whyNotCached(read.value, bytes.length, model.cache.config);
  return why === null
    ? ok({ request: read.value, model, keeping: model.cache })
    : fail(`has a request whose answer is not kept: ${why}`);
}

/** `fallback`: in whose name lines are kept that name nobody; null: nobody's. */
export function pairOf(
  line: WarmLine & { readonly answer: JsonObject },
  { snapshot, resolver, digest }: WarmTools,
  fallback: Key | null,
  now: WallMs,
): Result<FilledPair, string> {
  const read = readAsked(line, { resolver });
  if (!read.ok) return read;
  const { request, model, keeping } = read.value;
  const named = line.keyName === null ? fallback : keyNamed(snapshot, line.keyName);
  if (named === null && line.keyName !== null) return fail('is for a key that is not configured');
  if (named === null && snapshot.keys.size > 0 && keeping.config.scope !== 'public') {
    return fail('does not say whose it is: add `key`, or choose one for all lines');
  }
  if (!isRepeatable(line.answer)) return fail('has an answer that is not whole, or calls a tool');
  const kept = keptOf(line.answer, digest);
  if (kept === null) return fail('has an answer that is too large to be kept');
  const { namespace, ttlMs } = controlsOf(request, {});
  const usage = usageOf(request, line.answer);
  const [target] = model.targets;
  const price = target?.upstream.provider.price(target.model, now) ?? null;
  const entry: CacheEntry = {
    model: model.name,
    tenant: tenantTag(keeping, named, digest),
    namespace,
    upstreamModel: target?.model ?? model.name,
    createdAt: now,
    ...timesOf(keeping.config, ttlMs, model.degrade.staleAnswers, now),
    madeInMs: MADE_IN_MS,
    usage,
    costMicroUsd: price === null ? null : costMicroUsd(usage, price),
    ...kept,
  };
  return ok({ key: keyOf({ request, headers: {}, keeping, tenant: named, namespace }, digest), entry });
}

export function keyNamed({ keys }: Snapshot, name: string): Key | null {
  for (const key of keys.values()) if (key.name === name) return key;
  return null;
}

/** The request of an exchange as a line; null: it is too long, or the canonical form does not say all of it. */
export function lineOf({ request, key }: Exchange, namespace: string): string | null {
  if (request === null || (request.native !== null && !isToldWhole(request.native))) return null;
  const { cache, ...body } = unstreamed(request.body);
  const own = isObject(cache) ? cache : {};
  const url = request.surface === 'chat' ? '/v1/chat/completions' : `/v1/${request.surface}`;
  const asked = { ...body, model: request.model, ...(namespace === '' ? {} : { cache: { ...own, namespace } }) };
  const line = JSON.stringify({ ...(key !== null && { key: key.name }), url, body: asked });
  return line.length > LINE_CHARACTERS_MAX ? null : line;
}

function usageOf({ promptTokens }: CanonicalRequest, answer: JsonObject): Usage {
  const told = readUsage(answer['usage']);
  if (told !== null) return told;
  return {
    promptTokens: Math.round(promptTokens),
    completionTokens: estimateTokens(JSON.stringify(answer['choices'] ?? '')),
    cachedTokens: null,
    reasoningTokens: null,
    source: 'estimated',
  };
}

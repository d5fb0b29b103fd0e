// Signed visit: a request that is an address (policy/signed-request.ts), signed and served. What it asks is asked in the
// payer's name, and only of models whose answers anybody may read. Nothing that its caller says besides can make it cost more:
// of the head only what tells one answer from another is heard.
import type { HeaderList, HeaderRecord } from '../kernel/headers.ts';
import { isObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import { reject, type Rejection } from '../kernel/rejection.ts';
import { fail, ok, type Result } from '../kernel/result.ts';
import { utf8Encode } from '../kernel/web.ts';
import type { Clock } from '../ports/clock.ts';
import type { InboundHead, Reply, Visit } from '../ports/door.ts';
import { controlsOf } from '../policy/cache-eligibility.ts';
import { type Hmac, openSigned, type SignedTrouble, signRequest } from '../policy/signed-request.ts';
import { unstreamed, type WarmLine } from '../policy/warm-file.ts';
import type { Pipeline } from './pipeline.ts';
import type { ModelResolver } from './resolve.ts';
import type { Snapshot } from './snapshot.ts';
import { keyNamed, readAsked } from './warm.ts';
import { wayOf } from './ways.ts';

/** Below `/v1`. */
export const SIGNED_PREFIX = '/cached/';
const MS_PER_SECOND = 1_000;
const HEARD = ['if-none-match', 'traceparent', 'tracestate', 'x-request-id', 'host', 'origin'];

export interface SigningTools {
  readonly clock: Clock;
  readonly hmac: Hmac | null;
}

/** The address's path, or why there is none: ends the sentence “the request …”. */
export function signedPath(
  line: Pick<WarmLine, 'path' | 'request'>,
  expiresAtSeconds: number,
  { snapshot, resolver }: { readonly snapshot: Snapshot; readonly resolver: ModelResolver },
  hmac: Hmac,
): Result<string, string> {
  const key = snapshot.config.signing?.keys[0];
  if (key === undefined) return fail('cannot be signed: the configuration has no `signing`');
  const request = unstreamed(line.request);
  const read = readAsked({ path: line.path, request }, { resolver });
  if (!read.ok) return read;
  if (read.value.keeping.config.scope !== 'public') return fail('asks for a model whose `cache.scope` is not public');
  const { reads, stores } = controlsOf(read.value.request, {});
  if (!reads || !stores) return fail('says that its answer is not to be kept');
  const signed = signRequest(sortedJson({ url: line.path, body: request }), expiresAtSeconds, key, hmac);
  return signed.ok ? ok(`/v1${SIGNED_PREFIX}${signed.value}`) : fail('is too long for an address');
}

export interface SignedArrival {
  readonly head: InboundHead;
  readonly reply: Reply;
  readonly doorHeaders: HeaderList;
}

/** The value is null when it was answered already. */
export function enterSigned(
  { head, reply, doorHeaders }: SignedArrival,
  pipeline: Pipeline,
  snapshot: Snapshot,
  { clock, hmac }: SigningTools,
): Result<Visit | null, Rejection> {
  const { signing } = snapshot.config;
  if (signing === null || hmac === null) return fail(reject('notFound', 'No signed addresses are served here.'));
  const text = head.path.slice(head.path.indexOf(SIGNED_PREFIX) + SIGNED_PREFIX.length);
  const opened = openSigned(text, clock.wall() / MS_PER_SECOND, signing.keys, hmac);
  if (!opened.ok) return fail(troubles[opened.error]);
  const { url, body } = readSigned(opened.value.canonical);
  const way = wayOf(url);
  const payer = signing.payer === null ? null : keyNamed(snapshot, signing.payer);
  if (way === null || body === null || (payer === null && snapshot.keys.size > 0)) return fail(troubles.malformed);
  const model = typeof body['model'] === 'string' ? snapshot.models.get(body['model']) : undefined;
  if (model?.cache?.config.scope !== 'public') {
    return fail(reject('forbidden', 'The answers of this model are not public any more.'));
  }
  const bytes = utf8Encode(JSON.stringify(body));
  const entrance = { ...way, doorHeaders, ...(payer !== null && { payer }) };
  const visit = pipeline.enter({ ...head, method: 'POST', headers: heard(head.headers) }, reply, entrance);
  if (visit === null) return ok(null);
  return ok({
    // A body says nothing here.
    onBody: () => visit.onBody(bytes),
    onBodyRefused: (rejection) => visit.onBodyRefused(rejection),
    onDrain: () => visit.onDrain(),
    onGone: () => visit.onGone(),
  });
}

const troubles: Readonly<Record<SignedTrouble, Rejection>> = {
  malformed: reject('notFound', 'This is no address that was signed here.'),
  unknownKey: reject('forbidden', 'This address was signed with a key that does not hold any more.'),
  badSignature: reject('forbidden', 'This address was not signed here.'),
  expired: reject('forbidden', 'This address holds no longer.'),
};

const heard = (headers: HeaderRecord): HeaderRecord =>
  Object.fromEntries(HEARD.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));

function readSigned(canonical: string): { readonly url: string; readonly body: JsonObject | null } {
  const value = JSON.parse(canonical) as JsonValue;
  if (!isObject(value) || typeof value['url'] !== 'string' || !isObject(value['body'])) return { url: '', body: null };
  return { url: value['url'], body: value['body'] };
}

/** The order of an object's fields says nothing: it makes no other address. */
function sortedJson(value: JsonValue): string {
  return JSON.stringify(value, (_name, inner: JsonValue) =>
    isObject(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}

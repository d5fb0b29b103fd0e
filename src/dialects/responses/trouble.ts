// Trouble inside a stream or a 200 answer of the Responses API. It names no status, so the codes of `ResponseError`
// (openai@7.57) that the chat does not know are sorted here; all else is classified as an error of the chat.
import { fault } from '../../kernel/fault.ts';
import type { Fault, FaultKind } from '../../kernel/fault.ts';
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import { classifyInBand, readSaid } from '../openai/trouble.ts';

const kinds: ReadonlyMap<string, FaultKind> = new Map<string, FaultKind>([
  ['server_error', 'serverError'],
  ['vector_store_timeout', 'serverError'],
  ['slow_down', 'rateLimited'],
  ['rate_limit_exceeded', 'rateLimited'],
  ['invalid_prompt', 'badRequest'],
  ['invalid_request_error', 'badRequest'],
  ['data_residency_mismatch', 'badRequest'],
  ['bio_policy', 'contentFilter'],
  ['misalignment_policy_violation', 'contentFilter'],
  ['image_content_policy_violation', 'contentFilter'],
  ['model_not_found', 'unknownModel'],
]);
/** About a picture of the request: the rest of ResponseError's codes. */
const IMAGE_CODE = /^(?:invalid_|unsupported_|empty_|failed_to_download_)?(?:image|base64_image)/;

/** `error`: the object with message and code, wherever it stood. Its type may stand for the code. */
export function faultOf(error: JsonValue | undefined): Fault {
  if (!isObject(error)) return fault('inBand', 'The upstream failed inside its answer.');
  const said = readSaid({ error: spelled(error) });
  if (said === null) return fault('inBand', 'The upstream sent an error inside its answer.');
  const classified = classifyInBand(said);
  // Words tell more than `server_error` and `invalid_request_error` do; any other code is meant.
  if (classified.kind !== 'inBand') return classified;
  const kind = kindOf(said.code) ?? kindOf(said.type);
  return kind === undefined ? classified : { ...classified, kind };
}

/** The flat event's `type` is `error`, which is nothing to tell. */
function spelled(error: JsonObject): JsonObject {
  const { message, code, param, type } = error;
  return { message, code, param, type: type === 'error' ? null : type };
}

function kindOf(code: string | null): FaultKind | undefined {
  if (code === null) return undefined;
  return kinds.get(code) ?? (IMAGE_CODE.test(code) ? 'badRequest' : undefined);
}

// What an error of Anthropic's API says, and what kind of fault that is. Its error types are few and mean what they say, so
// inside a stream they speak first; `details.error_code` (since 2026) and words only refine them. Used for error answers and
// for errors inside a 200 alike.
import { fault } from '../../kernel/fault.ts';
import type { Fault, FaultKind } from '../../kernel/fault.ts';
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import { classify, classifyInBand, readSaid } from '../openai/trouble.ts';
import type { Said } from '../openai/trouble.ts';

/** Types of @anthropic-ai/sdk@1.12 `shared.d.ts`. `invalid_request_error` is told apart by its words. */
const kinds: ReadonlyMap<string, FaultKind> = new Map([
  ['overloaded_error', 'overloaded'],
  ['rate_limit_error', 'rateLimited'],
  ['api_error', 'serverError'],
  ['timeout_error', 'serverError'],
  ['conflict_error', 'serverError'],
  ['authentication_error', 'credential'],
  ['permission_error', 'credential'],
  ['billing_error', 'exhausted'],
  ['not_found_error', 'unknownModel'],
  ['request_too_large', 'contextTooLong'],
]);

/** An account that stays closed until somebody acts; some come as 429, which SDKs would try again. */
const EXHAUSTED_CODES = new Set([
  'enforced_spend_limit_reached',
  'contract_spend_limit_reached',
  'linked_organization_spend_limit_reached',
  'linked_organization_billing_unavailable',
]);
/** "You have reached your specified API usage limits. You will regain access on …": status 400. */
const EXHAUSTED_WORDS = /reached your (?:specified )?(?:API )?usage limits/i;
const HOLD_CODES = new Set(['organization_on_hold', 'sandbox_egress_restricted']);

/** The API's own form, with the newer code where it is; else any form that far sides and proxies write. */
export function saidIn(value: JsonValue): Said | null {
  const said = readSaid(value);
  const error = isObject(value) ? value['error'] : undefined;
  const details = isObject(error) ? error['details'] : undefined;
  const code = isObject(details) ? details['error_code'] : undefined;
  return said !== null && typeof code === 'string' ? { ...said, code } : said;
}

/** The fault of an answer with an error status: by its status, then by what only Anthropic says. */
export function faultOfStatus(status: number, said: Said, retryAfterMs: number | null): Fault {
  const found = classify(status, said, retryAfterMs);
  const kind = closedAccount(said, status) ?? kindOfStatus(status, said) ?? found.kind;
  return kind === found.kind ? found : { ...found, kind };
}

function kindOfStatus(status: number, said: Said): FaultKind | null {
  if (status === 413) return 'contextTooLong';
  // "model: claude-x": a path that is not found has other words.
  return status === 404 && said.type === 'not_found_error' && /^model:/i.test(said.message) ? 'unknownModel' : null;
}

/** Request errors quote the request: words about the account count only where nothing is quoted. */
function closedAccount(said: Said, status: number | null): FaultKind | null {
  if (said.code !== null && EXHAUSTED_CODES.has(said.code)) return 'exhausted';
  if (said.code !== null && HOLD_CODES.has(said.code)) return 'credential';
  return status === 400 && EXHAUSTED_WORDS.test(said.message) && !/["'`]/.test(said.message) ? 'exhausted' : null;
}

/** The fault of an error event, or of an error in place of an answer. */
export function faultInBand(body: JsonObject): Fault {
  const said = saidIn(body);
  if (said === null) return fault('inBand', 'The upstream sent an error inside its answer.');
  const found = said.type === 'invalid_request_error' ? classify(400, said, null) : classifyInBand(said);
  const kind = closedAccount(said, null) ?? kinds.get(said.type ?? '') ?? found.kind;
  return { ...found, kind, status: said.type === 'invalid_request_error' ? null : found.status };
}

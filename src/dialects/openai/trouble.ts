// What an upstream's error says, and what kind of fault that is. It exists because the same trouble comes in a dozen
// shapes and wordings, and because `code` lies (DeepSeek sends `invalid_request_error` for an empty account): the status
// speaks first, words only refine it. Used for error answers and for errors inside a 200 stream alike.
import { fault } from '../../kernel/fault.ts';
import type { Fault, FaultKind } from '../../kernel/fault.ts';
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';

/** An error as said, whatever shape it came in. */
export interface Said {
  readonly message: string;
  readonly type: string | null;
  readonly code: string | null;
  readonly param: string | null;
  /** A status named in the body (`code: 503`), for errors that come inside a 200. */
  readonly status: number | null;
}

/**
 * Reads an error object: OpenAI's `{error: {…}}`, SGLang's and vLLM's flat `{object: 'error', message}`, TGI's and Ollama's
 * `{error: 'text'}`, Google's `[{error: {…}}]`, FastAPI's `{detail}`. Null when it is none of these.
 */
export function readSaid(value: JsonValue): Said | null {
  if (Array.isArray(value)) return value[0] === undefined ? null : readSaid(value[0]);
  if (!isObject(value)) return null;
  const error = value['error'];
  if (typeof error === 'string' && error !== '') return said(value, error, value['error_type'] ?? value['type']);
  if (isObject(error)) return said(error, textOf(error['message']) ?? textOf(error) ?? '', error['type']);
  if (value['object'] === 'error' || value['object'] === 'Error' || value['type'] === 'error') {
    return said(value, textOf(value['message']) ?? '', value['type']);
  }
  const text = textOf(value['message']) ?? textOf(value['detail']) ?? textOf(value['error_msg']);
  return text === null ? null : said(value, text, value['type']);
}

function said(value: JsonObject, message: string, type: JsonValue | undefined): Said {
  const code = value['code'] ?? value['error_code'] ?? null;
  const inner = value['innererror'];
  const innerCode = isObject(inner) ? inner['code'] : undefined;
  const status = [value['status'], value['status_code'], code]
    .filter((entry) => typeof entry === 'string' || typeof entry === 'number')
    .map(Number)
    .find((number) => number >= 400 && number < 600);
  return {
    message,
    type: typeof type === 'string' ? type : null,
    code:
      typeof code === 'string' || typeof code === 'number'
        ? String(code)
        : (wordOf(innerCode) ?? wordOf(value['status'])),
    param: wordOf(value['param']),
    status: status ?? null,
  };
}

function wordOf(value: JsonValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

/** Messages are texts, or (Mistral's 422, FastAPI) objects and lists of objects: those are told as JSON, cut by `fault`. */
function textOf(value: JsonValue | undefined): string | null {
  if (typeof value === 'string') return value === '' ? null : value;
  return value === undefined || value === null || typeof value !== 'object'
    ? null
    : JSON.stringify(value).slice(0, 500);
}

/** Words that mean "this account is dead until somebody pays", by `code` or `type` first. */
const EXHAUSTED_CODES = new Set([
  'insufficient_quota',
  'credit_balance_exhausted',
  'insufficient_balance',
  'billing_error',
  'billing_hard_limit_reached',
  'billing_not_active',
  'insufficient_user_quota',
  'enforced_spend_limit_reached',
  // Moonshot says it with 429, one-api and its forks with 403, Volcengine with 403, DashScope with 400.
  'exceeded_current_quota_error',
  'pre_consume_token_quota_failed',
  'accountoverdueerror',
  'arrearage',
]);
/** Chinese resellers answer 403 and 400 for an empty account (OmniRoute resilience §7). */
const EXHAUSTED_WORDS =
  /insufficient (?:account )?(?:balance|credits?|funds|quota)|balance is insufficient|credit balance is too low|out of credits|spend(?:ing)? limit|(?:额度|余额|配额)(?:不足|已用尽|耗尽)|欠费/i;

const CONTEXT_CODES = new Set([
  'context_length_exceeded',
  'exceed_context_size_error',
  'context_window_exceeded',
  'model_context_window_exceeded',
  'model_max_prompt_tokens_exceeded',
]);
/**
 * OpenAI, vLLM, SGLang, TGI (`inputs tokens + max_new_tokens`), llama.cpp, Mistral, Anthropic-like, Bedrock, Gemini, xAI
 * (`maximum prompt length`), Moonshot (`exceeded model token limit`), DashScope (`Range of input length`), Doubao
 * (`exceed max message tokens`), Copilot, Zhipu (`Prompt 超长`).
 */
const CONTEXT_WORDS =
  /maximum (?:allowed )?(?:context|model|prompt) length|context (?:length|window|size|limit)|exceeded model token limit|range of input length should be|exceeds? max message tokens|prompt token count .{0,40}exceeds|prompt is too long|input (?:is )?too long|too many (?:input |total )?tokens|reduce the length of|max_new_tokens`? must be <=|`?inputs`? must have less than \d+ tokens|longer than the maximum|exceeds? the (?:model'?s )?(?:max(?:imum)?|available) (?:number of |input |context )?(?:tokens|size|length)|max_prompt_tokens|(?:上下文|输入|prompt).{0,12}(?:超|过长|太长)|超过.{0,12}(?:上下文|长度)/i;

const FILTER_CODES = new Set([
  'content_filter',
  'content_policy_violation',
  'responsibleaipolicyviolation',
  'data_inspection_failed',
  'contentfilter',
  'content_filter_error',
]);
/** `Content Exists Risk` is DeepSeek's, `violates usage guidelines` xAI's (status 403). */
const FILTER_WORDS =
  /content exists risk|content violates usage guidelines|content (?:management )?policy|content[ _]filter(?:ed|ing)?\b|data_inspection_failed/i;

const MODEL_CODES = new Set([
  'model_not_found',
  'deploymentnotfound',
  'model_not_exist',
  'invalid_model',
  'model_not_available',
]);
/** `Model Not Exist` is DeepSeek's (status 400), `model 'x' not found` is Ollama's. */
const MODEL_WORDS =
  /model not exist|model .{0,120}(?:does not exist|not found|is(?: not|n't) (?:available|supported on this route))|(?:unknown|invalid|no such) model\b|(?:模型).{0,40}(?:不存在|未找到)/i;

const BUSY_CODES = new Set([
  'overloaded',
  'overloaded_error',
  'server_is_overloaded',
  'engine_overloaded_error',
  'engine_overloaded',
]);
const BUSY_WORDS =
  /server(?:s are| is)? (?:currently )?(?:busy|overloaded)|(?:model|engine|service) is (?:currently )?(?:overloaded|at capacity)|high demand|no (?:available )?(?:server )?capacity|queue (?:timeout|is full)|maximum pending requests|(?:服务器?|系统).{0,4}(?:繁忙|过载)/i;

const CREDENTIAL_CODES = new Set([
  'invalid_api_key',
  'authentication_error',
  'permission_error',
  'permission_denied',
  'unauthenticated',
]);
const CREDENTIAL_WORDS = /(?:invalid|incorrect|expired) api[ _-]?key|api key (?:not valid|is invalid|expired)/i;

const LIMIT_CODES = new Set([
  'rate_limit_exceeded',
  'rate_limit_error',
  'slow_down',
  'resource_exhausted',
  'tokens',
  'requests',
]);

const says = (words: Said, codes: ReadonlySet<string>, pattern: RegExp | null): boolean =>
  (words.code !== null && codes.has(words.code.toLowerCase())) ||
  (words.type !== null && codes.has(words.type.toLowerCase())) ||
  (pattern !== null && pattern.test(words.message));

/**
 * A request that is refused is quoted in the refusal. Whoever puts "insufficient balance" into a field must not get a
 * credential that others share put to rest, so words about the account count only outside of what is quoted. From the
 * first quotation mark to the last: the quoted text may hold marks itself. An apostrophe in a word is none.
 */
const unquoted = (words: Said): Said => ({
  ...words,
  message: words.message.replace(
    /(?:["`“”«»「」]|(?<![a-z])['‘’]|['‘’](?![a-z])).*(?:["`“”«»「」]|(?<![a-z])['‘’]|['‘’](?![a-z]))/is,
    ' ',
  ),
});

/** The fault of an answer with an error status. */
export function classify(status: number, words: Said, retryAfterMs: number | null): Fault {
  return faultOf(kindOf(status, words), status, words, retryAfterMs);
}

/** The fault of an error inside a 200: by the status it names, else by its words, else just that: in band. */
export function classifyInBand(words: Said): Fault {
  if (words.status !== null) return faultOf(kindOf(words.status, words), words.status, words, null);
  return faultOf(kindByWords(words) ?? 'inBand', null, words, null);
}

function faultOf(kind: FaultKind, status: number | null, words: Said, retryAfterMs: number | null): Fault {
  const message =
    words.message === '' ? `The upstream failed${status === null ? '' : ` with status ${status}`}.` : words.message;
  return fault(kind, message, {
    quoted: words.message !== '',
    status,
    type: words.type,
    code: words.code,
    param: words.param,
    retryAfterMs,
  });
}

function kindOf(status: number, words: Said): FaultKind {
  if (status === 402) return 'exhausted';
  if (status >= 500) return kindOfServerError(status, words);
  const isAboutCaller = status === 401 || status === 403 || status === 429;
  // Before credentials and limits: an empty account comes as 400, 401, 403 and 429.
  if (says(isAboutCaller ? words : unquoted(words), EXHAUSTED_CODES, EXHAUSTED_WORDS)) return 'exhausted';
  if (status === 429) return says(words, BUSY_CODES, BUSY_WORDS) ? 'overloaded' : 'rateLimited';
  // A prompt that is refused must not put the key to rest.
  if (status === 403 && says(words, FILTER_CODES, FILTER_WORDS)) return 'contentFilter';
  if (status === 401 || status === 403) return 'credential';
  // Groq's own: flex capacity is used up.
  if (status === 498) return 'overloaded';
  // Groq's 413: larger than all the tokens one minute has. Asked again it never fits; elsewhere it may.
  if (status === 413 && says(words, LIMIT_CODES, null)) return 'contextTooLong';
  if (status === 404) return says(words, MODEL_CODES, MODEL_WORDS) ? 'unknownModel' : 'badRequest';
  // Timeouts, locks and 424 (Bedrock's modelStreamError) are the far side's trouble although they are 4xx.
  if (status === 408 || status === 409 || status === 424 || status === 425) return 'serverError';
  return status < 400 ? 'malformed' : kindOfRequestError(words);
}

function kindOfServerError(status: number, words: Said): FaultKind {
  if (status === 503 || status === 529) return 'overloaded';
  return says(words, BUSY_CODES, BUSY_WORDS) ? 'overloaded' : 'serverError';
}

function kindOfRequestError(words: Said): FaultKind {
  if (says(words, FILTER_CODES, FILTER_WORDS)) return 'contentFilter';
  if (says(words, CONTEXT_CODES, CONTEXT_WORDS)) return 'contextTooLong';
  if (says(words, MODEL_CODES, MODEL_WORDS)) return 'unknownModel';
  return says(unquoted(words), CREDENTIAL_CODES, CREDENTIAL_WORDS) ? 'credential' : 'badRequest';
}

function kindByWords(words: Said): FaultKind | null {
  if (says(unquoted(words), EXHAUSTED_CODES, EXHAUSTED_WORDS)) return 'exhausted';
  if (says(words, BUSY_CODES, BUSY_WORDS)) return 'overloaded';
  if (says(words, LIMIT_CODES, null)) return 'rateLimited';
  if (says(words, FILTER_CODES, FILTER_WORDS)) return 'contentFilter';
  if (says(words, CONTEXT_CODES, CONTEXT_WORDS)) return 'contextTooLong';
  return says(unquoted(words), CREDENTIAL_CODES, CREDENTIAL_WORDS) ? 'credential' : null;
}

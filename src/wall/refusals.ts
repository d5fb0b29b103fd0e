// Refusals: the answer is a status and a body that says why not, as the providers spell them.
import type { Behaviour, Play } from './behaviour.ts';
import { once, remedies } from './behaviour.ts';
import { healthy } from './calm.ts';
import { answer } from './script.ts';
import type { Turn } from './turn.ts';

/** OpenAI's shape of an error. */
export const errorBody = (message: string, type: string, code: string | null, param: string | null = null): string =>
  JSON.stringify({ error: { message, type, param, code } });

type Headers = Readonly<Record<string, string>>;

const refuse =
  (status: number, body: string, headers: Headers = {}): Play =>
  () =>
    answer(status, body, headers);

const rateLimit = errorBody('Rate limit reached for requests', 'requests', 'rate_limit_exceeded');
const busy = errorBody('The server is overloaded, please try again later.', 'service_unavailable_error', null);
const prefill = 'This model does not support assistant message prefill. The conversation must end with a user message.';

const rejectPrefix: Play = refuse(400, errorBody(prefill, 'invalid_request_error', null));

const rateLimitOnce = (name: string, title: string, headers: Headers | ((turn: Turn) => Headers)): Behaviour => ({
  name: `rate-limit-once-${name}`,
  title: `429 once, ${title}; then good answers`,
  fault: 'rateLimited',
  spillway: remedies.rests,
  play: once((turn) => answer(429, rateLimit, typeof headers === 'function' ? headers(turn) : headers), healthy),
});

const SECOND_MS = 1_000;

/** HTTP dates have whole seconds, and only their difference to the same answer's `date` means anything. */
function aSecondFromNow({ nowMs }: Turn): Headers {
  return {
    date: new Date(nowMs).toUTCString(),
    'retry-after': new Date(nowMs + SECOND_MS).toUTCString(),
  };
}

const flapping: Play = (turn) => {
  const [downS = 0, upS = 0] = turn.numbers;
  const inCycleMs = turn.sinceFirstMs % Math.max(1, (downS + upS) * SECOND_MS);
  return inCycleMs < downS * SECOND_MS ? answer(503, busy) : healthy(turn);
};

const html =
  '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n';

const refusal = (
  name: string,
  title: string,
  fault: NonNullable<Behaviour['fault']>,
  spillway: string,
  play: Play,
): Behaviour => ({ name, title, fault, spillway, play });

const balance = errorBody('Insufficient Balance', 'unknown_error', 'invalid_request_error');
const badKey = errorBody(
  'Authentication Fails, Your api key: ****wall is invalid',
  'authentication_error',
  'invalid_request_error',
);
const forbidden = errorBody(
  'Project `wall` does not have access to this model',
  'invalid_request_error',
  'model_not_found',
);
const tooLong = errorBody(
  "This model's maximum context length is 10 tokens. However, your messages resulted in more tokens.",
  'invalid_request_error',
  'context_length_exceeded',
  'messages',
);
const filtered = errorBody('Content Exists Risk', 'invalid_request_error', 'content_filter');
const flat = JSON.stringify({
  object: 'error',
  message: 'Request queue timeout reached.',
  type: 'HTTPStatus.SERVICE_UNAVAILABLE',
  param: null,
  code: 503,
});
const plain = JSON.stringify({ error: 'Model is overloaded', error_type: 'overloaded' });

export const refusals: readonly Behaviour[] = [
  rateLimitOnce('seconds', '`retry-after: 1`', { 'retry-after': '1' }),
  rateLimitOnce('date', '`retry-after` as a date 1 s ahead', aSecondFromNow),
  rateLimitOnce('ms', '`retry-after-ms: 1000`', { 'retry-after-ms': '1000' }),
  rateLimitOnce('reset-header', '`x-ratelimit-reset-requests: 1s`', {
    'x-ratelimit-limit-requests': '60',
    'x-ratelimit-remaining-requests': '0',
    'x-ratelimit-reset-requests': '1s',
  }),
  refusal(
    'rate-limit-for-ever',
    'always 429, `retry-after: 1`',
    'rateLimited',
    `${remedies.rests}; gives up with 429 in the end`,
    refuse(429, rateLimit, { 'retry-after': '1' }),
  ),
  refusal(
    'fail-500-once',
    '500 once; then good answers',
    'serverError',
    remedies.elsewhere,
    once(refuse(500, errorBody('The server had an error', 'server_error', null)), healthy),
  ),
  refusal('fail-503-for-ever', 'always 503', 'overloaded', remedies.elsewhere, refuse(503, busy)),
  {
    name: 'flapping-<down s>-<up s>',
    example: 'flapping-2-5',
    title: '503 for so many seconds from the first request on, good answers for so many, and so on',
    fault: 'overloaded',
    spillway: `${remedies.elsewhere}; opens the breaker, and asks with one request whether it is up again`,
    play: flapping,
  },
  refusal('no-balance-402', 'always 402 Insufficient Balance', 'exhausted', remedies.credential, refuse(402, balance)),
  refusal('bad-key-401', 'always 401', 'credential', remedies.credential, refuse(401, badKey)),
  refusal(
    'forbidden-model-403',
    'always 403 for this model',
    'credential',
    'takes this credential out for this model alone and asks another target',
    refuse(403, forbidden),
  ),
  refusal(
    'context-too-long',
    'always 400 context_length_exceeded',
    'contextTooLong',
    'asks a target with more context, if there is one; else returns it',
    refuse(400, tooLong),
  ),
  refusal(
    'content-filter',
    'always 400 content_filter',
    'contentFilter',
    `${remedies.returned}, unless the model says \`failoverOnContentFilter\``,
    refuse(400, filtered),
  ),
  {
    name: 'rejects-prefix',
    title: 'good answers, but 400 when the last message is from the assistant',
    fault: 'badRequest',
    spillway: 'never lets the client see the 400 that its own continuation met; another target goes on',
    prefix: 'rejects',
    play: (turn) => (turn.asked.prefix === null ? healthy(turn) : rejectPrefix(turn)),
  },
  refusal('flat-error', "always 503 with SGLang's flat body", 'overloaded', remedies.elsewhere, refuse(503, flat)),
  refusal('string-error', "always 429 with TGI's string body", 'rateLimited', remedies.rests, refuse(429, plain)),
  refusal(
    'html-502',
    'always 502 with an HTML page',
    'serverError',
    remedies.elsewhere,
    refuse(502, html, { 'content-type': 'text/html' }),
  ),
];

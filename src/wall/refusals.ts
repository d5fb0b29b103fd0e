// Refusals: the answer is a status and a body that says why not, as the providers spell them.
import { once, onlyIn, remedies } from './behaviour.ts';
import type { Behaviour, Play } from './behaviour.ts';
import { healthy } from './calm.ts';
import { answer } from './script.ts';
import type { Script } from './script.ts';
import type { TroubleKind } from './tongues/tongue.ts';
import type { Turn } from './turn.ts';

type Headers = Readonly<Record<string, string>>;

/** In the asker's dialect. */
function refused({ tongue }: Turn, kind: TroubleKind, more: Headers = {}): Script {
  const { status, body, headers } = tongue.refusal(kind);
  return answer(status, body, { ...headers, ...more });
}

const refuse =
  (kind: TroubleKind, headers: Headers = {}): Play =>
  (turn) =>
    refused(turn, kind, headers);

/** The same bytes in every dialect: what engines and proxies say that care for none. */
const foreign =
  (status: number, body: string, headers: Headers = {}): Play =>
  () =>
    answer(status, body, headers);

const rateLimitOnce = (name: string, title: string, headers: (turn: Turn) => Headers): Behaviour => ({
  name: `rate-limit-once-${name}`,
  title: `429 once, ${title}; then good answers`,
  fault: 'rateLimited',
  spillway: remedies.rests,
  play: once((turn) => refused(turn, 'rateLimit', headers(turn)), healthy),
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
  return inCycleMs < downS * SECOND_MS ? refused(turn, 'busy') : healthy(turn);
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

const flat = JSON.stringify({
  object: 'error',
  message: 'Request queue timeout reached.',
  type: 'HTTPStatus.SERVICE_UNAVAILABLE',
  param: null,
  code: 503,
});
const plain = JSON.stringify({ error: 'Model is overloaded', error_type: 'overloaded' });

export const refusals: readonly Behaviour[] = [
  rateLimitOnce('seconds', '`retry-after: 1`', () => ({ 'retry-after': '1' })),
  rateLimitOnce('date', '`retry-after` as a date 1 s ahead', aSecondFromNow),
  rateLimitOnce('ms', '`retry-after-ms: 1000`', () => ({ 'retry-after-ms': '1000' })),
  ...onlyIn(
    ['openai', 'anthropic', 'responses'],
    [
      rateLimitOnce('reset-header', '`x-ratelimit-reset-requests: 1s` or its like', ({ tongue, nowMs }) =>
        tongue.rateLimitHeaders(nowMs),
      ),
    ],
  ),
  refusal(
    'rate-limit-for-ever',
    'always 429, `retry-after: 1`',
    'rateLimited',
    `${remedies.rests}; gives up with 429 in the end`,
    refuse('rateLimit', { 'retry-after': '1' }),
  ),
  refusal(
    'fail-500-once',
    '500 once; then good answers',
    'serverError',
    remedies.elsewhere,
    once(refuse('serverError'), healthy),
  ),
  refusal('fail-503-for-ever', 'always 503', 'overloaded', remedies.elsewhere, refuse('busy')),
  {
    name: 'flapping-<down s>-<up s>',
    example: 'flapping-2-5',
    title: '503 for so many seconds from the first request on, good answers for so many, and so on',
    fault: 'overloaded',
    spillway: `${remedies.elsewhere}; opens the breaker, and asks with one request whether it is up again`,
    play: flapping,
  },
  refusal('no-balance-402', 'always 402 Insufficient Balance', 'exhausted', remedies.credential, refuse('exhausted')),
  refusal('bad-key-401', 'always 401', 'credential', remedies.credential, refuse('badKey')),
  refusal(
    'forbidden-model-403',
    'always 403 for this model',
    'credential',
    'takes this credential out for this model alone and asks another target',
    refuse('forbidden'),
  ),
  refusal(
    'context-too-long',
    'always 400 context_length_exceeded',
    'contextTooLong',
    'asks a target with more context, if there is one; else returns it',
    refuse('tooLong'),
  ),
  refusal(
    'content-filter',
    'always 400 content_filter',
    'contentFilter',
    `${remedies.returned}, unless the model says \`failoverOnContentFilter\``,
    refuse('filtered'),
  ),
  {
    name: 'rejects-prefix',
    title: 'good answers, but 400 when the last message is from the assistant',
    fault: 'badRequest',
    spillway: 'never lets the client see the 400 that its own continuation met; another target goes on',
    prefix: 'rejects',
    play: (turn) => (turn.asked.prefix === null ? healthy(turn) : refused(turn, 'noPrefill')),
  },
  refusal('flat-error', "always 503 with SGLang's flat body", 'overloaded', remedies.elsewhere, foreign(503, flat)),
  refusal('string-error', "always 429 with TGI's string body", 'rateLimited', remedies.rests, foreign(429, plain)),
  refusal(
    'html-502',
    'always 502 with an HTML page',
    'serverError',
    remedies.elsewhere,
    foreign(502, html, { 'content-type': 'text/html' }),
  ),
  ...onlyIn(
    ['anthropic'],
    [
      refusal('overloaded-529', 'always 529 overloaded_error', 'overloaded', remedies.elsewhere, refuse('overloaded')),
      refusal(
        'overloaded-529-once',
        '529 overloaded_error once; then good answers',
        'overloaded',
        remedies.elsewhere,
        once(refuse('overloaded'), healthy),
      ),
    ],
  ),
];

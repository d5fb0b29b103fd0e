import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { faults } from '../../kernel/fault.ts';
import { utf8Decode, utf8Encode } from '../../kernel/web.ts';
import { errorBody, errorEvent, readFault } from './errors.ts';

const kind = (status: number, body: unknown): string =>
  readFault(status, {}, utf8Encode(typeof body === 'string' ? body : JSON.stringify(body))).kind;
const error = (message: string, code: string | number | null = null, type: string | null = null): object => ({
  error: { message, code, type, param: null },
});

const cases: readonly [number, unknown, string][] = [
  // Status first: DeepSeek's code says invalid_request_error for an empty account and for a wrong key.
  [402, error('Insufficient Balance', 'invalid_request_error', 'unknown_error'), 'exhausted'],
  [401, error('Authentication Fails', 'invalid_request_error', 'authentication_error'), 'credential'],
  [403, error('You do not have access', null), 'credential'],
  [403, error('用户额度不足, 剩余额度: 0', 'insufficient_user_quota'), 'exhausted'],
  [400, error('该令牌额度已用尽'), 'exhausted'],
  [400, error('账户余额不足，请充值'), 'exhausted'],
  [429, error('You exceeded your current quota', 'insufficient_quota', 'insufficient_quota'), 'exhausted'],
  [429, error('credits', 'credit_balance_exhausted'), 'exhausted'],
  [429, error('Rate limit reached for gpt-4o', 'rate_limit_exceeded', 'tokens'), 'rateLimited'],
  [429, error('slow', 'slow_down', 'rate_limit_error'), 'rateLimited'],
  [429, { error: 'Model is overloaded', error_type: 'overloaded' }, 'overloaded'],
  [429, '', 'rateLimited'],
  [503, error('x', 'server_is_overloaded', 'service_unavailable_error'), 'overloaded'],
  [
    503,
    { object: 'error', message: 'Request queue timeout reached.', type: 'HTTPStatus.SERVICE_UNAVAILABLE', code: 503 },
    'overloaded',
  ],
  [503, { error: 'server busy, please try again.  maximum pending requests exceeded' }, 'overloaded'],
  [529, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, 'overloaded'],
  [500, error('boom'), 'serverError'],
  [500, error('The server is busy, try later'), 'overloaded'],
  [502, '<html><head><title>502 Bad Gateway</title></head></html>', 'serverError'],
  [504, '', 'serverError'],
  [408, '', 'serverError'],
  [404, error('The model `x` does not exist', 'model_not_found'), 'unknownModel'],
  [404, { error: 'model "x" not found, try pulling it first' }, 'unknownModel'],
  [400, error('Model Not Exist'), 'unknownModel'],
  [404, { detail: 'Not Found' }, 'badRequest'],
  [404, '<!DOCTYPE html><title>nginx</title>', 'malformed'],
  [403, '<html><title>Attention Required! | Cloudflare</title></html>', 'malformed'],
  [302, '', 'malformed'],
  [400, error("This model's maximum context length is 8192 tokens", 'context_length_exceeded'), 'contextTooLong'],
  [400, error("This model's maximum context length is 4096 tokens. However, you requested 5000"), 'contextTooLong'],
  [
    422,
    {
      error: 'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. Given: 3000',
      error_type: 'validation',
    },
    'contextTooLong',
  ],
  [400, error('the request exceeds the available context size', 400, 'exceed_context_size_error'), 'contextTooLong'],
  [
    400,
    { object: 'error', message: "The input (9000 tokens) is longer than the model's context length (8192 tokens)." },
    'contextTooLong',
  ],
  [
    400,
    {
      error: { message: 'The response was filtered', type: null, param: 'prompt', code: 'content_filter', status: 400 },
    },
    'contentFilter',
  ],
  [400, error('Content Exists Risk', 'invalid_request_error'), 'contentFilter'],
  [422, { object: 'error', message: { detail: [{ type: 'extra_forbidden', loc: ['body', 'x'] }] } }, 'badRequest'],
  [400, [error('API key not valid. Please pass a valid API key.', 400)], 'credential'],
  [400, error('bad'), 'badRequest'],
  [413, '', 'badRequest'],
];
for (const [status, body, expected] of cases) {
  test(`${status} ${JSON.stringify(body).slice(0, 90)} is ${expected}`, () =>
    assert.equal(kind(status, body), expected));
}

test('what the upstream said is kept, and a page is told by its title', () => {
  const said = readFault(
    422,
    { 'retry-after': '2' },
    utf8Encode(JSON.stringify({ error: { message: 'm', type: 't', code: 7, param: 'p' } })),
  );
  assert.deepEqual(said, {
    kind: 'badRequest',
    status: 422,
    message: 'm',
    type: 't',
    code: '7',
    param: 'p',
    retryAfterMs: 2_000,
  });
  const page = readFault(502, {}, utf8Encode('<html><title> Bad gateway </title>'));
  assert.equal(page.message, 'The upstream answered 502 with an HTML page: Bad gateway');
});

test('any status and any bytes give a fault', () => {
  const bytes = fc.oneof(
    fc.uint8Array(),
    fc.json().map((text) => utf8Encode(text)),
  );
  fc.assert(
    fc.property(fc.integer({ min: 300, max: 599 }), bytes, (status, body) => {
      const found = readFault(status, {}, body);
      assert.ok(found.kind in faults && found.message !== '' && found.status === status);
    }),
  );
});

test('an error is written as SDKs raise it', () => {
  const form = {
    status: 503,
    message: 'busy',
    type: 'service_unavailable_error',
    code: 'server_is_overloaded',
    param: null,
  };
  const json =
    '{"error":{"message":"busy","type":"service_unavailable_error","param":null,"code":"server_is_overloaded"}}';
  assert.equal(utf8Decode(errorBody(form)), json);
  assert.equal(utf8Decode(errorEvent(form)), `data: ${json}\n\n`);
});

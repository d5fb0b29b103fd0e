import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fault } from '../../kernel/fault.ts';
import { utf8Decode, utf8Encode } from '../../kernel/web.ts';
import type { ErrorForm } from '../dialect.ts';
import { anthropicDoor, anthropicFar } from './dialect.ts';

const form = (status: number, more: Partial<ErrorForm> = {}): ErrorForm => ({
  status,
  message: 'No.',
  type: 'api_error',
  code: null,
  param: null,
  ...more,
});
const bodyFor = (told: ErrorForm): unknown => JSON.parse(utf8Decode(anthropicDoor.errorBody(told, 'req_1')));

test('errors are told in Anthropic’s words, by status', () => {
  const types: readonly [number, number, string][] = [
    [400, 400, 'invalid_request_error'],
    [401, 401, 'authentication_error'],
    [402, 402, 'billing_error'],
    [403, 403, 'permission_error'],
    [404, 404, 'not_found_error'],
    [408, 408, 'invalid_request_error'],
    [413, 413, 'request_too_large'],
    [429, 429, 'rate_limit_error'],
    [500, 500, 'api_error'],
    [502, 502, 'api_error'],
    [503, 529, 'overloaded_error'],
    [504, 504, 'timeout_error'],
  ];
  for (const [status, told, type] of types) {
    assert.equal(anthropicDoor.errorStatus(form(status)), told);
    assert.deepEqual(bodyFor(form(status)), { type: 'error', error: { type, message: 'No.' }, request_id: 'req_1' });
  }
});

test('a prompt that is too long is told in the words that make Claude Code compact', () => {
  const told = bodyFor(form(400, { code: 'context_length_exceeded', message: 'It has 9 tokens.' }));
  assert.deepEqual(told, {
    type: 'error',
    error: { type: 'invalid_request_error', message: 'prompt is too long: It has 9 tokens.' },
    request_id: 'req_1',
  });
});

const readFault = (status: number, body: unknown, headers: Record<string, string> = {}): Fault =>
  anthropicFar.readFault(status, headers, utf8Encode(typeof body === 'string' ? body : JSON.stringify(body)));
const error = (type: string, message: string, details?: object): object => ({
  type: 'error',
  error: { type, message, ...(details === undefined ? {} : { details }) },
  request_id: 'req_011C',
});

test('the far side’s errors become faults by status, type and code', () => {
  const cases: readonly [number, unknown, string][] = [
    [529, error('overloaded_error', 'Overloaded'), 'overloaded'],
    [429, error('rate_limit_error', 'This request would exceed your rate limit'), 'rateLimited'],
    [429, error('rate_limit_error', 'Slow', { error_code: 'ramp_limit_exceeded' }), 'rateLimited'],
    [429, error('rate_limit_error', 'Spent', { error_code: 'enforced_spend_limit_reached' }), 'exhausted'],
    [429, error('rate_limit_error', 'Spent', { error_code: 'contract_spend_limit_reached' }), 'exhausted'],
    [402, error('billing_error', 'Pay'), 'exhausted'],
    [400, error('invalid_request_error', 'Your credit balance is too low to access the Anthropic API.'), 'exhausted'],
    [
      400,
      error(
        'invalid_request_error',
        'You have reached your specified API usage limits. You will regain access on 2026-12-01.',
      ),
      'exhausted',
    ],
    [400, error('invalid_request_error', 'tools.0: "reached your usage limits" is no name'), 'badRequest'],
    [400, error('invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum'), 'contextTooLong'],
    [
      400,
      error('invalid_request_error', 'input length and `max_tokens` exceed context limit: 1 + 2 > 3'),
      'contextTooLong',
    ],
    [400, error('invalid_request_error', 'messages.0: roles must alternate'), 'badRequest'],
    [400, error('invalid_request_error', 'On hold', { error_code: 'organization_on_hold' }), 'credential'],
    [401, error('authentication_error', 'invalid x-api-key'), 'credential'],
    [403, error('permission_error', 'No access'), 'credential'],
    [404, error('not_found_error', 'model: claude-nope'), 'unknownModel'],
    [404, error('not_found_error', 'Not found'), 'badRequest'],
    [413, error('request_too_large', 'Request exceeds the maximum size'), 'contextTooLong'],
    [500, error('api_error', 'Internal server error'), 'serverError'],
    [504, error('timeout_error', 'Too slow'), 'serverError'],
    [409, error('conflict_error', 'Again'), 'serverError'],
    [502, '<html><title>502 Bad Gateway</title></html>', 'serverError'],
    [404, '<html><title>Nothing here</title></html>', 'malformed'],
    [529, '', 'overloaded'],
  ];
  for (const [status, body, kind] of cases) assert.equal(readFault(status, body).kind, kind, JSON.stringify(body));
  const fault = readFault(429, error('rate_limit_error', 'Slow', { error_code: 'ramp_limit_exceeded' }), {
    'retry-after': '7',
  });
  assert.deepEqual(
    [fault.status, fault.type, fault.code, fault.retryAfterMs, fault.quoted, fault.message],
    [429, 'rate_limit_error', 'ramp_limit_exceeded', 7_000, true, 'Slow'],
  );
});

test('errors inside a stream are told by their type', () => {
  const cases: readonly [string, string, string][] = [
    ['overloaded_error', 'Overloaded', 'overloaded'],
    ['rate_limit_error', 'Slow', 'rateLimited'],
    ['api_error', 'Oops', 'serverError'],
    ['timeout_error', 'Oops', 'serverError'],
    ['invalid_request_error', 'Bad', 'badRequest'],
    ['invalid_request_error', 'prompt is too long: 3 tokens > 2 maximum', 'contextTooLong'],
    ['authentication_error', 'Who?', 'credential'],
    ['permission_error', 'No', 'credential'],
    ['billing_error', 'Pay', 'exhausted'],
    ['not_found_error', 'model: x', 'unknownModel'],
    ['request_too_large', 'Big', 'contextTooLong'],
    ['some_new_error', 'Hm', 'inBand'],
  ];
  for (const [type, message, kind] of cases) {
    const event = { name: 'error', data: JSON.stringify(error(type, message)), raw: new Uint8Array(0), plain: true };
    const { fault } = anthropicFar.stream('chat').read(event);
    assert.deepEqual([fault?.kind, fault?.type, fault?.quoted, fault?.status], [kind, type, true, null]);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FaultKind } from '../kernel/fault.ts';
import { fault, faults } from '../kernel/fault.ts';
import type { OverloadSignal } from './overload-signal.ts';
import { overloadSignalOf } from './overload-signal.ts';
import { noRateLevels } from './rate-headers.ts';

const limited = (message: string, code: string | null = null): OverloadSignal | null =>
  overloadSignalOf(fault('rateLimited', message, { status: 429, code }), noRateLevels);

test('what the message says decides', () => {
  const said: readonly (readonly [string, OverloadSignal])[] = [
    ['Rate limit reached for gpt-x on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000.', 'tokens'],
    ['Rate limit reached for gpt-x on requests per min (RPM): Limit 3, Used 3.', 'requests'],
    ['This request would exceed your organization’s rate limit of 40,000 input tokens per minute', 'tokens'],
    ['Number of concurrent connections has exceeded your rate limit', 'concurrency'],
    ['You have reached your concurrency limit of 500', 'concurrency'],
    ['Your account has hit its monthly spend limit', 'spend'],
    ['Model is overloaded', 'global'],
    ['The system is experiencing high demand', 'global'],
    ['Too many requests', 'unsaid'],
    ['', 'unsaid'],
  ];
  for (const [message, signal] of said) assert.equal(limited(message), signal, message);
});

test('the code counts as a word', () => {
  assert.equal(limited('no', 'insufficient_quota'), 'spend');
  assert.equal(limited('no', 'enforced_spend_limit_reached'), 'spend');
  assert.equal(limited('no', 'slow_down'), 'global');
});

test('where words say nothing, the header that stands at nought does', () => {
  const anonymous = fault('rateLimited', 'Too Many Requests', { status: 429 });
  const used = { limit: 100, remaining: 0, resetMs: null };
  const left = { limit: 100, remaining: 5, resetMs: null };
  assert.equal(overloadSignalOf(anonymous, { requests: used, tokens: left }), 'requests');
  assert.equal(overloadSignalOf(anonymous, { requests: left, tokens: used }), 'tokens');
  assert.equal(overloadSignalOf(anonymous, { requests: left, tokens: left }), 'unsaid');
});

test('only three kinds of fault speak of load', () => {
  const kinds = Object.keys(faults) as FaultKind[];
  const speaking = kinds.filter((kind) => overloadSignalOf(fault(kind, 'token limit'), noRateLevels) !== null);
  assert.deepEqual(speaking, ['rateLimited', 'overloaded', 'exhausted']);
  assert.equal(overloadSignalOf(fault('overloaded', 'token limit'), noRateLevels), 'global');
  assert.equal(overloadSignalOf(fault('exhausted', 'token limit'), noRateLevels), 'spend');
});

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { FaultKind } from '../../kernel/fault.ts';
import type { HeaderRecord } from '../../kernel/headers.ts';
import { utf8Encode } from '../../kernel/web.ts';
import { readFault } from './errors.ts';

const read = (status: number, type: string | null, message: string, headers: HeaderRecord = {}) =>
  readFault(
    status,
    { ...(type === null ? {} : { 'x-amzn-errortype': type }), ...headers },
    utf8Encode(JSON.stringify({ message })),
  );

suite('an error of Bedrock', () => {
  const cases: readonly (readonly [status: number, type: string, message: string, kind: FaultKind])[] = [
    [429, 'ThrottlingException', 'Too many tokens, please wait before trying again.', 'rateLimited'],
    [429, 'ModelNotReadyException', 'Model is not ready for inference.', 'overloaded'],
    [503, 'ServiceUnavailableException', 'Bedrock is unable to process your request.', 'overloaded'],
    [400, 'ServiceQuotaExceededException', 'Your request exceeds the service quota.', 'rateLimited'],
    [403, 'AccessDeniedException', "You don't have access to the model with the specified model ID.", 'credential'],
    [403, 'AccessDeniedException', 'Model access is denied due to INVALID_PAYMENT_INSTRUMENT', 'exhausted'],
    [403, 'ExpiredTokenException', 'The security token included in the request is expired', 'credential'],
    [403, 'UnrecognizedClientException', 'The security token is invalid.', 'credential'],
    [404, 'ResourceNotFoundException', 'Could not resolve the foundation model.', 'unknownModel'],
    [400, 'ValidationException', 'Input is too long for requested model.', 'contextTooLong'],
    [400, 'ValidationException', 'The provided model identifier is invalid.', 'unknownModel'],
    [
      400,
      'ValidationException',
      'Invocation of model ID x with on-demand throughput isn’t supported. Retry with an inference profile.',
      'unknownModel',
    ],
    [400, 'ValidationException', 'Malformed input request: #/temperature: 3 is not less or equal to 1', 'badRequest'],
    [424, 'ModelErrorException', 'The model failed.', 'serverError'],
    [408, 'ModelTimeoutException', 'Model has timed out.', 'serverError'],
    [500, 'InternalServerException', 'Internal error.', 'serverError'],
  ];
  for (const [status, type, message, kind] of cases) {
    test(`${status} ${type}: ${message.slice(0, 40)} is ${kind}`, () => {
      const trouble = read(status, type, message);
      assert.deepEqual(
        [trouble.kind, trouble.status, trouble.type, trouble.message, trouble.quoted],
        [kind, status, type, message, true],
      );
    });
  }

  test('is known by its name, in whichever of AWS’s forms', () => {
    assert.equal(read(429, 'ModelNotReadyException:http://internal.amazon.com/coral/', 'x').kind, 'overloaded');
    const body = utf8Encode('{"__type":"com.amazon.coral.service#ModelNotReadyException","Message":"not yet"}');
    const trouble = readFault(429, {}, body);
    assert.deepEqual([trouble.kind, trouble.message], ['overloaded', 'not yet']);
  });

  test('hands on how long to wait, where it is said', () => {
    assert.equal(read(429, 'ThrottlingException', 'x', { 'retry-after': '2' }).retryAfterMs, 2000);
    assert.equal(read(429, 'ThrottlingException', 'x').retryAfterMs, null);
  });

  test('without a name, or with one that is new, is told by its status', () => {
    assert.equal(read(429, null, 'slow down').kind, 'rateLimited');
    assert.equal(read(502, 'BrandNewException', 'x').kind, 'serverError');
    assert.equal(readFault(403, {}, utf8Encode('{"Message":"User is not authorized"}')).kind, 'credential');
    assert.equal(readFault(404, {}, utf8Encode('<html><title>Not here</title>')).kind, 'malformed');
    assert.equal(readFault(500, {}, Uint8Array.of(0xff, 0x00)).kind, 'serverError');
  });
});

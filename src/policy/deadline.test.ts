import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs } from '../kernel/brands.ts';
import type { HeaderRecord } from '../kernel/headers.ts';
import { type Deadlines, deadlinesOf } from './deadline.ts';

const totalMs = 600_000;

function read(headers: HeaderRecord, stream = true): Deadlines {
  const result = deadlinesOf(headers, { totalMs, stream, arrivedAt: monotonicMs(1_000) });
  assert.ok(result.ok, result.ok ? '' : result.error);
  return result.value;
}

const expected = (firstTokenAt: number, totalAt: number): Deadlines => ({
  firstTokenAt: monotonicMs(firstTokenAt),
  totalAt: monotonicMs(totalAt),
});

test('without a word from the caller the config counts', () => {
  assert.deepEqual(read({}), expected(601_000, 601_000));
});

test('a deadline said to us bounds the first token of a stream, and the whole of what is not streamed', () => {
  assert.deepEqual(read({ 'x-spillway-deadline-ms': '8000' }), expected(9_000, 601_000));
  assert.deepEqual(read({ 'x-spillway-deadline-ms': '90000' }, false), expected(91_000, 91_000));
});

test('an SDK that hangs up bounds the first token of a stream, and the whole of what is not streamed', () => {
  assert.deepEqual(read({ 'x-stainless-timeout': '30' }), expected(31_000, 601_000));
  assert.deepEqual(read({ 'x-stainless-timeout': '30' }, false), expected(31_000, 31_000));
  assert.deepEqual(read({ 'x-stainless-timeout': '2.5' }), expected(3_500, 601_000));
});

test('gRPC writes its timeouts with a unit', () => {
  assert.deepEqual(read({ 'grpc-timeout': '5S' }), expected(6_000, 601_000));
  assert.deepEqual(read({ 'grpc-timeout': '1500m' }), expected(2_500, 601_000));
  assert.deepEqual(read({ 'grpc-timeout': '2M' }, false), expected(121_000, 121_000));
});

test('the earliest of several counts', () => {
  const headers = { 'x-spillway-deadline-ms': '20000', 'x-stainless-timeout': '10', 'grpc-timeout': '15S' };
  assert.deepEqual(read(headers), expected(11_000, 601_000));
});

test('nobody gets more time than the operator allows', () => {
  assert.deepEqual(read({ 'x-spillway-deadline-ms': '999999999' }), expected(601_000, 601_000));
});

test('nonsense said to us is refused with a sentence', () => {
  for (const word of ['', 'soon', '-5', '0', '1e3', '0x10', 'NaN', 'Infinity', '5, 6', '1234567890123']) {
    const result = deadlinesOf(
      { 'x-spillway-deadline-ms': word },
      { totalMs, stream: true, arrivedAt: monotonicMs(0) },
    );
    assert.equal(result.ok, false, word);
    assert.match(result.ok ? '' : result.error, /x-spillway-deadline-ms must be a positive number of milliseconds/);
  }
});

test('nonsense said to others is ignored', () => {
  for (const word of ['', 'soon', '-5', '0', '5 S', '123456789S', '5, 6']) {
    const headers = { 'x-stainless-timeout': word, 'grpc-timeout': word };
    assert.deepEqual(read(headers), expected(601_000, 601_000), word);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readEngineLoad } from './engine-gauges.ts';

test('vLLM: requests are summed over engines, memory is that of the fullest', () => {
  const text = [
    '# HELP vllm:num_requests_waiting Number of requests waiting.',
    '# TYPE vllm:num_requests_waiting gauge',
    'vllm:num_requests_waiting{engine="0",model_name="a b} c"} 3.0',
    'vllm:num_requests_waiting{engine="1",model_name="a"} 4.0 1700000000000',
    'vllm:num_requests_running{engine="0",model_name="a"} 10.0\r',
    'vllm:num_requests_running{engine="1",model_name="a"} 1.2e1',
    'vllm:kv_cache_usage_perc{engine="0"} 0.5',
    'vllm:kv_cache_usage_perc{engine="1"} 0.75',
    'vllm:num_requests_waiting_total{engine="1"} 99',
  ].join('\n');
  assert.deepEqual(readEngineLoad(text), { waiting: 7, running: 22, kvUsage: 0.75 });
});

test('SGLang, TGI and llama.cpp are read by their own names', () => {
  assert.deepEqual(readEngineLoad('sglang:num_queue_reqs 2\nsglang:num_running_reqs 5\nsglang:token_usage 0.3\n'), {
    waiting: 2,
    running: 5,
    kvUsage: 0.3,
  });
  assert.deepEqual(readEngineLoad('tgi_queue_size 6\ntgi_batch_current_size 8'), {
    waiting: 6,
    running: 8,
    kvUsage: null,
  });
  assert.deepEqual(readEngineLoad('llamacpp:requests_deferred 1\nllamacpp:requests_processing 4'), {
    waiting: 1,
    running: 4,
    kvUsage: null,
  });
});

test('without queue or running requests there is nothing to tell', () => {
  for (const text of ['', '<html>', 'vllm:kv_cache_usage_perc 0.9', 'up 1', 'vllm:num_requests_waiting']) {
    assert.equal(readEngineLoad(text), null, text);
  }
});

test('values that are no numbers are skipped', () => {
  for (const value of ['NaN', '+Inf', '-3', 'many', '']) {
    const text = `vllm:num_requests_waiting{engine="0"} ${value}\nvllm:num_requests_running 5`;
    assert.deepEqual(readEngineLoad(text), { waiting: 0, running: 5, kvUsage: null }, value);
  }
});

test('what stands behind the first million characters, or in an endless line, is not read', () => {
  const late = `${'# filler\n'.repeat(120_000)}vllm:num_requests_waiting 5`;
  assert.equal(readEngineLoad(late), null);
  assert.equal(readEngineLoad(`vllm:num_requests_waiting{a="${'x'.repeat(5000)}"} 5`), null);
});

test('any text is survived', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (noise) => {
      const load = readEngineLoad(`${noise}\ntgi_queue_size 1\n${noise}`);
      assert.ok(load !== null && load.waiting >= 1);
    }),
  );
});

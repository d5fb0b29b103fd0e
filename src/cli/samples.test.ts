import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Samples } from './samples.ts';

const page = new Samples(`# HELP a_total What it is.
# TYPE a_total counter
a_total{model="m",lane="vip"} 3
a_total{model="m",lane="batch"} 4 1700000000000
a_total{model="quote \\" and } brace",lane="batch"} 1e2
plain 0.5
no value
bad{x="y"} NaN
vllm:queue{le="+Inf"} 7
`);

test('samples are found by name and labels, summed and compared', () => {
  assert.equal(page.sum('a_total'), 107);
  assert.equal(page.sum('a_total', { lane: 'batch', model: 'm' }), 4);
  assert.equal(page.max('a_total'), 100);
  assert.equal(page.sum('plain'), 0.5);
  assert.deepEqual(page.values('a_total', 'model'), ['m', 'quote " and } brace']);
  assert.equal(page.sum('vllm:queue', { le: '+Inf' }), 7);
});

test('what is not there or not understood is nothing', () => {
  assert.equal(page.sum('no'), 0);
  assert.equal(page.max('bad'), null);
  assert.equal(page.has('bad'), false);
});

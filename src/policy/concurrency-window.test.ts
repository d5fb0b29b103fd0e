import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { monotonicMs as at } from '../kernel/brands.ts';
import { ConcurrencyWindow } from './concurrency-window.ts';

test('no limit is known until the first refusal, and then it is where it was met', () => {
  const window = new ConcurrencyWindow();
  assert.equal(window.hasRoom(1_000, at(0)), true);
  for (let beside = 0; beside < 30; beside++) window.accepted(at(beside), beside);
  assert.equal(window.refused(at(40), 30, at(60)), true);
  assert.equal(window.max, 30);
  assert.equal(window.hasRoom(29, at(61)), true);
  assert.equal(window.hasRoom(30, at(61)), false);
});

test('who took as many a moment ago does not refuse for their number', () => {
  const window = new ConcurrencyWindow();
  window.accepted(at(5_000), 40);
  assert.equal(window.refused(at(5_500), 40, at(5_530)), false);
  assert.equal(window.max, Infinity);
  assert.equal(window.refused(at(7_000), 40, at(7_030)), true, 'that was long ago');
});

test('refused again and again though nothing was taken, it shrinks by more than one, to one at the least', () => {
  const window = new ConcurrencyWindow();
  window.refused(at(0), 50, at(10));
  assert.equal(window.isTaking, false);
  window.refused(at(20), 50, at(30));
  assert.equal(window.max, 45);
  for (let turn = 2; turn < 100; turn++) window.refused(at(turn * 20), 50, at(turn * 20 + 10));
  assert.equal(window.max, 1);
  window.accepted(at(3_000), 0);
  assert.equal(window.isTaking, true);
});

test('what was sent before the last refusal came does not cut again', () => {
  const window = new ConcurrencyWindow();
  window.refused(at(100), 50, at(130));
  window.refused(at(101), 48, at(131));
  window.refused(at(102), 47, at(132));
  assert.equal(window.max, 50);
});

test('a known limit is tried by one more now and then, and each that is taken lets two more try', () => {
  const window = new ConcurrencyWindow();
  window.accepted(at(0), 29);
  window.refused(at(10), 30, at(20));
  assert.equal(window.hasRoom(30, at(5_900)), false);
  assert.equal(window.hasRoom(30, at(6_020)), true);
  assert.equal(window.hasRoom(30, at(6_020)), true, 'asking is not sending');
  window.onSend(30, at(6_020));
  assert.equal(window.hasRoom(31, at(6_500)), false, 'the try has not been taken yet');
  window.accepted(at(6_020), 30);
  assert.equal(window.hasRoom(31, at(6_500)), true);
  window.onSend(31, at(6_500));
  assert.equal(window.hasRoom(32, at(6_520)), false, 'a refusal could not have been heard');
  assert.equal(window.hasRoom(32, at(6_550)), true);
  window.onSend(32, at(6_550));
  assert.equal(window.hasRoom(33, at(6_900)), false);
  window.refused(at(6_550), 32, at(6_950));
  assert.equal(window.max, 32);
  assert.equal(window.hasRoom(32, at(8_900)), false);
});

test('whatever happens, it takes one and never none', () => {
  const step = fc.record({ taken: fc.boolean(), beside: fc.nat(100), afterMs: fc.nat(5_000) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const window = new ConcurrencyWindow();
      let now = 0;
      for (const { taken, beside, afterMs } of steps) {
        now += afterMs;
        if (taken) window.accepted(at(now), beside);
        else window.refused(at(now), beside, at(now + 20));
        assert.ok(window.max >= 1 && window.hasRoom(0, at(now)));
      }
    }),
  );
});

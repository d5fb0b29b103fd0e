import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { monotonicMs } from '../kernel/brands.ts';
import { RateDraw } from './rate-draw.ts';

const at = monotonicMs;

test('what is drawn in any time is never more than the limit allows', () => {
  const draw = fc.tuple(fc.integer({ min: 1, max: 20 }), fc.nat(20_000));
  fc.assert(
    fc.property(
      fc.integer({ min: 20, max: 500 }),
      fc.integer({ min: 1, max: 8 }),
      fc.array(draw),
      (limit, members, draws) => {
        const rate = new RateDraw(limit);
        let now = 0;
        let drawn = 0;
        for (const [need, laterMs] of draws) {
          now += laterMs;
          drawn += rate.draw(need, members, at(now)).amount;
          assert.ok(drawn <= limit + (limit * now) / 60_000 + 1e-3);
        }
      },
    ),
  );
});

test('with plenty something is drawn ahead, near the end only what is needed', () => {
  const rate = new RateDraw(100);
  assert.equal(rate.draw(1, 2, at(0)).amount, 25);
  for (let i = 0; i < 100; i++) {
    const { amount } = rate.draw(1, 2, at(0));
    if (amount === 0) break;
  }
  assert.deepEqual(rate.draw(1, 2, at(0)), { amount: 0, waitMs: 600 });
});

test('all of a small limit can be had, one by one', () => {
  const rate = new RateDraw(3);
  const amounts = Array.from({ length: 5 }, () => rate.draw(1, 8, at(0)).amount);
  assert.deepEqual(amounts, [1, 1, 1, 0, 0]);
});

test('what is given back can be drawn again, and a reload keeps what was used', () => {
  const rate = new RateDraw(10);
  assert.equal(rate.draw(10, 2, at(0)).amount, 10);
  rate.giveBack(4, at(0));
  assert.equal(rate.draw(4, 2, at(0)).amount, 4);
  rate.reconfigure(5);
  assert.equal(rate.draw(1, 2, at(0)).amount, 0);
});

test('more than the whole bucket passes when it is full, and is paid off afterwards', () => {
  const rate = new RateDraw(60);
  assert.equal(rate.draw(120, 2, at(0)).amount, 120);
  assert.equal(rate.draw(1, 2, at(0)).waitMs, 61_000);
});

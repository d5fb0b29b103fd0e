import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { decimals, padded } from './decimals.ts';

test('figures are written with so many digits after the point, and what is none as 0', () => {
  assert.equal(decimals(12.345, 2), '12.35');
  assert.equal(decimals(0.05, 1), '0.1');
  assert.equal(decimals(7, 3), '7.000');
  assert.equal(decimals(1.002, 3), '1.002');
  assert.equal(decimals(3e12, 1), '3000000000000.0');
  for (const none of [NaN, -1, -0, 0]) assert.equal(decimals(none, 2), '0.00');
});

test('whatever the figure, it reads as the nearest one with so many digits', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1e7, noNaN: true }),
      fc.constantFrom(1 as const, 2 as const, 3 as const),
      (value, digits) => {
        const text = decimals(value, digits);
        assert.match(text, new RegExp(`^\\d+\\.\\d{${digits}}$`));
        assert.ok(Math.abs(Number(text) - value) <= 0.500_001 / 10 ** digits, text);
      },
    ),
  );
});

test('whole numbers get zeros before them', () => {
  assert.deepEqual(
    [padded(7, 3), padded(70, 3), padded(700, 3), padded(7, 2), padded(7, 1)],
    ['007', '070', '700', '07', '7'],
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { monotonicMs } from '../kernel/brands.ts';
import { Cooldown } from './cooldown.ts';

const at = monotonicMs;

test('rests until its end and comes back by itself', () => {
  const cooldown = new Cooldown();
  assert.equal(cooldown.isResting(at(0)), false);
  assert.equal(cooldown.extend(1000, at(500)), true);
  assert.equal(cooldown.until, 1500);
  assert.equal(cooldown.isResting(at(1499)), true);
  assert.equal(cooldown.isResting(at(1500)), false);
});

test('a shorter rest never shortens a longer one', () => {
  const cooldown = new Cooldown();
  cooldown.extend(60_000, at(0));
  assert.equal(cooldown.extend(1000, at(100)), false);
  assert.equal(cooldown.until, 60_000);
});

test('nothing to rest is no rest', () => {
  const cooldown = new Cooldown();
  assert.equal(cooldown.extend(0, at(1000)), false);
  assert.equal(cooldown.isResting(at(1000)), false);
});

test('cleared, it is awake at once', () => {
  const cooldown = new Cooldown();
  cooldown.extend(60_000, at(0));
  cooldown.clear();
  assert.equal(cooldown.isResting(at(1)), false);
  assert.equal(cooldown.extend(10, at(1)), true);
});

test('the end is the latest of all ends asked for', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat({ max: 1000 }), fc.nat({ max: 5000 })), { minLength: 1 }), (rests) => {
      const cooldown = new Cooldown();
      let now = 0;
      let latest = 0;
      for (const [pauseMs, ms] of rests) {
        now += pauseMs;
        const grows = ms > 0 && now + ms > latest;
        assert.equal(cooldown.extend(ms, at(now)), grows);
        if (grows) latest = now + ms;
        assert.equal(cooldown.until, latest);
      }
    }),
  );
});

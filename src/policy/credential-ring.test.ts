import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { monotonicMs } from '../kernel/brands.ts';
import { CredentialRing } from './credential-ring.ts';

const at = monotonicMs;
const picks = (ring: CredentialRing, times: number, model = 'm', now = 0): (number | null)[] =>
  Array.from({ length: times }, () => ring.pick(model, at(now)));

test('credentials are used in turn', () => {
  assert.deepEqual(picks(new CredentialRing(3), 7), [0, 1, 2, 0, 1, 2, 0]);
});

test('one that rests is passed over until its rest ends by itself', () => {
  const ring = new CredentialRing(3);
  assert.equal(ring.rest(1, 1000, at(0), null), true);
  assert.deepEqual(picks(ring, 4), [0, 2, 0, 2]);
  assert.equal(ring.usable('m', at(999)), 2);
  assert.equal(ring.restingMs(1, at(400)), 600);
  assert.equal(ring.usable('m', at(1000)), 3);
  assert.equal(ring.restingMs(1, at(2000)), 0);
});

test('a rest for one model leaves the others alone', () => {
  const ring = new CredentialRing(1);
  ring.rest(0, 1000, at(0), 'large');
  assert.equal(ring.pick('large', at(0)), null);
  assert.equal(ring.pick('small', at(0)), 0);
  assert.equal(ring.restingMs(0, at(0)), 0);
  assert.equal(ring.readyAt('large', at(0)), 1000);
  assert.equal(ring.readyAt('small', at(0)), null);
});

test('a shorter rest never replaces a longer one', () => {
  const ring = new CredentialRing(1);
  assert.equal(ring.rest(0, 1000, at(0), null), true);
  assert.equal(ring.rest(0, 10, at(5), null), false);
  assert.equal(ring.rest(0, 995, at(5), null), false);
  assert.equal(ring.rest(0, 0, at(2000), null), false);
  assert.equal(ring.rest(0, -5, at(2000), 'm'), false);
  assert.equal(ring.readyAt('m', at(5)), 1000);
});

test('when all rest none is picked, and the first to come back is told', () => {
  const ring = new CredentialRing(2);
  ring.rest(0, 3000, at(0), null);
  ring.rest(1, 1000, at(0), null);
  ring.rest(1, 2000, at(0), 'm');
  assert.deepEqual([ring.pick('m', at(0)), ring.usable('m', at(0)), ring.readyAt('m', at(0))], [null, 0, 2000]);
});

test('a ring without credentials, or an ordinal outside of it, does nothing', () => {
  const ring = new CredentialRing(0);
  assert.deepEqual([ring.pick('m', at(0)), ring.usable('m', at(0)), ring.readyAt('m', at(0))], [null, 0, null]);
  assert.equal(ring.rest(0, 1000, at(0), null), false);
  assert.equal(new CredentialRing(1).rest(1, 1000, at(0), null), false);
});

test('models are remembered up to a maximum, the one that rested longest ago is forgotten', () => {
  const ring = new CredentialRing(1);
  for (let model = 0; model <= 1000; model++) ring.rest(0, 1000, at(0), `model ${model}`);
  assert.equal(ring.pick('model 0', at(0)), 0);
  assert.equal(ring.pick('model 1', at(0)), null);
  assert.equal(ring.pick('model 1000', at(0)), null);
});

test('never picks one that rests, always picks one that does not, and says when', () => {
  const event = fc.record({
    pauseMs: fc.nat({ max: 500 }),
    ordinal: fc.nat({ max: 3 }),
    ms: fc.nat({ max: 2000 }),
    model: fc.constantFrom('a', 'b', null),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 100 }), (events) => {
      const ring = new CredentialRing(4);
      const until: { ordinal: number; model: string | null; until: number }[] = [];
      let now = 0;
      for (const { pauseMs, ordinal, ms, model } of events) {
        now += pauseMs;
        ring.rest(ordinal, ms, at(now), model);
        until.push({ ordinal, model, until: now + ms });
        for (const asked of ['a', 'b']) {
          const ends = [0, 1, 2, 3].map((one) =>
            Math.max(
              0,
              ...until.filter((rest) => rest.ordinal === one && rest.model !== other(asked)).map((rest) => rest.until),
            ),
          );
          const awake = ends.filter((end) => end <= now).length;
          assert.equal(ring.usable(asked, at(now)), awake);
          const picked = ring.pick(asked, at(now));
          if (awake === 0) assert.equal(picked, null);
          else assert.ok(picked !== null && (ends[picked] ?? Infinity) <= now);
          assert.equal(ring.readyAt(asked, at(now)), awake > 0 ? null : Math.min(...ends));
        }
      }
    }),
  );
});

function other(model: string): string {
  return model === 'a' ? 'b' : 'a';
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { monotonicMs as at } from '../kernel/brands.ts';
import { lanes } from '../kernel/lane.ts';
import type { WindowHold } from './window.ts';
import { apiCost, engineCost, Window } from './window.ts';
import { windowDefaults } from './window-settings.ts';

const SETTINGS = windowDefaults.engine;
const taken = (cost: number, promptTokens = 0) => ({ cost, promptTokens, streamed: true });

test('lower lanes leave room for higher ones', () => {
  const window = new Window(SETTINGS);
  const L = SETTINGS.tokensInitial;
  window.take(taken(0.84 * L), at(0)).firstToken(at(1));
  assert.deepEqual(
    lanes.filter((lane) => window.room(0.05 * L, 0, lane)),
    ['vip', 'standard'],
  );
  assert.deepEqual(
    lanes.filter((lane) => window.room(0.15 * L, 0, lane)),
    ['vip'],
  );
  assert.equal(window.room(0.17 * L, 0, 'vip'), false);
});

test('unanswered prompts are bounded, for vip half as much again', () => {
  const window = new Window(SETTINGS);
  const P = SETTINGS.prefillTokensInitial;
  const hold = window.take(taken(P, P), at(0));
  assert.equal(window.room(100, 100, 'standard'), false);
  assert.equal(window.room(100, 0.5 * P, 'vip'), true);
  assert.equal(window.room(100, 0.5 * P + 1, 'vip'), false);
  hold.firstToken(at(50));
  assert.equal(window.prefillOutstanding, 0);
  assert.equal(window.room(100, P, 'standard'), true);
});

test('what is larger than the window goes alone', () => {
  const window = new Window(SETTINGS);
  assert.equal(window.room(10 * SETTINGS.tokensInitial, 1e6, 'batch'), true);
  const hold = window.take(taken(10), at(0));
  assert.equal(window.room(10 * SETTINGS.tokensInitial, 1e6, 'vip'), false);
  hold.end();
  assert.equal(window.room(10 * SETTINGS.tokensInitial, 1e6, 'vip'), true);
});

test('a prompt larger than the prefill window goes when no other prompt is unanswered', () => {
  const window = new Window(SETTINGS);
  const hold = window.take(taken(100, 100), at(0));
  assert.equal(window.room(12_000, 12_500, 'standard'), false);
  hold.firstToken(at(1));
  assert.equal(window.room(12_000, 12_500, 'standard'), true);
});

test('an answer longer than thought holds more than thought, and all of it comes back', () => {
  const window = new Window(SETTINGS);
  const hold = window.take(taken(150, 100), at(0));
  hold.tokens(20, at(10));
  assert.equal(window.inFlight, 150);
  hold.tokens(80, at(20));
  assert.equal(window.inFlight, 200);
  assert.equal(hold.end(), true);
  assert.equal(hold.end(), false);
  assert.equal(window.inFlight, 0);
});

test('calls after the end are without effect', () => {
  const window = new Window(SETTINGS);
  const other = window.take(taken(50, 40), at(0));
  const hold = window.take(taken(150, 100), at(0));
  hold.end();
  hold.firstToken(at(5));
  hold.tokens(1_000, at(6));
  hold.keepAlive();
  assert.deepEqual([window.inFlight, window.prefillOutstanding, window.exchanges], [50, 40, 1]);
  other.end();
});

test('only a lack of room at the far side moves the window, not rates and not money', () => {
  const window = new Window(SETTINGS);
  window.take(taken(10_000), at(0));
  for (const signal of ['requests', 'tokens', 'spend'] as const) {
    assert.equal(window.overload(signal, at(0), at(10)), false);
    assert.equal(window.tokensMax, SETTINGS.tokensInitial);
  }
  assert.equal(window.overload('global', at(0), at(10)), true);
  assert.equal(window.overload('concurrency', at(5), at(20)), false);
  assert.ok(window.tokensMax < SETTINGS.tokensInitial);
});

/** After a second's start, so that the next tick judges. */
function begun(): Window {
  const window = new Window(SETTINGS);
  window.tick('none', 0, at(0));
  return window;
}

test('the second keep-alive before a token is congestion, one is not', () => {
  const one = begun();
  one.take(taken(19_000), at(0)).keepAlive();
  one.tick('fair', 0, at(1_000));
  assert.equal(one.tokensMax, SETTINGS.tokensInitial);
  const two = begun();
  const hold = two.take(taken(19_000), at(0));
  hold.keepAlive();
  hold.keepAlive();
  two.tick('fair', 0, at(1_000));
  assert.ok(two.tokensMax < SETTINGS.tokensInitial);
});

test('keep-alives between tokens are no sign', () => {
  const window = begun();
  const hold = window.take(taken(19_000), at(0));
  hold.firstToken(at(1));
  hold.keepAlive();
  hold.keepAlive();
  window.tick('fair', 0, at(1_000));
  assert.equal(window.tokensMax, SETTINGS.tokensInitial);
});

test('a queue in the engine itself cuts', () => {
  const window = begun();
  window.take(taken(19_000), at(0)).firstToken(at(1));
  window.observe({ waiting: 20, running: 50, kvUsage: 0.5 }, at(500));
  window.tick('fair', 0, at(1_000));
  assert.ok(window.tokensMax < SETTINGS.tokensInitial);
});

test('the queue that a window was cut for does not cut it again', () => {
  const full = { waiting: 20, running: 50, kvUsage: 0.5 };
  const window = begun();
  window.take(taken(19_000), at(0)).firstToken(at(1));
  const sizes = [1_000, 2_000, 3_000, 4_000].map((now) => {
    window.observe(full, at(now));
    window.tick('fair', 0, at(now));
    return window.tokensMax;
  });
  assert.ok((sizes[0] ?? 0) < SETTINGS.tokensInitial);
  assert.deepEqual(sizes.slice(1, 3), [sizes[0], sizes[0]]);
  assert.ok((sizes[3] ?? 0) < (sizes[0] ?? 0), 'it should have been gone by now');
});

test('who has nothing in flight has not caused a queue', () => {
  const window = begun();
  window.observe({ waiting: 20, running: 50, kvUsage: 1 }, at(500));
  window.tick('none', 0, at(1_000));
  assert.equal(window.tokensMax, SETTINGS.tokensInitial);
});

/** Ten exchanges answered after 100 ms, so that what is normal is known. */
function experienced(): Window {
  const window = begun();
  for (let turn = 0; turn < 10; turn++) {
    const hold = window.take(taken(100, 100), at(turn * 10));
    hold.firstToken(at(turn * 10 + 100));
    hold.end();
  }
  window.tick('none', 0, at(1_000));
  return window;
}

test('who waits for a first token far beyond what is normal is congestion before it comes', () => {
  const window = experienced();
  window.take(taken(19_000, 100), at(1_100));
  window.tick('fair', 0, at(2_500));
  const before = window.tokensMax;
  window.tick('fair', 0, at(3_600));
  assert.ok(window.tokensMax < before);
});

test('a whole answer tells of no first token: it is no silence, and its prompt is taken as read', () => {
  const window = experienced();
  window.take({ cost: 19_000, promptTokens: 100, streamed: false }, at(1_100));
  window.tick('fair', 0, at(3_600));
  assert.equal(window.tokensMax, SETTINGS.tokensInitial);
  assert.equal(window.prefillOutstanding, 0);
});

test('costs: half the answer on average in an engine; at an API what it sets aside', () => {
  assert.equal(engineCost(100, 300), 250);
  assert.equal(apiCost(100, null, 500), 600);
  assert.equal(apiCost(100, 200, 500), 300);
  assert.equal(apiCost(100, 4_000, 500), 600);
});

test('whatever is taken comes back exactly once', () => {
  const step = fc.record({ what: fc.nat({ max: 4 }), which: fc.nat({ max: 20 }), amount: fc.nat({ max: 3_000 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const window = new Window(SETTINGS);
      const holds: WindowHold[] = [];
      let now = 0;
      for (const { what, which, amount } of steps) {
        now += 37;
        const hold = holds[which % Math.max(1, holds.length)];
        if (what === 0) holds.push(window.take(taken(amount * 1.1, amount), at(now)));
        else if (what === 1) hold?.firstToken(at(now));
        else if (what === 2) hold?.tokens(amount, at(now));
        else if (what === 3) hold?.end();
        else window.tick(amount % 2 === 0 ? 'fair' : 'greedy', amount, at(now));
        assert.ok(window.inFlight >= 0 && window.prefillOutstanding >= 0);
      }
      for (const hold of holds) hold.end();
      assert.deepEqual([window.inFlight, window.prefillOutstanding, window.exchanges], [0, 0, 0]);
    }),
    { numRuns: 100 },
  );
});

test('who holds more than its share leaves to others what it is told to', () => {
  const window = begun();
  const hold = window.take(taken(5_000), at(0));
  hold.firstToken(at(1));
  assert.equal(window.room(10_000, 100, 'standard', 5_000), true, 'its size is not known yet');
  window.overload('concurrency', at(0), at(2));
  assert.equal(window.state, 'cubic');
  const room = 0.92 * window.tokensMax - 5_000;
  assert.equal(window.room(room - 100, 100, 'standard'), true);
  assert.equal(window.room(room - 5_000, 100, 'standard', 4_900), true);
  assert.equal(window.room(room - 5_000, 100, 'standard', 5_100), false);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { constantChance, seededChance } from '../../test/support/chance.ts';
import { monotonicMs } from '../kernel/brands.ts';
import type { BreakerConfig } from '../ports/config.ts';
import { Breaker } from './breaker.ts';

const at = monotonicMs;
const config: BreakerConfig = {
  consecutiveFailures: 5,
  failurePercent: 50,
  minimumSends: 20,
  windowMs: 30_000,
  openMs: 10_000,
  openMsMax: 300_000,
};
/** The middle draw: no jitter. */
const middle = constantChance(0.5);

function opened(now = 0): Breaker {
  const breaker = new Breaker(config, middle);
  for (let failure = 0; failure < 5; failure++) fail(breaker, now);
  assert.equal(breaker.state, 'open');
  return breaker;
}

function fail(breaker: Breaker, now: number): ReturnType<Breaker['onFailure']> {
  breaker.onSend(at(now));
  return breaker.onFailure(at(now));
}

function succeed(breaker: Breaker, now: number): ReturnType<Breaker['onSuccess']> {
  breaker.onSend(at(now));
  return breaker.onSuccess(at(now));
}

test('failures in a row open it, and say so', () => {
  const breaker = new Breaker(config, middle);
  for (let failure = 1; failure < 5; failure++) assert.equal(fail(breaker, 0), null);
  assert.equal(breaker.mayPass(at(0)), true);
  assert.deepEqual(fail(breaker, 0), { from: 'closed', to: 'open', why: '5 failures in a row' });
  assert.equal(breaker.mayPass(at(9_999)), false);
  assert.equal(breaker.reopensAt(at(0)), 10_000);
});

test('one success breaks the row', () => {
  const breaker = new Breaker(config, middle);
  for (let failure = 0; failure < 4; failure++) fail(breaker, 0);
  succeed(breaker, 0);
  for (let failure = 0; failure < 4; failure++) fail(breaker, 0);
  assert.equal(breaker.state, 'closed');
});

test('a share of failures opens it only from the least number of sends on', () => {
  const breaker = new Breaker(config, middle);
  for (let pair = 1; pair < 10; pair++) {
    assert.equal(succeed(breaker, pair), null);
    assert.equal(fail(breaker, pair), null);
  }
  succeed(breaker, 10);
  assert.deepEqual(fail(breaker, 10), { from: 'closed', to: 'open', why: '10 of 20 sends failed within 30 s' });
});

test('failures older than the window no longer count', () => {
  const breaker = new Breaker(config, middle);
  for (let pair = 0; pair < 9; pair++) {
    succeed(breaker, 0);
    fail(breaker, 0);
  }
  succeed(breaker, 31_000);
  fail(breaker, 31_000);
  assert.equal(breaker.state, 'closed');
});

test('sends count when sent: many still running dilute the share of the few that failed', () => {
  const breaker = new Breaker(config, middle);
  for (let send = 0; send < 100; send++) breaker.onSend(at(0));
  for (let pair = 0; pair < 15; pair++) {
    breaker.onFailure(at(1));
    breaker.onSuccess(at(1));
  }
  assert.equal(breaker.state, 'closed');
});

test('ends of sends older than the window do not make a small share look large', () => {
  const breaker = new Breaker(config, middle);
  for (let send = 0; send < 100; send++) breaker.onSend(at(0));
  for (let send = 0; send < 20; send++) breaker.onSend(at(35_000));
  // 30 of the 100 old sends fail: more than half of the 20 in the window, but not half of what ended in it.
  for (let end = 0; end < 100; end++) {
    if (end % 10 >= 7) breaker.onFailure(at(35_000));
    else breaker.onSuccess(at(35_000));
  }
  assert.equal(breaker.state, 'closed');
});

test('failures of sends older than the window still open it by their share', () => {
  const breaker = new Breaker({ ...config, consecutiveFailures: 100 }, middle);
  for (let send = 0; send < 20; send++) breaker.onSend(at(0));
  for (let end = 0; end < 19; end++) assert.equal(breaker.onFailure(at(60_000), at(0)), null);
  assert.equal(breaker.onFailure(at(60_000), at(0))?.why, '20 of 20 sends failed within 30 s');
});

test('asking never moves it: only a send makes it half-open', () => {
  const breaker = opened();
  assert.equal(breaker.mayPass(at(10_000)), true);
  assert.equal(breaker.mayPass(at(10_000)), true);
  assert.equal(breaker.state, 'open');
  assert.equal(breaker.onSend(at(10_000))?.to, 'half-open');
});

test('half-open lets exactly one probe pass', () => {
  const breaker = opened();
  breaker.onSend(at(10_000));
  assert.equal(breaker.mayPass(at(10_001)), false);
  assert.equal(breaker.onSend(at(10_001)), null);
  assert.equal(breaker.state, 'half-open');
});

test('while the probe runs nobody can say when it reopens: its end decides', () => {
  const breaker = opened();
  breaker.onSend(at(10_000));
  assert.equal(breaker.reopensAt(at(10_001)), null);
  breaker.onFailure(at(10_002));
  assert.equal(breaker.reopensAt(at(10_002)), 30_002);
});

test('a probe that succeeds closes it, and the doubling is forgotten', () => {
  const breaker = opened();
  breaker.onSend(at(10_000));
  assert.equal(breaker.onFailure(at(10_000))?.to, 'open');
  assert.equal(breaker.reopensAt(at(10_000)), 30_000);
  breaker.onSend(at(30_000));
  assert.deepEqual(breaker.onSuccess(at(30_500)), { from: 'half-open', to: 'closed', why: 'the probe succeeded' });
  assert.equal(breaker.reopensAt(at(30_500)), null);
  for (let failure = 0; failure < 5; failure++) fail(breaker, 31_000);
  assert.equal(breaker.reopensAt(at(31_000)), 41_000);
});

test('every failed probe doubles the open time up to the maximum', () => {
  const breaker = opened();
  const waits: number[] = [];
  for (let probe = 0; probe < 100; probe++) {
    const reopensAt = breaker.reopensAt(at(0));
    assert.ok(reopensAt !== null);
    breaker.onSend(reopensAt);
    breaker.onFailure(reopensAt);
    waits.push((breaker.reopensAt(reopensAt) ?? 0) - reopensAt);
  }
  assert.deepEqual(waits.slice(0, 6), [20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
  assert.equal(waits.at(-1), 300_000);
});

test('open times vary by a fifth both ways', () => {
  const shortest = new Breaker(config, constantChance(0));
  const longest = new Breaker(config, constantChance(1 - 2 ** -32));
  for (let failure = 0; failure < 5; failure++) {
    fail(shortest, 0);
    fail(longest, 0);
  }
  assert.ok(Math.abs((shortest.reopensAt(at(0)) ?? 0) - 8_000) < 0.01);
  assert.ok(Math.abs((longest.reopensAt(at(0)) ?? 0) - 12_000) < 0.01);
});

test('a probe that ended with neither frees the slot for the next', () => {
  const breaker = opened();
  breaker.onSend(at(10_000));
  breaker.onRelease(at(10_100));
  assert.equal(breaker.state, 'half-open');
  assert.equal(breaker.mayPass(at(10_100)), true);
  assert.equal(breaker.reopensAt(at(10_100)), 10_100);
  breaker.onSend(at(10_200));
  assert.equal(breaker.mayPass(at(10_200)), false);
  assert.equal(breaker.onSuccess(at(10_300))?.to, 'closed');
});

test('a probe that never ends does not shut the target for ever', () => {
  const breaker = opened();
  breaker.onSend(at(10_000));
  assert.equal(breaker.mayPass(at(309_999)), false);
  assert.equal(breaker.mayPass(at(310_000)), true);
  breaker.onSend(at(310_000));
  assert.equal(breaker.mayPass(at(310_001)), false);
});

test('ends of sends made before it opened judge neither the probe nor the recovered target', () => {
  const breaker = new Breaker(config, middle);
  for (let send = 0; send < 50; send++) breaker.onSend(at(0));
  for (let end = 0; end < 5; end++) breaker.onFailure(at(60_000), at(0));
  assert.equal(breaker.state, 'open');
  breaker.onSend(at(70_000));
  assert.equal(breaker.onFailure(at(70_100), at(0)), null);
  assert.equal(breaker.onSuccess(at(70_100), at(0)), null);
  breaker.onRelease(at(70_100), at(0));
  assert.equal(breaker.mayPass(at(70_100)), false);
  assert.equal(breaker.onSuccess(at(70_200), at(70_000))?.to, 'closed');
  for (let end = 0; end < 40; end++) breaker.onFailure(at(70_300), at(0));
  assert.equal(breaker.state, 'closed');
});

test('while open nothing that ends counts', () => {
  const breaker = opened();
  for (let end = 0; end < 10; end++) {
    assert.equal(breaker.onFailure(at(1)), null);
    assert.equal(breaker.onSuccess(at(1)), null);
  }
  assert.equal(breaker.onSend(at(1)), null);
  assert.equal(breaker.reopensAt(at(1)), 10_000);
});

test('new settings hold at once, and shorten an open time that has become too long', () => {
  const breaker = opened();
  breaker.reconfigure({ ...config, openMsMax: 1_000 });
  assert.equal(breaker.reopensAt(at(0)), 1_200);
  const closed = new Breaker(config, middle);
  fail(closed, 0);
  closed.reconfigure({ ...config, windowMs: 1_000, consecutiveFailures: 2 });
  assert.equal(fail(closed, 0)?.why, '2 failures in a row');
});

test('once closed again it starts afresh: neither the old row nor the old share counts', () => {
  const breaker = new Breaker({ ...config, consecutiveFailures: 40 }, middle);
  for (let failure = 0; failure < 20; failure++) fail(breaker, 0);
  assert.equal(breaker.state, 'open');
  breaker.onSend(at(10_000));
  breaker.onSuccess(at(10_000));
  for (let failure = 0; failure < 19; failure++) assert.equal(fail(breaker, 10_001), null);
  const row = opened();
  row.onSend(at(10_000));
  row.onSuccess(at(10_000));
  for (let failure = 0; failure < 4; failure++) assert.equal(fail(row, 10_001), null);
});

test('a send made past its advice while open does not judge the probe', () => {
  const breaker = opened();
  breaker.onSend(at(5_000));
  breaker.onSend(at(10_000));
  assert.equal(breaker.onFailure(at(10_100), at(5_000)), null);
  assert.equal(breaker.onSuccess(at(10_100), at(5_000)), null);
  assert.equal(breaker.state, 'half-open');
});

test('new settings keep the counts unless the window itself changed', () => {
  const kept = new Breaker({ ...config, consecutiveFailures: 100 }, middle);
  for (let failure = 0; failure < 19; failure++) fail(kept, 0);
  kept.reconfigure({ ...config, consecutiveFailures: 200 });
  assert.equal(fail(kept, 0)?.why, '20 of 20 sends failed within 30 s');
  const fresh = new Breaker({ ...config, consecutiveFailures: 100 }, middle);
  for (let failure = 0; failure < 19; failure++) fail(fresh, 0);
  fresh.reconfigure({ ...config, consecutiveFailures: 200, windowMs: 60_000 });
  assert.equal(fail(fresh, 0), null);
  assert.equal(fresh.reopensAt(at(0)), null);
});

test('new settings leave a probe that runs alone', () => {
  const breaker = opened();
  breaker.onSend(at(10_000));
  breaker.reconfigure({ ...config, openMsMax: 1_000 });
  assert.equal(breaker.mayPass(at(10_999)), false);
  assert.equal(breaker.onSuccess(at(10_999))?.to, 'closed');
  breaker.reconfigure(config);
  assert.equal(breaker.mayPass(at(10_999)), true);
});

test('whatever happens: at most one probe at a time, moves tell the truth, and it always opens again', () => {
  const event = fc.record({
    pauseMs: fc.integer({ min: 0, max: 15_000 }),
    kind: fc.constantFrom('send', 'success', 'failure', 'failure', 'release'),
    which: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 300 }), fc.integer(), (events, seed) => {
      const breaker = new Breaker({ ...config, consecutiveFailures: 2 }, seededChance(seed));
      let now = 0;
      let state = breaker.state;
      let probe: number | null = null;
      const running: number[] = [];
      for (const { pauseMs, kind, which } of events) {
        now += pauseMs + 1;
        let move = null;
        if (kind === 'send') {
          if (!breaker.mayPass(at(now))) continue;
          assert.ok(probe === null || now - probe >= config.openMsMax, 'a second probe passed');
          move = breaker.onSend(at(now));
          if (breaker.state === 'half-open') probe = now;
          running.push(now);
        } else {
          const [sentAt] = running.splice(running.length === 0 ? 0 : which % running.length, 1);
          if (sentAt === undefined) continue;
          if (kind === 'success') move = breaker.onSuccess(at(now), at(sentAt));
          else if (kind === 'failure') move = breaker.onFailure(at(now), at(sentAt));
          else breaker.onRelease(at(now), at(sentAt));
          if (move !== null && state === 'half-open')
            assert.equal(sentAt, probe, 'judged by another send than the probe');
          if (sentAt === probe) probe = null;
        }
        if (move === null) assert.equal(breaker.state, state);
        else assert.deepEqual([move.from, move.to], [state, breaker.state]);
        state = breaker.state;
        if (state !== 'half-open') probe = null;
        const reopensAt = breaker.reopensAt(at(now));
        if (state === 'closed') assert.equal(breaker.mayPass(at(now)), true);
        if (state === 'half-open') assert.equal(reopensAt === null, !breaker.mayPass(at(now)));
        assert.equal(
          reopensAt === null,
          state === 'closed' || (state === 'half-open' && probe !== null && now - probe < config.openMsMax),
        );
        if (reopensAt !== null) {
          assert.ok(reopensAt - now <= config.openMsMax * 1.2);
          assert.equal(breaker.mayPass(reopensAt), true);
        }
      }
    }),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { monotonicMs as at } from '../kernel/brands.ts';
import { WindowControl, type WindowUse } from './window-control.ts';
import { windowDefaults } from './window-settings.ts';

const SETTINGS = windowDefaults.engine;
const FULL = { backlog: 'fair', reserve: 0, isSilent: false } as const;

/** A controller in virtual time: each second twelve first tokens, `lateMs` over a base of 100 ms, then a tick. */
class Driver {
  readonly control = new WindowControl(SETTINGS);
  now = 0;

  constructor() {
    this.control.tick({ inFlight: 0, ...FULL }, at(0));
    this.second({ inFlight: 10_000 });
  }

  second({
    inFlight,
    lateMs = 0,
    backlog = 'fair',
    reserve = 0,
    samples = 12,
    isSilent = false,
    sentAgoMs = 100 + lateMs,
  }: Second): void {
    for (let turn = 0; turn < samples; turn++) {
      const arrived = this.now + 50 + turn * 50;
      const sent = { promptTokens: 0, readTokens: 0, sentAt: at(arrived - sentAgoMs) };
      this.control.onFirstToken(sent, false, at(arrived));
    }
    this.now += 1_000;
    this.control.tick({ inFlight, backlog, reserve, isSilent }, at(this.now));
  }

  /** As many seconds with the window full and nothing wrong. */
  well(seconds: number): void {
    for (let turn = 0; turn < seconds; turn++) this.second({ inFlight: this.control.tokensMax });
  }
}

interface Second {
  readonly inFlight: number;
  readonly lateMs?: number;
  readonly backlog?: WindowUse['backlog'];
  readonly reserve?: number;
  readonly samples?: number;
  readonly isSilent?: boolean;
  readonly sentAgoMs?: number;
}

test('a full window that does well grows by a quarter each second at first', () => {
  const { control } = new Driver();
  const driver = new Driver();
  const before = driver.control.tokensMax;
  driver.second({ inFlight: before });
  assert.equal(driver.control.tokensMax, 1.25 * before);
  assert.equal(control.state, 'slow-start');
});

test('a window that is not used does not grow', () => {
  const driver = new Driver();
  const before = driver.control.tokensMax;
  for (let turn = 0; turn < 30; turn++) driver.second({ inFlight: 0.7 * before, backlog: 'none' });
  assert.equal(driver.control.tokensMax, before);
});

test('first tokens late by more than twice the allowance cut it; late by less hold it', () => {
  const driver = new Driver();
  driver.well(5);
  const before = driver.control.tokensMax;
  driver.second({ inFlight: before, lateMs: 1.5 * SETTINGS.slowMs });
  assert.equal(driver.control.tokensMax, before);
  assert.equal(driver.control.state, 'hold');
  driver.second({ inFlight: before, lateMs: 3 * SETTINGS.slowMs });
  assert.ok(Math.abs(driver.control.tokensMax - 0.88 * before) < 1);
});

test('answers sent before a cut are not held against the window after it', () => {
  const driver = new Driver();
  driver.well(5);
  driver.second({ inFlight: driver.control.tokensMax, lateMs: 1_000 });
  const after = driver.control.tokensMax;
  for (let turn = 0; turn < 5; turn++) driver.second({ inFlight: after, sentAgoMs: 100_000 });
  assert.ok(driver.control.tokensMax >= after);
});

test('one refusal cuts by a fifth, those sent before it not again', () => {
  const driver = new Driver();
  driver.well(5);
  const before = driver.control.tokensMax;
  const now = at(driver.now);
  assert.equal(driver.control.onRefused(at(driver.now - 500), before, now), true);
  assert.ok(Math.abs(driver.control.tokensMax - 0.8 * before) < 1);
  assert.equal(driver.control.onRefused(at(driver.now - 400), before, at(driver.now + 10)), false);
  assert.ok(Math.abs(driver.control.tokensMax - 0.8 * before) < 1);
});

test('after a cut it returns to the size of the trouble within the regrowth time, and rests there', () => {
  const driver = new Driver();
  driver.well(6);
  const size = driver.control.tokensMax;
  driver.second({ inFlight: size, lateMs: 1_000 });
  driver.well(SETTINGS.regrowthMs / 1_000 + 1);
  assert.ok(Math.abs(driver.control.tokensMax / size - 1) < 0.02, String(driver.control.tokensMax / size));
});

test('having left slow start for being slow, it still grows', () => {
  const driver = new Driver();
  driver.well(3);
  const size = driver.control.tokensMax;
  driver.second({ inFlight: size, lateMs: 1.5 * SETTINGS.slowMs });
  driver.well(60);
  assert.ok(driver.control.tokensMax > 1.5 * size, String(driver.control.tokensMax / size));
});

test('whoever waits sees it grow within a minute when nothing is wrong, even if few or no first tokens are told', () => {
  for (const samples of [0, 1]) {
    const driver = new Driver();
    driver.well(3);
    driver.second({ inFlight: driver.control.tokensMax, lateMs: 1_000 });
    const before = driver.control.tokensMax;
    for (let turn = 0; turn < 60; turn++) driver.second({ inFlight: driver.control.tokensMax, samples });
    assert.ok(driver.control.tokensMax > before, `${samples} a second`);
  }
});

test('silence and complaints cut', () => {
  for (const kind of ['silence', 'complaint'] as const) {
    const driver = new Driver();
    driver.well(5);
    const before = driver.control.tokensMax;
    if (kind === 'complaint') driver.control.complain('congested');
    driver.second({ inFlight: before, isSilent: kind === 'silence' });
    assert.ok(driver.control.tokensMax < before, kind);
  }
});

test('a complaint is heard once', () => {
  const driver = new Driver();
  driver.control.complain('congested');
  driver.second({ inFlight: 10_000 });
  const after = driver.control.tokensMax;
  driver.well(3);
  assert.ok(driver.control.tokensMax > after);
});

test('slow decoding cuts, but only once the last cut has come to pass', () => {
  const driver = new Driver();
  driver.well(5);
  const slowSecond = (inFlight: number): void => {
    for (let turn = 0; turn < 100; turn++) driver.control.onTokens(3 * SETTINGS.interTokenObjectiveMs, 1);
    driver.second({ inFlight });
  };
  for (let turn = 0; turn < 100; turn++) driver.control.onTokens(30, 1);
  driver.well(1);
  const before = driver.control.tokensMax;
  slowSecond(before);
  const cut = driver.control.tokensMax;
  assert.ok(cut < before);
  slowSecond(before);
  assert.ok(driver.control.tokensMax >= cut);
  slowSecond(0.9 * cut);
  assert.ok(driver.control.tokensMax < cut);
});

test('while nobody waits it is not cut below what is in flight', () => {
  const driver = new Driver();
  driver.well(5);
  const inFlight = 0.9 * driver.control.tokensMax;
  for (let turn = 0; turn < 20; turn++) driver.second({ inFlight, lateMs: 1_000, backlog: 'none' });
  assert.ok(driver.control.tokensMax >= Math.min(inFlight, driver.control.tokensMax / 0.95));
  assert.ok(driver.control.tokensMax > inFlight);
});

test('a far side that became slower by itself does not end at the smallest window', () => {
  const driver = new Driver();
  driver.well(8);
  for (let turn = 0; turn < 200; turn++) driver.second({ inFlight: driver.control.tokensMax, lateMs: 600 });
  assert.ok(driver.control.tokensMax > 2 * SETTINGS.tokensMin, String(driver.control.tokensMax));
});

test('more than five times what was lately in flight is not trusted, and the way back is quick', () => {
  const driver = new Driver();
  driver.well(15);
  const learned = driver.control.tokensMax;
  for (let turn = 0; turn < 90; turn++) driver.second({ inFlight: 1_000, backlog: 'none' });
  assert.equal(driver.control.tokensMax, SETTINGS.tokensInitial);
  driver.well(15);
  assert.ok(driver.control.tokensMax > 0.8 * learned);
});

test('ticks closer than a second do nothing', () => {
  const driver = new Driver();
  const before = driver.control.tokensMax;
  for (let turn = 0; turn < 900; turn++) driver.control.tick({ inFlight: before, ...FULL }, at(driver.now + turn));
  assert.equal(driver.control.tokensMax, before);
});

test('the prefill window is a fifth of a second of what the far side reads', () => {
  const control = new WindowControl(SETTINGS);
  control.tick({ inFlight: 0, ...FULL }, at(0));
  for (let turn = 1; turn <= 50; turn++) {
    const tokens = turn * 100;
    const sent = { promptTokens: 10, readTokens: tokens, sentAt: at(turn * 1_000 - 50 - 0.02 * tokens) };
    control.onFirstToken(sent, true, at(turn * 1_000));
    control.tick({ inFlight: 1_000, ...FULL, backlog: 'none' }, at(turn * 1_000));
  }
  assert.ok(Math.abs(control.prefillMax - 200 / 0.02) < 200, String(control.prefillMax));
});

test('whatever happens, it stays between its least and five times what was in flight', () => {
  const second = fc.record({
    share: fc.double({ min: 0, max: 1.3, noNaN: true }),
    lateMs: fc.constantFrom(0, 0, 100, 300, 900, 5_000),
    samples: fc.constantFrom(0, 1, 5, 12),
    backlogged: fc.boolean(),
    refused: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(second, { maxLength: 150 }), (seconds) => {
      const driver = new Driver();
      let peak = 0;
      for (const { share, refused, ...rest } of seconds) {
        const inFlight = share * driver.control.tokensMax;
        peak = Math.max(peak, inFlight);
        if (refused) driver.control.onRefused(at(driver.now), inFlight, at(driver.now));
        driver.second({ inFlight, ...rest });
        const { tokensMax, prefillMax } = driver.control;
        assert.ok(tokensMax >= SETTINGS.tokensMin && tokensMax <= Math.max(SETTINGS.tokensInitial, 5 * peak, 50_000));
        assert.ok(Number.isFinite(prefillMax) && prefillMax >= SETTINGS.prefillTokensMin);
      }
    }),
    { numRuns: 60 },
  );
});

test('the window begins at most of the engine’s memory when the engine tells, and does not grow above it', () => {
  const driver = new Driver();
  driver.control.onSend(60_000, at(driver.now));
  driver.control.onEngineLoad({ kvUsage: 0.4, waiting: 0, running: 90 }, 60_000, at(driver.now));
  assert.equal(driver.control.tokensMax, 0.7 * 150_000);
  driver.well(60);
  assert.ok(driver.control.tokensMax <= 150_000, String(driver.control.tokensMax));
  assert.ok(driver.control.tokensMax > 140_000, String(driver.control.tokensMax));
});

test('a full memory is no reason to cut what is in flight', () => {
  const driver = new Driver();
  driver.well(10);
  const before = driver.control.tokensMax;
  driver.control.onEngineLoad({ kvUsage: 0.9, waiting: 0, running: 90 }, 0.5 * before, at(driver.now));
  driver.second({ inFlight: before });
  assert.equal(driver.control.tokensMax, before);
});

test('greedy tenants stay below the last trouble, and do not make the window try it again', () => {
  const driver = new Driver();
  driver.well(10);
  assert.equal(driver.control.tokensMaxGreedy, Infinity, 'no trouble is known yet');
  const inFlight = driver.control.tokensMax;
  driver.second({ inFlight, lateMs: 1_000 });
  assert.equal(driver.control.tokensMaxGreedy, 0.8 * inFlight);
  const after = driver.control.tokensMax;
  driver.control.onTokens(40, 1);
  for (let turn = 0; turn < 60; turn++) driver.second({ inFlight: after, backlog: 'greedy' });
  assert.equal(driver.control.tokensMax, after);
  driver.second({ inFlight: after });
  assert.ok(driver.control.tokensMax > after, 'others do');
});

test('the trouble is where nothing was wrong with more in flight', () => {
  const driver = new Driver();
  driver.well(10);
  driver.second({ inFlight: 20_000, lateMs: 1_000 });
  assert.equal(driver.control.tokensMaxGreedy, 0.8 * 20_000);
  driver.second({ inFlight: 40_000 });
  assert.equal(driver.control.tokensMaxGreedy, 0.8 * 40_000);
});

const regrown = (kvUsage: number): number => {
  const driver = new Driver();
  driver.well(10);
  driver.second({ inFlight: driver.control.tokensMax, lateMs: 1_000 });
  for (let turn = 0; turn < 3; turn++) {
    driver.control.onEngineLoad({ kvUsage, waiting: 0, running: 5 }, 1e6, at(driver.now));
    driver.second({ inFlight: driver.control.tokensMax });
  }
  return driver.control.tokensMax;
};

test('after a cut it grows eagerly when the engine says that it has room to spare', () => {
  assert.ok(regrown(0.3) > 1.5 * regrown(0.7), `${regrown(0.3)} ${regrown(0.7)}`);
});

/** Before and after first tokens that were a second late. */
function sizesWhenLate(kvUsage: number): { before: number; after: number } {
  const driver = new Driver();
  driver.well(10);
  const before = driver.control.tokensMax;
  driver.control.onEngineLoad({ kvUsage, waiting: 0, running: 5 }, 1e6, at(driver.now));
  driver.second({ inFlight: before, lateMs: 1_000 });
  return { before, after: driver.control.tokensMax };
}

test('late first tokens do not cut it while the engine has room to spare, and those of a full engine do', () => {
  const spare = sizesWhenLate(0.3);
  assert.ok(spare.after >= spare.before);
  const full = sizesWhenLate(0.7);
  assert.ok(full.after < full.before);
});

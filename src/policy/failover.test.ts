import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { constantChance, seededChance } from '../../test/support/chance.ts';
import type { FaultKind } from '../kernel/fault.ts';
import { fault, faults } from '../kernel/fault.ts';
import type { FaultSituation, Verdict } from './failover.ts';
import {
  credentialRestAfterFault,
  credentialRestIsForEveryModel,
  decideAfterFault,
  restAfterFault,
} from './failover.ts';

const retry = { maxAttempts: 3, budgetPercent: 10, backoffMs: 500, backoffMsMax: 20_000 };
const usual: FaultSituation = {
  attempts: 1,
  maxAttempts: 3,
  untriedLeft: true,
  beyondRescue: false,
  otherCredential: false,
  sameCapable: true,
  calmMs: 0,
  budget: () => true,
  failoverOnContentFilter: false,
  waitMsLeft: 1_000_000,
  remainingMs: 60_000,
};
const kinds = Object.keys(faults) as FaultKind[];

function decide(kind: FaultKind, some: Partial<FaultSituation> = {}, retryAfterMs: number | null = null): Verdict {
  return decideAfterFault(fault(kind, '', { retryAfterMs }), { ...usual, ...some }, retry, 1, constantChance(0.5));
}

const unasked = (): boolean => assert.fail('the budget was asked');

test('an untried target comes first, and costs no budget', () => {
  for (const kind of kinds.filter((one) => faults[one].failover)) {
    assert.deepEqual(decide(kind, { budget: unasked }), { kind: 'failover' }, kind);
  }
});

test('a prompt that is too long may fit elsewhere, any other bad request may not', () => {
  assert.equal(decide('contextTooLong').kind, 'failover');
  assert.equal(decide('badRequest').kind, 'giveUp');
  assert.equal(decide('deadline').kind, 'giveUp');
});

test('a content policy is not routed around unless the operator says so', () => {
  assert.equal(decide('contentFilter').kind, 'giveUp');
  assert.equal(decide('contentFilter', { failoverOnContentFilter: true }).kind, 'failover');
  assert.equal(decide('contentFilter', { failoverOnContentFilter: true, untriedLeft: false }).kind, 'giveUp');
});

test('without another target the same one is asked again, after a wait', () => {
  assert.deepEqual(decide('serverError', { untriedLeft: false }), {
    kind: 'resend',
    afterMs: 250,
    otherCredential: false,
  });
  assert.deepEqual(decide('overloaded', { untriedLeft: false }, 2000), {
    kind: 'resend',
    afterMs: 2200,
    otherCredential: false,
  });
});

test('whoever cannot wait until the calm after a cut is over gives up at once', () => {
  const calm = { untriedLeft: false, calmMs: 5_000 };
  assert.equal(decide('overloaded', calm).kind, 'resend');
  assert.equal(decide('overloaded', { ...calm, waitMsLeft: 5_000, budget: unasked }).kind, 'giveUp');
  assert.equal(decide('rateLimited', { ...calm, otherCredential: true, waitMsLeft: 1 }).kind, 'resend');
});

test('what was silent, stalled or refused is not asked again', () => {
  for (const kind of ['silent', 'stalled', 'credential', 'exhausted', 'unknownModel'] as const) {
    assert.equal(decide(kind, { untriedLeft: false, budget: unasked }).kind, 'giveUp', kind);
  }
});

test('another credential of the same upstream is used at once, before any other target', () => {
  for (const kind of ['credential', 'exhausted', 'rateLimited'] as const) {
    const verdict = decide(kind, { otherCredential: true, budget: unasked }, 20_000);
    assert.deepEqual(verdict, { kind: 'resend', afterMs: 0, otherCredential: true }, kind);
  }
  assert.equal(decide('serverError', { otherCredential: true }).kind, 'failover');
});

test('a rate limit that ends while the exchange may still wait is waited for', () => {
  const alone = { untriedLeft: false };
  assert.deepEqual(decide('rateLimited', alone, 2000), { kind: 'resend', afterMs: 2200, otherCredential: false });
  assert.equal(decide('rateLimited', { ...alone, waitMsLeft: 2000, budget: unasked }, 2000).kind, 'giveUp');
});

test('beyond rescue nothing is tried', () => {
  for (const kind of kinds) assert.equal(decide(kind, { beyondRescue: true, budget: unasked }).kind, 'giveUp');
});

test('attempts, budget and time are bounds', () => {
  assert.equal(decide('serverError', { attempts: 3 }).kind, 'giveUp');
  assert.equal(decide('serverError', { remainingMs: 0 }).kind, 'giveUp');
  assert.equal(decide('serverError', { untriedLeft: false, budget: () => false }).kind, 'giveUp');
  assert.equal(decide('serverError', { untriedLeft: false, remainingMs: 250, budget: unasked }).kind, 'giveUp');
  assert.equal(decide('overloaded', { untriedLeft: false, budget: unasked }, 3_600_000).kind, 'giveUp');
});

test('a resend is decided if and only if the budget gave one, and fits into the time left', () => {
  const situation = fc.record({
    attempts: fc.integer({ min: 1, max: 4 }),
    maxAttempts: fc.integer({ min: 1, max: 4 }),
    untriedLeft: fc.boolean(),
    beyondRescue: fc.boolean(),
    sameCapable: fc.boolean(),
    otherCredential: fc.constant(false),
    calmMs: fc.nat({ max: 5_000 }),
    failoverOnContentFilter: fc.boolean(),
    remainingMs: fc.integer({ min: -10, max: 30_000 }),
    waitMsLeft: fc.integer({ min: -10, max: 30_000 }),
  });
  fc.assert(
    fc.property(
      fc.constantFrom(...kinds),
      fc.option(fc.nat({ max: 60_000 })),
      situation,
      fc.integer({ min: 1, max: 9 }),
      fc.integer(),
      (kind, retryAfterMs, some, resend, seed) => {
        let withdrawn = 0;
        const budget = (): boolean => (withdrawn++, true);
        const trouble = fault(kind, '', { retryAfterMs });
        const verdict = decideAfterFault(trouble, { ...some, budget }, retry, resend, seededChance(seed));
        assert.equal(withdrawn, verdict.kind === 'resend' ? 1 : 0);
        if (verdict.kind === 'giveUp') return;
        assert.ok(!some.beyondRescue && some.attempts < some.maxAttempts);
        if (verdict.kind === 'failover') return assert.ok(some.untriedLeft);
        const waitMs = Math.max(verdict.afterMs, some.calmMs);
        assert.ok(waitMs < Math.min(some.remainingMs, some.waitMsLeft) && verdict.afterMs >= (retryAfterMs ?? 0));
        assert.ok(faults[kind].sameAgain && some.sameCapable);
      },
    ),
  );
});

test('a target rests for as long as it asked, and for a second when rate limited without a word', () => {
  assert.equal(restAfterFault(fault('rateLimited', '')), 1000);
  assert.equal(restAfterFault(fault('rateLimited', '', { retryAfterMs: 0 })), 0);
  assert.equal(restAfterFault(fault('rateLimited', '', { retryAfterMs: 30_000 })), 30_000);
  assert.equal(restAfterFault(fault('overloaded', '')), 0);
  assert.equal(restAfterFault(fault('overloaded', '', { retryAfterMs: 500 })), 500);
  assert.equal(restAfterFault(fault('unknownModel', '')), 60_000);
  assert.equal(restAfterFault(fault('serverError', '', { retryAfterMs: 500 })), 0);
});

test('a credential rests after refusals and empty accounts, for all models where it concerns all', () => {
  const refused = fault('credential', '', { status: 401 });
  const forbidden = fault('credential', '', { status: 403 });
  const empty = fault('exhausted', '', { status: 402 });
  assert.deepEqual([refused, forbidden, empty].map(credentialRestAfterFault), [300_000, 60_000, 900_000]);
  assert.deepEqual([refused, forbidden, empty].map(credentialRestIsForEveryModel), [true, false, true]);
  assert.equal(credentialRestAfterFault(fault('exhausted', '', { retryAfterMs: 1_800_000 })), 1_800_000);
  assert.equal(credentialRestAfterFault(fault('rateLimited', '', { retryAfterMs: 1000 })), 0);
});

test('every rest has an end within the limit, whatever the upstream asks for', () => {
  for (const kind of kinds) {
    const greedy = fault(kind, '', { retryAfterMs: Infinity });
    assert.ok(restAfterFault(greedy) <= 3_600_000 && credentialRestAfterFault(greedy) <= 3_600_000);
  }
});

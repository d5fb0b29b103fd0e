import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wellUpstream } from '../../../test/support/figures.ts';
import { brokenUpstream, deadCredential, saturated, slowUpstream, upstreamLimit } from './far-side-rules.ts';

const calm = { running: 20, waiting: 0, kvShare: 0.4, preemptions: 0 };

test('an engine with a queue inside is saturated, and memory is told from batch', () => {
  const memory = saturated(wellUpstream({ engine: { ...calm, waiting: 2, kvShare: 0.96 } }));
  assert.match(memory?.measure ?? '', /memory is what is short/);
  const batch = saturated(wellUpstream({ engine: { ...calm, waiting: 6 } }));
  assert.match(batch?.measure ?? '', /batch is what is short/);
  assert.match(saturated(wellUpstream({ engine: { ...calm, preemptions: 3 } }))?.evidence[2] ?? '', /^3 requests/);
  assert.equal(
    saturated(wellUpstream({ engine: { ...calm, kvShare: 0.95 } })),
    null,
    'full and nobody waits is good use',
  );
  assert.equal(saturated(wellUpstream()), null);
});

test('slow is who is much slower than he used to be, not who is full inside', () => {
  const slow = { firstTokenMs: 2_000, perTokenMs: 150 };
  assert.deepEqual(slowUpstream(wellUpstream(slow))?.evidence, [
    'gpu: first tokens after 2.0 s, usually 180 ms',
    'gpu: 150 ms for a token, usually 30 ms',
  ]);
  assert.equal(slowUpstream(wellUpstream({ faults: { silent: 2 } }))?.cause, 'slowUpstream');
  assert.equal(slowUpstream(wellUpstream({ ...slow, engine: { ...calm, waiting: 9 } })), null);
  assert.equal(slowUpstream(wellUpstream({ ...slow, firstTokenMsUsual: 1_500, perTokenMsUsual: 120 })), null);
  assert.equal(slowUpstream(wellUpstream({ ...slow, firstTokenMsUsual: null, perTokenMsUsual: null })), null);
  assert.equal(slowUpstream(wellUpstream()), null);
});

test('broken is who resets, fails or is not asked any more', () => {
  assert.equal(brokenUpstream(wellUpstream({ breakerOpen: true }))?.evidence[0], 'the breaker of gpu is open');
  assert.ok(brokenUpstream(wellUpstream({ healthy: false })));
  assert.equal(
    brokenUpstream(wellUpstream({ faults: { connect: 2, reset: 1 } }))?.evidence[0],
    'gpu: 2 connect, 1 reset in 20 sends',
  );
  assert.equal(brokenUpstream(wellUpstream({ faults: { reset: 1 } })), null, 'one happens');
  assert.equal(brokenUpstream(wellUpstream({ faults: { badRequest: 9 } })), null, 'that is the request');
});

test('refusals for reached limits are the provider’s', () => {
  assert.match(upstreamLimit(wellUpstream({ faults: { rateLimited: 8 } }))?.evidence[0] ?? '', /refused 8 of 20 sends/);
  assert.equal(upstreamLimit(wellUpstream({ attempts: 100, faults: { rateLimited: 2 } })), null, 'probing a limit');
  assert.equal(upstreamLimit(wellUpstream()), null);
});

test('a credential that was refused is dead, one that rests after a 429 is not', () => {
  const dead = deadCredential(wellUpstream({ credentialsResting: 1, faults: { credential: 1 } }));
  assert.deepEqual([dead?.weight, dead?.evidence], [0.97, ['1 of 1 credentials of gpu rest', 'gpu: 1 credential']]);
  assert.equal(
    deadCredential(wellUpstream({ credentials: 3, credentialsResting: 1, faults: { exhausted: 1 } }))?.weight,
    0.8,
  );
  assert.equal(deadCredential(wellUpstream({ credentialsResting: 1, faults: { rateLimited: 3 } })), null);
  assert.equal(deadCredential(wellUpstream()), null);
});

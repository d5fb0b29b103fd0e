import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dividedAmong, windowDefaults } from './window-settings.ts';

test('what windows begin with lies within what they may be', () => {
  for (const [kind, settings] of Object.entries(windowDefaults)) {
    assert.equal(settings.kind, kind);
    assert.ok(settings.tokensMin > 0 && settings.tokensInitial >= settings.tokensMin);
    assert.ok(settings.prefillTokensMin > 0 && settings.prefillTokensInitial >= settings.prefillTokensMin);
    // Congestion must be told before the objective is missed.
    assert.ok(2 * settings.slowMs < settings.firstTokenObjectiveMs);
  }
});

test('several begin with what one alone would', () => {
  const { tokensInitial, tokensMin, prefillTokensInitial, slowMs } = dividedAmong(4, windowDefaults.api);
  const whole = windowDefaults.api;
  assert.equal(4 * tokensInitial, whole.tokensInitial);
  assert.equal(4 * tokensMin, whole.tokensMin);
  assert.equal(4 * prefillTokensInitial, whole.prefillTokensInitial);
  assert.equal(slowMs, whole.slowMs);
  assert.equal(dividedAmong(1, whole), whole);
});

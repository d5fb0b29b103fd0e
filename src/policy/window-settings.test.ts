import assert from 'node:assert/strict';
import { test } from 'node:test';
import { windowDefaults } from './window-settings.ts';

test('what windows begin with lies within what they may be', () => {
  for (const [kind, settings] of Object.entries(windowDefaults)) {
    assert.equal(settings.kind, kind);
    assert.ok(settings.tokensMin > 0 && settings.tokensInitial >= settings.tokensMin);
    assert.ok(settings.prefillTokensMin > 0 && settings.prefillTokensInitial >= settings.prefillTokensMin);
    // Congestion must be told before the objective is missed.
    assert.ok(2 * settings.slowMs < settings.firstTokenObjectiveMs);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rescueOf } from './rescue.ts';

const usual = { shownCharacters: 20, shownToolCall: false, splicable: true, oneChoice: true };

test('free text that was shown is resumed', () => {
  assert.equal(rescueOf(usual), 'resume');
});

test('when only reasoning was shown the answer starts anew, whatever its form', () => {
  assert.equal(rescueOf({ ...usual, shownCharacters: 0 }), 'restart');
  assert.equal(rescueOf({ ...usual, shownCharacters: 0, splicable: false }), 'restart');
});

test('nothing is spliced that has no seam, and no tool is called twice', () => {
  assert.equal(rescueOf({ ...usual, splicable: false }), 'none');
  assert.equal(rescueOf({ ...usual, shownToolCall: true }), 'none');
  assert.equal(rescueOf({ ...usual, shownCharacters: 0, shownToolCall: true }), 'none');
  assert.equal(rescueOf({ ...usual, shownCharacters: 0, oneChoice: false }), 'none');
});

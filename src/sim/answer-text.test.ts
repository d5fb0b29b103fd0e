// What far sides say can be followed token by token, and prompts weigh what the simulation wants them to weigh.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRequest } from '../dialects/openai/request.ts';
import { utf8Encode } from '../kernel/web.ts';
import { answerStart, contentEvent, endEvents, promptBody, readAnswer, tokensText } from './answer-text.ts';

test('the gateway takes a prompt for exactly the tokens wanted', () => {
  for (const tokens of [5, 8, 9, 100, 489, 490, 491, 7_777, 30_000]) {
    const read = readRequest('chat', promptBody('m', tokens, 2_000));
    assert.ok(read.ok);
    assert.equal(read.value.promptTokens, tokens);
    assert.equal(read.value.answerTokensMax, 2_000);
  }
});

test('an answer is followed over events, several in one piece included', () => {
  const piece = utf8Encode(contentEvent(0, 1) + contentEvent(1, 16) + contentEvent(17, 3));
  assert.deepEqual(readAnswer(piece, 0), { tokens: 20, done: false });
  assert.deepEqual(readAnswer(utf8Encode(contentEvent(20, 5) + endEvents(9, 25)), 20), { tokens: 5, done: true });
});

test('a repeated or skipped part is seen', () => {
  assert.equal(readAnswer(utf8Encode(contentEvent(0, 4)), 4).tokens, -1);
  assert.equal(readAnswer(utf8Encode(contentEvent(5, 4)), 4).tokens, -1);
});

test("another's answer is seen, however far the two have come", () => {
  for (const said of [0, 1, 500]) {
    const other = utf8Encode(contentEvent(answerStart(8) + said, 1));
    for (let ask = 0; ask < 1_000; ask++) {
      const read = readAnswer(other, answerStart(ask) + said);
      assert.equal(read.tokens, ask === 8 ? 1 : -1);
    }
  }
});

test('an answer longer than all known tokens begins again', () => {
  assert.equal(tokensText(36 ** 3 - 1, 2), 'zzz 000 ');
});

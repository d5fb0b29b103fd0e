import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerEvents } from './answer-events.ts';

const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const delta = (fields: object, finish: string | null = null): string =>
  data({ id: '1', choices: [{ index: 0, delta: fields, finish_reason: finish }] });
const usage = data({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 } });

function read(text: string, size = text.length): AnswerEvents {
  const events = new AnswerEvents();
  for (let at = 0; at < text.length; at += size) events.push(Buffer.from(text.slice(at, at + size)));
  return events;
}

const answer = [
  ': keep-alive\n\n',
  delta({ role: 'assistant', content: '' }),
  delta({ content: 'a "quoted" word' }),
  delta({ reasoning_content: 'hm' }),
  delta({ tool_calls: [{ index: 0, function: { arguments: '{"' } }] }),
  delta({}, 'stop'),
  usage,
  'data: [DONE]\n\n',
].join('');

test('content is progress; a role, a keep-alive and usage are not', () => {
  for (const size of [1, 5, answer.length]) {
    const events = read(answer, size);
    assert.deepEqual([events.pieces, events.keepAlives, events.tokens, events.isWhole], [3, 1, 5, true]);
  }
});

test('line ends of two characters, no blank after the colon and blanks in the JSON are read too', () => {
  const events = read(
    'data:{"choices": [{"delta": {"content": "x"}, "finish_reason": null}]}\r\n\r\ndata: [DONE]\r\n\r\n',
  );
  assert.deepEqual([events.pieces, events.isWhole], [1, true]);
});

test('an answer that breaks off, says that it failed, or says nothing is not whole', () => {
  assert.equal(read(delta({ content: 'x' })).isWhole, false);
  assert.equal(read(delta({ content: 'x' }) + data({ error: { message: 'no', code: 503 } })).isWhole, false);
  assert.equal(read(delta({}, 'stop') + 'data: [DONE]\n\n').isWhole, false);
  assert.equal(read('{"error":{"message":"busy"}}\n\n').isWhole, false);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChunkedDecoder } from './chunked-decoder.ts';

interface Decoded {
  readonly text: string;
  readonly state: 'done' | 'broken' | 'more';
  /** Bytes that were not taken. */
  readonly rest: string;
}

function decode(text: string, cuts: readonly number[] = [], inPlace = false): Decoded {
  const bytes = Buffer.from(text, 'latin1');
  const decoder = new ChunkedDecoder();
  let decoded = '';
  let rest = '';
  for (const [at, from] of [0, ...cuts].entries()) {
    const part = Buffer.from(bytes.subarray(from, cuts[at] ?? bytes.length));
    const target = inPlace ? part : Buffer.alloc(part.length);
    const stop = decoder.decode(part, 0, part.length, target, 0);
    decoded += target.toString('latin1', 0, decoder.targetAt);
    rest += part.toString('latin1', stop);
  }
  return { text: decoded, state: decoder.done ? 'done' : decoder.broken ? 'broken' : 'more', rest };
}

const good = '5\r\nhello\r\n00A;a=b;c="d e";f\r\n, world...\r\n0\r\nx-t: 1\r\n\r\n';

test('chunks become their data, wherever they are cut, into memory of their own or in place', () => {
  const whole = { text: 'hello, world...', state: 'done', rest: 'next' };
  assert.deepEqual(decode(`${good}next`), whole);
  for (let cut = 1; cut < good.length; cut++) {
    assert.deepEqual(decode(`${good}next`, [cut]), whole, `cut at ${cut}`);
    assert.deepEqual(decode(`${good}next`, [cut], true), whole, `in place, cut at ${cut}`);
  }
  const everywhere = Array.from({ length: good.length + 3 }, (_, at) => at + 1);
  assert.deepEqual(decode(`${good}next`, everywhere), whole);
});

test('what is not framed right is broken, and stays so', () => {
  const broken = [
    '\r\n',
    'g\r\n',
    '-5\r\nhello\r\n',
    '+5\r\nhello\r\n',
    '0x5\r\nhello\r\n',
    ' 5\r\nhello\r\n',
    '5 \r\nhello\r\n',
    '5\nhello\r\n',
    '5\r\nhello\n',
    '5\r\nhelloo\r\n',
    '5\r\nhell\r\n0\r\n\r\n',
    'fffffffff\r\n',
    '5;\r\nhello\r\n',
    '5; a\r\nhello\r\n',
    '5;a="\r\n"\r\nhello\r\n',
    '5;a\n\r\nhello\r\n',
    `5;${'a'.repeat(20_000)}\r\n`,
    '0\r\nno colon\r\n\r\n',
    '0\r\n folded: x\r\n\r\n',
    '0\r\nx: \0\r\n\r\n',
    '0\r\ncontent-length: 5\r\n\r\n',
    '0\r\ntransfer-encoding: chunked\r\n\r\n',
    `0\r\n${'x: 1\r\n'.repeat(100)}\r\n`,
    `0\r\nx: ${'a'.repeat(10_000)}\r\n\r\n`,
  ];
  for (const text of broken) {
    const { state } = decode(text);
    assert.equal(state, 'broken', JSON.stringify(text.slice(0, 40)));
    assert.equal(decode(`${text}0\r\n\r\n`, [text.length]).state, 'broken');
  }
});

test('an end that has not come is waited for', () => {
  for (let cut = 0; cut < good.length; cut++) assert.equal(decode(good.slice(0, cut)).state, 'more', `${cut}`);
});

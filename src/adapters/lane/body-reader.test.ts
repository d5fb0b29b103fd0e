import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BodyBudget } from '../http-server/body-budget.ts';
import { BodyReader } from './body-reader.ts';

const data = 'x'.repeat(70_000) + 'end';

function read(
  declared: number | null,
  wire: string,
  pieceBytes: number,
  max = 1_000_000,
  budget = new BodyBudget(max),
) {
  const reader = new BodyReader(declared, max, budget);
  let rest = '';
  for (let at = 0; at < wire.length; at += pieceBytes) {
    const piece = Buffer.from(wire.slice(at, at + pieceBytes));
    const stop = reader.state === 'reading' ? reader.push(piece, 0) : 0;
    rest += piece.toString('latin1', stop);
  }
  return { reader, rest, budget };
}

test('a body of a declared length is had whole, in pieces of any size, and nothing behind it', () => {
  for (const size of [7, 1_000, 70_000, 200_000]) {
    const { reader, rest, budget } = read(data.length, `${data}next`, size);
    assert.equal(reader.state, 'whole');
    assert.equal(reader.body.toString(), data);
    assert.equal(rest, 'next');
    assert.equal(budget.bytes, data.length);
    reader.release();
    assert.equal(budget.bytes, 0);
  }
});

test('a chunked body is had whole, in pieces of any size, and nothing behind it', () => {
  const chunks = data.match(/.{1,999}/g)?.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`) ?? [];
  const wire = `${chunks.join('')}0\r\n\r\nnext`;
  for (const size of [7, 1_000, 200_000]) {
    const { reader, rest } = read(null, wire, size);
    assert.equal(reader.state, 'whole');
    assert.equal(reader.body.toString(), data);
    assert.equal(rest, 'next');
  }
});

test('a body is refused at its maximum and at the budget’s, and what it held is given back', () => {
  const large = read(null, `5\r\nhello\r\nffff\r\n${'x'.repeat(2_000)}`, 500, 1_000);
  assert.equal(large.reader.state, 'tooLarge');
  assert.ok(large.budget.bytes <= 1_000);
  const budget = new BodyBudget(100);
  budget.take(60);
  const full = read(50, 'x'.repeat(50), 10, 1_000, budget);
  assert.equal(full.reader.state, 'noRoom');
  full.reader.release();
  assert.equal(budget.bytes, 60);
});

test('broken framing is told, never a short body', () => {
  assert.equal(read(null, '5\r\nhelloo', 100).reader.state, 'broken');
  assert.equal(read(10, 'short', 100).reader.state, 'reading');
});

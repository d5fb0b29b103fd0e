import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerParser } from './answer-parser.ts';

interface Heard {
  readonly parser: AnswerParser;
  readonly words: string[];
}

function listen(): Heard {
  const words: string[] = [];
  let body = '';
  const parser = new AnswerParser({
    onHead: ({ status, header }) => void words.push(`head ${status} ${header('retry-after') ?? '-'}`),
    onBody: (bytes) => (body += bytes.toString('latin1')),
    onEnd: (reusable) => {
      words.push(body, reusable ? 'again' : 'close');
      body = '';
    },
    onBroken: (why) => void words.push(`broken: ${why}`),
  });
  return { parser, words };
}

const chunked =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n, \r\nworld!\r\n0\r\nTrailer: t\r\n\r\n';
const sized = 'HTTP/1.1 503 No\r\nContent-Length: 4\r\nRetry-After: 7\r\n\r\nbusy';
const provisional = 'HTTP/1.1 100 Continue\r\n\r\n';
const empty = 'HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n';
const all = provisional + chunked + sized + empty;
const expected = ['head 200 -', 'hello, \r\nworld!', 'again', 'head 503 7', 'busy', 'again', 'head 204 -', '', 'close'];

test('answers are read whole, byte by byte and cut anywhere', () => {
  for (const size of [1, 2, 3, 7, 16, all.length]) {
    const { parser, words } = listen();
    for (let at = 0; at < all.length; at += size) parser.push(Buffer.from(all.slice(at, at + size)));
    assert.deepEqual(words, expected, `in pieces of ${size}`);
  }
});

test('without a length the body ends with the connection, and not before', () => {
  const { parser, words } = listen();
  parser.push(Buffer.from('HTTP/1.0 200 OK\r\n\r\nall '));
  parser.push(Buffer.from('there is'));
  assert.deepEqual(words, ['head 200 -']);
  assert.equal(parser.finish(), true);
  assert.deepEqual(words.slice(1), ['all there is', 'close']);
});

test('an end in the middle is told from a clean one', () => {
  for (const cut of [10, 60, chunked.length - 3]) {
    const { parser } = listen();
    parser.push(Buffer.from(chunked.slice(0, cut)));
    assert.equal(parser.finish(), false, `after ${cut} bytes`);
  }
});

test('what is no HTTP, or breaks its own word, is broken', () => {
  const wrongs = [
    'SSH-2.0-OpenSSH\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n',
    `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}`,
  ];
  for (const wrong of wrongs) {
    const { parser, words } = listen();
    parser.push(Buffer.from(wrong));
    assert.match(words.at(-1) ?? '', /^broken: /, wrong.slice(0, 60));
  }
});

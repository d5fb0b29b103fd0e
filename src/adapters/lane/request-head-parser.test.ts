import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HeadOutcome, RequestHeadParser } from './request-head-parser.ts';

const rules = { headBytesMax: 4_096, headersMax: 20, routes: new Set(['/v1/messages', '/p']) };
const line = 'POST /v1/messages?beta=true HTTP/1.1\r\n';
const good = `${line}Host: a\r\nAuthorization: Bearer k\r\nContent-Length: 5\r\nX-A: 1 \r\nx-a:\t2\r\n\r\n`;

function parse(text: string, ...cuts: number[]): { outcome: HeadOutcome; parser: RequestHeadParser } {
  const bytes = Buffer.from(text, 'latin1');
  const parser = new RequestHeadParser(rules);
  let outcome: HeadOutcome = 'more';
  for (const [at, from] of [0, ...cuts].entries()) {
    const part = bytes.subarray(from, cuts[at] ?? bytes.length);
    outcome = parser.push(part, 0, part.length);
    if (outcome !== 'more') break;
  }
  return { outcome, parser };
}

const headOf = (outcome: HeadOutcome) => (typeof outcome === 'string' ? null : outcome);

test('a plain head is recognised, and what follows it is left', () => {
  const { outcome, parser } = parse(`${good}hello`);
  const head = headOf(outcome);
  assert.equal(head?.path, '/v1/messages');
  assert.equal(head?.query, 'beta=true');
  assert.equal(head?.bodyBytes, 5);
  assert.equal(head?.keepAlive, true);
  assert.equal(head?.headers['x-a'], '1, 2');
  assert.equal(head?.headers['authorization'], 'Bearer k');
  assert.equal(parser.restAt, good.length);
});

test('a head is the same wherever it is cut, and byte by byte', () => {
  const whole = headOf(parse(good).outcome);
  for (let cut = 1; cut < good.length; cut++) assert.deepEqual(headOf(parse(good, cut).outcome), whole, `${cut}`);
  const everywhere = Array.from({ length: good.length - 1 }, (_, at) => at + 1);
  assert.deepEqual(headOf(parse(good, ...everywhere).outcome), whole);
});

test('a head in pieces leaves the body that came with its last piece', () => {
  const parser = new RequestHeadParser(rules);
  const first = Buffer.from(good.slice(0, 60));
  const second = Buffer.from(`${good.slice(60)}hello`);
  assert.equal(parser.push(first, 0, first.length), 'more');
  assert.ok(parser.begun);
  assert.notEqual(headOf(parser.push(second, 0, second.length)), null);
  assert.equal(second.toString('latin1', parser.restAt), 'hello');
  assert.ok(!parser.begun);
});

const plain = (lines: string) => headOf(parse(`${line}host: a\r\n${lines}\r\n`).outcome);

test('framing is one length or chunked, the connection is kept or closed', () => {
  assert.equal(plain('')?.bodyBytes, 0);
  assert.equal(plain('content-length: 0\r\n')?.bodyBytes, 0);
  assert.equal(plain('content-length: 007\r\n')?.bodyBytes, 7);
  assert.equal(plain('Transfer-Encoding: Chunked\r\n')?.bodyBytes, null);
  assert.equal(plain('connection: Keep-Alive\r\n')?.keepAlive, true);
  assert.equal(plain('connection: close\r\n')?.keepAlive, false);
});

const strange: readonly (readonly [string, string])[] = [
  ['another method', good.replace('POST', 'GET')],
  ['another route', good.replace('messages', 'models')],
  ['an encoded path', good.replace('messages', 'mess%61ges')],
  ['an absolute target', good.replace('/v1', 'http://a/v1')],
  ['a fragment', good.replace('beta', '#')],
  ['another version', good.replace('HTTP/1.1', 'HTTP/1.0')],
  ['two blanks', good.replace(' HTTP', '  HTTP')],
  ['a line break before it', `\r\n${good}`],
  ['no host', good.replace('Host', 'Most')],
  ['two hosts', good.replace('X-A: 1', 'host: b')],
  ['two authorizations', good.replace('X-A: 1', 'authorization: b')],
  ['two lengths', good.replace('X-A: 1', 'content-length: 5')],
  ['a length and chunked', good.replace('X-A: 1', 'transfer-encoding: chunked')],
  ['a signed length', good.replace('Length: 5', 'Length: +5')],
  ['an overflowing length', good.replace('Length: 5', 'Length: 99999999999999999999')],
  ['another coding', good.replace('Content-Length: 5', 'transfer-encoding: gzip, chunked')],
  ['a tab behind the length', good.replace('Length: 5', 'Length: 5\t')],
  ['a tab before the length', good.replace('Length: 5', 'Length:\t5')],
  ['a tab behind chunked', good.replace('Content-Length: 5', 'transfer-encoding:chunked\t')],
  ['a tab behind close', good.replace('X-A: 1', 'connection: close\t')],
  ['an upgrade', good.replace('X-A: 1', 'upgrade: h2c')],
  ['an expectation', good.replace('X-A: 1', 'expect: 100-continue')],
  ['a content coding', good.replace('X-A: 1', 'content-encoding: gzip')],
  ['a proxy connection', good.replace('X-A: 1', 'proxy-connection: close')],
  ['a list of connections', good.replace('X-A: 1', 'connection: keep-alive, x')],
  ['an obs-fold', good.replace('X-A: 1', 'x: 1\r\n 2')],
  ['a bare LF', good.replace('X-A: 1 \r\n', 'x: 1\n')],
  ['a bare CR', good.replace('X-A: 1', 'x: 1\r2')],
  ['a NUL', good.replace('X-A: 1', 'x: \0')],
  ['Latin-1', good.replace('X-A: 1', 'x: \xe9')],
  ['a blank before the colon', good.replace('X-A:', 'X-A :')],
  ['no colon', good.replace('X-A: 1', 'x')],
  ['no name', good.replace('X-A: 1', ': x')],
  ['too many headers', good.replace('X-A: 1', 'x: 1\r\n'.repeat(20) + 'x: 1')],
  ['a head too long', good.replace('X-A: 1', `x: ${'a'.repeat(4_096)}`)],
  ['another protocol', '\x16\x03\x01\x02\0'],
  ['bare line feeds only', good.replaceAll('\r\n', '\n')],
];

test('whatever is not plain is handed over, all of its bytes with it, wherever it is cut', () => {
  for (const [name, text] of strange) {
    const bytes = Buffer.from(`${text}rest`, 'latin1');
    for (const cut of [0, 1, 5, 30, 70, bytes.length - 5]) {
      const parser = new RequestHeadParser(rules);
      const parts = cut === 0 ? [bytes] : [bytes.subarray(0, cut), bytes.subarray(cut)];
      let unread: Buffer | null = null;
      let came = 0;
      for (const part of parts) {
        came += part.length;
        const outcome = parser.push(part, 0, part.length);
        if (outcome === 'more') continue;
        assert.equal(outcome, 'handOver', name);
        unread = parser.unread(part, 0);
        break;
      }
      assert.equal(unread?.toString('latin1'), bytes.toString('latin1', 0, came), `${name}, cut at ${cut}`);
    }
  }
});

test('what cannot become a head of ours is handed over before it ends', () => {
  for (const text of ['G', 'PUT', 'POST /v1/messages HTTP/1.1\nh', 'POST /p HTTP/1.1\r\nx: \0', 'PRI * HTTP/2.0\r\n'])
    assert.equal(parse(text).outcome, 'handOver', JSON.stringify(text));
  for (const text of ['P', 'POST', 'POST /anything', 'POST /p HTTP/1.1\r', line])
    assert.equal(parse(text).outcome, 'more');
});

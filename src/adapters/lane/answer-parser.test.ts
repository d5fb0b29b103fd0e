import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnswerHead } from './answer-head-parser.ts';
import { type AnswerOwner, AnswerParser } from './answer-parser.ts';

class Owner implements AnswerOwner {
  over = false;
  head: AnswerHead | null = null;
  text = '';
  end = '';

  onHead(head: AnswerHead): boolean {
    this.head = head;
    return true;
  }

  onData(bytes: Buffer): void {
    this.text += bytes.toString('latin1');
  }

  onEnd(exact: boolean): void {
    this.end = exact ? 'exact' : 'more came';
    this.over = true;
  }

  onBroken(why: string): void {
    this.end = `broken: ${why}`;
    this.over = true;
  }
}

/** All reads share one piece of memory, as on a link. */
function parse(text: string, cuts: readonly number[] = []): Owner & { endsWithConnection: boolean } {
  const owner = new Owner();
  const parser = new AnswerParser(owner, 2_000, 20);
  const memory = Buffer.alloc(text.length + 10);
  for (const [at, from] of [0, ...cuts].entries()) {
    const length = memory.write(text.slice(from, cuts[at] ?? text.length), 5, 'latin1');
    parser.push(memory, 5, 5 + length);
    memory.fill(0);
  }
  return Object.assign(owner, { endsWithConnection: parser.endsWithConnection });
}

const answers: Readonly<Record<string, string>> = {
  length: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\nx-a: 2\r\n\r\nhello',
  chunked: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;a=b\r\nlo\r\n0\r\nx-t: 1\r\n\r\n',
  interim:
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello',
};

test('an answer is the same wherever it is cut, though all reads share one buffer', () => {
  for (const [name, text] of Object.entries(answers)) {
    const cuts = [[], Array.from({ length: text.length - 1 }, (_, at) => at + 1)];
    for (let cut = 1; cut < text.length; cut++) cuts.push([cut]);
    for (const where of cuts) {
      const { head, text: body, end } = parse(text, where);
      assert.deepEqual([head?.status, body, end], [200, 'hello', 'exact'], `${name} ${where.join()}`);
    }
  }
  assert.equal(parse(answers['length'] ?? '').head?.headers['x-a'], '1, 2');
});

test('an answer without measure lasts as long as its connection', () => {
  const { text, end, endsWithConnection } = parse('HTTP/1.1 200 OK\r\n\r\nall there is');
  assert.deepEqual([text, end, endsWithConnection], ['all there is', '', true]);
});

test('what comes behind an answer is told, so that the connection is not used again', () => {
  for (const text of Object.values(answers)) assert.equal(parse(`${text}HTTP/1.1 200 OK`).end, 'more came');
  assert.equal(parse('HTTP/1.1 204 No Content\r\n\r\nx').end, 'more came');
  assert.equal(parse('HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n').end, 'exact');
});

const keeps = (head: string) => parse(`${head}\r\ncontent-length: 0\r\n\r\n`).head?.keepAlive;

test('the connection is kept only where the far side lets it', () => {
  assert.equal(keeps('HTTP/1.1 200 OK'), true);
  assert.equal(keeps('HTTP/1.1 200 OK\r\nconnection: keep-alive'), true);
  assert.equal(keeps('HTTP/1.1 200 OK\r\nConnection: Close'), false);
  assert.equal(keeps('HTTP/1.1 200 OK\r\nconnection: x, close'), false);
  assert.equal(keeps('HTTP/1.0 200 OK'), false);
});

test('what has more than one meaning, or none, is broken', () => {
  const broken = [
    'SSH-2.0-OpenSSH_9.2\r\n',
    '\0\0\x12\x04',
    'HTTP/2.0 200 OK\r\n\r\n',
    'HTTP/1.1 20 OK\r\n\r\n',
    'HTTP/1.1 2000 OK\r\n\r\n',
    'HTTP/1.1  200 OK\r\n\r\n',
    'HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n',
    'HTTP/1.1 200 OK\ncontent-length: 0\n\r\n\r\n',
    'HTTP/1.1 200 OK\r\nx: 1\r\n folded\r\n\r\n',
    'HTTP/1.1 200 OK\r\nx : 1\r\n\r\n',
    'HTTP/1.1 200 OK\r\nx: \0\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 5\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\t\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
    `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(2_000)}\r\n\r\n`,
    `HTTP/1.1 200 OK\r\n${'x: 1\r\n'.repeat(21)}\r\n`,
    'HTTP/1.1 102 Processing\r\n\r\n'.repeat(40),
    'HTTP/1.0 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
    'HTTP/1.1 103 Hints\r\nconnection: close\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
    'HTTP/1.1 103 Hints\r\ncontent-length: 5\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
  ];
  for (const text of broken) assert.match(parse(text).end, /^broken/, JSON.stringify(text.slice(0, 60)));
});

// Answer trial: the same bytes as the answer to one request, to undici and to the lane's parser; what each made of them. The
// lane may break off more. It must never call whole what undici does not, nor give it another status, head or body.
import { request as httpRequest } from 'node:http';
import { Client } from 'undici';
import type { AnswerHead } from '../../src/adapters/lane/answer-head-parser.ts';
import { type AnswerOwner, AnswerParser } from '../../src/adapters/lane/answer-parser.ts';
import { limits } from '../../src/kernel/limits.ts';
import { MemorySocket } from './memory-socket.ts';

interface Read {
  head: string | null;
  body: string;
  end: 'whole' | 'broken';
}

export interface AnswerVerdict {
  /** Null: they agree, or the lane took less. */
  readonly disagreement: string | null;
  readonly whole: boolean;
  /** Broken for the lane alone. */
  readonly stricter: boolean;
}

export async function compareAnswers(parts: readonly Buffer[]): Promise<AnswerVerdict> {
  const undici = await readByUndici(parts);
  const ours = readByLane(parts);
  const whole = ours.end === 'whole';
  const stricter = !whole && undici.end === 'whole';
  if (fits(ours, undici)) return { disagreement: null, whole, stricter };
  // undici balks at what its own parser takes: an unasked 100, a length with a blank behind it.
  const node = await readByNode(parts);
  if (fits(ours, node)) return { disagreement: null, whole, stricter };
  const [theirs, others, own] = [undici, node, ours].map((read) => JSON.stringify(read));
  return { disagreement: `undici    ${theirs}\n  node:http ${others}\n  lane      ${own}`, whole, stricter };
}

/** Whole, it is the same; broken, it is the same as far as both read. */
function fits(ours: Read, theirs: Read): boolean {
  if (ours.end === 'whole') return theirs.end === 'whole' && ours.head === theirs.head && ours.body === theirs.body;
  return ours.head === null || theirs.head === null || (ours.head === theirs.head && agree(ours, theirs));
}

const agree = (ours: Read, theirs: Read): boolean =>
  theirs.body.startsWith(ours.body) || ours.body.startsWith(theirs.body);

function wordsOfHead(status: number, headers: Readonly<Record<string, unknown>>): string {
  return `${status} ${JSON.stringify(Object.entries(headers).toSorted(([a], [b]) => (a < b ? -1 : 1)))}`;
}

const trimmed = (value: string): string => value.replace(/[ \t]+$/, '');

/** undici leaves blanks at the end of a value. */
function joined(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const pairs = Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().map(trimmed).join(', ')]);
  return Object.fromEntries(pairs) as Record<string, string>;
}

function readByLane(parts: readonly Buffer[]): Read {
  const read: Read = { head: null, body: '', end: 'broken' };
  let over = false;
  const owner: AnswerOwner = {
    get over() {
      return over;
    },
    onHead: ({ status, headers }: AnswerHead) => {
      read.head = wordsOfHead(status, headers);
      return true;
    },
    onData: (bytes) => (read.body += bytes.toString('latin1')),
    onEnd: () => {
      over = true;
      read.end = 'whole';
    },
    onBroken: () => (over = true),
  };
  const parser = new AnswerParser(owner, limits.headBytesMax, 200);
  for (const part of parts) {
    // As the link does: the same memory for every read.
    const shared = Buffer.from(part);
    parser.push(shared, 0, shared.length);
    shared.fill(0);
    if (over) break;
  }
  if (!over && parser.endsWithConnection) read.end = 'whole';
  return read;
}

async function readByUndici(parts: readonly Buffer[]): Promise<Read> {
  const read: Read = { head: null, body: '', end: 'broken' };
  const socket = new MemorySocket();
  const client = new Client('http://far', { connect: (_options, done) => setImmediate(done, null, socket.asSocket) });
  await new Promise<void>((resolve) => {
    client.dispatch(
      { path: '/', method: 'POST', body: 'x', headersTimeout: 0, bodyTimeout: 0 },
      {
        onRequestStart: () => {},
        onResponseStart: (_controller, status, headers) => {
          if (status >= 200) read.head = wordsOfHead(status, joined(headers));
        },
        onResponseData: (_controller, bytes) => {
          read.body += bytes.toString('latin1');
        },
        onResponseEnd: () => {
          read.end = 'whole';
          resolve();
        },
        onResponseError: () => resolve(),
      },
    );
    // When the request has left: what comes before it is another kind of trouble.
    socket.once('written', () => {
      socket.feed(parts);
      socket.push(null);
    });
  });
  await client.destroy();
  return read;
}

async function readByNode(parts: readonly Buffer[]): Promise<Read> {
  const read: Read = { head: null, body: '', end: 'broken' };
  const socket = new MemorySocket();
  const request = httpRequest({ host: 'far', method: 'POST', createConnection: () => socket.asSocket });
  request.on('response', (answer) => {
    read.head = wordsOfHead(answer.statusCode ?? 0, joined(rawRecord(answer.rawHeaders)));
    answer.on('data', (bytes: Buffer) => (read.body += bytes.toString('latin1')));
    answer.on('end', () => (read.end = answer.complete ? 'whole' : 'broken'));
    answer.on('error', () => {});
  });
  request.on('error', () => {});
  request.end('x');
  await new Promise((resolve) => socket.once('written', resolve));
  socket.feed(parts);
  socket.push(null);
  await socket.closedFully;
  return read;
}

function rawRecord(raw: readonly string[]): Record<string, string[]> {
  const record = Object.create(null) as Record<string, string[]>;
  for (let at = 0; at + 1 < raw.length; at += 2) (record[(raw[at] ?? '').toLowerCase()] ??= []).push(raw[at + 1] ?? '');
  return record;
}

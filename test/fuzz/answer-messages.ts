// Answer messages: what a far side, or somebody in its place, could send for one request. Right and nearly right parts, then
// broken now and then.
import { mutated } from './bytes.ts';
import type { Dice } from './dice.ts';
import { chunkedBody } from './request-messages.ts';

const STATUS_LINES = [
  'HTTP/1.1 200',
  'HTTP/1.1 200 ',
  'HTTP/1.1 404 Not Found',
  'HTTP/1.1 503 \xe9',
  'HTTP/1.1 204 No Content',
  'HTTP/1.1 304 Not Modified',
  'HTTP/1.0 200 OK',
  'HTTP/1.1 101 Switching Protocols',
  'HTTP/2.0 200 OK',
  'HTTP/1.1  200 OK',
  'HTTP/1.1 20 OK',
  'HTTP/1.1 2000 OK',
  'HTTP/1.1 099 OK',
  'HTTP/1.1 200OK',
  'HTTP/1.2 200 OK',
  'http/1.1 200 OK',
  'ICY 200 OK',
] as const;
const LINE_ENDS = ['\t\r\n', '\n', '\r', '\r\r\n', ' \r\n', '\r\n '] as const;
const PLAIN_HEADERS = [
  'Content-Type: application/json',
  'date: Tue, 01 Jan 2030 00:00:00 GMT',
  'x-a: 1',
  'X-A: 2',
  'set-cookie: a=1',
  'set-cookie: b=2',
  'x-empty:',
  'x-space:   padded  ',
  'x-latin: \xe9',
  'keep-alive: timeout=5',
] as const;
const ODD_HEADERS = [
  'connection: close',
  'connection: keep-alive',
  'connection: upgrade',
  'connection: close\t',
  'connection:\tclose',
  'connection: close, x',
  'upgrade: h2c',
  'x-fold: 1\r\n folded',
  'space : x',
  'no-colon',
  ': no name',
  'x-nul: a\0b',
  'x-cr: a\rb',
  'x-lf: a\nb',
  'trailer: x',
] as const;
const ODD_FRAMINGS = [
  'content-length: N\r\ncontent-length: N',
  'content-length: N\r\ncontent-length: 0',
  'content-length: N, N',
  'content-length: +N',
  'content-length: -N',
  'content-length: 0N',
  'content-length: N ',
  'content-length: 0xN',
  'content-length:',
  'content-length: 99999999999999999999',
  'content-length : N',
  'content-length: N\r\ntransfer-encoding: chunked',
  'transfer-encoding: chunked\r\ncontent-length: N',
  'transfer-encoding: chunked, chunked',
  'transfer-encoding: chunked\r\ntransfer-encoding: chunked',
  'transfer-encoding: identity',
  'transfer-encoding: gzip, chunked',
  'transfer-encoding: chunked, gzip',
  'transfer-encoding: xchunked',
  'transfer-encoding : chunked',
  'transfer-encoding: chunked\t',
  'content-length: N\t',
  'Transfer-Encoding: CHUNKED',
  'transfer-encoding:',
] as const;
const INTERIM = [
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n',
  'HTTP/1.0 103 Early Hints\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nconnection: close\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\ncontent-length: 5\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\ntransfer-encoding: chunked\r\n\r\n',
] as const;

export function answerMessage(dice: Dice): string {
  const { header, body } = framedBody(dice);
  const headers = Array.from({ length: dice.below(5) }, () => dice.pick(PLAIN_HEADERS) as string);
  if (header !== '') headers.splice(dice.below(headers.length + 1), 0, header);
  if (dice.chance(0.15)) headers.splice(dice.below(headers.length + 1), 0, dice.pick(ODD_HEADERS));
  const lines = [dice.mostly('HTTP/1.1 200 OK', STATUS_LINES, 0.15), ...headers];
  const head = lines.map((one) => one + dice.mostly('\r\n', LINE_ENDS, 0.01)).join('');
  const before = dice.mostly('', INTERIM, 0.06);
  const behind = dice.mostly('', ['\r\n', 'HTTP/1.1 200 OK\r\n\r\n', 'x'], 0.04);
  const message = `${before}${head}${dice.mostly('\r\n', LINE_ENDS, 0.01)}${body}${behind}`;
  return dice.chance(0.25) ? mutated(message, dice) : message;
}

function framedBody(dice: Dice): { header: string; body: string } {
  const data = 'data: {"a":"' + 'x'.repeat(dice.below(40)) + '\r\n"}\n\n';
  const way = dice.next();
  if (way < 0.1) return { header: '', body: data };
  if (way < 0.2) {
    const header = dice.pick(ODD_FRAMINGS).replaceAll('N', String(data.length));
    return { header, body: /chunked/i.test(header) ? chunkedBody(data, dice) : data };
  }
  if (way < 0.5) return { header: `Content-Length: ${data.length}`, body: data };
  if (way < 0.55) return { header: `Content-Length: ${data.length + dice.below(5) - 2}`, body: data };
  return { header: 'transfer-encoding: chunked', body: chunkedBody(data, dice) };
}

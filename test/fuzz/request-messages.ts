// Request messages: what clients, and those who mean harm, could send on one connection. Built from a grammar of right and
// nearly right parts, then broken now and then. The corpus is what smuggling lives of, part by part.
import { mutated } from './bytes.ts';
import type { Dice } from './dice.ts';

export const routes = ['/v1/chat/completions', '/v1/messages', '/v1/embeddings', '/p'] as const;

const METHODS = ['GET', 'PUT', 'post', 'OPTIONS', 'HEAD', 'DELETE', 'POSTX', ' POST', 'CONNECT', 'PRI'] as const;
const TARGETS = [
  '/',
  '/v1/models',
  '/v1//chat/completions',
  '/v1/chat%2fcompletions',
  '/v1/../v1/messages',
  'http://host/v1/messages',
  '*',
  '/v1/messages#x',
  '/v1/messages?a=b c',
  '/v1/messages?a=\xe9',
  '/v1/messages?a"b',
  '/admin/x',
  '',
] as const;
const QUERIES = ['', '', '', '?beta=true', '?a=%20&b=/?', '?', '??x'] as const;
const VERSIONS = ['HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1', 'HTTP/1.1 ', 'HTTP/1.11', 'HTTP/01.1', ''] as const;
const LINE_ENDS = ['\t\r\n', '\n', '\r', '\r\r\n', '\n\r\n', ' \r\n', '\r\n '] as const;
const PLAIN_HEADERS = [
  'Authorization: Bearer sk-1',
  'content-type: application/json',
  'Accept: */*',
  'x-a: 1',
  'X-A: 2',
  'user-agent: x/1.0 (y; z)',
  'accept-encoding: gzip, br',
  'traceparent: 00-aa-bb-01',
  'constructor: x',
  '__proto__: y',
  'x-empty:',
  'x-space:    padded   \t',
] as const;
const ODD_HEADERS = [
  'connection: close',
  'Connection: keep-alive',
  'connection: keep-alive, close',
  'connection: upgrade',
  'connection: ',
  'connection: close\t',
  'connection: close ',
  'connection:\tkeep-alive',
  'host: a\t',
  'connection: close\r\nconnection: keep-alive',
  'proxy-connection: close',
  'proxy-connection: keep-alive',
  'keep-alive: timeout=1',
  'upgrade: h2c',
  'expect: 100-continue',
  'expect: something',
  'content-encoding: compress',
  'content-encoding: identity',
  'te: trailers',
  'trailer: x-t',
  'host: other',
  'authorization: again',
  'x folded: 1',
  'x-fold: 1\r\n folded',
  'x-fold: 1\r\n\tfolded',
  ' leading: x',
  'space : x',
  'tab\t: x',
  'no-colon',
  ': no name',
  'x-nul: a\0b',
  'x-cr: a\rb',
  'x-lf: a\nb',
  'x-latin: \xe9\xff',
  'x-del: \x7f',
  'x-vt: a\x0bb',
  'x(paren): 1',
  'x-\xe9: 1',
] as const;
/** Content-Length and Transfer-Encoding as they should not be. `N`: the real length. */
const ODD_FRAMINGS = [
  'content-length: N\r\ncontent-length: N',
  'content-length: N\r\nContent-Length: 0',
  'content-length: N, N',
  'content-length: +N',
  'content-length: -1',
  'content-length: -N',
  'content-length: 0N',
  'content-length: 000N',
  'content-length: N ',
  'content-length:  N',
  'content-length: N N',
  'content-length: 0xN',
  'content-length: N.0',
  'content-length: Ne0',
  'content-length: 1e3',
  'content-length:',
  'content-length: \tN',
  'content-length: 99999999999999999999',
  'content-length: 18446744073709551616',
  'content-length: 4294967296',
  'content-length : N',
  'content_length: N',
  'content-length: N\r\ntransfer-encoding: chunked',
  'transfer-encoding: chunked\r\ncontent-length: N',
  'transfer-encoding: chunked, chunked',
  'transfer-encoding: chunked\r\ntransfer-encoding: chunked',
  'transfer-encoding: identity',
  'transfer-encoding: identity\r\ncontent-length: N',
  'transfer-encoding: gzip, chunked',
  'transfer-encoding: chunked, gzip',
  'transfer-encoding: xchunked',
  'transfer-encoding: chunkedx',
  'transfer-encoding: "chunked"',
  'transfer-encoding: chunked;q=1',
  'transfer-encoding: ,chunked',
  'transfer-encoding:\tchunked',
  'transfer-encoding: chunked\t',
  'content-length: N\t',
  'transfer-encoding: \x0bchunked',
  'transfer-encoding : chunked',
  'transfer_encoding: chunked',
  'x: y\r\n transfer-encoding: chunked',
  'Transfer-Encoding: CHUNKED',
  'TRANSFER-ENCODING: chunked ',
  'transfer-encoding:',
] as const;
const ODD_SIZES = [
  '',
  '-1',
  '+1',
  '0x5',
  ' 5',
  '5 ',
  'ffffffff',
  '100000000',
  'ffffffffffffffff',
  '10000000000000000',
  'g',
] as const;
const EXTENSIONS = [
  ';a',
  ';a=b',
  ';a="b c"',
  ';a=b;c=d',
  ';a=',
  ';',
  '; a=b',
  ' ;a',
  ';a="b',
  ';a="\\""',
  ';\xe9=1',
  ';a=b\t',
] as const;
const TRAILERS = [
  'x-t: 1\r\n',
  'x-t: 1\r\nx-u: 2\r\n',
  'content-length: 5\r\n',
  'transfer-encoding: chunked\r\n',
  ' x: 1\r\n',
  'no colon\r\n',
  'x: \0\r\n',
  'connection: close\r\n',
] as const;

/** One to three messages on one connection. */
export function requestStream(dice: Dice): string {
  let stream = '';
  for (let count = dice.pick([1, 1, 2, 2, 3]); count > 0; count--) stream += requestMessage(dice);
  if (dice.chance(0.02)) stream = dice.pick(['\r\n', '\n', '\r\n\r\n', ' ', '\0']) + stream;
  return dice.chance(0.25) ? mutated(stream, dice) : stream;
}

function requestMessage(dice: Dice): string {
  const method = dice.mostly('POST', METHODS, 0.08);
  const target = dice.mostly(dice.pick(routes) + dice.pick(QUERIES), TARGETS, 0.08);
  const version = dice.mostly('HTTP/1.1', VERSIONS, 0.04);
  const { header, body } = framedBody(dice);
  const headers = [dice.mostly('Host: a', ['host:', 'host: b\r\nhost: a', 'x-no: host'], 0.04), ...someHeaders(dice)];
  if (header !== '') headers.splice(dice.below(headers.length + 1), 0, header);
  const line = dice.mostly(
    `${method} ${target} ${version}`,
    [`${method}  ${target} ${version}`, `${method} ${target}`],
    0.02,
  );
  const head = [line, ...headers].map((one) => one + dice.mostly('\r\n', LINE_ENDS, 0.01)).join('');
  return head + dice.mostly('\r\n', LINE_ENDS, 0.01) + body;
}

function someHeaders(dice: Dice): string[] {
  const headers = Array.from({ length: dice.below(5) }, () => dice.pick(PLAIN_HEADERS));
  return dice.chance(0.1) ? [...headers, dice.pick(ODD_HEADERS)] : headers;
}

function framedBody(dice: Dice): { header: string; body: string } {
  const data = '{"a":"' + 'x'.repeat(dice.below(40)) + '\r\n"}';
  const way = dice.next();
  if (way < 0.06) return { header: '', body: '' };
  if (way < 0.14) {
    const header = dice.pick(ODD_FRAMINGS).replaceAll('N', String(data.length));
    return { header, body: /chunked/i.test(header) ? chunkedBody(data, dice) : data };
  }
  if (way < 0.55) return { header: `Content-Length: ${data.length}`, body: data };
  if (way < 0.6) return { header: `Content-Length: ${data.length + dice.below(5) - 2}`, body: data };
  return { header: 'transfer-encoding: chunked', body: chunkedBody(data, dice) };
}

export function chunkedBody(data: string, dice: Dice): string {
  let body = '';
  for (let at = 0; at < data.length;) {
    const length = Math.min(data.length - at, dice.below(20) + 1);
    const hex = dice.pick([length.toString(16), length.toString(16).toUpperCase(), `0${length.toString(16)}`]);
    const size = dice.mostly(hex, ODD_SIZES, 0.02);
    const extension = dice.mostly('', EXTENSIONS, 0.06);
    body += `${size}${extension}${dice.mostly('\r\n', LINE_ENDS, 0.01)}${data.slice(at, at + length)}`;
    body += dice.mostly('\r\n', LINE_ENDS, 0.01);
    at += length;
  }
  const last = dice.mostly('0', ['00', '000000', '0;a=b', '0 ', ''], 0.06);
  return `${body}${last}\r\n${dice.mostly('', TRAILERS, 0.1)}\r\n`;
}

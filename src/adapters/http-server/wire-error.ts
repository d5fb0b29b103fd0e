// Answers that the server itself must give because no door was or can be asked: an unreadable head, a bug. They have the
// error shape OpenAI SDKs parse. They must never repeat what the client sent.
import { STATUS_CODES } from '../node-http.ts';
import { rejections } from '../../kernel/rejection.ts';

export interface WireError {
  readonly status: number;
  readonly code: string | null;
  readonly message: string;
}

export function wireErrorBody(error: WireError): Buffer {
  const type = error.status >= 500 ? rejections.internal.type : rejections.badRequest.type;
  return Buffer.from(JSON.stringify({ error: { message: error.message, type, param: null, code: error.code } }));
}

/** A whole HTTP/1.1 answer for a socket that has no response object; the connection ends with it. */
export function wireErrorAnswer(error: WireError): Buffer {
  const body = wireErrorBody(error);
  const head =
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}\r\ncontent-type: application/json\r\n` +
    `content-length: ${body.length}\r\nconnection: close\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), body]);
}

export const bugError: WireError = {
  status: rejections.internal.status,
  code: rejections.internal.code,
  message: 'The gateway failed to handle this request. The bug was reported.',
};

export const connectError: WireError = {
  status: rejections.wrongMethod.status,
  code: rejections.wrongMethod.code,
  message: 'This gateway is no forward proxy: CONNECT is not served.',
};

export const expectationError: WireError = {
  status: 417,
  code: 'expectation_failed',
  message: 'The only expectation this server meets is `100-continue`.',
};

/** What Node's parser and its clocks say, as an answer; null when there is nobody left to tell. */
export function parserError(code: string): WireError | null {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return { status: 431, code: 'headers_too_large', message: 'Request line and headers are too large.' };
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return { status: 413, code: rejections.bodyTooLarge.code, message: 'Chunk extensions are too large.' };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, code: rejections.bodyTimeout.code, message: 'The request did not arrive in time.' };
    case 'HPE_UNEXPECTED_CONTENT_LENGTH':
    case 'HPE_INVALID_CONTENT_LENGTH':
      return badRequest('Content-Length is invalid, repeated or sent together with Transfer-Encoding.');
    case 'HPE_INVALID_TRANSFER_ENCODING':
      return badRequest('Transfer-Encoding is invalid or sent together with Content-Length.');
    default:
      return code.startsWith('HPE_') ? badRequest('This is not a valid HTTP/1.1 request.') : null;
  }
}

export function badRequest(message: string): WireError {
  return { status: 400, code: 'bad_http_request', message };
}

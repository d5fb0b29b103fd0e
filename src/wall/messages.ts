// Messages: reading a JSON object from a request and saying one back, for every wall. It never keeps more of a body than its
// maximum.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JsonObject } from '../kernel/json.ts';
import { isObject } from '../kernel/json.ts';

/** The body as an object; or what is wrong with it. Called once, unless the asker leaves before. */
export type OnBody = (body: JsonObject | 'tooLarge' | 'noObject', bodyBytes: number) => void;

export function readBody(request: IncomingMessage, bytesMax: number, onBody: OnBody): void {
  const chunks: Buffer[] = [];
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= bytesMax) chunks.push(chunk);
    else chunks.length = 0;
  });
  request.on('end', () => onBody(size > bytesMax ? 'tooLarge' : parse(Buffer.concat(chunks)), size));
}

function parse(content: Buffer): JsonObject | 'noObject' {
  try {
    const value: unknown = JSON.parse(content.toString());
    return isObject(value) ? value : 'noObject';
  } catch {
    return 'noObject';
  }
}

export function say(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body);
}

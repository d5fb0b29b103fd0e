// Far side: a real HTTP server that plays a provider for end-to-end tests. Each request is recorded and handed to the test's
// own answer; when its connection closes is recorded too, so that aborts can be seen where they matter.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Seen {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
  /** Resolves when the client side of this request is gone before the answer was finished. */
  readonly aborted: Promise<void>;
}

export type Answer = (response: ServerResponse, seen: Seen) => void;

export class FarSide {
  readonly seen: Seen[] = [];
  answer: Answer = (response) => json(response, 200, completion('Hi.'));
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const text = Buffer.concat(parts).toString();
        const aborted = new Promise<void>((resolve) => {
          response.on('close', () => response.writableFinished || resolve());
        });
        const seen: Seen = {
          path: request.url ?? '',
          headers: request.headers,
          body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
          aborted,
        };
        this.seen.push(seen);
        this.answer(response, seen);
      });
    });
  }

  static async start(): Promise<FarSide> {
    const farSide = new FarSide();
    await new Promise<void>((resolve) => farSide.#server.listen(0, '127.0.0.1', resolve));
    return farSide;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

export function beginStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
}

export function delta(response: ServerResponse, content: string, finish: string | null = null): void {
  const choice = { index: 0, delta: content === '' ? {} : { content }, finish_reason: finish };
  const chunk = { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'far', choices: [choice] };
  response.write(`data: ${JSON.stringify(chunk)}\n\n`);
}

export const completion = (content: string): Record<string, unknown> => ({
  id: 'c1',
  object: 'chat.completion',
  created: 1,
  model: 'far',
  choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
});

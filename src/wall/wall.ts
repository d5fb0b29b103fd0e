// The wall: a provider in OpenAI's dialect that misbehaves on command. The model's name picks the behaviour. It must
// outlive whatever is sent to it, and never keep a timer or a socket for a client that has left.
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { nodeDigest } from '../adapters/digest.ts';
import { systemClock, systemTimers } from '../adapters/system.ts';
import type { JsonObject } from '../kernel/json.ts';
import { isObject } from '../kernel/json.ts';
import { AttemptLog } from './attempt-log.ts';
import type { LogEntry } from './attempt-log.ts';
import { behaviours, findBehaviour, usableName } from './behaviours.ts';
import type { Found } from './behaviours.ts';
import { errorBody } from './refusals.ts';
import { Stage } from './stage.ts';
import { readAsked, textAfter } from './turn.ts';
import type { Asked, Surface, Turn } from './turn.ts';
import { Visits } from './visits.ts';

export interface WallOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

export interface Wall {
  /** What a client takes for its base URL; it ends with `/v1`. */
  readonly url: string;
  readonly log: readonly LogEntry[];
  /** Empties the log and forgets who was here. */
  reset(): void;
  /** Ends every connection at once. */
  stop(): Promise<void>;
}

const BODY_BYTES_MAX = 64 * 1024 * 1024;
const ENTRIES_MAX = 50_000;
const CALLERS_MAX = 50_000;
/** Of a model's name or a prefix, in the log: many times the known text. */
const KEPT_LETTERS_MAX = 4_096;
const DIGEST_DIGITS = 12;
const BACKLOG = 4_096;
/** Longer than clients keep idle connections, so that no request meets a connection that is just being closed. */
const KEEP_ALIVE_MS = 120_000;

const surfaces = new Map<string, Surface>(
  Object.entries({
    '/v1/chat/completions': 'chat',
    '/beta/chat/completions': 'chat',
    '/v1/beta/chat/completions': 'chat',
    '/v1/completions': 'text',
    '/v1/embeddings': 'embeddings',
  } as const),
);

export async function startWall(options: WallOptions): Promise<Wall> {
  const house = new House();
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true }, (request, response) =>
    house.serve(request, response),
  );
  // Whoever does not speak HTTP is shown the door.
  server.on('clientError', (_error, socket) => socket.destroy());
  await listening(server, options);
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}/v1`,
    log: house.log.entries,
    reset: () => house.reset(),
    stop: async () => {
      await closing(server);
      await house.quiet();
    },
  };
}

function listening(server: Server, { host, port }: WallOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closing(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

class House {
  readonly log = new AttemptLog(ENTRIES_MAX);
  readonly #playing = new Set<Promise<void>>();
  readonly #visits = new Visits(CALLERS_MAX);

  reset(): void {
    this.log.clear();
    this.#visits.clear();
  }

  /** When every attempt has ended and the log has its last word. */
  async quiet(): Promise<void> {
    await Promise.all(this.#playing);
  }

  serve(request: IncomingMessage, response: ServerResponse): void {
    request.on('error', () => {});
    response.on('error', () => {});
    const path = (request.url ?? '').replace(/[?#].*$/s, '');
    const surface = surfaces.get(path);
    if (surface === undefined) {
      request.resume();
      this.#page(request, path, response);
    } else if (request.method === 'POST') this.#read(request, response, path, surface);
    else {
      request.resume();
      refuse(response, 405, `${path} takes POST only`);
    }
  }

  #page(request: IncomingMessage, path: string, response: ServerResponse): void {
    const name = `${request.method ?? ''} ${path}`;
    if (name === 'GET /health') say(response, 200, JSON.stringify({ status: 'ok' }));
    else if (name === 'GET /v1/models') say(response, 200, modelList());
    else if (name === 'GET /log') say(response, 200, JSON.stringify(this.log.entries));
    else if (name === 'DELETE /log') {
      this.reset();
      say(response, 200, '[]');
    } else refuse(response, 404, `nothing at ${name}`);
  }

  #read(request: IncomingMessage, response: ServerResponse, path: string, surface: Surface): void {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= BODY_BYTES_MAX) chunks.push(chunk);
      else chunks.length = 0;
    });
    request.on('end', () => {
      if (size > BODY_BYTES_MAX) return refuse(response, 413, 'the body is too large');
      const body = parse(Buffer.concat(chunks));
      if (body === null) return refuse(response, 400, 'the body must be a JSON object');
      this.#answer(request, response, path, readAsked(surface, body, size));
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse, path: string, asked: Asked): void {
    const found = findBehaviour(asked.model);
    const { text, note } = textAfter(asked.prefix, found?.behaviour.prefix ?? 'continues');
    const { authorization, 'x-wall-key': wallKey } = request.headers;
    const nowMs = systemClock.wall();
    const now = systemClock.now();
    const entry = this.log.add({
      at: nowMs,
      path,
      model: asked.model.slice(0, KEPT_LETTERS_MAX),
      stream: asked.stream,
      bodyBytes: asked.bodyBytes,
      authorization: authorization === undefined ? null : nodeDigest.sha256(authorization).slice(0, DIGEST_DIGITS),
      prefix: asked.prefix === null ? null : asked.prefix.slice(0, KEPT_LETTERS_MAX),
      note: found === null ? 'no such behaviour' : note,
    });
    if (found === null) {
      entry.status = 404;
      entry.tookMs = 0;
      const why = `The model \`${asked.model.slice(0, 100)}\` does not exist: see GET /v1/models`;
      return say(response, 404, errorBody(why, 'invalid_request_error', 'model_not_found', 'model'));
    }
    const caller = String(wallKey ?? authorization ?? '');
    const visit = this.#visits.count(asked.model.slice(0, KEPT_LETTERS_MAX), caller, now);
    const turn = { asked, text, ...visit, nowMs, id: `wall-${entry.number}`, numbers: found.numbers };
    const played = play(response, turn, found, entry);
    this.#playing.add(played);
    void played.then(() => this.#playing.delete(played));
  }
}

/** Settles when the attempt is over, however it ends. */
function play(response: ServerResponse, turn: Turn, found: Found, entry: LogEntry): Promise<void> {
  const startedAt = systemClock.now();
  return new Promise((resolve) => {
    const stage = new Stage(response, found.behaviour.play(turn), systemTimers, {
      onHead: (status) => {
        entry.status = status;
      },
      onEnd: (aborted) => {
        entry.aborted = aborted;
        entry.tookMs = Math.round(systemClock.now() - startedAt);
        resolve();
      },
    });
    stage.play();
  });
}

function parse(content: Buffer): JsonObject | null {
  try {
    const value: unknown = JSON.parse(content.toString());
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function modelList(): string {
  const data = behaviours.map((behaviour) => ({
    id: usableName(behaviour),
    object: 'model',
    created: 0,
    owned_by: 'spillway-wall',
  }));
  return JSON.stringify({ object: 'list', data });
}

function refuse(response: ServerResponse, status: number, message: string): void {
  say(response, status, errorBody(message, 'invalid_request_error', null));
}

function say(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body);
}

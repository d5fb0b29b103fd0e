// The wall: a provider that misbehaves on command, in every dialect. The model's name picks the behaviour. It must
// outlive whatever is sent to it, and never keep a timer or a socket for a client that has left.
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { nodeDigest } from '../adapters/digest.ts';
import { systemClock, systemTimers } from '../adapters/system.ts';
import { AttemptLog } from './attempt-log.ts';
import type { LogEntry } from './attempt-log.ts';
import { isSpokenIn } from './behaviour.ts';
import { behaviours, findBehaviour, usableName } from './behaviours.ts';
import type { Found } from './behaviours.ts';
import { callerOf, credentialOf } from './caller.ts';
import { closeListener, KEEP_ALIVE_MS, openListener } from './listener.ts';
import type { ListenerOptions } from './listener.ts';
import { readBody, say } from './messages.ts';
import { routeOf } from './routes.ts';
import type { Route } from './routes.ts';
import { Stage } from './stage.ts';
import type { Tongue } from './tongues/tongue.ts';
import { tongues } from './tongues/tongues.ts';
import { readAsked, textAfter } from './turn.ts';
import type { Asked, Turn } from './turn.ts';
import { Visits } from './visits.ts';

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

export async function startWall(options: ListenerOptions): Promise<Wall> {
  const house = new House();
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true }, (request, response) =>
    house.serve(request, response),
  );
  return {
    url: await openListener(server, options),
    log: house.log.entries,
    reset: () => house.reset(),
    stop: async () => {
      await closeListener(server);
      await house.quiet();
    },
  };
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
    const route = routeOf(path);
    if (route === null) {
      request.resume();
      this.#page(request, path, response);
    } else if (request.method === 'POST') this.#read(request, response, path, route);
    else {
      request.resume();
      refuse(response, tongues[route.dialect], 405, `${path} takes POST only`);
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
    } else refuse(response, tongues.openai, 404, `nothing at ${name}`);
  }

  #read(request: IncomingMessage, response: ServerResponse, path: string, route: Route): void {
    const tongue = tongues[route.dialect];
    readBody(request, BODY_BYTES_MAX, (body, size) => {
      if (body === 'tooLarge') return refuse(response, tongue, 413, 'the body is too large');
      if (body === 'noObject') return refuse(response, tongue, 400, 'the body must be a JSON object');
      this.#answer(request, response, path, tongue, readAsked(route, body, size));
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse, path: string, tongue: Tongue, asked: Asked): void {
    const known = findBehaviour(asked.model);
    const found = known !== null && isSpokenIn(known.behaviour, tongue.name) ? known : null;
    const { text, note } = textAfter(asked.prefix, found?.behaviour.prefix ?? 'continues');
    const credential = credentialOf(request.headers);
    const nowMs = systemClock.wall();
    const now = systemClock.now();
    const entry = this.log.add({
      at: nowMs,
      path,
      model: asked.model.slice(0, KEPT_LETTERS_MAX),
      stream: asked.stream,
      bodyBytes: asked.bodyBytes,
      authorization: credential === null ? null : nodeDigest.sha256(credential).slice(0, DIGEST_DIGITS),
      prefix: asked.prefix === null ? null : asked.prefix.slice(0, KEPT_LETTERS_MAX),
      note: found === null ? 'no such behaviour' : note,
    });
    if (found === null) {
      const name = asked.model.slice(0, 100);
      const why = `The model \`${name}\` does not exist in the dialect ${tongue.name}: see GET /v1/models`;
      const { status, headers, body } = tongue.refusal('unknownModel', why);
      entry.status = status;
      entry.tookMs = 0;
      return say(response, status, body, headers);
    }
    const visit = this.#visits.count(asked.model.slice(0, KEPT_LETTERS_MAX), callerOf(request.headers), now);
    const turn = { tongue, asked, text, ...visit, nowMs, id: `wall-${entry.number}`, numbers: found.numbers };
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

function modelList(): string {
  const data = behaviours.map((behaviour) => ({
    id: usableName(behaviour),
    object: 'model',
    created: 0,
    owned_by: 'spillway-wall',
  }));
  return JSON.stringify({ object: 'list', data });
}

/** What is wrong before a behaviour can be looked for: the status is HTTP's, the words are the dialect's. */
function refuse(response: ServerResponse, tongue: Tongue, status: number, message: string): void {
  const { headers, body } = tongue.refusal('wrongRequest', message);
  say(response, status, body, headers);
}

// Engine wall: the modelled batch engine in real time behind the OpenAI dialect. Overload looks here as it does in earnest:
// everybody is let in, waits inside, and gets a late first token; only a limit that was set refuses. Faults are put on and
// taken off while it runs.
// It must never make an answer faster than the model says, and never keep work for an asker who has left.
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { systemChance, systemClock, systemTimers } from '../../adapters/system.ts';
import { BatchEngine } from '../../engine/batch-engine.ts';
import { batchEngine, scaled } from '../../engine/constants.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { limits } from '../../kernel/limits.ts';
import { closeListener, KEEP_ALIVE_MS, type ListenerOptions, openListener } from '../listener.ts';
import { readBody, say } from '../messages.ts';
import { type Ailment, conditionOf, readAilment, well } from './ailment.ts';
import { type AnswerEnd, type AnswerOwner, EngineAnswer } from './engine-answer.ts';
import { readEngineAsked } from './engine-asked.ts';
import { EngineMeters } from './engine-meters.ts';
import { type Manner, type MannerName, manners, type Refusal } from './manner.ts';
import { PacedClock } from './paced-clock.ts';

export interface EngineWallOptions extends ListenerOptions {
  /** 1: the engine of engine/constants.ts. */
  readonly capacity: number;
  readonly manner: MannerName;
  /** The only model it serves. */
  readonly model: string;
  /** Requests in flight above which it refuses; null: the manner's own. */
  readonly inFlightMax: number | null;
}

/** What it has done and how it is. */
export interface EngineState {
  readonly ailment: Ailment;
  readonly running: number;
  readonly waiting: number;
  readonly kvUsage: number;
  readonly received: number;
  readonly refused: number;
  readonly answered: number;
  readonly left: number;
  readonly broken: number;
  readonly answerTokens: number;
}

export interface EngineWall {
  /** Base URL with `/v1`. */
  readonly url: string;
  state(): EngineState;
  ail(ailment: Ailment): void;
  stop(): Promise<void>;
}

export const CAPACITY_MAX = 100;
/** An engine that makes this many times the tokens tells them in lots of so many: nobody reads thousands of lines a second. */
const CAPACITY_PER_CHUNK = 2;
const CONTROL_BYTES_MAX = 4_096;
const chatPaths = /^(?:\/v1|\/beta|\/v1\/beta)?\/chat\/completions$/;

export async function startEngineWall(options: EngineWallOptions): Promise<EngineWall> {
  const house = new EngineHouse(options);
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true }, (request, response) =>
    house.serve(request, response),
  );
  server.maxConnections = limits.connectionsMax;
  return {
    url: await openListener(server, options),
    state: () => house.state(),
    ail: (ailment) => house.ail(ailment),
    stop: () => {
      house.close();
      return closeListener(server);
    },
  };
}

class EngineHouse implements AnswerOwner {
  readonly clock = systemClock;
  readonly timers = systemTimers;
  readonly manner: Manner;
  readonly #model: string;
  readonly #engine: BatchEngine;
  readonly #inFlightMax: number;
  readonly #meters: EngineMeters;
  readonly #answers = new Set<EngineAnswer>();
  #ailment: Ailment = well;

  constructor({ capacity, manner, model, inFlightMax }: EngineWallOptions) {
    this.manner = manners[manner];
    this.#model = model;
    this.#inFlightMax = inFlightMax ?? this.manner.inFlightMaxAt(capacity) ?? limits.connectionsMax;
    this.#meters = new EngineMeters(model);
    this.#engine = new BatchEngine(new PacedClock(systemClock, systemTimers), {
      constants: scaled(batchEngine, capacity),
      eventTokens: Math.max(1, Math.ceil(capacity / CAPACITY_PER_CHUNK)),
    });
  }

  state(): EngineState {
    const meters = this.#meters;
    return {
      ailment: this.#ailment,
      running: this.#engine.running,
      waiting: this.#engine.waiting,
      kvUsage: this.#engine.kvTokens / this.#engine.constants.kvTokensMax,
      received: meters.received,
      refused: meters.refused,
      answered: meters.ended('stop') + meters.ended('length'),
      left: meters.ended('abort'),
      broken: meters.ended('broken'),
      answerTokens: meters.answerTokens,
    };
  }

  ail(ailment: Ailment): void {
    this.#ailment = ailment;
    this.#engine.condition = conditionOf(ailment);
    if (ailment.dead) this.close();
  }

  /** Breaks what is under way. */
  close(): void {
    for (const answer of this.#answers) answer.break();
  }

  serve(request: IncomingMessage, response: ServerResponse): void {
    request.on('error', () => {});
    response.on('error', () => {});
    const path = (request.url ?? '').replace(/[?#].*$/s, '');
    if (path === '/control') return this.#control(request, response);
    if (this.#ailment.dead) return void request.socket.resetAndDestroy();
    if (request.method === 'POST' && chatPaths.test(path)) {
      return readBody(request, limits.bodyBytesMax, (body) => this.#take(body, response));
    }
    request.resume();
    this.#page(`${request.method ?? ''} ${path.replace(/^\/v1\//, '/')}`, response);
  }

  onFirstToken(waitedMs: number): void {
    this.#meters.onFirstToken(waitedMs);
  }

  onTokens(count: number): void {
    this.#meters.answerTokens += count;
  }

  onEnd(answer: EngineAnswer, end: AnswerEnd, tookMs: number): void {
    this.#answers.delete(answer);
    this.#meters.onEnd(end, tookMs);
  }

  #page(name: string, response: ServerResponse): void {
    if (name === 'GET /models') {
      const data = [{ id: this.#model, object: 'model', created: 0, owned_by: 'spillway-wall' }];
      say(response, 200, JSON.stringify({ object: 'list', data }));
    } else if (name === 'GET /health') say(response, 200, '');
    else if (name === 'GET /metrics') {
      const { running, waiting, kvUsage } = this.state();
      const text = this.#meters.text({ running, waiting, kvUsage, preemptions: this.#engine.preemptions });
      say(response, 200, text, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
    } else say(response, 404, JSON.stringify({ detail: 'Not Found' }));
  }

  #control(request: IncomingMessage, response: ServerResponse): void {
    const tell = (): void => say(response, 200, `${JSON.stringify(this.state())}\n`);
    if (request.method === 'DELETE') this.ail(well);
    if (request.method !== 'POST') {
      request.resume();
      return tell();
    }
    readBody(request, CONTROL_BYTES_MAX, (body) => {
      const wrong = { ok: false, error: 'the body must be a small JSON object' } as const;
      const ailment = typeof body === 'string' ? wrong : readAilment(body, this.#ailment);
      if (!ailment.ok) return say(response, 400, `${JSON.stringify({ error: ailment.error })}\n`);
      this.ail(ailment.value);
      tell();
    });
  }

  #take(body: JsonObject | 'tooLarge' | 'noObject', response: ServerResponse): void {
    this.#meters.received++;
    if (this.#ailment.dead) return void response.socket?.resetAndDestroy();
    if (typeof body === 'string') return this.#refuse(this.manner.wrong('The body must be a JSON object'), response);
    const asked = readEngineAsked(body, systemChance);
    const { kvTokensMax, watermark } = this.#engine.constants;
    const tokens = asked.promptTokens + asked.outputTokens;
    const tokensMax = Math.floor(kvTokensMax * (1 - watermark));
    if (asked.model !== this.#model) return this.#refuse(this.manner.unknownModel(asked.model), response);
    if (tokens > tokensMax) return this.#refuse(this.manner.tooLong(tokens, tokensMax), response);
    if (this.#ailment.refuse === 429) return this.#refuse(this.manner.limited(), response);
    if (this.#ailment.refuse === 503) return this.#refuse(this.manner.busy(), response);
    const inFlight = this.#answers.size + 1;
    if (inFlight > this.#inFlightMax) return this.#refuse(this.manner.full(inFlight, this.#inFlightMax), response);
    this.#meters.promptTokens += asked.promptTokens;
    const answer = new EngineAnswer(`chatcmpl-${systemChance.hex(24)}`, asked, response, this);
    this.#answers.add(answer);
    answer.begin(this.#engine.submit(asked, answer));
  }

  #refuse({ status, body }: Refusal, response: ServerResponse): void {
    this.#meters.refused++;
    say(response, status, body);
  }
}

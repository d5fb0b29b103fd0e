// Replay: a kept answer told as a stream at the pace of a model that speaks, for callers whose screens are made for that. It
// shows a piece of each choice's text at every beat; what is no text comes with the first. A reader that is behind is waited
// for. It never takes longer than a minute, whatever the pace.
import { isObject, type JsonObject } from '../kernel/json.ts';
import { limits } from '../kernel/limits.ts';
import type { Usage } from '../kernel/usage.ts';
import type { Timer, Timers } from '../ports/clock.ts';
import type { Exchange } from './exchange.ts';
import { readUsage } from './kept-answer.ts';
import { chunksOf } from './stand-in.ts';

const BEAT_MS = 50;
const REPLAY_MS_MAX = 60_000;
const BEATS_MAX = REPLAY_MS_MAX / BEAT_MS;
const CHARACTERS_PER_TOKEN = 4;
const BEATS_PER_S = 1_000 / BEAT_MS;

/** Of those who run exchanges. */
export interface ReplayHost {
  show(exchange: Exchange, bytes: Uint8Array): void;
  /** All has been shown. */
  shown(exchange: Exchange): void;
  guard(exchange: Exchange, work: () => void): void;
}

interface Part {
  /** Canonical, whole. */
  readonly answer: JsonObject;
  readonly usage: Usage;
  readonly perSecond: number;
}

/** Begins at once. */
export function replay(exchange: Exchange, part: Part, timers: Timers, host: ReplayHost): Replay {
  const told = new Replay(exchange, part, timers, host);
  told.start();
  return told;
}

export class Replay {
  readonly #timers: Timers;
  readonly #host: ReplayHost;
  readonly #exchange: Exchange;
  readonly #pieces: readonly JsonObject[];
  readonly #usage: Usage;
  #next = 0;
  #timer: Timer | null = null;
  #beats = 0;

  constructor(exchange: Exchange, { answer, usage, perSecond }: Part, timers: Timers, host: ReplayHost) {
    this.#timers = timers;
    this.#host = host;
    this.#exchange = exchange;
    this.#usage = usage;
    this.#pieces = piecesOf(answer, perSecond);
  }

  start(): void {
    this.#beat();
  }

  cancel(): void {
    this.#timer?.cancel();
  }

  #beat(): void {
    const { reply, answer } = this.#exchange;
    const isBehind = reply.pendingBytes > limits.readerBytesLow && ++this.#beats < BEATS_MAX;
    if (!isBehind) {
      const piece = this.#pieces[this.#next++];
      if (piece === undefined) return this.#end();
      const bytes = answer.write(piece);
      if (bytes !== null) this.#host.show(this.#exchange, bytes);
      if (this.#exchange.phase === 'ended') return;
    }
    this.#timer = this.#timers.after(BEAT_MS, () => this.#host.guard(this.#exchange, () => this.#beat()));
  }

  #end(): void {
    const { request, dialect, answer } = this.#exchange;
    const isToldUsage = request?.includeUsage === true || dialect.name !== 'openai';
    this.#host.show(this.#exchange, answer.end(isToldUsage ? readUsage(this.#usage) : null));
    this.#host.shown(this.#exchange);
  }
}

/** The chunks of a stream of it, the one with the text in parts. */
function piecesOf(answer: JsonObject, perSecond: number): JsonObject[] {
  const [said, ...rest] = chunksOf(answer);
  if (said === undefined) return rest;
  const choices = Array.isArray(said['choices']) ? said['choices'].filter(isObject) : [];
  const longest = Math.max(0, ...choices.map((choice) => textOf(choice).length));
  const characters = Math.max(
    1,
    Math.ceil((perSecond * CHARACTERS_PER_TOKEN) / BEATS_PER_S),
    Math.ceil(longest / BEATS_MAX),
  );
  const cut = choices.map((choice) => cutText(textOf(choice), characters));
  const beats = Math.max(1, ...cut.map((parts) => parts.length));
  const pieces = Array.from({ length: beats }, (_, beat) => ({
    ...said,
    choices: choices.flatMap((choice, at) => {
      const text = cut[at]?.[beat];
      return beat > 0 && text === undefined ? [] : [withText(choice, text ?? '', beat === 0)];
    }),
  }));
  return [...pieces, ...rest];
}

const deltaOf = (choice: JsonObject): JsonObject | null => (isObject(choice['delta']) ? choice['delta'] : null);

function textOf(choice: JsonObject): string {
  const text = deltaOf(choice)?.['content'] ?? choice['text'];
  return typeof text === 'string' ? text : '';
}

/** Never between the halves of a surrogate pair. */
function cutText(text: string, characters: number): string[] {
  const parts: string[] = [];
  for (let at = 0; at < text.length;) {
    let end = Math.min(text.length, at + characters);
    if (end < text.length && (text.charCodeAt(end - 1) & 0xfc00) === 0xd800) end++;
    parts.push(text.slice(at, end));
    at = end;
  }
  return parts;
}

function withText(choice: JsonObject, text: string, isFirst: boolean): JsonObject {
  const delta = deltaOf(choice);
  if (delta === null) return { ...choice, text };
  // What has no text stays as it is.
  if (typeof delta['content'] !== 'string') return choice;
  return { ...choice, delta: isFirst ? { ...delta, content: text } : { content: text } };
}

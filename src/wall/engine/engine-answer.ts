// Engine answer: tells one asker what the engine makes, as a stream of chunks or as one whole. Its states: waiting (no token
// yet, perhaps keep-alives), telling, over. It must leave the engine at once when its asker leaves, and must never let an
// asker who does not read fill the memory.
import type { ServerResponse } from 'node:http';
import type { JobCall, JobSink } from '../../engine/far-side.ts';
import type { Clock, Timer, Timers } from '../../ports/clock.ts';
import { say } from '../messages.ts';
import { tokensText } from './answer-text.ts';
import type { EngineAsked } from './engine-asked.ts';
import type { Manner } from './manner.ts';

/** An answer ends in one of these ways; `broken`: we cut it off. */
export type AnswerEnd = 'stop' | 'length' | 'abort' | 'broken';

export interface AnswerOwner {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly manner: Manner;
  onFirstToken(waitedMs: number): void;
  onTokens(count: number): void;
  /** Once. */
  onEnd(answer: EngineAnswer, end: AnswerEnd, tookMs: number): void;
}

/** Unread bytes of one asker above which it is cut off. */
const UNREAD_BYTES_MAX = 4 * 1024 * 1024;
const streamHead = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };

export class EngineAnswer implements JobSink {
  readonly #asked: EngineAsked;
  readonly #response: ServerResponse;
  readonly #owner: AnswerOwner;
  readonly #id: string;
  readonly #created: number;
  readonly #startedAt: number;
  readonly #chunkStart: string;
  #call: JobCall | null = null;
  #keepAlive: Timer | null = null;
  #made = 0;
  #over = false;

  constructor(id: string, asked: EngineAsked, response: ServerResponse, owner: AnswerOwner) {
    this.#id = id;
    this.#asked = asked;
    this.#response = response;
    this.#owner = owner;
    this.#created = Math.floor(owner.clock.wall() / 1000);
    this.#startedAt = owner.clock.now();
    this.#chunkStart = `data: {${this.#frame('chat.completion.chunk')},"choices":[{"index":0,"delta":{`;
  }

  /** The connection's head is out before it is known what becomes of the request, as it is with both manners' originals. */
  begin(call: JobCall): void {
    this.#call = call;
    const { manner } = this.#owner;
    this.#response.on('error', () => {});
    this.#response.once('close', () => this.#leave());
    if (this.#asked.stream) this.#response.writeHead(200, streamHead);
    else if (manner.keepAliveMs !== null) this.#response.writeHead(200, { 'content-type': 'application/json' });
    if (this.#response.headersSent) this.#response.flushHeaders();
    if (manner.keepAliveMs !== null) this.#beat(manner.keepAliveMs);
  }

  /** Resets the connection, whatever it stands at. */
  break(): void {
    if (this.#over) return;
    this.#call?.cancel();
    this.#end('broken');
    this.#response.socket?.resetAndDestroy();
  }

  onFirstToken(): void {
    this.#keepAlive?.cancel();
    this.#keepAlive = null;
    this.#owner.onFirstToken(this.#owner.clock.now() - this.#startedAt);
    if (this.#asked.stream) this.#write(`${this.#chunkStart}"role":"assistant","content":""},${this.#chunkEnd(null)}`);
    this.onTokens(1);
  }

  onTokens(count: number): void {
    const from = this.#asked.saidTokens + this.#made;
    this.#made += count;
    this.#owner.onTokens(count);
    if (this.#asked.stream)
      this.#write(`${this.#chunkStart}"content":"${tokensText(from, count)}"},${this.#chunkEnd(null)}`);
  }

  onDone(): void {
    if (this.#over) return;
    this.#response.end(this.#asked.stream ? this.#lastChunks() : this.#whole());
    this.#end(this.#finish);
  }

  /** These are asked before anything is submitted (engine-wall.ts), so the engine has no reason left to refuse. */
  onRefused(): void {
    const { status, body } = this.#owner.manner.busy();
    if (this.#over) return;
    if (this.#response.headersSent) return this.break();
    say(this.#response, status, body);
    this.#end('broken');
  }

  onKeepAlive(): void {
    this.#write(this.#asked.stream ? ': keep-alive\n\n' : '\n');
  }

  onBroken(): void {
    this.break();
  }

  get #finish(): 'stop' | 'length' {
    return this.#asked.isCut ? 'length' : 'stop';
  }

  #beat(everyMs: number): void {
    this.#keepAlive = this.#owner.timers.after(everyMs, () => {
      this.onKeepAlive();
      if (!this.#over) this.#beat(everyMs);
    });
  }

  #write(text: string): void {
    if (this.#over) return;
    this.#response.write(text);
    if (this.#response.writableLength > UNREAD_BYTES_MAX) this.break();
  }

  #leave(): void {
    if (this.#over) return;
    this.#call?.cancel();
    this.#end('abort');
  }

  #end(end: AnswerEnd): void {
    this.#over = true;
    this.#keepAlive?.cancel();
    this.#owner.onEnd(this, end, this.#owner.clock.now() - this.#startedAt);
  }

  #frame(object: string): string {
    return `"id":"${this.#id}","object":"${object}","created":${this.#created},"model":${JSON.stringify(this.#asked.model)}`;
  }

  #chunkEnd(finish: string | null): string {
    const reason = finish === null ? 'null' : `"${finish}"`;
    const usage = this.#owner.manner.usageOnFinish && finish === null ? ',"usage":null' : '';
    return `"logprobs":null,"finish_reason":${reason}}]${usage}}\n\n`;
  }

  #lastChunks(): string {
    const last = `${this.#chunkStart}"content":""},"logprobs":null,"finish_reason":"${this.#finish}"}]`;
    if (this.#owner.manner.usageOnFinish) return `${last},${this.#usage()}}\n\ndata: [DONE]\n\n`;
    const own = `data: {${this.#frame('chat.completion.chunk')},"choices":[],${this.#usage()}}\n\n`;
    return `${last}}\n\n${this.#asked.wantsUsage ? own : ''}data: [DONE]\n\n`;
  }

  #whole(): string {
    const message = `{"role":"assistant","content":"${tokensText(this.#asked.saidTokens, this.#made)}"}`;
    const choice = `{"index":0,"message":${message},"logprobs":null,"finish_reason":"${this.#finish}"}`;
    const whole = `{${this.#frame('chat.completion')},"choices":[${choice}],${this.#usage()}}`;
    if (!this.#response.headersSent) this.#response.writeHead(200, { 'content-type': 'application/json' });
    return whole;
  }

  #usage(): string {
    const { promptTokens } = this.#asked;
    const total = promptTokens + this.#made;
    return `"usage":{"prompt_tokens":${promptTokens},"completion_tokens":${this.#made},"total_tokens":${total}}`;
  }
}

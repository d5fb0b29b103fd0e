// Simulated transport: the gateway's way out, ending at modelled far sides. It speaks the wire the way an OpenAI-compatible
// server does: an error body for a refusal, a stream with usage and end marker for an answer, comments for keep-alives.
import type { JobCall, Refusal } from '../engine/far-side.ts';
import { utf8Decode, utf8Encode } from '../kernel/web.ts';
import type { UpstreamCall, UpstreamRequest, UpstreamSink, UpstreamTransport } from '../ports/upstream.ts';
import { answerStart, contentEvent, endEvents } from './answer-text.ts';
import type { EventTime } from './event-time.ts';
import type { Ask } from './front.ts';
import type { Upstreams } from './upstreams.ts';

const KEEP_ALIVE = utf8Encode(': keep-alive\n\n');
const METRICS_PATH = '/metrics';
/** There and back. */
const METRICS_MS = 2;
const STREAM_HEAD = { 'content-type': 'text/event-stream' };

export class SimulatedTransport implements UpstreamTransport {
  readonly #time: EventTime;
  readonly #upstreams: Upstreams;
  readonly #asks = new Map<string, Ask>();

  constructor(time: EventTime, upstreams: Upstreams) {
    this.#time = time;
    this.#upstreams = upstreams;
  }

  /** Sends with the ask's number as their session belong to it, until it is forgotten. */
  expect(ask: Ask): void {
    this.#asks.set(String(ask.number), ask);
  }

  forget(ask: Ask): void {
    this.#asks.delete(String(ask.number));
  }

  send(request: UpstreamRequest, sink: UpstreamSink): UpstreamCall {
    const upstream = /^https?:\/\/([^.]+)\./.exec(request.route.origin)?.[1] ?? '';
    if (request.path === METRICS_PATH) return this.#tellMetrics(upstream, sink);
    const ask = this.#asks.get(headerOf(request, 'x-session-id'));
    if (ask === undefined) return this.#nobody(sink);
    // Who has read something can be read on to; the others' prompts need no search.
    const call = this.#answer(upstream, ask, ask.tokensRead === 0 ? 0 : tokensInPrefix(request), sink);
    return { pause: () => {}, resume: () => {}, cancel: () => call.cancel() };
  }

  #tellMetrics(upstream: string, sink: UpstreamSink): UpstreamCall {
    const timer = this.#time.after(METRICS_MS, () => {
      const metrics = this.#upstreams.metricsOf(upstream);
      sink.onHead(metrics === null ? 404 : 200, { 'content-type': 'text/plain' });
      sink.onBytes(utf8Encode(metrics ?? ''));
      sink.onEnd();
    });
    return { pause: () => {}, resume: () => {}, cancel: () => timer.cancel() };
  }

  #nobody(sink: UpstreamSink): UpstreamCall {
    const timer = this.#time.after(0, () => sink.onTrouble({ kind: 'connect', message: 'nobody asked for this' }));
    return { pause: () => {}, resume: () => {}, cancel: () => timer.cancel() };
  }

  #answer(upstream: string, ask: Ask, tokensSaid: number, sink: UpstreamSink): JobCall {
    let said = tokensSaid;
    let begun = false;
    const start = answerStart(ask.number);
    const say = (count: number): void => {
      if (!begun) sink.onHead(200, STREAM_HEAD);
      begun = true;
      const from = said;
      said += count;
      sink.onBytes(utf8Encode(contentEvent(start + from, count)));
    };
    return this.#upstreams.send(upstream, ask, tokensSaid, {
      onFirstToken: () => say(1),
      onTokens: say,
      onKeepAlive: () => {
        if (!begun) sink.onHead(200, STREAM_HEAD);
        begun = true;
        sink.onBytes(KEEP_ALIVE);
      },
      onDone: () => {
        sink.onBytes(utf8Encode(endEvents(ask.wish.promptTokens, said)));
        sink.onEnd();
      },
      onRefused: (refusal) => refuse(refusal, sink),
      onBroken: () => sink.onTrouble({ kind: 'reset', message: 'the connection was reset' }),
    });
  }
}

function refuse({ status, retryAfterMs, headers }: Refusal, sink: UpstreamSink): void {
  const retry = retryAfterMs === null ? {} : { 'retry-after-ms': String(Math.ceil(retryAfterMs)) };
  sink.onHead(status, { 'content-type': 'application/json', ...headers, ...retry });
  sink.onBytes(utf8Encode(`{"error":{"message":"Status ${status}.","type":"server_error","code":null,"param":null}}`));
  sink.onEnd();
}

function headerOf({ headers }: UpstreamRequest, name: string): string {
  const at = headers.indexOf(name);
  return at < 0 ? '' : (headers[at + 1] ?? '');
}

const PREFIX_MARKS = ['continue_final_message', '"prefix":true'];
const ASSISTANT = '"role":"assistant","content":"';

/** Tokens of the answer's beginning that the request asks to be continued. */
function tokensInPrefix({ body }: UpstreamRequest): number {
  if (body === null) return 0;
  const tail = utf8Decode(body);
  if (!PREFIX_MARKS.some((mark) => tail.includes(mark))) return 0;
  const at = tail.lastIndexOf(ASSISTANT);
  if (at < 0) return 0;
  const from = at + ASSISTANT.length;
  return Math.floor((tail.indexOf('"', from) - from) / 4);
}

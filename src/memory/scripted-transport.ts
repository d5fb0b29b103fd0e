// Scripted transport: a far side without a network, for the built-in model `demo`. It speaks OpenAI's wire format as bytes,
// through the same port and the same pipeline as every real upstream, so what a newcomer sees is what a provider gets.
import { isObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import { utf8Decode, utf8Encode } from '../kernel/web.ts';
import type { Chance } from '../ports/chance.ts';
import type { Clock, Timer, Timers } from '../ports/clock.ts';
import type { UpstreamCall, UpstreamRequest, UpstreamSink, UpstreamTransport } from '../ports/upstream.ts';
import { type Script, scriptedChat, scriptedCompletion, scriptedEmbeddings } from './scripted-answers.ts';

/** About 40 tokens a second: fast enough not to bore, slow enough to see it stream. */
const TOKEN_MS = 25;
/** Time to think before the first token, or before a whole answer. */
const FIRST_MS = 60;

export class ScriptedTransport implements UpstreamTransport {
  readonly #timers: Timers;
  readonly #chance: Chance;
  readonly #clock: Clock;

  constructor(timers: Timers, chance: Chance, clock: Clock) {
    this.#timers = timers;
    this.#chance = chance;
    this.#clock = clock;
  }

  send(request: UpstreamRequest, sink: UpstreamSink): UpstreamCall {
    return new ScriptedCall(this.#timers, sink, this.#steps(request));
  }

  #steps(request: UpstreamRequest): Iterable<Step> {
    const path = request.path.replace(/\?.*$/, '');
    if (path.endsWith('/models')) return whole(200, { object: 'list', data: [modelEntry] });
    const body = parse(request.body);
    if (body === null) return whole(400, errorOf('The body is not a JSON object.', 'invalid_json'));
    if (body['model'] !== 'demo') {
      return whole(404, errorOf(`The model ${JSON.stringify(body['model'])} does not exist.`, 'model_not_found'));
    }
    const birth = { created: Math.floor(this.#clock.wall() / 1000), id: this.#chance.hex(24) };
    if (path.endsWith('/embeddings')) return whole(200, scriptedEmbeddings(body));
    if (path.endsWith('/chat/completions')) return answer(scriptedChat(body, birth), body);
    if (path.endsWith('/completions')) return answer(scriptedCompletion(body, birth), body);
    return whole(404, errorOf(`There is nothing at ${path}.`, 'not_found'));
  }
}

const modelEntry = { id: 'demo', object: 'model', created: 1_735_689_600, owned_by: 'spillway' };

const event = (data: string): Uint8Array => utf8Encode(`data: ${data}\n\n`);

/** One thing that happens on the wire, `afterMs` after the one before. */
interface Step {
  readonly afterMs: number;
  readonly happen: (sink: UpstreamSink) => void;
}

const answer = (script: Script, body: JsonObject): Iterable<Step> =>
  body['stream'] === true ? play(script) : whole(200, script.whole);

function* play(script: Script): Iterable<Step> {
  yield { afterMs: 0, happen: (sink) => sink.onHead(200, { 'content-type': 'text/event-stream' }) };
  let afterMs = FIRST_MS;
  for (const chunk of script.chunks) {
    yield { afterMs, happen: (sink) => sink.onBytes(event(JSON.stringify(chunk))) };
    afterMs = TOKEN_MS;
  }
  yield { afterMs: 0, happen: (sink) => sink.onBytes(event('[DONE]')) };
  yield { afterMs: 0, happen: (sink) => sink.onEnd() };
}

function whole(status: number, said: JsonObject): Iterable<Step> {
  const bytes = utf8Encode(JSON.stringify(said));
  return [
    { afterMs: FIRST_MS, happen: (sink) => sink.onHead(status, { 'content-type': 'application/json' }) },
    { afterMs: 0, happen: (sink) => sink.onBytes(bytes) },
    { afterMs: 0, happen: (sink) => sink.onEnd() },
  ];
}

/** Plays steps one timer at a time; a paused call stands still, a cancelled one is silent. */
class ScriptedCall implements UpstreamCall {
  readonly #timers: Timers;
  readonly #sink: UpstreamSink;
  readonly #steps: Iterator<Step>;
  /** The step that is next; undefined when all is over. */
  #step: Step | undefined;
  #timer: Timer | null = null;
  #paused = false;

  constructor(timers: Timers, sink: UpstreamSink, steps: Iterable<Step>) {
    this.#timers = timers;
    this.#sink = sink;
    this.#steps = steps[Symbol.iterator]();
    this.#advance();
    this.#next();
  }

  pause(): void {
    this.#paused = true;
    this.#timer?.cancel();
    this.#timer = null;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#next();
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#step = undefined;
  }

  #advance(): void {
    const { done, value } = this.#steps.next();
    this.#step = done === true ? undefined : value;
  }

  #next(): void {
    const step = this.#step;
    if (step === undefined || this.#timer !== null) return;
    this.#timer = this.#timers.after(step.afterMs, () => {
      this.#timer = null;
      this.#advance();
      step.happen(this.#sink);
      if (!this.#paused) this.#next();
    });
  }
}

function parse(bytes: Uint8Array | null): JsonObject | null {
  try {
    const value = JSON.parse(utf8Decode(bytes ?? new Uint8Array())) as JsonValue;
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

const errorOf = (message: string, code: string): JsonObject => ({
  error: { message, type: 'invalid_request_error', param: null, code },
});

// Attempt: one send to one target, from ticket to outcome. It builds the request, watches the clocks, gathers error bodies
// and hands good answers to a reader. It reports exactly one outcome to its listener and then falls silent; whether
// anything is tried again is not its business.
import type { HeaderList, HeaderRecord } from '../kernel/headers.ts';
import { later, type MonotonicMs } from '../kernel/brands.ts';
import type { CanonicalRequest } from '../kernel/chat.ts';
import { type Fault, fault } from '../kernel/fault.ts';
import { limits } from '../kernel/limits.ts';
import { concatBytes } from '../kernel/web.ts';
import type { DoorDialect } from '../dialects/dialect.ts';
import type { Timer } from '../ports/clock.ts';
import type { TimeoutsConfig } from '../ports/config.ts';
import type { UpstreamCall, UpstreamSink, WireTrouble } from '../ports/upstream.ts';
import type { AnswerReader, AnswerSum, ReaderListener, Rewrite } from './answer-reader.ts';
import { bodyOf } from './body-of.ts';
import type { PlannedTarget } from './exchange.ts';
import { GatherReader } from './gather-reader.ts';
import type { Kit } from './kit.ts';
import { withoutSecrets } from './secrets.ts';
import { StreamReader, type StreamTerms } from './stream-reader.ts';
import { WholeReader } from './whole-reader.ts';

/** Reasoning pauses longer than speech. */
const THINKING_IDLE_FACTOR = 3;
/** Allowed for reading the prompt, on top of the time for a first token: 5,000 tokens a second is slow for any engine. */
const PROMPT_TOKEN_MS = 0.2;
/** For the body of an error answer. */
const FAULT_BODY_MS = 2_000;
/** Good enough to tell a pace. */
const CHARACTERS_PER_TOKEN = 4;
/** How long a finished upstream may take to close its answer before the connection is given up. */
const LINGER_MS = 1_000;

export interface AttemptListener {
  /** Of any answer, good or bad. */
  onHead(headers: HeaderRecord): void;
  /** The first text, reasoning or tool call. */
  onFirstToken(): void;
  /** So many more tokens of the answer, by estimate; once per chunk read. */
  onTokens(count: number): void;
  onKeepAlive(): void;
  onOutput(bytes: Uint8Array): void;
  /** `body` null: everything went through `onOutput`. */
  onComplete(body: Uint8Array | null): void;
  onFault(fault: Fault): void;
  /** First token is late: may the attempt be given up for another target? */
  mayGiveUp(): boolean;
}

export interface AttemptOrder {
  readonly request: CanonicalRequest;
  readonly planned: PlannedTarget;
  /** Now. */
  readonly sentAt: MonotonicMs;
  /** Counts from 0. */
  readonly credential: number;
  /** The client wants one piece; the stream is for our clocks and for an early end to trouble. */
  readonly gathers: boolean;
  readonly terms: Omit<StreamTerms, 'verbatim'>;
  /** The client's side: what the far side says otherwise is rewritten for it. */
  readonly door: DoorDialect;
  readonly rewrite: Rewrite;
  /** Trace and request ids, and what the caller's dialect passes on. */
  readonly extraHeaders: HeaderList;
  readonly timeouts: TimeoutsConfig;
}

export class Attempt implements UpstreamSink, ReaderListener {
  readonly sentAt: MonotonicMs;
  firstTokenAt: MonotonicMs | null = null;
  status: number | null = null;
  readonly #kit: Kit;
  readonly #order: AttemptOrder;
  readonly #listener: AttemptListener;
  readonly #call: UpstreamCall;
  #headers: HeaderRecord = {};
  #reader: AnswerReader | null = null;
  #faultBody: Uint8Array[] | null = null;
  #faultBytes = 0;
  #progressAt: MonotonicMs;
  #clock: Timer | null = null;
  #paused = false;
  #over = false;
  #wireOpen = true;

  constructor(order: AttemptOrder, listener: AttemptListener, kit: Kit) {
    this.#kit = kit;
    this.#order = order;
    this.#listener = listener;
    this.sentAt = this.#progressAt = order.sentAt;
    const { target } = order.planned;
    const { upstream } = target;
    const { path, fromOrigin } = order.planned.prepared;
    this.#call = kit.transport(upstream.provider.name).send(
      {
        route: upstream.route,
        method: 'POST',
        path: fromOrigin ? path : upstream.basePath + path,
        headers: this.#requestHeaders(),
        body: bodyOf(order.request, order.planned.prepared),
        auth: upstream.auth,
      },
      this,
    );
    // A whole answer says nothing until it is done: only the exchange's total deadline bounds it.
    const readingMs = order.request.promptTokens * PROMPT_TOKEN_MS;
    if (order.request.stream) this.#watch(order.timeouts.firstTokenMs + readingMs);
  }

  get sum(): AnswerSum | null {
    return this.#reader?.sum ?? null;
  }

  get usageOwed(): boolean {
    return this.#reader instanceof StreamReader && this.#reader.usageOwed;
  }

  /** The client reads slowly: no content is nobody's fault until `resume`. */
  pause(): void {
    if (this.#over || this.#paused) return;
    this.#paused = true;
    this.#call.pause();
  }

  resume(): void {
    if (this.#over || !this.#paused) return;
    this.#paused = false;
    this.#progressAt = this.#kit.clock.now();
    this.#call.resume();
  }

  /** Ends the attempt without an outcome: the client left, or the deadline passed. */
  cancel(): void {
    if (!this.#close()) return;
    this.#call.cancel();
  }

  onHead(status: number, headers: HeaderRecord): void {
    this.status = status;
    this.#headers = headers;
    if (this.#over) return;
    this.#listener.onHead(headers);
    const { request, planned, gathers, terms, door } = this.#order;
    if (status < 200 || status > 299) {
      this.#faultBody = [];
      // The status has told most of it: a body that does not come is not waited for.
      this.#clock?.cancel();
      this.#clock = this.#kit.timers.after(FAULT_BODY_MS, () => this.#concludeFault());
      return;
    }
    const { dialect } = planned.prepared;
    const verbatim = dialect.name === door.name;
    const rewrite = verbatim ? null : this.#order.rewrite;
    const streamed = headers['content-type']?.toLowerCase().includes(dialect.streamType) ?? false;
    if (!(request.stream && streamed))
      this.#reader = new WholeReader(request, dialect, this, rewrite, request.stream && !gathers, terms.tap);
    else if (gathers) this.#reader = new GatherReader(request, dialect, this, rewrite, terms.tap);
    else this.#reader = new StreamReader(request, dialect, this, { ...terms, verbatim });
  }

  onBytes(bytes: Uint8Array): void {
    if (this.#over) return;
    if (this.#faultBody === null) return this.#read(bytes);
    const room = limits.faultBodyBytesMax - this.#faultBytes;
    this.#faultBody.push(bytes.subarray(0, room));
    this.#faultBytes += bytes.length;
    // The rest of a huge error page tells nothing more.
    if (this.#faultBytes >= limits.faultBodyBytesMax) this.#concludeFault();
  }

  #read(bytes: Uint8Array): void {
    const reader = this.#reader;
    if (reader === null) return;
    const { characters, keepAlives } = reader.sum;
    reader.onBytes(bytes);
    if (reader.sum.keepAlives > keepAlives) this.#listener.onKeepAlive();
    if (this.#order.request.stream && reader.sum.characters > characters) {
      this.#listener.onTokens((reader.sum.characters - characters) / CHARACTERS_PER_TOKEN);
    }
  }

  onEnd(): void {
    this.#wireOpen = false;
    if (this.#over) return;
    if (this.#faultBody !== null) this.#concludeFault();
    else this.#reader?.onEnd();
  }

  onTrouble(trouble: WireTrouble): void {
    this.#wireOpen = false;
    if (this.#over) return;
    if (this.#faultBody !== null) return this.#concludeFault();
    // The finish has been read: nothing is lost with the connection.
    if (this.#reader?.whole) return this.#reader.onEnd();
    if (trouble.kind === 'connect' || trouble.kind === 'credential')
      return this.onFault(fault(trouble.kind, trouble.message));
    if (this.status === null) {
      const kind = trouble.kind === 'protocol' ? 'malformed' : 'reset';
      return this.onFault(fault(kind, trouble.message));
    }
    this.onFault(fault('cut', `The connection was lost in the middle of the answer: ${trouble.message}`));
  }

  onFirstToken(): void {
    this.firstTokenAt = this.#progressAt = this.#kit.clock.now();
    if (!this.#over) this.#listener.onFirstToken();
    if (!this.#order.request.stream) return;
    this.#clock?.cancel();
    this.#watch(this.#reader?.whole ? LINGER_MS : this.#idleMs());
  }

  onProgress(): void {
    this.#progressAt = this.#kit.clock.now();
    if (!this.#reader?.whole) return;
    // Only usage and the end marker can follow the finish; an upstream that forgets them is not waited for.
    this.#clock?.cancel();
    this.#watch(LINGER_MS);
  }

  onOutput(bytes: Uint8Array): void {
    if (!this.#over) this.#listener.onOutput(bytes);
  }

  onComplete(body: Uint8Array | null): void {
    if (!this.#close()) return;
    // The connection is worth keeping: let it close its answer by itself, within reason.
    if (this.#wireOpen) this.#kit.timers.after(LINGER_MS, () => this.#wireOpen && this.#call.cancel());
    this.#listener.onComplete(body);
  }

  onFault(trouble: Fault): void {
    if (!this.#close()) return;
    if (this.#wireOpen) this.#call.cancel();
    this.#listener.onFault(
      trouble.quoted ? { ...trouble, message: withoutSecrets(trouble.message, this.#shown()) } : trouble,
    );
  }

  /** All that could be a secret: what the config says, every credential, and what the way out put on. */
  #shown(): HeaderList {
    const { upstream } = this.#order.planned.target;
    return [...upstream.headers, ...upstream.authorizations.flat(), ...(this.#call.added ?? [])];
  }

  #close(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#clock?.cancel();
    return true;
  }

  #concludeFault(): void {
    const { dialect } = this.#order.planned.prepared;
    this.onFault(dialect.readFault(this.status ?? 0, this.#headers, concatBytes(this.#faultBody ?? [])));
  }

  #idleMs(): number {
    return this.#order.timeouts.idleMs * (this.sum?.thinking ? THINKING_IDLE_FACTOR : 1);
  }

  /** One timer for many events: it looks back when it fires instead of being set anew by each event. */
  #watch(ms: number): void {
    this.#clock = this.#kit.timers.after(ms, () => {
      if (this.#over) return;
      if (this.#reader?.whole) return this.#reader.onEnd();
      const now = this.#kit.clock.now();
      if (this.firstTokenAt === null) {
        if (this.#listener.mayGiveUp())
          this.onFault(fault('silent', `No first token within ${Math.round(now - this.sentAt)} ms.`));
        else this.#watch(LINGER_MS);
        return;
      }
      const left = this.#paused ? this.#idleMs() : later(this.#progressAt, this.#idleMs()) - now;
      if (left > 0) this.#watch(left);
      else this.onFault(fault('stalled', `No content for ${Math.round(now - this.#progressAt)} ms.`));
    });
  }

  #requestHeaders(): HeaderList {
    const { request, planned, credential, extraHeaders } = this.#order;
    const { upstream } = planned.target;
    const { dialect, headers } = planned.prepared;
    return [
      'content-type',
      'application/json',
      'accept',
      request.stream ? dialect.streamType : 'application/json',
      ...upstream.headers,
      ...(upstream.authorizations[credential] ?? []),
      ...without(headers, extraHeaders),
      ...extraHeaders,
    ];
  }
}

/** The caller's own word replaces ours (`anthropic-version`). */
function without(headers: HeaderList, named: HeaderList): HeaderList {
  if (headers.length === 0) return headers;
  const names = new Set(named.filter((_, at) => at % 2 === 0));
  return headers.filter((_, at) => !names.has(headers[at - (at % 2)] ?? ''));
}

// Authorizing transport: another transport, with tokens and signatures put on what needs them before it is sent. Requests
// without dynamic auth go straight through. It must never call the sink from within `send`. It
// asks a second time in one case: what was shown was refused, and something new can be had.
import type { HeaderList, HeaderRecord } from '../../kernel/headers.ts';
import { type Authorizer, CredentialError, type Credentials } from '../../ports/credentials.ts';
import type {
  UpstreamCall,
  UpstreamRequest,
  UpstreamSink,
  UpstreamTransport,
  WireTrouble,
} from '../../ports/upstream.ts';

export class AuthorizingTransport implements UpstreamTransport {
  readonly #inner: UpstreamTransport;
  readonly #credentials: Credentials;

  constructor(inner: UpstreamTransport, credentials: Credentials) {
    this.#inner = inner;
    this.#credentials = credentials;
  }

  send(request: UpstreamRequest, sink: UpstreamSink): UpstreamCall {
    const { auth } = request;
    if (auth === undefined || auth === null) return this.#inner.send(request, sink);
    const send = new AuthorizedSend(request, sink, this.#inner, this.#credentials.authorizer(auth));
    send.begin();
    return send;
  }
}

//  waiting for headers ──▶ sent ──refused, the first time──▶ waiting for headers ──▶ sent ──▶ whatever comes
class AuthorizedSend implements UpstreamCall, UpstreamSink {
  /** All that was shown, a refused token included: an upstream may quote either. */
  readonly added: string[] = [];
  readonly #request: UpstreamRequest;
  readonly #sink: UpstreamSink;
  readonly #inner: UpstreamTransport;
  readonly #authorizer: Authorizer;
  #shown: HeaderList = [];
  #call: UpstreamCall | null = null;
  #isSecond = false;
  #paused = false;
  #over = false;

  constructor(request: UpstreamRequest, sink: UpstreamSink, inner: UpstreamTransport, authorizer: Authorizer) {
    this.#request = request;
    this.#sink = sink;
    this.#inner = inner;
    this.#authorizer = authorizer;
  }

  begin(): void {
    const headers = this.#authorizer.headersFor(this.#request);
    if (headers instanceof Promise) void this.#sendWhenReady(headers);
    else this.#send(headers);
  }

  async #sendWhenReady(headers: Promise<HeaderList>): Promise<void> {
    let list: HeaderList;
    try {
      list = await headers;
    } catch (error) {
      if (!this.#over) this.#sink.onTrouble(troubleOf(error));
      return;
    }
    if (!this.#over) this.#send(list);
  }

  #send(headers: HeaderList): void {
    this.#shown = headers;
    this.added.push(...headers);
    this.#call = this.#inner.send({ ...this.#request, headers: [...this.#request.headers, ...headers] }, this);
    if (this.#paused) this.#call.pause();
  }

  // ── what the caller says ──

  pause(): void {
    this.#paused = true;
    this.#call?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#call?.resume();
  }

  cancel(): void {
    this.#over = true;
    this.#call?.cancel();
  }

  // ── what the wire says ──

  /** What a revoked token was refused has not been done: with a new one it is asked once more, before anybody hears of it. */
  onHead(status: number, headers: HeaderRecord): void {
    const mayBeMended = isRefused(status, headers) && this.#authorizer.distrust(this.#shown);
    if (!mayBeMended || this.#isSecond) return this.#sink.onHead(status, headers);
    this.#isSecond = true;
    this.#call?.cancel();
    this.#call = null;
    this.begin();
  }

  onBytes(bytes: Uint8Array): void {
    this.#sink.onBytes(bytes);
  }

  onEnd(): void {
    this.#sink.onEnd();
  }

  onTrouble(trouble: WireTrouble): void {
    this.#sink.onTrouble(trouble);
  }
}

/** AWS says 403 for everything, and in a header what it means; elsewhere 403 is about a right, not about who we are. */
function isRefused(status: number, headers: HeaderRecord): boolean {
  if (status === 401) return true;
  const said = headers['x-amzn-errortype'];
  return status === 403 && said !== undefined && /expiredtoken|unrecognizedclient|invalidsignature/i.test(said);
}

function troubleOf(error: unknown): WireTrouble {
  if (error instanceof CredentialError) return { kind: error.kind, message: error.message };
  return { kind: 'credential', message: error instanceof Error ? error.message : String(error) };
}

// Authorizing transport: another transport, with tokens and signatures put on what needs them before it is sent. Requests
// without dynamic auth go straight through. It must never call the sink from within `send`, and never retries.
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
    const authorizer = this.#credentials.authorizer(auth);
    const watched = new WatchedSink(sink, authorizer);
    const sendWith = (headers: HeaderList): UpstreamCall =>
      this.#inner.send({ ...request, headers: [...request.headers, ...headers] }, watched);
    const headers = authorizer.headersFor(request);
    return headers instanceof Promise ? new WaitingCall(headers, sendWith, sink) : sendWith(headers);
  }
}

/** A call whose headers are still on their way; afterwards it only hands on what it is told. */
class WaitingCall implements UpstreamCall {
  #sent: UpstreamCall | null = null;
  #paused = false;
  #over = false;

  constructor(headers: Promise<HeaderList>, sendWith: (headers: HeaderList) => UpstreamCall, sink: UpstreamSink) {
    void this.#sendWhenReady(headers, sendWith, sink);
  }

  async #sendWhenReady(
    headers: Promise<HeaderList>,
    sendWith: (headers: HeaderList) => UpstreamCall,
    sink: UpstreamSink,
  ): Promise<void> {
    let list: HeaderList;
    try {
      list = await headers;
    } catch (error) {
      if (!this.#over) sink.onTrouble(troubleOf(error));
      return;
    }
    if (this.#over) return;
    this.#sent = sendWith(list);
    if (this.#paused) this.#sent.pause();
  }

  pause(): void {
    this.#paused = true;
    this.#sent?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#sent?.resume();
  }

  cancel(): void {
    this.#over = true;
    this.#sent?.cancel();
  }
}

/** Tells the authorizer when what it gave was refused: a revoked token is not shown for the rest of its life. */
class WatchedSink implements UpstreamSink {
  readonly #sink: UpstreamSink;
  readonly #authorizer: Authorizer;

  constructor(sink: UpstreamSink, authorizer: Authorizer) {
    this.#sink = sink;
    this.#authorizer = authorizer;
  }

  onHead(status: number, headers: HeaderRecord): void {
    if (isRefused(status, headers)) this.#authorizer.distrust();
    this.#sink.onHead(status, headers);
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

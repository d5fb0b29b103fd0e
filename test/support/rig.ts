// Rig: the whole pure gateway under virtual time, with far sides played by the test. Nothing happens unless the test makes
// it happen, so no test depends on the wall clock.
import { createHmac } from 'node:crypto';
import { defaultCache, defaultDegrade } from '../../src/adapters/config/defaults.ts';
import { Gateway, type GatewayOptions } from '../../src/gateway/gateway.ts';
import type { Kit } from '../../src/gateway/kit.ts';
import type { Fact, ExchangeFact, AttemptFact } from '../../src/kernel/facts.ts';
import type { HeaderList, HeaderRecord } from '../../src/kernel/headers.ts';
import { utf8Decode, utf8Encode } from '../../src/kernel/web.ts';
import { MemoryState } from '../../src/memory/memory-state.ts';
import { TrailStore } from '../../src/memory/trail-store.ts';
import { VirtualTime } from '../../src/memory/virtual-time.ts';
import type {
  CacheConfig,
  Config,
  DegradeConfig,
  ModelConfig,
  TargetConfig,
  UpstreamConfig,
} from '../../src/ports/config.ts';
import type { InboundHead, Reply, Visit } from '../../src/ports/door.ts';
import type {
  UpstreamCall,
  UpstreamRequest,
  UpstreamSink,
  UpstreamTransport,
  WireTrouble,
} from '../../src/ports/upstream.ts';
import { seededChance } from './chance.ts';
import { sha256 } from './rig-keys.ts';

/** One send that reached a far side, answered by the test. */
export class Send implements UpstreamCall {
  readonly request: UpstreamRequest;
  readonly #sink: UpstreamSink;
  cancelled = false;
  paused = false;

  constructor(request: UpstreamRequest, sink: UpstreamSink) {
    this.request = request;
    this.#sink = sink;
  }

  get host(): string {
    return new URL(this.request.route.origin).hostname.replace('.test', '');
  }
  get body(): Record<string, unknown> {
    return JSON.parse(utf8Decode(this.request.body ?? new Uint8Array())) as Record<string, unknown>;
  }
  header(name: string): string | undefined {
    return listToRecord(this.request.headers)[name];
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  cancel(): void {
    this.cancelled = true;
  }

  head(status: number, headers: HeaderRecord = {}): void {
    if (!this.cancelled) this.#sink.onHead(status, headers);
  }
  bytes(text: string): void {
    if (!this.cancelled) this.#sink.onBytes(utf8Encode(text));
  }
  end(): void {
    if (!this.cancelled) this.#sink.onEnd();
  }
  trouble(kind: WireTrouble['kind'], message: string = kind): void {
    if (!this.cancelled) this.#sink.onTrouble({ kind, message });
  }

  /** A whole JSON answer. */
  answer(status: number, body: unknown, headers: HeaderRecord = {}): void {
    this.head(status, { 'content-type': 'application/json', ...headers });
    this.bytes(typeof body === 'string' ? body : JSON.stringify(body));
    this.end();
  }
  /** Begins a stream. */
  stream(): void {
    this.head(200, { 'content-type': 'text/event-stream' });
  }
  delta(delta: Record<string, unknown>, more: Record<string, unknown> = {}): void {
    this.event({
      id: 'c1',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm',
      choices: [{ index: 0, delta, finish_reason: null }],
      ...more,
    });
  }
  finish(reason = 'stop', more: Record<string, unknown> = {}): void {
    this.event({
      id: 'c1',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm',
      choices: [{ index: 0, delta: {}, finish_reason: reason }],
      ...more,
    });
  }
  event(data: unknown): void {
    this.bytes(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
  }
  /** A short good stream from head to end. */
  say(text: string): void {
    this.stream();
    this.delta({ role: 'assistant', content: '' });
    this.delta({ content: text });
    this.finish();
    this.event('[DONE]');
    this.end();
  }
}

/** What the client got. */
export class Client implements Reply {
  status: number | null = null;
  headers: Record<string, string> = {};
  text = '';
  ended = false;
  destroyed = false;
  pendingBytes = 0;
  /** Answers of `write`. */
  keepsUp = true;
  visit: Visit | null = null;

  head(status: number, headers: HeaderList): void {
    if (this.status !== null) throw new Error('a second head');
    this.status = status;
    this.headers = listToRecord(headers);
  }
  write(bytes: Uint8Array): boolean {
    if (this.status === null || this.ended) throw new Error('a write out of turn');
    this.text += utf8Decode(bytes);
    return this.keepsUp;
  }
  end(bytes?: Uint8Array): void {
    if (this.ended) throw new Error('a second end');
    if (bytes !== undefined) this.text += utf8Decode(bytes);
    this.ended = true;
  }
  destroy(): void {
    this.destroyed = true;
  }
  leave(): void {
    this.visit?.onGone();
  }
  get json(): Record<string, never> {
    return JSON.parse(this.text) as Record<string, never>;
  }
  get error(): { message: string; type: string; code: string | null; param: string | null } {
    return (JSON.parse(this.text) as { error: Client['error'] }).error;
  }
  /** Data of the events received. */
  get events(): string[] {
    return this.text
      .split('\n\n')
      .filter((event) => event.startsWith('data:'))
      .map((event) => event.replace(/^data: ?/, ''));
  }
  /** The text that the stream's deltas add up to. */
  get said(): string {
    const chunks = this.events.filter((data) => data !== '[DONE]').map((data) => JSON.parse(data) as Chunk);
    return chunks.map((chunk) => chunk.choices?.[0]?.delta?.content ?? '').join('');
  }
}

interface Chunk {
  readonly choices?: readonly { readonly delta?: { readonly content?: string | null } }[];
}

export const upstream = (over: Partial<UpstreamConfig> & { baseUrl: string }): UpstreamConfig => ({
  provider: 'openai-compatible',
  apiKeys: ['sk-upstream'],
  tier: 'base',
  maxConcurrent: null,
  requestsPerMinute: null,
  tokensPerMinute: null,
  headers: {},
  region: null,
  caFile: null,
  proxy: null,
  health: null,
  discover: false,
  engineMetrics: false,
  ...over,
});

export const target = (name: string, over: Partial<TargetConfig> = {}): TargetConfig => ({
  upstream: name,
  model: null,
  weight: 1,
  tier: null,
  defaults: {},
  traits: {},
  ...over,
});

const timeouts = {
  connectMs: 2_000,
  firstTokenMs: 10_000,
  idleMs: 20_000,
  totalMs: 600_000,
  queueMs: 30_000,
  commitAfterMs: 5_000,
};

export const model = (targets: readonly TargetConfig[], over: Partial<ModelConfig> = {}): ModelConfig => ({
  targets,
  aliases: [],
  timeouts,
  dropParams: false,
  failoverOnContentFilter: false,
  holdToolCalls: true,
  degrade: degrading(),
  ...over,
});

/** Nothing is taken off an answer but what the test says. */
export const degrading = (over: Partial<DegradeConfig> = {}): DegradeConfig => ({ ...defaultDegrade, ...over });

/** Answers are kept for five minutes, and given to nobody when they have run out. */
export const keeping = (over: Partial<CacheConfig> = {}): CacheConfig => ({ ...defaultCache, ...over });

export const config = (over: Partial<Config> = {}): Config => ({
  source: 'test',
  host: '127.0.0.1',
  port: 4000,
  open: false,
  adminKeySha256: null,
  adminPort: null,
  tls: null,
  lane: 'off',
  workers: 1,
  drainMs: 30_000,
  stateDir: null,
  upstreams: {
    a: upstream({ baseUrl: 'http://a.test/v1' }),
    b: upstream({ baseUrl: 'http://b.test/v1', tier: 'peak' }),
  },
  models: { m: model([target('a'), target('b')]) },
  keys: [],
  lanes: { vip: { firstTokenMs: null }, standard: { firstTokenMs: null }, batch: { firstTokenMs: null } },
  timeouts,
  retry: { maxAttempts: 3, budgetPercent: 10, hedgePercent: 2, backoffMs: 500, backoffMsMax: 20_000 },
  breaker: {
    consecutiveFailures: 5,
    failurePercent: 50,
    minimumSends: 20,
    windowMs: 30_000,
    openMs: 10_000,
    openMsMax: 300_000,
  },
  redis: null,
  signing: null,
  cors: null,
  log: { level: 'silent' },
  telemetry: { otlpEndpoint: null, sampleRatio: 0 },
  ...over,
});

type RigParts = Partial<Pick<GatewayOptions, 'state' | 'keys'> & Pick<Kit, 'cache' | 'vectors' | 'shared'>>;

export class Rig implements UpstreamTransport {
  readonly time = new VirtualTime();
  readonly facts: Fact[] = [];
  readonly sends: Send[] = [];
  readonly trails = new TrailStore();
  readonly gateway: Gateway;

  constructor(settings: Config = config(), { state = new MemoryState(), cache, vectors, keys, shared }: RigParts = {}) {
    this.gateway = new Gateway({
      ports: {
        clock: this.time,
        timers: this.time,
        chance: seededChance(7),
        digest: { sha256 },
        hmac: (secret, text) => createHmac('sha256', secret).update(text).digest(),
        facts: {
          accept: (fact) => {
            this.facts.push(fact);
            this.trails.accept(fact);
          },
        },
        transport: () => this,
        ...(cache && { cache }),
        ...(vectors && { vectors }),
        ...(shared && { shared }),
      },
      config: settings,
      state,
      ...(keys && { keys }),
      trails: this.trails,
      metrics: { serve: (_request, done) => done({ status: 200, contentType: 'text/plain', body: 'metrics' }) },
      userAgent: 'spillway/test',
      onReload: () => {},
    });
    this.gateway.start(() => {});
  }

  send(request: UpstreamRequest, sink: UpstreamSink): Send {
    const send = new Send(request, sink);
    this.sends.push(send);
    return send;
  }

  get last(): Send {
    const send = this.sends.at(-1);
    if (send === undefined) throw new Error('nothing was sent');
    return send;
  }

  request(path: string, body: unknown, head: Partial<Omit<InboundHead, 'path'>> = {}): Client {
    const client = new Client();
    client.visit = this.gateway.door.enter(
      {
        method: body === undefined ? 'GET' : 'POST',
        path,
        query: '',
        receivedAt: this.time.now(),
        remote: '127.0.0.1',
        listener: 'main',
        ...head,
        headers: { host: '127.0.0.1:4000', ...head.headers },
      },
      client,
    );
    client.visit?.onBody(
      typeof body === 'string'
        ? utf8Encode(body)
        : body === undefined
          ? new Uint8Array()
          : utf8Encode(JSON.stringify(body)),
    );
    return client;
  }

  get(path: string, head: Partial<Omit<InboundHead, 'path'>> = {}): Client {
    return this.request(path, undefined, head);
  }

  chat(over: Record<string, unknown> = {}, headers: Record<string, string> = {}): Client {
    return this.request(
      '/v1/chat/completions',
      { model: 'm', messages: [{ role: 'user', content: 'Hello' }], ...over },
      { headers },
    );
  }

  /** A chat that streams. */
  stream(over: Record<string, unknown> = {}, headers: Record<string, string> = {}): Client {
    return this.chat({ stream: true, ...over }, headers);
  }

  get exchanges(): ExchangeFact[] {
    return this.facts.flatMap((fact) => (fact.kind === 'exchange' ? [fact.exchange] : []));
  }
  get attempts(): AttemptFact[] {
    return this.facts.flatMap((fact) => (fact.kind === 'attempt' ? [fact.attempt] : []));
  }
  get bugs(): string[] {
    return this.facts.flatMap((fact) => (fact.kind === 'bug' ? [fact.error] : []));
  }
  gauge(name: string): number {
    return this.gateway
      .read()
      .filter((reading) => reading.name === name)
      .reduce((sum, reading) => sum + reading.value, 0);
  }
}

export const completion = (
  content: string | null = 'Hi.',
  over: Record<string, unknown> = {},
): Record<string, unknown> => ({
  id: 'c1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
  ...over,
});

function listToRecord(list: HeaderList): Record<string, string> {
  const record: Record<string, string> = {};
  for (let at = 0; at < list.length; at += 2) record[(list[at] ?? '').toLowerCase()] = list[at + 1] ?? '';
  return record;
}

// Gateway front: the real gateway — door, pipeline, dispatcher, policies, readers — under virtual time. Requests come in
// through its door as bytes and answers leave it as bytes; only the network is replaced, by modelled far sides that say many
// tokens in one event.
import { Gateway } from '../gateway/gateway.ts';
import { RecentMap } from '../kernel/bounded.ts';
import type { Fact } from '../kernel/facts.ts';
import type { HeaderList } from '../kernel/headers.ts';
import { MemoryState } from '../memory/memory-state.ts';
import type { Chance } from '../ports/chance.ts';
import type { Reply, Visit } from '../ports/door.ts';
import type { GaugeReading } from '../ports/gauges.ts';
import { answerStart, promptBody, readAnswer } from './answer-text.ts';
import type { EventTime } from './event-time.ts';
import type { Ask, AskCall, AskSink, Front, Witness } from './front.ts';
import { gatewayConfig, MODEL, secretOf, type UpstreamSpec } from './gateway-config.ts';
import { SimulatedTransport } from './simulated-transport.ts';
import type { Upstreams } from './upstreams.ts';
import { expectations } from './workload.ts';

/** Request bodies kept by prompt size: writing one anew costs more than all else that a request costs. */
const BODIES_MAX = 8_192;
const PATH = '/v1/chat/completions';

export interface GatewayFrontOptions {
  readonly time: EventTime;
  readonly chance: Chance;
  readonly upstreams: Upstreams;
  readonly specs: readonly UpstreamSpec[];
  readonly tenants: number;
  readonly outputMax: number;
  readonly witnesses: readonly Witness[];
}

export class GatewayFront implements Front {
  readonly #options: GatewayFrontOptions;
  readonly #gateway: Gateway;
  readonly #transport: SimulatedTransport;
  readonly #bodies = new RecentMap<number, Uint8Array>(BODIES_MAX);

  constructor(options: GatewayFrontOptions) {
    this.#options = options;
    const { time, chance, specs, tenants, witnesses } = options;
    this.#transport = new SimulatedTransport(time, options.upstreams);
    const accept = (fact: Fact): void => {
      for (const witness of witnesses) witness.onFact?.(fact);
    };
    this.#gateway = new Gateway({
      ports: {
        clock: time,
        timers: time,
        chance,
        digest: { sha256: (text) => text },
        facts: { accept },
        transport: () => this.#transport,
      },
      config: gatewayConfig(specs, tenants),
      state: new MemoryState(),
      trails: { get: () => null, recent: () => [] },
      metrics: { serve: (_request, done) => done({ status: 200, contentType: 'text/plain', body: '' }) },
      userAgent: 'spillway/sim',
      onReload: () => {},
    });
    this.#gateway.start(() => {});
  }

  ask(ask: Ask, sink: AskSink): AskCall {
    const { tenant, lane, promptTokens } = ask.wish;
    const reply = new SimulatedReply(ask, sink, this.#options.witnesses, () => this.#transport.forget(ask));
    this.#transport.expect(ask);
    const visit = this.#gateway.door.enter(
      {
        method: 'POST',
        path: PATH,
        query: '',
        headers: {
          host: 'gateway.test',
          authorization: `Bearer ${secretOf(tenant, lane)}`,
          'x-session-id': String(ask.number),
          'x-stainless-retry-count': String(ask.attempt - 1),
          'x-spillway-deadline-ms': String(expectations[lane].firstTokenMs),
        },
        receivedAt: this.#options.time.now(),
        remote: '127.0.0.1',
        listener: 'main',
      },
      reply,
    );
    visit?.onBody(this.#body(promptTokens));
    return { leave: () => this.#leave(ask, visit, reply) };
  }

  gauges(): readonly GaugeReading[] {
    return this.#gateway.read();
  }

  #leave(ask: Ask, visit: Visit | null, reply: SimulatedReply): void {
    reply.gone = true;
    visit?.onGone();
    this.#transport.forget(ask);
  }

  #body(promptTokens: number): Uint8Array {
    const known = this.#bodies.get(promptTokens);
    if (known !== undefined) return known;
    const body = promptBody(MODEL, promptTokens, this.#options.outputMax);
    this.#bodies.set(promptTokens, body);
    return body;
  }
}

/** What one client reads. */
class SimulatedReply implements Reply {
  readonly pendingBytes = 0;
  gone = false;
  readonly #ask: Ask;
  readonly #sink: AskSink;
  readonly #witnesses: readonly Witness[];
  readonly #onOver: () => void;
  #status = 0;
  #headers: HeaderList = [];
  #done = false;

  constructor(ask: Ask, sink: AskSink, witnesses: readonly Witness[], onOver: () => void) {
    this.#ask = ask;
    this.#sink = sink;
    this.#witnesses = witnesses;
    this.#onOver = onOver;
  }

  head(status: number, headers: HeaderList): void {
    this.#status = status;
    this.#headers = headers;
  }

  write(bytes: Uint8Array): boolean {
    if (this.gone) return true;
    const { tokens, done } = readAnswer(bytes, answerStart(this.#ask.number) + this.#ask.tokensRead);
    if (tokens < 0) for (const witness of this.#witnesses) witness.onWrongText?.(this.#ask);
    if (tokens > 0) this.#sink.onTokens(tokens);
    this.#done ||= done;
    return true;
  }

  end(bytes?: Uint8Array): void {
    if (this.gone) return;
    const ok = this.#status === 200;
    if (ok && bytes !== undefined) this.write(bytes);
    this.#onOver();
    if (ok && this.#done) this.#sink.onDone();
    else if (ok) this.#sink.onBroken();
    else {
      const again = this.#header('x-should-retry') !== 'false' && this.#status !== 400;
      this.#sink.onRefused({ status: this.#status, retryAfterMs: this.#retryAfterMs(), again });
    }
  }

  destroy(): void {
    if (this.gone) return;
    this.#onOver();
    this.#sink.onBroken();
  }

  #retryAfterMs(): number | null {
    const ms = Number(this.#header('retry-after-ms') ?? Number.NaN);
    if (Number.isFinite(ms)) return ms;
    const seconds = Number(this.#header('retry-after') ?? Number.NaN);
    return Number.isFinite(seconds) ? seconds * 1000 : null;
  }

  #header(name: string): string | null {
    const at = this.#headers.findIndex((entry, index) => index % 2 === 0 && entry === name);
    return at < 0 ? null : (this.#headers[at + 1] ?? null);
  }
}

// Waiting signs: a stream's client that has waited long without a byte is shown that it is not forgotten, so that neither it
// nor anything between gives up: before the first content, while a tool call is held back, and while a broken answer is being
// saved. The price is the status: it is 200 from the first sign on, and failures are in-band. Clients of whole answers get
// no signs: their status stays true to the end.
import { utf8Encode } from '../kernel/web.ts';
import type { Dispatcher } from './dispatcher.ts';
import { beginStream } from './egress.ts';
import type { Exchange } from './exchange.ts';
import type { Kit } from './kit.ts';

/** Load balancers close silent connections after 60 s and more; some clients sooner. */
const SIGN_EVERY_MS = 10_000;

export class WaitingSigns {
  readonly #kit: Kit;
  readonly #dispatcher: Dispatcher;

  constructor(kit: Kit, dispatcher: Dispatcher) {
    this.#kit = kit;
    this.#dispatcher = dispatcher;
  }

  watch(exchange: Exchange): void {
    const { request, model } = exchange;
    if (request === null || model === null || !request.stream) return;
    this.#after(model.timeouts.commitAfterMs, exchange, 0);
  }

  /** `bytesBefore`: had left when the time began. */
  #after(ms: number, exchange: Exchange, bytesBefore: number): void {
    exchange.signTimer = this.#kit.timers.after(ms, () => {
      if (exchange.phase === 'ended') return;
      // Content is a sign, and so is what a slow reader has not taken yet.
      const isSilent = exchange.bytesOut === bytesBefore && exchange.reply.pendingBytes === 0;
      if (isSilent) this.#show(exchange);
      this.#after(SIGN_EVERY_MS, exchange, exchange.bytesOut);
    });
  }

  #show(exchange: Exchange): void {
    beginStream(exchange, this.#kit.clock.now());
    const sign = utf8Encode(`: ${this.#words(exchange)}\n\n`);
    exchange.bytesOut += sign.length;
    exchange.reply.write(sign);
  }

  #words(exchange: Exchange): string {
    const place = this.#dispatcher.placeOf(exchange);
    if (place === null) return exchange.shown ? 'the answer goes on' : 'waiting for the first token';
    const eta = place.waitMs === null ? '' : ` eta=${(place.waitMs / 1000).toFixed(1)}s`;
    return `queued position=${place.ahead + 1}${eta}`;
  }
}

// Speech: an answer said in the asker's dialect, piece by piece. The manners are the differences between providers that are
// no fault of their own: line ends, how bytes are cut up, and where usage stands.
import { pieces } from './known-text.ts';
import { bytes, head, wait } from './script.ts';
import type { Part, Script, Step } from './script.ts';
import type { Fields, Finish, Framing, Grammar, LineEnd, Spoken, TroubleKind, UsagePlace } from './tongues/tongue.ts';
import type { Turn } from './turn.ts';

export interface Manner {
  readonly lineEnd?: LineEnd;
  readonly byteByByte?: boolean;
  readonly usage?: UsagePlace;
}

const PIECE_MS = 2;

export class Speech {
  readonly #grammar: Grammar;
  readonly #framing: Framing;
  readonly #byteByByte: boolean;
  readonly #opensAtOnce: boolean;

  constructor(turn: Turn, manner: Manner = {}) {
    const { tongue } = turn;
    this.#grammar = tongue.grammar(turn, manner.usage ?? 'asked');
    this.#framing = tongue.framing(manner.lineEnd ?? '\n');
    this.#byteByByte = manner.byteByByte ?? false;
    this.#opensAtOnce = tongue.opensAtOnce;
  }

  *head(): Part {
    yield head(200, { 'content-type': this.#framing.contentType, 'cache-control': 'no-cache' });
  }

  /** The head and the events that only say who speaks. `first`: what comes before the text, for those who wait. */
  *open(first?: () => Part): Part {
    yield* this.head();
    if (this.#opensAtOnce) yield* this.#say(this.#grammar.open());
    if (first !== undefined) yield* first();
    if (!this.#opensAtOnce) yield* this.#say(this.#grammar.open());
  }

  *text(text: string): Part {
    for (const piece of pieces(text)) yield* this.#piece(this.#grammar.text(piece));
  }

  *thoughts(text: string): Part {
    for (const piece of pieces(text)) yield* this.#piece(this.#grammar.thought(piece));
  }

  /** The event that names the call, then its arguments. */
  *call(text: string): Part {
    yield* this.#piece(this.#grammar.nameCall());
    for (const piece of pieces(text)) yield* this.#piece(this.#grammar.call(piece));
  }

  /** An event that says nothing, with these fields besides. */
  *padded(more: Fields): Part {
    yield* this.#say(this.#grammar.text('', more));
  }

  /** A piece whose event breaks off in the middle. */
  *malformed(piece: string): Part {
    const events = this.#grammar.text(piece);
    yield* this.#say(
      events.map((event, at) => (at < events.length - 1 ? event : { ...event, data: halve(event.data) })),
    );
  }

  /** The bytes of a piece's last event, what comes before it being said; then it is the caller's. */
  *bytesOf(piece: string): Generator<Step, Buffer> {
    const events = this.#grammar.text(piece);
    yield* this.#say(events.slice(0, -1));
    return Buffer.concat(events.slice(-1).map((event) => Buffer.from(this.#framing.frame(event))));
  }

  *settle(): Part {
    yield* this.#say(this.#grammar.settle());
  }

  *finish(reason: Finish): Part {
    yield* this.#say(this.#grammar.finish(reason));
  }

  /** The usual end. */
  *close(reason: Finish = 'stop'): Script {
    yield* this.finish(reason);
    yield* this.#say(this.#grammar.done());
    return 'end';
  }

  *keepAlive(): Part {
    yield* this.#say(this.#grammar.keepAlive());
  }

  *trouble(kind: TroubleKind): Part {
    yield* this.#say(this.#grammar.trouble(kind));
  }

  *fail(kind: TroubleKind): Part {
    yield* this.#say(this.#grammar.fail(kind));
  }

  *#piece(events: readonly Spoken[]): Part {
    yield* this.#say(events);
    yield wait(PIECE_MS);
  }

  *#say(events: readonly Spoken[]): Part {
    for (const event of events) {
      const framed = this.#framing.frame(event);
      if (this.#byteByByte) yield* singly(Buffer.from(framed));
      else if (framed.length > 0) yield bytes(framed);
    }
  }
}

const halve = (data: string): string => data.slice(0, Math.floor(data.length / 2));

/** Each its own chunk of the transfer coding, so parsers get them one by one even where the network joins them. */
function* singly(content: Uint8Array): Generator<Step, void> {
  for (let at = 0; at < content.length; at++) yield bytes(content.subarray(at, at + 1));
}

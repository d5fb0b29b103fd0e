// Tool calls of a canonical stream put into a row. The chat may tell several calls piece by piece in turns, each piece with its
// call's number; Anthropic's blocks follow one another, and a block that was closed never opens again. So the first call is
// told as it comes, and the others wait until the one before them is whole: its arguments are, or the answer goes on.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import { wordOf } from './values.ts';
import { ObjectEnd } from './object-end.ts';

interface Call {
  id: string | null;
  name: string;
  /** Arguments that were not told yet. What was told is let go: pieces are many, and the whole is nobody's question. */
  untold: string;
  readonly end: ObjectEnd;
}

export interface CallTeller {
  begin(id: string | null, name: string): void;
  arguments(text: string): void;
  close(): void;
}

export class CallQueue {
  readonly #teller: CallTeller;
  /** By the chat's number of a call. */
  readonly #byIndex = new Map<number, Call>();
  /** Not told to the end; the first one is open once `#isOpen`. */
  readonly #waiting: Call[] = [];
  #last: Call | null = null;
  #isOpen = false;

  constructor(teller: CallTeller) {
    this.#teller = teller;
  }

  add(pieces: readonly JsonValue[]): void {
    for (const piece of pieces) if (isObject(piece)) this.#take(piece);
    this.#tell();
  }

  /** The answer goes on or ends: all calls are whole. */
  finish(): void {
    while (this.#waiting.length > 0) {
      this.#tellFirst();
      this.#closeFirst();
    }
    this.#byIndex.clear();
    this.#last = null;
  }

  #take(piece: JsonObject): void {
    const called = isObject(piece['function']) ? piece['function'] : {};
    const name = wordOf(called['name']);
    const call = this.#callOf(piece, name);
    if (call === null) return;
    if (call.name === '') call.name = name;
    const written = wordOf(called['arguments']);
    call.untold += written;
    call.end.read(written);
  }

  /** Some far sides number all calls 0, or none: an id of its own makes a call. Null: a piece of a call that was closed. */
  #callOf(piece: JsonObject, name: string): Call | null {
    const id = wordOf(piece['id']) === '' ? null : wordOf(piece['id']);
    const index = typeof piece['index'] === 'number' ? piece['index'] : null;
    const known = index === null ? this.#last : this.#byIndex.get(index);
    const isKnown = known !== undefined && known !== null && (id === null || known.id === null || known.id === id);
    if (!isKnown && id === null && name === '') return null;
    const call = isKnown ? known : { id, name: '', untold: '', end: new ObjectEnd() };
    if (!isKnown) this.#waiting.push(call);
    call.id ??= id;
    if (index !== null) this.#byIndex.set(index, call);
    this.#last = call;
    return call;
  }

  #tell(): void {
    for (;;) {
      const first = this.#waiting[0];
      // Without its name a block cannot begin.
      if (first === undefined || first.name === '') return;
      this.#tellFirst();
      if (this.#waiting.length === 1 || !first.end.reached) return;
      this.#closeFirst();
    }
  }

  #tellFirst(): void {
    const first = this.#waiting[0];
    if (first === undefined) return;
    if (!this.#isOpen) this.#teller.begin(first.id, first.name);
    this.#isOpen = true;
    if (first.untold === '') return;
    this.#teller.arguments(first.untold);
    first.untold = '';
  }

  #closeFirst(): void {
    this.#teller.close();
    this.#waiting.shift();
    this.#isOpen = false;
  }
}

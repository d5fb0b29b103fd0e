// Semantic embedding: a question as a vector, made by an embeddings model of this gateway. It is asked as any caller asks, by
// an exchange of the gateway's own: in the lane and the regions of the key whose question it is, in its name but not from its
// limits, within what is left of the time that the question may wait. It must never hold a question up longer, and rests while
// nothing comes of it.
import { openaiDoor } from '../dialects/openai/dialect.ts';
import { later, type MonotonicMs } from '../kernel/brands.ts';
import type { HeaderRecord } from '../kernel/headers.ts';
import { isObject, type JsonValue } from '../kernel/json.ts';
import { limits } from '../kernel/limits.ts';
import { concatBytes, utf8Decode, utf8Encode } from '../kernel/web.ts';
import type { Reply } from '../ports/door.ts';
import { DEADLINE_HEADER } from '../policy/deadline.ts';
import { normalized } from '../policy/semantic/lexical-embedder.ts';
import { Exchange } from './exchange.ts';
import type { Kit } from './kit.ts';

const PATH = '/v1/embeddings';
const ANSWER_BYTES_MAX = 1024 * 1024;
/** So many in vain, one after the other, and it is left alone for a while: each costs a caller its wait. */
const FAILURES_MAX = 5;
const REST_MS = 5_000;
/** A timer may be early by as much. */
const TIMER_MS = 1;

export interface EmbeddingHost {
  begin(exchange: Exchange, body: Uint8Array): void;
  abandoned(exchange: Exchange): void;
}

export type Vector = Float32Array<ArrayBuffer>;

export class SemanticEmbedding {
  readonly #kit: Kit;
  readonly #host: EmbeddingHost;
  #underWay = 0;
  #failures = 0;
  #restsUntil: MonotonicMs | null = null;

  constructor(kit: Kit, host: EmbeddingHost) {
    this.#kit = kit;
    this.#host = host;
  }

  /** `done` is called once, at once or later, unless cancelled; null: there is none in time. */
  embed(
    text: string,
    model: string,
    origin: Exchange,
    budgetMs: number,
    done: (vector: Vector | null) => void,
  ): () => void {
    const now = this.#kit.clock.now();
    const rests = this.#restsUntil !== null && now < this.#restsUntil;
    if (rests || this.#underWay >= limits.semanticSearchesMax || budgetMs < 1) {
      done(null);
      return () => {};
    }
    this.#underWay++;
    let open = true;
    const finish = (vector: Vector | null): void => {
      if (!open) return;
      open = false;
      this.#underWay--;
      this.#judge(vector !== null);
      done(vector);
    };
    const exchange = this.#exchangeOf(origin, budgetMs, new Collected(finish));
    this.#host.begin(exchange, utf8Encode(JSON.stringify({ model, input: text })));
    return () => {
      if (!open) return;
      open = false;
      this.#underWay--;
      // That a client has left says nothing of the model.
      if (this.#kit.clock.now() - now >= budgetMs - TIMER_MS) this.#judge(false);
      this.#host.abandoned(exchange);
    };
  }

  #judge(isGood: boolean): void {
    this.#failures = isGood ? 0 : this.#failures + 1;
    if (this.#failures < FAILURES_MAX) return;
    this.#failures = 0;
    this.#restsUntil = later(this.#kit.clock.now(), REST_MS);
  }

  #exchangeOf({ head, snapshot, key, lane }: Exchange, budgetMs: number, reply: Reply): Exchange {
    const headers: HeaderRecord = { host: head.headers['host'], [DEADLINE_HEADER]: String(Math.ceil(budgetMs)) };
    const exchange = new Exchange(
      {
        head: { ...head, path: PATH, query: '', headers, receivedAt: this.#kit.clock.now() },
        reply,
        surface: 'embeddings',
        dialect: openaiDoor,
        snapshot,
        doorHeaders: [],
      },
      this.#kit,
    );
    // Whether the key may use the embeddings model is not asked: its operator chose it.
    exchange.key = key === null ? null : { ...key, mayUse: null };
    exchange.lane = lane;
    return exchange;
  }
}

/** A reader that wants one vector. */
class Collected implements Reply {
  readonly #done: (vector: Vector | null) => void;
  readonly #parts: Uint8Array[] = [];
  #bytes = 0;
  #isGood = false;

  constructor(done: (vector: Vector | null) => void) {
    this.#done = done;
  }

  get pendingBytes(): number {
    return 0;
  }
  head(status: number): void {
    this.#isGood = status === 200;
  }
  write(bytes: Uint8Array): boolean {
    this.#bytes += bytes.length;
    if (this.#bytes <= ANSWER_BYTES_MAX) this.#parts.push(bytes);
    return true;
  }
  end(bytes?: Uint8Array): void {
    if (bytes !== undefined) this.write(bytes);
    this.#done(this.#isGood && this.#bytes <= ANSWER_BYTES_MAX ? vectorOf(concatBytes(this.#parts)) : null);
  }
  destroy(): void {
    this.#done(null);
  }
}

/** Null: it is none, or none to go by. */
function vectorOf(answer: Uint8Array): Vector | null {
  let value: unknown;
  try {
    value = JSON.parse(utf8Decode(answer));
  } catch {
    return null;
  }
  const data = isObject(value) ? value['data'] : null;
  const first = Array.isArray(data) ? data[0] : null;
  const numbers: JsonValue | undefined = isObject(first) ? first['embedding'] : undefined;
  if (!Array.isArray(numbers) || numbers.length < 2 || numbers.length > limits.semanticDimensionsMax) return null;
  return normalized(Float32Array.from(numbers, Number));
}

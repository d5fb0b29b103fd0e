// Speech: an answer spelled in OpenAI's dialect, as a stream of events or as one body. The manners are the differences
// between providers that are no fault of their own: line ends, how bytes are cut up, and where usage stands.
import { healthyReasoning, pieces } from './known-text.ts';
import { bytes, head, wait } from './script.ts';
import type { Part, Script, Step } from './script.ts';
import type { Turn } from './turn.ts';

/** `asked`: in an event of its own, when the client asked for it. */
export type UsagePlace = 'asked' | 'finish' | 'ownEvent' | 'everywhere' | 'none';

export interface Manner {
  readonly lineEnd?: '\n' | '\r' | '\r\n';
  readonly byteByByte?: boolean;
  readonly usage?: UsagePlace;
}

export type Fields = Readonly<Record<string, unknown>>;

const PIECE_MS = 2;
const PROMPT_BYTES_PER_TOKEN = 4;

export class Speech {
  readonly #turn: Turn;
  readonly #manner: Manner;
  readonly #usage: UsagePlace;
  #tokens = 0;

  constructor(turn: Turn, manner: Manner = {}) {
    this.#turn = turn;
    this.#manner = manner;
    this.#usage = manner.usage ?? 'asked';
  }

  *head(): Part {
    yield head(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  }

  /** The head and the event that only says who speaks. */
  *open(): Part {
    yield* this.head();
    yield* this.delta({ role: 'assistant', content: '' });
  }

  *delta(delta: Fields, finish: string | null = null, more: Fields = {}): Part {
    yield* this.data(this.event(delta, finish, more));
  }

  /** Says a text in pieces, in the named field of the delta. */
  *say(text: string, field: 'content' | 'reasoning_content' = 'content'): Part {
    for (const piece of pieces(text)) yield* this.piece({ [field]: piece });
  }

  *piece(delta: Fields): Part {
    this.#tokens++;
    yield* this.delta(delta);
    yield wait(PIECE_MS);
  }

  *finish(reason: string): Part {
    const rides = this.#usage === 'finish' || this.#usage === 'everywhere';
    yield* this.delta({}, reason, rides ? { usage: this.usage() } : {});
    const ownEvent = this.#usage === 'ownEvent' || this.#usage === 'everywhere';
    if (ownEvent || (this.#usage === 'asked' && this.#turn.asked.wantsUsage))
      yield* this.data(JSON.stringify({ ...this.#frame(), choices: [], usage: this.usage() }));
  }

  *done(): Part {
    yield* this.data('[DONE]');
  }

  /** The usual end. */
  *close(reason = 'stop'): Script {
    yield* this.finish(reason);
    yield* this.done();
    return 'end';
  }

  *comment(words = 'keep-alive'): Part {
    yield* this.#lines(`: ${words}`);
  }

  *data(text: string): Part {
    yield* this.#lines(`data: ${text}`);
  }

  event(delta: Fields, finish: string | null = null, more: Fields = {}): string {
    const said = this.#turn.asked.surface === 'text' ? { text: textOf(delta) } : { delta };
    const running =
      this.#usage === 'everywhere' ? { usage: this.usage() } : this.#turn.asked.wantsUsage ? { usage: null } : {};
    return JSON.stringify({
      ...this.#frame(),
      choices: [{ index: 0, ...said, logprobs: null, finish_reason: finish }],
      ...running,
      ...more,
    });
  }

  usage(): Fields {
    return usage(this.#turn, this.#tokens);
  }

  #frame(): Fields {
    return frame(this.#turn, this.#turn.asked.surface === 'text' ? 'text_completion' : 'chat.completion.chunk');
  }

  *#lines(line: string): Part {
    const end = this.#manner.lineEnd ?? '\n';
    const text = `${line}${end}${end}`;
    if (this.#manner.byteByByte !== true) yield bytes(text);
    else yield* singly(Buffer.from(text));
  }
}

/** Each its own chunk of the transfer coding, so parsers get them one by one even where the network joins them. */
function* singly(content: Uint8Array): Generator<Step, void> {
  for (let at = 0; at < content.length; at++) yield bytes(content.subarray(at, at + 1));
}

function textOf(delta: Fields): string {
  return typeof delta['content'] === 'string' ? delta['content'] : '';
}

function frame(turn: Turn, object: string): Fields {
  return {
    id: turn.id,
    object,
    created: Math.floor(turn.nowMs / 1000),
    model: turn.asked.model,
    system_fingerprint: 'fp_wall',
  };
}

/** A piece is a token, so what two legs of one answer cost can be added up and compared. */
function usage(turn: Turn, tokens: number): Fields {
  const prompt = Math.ceil(turn.asked.bodyBytes / PROMPT_BYTES_PER_TOKEN);
  return {
    prompt_tokens: prompt,
    completion_tokens: tokens,
    total_tokens: prompt + tokens,
    prompt_tokens_details: { cached_tokens: 0 },
  };
}

export interface Whole {
  readonly content?: string | null;
  readonly finish?: string;
  readonly message?: Fields;
  readonly usage?: boolean;
  readonly more?: Fields;
}

/** The body of an answer that is not streamed. */
export function wholeBody(turn: Turn, whole: Whole = {}): string {
  if (turn.asked.surface === 'embeddings') return embeddings(turn);
  const content = whole.content === undefined ? turn.text : whole.content;
  const isText = turn.asked.surface === 'text';
  const said = isText
    ? { text: content ?? '' }
    : { message: { role: 'assistant', content, refusal: null, ...whole.message } };
  const reasons = whole.message?.['reasoning_content'] === undefined ? 0 : pieces(healthyReasoning).length;
  return JSON.stringify({
    ...frame(turn, isText ? 'text_completion' : 'chat.completion'),
    choices: [{ index: 0, ...said, logprobs: null, finish_reason: whole.finish ?? 'stop' }],
    ...(whole.usage === false ? {} : { usage: usage(turn, pieces(content ?? '').length + reasons) }),
    ...whole.more,
  });
}

const VECTOR = [0.125, -0.5, 0.75, 1] as const;

/** The same short vector for every input, in the form that was asked for. */
function embeddings(turn: Turn): string {
  const { input, encoding_format: format } = turn.asked.body;
  const floats = Float32Array.from(VECTOR);
  const embedding = format === 'base64' ? Buffer.from(floats.buffer).toString('base64') : VECTOR;
  const inputs = Array.isArray(input) && typeof input[0] !== 'number' ? input : [input];
  const tokens = Math.ceil(turn.asked.bodyBytes / PROMPT_BYTES_PER_TOKEN);
  return JSON.stringify({
    object: 'list',
    data: inputs.map((_, index) => ({ object: 'embedding', index, embedding })),
    model: turn.asked.model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  });
}

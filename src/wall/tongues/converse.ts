// Bedrock's Converse, as the wall speaks it: JSON in AWS frames. Errors have their names in a header, and those in the
// stream are frames of another kind.
import { awsFrames } from '../framing.ts';
import { healthyCall, healthyReasoning, healthySignature } from '../known-text.ts';
import type { Turn } from '../turn.ts';
import { answerTokens, promptTokens, words } from './tongue.ts';
import type { Fields, Finish, Grammar, Refusal, Spoken, Tongue, TroubleKind, UsagePlace, Whole } from './tongue.ts';

export const converse: Tongue = {
  name: 'converse',
  opensAtOnce: true,
  framing: () => awsFrames,
  grammar: (turn, usage) => new Frames(turn, usage),
  whole,
  failed: (_turn, kind) => refusal(kind).body,
  refusal,
  // Bedrock has none.
  rateLimitHeaders: () => ({}),
};

type Row = readonly [status: number, name: string, message?: string];

const rows: Readonly<Record<TroubleKind, Row>> = {
  badKey: [403, 'UnrecognizedClientException', 'The security token included in the request is invalid.'],
  busy: [503, 'ServiceUnavailableException', 'Bedrock is unable to process your request.'],
  exhausted: [
    403,
    'AccessDeniedException',
    'Model access is denied due to INVALID_PAYMENT_INSTRUMENT: A valid payment instrument must be provided.',
  ],
  filtered: [400, 'ValidationException', 'Output blocked by content filtering policy'],
  forbidden: [403, 'AccessDeniedException', "You don't have access to the model with the specified model ID."],
  inBand: [500, 'InternalServerException'],
  modelError: [424, 'ModelStreamErrorException'],
  noPrefill: [400, 'ValidationException'],
  overloaded: [503, 'ServiceUnavailableException', 'Too many connections, please wait before trying again.'],
  rateLimit: [429, 'ThrottlingException', 'Too many requests, please wait before trying again.'],
  serverError: [500, 'InternalServerException'],
  tooLong: [400, 'ValidationException', 'Input is too long for requested model.'],
  unknownModel: [400, 'ValidationException', 'The provided model identifier is invalid.'],
  wrongRequest: [400, 'ValidationException'],
};

function refusal(kind: TroubleKind, message?: string): Refusal {
  const [status, name, ownWords = words[kind]] = rows[kind];
  const headers = { 'x-amzn-errortype': name, 'x-amzn-requestid': 'wall' };
  return { status, headers, body: JSON.stringify({ message: message ?? ownWords }) };
}

const stopReasons: Readonly<Record<Finish, string>> = {
  stop: 'end_turn',
  tool_calls: 'tool_use',
  content_filter: 'content_filtered',
  insufficient_system_resource: 'end_turn',
};

const toolUse = { toolUseId: 'tooluse_wall', name: healthyCall.name };
const LATENCY_MS = 42;

type Block = 'text' | 'reasoning' | 'toolUse';

class Frames implements Grammar {
  readonly #turn: Turn;
  readonly #usage: UsagePlace;
  #tokens = 0;
  /** Of the block that is open or comes next. */
  #index = 0;
  #open: Block | null = null;

  constructor(turn: Turn, usage: UsagePlace) {
    this.#turn = turn;
    this.#usage = usage;
  }

  open(): Spoken[] {
    return [said('messageStart', { role: 'assistant' })];
  }

  text(piece: string, more: Fields = {}): Spoken[] {
    return [...this.#enter('text'), this.#delta(piece, { text: piece }, more)];
  }

  thought(piece: string): Spoken[] {
    return [...this.#enter('reasoning'), this.#delta(piece, { reasoningContent: { text: piece } })];
  }

  /** Only calls have a frame for their beginning. */
  nameCall(): Spoken[] {
    this.#tokens++;
    const before = this.#enter('toolUse');
    return [...before, said('contentBlockStart', { contentBlockIndex: this.#index, start: { toolUse } })];
  }

  call(piece: string): Spoken[] {
    return [this.#delta(piece, { toolUse: { input: piece } })];
  }

  settle(): Spoken[] {
    if (this.#open === null) return [];
    const signed = this.#open === 'reasoning';
    const proof = signed ? [this.#delta('', { reasoningContent: { signature: healthySignature } })] : [];
    this.#open = null;
    return [...proof, said('contentBlockStop', { contentBlockIndex: this.#index++ })];
  }

  finish(reason: Finish): Spoken[] {
    return [...this.settle(), said('messageStop', { stopReason: stopReasons[reason] })];
  }

  done(): Spoken[] {
    if (this.#usage === 'none') return [];
    return [said('metadata', { usage: costOf(this.#turn, this.#tokens), metrics: { latencyMs: LATENCY_MS } })];
  }

  /** Bedrock has none: it is silent. */
  keepAlive(): Spoken[] {
    return [];
  }

  trouble(kind: TroubleKind): Spoken[] {
    const [status, name] = rows[kind];
    const message = (JSON.parse(refusal(kind).body) as { message: string }).message;
    const original = kind === 'modelError' ? { originalStatusCode: status, originalMessage: message } : {};
    const member = `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
    return [{ kind: 'exception', name: member, data: JSON.stringify({ message, ...original }) }];
  }

  fail(kind: TroubleKind): Spoken[] {
    return this.trouble(kind);
  }

  #enter(block: Block): Spoken[] {
    if (this.#open === block) return [];
    const closed = this.settle();
    this.#open = block;
    return closed;
  }

  #delta(piece: string, delta: Fields, more: Fields = {}): Spoken {
    if (piece !== '') this.#tokens++;
    return said('contentBlockDelta', { contentBlockIndex: this.#index, delta, ...more });
  }
}

/** `p` is padding, so that lengths tell nothing: readers drop it. */
const said = (name: string, fields: Fields): Spoken => ({
  kind: 'event',
  name,
  data: JSON.stringify({ ...fields, p: 'abcdefghij' }),
});

function costOf(turn: Turn, tokens: number): Fields {
  const prompt = promptTokens(turn);
  return { inputTokens: prompt, outputTokens: tokens, totalTokens: prompt + tokens };
}

function whole(turn: Turn, answer: Whole): Fields {
  const { text = turn.text, thinks = false, calls = false } = answer;
  const proven = { text: healthyReasoning, signature: healthySignature };
  const thoughts = thinks ? [{ reasoningContent: { reasoningText: proven } }] : [];
  const texts = text === '' || calls ? [] : [{ text }];
  const uses = calls ? [{ toolUse: { ...toolUse, input: JSON.parse(healthyCall.arguments) as unknown } }] : [];
  return {
    output: { message: { role: 'assistant', content: [...thoughts, ...texts, ...uses] } },
    stopReason: stopReasons[answer.finish ?? (calls ? 'tool_calls' : 'stop')],
    ...(answer.usage === false ? {} : { usage: costOf(turn, answerTokens(turn, answer)) }),
    metrics: { latencyMs: LATENCY_MS },
    ...answer.more,
  };
}

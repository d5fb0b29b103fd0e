// Anthropic's Messages, as the wall speaks them.
import { serverSentEvents } from '../framing.ts';
import { healthyCall, healthyReasoning, healthySignature } from '../known-text.ts';
import type { Turn } from '../turn.ts';
import { answerTokens, promptTokens, words } from './tongue.ts';
import type { Fields, Finish, Grammar, Refusal, Spoken, Tongue, TroubleKind, UsagePlace, Whole } from './tongue.ts';

export const anthropic: Tongue = {
  name: 'anthropic',
  opensAtOnce: true,
  framing: serverSentEvents,
  grammar: (turn, usage) => new Blocks(turn, usage),
  whole,
  failed: (_turn, kind) => refusal(kind).body,
  refusal,
  rateLimitHeaders,
};

const SECOND_MS = 1_000;

function rateLimitHeaders(nowMs: number): Readonly<Record<string, string>> {
  return {
    date: new Date(nowMs).toUTCString(),
    'anthropic-ratelimit-requests-limit': '60',
    'anthropic-ratelimit-requests-remaining': '0',
    // Whole seconds, as Anthropic writes them.
    'anthropic-ratelimit-requests-reset': new Date(nowMs + SECOND_MS).toISOString().replace(/\.\d+/, ''),
  };
}

type Row = readonly [status: number, type: string, message?: string];

const rows: Readonly<Record<TroubleKind, Row>> = {
  badKey: [401, 'authentication_error', 'invalid bearer token'],
  busy: [503, 'api_error'],
  exhausted: [402, 'billing_error', 'Your credit balance is too low to access the Anthropic API.'],
  filtered: [400, 'invalid_request_error', 'Output blocked by content filtering policy'],
  forbidden: [403, 'permission_error'],
  inBand: [500, 'api_error'],
  modelError: [500, 'api_error'],
  noPrefill: [400, 'invalid_request_error'],
  overloaded: [529, 'overloaded_error'],
  rateLimit: [429, 'rate_limit_error'],
  serverError: [500, 'api_error'],
  tooLong: [400, 'invalid_request_error', 'prompt is too long: 11 tokens > 10 maximum'],
  unknownModel: [404, 'not_found_error'],
  wrongRequest: [400, 'invalid_request_error'],
};

function refusal(kind: TroubleKind, message?: string): Refusal {
  const [status, type, ownWords = words[kind]] = rows[kind];
  const error = { type, message: message ?? ownWords };
  return {
    status,
    headers: { 'request-id': 'req_wall' },
    body: JSON.stringify({ type: 'error', error, request_id: 'req_wall' }),
  };
}

const stopReasons: Readonly<Record<Finish, string>> = {
  stop: 'end_turn',
  tool_calls: 'tool_use',
  content_filter: 'refusal',
  insufficient_system_resource: 'end_turn',
};

const toolUse = { type: 'tool_use', id: 'toolu_wall', name: healthyCall.name };

type Block = 'text' | 'thinking' | 'tool_use';

class Blocks implements Grammar {
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
    const message = { ...frame(this.#turn), content: [], stop_reason: null, stop_sequence: null };
    return [said('message_start', { message: { ...message, ...this.#usageField(1) } })];
  }

  text(piece: string, more: Fields = {}): Spoken[] {
    const begun = this.#begin('text', { type: 'text', text: '' });
    return [...begun, this.#delta(piece, { type: 'text_delta', text: piece }, more)];
  }

  thought(piece: string): Spoken[] {
    const begun = this.#begin('thinking', { type: 'thinking', thinking: '', signature: '' });
    return [...begun, this.#delta(piece, { type: 'thinking_delta', thinking: piece })];
  }

  nameCall(): Spoken[] {
    this.#tokens++;
    return this.#begin('tool_use', { ...toolUse, input: {} });
  }

  call(piece: string): Spoken[] {
    return [this.#delta(piece, { type: 'input_json_delta', partial_json: piece })];
  }

  settle(): Spoken[] {
    if (this.#open === null) return [];
    const signed = this.#open === 'thinking';
    const proof = signed ? [this.#delta('', { type: 'signature_delta', signature: healthySignature })] : [];
    this.#open = null;
    return [...proof, said('content_block_stop', { index: this.#index++ })];
  }

  finish(reason: Finish): Spoken[] {
    const delta = { stop_reason: stopReasons[reason], stop_sequence: null };
    return [...this.settle(), said('message_delta', { delta, ...this.#usageField(this.#tokens) })];
  }

  done(): Spoken[] {
    return [said('message_stop', {})];
  }

  keepAlive(): Spoken[] {
    return [said('ping', {})];
  }

  trouble(kind: TroubleKind): Spoken[] {
    return [{ kind: 'event', name: 'error', data: refusal(kind).body }];
  }

  fail(kind: TroubleKind): Spoken[] {
    return this.trouble(kind);
  }

  #begin(type: Block, block: Fields): Spoken[] {
    if (this.#open === type) return [];
    const closed = this.settle();
    this.#open = type;
    return [...closed, said('content_block_start', { index: this.#index, content_block: block })];
  }

  #delta(piece: string, delta: Fields, more: Fields = {}): Spoken {
    if (piece !== '') this.#tokens++;
    return said('content_block_delta', { index: this.#index, delta, ...more });
  }

  #usageField(tokens: number): Fields {
    return this.#usage === 'none' ? {} : { usage: costOf(this.#turn, tokens) };
  }
}

const said = (type: string, fields: Fields): Spoken => ({
  kind: 'event',
  name: type,
  data: JSON.stringify({ type, ...fields }),
});

function frame(turn: Turn): Fields {
  return { id: `msg_${turn.id}`, type: 'message', role: 'assistant', model: turn.asked.model };
}

function costOf(turn: Turn, tokens: number): Fields {
  return {
    input_tokens: promptTokens(turn),
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: tokens,
  };
}

function whole(turn: Turn, answer: Whole): Fields {
  if (turn.asked.surface === 'count') return { input_tokens: promptTokens(turn) };
  const { text = turn.text, thinks = false, calls = false } = answer;
  const thoughts = thinks ? [{ type: 'thinking', thinking: healthyReasoning, signature: healthySignature }] : [];
  const texts = text === '' || calls ? [] : [{ type: 'text', text }];
  const uses = calls ? [{ ...toolUse, input: JSON.parse(healthyCall.arguments) as unknown }] : [];
  return {
    ...frame(turn),
    content: [...thoughts, ...texts, ...uses],
    stop_reason: stopReasons[answer.finish ?? (calls ? 'tool_calls' : 'stop')],
    stop_sequence: null,
    ...(answer.usage === false ? {} : { usage: costOf(turn, answerTokens(turn, answer)) }),
    ...answer.more,
  };
}

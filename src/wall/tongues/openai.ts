// OpenAI's chat completions, the older text completions and embeddings, as the wall speaks them.
import { serverSentEvents } from '../framing.ts';
import { healthyCall, healthyReasoning } from '../known-text.ts';
import type { Turn } from '../turn.ts';
import { embeddings } from './embeddings.ts';
import { answerTokens, promptTokens, words } from './tongue.ts';
import type { Fields, Finish, Grammar, Refusal, Spoken, Tongue, TroubleKind, UsagePlace, Whole } from './tongue.ts';

export const openai: Tongue = {
  name: 'openai',
  opensAtOnce: false,
  framing: serverSentEvents,
  grammar: (turn, usage) => new Chunks(turn, usage),
  whole,
  failed: (_turn, kind) => openaiRefusal(kind).body,
  refusal: openaiRefusal,
  rateLimitHeaders: openaiRateLimit,
};

export function openaiRateLimit(): Readonly<Record<string, string>> {
  return {
    'x-ratelimit-limit-requests': '60',
    'x-ratelimit-remaining-requests': '0',
    'x-ratelimit-reset-requests': '1s',
  };
}

type Row = readonly [status: number, type: string, code: string | null, param?: string];

const rows: Readonly<Record<TroubleKind, Row>> = {
  badKey: [401, 'authentication_error', 'invalid_request_error'],
  busy: [503, 'service_unavailable_error', null],
  exhausted: [402, 'unknown_error', 'invalid_request_error'],
  filtered: [400, 'invalid_request_error', 'content_filter'],
  forbidden: [403, 'invalid_request_error', 'model_not_found'],
  inBand: [500, 'server_error', null],
  modelError: [500, 'server_error', null],
  noPrefill: [400, 'invalid_request_error', null],
  overloaded: [503, 'service_unavailable_error', 'server_is_overloaded'],
  rateLimit: [429, 'requests', 'rate_limit_exceeded'],
  serverError: [500, 'server_error', null],
  tooLong: [400, 'invalid_request_error', 'context_length_exceeded', 'messages'],
  unknownModel: [404, 'invalid_request_error', 'model_not_found', 'model'],
  wrongRequest: [400, 'invalid_request_error', null],
};

/** OpenAI's shape of an error; Responses has the same. */
export function openaiRefusal(kind: TroubleKind, message: string = words[kind]): Refusal {
  const [status, type, code, param = null] = rows[kind];
  return { status, headers: {}, body: JSON.stringify({ error: { message, type, param, code } }) };
}

const CALL_ID = 'call_wall';

class Chunks implements Grammar {
  readonly #turn: Turn;
  readonly #usage: UsagePlace;
  #tokens = 0;

  constructor(turn: Turn, usage: UsagePlace) {
    this.#turn = turn;
    this.#usage = usage;
  }

  open(): Spoken[] {
    return [this.#event({ role: 'assistant', content: '' })];
  }

  text(piece: string, more: Fields = {}): Spoken[] {
    return [this.#piece(piece, { content: piece }, more)];
  }

  thought(piece: string): Spoken[] {
    return [this.#piece(piece, { reasoning_content: piece })];
  }

  nameCall(): Spoken[] {
    const call = { index: 0, id: CALL_ID, type: 'function', function: { name: healthyCall.name, arguments: '' } };
    return [this.#piece(healthyCall.name, { tool_calls: [call] })];
  }

  call(piece: string): Spoken[] {
    return [this.#piece(piece, { tool_calls: [{ index: 0, function: { arguments: piece } }] })];
  }

  settle(): Spoken[] {
    return [];
  }

  finish(reason: Finish): Spoken[] {
    const rides = this.#usage === 'finish' || this.#usage === 'everywhere';
    const last = this.#event({}, reason, rides ? { usage: costOf(this.#turn, this.#tokens) } : {});
    const ownEvent = this.#usage === 'ownEvent' || this.#usage === 'everywhere';
    if (!ownEvent && !(this.#usage === 'asked' && this.#turn.asked.wantsUsage)) return [last];
    return [last, said({ ...this.#frame(), choices: [], usage: costOf(this.#turn, this.#tokens) })];
  }

  done(): Spoken[] {
    return [{ kind: 'event', name: null, data: '[DONE]' }];
  }

  keepAlive(): Spoken[] {
    return [{ kind: 'comment', name: null, data: 'keep-alive' }];
  }

  trouble(kind: TroubleKind): Spoken[] {
    return [{ kind: 'event', name: null, data: openaiRefusal(kind).body }];
  }

  fail(kind: TroubleKind): Spoken[] {
    return this.trouble(kind);
  }

  #piece(piece: string, delta: Fields, more: Fields = {}): Spoken {
    if (piece !== '') this.#tokens++;
    return this.#event(delta, null, more);
  }

  #event(delta: Fields, finish: Finish | null = null, more: Fields = {}): Spoken {
    const spoken = this.#turn.asked.surface === 'text' ? { text: textOf(delta) } : { delta };
    return said({
      ...this.#frame(),
      choices: [{ index: 0, ...spoken, logprobs: null, finish_reason: finish }],
      ...this.#running(),
      ...more,
    });
  }

  #running(): Fields {
    if (this.#usage === 'everywhere') return { usage: costOf(this.#turn, this.#tokens) };
    return this.#turn.asked.wantsUsage ? { usage: null } : {};
  }

  #frame(): Fields {
    return frame(this.#turn, this.#turn.asked.surface === 'text' ? 'text_completion' : 'chat.completion.chunk');
  }
}

const said = (fields: Fields): Spoken => ({ kind: 'event', name: null, data: JSON.stringify(fields) });

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

function costOf(turn: Turn, tokens: number): Fields {
  const prompt = promptTokens(turn);
  return {
    prompt_tokens: prompt,
    completion_tokens: tokens,
    total_tokens: prompt + tokens,
    prompt_tokens_details: { cached_tokens: 0 },
  };
}

function whole(turn: Turn, answer: Whole): Fields {
  const { text = turn.text, thinks = false, calls = false } = answer;
  if (turn.asked.surface === 'embeddings') return embeddings(turn);
  const isText = turn.asked.surface === 'text';
  const message = {
    role: 'assistant',
    content: calls ? null : text,
    refusal: null,
    ...(thinks ? { reasoning_content: healthyReasoning } : {}),
    ...(calls ? { tool_calls: [{ id: CALL_ID, type: 'function', function: healthyCall }] } : {}),
  };
  const finish = answer.finish ?? (calls ? 'tool_calls' : 'stop');
  return {
    ...frame(turn, isText ? 'text_completion' : 'chat.completion'),
    choices: [{ index: 0, ...(isText ? { text } : { message }), logprobs: null, finish_reason: finish }],
    ...(answer.usage === false ? {} : { usage: costOf(turn, answerTokens(turn, answer)) }),
    ...answer.more,
  };
}

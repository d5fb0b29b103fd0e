// OpenAI's Responses, as the wall speaks them. Every event has a number, every item a beginning and an end that repeats it,
// and the last event the whole answer.
import { serverSentEvents } from '../framing.ts';
import { healthyCall, healthyReasoning, pieces } from '../known-text.ts';
import type { Turn } from '../turn.ts';
import { openaiRateLimit, openaiRefusal } from './openai.ts';
import { answerTokens, promptTokens } from './tongue.ts';
import type { Fields, Finish, Grammar, Spoken, Tongue, TroubleKind, UsagePlace, Whole } from './tongue.ts';

export const responses: Tongue = {
  name: 'responses',
  opensAtOnce: true,
  framing: serverSentEvents,
  grammar: (turn, usage) => new Items(turn, usage),
  whole,
  failed: (turn, kind) => JSON.stringify(response(turn, 'failed', [], { error: errorOf(kind) })),
  refusal: openaiRefusal,
  rateLimitHeaders: openaiRateLimit,
};

/** The last event carries the status; its reason, if it is none of the good ones. */
const endings: Readonly<Record<Finish, { readonly status: string; readonly why: string | null }>> = {
  stop: { status: 'completed', why: null },
  tool_calls: { status: 'completed', why: null },
  content_filter: { status: 'incomplete', why: 'content_filter' },
  insufficient_system_resource: { status: 'completed', why: null },
};

type Item = 'message' | 'reasoning' | 'function_call';

class Items implements Grammar {
  readonly #turn: Turn;
  readonly #usage: UsagePlace;
  readonly #output: Fields[] = [];
  #sequence = 0;
  #tokens = 0;
  #thoughts = 0;
  #open: Item | null = null;
  /** What the open item has said so far. */
  #text = '';

  constructor(turn: Turn, usage: UsagePlace) {
    this.#turn = turn;
    this.#usage = usage;
  }

  open(): Spoken[] {
    const begun = { response: response(this.#turn, 'in_progress', []) };
    return [this.#said('response.created', begun), this.#said('response.in_progress', begun)];
  }

  text(piece: string, more: Fields = {}): Spoken[] {
    const begun = this.#begin('message', 'response.content_part.added', { content_index: 0, part: textPart('') });
    const delta = { content_index: 0, delta: piece, logprobs: [] };
    return [...begun, this.#delta(piece, 'response.output_text.delta', delta, more)];
  }

  thought(piece: string): Spoken[] {
    const part = { summary_index: 0, part: summaryPart('') };
    const begun = this.#begin('reasoning', 'response.reasoning_summary_part.added', part);
    if (piece !== '') this.#thoughts++;
    return [...begun, this.#delta(piece, 'response.reasoning_summary_text.delta', { summary_index: 0, delta: piece })];
  }

  nameCall(): Spoken[] {
    this.#tokens++;
    return this.#begin('function_call');
  }

  call(piece: string): Spoken[] {
    return [this.#delta(piece, 'response.function_call_arguments.delta', { delta: piece })];
  }

  settle(): Spoken[] {
    const kind = this.#open;
    if (kind === null) return [];
    const at = this.#place(kind);
    const item = itemOf(kind, this.#turn, this.#text, 'completed');
    const ends = lastWords(kind, this.#text).map(([type, fields]) => this.#said(type, { ...at, ...fields }));
    const done = this.#said('response.output_item.done', { output_index: this.#output.length, item });
    this.#output.push(item);
    this.#open = null;
    this.#text = '';
    return [...ends, done];
  }

  finish(reason: Finish): Spoken[] {
    const closed = this.settle();
    const { status, why } = endings[reason];
    return [...closed, this.#last(status, why === null ? {} : { incomplete_details: { reason: why } })];
  }

  /** The last event says both: why it is over, and that it is. */
  done(): Spoken[] {
    return [];
  }

  /** Undocumented, but sent (openai/openai-node#1964). */
  keepAlive(): Spoken[] {
    return [this.#said('keepalive', {})];
  }

  trouble(kind: TroubleKind): Spoken[] {
    return [this.#said('error', { ...errorOf(kind), param: null })];
  }

  fail(kind: TroubleKind): Spoken[] {
    return [this.#last('failed', { error: errorOf(kind) })];
  }

  #last(status: string, more: Fields): Spoken {
    const cost = this.#usage === 'none' ? null : costOf(this.#turn, this.#tokens, this.#thoughts);
    const told = response(this.#turn, status, this.#output, { usage: cost, ...more });
    return this.#said(`response.${status}`, { response: told });
  }

  /** The item, and the part in it where it has parts. */
  #begin(kind: Item, part?: string, fields: Fields = {}): Spoken[] {
    if (this.#open === kind) return [];
    const closed = this.settle();
    this.#open = kind;
    const item = itemOf(kind, this.#turn, null, 'in_progress');
    const added = this.#said('response.output_item.added', { output_index: this.#output.length, item });
    const opened = part === undefined ? [] : [this.#said(part, { ...this.#place(kind), ...fields })];
    return [...closed, added, ...opened];
  }

  #delta(piece: string, type: string, fields: Fields, more: Fields = {}): Spoken {
    if (piece !== '') this.#tokens++;
    this.#text += piece;
    return this.#said(type, { ...this.#place(this.#open ?? 'message'), ...fields, ...more });
  }

  #place(kind: Item): Fields {
    return { item_id: idOf(kind, this.#turn), output_index: this.#output.length };
  }

  #said(type: string, fields: Fields): Spoken {
    return {
      kind: 'event',
      name: type,
      data: JSON.stringify({ type, sequence_number: this.#sequence++, ...fields }),
    };
  }
}

const textPart = (text: string): Fields => ({ type: 'output_text', text, annotations: [], logprobs: [] });
const summaryPart = (text: string): Fields => ({ type: 'summary_text', text });
const prefixes: Readonly<Record<Item, string>> = { message: 'msg', reasoning: 'rs', function_call: 'fc' };
const idOf = (kind: Item, turn: Turn): string => `${prefixes[kind]}_${turn.id}`;

/** `text` null: it has only begun. */
function itemOf(kind: Item, turn: Turn, text: string | null, status: string): Fields {
  const item = { id: idOf(kind, turn), type: kind };
  if (kind === 'message') return { ...item, status, role: 'assistant', content: text === null ? [] : [textPart(text)] };
  if (kind === 'reasoning') return { ...item, summary: text === null ? [] : [summaryPart(text)] };
  return { ...item, status, call_id: 'call_wall', name: healthyCall.name, arguments: text ?? '' };
}

/** The events that repeat what an item said, from the inside out. */
function lastWords(kind: Item, text: string): [type: string, fields: Fields][] {
  if (kind === 'function_call')
    return [['response.function_call_arguments.done', { name: healthyCall.name, arguments: text }]];
  if (kind === 'reasoning')
    return [
      ['response.reasoning_summary_text.done', { summary_index: 0, text }],
      ['response.reasoning_summary_part.done', { summary_index: 0, part: summaryPart(text) }],
    ];
  return [
    ['response.output_text.done', { content_index: 0, text, logprobs: [] }],
    ['response.content_part.done', { content_index: 0, part: textPart(text) }],
  ];
}

/** Failed answers know fewer codes than refusals do. */
function errorOf(kind: TroubleKind): Fields {
  const { error } = JSON.parse(openaiRefusal(kind).body) as { error: { code: string | null; message: string } };
  return { code: error.code ?? 'server_error', message: error.message };
}

function response(turn: Turn, status: string, output: readonly Fields[], more: Fields = {}): Fields {
  const createdAt = Math.floor(turn.nowMs / 1000);
  return {
    id: `resp_${turn.id}`,
    object: 'response',
    created_at: createdAt,
    status,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    model: turn.asked.model,
    output,
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: false,
    temperature: 1,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    truncation: 'disabled',
    usage: null,
    metadata: {},
    ...more,
  };
}

function costOf(turn: Turn, tokens: number, thoughts: number): Fields {
  const prompt = promptTokens(turn);
  return {
    input_tokens: prompt,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: tokens,
    output_tokens_details: { reasoning_tokens: thoughts },
    total_tokens: prompt + tokens,
  };
}

function whole(turn: Turn, answer: Whole): Fields {
  const { text = turn.text, thinks = false, calls = false } = answer;
  const item = (kind: Item, said: string): Fields => itemOf(kind, turn, said, 'completed');
  const thoughts = thinks ? [item('reasoning', healthyReasoning)] : [];
  const texts = text === '' || calls ? [] : [item('message', text)];
  const uses = calls ? [item('function_call', healthyCall.arguments)] : [];
  const { status, why } = endings[answer.finish ?? 'stop'];
  const reasons = thinks ? pieces(healthyReasoning).length : 0;
  return response(turn, status, [...thoughts, ...texts, ...uses], {
    incomplete_details: why === null ? null : { reason: why },
    usage: answer.usage === false ? null : costOf(turn, answerTokens(turn, answer), reasons),
    ...answer.more,
  });
}

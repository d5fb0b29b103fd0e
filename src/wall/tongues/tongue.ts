// Tongue: a dialect as the wall speaks it. Behaviours say what is said and where it goes wrong; a tongue says how that is
// spelled. So a fault is written once, and every dialect has it. A tongue must never decide what happens.
import type { DialectName } from '../../kernel/dialect-name.ts';
import { healthyCall, healthyReasoning, pieces } from '../known-text.ts';
import type { Turn } from '../turn.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** One event, not yet framed. What has no frame of its own in a framing (a comment among AWS frames) is not sent. */
export interface Spoken {
  readonly kind: 'event' | 'exception' | 'comment';
  /** Null: events of this dialect have no names. */
  readonly name: string | null;
  readonly data: string;
}

/** Why an answer ends, in OpenAI's words; each tongue has its own. */
export type Finish = 'stop' | 'tool_calls' | 'content_filter' | 'insufficient_system_resource';

/** Where usage stands; `asked`: where the dialect has it, if it must be asked for when it was. */
export type UsagePlace = 'asked' | 'finish' | 'ownEvent' | 'everywhere' | 'none';

export const troubleKinds = [
  'badKey',
  'busy',
  'exhausted',
  'filtered',
  'forbidden',
  'inBand',
  'modelError',
  'noPrefill',
  'overloaded',
  'rateLimit',
  'serverError',
  'tooLong',
  'unknownModel',
  'wrongRequest',
] as const;
export type TroubleKind = (typeof troubleKinds)[number];

export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One answer as a stream; it keeps what later events have to repeat. */
export interface Grammar {
  /** The events that only say who speaks. */
  open(): readonly Spoken[];
  /** A piece of the text. `more`: fields that nobody expects. The last event is the one with the piece. */
  text(piece: string, more?: Fields): readonly Spoken[];
  thought(piece: string): readonly Spoken[];
  /** Names the known call; its arguments follow in pieces. */
  nameCall(): readonly Spoken[];
  call(piece: string): readonly Spoken[];
  /** Closes what is open, but does not say that the answer is over. */
  settle(): readonly Spoken[];
  /** Closes what is open and says why it is over. */
  finish(reason: Finish): readonly Spoken[];
  /** What comes after the reason. */
  done(): readonly Spoken[];
  keepAlive(): readonly Spoken[];
  trouble(kind: TroubleKind): readonly Spoken[];
  /** The answer itself is told to have failed, with that trouble; where a dialect has no such event, as `trouble`. */
  fail(kind: TroubleKind): readonly Spoken[];
}

export interface Framing {
  readonly contentType: string;
  frame(spoken: Spoken): string | Uint8Array;
}

/** What an answer in one piece holds. */
export interface Whole {
  /** The known text, or what of it is to be said, unless it says otherwise. */
  readonly text?: string;
  readonly thinks?: boolean;
  /** The known call instead of a text. */
  readonly calls?: boolean;
  readonly finish?: Finish;
  readonly usage?: boolean;
  readonly more?: Fields;
}

export type LineEnd = '\n' | '\r' | '\r\n';

export interface Tongue {
  readonly name: DialectName;
  /** Keep-alives come after the first events, not before them. */
  readonly opensAtOnce: boolean;
  framing(lineEnd: LineEnd): Framing;
  grammar(turn: Turn, usage: UsagePlace): Grammar;
  whole(turn: Turn, whole: Whole): Fields;
  /** A whole answer that says of itself that it failed, with status 200. */
  failed(turn: Turn, kind: TroubleKind): string;
  refusal(kind: TroubleKind, message?: string): Refusal;
  /** The headers that tell that no request is left and when there will be. */
  rateLimitHeaders(nowMs: number): Readonly<Record<string, string>>;
}

/** The words of troubles that are the same everywhere. */
export const words: Readonly<Record<TroubleKind, string>> = {
  badKey: 'Authentication Fails, Your api key: ****wall is invalid',
  busy: 'The server is overloaded, please try again later.',
  exhausted: 'Insufficient Balance',
  filtered: 'Content Exists Risk',
  forbidden: 'Project `wall` does not have access to this model',
  inBand: 'The wall has failed in the middle.',
  modelError: 'The model failed in the middle.',
  noPrefill: 'This model does not support assistant message prefill. The conversation must end with a user message.',
  overloaded: 'Overloaded',
  rateLimit: 'Rate limit reached for requests',
  serverError: 'The server had an error',
  tooLong: "This model's maximum context length is 10 tokens. However, your messages resulted in more tokens.",
  unknownModel: 'The model does not exist: see GET /v1/models',
  wrongRequest: 'The request is wrong',
};

const PROMPT_BYTES_PER_TOKEN = 4;

/** A piece is a token, so what two legs of one answer cost can be added up and compared. */
export function promptTokens(turn: Turn): number {
  return Math.ceil(turn.asked.bodyBytes / PROMPT_BYTES_PER_TOKEN);
}

/** What a whole answer cost, counted as its stream counts. */
export function answerTokens(turn: Turn, { text = turn.text, thinks = false, calls = false }: Whole): number {
  const thoughts = thinks ? pieces(healthyReasoning).length : 0;
  return thoughts + (calls ? 1 + pieces(healthyCall.arguments).length : pieces(text).length);
}

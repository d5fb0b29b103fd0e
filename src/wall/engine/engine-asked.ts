// What an engine is asked: sizes, not contents. Four characters of a prompt are a token. How long the answer becomes is for
// the asker to say in words ("Answer with 120 tokens."), as it is with real models; `max_tokens` is only what it is cut off
// at. So a client or gateway in between knows no more of an answer's length than it would in earnest.
import type { JsonObject } from '../../kernel/json.ts';
import { isObject } from '../../kernel/json.ts';
import type { Chance } from '../../ports/chance.ts';
import { TOKEN_CHARACTERS, tokensIn } from './answer-text.ts';

export interface EngineAsked {
  readonly model: string;
  readonly stream: boolean;
  /** `stream_options.include_usage`. */
  readonly wantsUsage: boolean;
  readonly promptTokens: number;
  /** Of the answer, how much an assistant's message at the end has said already. */
  readonly saidTokens: number;
  /** At least 1. */
  readonly outputTokens: number;
  /** `max_tokens` ends the answer early. */
  readonly isCut: boolean;
}

/** Of answers that nobody gave a length (the overload study's mix). */
const OUTPUT_TOKENS_MEAN = 280;
const OUTPUT_TOKENS_MAX = 100_000;
/** The wish for a length is looked for so far into the last question. */
const WISH_CHARACTERS = 400;

export function readEngineAsked(body: JsonObject, chance: Chance): EngineAsked {
  const messages = Array.isArray(body['messages']) ? body['messages'].map(textOf) : [];
  const options = body['stream_options'];
  const last = messages.at(-1);
  const saidTokens = last?.role === 'assistant' ? tokensIn(last.text) : 0;
  const question = messages.findLast(({ role }) => role !== 'assistant')?.text ?? '';
  const wanted = Math.max(1, (wishedTokens(question) ?? drawnTokens(chance)) - saidTokens);
  const tokensMax = tokensMaxOf(body);
  const characters = messages.reduce((sum, { text }) => sum + text.length, 0);
  return {
    model: typeof body['model'] === 'string' ? body['model'] : '',
    stream: body['stream'] === true,
    wantsUsage: isObject(options) && options['include_usage'] === true,
    promptTokens: Math.max(1, Math.ceil(characters / TOKEN_CHARACTERS)),
    saidTokens,
    outputTokens: Math.min(wanted, tokensMax),
    isCut: tokensMax < wanted,
  };
}

function tokensMaxOf(body: JsonObject): number {
  for (const name of ['max_completion_tokens', 'max_tokens']) {
    const value = body[name];
    if (typeof value === 'number' && value >= 1) return Math.min(Math.floor(value), OUTPUT_TOKENS_MAX);
  }
  return OUTPUT_TOKENS_MAX;
}

function wishedTokens(question: string): number | null {
  const found = /\b(\d{1,6}) tokens\b/.exec(question.slice(0, WISH_CHARACTERS));
  return found === null ? null : Math.max(1, Number(found[1]));
}

function drawnTokens(chance: Chance): number {
  return Math.ceil(-Math.log(1 - chance.draw()) * OUTPUT_TOKENS_MEAN);
}

function textOf(message: unknown): { role: string; text: string } {
  if (!isObject(message)) return { role: '', text: '' };
  const { role, content } = message;
  const text = Array.isArray(content)
    ? content.map((part) => (isObject(part) && typeof part['text'] === 'string' ? part['text'] : '')).join('')
    : content;
  return { role: typeof role === 'string' ? role : '', text: typeof text === 'string' ? text : '' };
}

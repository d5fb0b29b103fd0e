// Answer text: what the modelled far sides say. All answers are parts of one row of tokens of four characters each, and each
// begins at a place of its own: the client can tell from the text alone how far its answer has come, that no part of it was
// repeated or left out, and that it is nobody else's.
import { utf8Decode, utf8Encode } from '../kernel/web.ts';

const TOKEN_CHARACTERS = 4;
const TOKENS_KNOWN = 36 ** 3;
const DIGITS = 36;

let known = '';

/** All tokens in a row; made when first asked for. */
function knownText(): string {
  if (known === '') {
    const words = Array.from({ length: TOKENS_KNOWN }, (_, at) => at.toString(DIGITS).padStart(3, '0'));
    known = `${words.join(' ')} `;
  }
  return known;
}

/** Far from the places of the asks before and after. */
const PLACES_APART = 7_919;

/** Where in the row an ask's answer begins. */
export const answerStart = (askNumber: number): number => (askNumber * PLACES_APART) % TOKENS_KNOWN;

/** Tokens `from` up to `from + count`. An answer longer than all tokens known begins again. */
export function tokensText(from: number, count: number): string {
  const start = from % TOKENS_KNOWN;
  const text = knownText().slice(start * TOKEN_CHARACTERS, (start + count) * TOKEN_CHARACTERS);
  const missing = count - text.length / TOKEN_CHARACTERS;
  return missing > 0 ? text + tokensText(0, missing) : text;
}

const chunkHead = '{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m",';
const CONTENT = '"content":"';

export function contentEvent(from: number, count: number): string {
  const content = tokensText(from, count);
  return `data: ${chunkHead}"choices":[{"index":0,"delta":{${CONTENT}${content}"},"finish_reason":null}]}\n\n`;
}

export function endEvents(promptTokens: number, answerTokens: number): string {
  const usage = `"usage":{"prompt_tokens":${promptTokens},"completion_tokens":${answerTokens},"total_tokens":${promptTokens + answerTokens}}`;
  return `data: ${chunkHead}"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: ${chunkHead}"choices":[],${usage}}\n\ndata: [DONE]\n\n`;
}

/** Reads what a client gets. */
export interface AnswerWords {
  /** New tokens; -1 when the text is not what comes at that place. */
  readonly tokens: number;
  /** The end marker was among it. */
  readonly done: boolean;
}

/** `place`: in the row of tokens, where the next one is expected. */
export function readAnswer(bytes: Uint8Array, place: number): AnswerWords {
  const text = utf8Decode(bytes);
  let tokens = 0;
  for (let at = text.indexOf(CONTENT); at >= 0; at = text.indexOf(CONTENT, at)) {
    at += CONTENT.length;
    const end = text.indexOf('"', at);
    const said = text.slice(at, end);
    const count = said.length / TOKEN_CHARACTERS;
    if (said !== tokensText(place + tokens, count)) return { tokens: -1, done: false };
    tokens += count;
    at = end;
  }
  return { tokens, done: text.endsWith('[DONE]\n\n') };
}

/** Weights of the gateway's estimator: a comma weighs this much, a message this much more. */
const COMMA_TOKENS = 0.701;
const MESSAGE_TOKENS = 4;

/** A prompt that the gateway's estimator takes for exactly `tokens` tokens (5 at least). */
export function promptBody(model: string, tokens: number, answerTokensMax: number): Uint8Array {
  const commas = Math.max(1, Math.floor((tokens - MESSAGE_TOKENS) / COMMA_TOKENS));
  return utf8Encode(
    `{"model":"${model}","stream":true,"max_tokens":${answerTokensMax},"messages":[{"role":"user","content":"${','.repeat(commas)}"}]}`,
  );
}

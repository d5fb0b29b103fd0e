// Prompts: the bytes of each request. The wish for an answer's length stands in words at the beginning, as people say it; the
// rest fills the prompt to its length with common words of three letters, a token each. No two prompts begin alike, so that
// no cache of prefixes answers what was meant as work.
import type { Wish } from '../sim/workload.ts';
import type { LoadOrder } from './order.ts';

const TOKEN_CHARACTERS = 4;
const words =
  'the and for are but not you all can had her was one our out day get has him his how man new now old see two way who boy did its let put say she too use dad mom try ask own why men run big end far off act age ago air arm art bad bag bed bit box bus buy car cup cut dog ear eat egg eye fit fly fun gas guy hat hit hot ice job key kid law lay leg lie lot low map mix'.split(
    ' ',
  );
/** Longer than any prompt, so that every prompt is one slice of it. */
const FILLER_TOKENS = 65_536;
/** A multiplicative walk: never the same neighbours for long. */
const filler = `${Array.from({ length: FILLER_TOKENS }, (_, at) => words[(at * 7_919 + (at >> 6) * 31) % words.length]).join(' ')} `;

export class Prompts {
  readonly #order: LoadOrder;

  constructor(order: LoadOrder) {
    this.#order = order;
  }

  /** The whole request, all ASCII. `attempt` counts from 0. */
  request(wish: Wish, attempt: number): string {
    const { address, path, keys, model, answerTokensMax, tellsDeadline, expectations } = this.#order;
    const start = `Question ${wish.number}: answer with ${wish.outputTokens} tokens. `;
    const missing = Math.max(0, wish.promptTokens * TOKEN_CHARACTERS - start.length);
    const from = ((wish.number * 101) % (FILLER_TOKENS / 2)) * TOKEN_CHARACTERS;
    const text = start + fillerOf(from, missing);
    const body =
      `{"model":${asciiJson(model)},"stream":true,"stream_options":{"include_usage":true},` +
      `"max_tokens":${Math.max(answerTokensMax, wish.outputTokens)},"user":"tenant-${wish.tenant}",` +
      `"messages":[{"role":"user","content":"${text}"}]}`;
    const key = keys[wish.lane];
    const authorization =
      key === null ? '' : `Authorization: Bearer ${key.replaceAll('{tenant}', String(wish.tenant))}\r\n`;
    const deadline = tellsDeadline ? `X-Spillway-Deadline-Ms: ${expectations[wish.lane].firstTokenMs}\r\n` : '';
    const host = address.host.includes(':') ? `[${address.host}]` : address.host;
    return (
      `POST ${path} HTTP/1.1\r\nHost: ${host}:${address.port}\r\n${authorization}${deadline}` +
      `Content-Type: application/json\r\nAccept: text/event-stream\r\nUser-Agent: spillway-load\r\n` +
      `X-Stainless-Retry-Count: ${attempt}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    );
  }
}

/** A slice; of traces with longer prompts than there is filler, as much again as it takes. */
function fillerOf(from: number, characters: number): string {
  let text = filler.slice(from, from + characters);
  while (text.length < characters) text += filler.slice(0, characters - text.length);
  return text.trimEnd();
}

/** So that characters are bytes. */
function asciiJson(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

// Transcript: what the client of a stream has read so far, over all legs of its answer. It is what a rescue continues from,
// and what the legs before the last one count for when the answer is billed.
import { estimateTokens } from '../dialects/tokens.ts';
import type { AnswerReading } from '../kernel/chat.ts';
import type { Usage } from '../kernel/usage.ts';

/** The part of an event that a client would miss. */
export type Said = Pick<AnswerReading, 'text' | 'reasoning' | 'toolCall'>;

export class Transcript {
  /** Text of the first choice. */
  text = '';
  reasoning = false;
  toolCall = false;
  #legText = 0;
  #earlier: { promptTokens: number; completionTokens: number } | null = null;

  add(said: Said): void {
    this.text += said.text;
    if (said.reasoning) this.reasoning = true;
    if (said.toolCall) this.toolCall = true;
  }

  /** A leg broke off. Its prompt is billed once; what it said is counted here, since the provider will not tell. */
  endLeg(promptTokens: number, usage: Usage | null): void {
    const said = Math.ceil(estimateTokens(this.text.slice(this.#legText)));
    this.#legText = this.text.length;
    this.#earlier ??= { promptTokens: usage?.promptTokens ?? Math.round(promptTokens), completionTokens: 0 };
    this.#earlier.completionTokens += usage?.completionTokens ?? said;
  }

  /** What the legs before the last one come to; null when there were none. */
  earlier(): Usage | null {
    if (this.#earlier === null) return null;
    return { ...this.#earlier, cachedTokens: null, reasoningTokens: null, source: 'estimated' };
  }

  /** The last leg's usage as that of the whole answer: a caller sees one answer to one prompt. */
  whole(last: Usage): Usage {
    if (this.#earlier === null) return last;
    const { promptTokens, completionTokens } = this.#earlier;
    return { ...last, promptTokens, completionTokens: completionTokens + last.completionTokens };
  }
}

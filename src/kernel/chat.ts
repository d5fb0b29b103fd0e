// Canonical request and answer: what the inside knows of a request without caring which dialect it came in. The canonical
// chat is OpenAI's chat-completions shape with unknown fields kept, because nine of ten far sides speak it: such a request
// travels as the bytes it came in, patched at most in a few top-level fields. Other dialects translate to and from it.
import type { DialectName } from './dialect-name.ts';
import type { Fault } from './fault.ts';
import type { JsonObject } from './json.ts';
import type { Surface } from './lane.ts';
import type { Usage } from './usage.ts';

/** What a request needs from a target; checked against its capabilities when targets are planned. */
export const needs = [
  'tools',
  'vision',
  'audio',
  'jsonObject',
  'jsonSchema',
  'logprobs',
  'manyChoices',
  'prefix',
] as const;
export type Need = (typeof needs)[number];

/** A request in the words of a dialect other than the canonical chat's, as the caller wrote it. */
export interface NativeRequest {
  readonly dialect: DialectName;
  readonly body: JsonObject;
  readonly bytes: Uint8Array;
  /** What the canonical chat cannot say: only a target that speaks the caller's dialect can take it. */
  readonly untranslatable: readonly { readonly param: string; readonly why: string }[];
}

export interface CanonicalRequest {
  readonly surface: Surface;
  /** The public model name as the client wrote it. */
  readonly model: string;
  readonly stream: boolean;
  /** The client asked for a usage event in its stream. */
  readonly includeUsage: boolean;
  /** Linear estimate of the prompt's tokens; corrected by the key's history when reserved. */
  readonly promptTokens: number;
  /** The most tokens the client lets the answer have; null when it did not say. */
  readonly answerTokensMax: number | null;
  /** Answers asked for (`n`). */
  readonly choices: number;
  readonly needs: readonly Need[];
  /** Further public model names to try when `model` cannot answer (`fallbacks`, `models`). */
  readonly fallbackModels: readonly string[];
  /** The parsed body. Never mutated. */
  readonly body: JsonObject;
  /** `body` as bytes: as it came where the caller speaks OpenAI's chat; valid UTF-8 JSON with a top-level object. */
  readonly bytes: Uint8Array;
  /** What `body` was translated from; null when it is the caller's own. */
  readonly native: NativeRequest | null;
}

/** What one stream event, or one whole answer, says. A fresh record per event; all fields always present. */
export interface AnswerReading {
  /** Text, refusal, audio or embedding that the client wants. */
  readonly content: boolean;
  readonly reasoning: boolean;
  readonly toolCall: boolean;
  /** The text itself, of all choices together; what a rescue continues from. */
  readonly text: string;
  /** Characters of text, reasoning and tool calls, for usage estimates when the provider says none. */
  readonly characters: number;
  /** As the provider said it; null when not finished. */
  readonly finishReason: string | null;
  readonly usage: Usage | null;
  /** Carries usage and nothing else: dropped for clients that did not ask for it. */
  readonly usageOnly: boolean;
  /** The stream's end marker (`[DONE]`). */
  readonly done: boolean;
  /** An error inside a 200 answer. */
  readonly fault: Fault | null;
}

export const silentReading: AnswerReading = {
  content: false,
  reasoning: false,
  toolCall: false,
  text: '',
  characters: 0,
  finishReason: null,
  usage: null,
  usageOnly: false,
  done: false,
  fault: null,
};

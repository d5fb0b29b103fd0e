// Turn: one request as a behaviour sees it. It is read leniently: the wall judges conduct, not parameters.
import type { JsonObject } from '../kernel/json.ts';
import { isObject } from '../kernel/json.ts';
import { healthyText } from './known-text.ts';
import type { Route } from './routes.ts';
import type { Tongue } from './tongues/tongue.ts';

/** `count`: only the tokens of the prompt are asked for. */
export type Surface = 'chat' | 'text' | 'embeddings' | 'count';

export interface Asked {
  readonly surface: Surface;
  readonly model: string;
  readonly stream: boolean;
  /** `stream_options.include_usage`. */
  readonly wantsUsage: boolean;
  /** What a trailing assistant message says; null when the last message is somebody else's. */
  readonly prefix: string | null;
  readonly body: JsonObject;
  readonly bodyBytes: number;
}

export interface Turn {
  readonly tongue: Tongue;
  readonly asked: Asked;
  /** What is to be said: the known text, or what of it the prefix leaves. */
  readonly text: string;
  /** Earlier requests of the same caller for the same model since the last reset. */
  readonly earlier: number;
  readonly sinceFirstMs: number;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly id: string;
  /** The numbers in the model's name, in their order. */
  readonly numbers: readonly number[];
}

/** How a behaviour takes an assistant message at the end of the conversation. */
export type PrefixManner = 'continues' | 'rejects' | 'echoes' | 'ignores';

/** The path speaks first: Converse has the model and the wish for a stream there. */
export function readAsked({ surface, model, stream }: Route, body: JsonObject, bodyBytes: number): Asked {
  const options = body['stream_options'];
  return {
    surface,
    model: model ?? (typeof body['model'] === 'string' ? body['model'] : ''),
    stream: stream ?? (body['stream'] === true && (surface === 'chat' || surface === 'text')),
    wantsUsage: isObject(options) && options['include_usage'] === true,
    prefix: surface === 'chat' ? prefixOf(body['messages'] ?? body['input']) : null,
    body,
    bodyBytes,
  };
}

function prefixOf(messages: unknown): string | null {
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : null;
  if (!isObject(last) || last['role'] !== 'assistant') return null;
  const content = last['content'];
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isObject(part) && typeof part['text'] === 'string' ? part['text'] : '')).join('');
}

/** What is to be said after a prefix, and what the log notes about it. */
export function textAfter(prefix: string | null, manner: PrefixManner): { text: string; note: string | null } {
  if (prefix === null) return { text: healthyText, note: null };
  if (manner === 'rejects') return { text: '', note: 'prefix rejected' };
  if (manner === 'ignores') return { text: healthyText, note: 'prefix ignored: whole text' };
  if (!healthyText.startsWith(prefix))
    return { text: healthyText, note: 'prefix is not of the known text: whole text' };
  if (manner === 'echoes') return { text: healthyText, note: 'prefix echoed, then continued' };
  return { text: healthyText.slice(prefix.length), note: 'continued from the prefix' };
}

// Ear: a dialect as the wall hears it. It tells what a request says in words that are the same for every dialect, so that a
// caller's words can be compared with what the far side got, whatever was spoken in between. An ear must never guess: what is
// not in its dialect's own form is not heard.
import { isObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';

export interface HeardImage {
  readonly mediaType: string | null;
  /** Of the image itself; null: only its address came. */
  readonly bytes: number | null;
  readonly url: string | null;
}

export interface Understood {
  readonly system: string;
  /** Who spoke, in order; a row of messages of one role counts once, for dialects cut turns differently. */
  readonly roles: readonly string[];
  /** Of users and assistants. */
  readonly texts: readonly string[];
  readonly images: readonly HeardImage[];
  readonly toolCalls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  readonly toolResults: readonly { readonly id: string; readonly text: string }[];
  readonly toolNames: readonly string[];
  readonly json: 'none' | 'object' | 'schema';
  readonly maxTokens: number | null;
  readonly temperature: number | null;
  /** Thoughts of earlier answers. */
  readonly reasoningSeen: readonly string[];
}

export type Ear = (body: JsonObject) => Understood;

/** What was heard of the conversation so far. */
export class Notes {
  readonly system: string[] = [];
  readonly roles: string[] = [];
  readonly texts: string[] = [];
  readonly images: HeardImage[] = [];
  readonly toolCalls: Understood['toolCalls'][number][] = [];
  readonly toolResults: Understood['toolResults'][number][] = [];
  readonly reasoningSeen: string[] = [];

  speaks(role: string): void {
    if (this.roles.at(-1) !== role) this.roles.push(role);
  }

  says(role: string, text: JsonValue | undefined): void {
    if (typeof text !== 'string' || text === '') return;
    if (role === 'system') this.system.push(text);
    else {
      this.speaks(role);
      this.texts.push(text);
    }
  }

  thinks(text: JsonValue | undefined): void {
    if (typeof text === 'string' && text !== '') this.reasoningSeen.push(text);
  }

  shows(address: JsonValue | undefined): void {
    const [, mediaType, data] = /^data:([^;,]*);base64,(.*)$/s.exec(textOf(address)) ?? [];
    if (mediaType === undefined || data === undefined) {
      this.images.push({ mediaType: null, bytes: null, url: textOf(address) });
    } else this.showsBytes(mediaType, data);
  }

  showsBytes(mediaType: string, base64: string): void {
    this.images.push({ mediaType, bytes: Buffer.from(base64, 'base64').length, url: null });
  }

  calls(id: JsonValue | undefined, name: JsonValue | undefined, args: JsonValue | undefined): void {
    this.speaks('assistant');
    const written = typeof args === 'string' ? args : JSON.stringify(args ?? null);
    this.toolCalls.push({ id: textOf(id), name: textOf(name), arguments: written });
  }

  returns(id: JsonValue | undefined, text: string): void {
    this.speaks('tool');
    this.toolResults.push({ id: textOf(id), text });
  }

  understood(rest: Pick<Understood, 'toolNames' | 'json' | 'maxTokens' | 'temperature'>): Understood {
    const { system, ...heard } = this;
    return { system: system.join('\n'), ...heard, ...rest };
  }
}

export const textOf = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '');

export const numberOf = (value: JsonValue | undefined): number | null => (typeof value === 'number' ? value : null);

export const objectOf = (value: JsonValue | undefined): JsonObject => (isObject(value) ? value : {});

export const objectsOf = (value: JsonValue | undefined): JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : [];

/** A text alone is a part as well: every dialect but Converse writes it either way. */
export const partsOf = (content: JsonValue | undefined, type: string): JsonObject[] =>
  typeof content === 'string' ? [{ type, text: content }] : objectsOf(content);

export const joinedText = (parts: readonly JsonObject[]): string => parts.map((part) => textOf(part['text'])).join('');

const formats: Readonly<Record<string, Understood['json']>> = { json_object: 'object', json_schema: 'schema' };

export const formatOf = (format: JsonValue | undefined): Understood['json'] =>
  formats[textOf(objectOf(format)['type'])] ?? 'none';

// Content parts of the Responses API ↔ those of the canonical chat. What has no counterpart is told to `lost` with its place;
// nothing is left out without a word.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';

/** Something that cannot be said in the other format, with the name the caller knows it by. */
export interface Loss {
  readonly param: string;
  readonly why: string;
}

/** The kind of an item, a part or a tool; empty when it names none. */
export const typeOf = ({ type }: JsonObject): string => (typeof type === 'string' ? type : '');

const FILE_WHY = 'only the provider that stores a file can read it by its id';

/** What a user, a system or a tool says: text where it is nothing else. */
export function chatContent(content: JsonValue | undefined, path: string, lost: Loss[]): JsonValue {
  if (!Array.isArray(content)) return typeof content === 'string' ? content : '';
  const parts = chatParts(content, path, lost);
  const only = parts.length === 1 ? parts[0] : undefined;
  return only !== undefined && only['type'] === 'text' ? (only['text'] ?? '') : parts;
}

/** The same as a list of parts, whatever it is. */
export function chatParts(content: JsonValue | undefined, path: string, lost: Loss[]): JsonObject[] {
  if (!Array.isArray(content)) return typeof content === 'string' ? [{ type: 'text', text: content }] : [];
  return content.map((part, index) => chatPart(part, `${path}[${index}]`, lost)).filter((part) => part !== null);
}

function chatPart(part: JsonValue, path: string, lost: Loss[]): JsonObject | null {
  if (!isObject(part)) return null;
  switch (typeOf(part)) {
    case 'input_text':
    case 'output_text':
    case 'text':
      return { type: 'text', text: part['text'] ?? '' };
    case 'refusal':
      return { type: 'text', text: part['refusal'] ?? '' };
    case 'input_image':
      return chatImage(part, path, lost);
    case 'input_file':
      return chatFile(part, path, lost);
    case 'input_audio':
      return { type: 'input_audio', input_audio: part['input_audio'] };
    default:
      lost.push({ param: path, why: 'the chat has no such content part' });
      return null;
  }
}

function chatImage(part: JsonObject, path: string, lost: Loss[]): JsonObject | null {
  const { image_url: url, detail } = part;
  if (typeof url !== 'string') {
    lost.push({ param: `${path}.file_id`, why: FILE_WHY });
    return null;
  }
  return { type: 'image_url', image_url: { url, ...(typeof detail === 'string' ? { detail } : {}) } };
}

function chatFile(part: JsonObject, path: string, lost: Loss[]): JsonObject | null {
  const { file_data: data, filename } = part;
  if (typeof data !== 'string') {
    const isLink = typeof part['file_url'] === 'string';
    lost.push({
      param: `${path}.${isLink ? 'file_url' : 'file_id'}`,
      why: isLink ? 'the chat takes a file as `file_data` only' : FILE_WHY,
    });
    return null;
  }
  return { type: 'file', file: { file_data: data, ...(typeof filename === 'string' ? { filename } : {}) } };
}

/** The other way: text as it is, a list of parts as `input_*` parts. */
export function inputContent(content: JsonValue | undefined, path: string, lost: Loss[]): JsonValue {
  if (!Array.isArray(content)) return typeof content === 'string' ? content : '';
  return content.map((part, index) => inputPart(part, `${path}[${index}]`, lost)).filter((part) => part !== null);
}

function inputPart(part: JsonValue, path: string, lost: Loss[]): JsonObject | null {
  if (typeof part === 'string') return { type: 'input_text', text: part };
  if (!isObject(part)) return null;
  switch (typeOf(part)) {
    case 'text':
      return { type: 'input_text', text: part['text'] ?? '' };
    case 'refusal':
      return { type: 'input_text', text: part['refusal'] ?? '' };
    case 'image_url': {
      const image = isObject(part['image_url']) ? part['image_url'] : { url: part['image_url'] };
      return { type: 'input_image', image_url: image['url'], detail: image['detail'] ?? 'auto' };
    }
    case 'file':
      return { type: 'input_file', ...(isObject(part['file']) ? part['file'] : {}) };
    default:
      lost.push({ param: path, why: 'the Responses API has no such content part' });
      return null;
  }
}

/** All text of a list of parts, or the text itself; null when there is none. */
export function textOf(content: JsonValue | undefined): string | null {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return null;
  const texts = content
    .map((part) => (isObject(part) ? part['text'] : part))
    .filter((text) => typeof text === 'string');
  return texts.length === 0 ? null : texts.join('');
}

// Parts of the canonical chat as content blocks of a Messages request. Empty text is left out: Anthropic refuses a request for
// it. Cache marks that callers of the chat put on parts (as OpenRouter and LiteLLM users do) are kept.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import type { Refuse } from './content-reader.ts';
import { wordOf } from './values.ts';

export function blocksOf(content: JsonValue | undefined, path: string, refuse: Refuse): JsonObject[] {
  if (typeof content === 'string') return textBlocks(content);
  if (!Array.isArray(content)) return [];
  return content.flatMap((part, index) => {
    if (typeof part === 'string') return textBlocks(part);
    if (!isObject(part)) return [];
    return writePart(part, `${path}[${index}]`, refuse).map((block) => withCacheMark(block, part));
  });
}

/** White space alone is refused like nothing at all. */
export function textBlocks(text: JsonValue | undefined): JsonObject[] {
  return typeof text === 'string' && text.trim() !== '' ? [{ type: 'text', text }] : [];
}

export function withCacheMark(block: JsonObject, from: JsonObject): JsonObject {
  return isObject(from['cache_control']) ? { ...block, cache_control: from['cache_control'] } : block;
}

function writePart(part: JsonObject, path: string, refuse: Refuse): JsonObject[] {
  switch (wordOf(part['type'])) {
    case 'text':
      return textBlocks(part['text']);
    case 'refusal':
      return textBlocks(part['refusal']);
    case 'image_url':
      return writeImage(part['image_url'], path, refuse);
    case 'file':
      return writeFile(part['file'], path, refuse);
    default:
      refuse(path, "Anthropic's API takes text, pictures and documents only");
      return [];
  }
}

function writeImage(image: JsonValue | undefined, path: string, refuse: Refuse): JsonObject[] {
  const url = isObject(image) ? image['url'] : image;
  if (typeof url !== 'string') return [];
  const data = readDataUrl(url);
  if (data !== null) return [{ type: 'image', source: { type: 'base64', ...data } }];
  if (/^https?:/i.test(url)) return [{ type: 'image', source: { type: 'url', url } }];
  refuse(`${path}.image_url`, "Anthropic's API takes pictures as base64 `data:` or http(s) URLs");
  return [];
}

function writeFile(file: JsonValue | undefined, path: string, refuse: Refuse): JsonObject[] {
  const { filename, file_data: written } = isObject(file) ? file : {};
  const data = typeof written === 'string' ? readDataUrl(written) : null;
  if (data?.media_type === 'application/pdf') {
    const title = typeof filename === 'string' ? { title: filename } : {};
    return [{ type: 'document', source: { type: 'base64', ...data }, ...title }];
  }
  refuse(`${path}.file`, "Anthropic's API takes files as PDF, in a base64 `data:` URL");
  return [];
}

/** By hand: a pattern over megabytes of base64 would be slow, and may overflow. */
function readDataUrl(url: string): { readonly media_type: string; readonly data: string } | null {
  const comma = url.slice(0, 256).indexOf(',');
  const head = /^data:([^;,]+)(?:;[^;,]+)*;base64$/i.exec(url.slice(0, Math.max(0, comma)));
  if (head?.[1] === undefined) return null;
  return { media_type: head[1].toLowerCase(), data: url.slice(comma + 1) };
}

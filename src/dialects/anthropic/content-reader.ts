// Content blocks of a Messages request as parts of the canonical chat: text, pictures, files. Cache marks come along
// on the parts; most far sides know none, so that the conversation's reader takes them off again. What a part cannot say is told to `refuse` with the caller's own path.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import { wordOf } from './values.ts';

/** Tells that something of the request cannot be said in the canonical chat. */
export type Refuse = (param: string, why: string) => void;

const textPart = (text: string): JsonObject => ({ type: 'text', text });

export function partsOf(content: JsonValue | undefined, path: string, refuse: Refuse): JsonObject[] {
  if (typeof content === 'string') return [textPart(content)];
  if (!Array.isArray(content)) return [];
  return content.flatMap((block, index) =>
    isObject(block) ? withMark(readBlock(block, `${path}[${index}]`, refuse), block) : [],
  );
}

/** A mark stands behind what shall be cached. */
function withMark(parts: JsonObject[], { cache_control: mark }: JsonObject): JsonObject[] {
  const last = parts.pop();
  if (last !== undefined) parts.push(isObject(mark) ? { ...last, cache_control: mark } : last);
  return parts;
}

/**
 * Content as most far sides take it: text alone is one string (DeepSeek and others refuse lists of parts), joined by line
 * ends as inference engines join such lists.
 */
export function settledContent(parts: readonly JsonObject[]): JsonValue {
  const isPlain = parts.every((part) => part['type'] === 'text' && part['cache_control'] === undefined);
  return isPlain ? textOf(parts) : [...parts];
}

/** A message without marks, its content as far sides take it. */
export function unmarked(message: JsonObject): JsonObject {
  const bare = withoutMark(message);
  const { content } = bare;
  if (!Array.isArray(content)) return bare;
  return { ...bare, content: settledContent(content.filter((part) => isObject(part)).map(withoutMark)) };
}

function withoutMark(marked: JsonObject): JsonObject {
  if (!Object.hasOwn(marked, 'cache_control')) return marked;
  const bare = { ...marked };
  delete bare['cache_control'];
  return bare;
}

function textOf(parts: readonly JsonObject[]): string {
  return parts
    .map((part) => part['text'])
    .filter((text) => typeof text === 'string')
    .join('\n');
}

function readBlock(block: JsonObject, path: string, refuse: Refuse): JsonObject[] {
  switch (wordOf(block['type'])) {
    case 'text':
      return typeof block['text'] === 'string' ? [textPart(block['text'])] : [];
    case 'image':
      return readImage(block['source'], path, refuse);
    case 'document':
      return readDocument(block, path, refuse);
    case 'search_result':
      return [readSearchResult(block, path, refuse)];
    default:
      refuse(path, `only Anthropic's API knows content blocks of type \`${kindOf(block)}\``);
      return [];
  }
}

/** Only a word of a protocol is repeated to the caller. */
export function kindOf(block: JsonObject): string {
  const type = block['type'];
  return typeof type === 'string' && /^\w{1,64}$/.test(type) ? type : 'unknown';
}

function readImage(source: JsonValue | undefined, path: string, refuse: Refuse): JsonObject[] {
  const from = isObject(source) ? source : {};
  if (from['type'] === 'url') return [{ type: 'image_url', image_url: { url: from['url'] } }];
  if (from['type'] === 'base64') return [{ type: 'image_url', image_url: { url: dataUrl(from) } }];
  refuse(`${path}.source`, "only Anthropic's API can read its own stored files");
  return [];
}

const dataUrl = (source: JsonObject): string => `data:${wordOf(source['media_type'])};base64,${wordOf(source['data'])}`;

function readDocument(block: JsonObject, path: string, refuse: Refuse): JsonObject[] {
  refuseCitations(block, path, refuse);
  const source = isObject(block['source']) ? block['source'] : {};
  const title = typeof block['title'] === 'string' ? block['title'] : null;
  const about = lines(title, block['context']);
  const head = about === '' ? [] : [textPart(about)];
  switch (wordOf(source['type'])) {
    case 'text':
      return [...head, textPart(wordOf(source['data']))];
    case 'content':
      return [...head, ...partsOf(source['content'], `${path}.source.content`, refuse)];
    case 'base64':
      return [...head, { type: 'file', file: { filename: title ?? 'document.pdf', file_data: dataUrl(source) } }];
    case 'url':
      refuse(`${path}.source`, "only Anthropic's API fetches documents from URLs");
      return [];
    default:
      refuse(`${path}.source`, "only Anthropic's API can read its own stored files");
      return [];
  }
}

function readSearchResult(block: JsonObject, path: string, refuse: Refuse): JsonObject {
  refuseCitations(block, path, refuse);
  const { title, source, content } = block;
  return textPart(lines(title, source, textOf(partsOf(content, `${path}.content`, refuse))));
}

const lines = (...texts: readonly (JsonValue | undefined)[]): string =>
  texts
    .map(wordOf)
    .filter((text) => text !== '')
    .join('\n');

function refuseCitations(block: JsonObject, path: string, refuse: Refuse): void {
  const citations = block['citations'];
  if (isObject(citations) && citations['enabled'] === true) {
    refuse(`${path}.citations`, "only Anthropic's API answers with citations");
  }
}

// Content parts as Converse's blocks. Images and documents travel as base64 inside the request: Converse fetches nothing from
// the web, and the gateway does not either.
import { isObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';

const imageFormats: Readonly<Record<string, string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpeg',
  'image/jpg': 'jpeg',
  'image/gif': 'gif',
  'image/webp': 'webp',
};

const documentFormats: Readonly<Record<string, string>> = {
  'application/pdf': 'pdf',
  'text/csv': 'csv',
  'application/msword': 'doc',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'application/vnd.ms-excel': 'xls',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
  'text/html': 'html',
  'text/plain': 'txt',
  'text/markdown': 'md',
};

/** A block; null where the part says nothing; or in words why it cannot be said. */
export function writePart(part: JsonObject): JsonObject | string | null {
  const { type } = part;
  switch (typeof type === 'string' ? type : '') {
    case 'text':
      return writeText(part['text']);
    case 'refusal':
      return writeText(part['refusal']);
    case 'image_url':
      return writeImage(part['image_url']);
    case 'file':
      return writeDocument(part['file']);
    default:
      return 'Converse takes text, images and documents only';
  }
}

function writeText(text: JsonValue | undefined): JsonObject | null {
  return typeof text === 'string' && text.trim() !== '' ? { text } : null;
}

function writeImage(image: JsonValue | undefined): JsonObject | string {
  const data = readDataUrl(isObject(image) ? image['url'] : image);
  if (data === null) return 'Converse takes images as data URLs in base64 only, not by address';
  const format = imageFormats[data.type];
  if (format === undefined) return 'Converse takes images in PNG, JPEG, GIF and WebP only';
  return { image: { format, source: { bytes: data.bytes } } };
}

function writeDocument(file: JsonValue | undefined): JsonObject | string {
  const data = readDataUrl(isObject(file) ? file['file_data'] : undefined);
  if (data === null) return 'Converse takes files as data URLs in base64 only';
  const format = documentFormats[data.type];
  if (format === undefined) return 'Converse takes no files of this type';
  return {
    document: { format, name: documentName(isObject(file) ? file['filename'] : null), source: { bytes: data.bytes } },
  };
}

/** AWS takes letters, digits, single spaces, hyphens and brackets; the ending is told by the format. */
function documentName(name: JsonValue | undefined): string {
  const plain = typeof name === 'string' ? name.replace(/\.[a-z0-9]{1,5}$/i, '') : '';
  const taken = plain
    .replace(/[^a-zA-Z0-9\-()[\] ]+/g, ' ')
    .replace(/ {2,}/g, ' ')
    .trim()
    .slice(0, 200);
  return taken === '' ? 'document' : taken;
}

/** Null: no data URL in base64. */
function readDataUrl(url: JsonValue | undefined): { readonly type: string; readonly bytes: string } | null {
  if (typeof url !== 'string' || !/^data:/i.test(url)) return null;
  const comma = url.indexOf(',');
  const [type = '', ...parameters] = url.slice('data:'.length, comma).toLowerCase().split(';');
  if (comma === -1 || parameters.at(-1) !== 'base64') return null;
  return { type, bytes: url.slice(comma + 1) };
}

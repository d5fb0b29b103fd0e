// The few web globals the pure zone uses. Pure layers compile without Node's or the DOM's types, so that nothing of the
// world can slip in; these are pure functions of their input and exist in every JavaScript runtime.

export interface TextEncoderLike {
  encode(text: string): Uint8Array<ArrayBuffer>;
  encodeInto(text: string, into: Uint8Array): { read: number; written: number };
}
export interface TextDecoderLike {
  decode(bytes?: Uint8Array, options?: { stream?: boolean }): string;
}
export interface UrlLike {
  readonly protocol: string;
  readonly host: string;
  readonly hostname: string;
  readonly port: string;
  readonly pathname: string;
  readonly search: string;
  readonly origin: string;
  readonly username: string;
  readonly password: string;
}

interface WebGlobals {
  readonly TextEncoder: new () => TextEncoderLike;
  readonly TextDecoder: new (label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean }) => TextDecoderLike;
  readonly URL: { new (text: string, base?: string): UrlLike; canParse(text: string, base?: string): boolean };
}

const web = globalThis as unknown as WebGlobals;
const encoder = new web.TextEncoder();
const lenient = new web.TextDecoder('utf-8', { ignoreBOM: true });
const strict = new web.TextDecoder('utf-8', { fatal: true });

export const utf8Encode = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text);
/** How many bytes it wrote: as many whole characters as fit. */
export const utf8EncodeInto = (text: string, into: Uint8Array): number => encoder.encodeInto(text, into).written;
/** Bad sequences become U+FFFD. */
export const utf8Decode = (bytes: Uint8Array): string => lenient.decode(bytes);

/** Null when the bytes are not valid UTF-8; a leading byte-order mark is dropped. */
export function utf8DecodeStrict(bytes: Uint8Array): string | null {
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
}

/** Null when `text` is not an absolute URL. */
export function parseUrl(text: string): UrlLike | null {
  return web.URL.canParse(text) ? new web.URL(text) : null;
}

/** One array of all parts; the part itself when there is only one. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const only = parts.length === 1 ? parts[0] : undefined;
  if (only !== undefined) return only;
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

// Signed requests: the GET form of a request whose answer may be kept by anybody, for caches that know nothing of bodies
// (CDNs, browsers). The path carries the canonical request itself, until when it holds, and a signature by the gateway's own
// secret, so that nobody can make the gateway spend money by writing addresses:
//
//   1.<expiry>.<key id>.<signature>.<request>
//
// expiry: seconds since 1970, base 36. key id: which of several secrets, so that they can be changed. signature: 43
// characters, HMAC-SHA-256 in base64url over everything else. request: canonical JSON in UTF-8, base64url.
// The same request until the same expiry has the same address, else no cache would ever hit: callers round the expiry.
// It must never accept what was not signed, and it reads nothing of a request before its signature was checked.
import { fail, ok, type Result } from '../kernel/result.ts';
import { utf8DecodeStrict, utf8Encode } from '../kernel/web.ts';

/** HMAC-SHA-256; 32 bytes. The adapter has the crypto, this has the rules. */
export type Hmac = (secret: string, text: string) => Uint8Array;

export interface SigningKey {
  /** Lower-case letters and digits; `0`, `2026a`. */
  readonly id: string;
  readonly secret: string;
}

/** Proxies and CDNs take addresses of 8 KiB; the path to it needs some room. */
export const SIGNED_REQUEST_CHARACTERS_MAX = 7_680;
const VERSION = '1';
const HMAC_BYTES = 32;
const EXPIRY_SECONDS_MAX = 36 ** 7;

/** Answers why not when the request is too long for an address. */
export function signRequest(
  canonical: string,
  expiresAtSeconds: number,
  key: SigningKey,
  hmac: Hmac,
): Result<string, 'tooLong'> {
  const head = `${VERSION}.${Math.floor(expiresAtSeconds).toString(36)}.${key.id}`;
  const request = toBase64Url(utf8Encode(canonical));
  const text = `${head}.${signatureOf(head, request, key, hmac)}.${request}`;
  return text.length > SIGNED_REQUEST_CHARACTERS_MAX ? fail('tooLong') : ok(text);
}

/** Rounded to whole spans, so that the same request has the same address for a while: it holds one to two of them. */
export const signedUntil = (nowSeconds: number, seconds: number): number =>
  (Math.floor(nowSeconds / seconds) + 2) * seconds;

export type SignedTrouble = 'malformed' | 'unknownKey' | 'badSignature' | 'expired';

/** The canonical request, when one of `keys` signed it and it still holds. */
export function openSigned(
  text: string,
  nowSeconds: number,
  keys: readonly SigningKey[],
  hmac: Hmac,
): Result<{ readonly canonical: string; readonly expiresAtSeconds: number }, SignedTrouble> {
  const parts = text.length > SIGNED_REQUEST_CHARACTERS_MAX ? [] : text.split('.');
  const [version, expiry = '', id = '', signature = '', request = ''] = parts;
  if (parts.length !== 5 || version !== VERSION || !/^[0-9a-z]{1,7}$/.test(expiry)) return fail('malformed');
  const key = keys.find((candidate) => candidate.id === id);
  if (key === undefined) return fail('unknownKey');
  if (!isSame(signature, signatureOf(`${VERSION}.${expiry}.${id}`, request, key, hmac))) return fail('badSignature');
  const expiresAtSeconds = Number.parseInt(expiry, 36);
  if (expiresAtSeconds <= nowSeconds || expiresAtSeconds >= EXPIRY_SECONDS_MAX) return fail('expired');
  const bytes = fromBase64Url(request);
  const canonical = bytes === null ? null : utf8DecodeStrict(bytes);
  return canonical === null ? fail('malformed') : ok({ canonical, expiresAtSeconds });
}

function signatureOf(head: string, request: string, key: SigningKey, hmac: Hmac): string {
  return toBase64Url(hmac(key.secret, `spillway signed request\n${head}\n${request}`).subarray(0, HMAC_BYTES));
}

/** In time that does not tell where they differ. */
function isSame(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let at = 0; at < one.length; at++) difference |= one.charCodeAt(at) ^ other.charCodeAt(at);
  return difference === 0;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const values = new Map(Array.from(ALPHABET, (character, value) => [character, value] as const));

function toBase64Url(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const [one = 0, two = 0, three = 0] = bytes.subarray(at, at + 3);
    const group = (one << 16) | (two << 8) | three;
    const characters = Math.min(bytes.length - at, 3) + 1;
    for (let place = 0; place < characters; place++) text += ALPHABET[(group >> (18 - 6 * place)) & 63];
  }
  return text;
}

/** Null when it is none, or not the only way to write these bytes. */
function fromBase64Url(text: string): Uint8Array | null {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const character of text) {
    const value = values.get(character);
    if (value === undefined) return null;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = (held >> bits) & 0xff;
  }
  const isWhole = text.length % 4 !== 1 && (held & ((1 << bits) - 1)) === 0;
  return isWhole ? bytes : null;
}

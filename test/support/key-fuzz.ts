// Key fuzz: requests made to be mistaken for each other, and a check that their keys never are. What is the same question is
// reckoned here in another way than the key does.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { CanonicalRequest, NativeRequest } from '../../src/kernel/chat.ts';
import type { JsonObject, JsonValue } from '../../src/kernel/json.ts';
import { cacheKey } from '../../src/policy/cache-key.ts';
import { seededChance } from './chance.ts';

const digest = { sha256: (text: string): string => createHash('sha256').update(text).digest('hex') };
const WORDS = ['', 'a', 'b', '0', 'null', '"', '\\', '{}', 'é', '\u0000', '\ud83d', 'user', 'content'];
const SALTS = ['tenant a', 'tenant b', 'tenant', 'a', 'open', 'public'];
const NAMESPACES = ['', 'a', 'tenant a'];

export const requestOf = (body: JsonObject, native: NativeRequest | null = null): CanonicalRequest => ({
  surface: 'chat',
  model: 'm',
  stream: body['stream'] === true,
  includeUsage: false,
  promptTokens: 1,
  answerTokensMax: null,
  choices: 1,
  needs: [],
  fallbackModels: [],
  body,
  bytes: new Uint8Array(),
  native,
});

/** No two of many requests that differ have one key, no key is shared by tenants, and the order of fields says nothing. */
export function fuzzKeys(seed: number, rounds: number): void {
  const chance = seededChance(seed);
  const draw = (): number => chance.draw();
  const pick = <T>(of: readonly T[]): T => of[Math.floor(draw() * of.length)] as T;
  const value = (depth: number): JsonValue => {
    const kind = draw();
    if (kind < 0.45 || depth > 3) return pick(WORDS);
    if (kind < 0.6) return Math.floor(draw() * 4) / 2;
    if (kind < 0.7) return pick([true, false, null]);
    const size = Math.floor(draw() * 4);
    if (kind < 0.85) return Array.from({ length: size }, () => value(depth + 1));
    return Object.fromEntries(Array.from({ length: size }, () => [pick(WORDS), value(depth + 1)]));
  };
  const known = new Map<string, string>();
  for (let round = 0; round < rounds; round++) {
    const body: JsonObject = { messages: [value(0), value(0)], [pick(WORDS)]: value(0) };
    const identity = { salt: pick(SALTS), namespace: pick(NAMESPACES), modelVersion: 'm', circumstances: [''] };
    const key = cacheKey(requestOf(body), identity, digest);
    const said = `${identity.salt}\n${identity.namespace}\n${sorted(body)}`;
    const before = known.get(key);
    assert.ok(before === undefined || before === said, `seed ${seed}: one key for\n${before}\nand\n${said}`);
    known.set(key, said);
    if (round % 8 !== 0) continue;
    const turned = cacheKey(requestOf(reversed(body) as JsonObject), identity, digest);
    assert.equal(turned, key, `seed ${seed}: ${said}`);
  }
}

function reversed(of: JsonValue): JsonValue {
  if (Array.isArray(of)) return of.map(reversed);
  if (typeof of !== 'object' || of === null) return of;
  const entries = Object.entries(of).map(([name, inner]): [string, JsonValue] => [name, reversed(inner ?? null)]);
  return Object.fromEntries(entries.toReversed());
}

const sorted = (body: JsonValue): string =>
  JSON.stringify(body, (_name, inner: JsonValue) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.entries(inner).toSorted(([left], [right]) => (left < right ? -1 : 1))
      : inner,
  );

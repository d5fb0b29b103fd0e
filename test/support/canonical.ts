// Canonical requests for tests of providers: read by the real door, frozen to the bottom so that a mutation throws.
import assert from 'node:assert/strict';
import type { DoorDialect } from '../../src/dialects/dialect.ts';
import { patchedObject, patchObject } from '../../src/dialects/json-patch.ts';
import { readRequest } from '../../src/dialects/openai/request.ts';
import type { CanonicalRequest } from '../../src/kernel/chat.ts';
import type { JsonObject, JsonValue } from '../../src/kernel/json.ts';
import type { Surface } from '../../src/kernel/lane.ts';
import { utf8Decode, utf8Encode } from '../../src/kernel/web.ts';
import { bodyOf } from '../../src/gateway/body-of.ts';
import type { Prepared, Provider } from '../../src/providers/provider.ts';

export const hello: readonly JsonObject[] = [{ role: 'user', content: 'Hello.' }];

/** What is missing is filled in: a model, messages, a prompt or an input. */
export function canonical(body: JsonObject = {}, surface: Surface = 'chat'): CanonicalRequest {
  const filler: Readonly<Record<Surface, JsonObject>> = {
    chat: { messages: [...hello] },
    completions: { prompt: 'Once upon a time' },
    embeddings: { input: 'Hello.' },
    countTokens: { messages: [...hello] },
  };
  const whole = { model: 'public', ...filler[surface], ...body };
  const read = readRequest(surface, utf8Encode(JSON.stringify(whole)));
  assert.ok(read.ok, read.ok ? '' : `${read.error.param}: ${read.error.message}`);
  deepFreeze(read.value.body);
  return Object.freeze(read.value);
}

/** A request as another dialect's door reads it. */
export function through(door: DoorDialect, body: JsonObject): CanonicalRequest {
  const read = door.readRequest('chat', utf8Encode(JSON.stringify({ model: 'public', ...body })));
  assert.ok(read.ok, read.ok ? '' : `${read.error.param}: ${read.error.message}`);
  return read.value;
}

function deepFreeze(value: JsonValue | undefined): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
}

/** What goes over the wire; checks that the patched bytes say what the patched object says. */
export function sentBody(request: CanonicalRequest, prepared: Prepared): JsonObject {
  if (prepared.body !== 'canonical') return JSON.parse(utf8Decode(bodyOf(request, prepared))) as JsonObject;
  const spliced: JsonObject = JSON.parse(utf8Decode(patchObject(request.bytes, request.body, prepared.patch)));
  const patched: JsonObject = JSON.parse(JSON.stringify(patchedObject(request.body, prepared.patch)));
  assert.deepEqual(spliced, patched, 'bytes and object are patched alike');
  return spliced;
}

export interface Sent {
  readonly body: JsonObject;
  readonly path: string;
  readonly fromOrigin: boolean;
  readonly unsupported: readonly string[];
}

/** The body of one prepared request, and where it goes. */
export function sent(provider: Provider, body: JsonObject, model = 'm', surface: Surface = 'chat'): Sent {
  const request = canonical(body, surface);
  const prepared = provider.prepare(request, model, {});
  const { path, fromOrigin } = prepared;
  return {
    body: sentBody(request, prepared),
    path,
    fromOrigin,
    unsupported: prepared.unsupported.map(({ param }) => param),
  };
}

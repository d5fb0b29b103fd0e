// Native: a request that its caller wrote in the far side's own dialect passes through: only the model's name and the fields
// that speak to the gateway are touched.
import { gatewayFallbacks } from '../dialects/anthropic/fields.ts';
import type { FarDialect } from '../dialects/dialect.ts';
import { gatewayFields } from '../dialects/openai/request.ts';
import type { CanonicalRequest, NativeRequest } from '../kernel/chat.ts';
import type { HeaderList } from '../kernel/headers.ts';
import type { JsonValue } from '../kernel/json.ts';
import type { Prepared } from './provider.ts';

export interface Native {
  readonly dialect: FarDialect;
  readonly path: string;
  readonly fromOrigin?: boolean;
  readonly headers?: HeaderList;
}

/** Anthropic has `fallbacks` of its own, which are no list of bare names. */
const isOurs = (field: string, { dialect, body }: NativeRequest): boolean =>
  Object.hasOwn(body, field) &&
  (field !== 'fallbacks' || dialect !== 'anthropic' || gatewayFallbacks(body[field]) !== null);

/** Null: the caller did not write in that dialect. */
export function passedThrough(request: CanonicalRequest, model: string, far: Native): Prepared | null {
  const { native } = request;
  if (native?.dialect !== far.dialect.name) return null;
  const patch: Record<string, JsonValue | undefined> = { model };
  for (const field of gatewayFields) if (isOurs(field, native)) patch[field] = undefined;
  return {
    dialect: far.dialect,
    path: far.path,
    fromOrigin: far.fromOrigin ?? false,
    body: 'native',
    patch,
    headers: far.headers ?? [],
    unsupported: [],
  };
}

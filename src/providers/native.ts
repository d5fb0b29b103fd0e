// Native: a request that its caller wrote in the far side's own dialect passes through: only the model's name and the fields
// that speak to the gateway are touched.
import type { FarDialect } from '../dialects/dialect.ts';
import { gatewayFields } from '../dialects/openai/request.ts';
import type { CanonicalRequest } from '../kernel/chat.ts';
import type { HeaderList } from '../kernel/headers.ts';
import type { JsonValue } from '../kernel/json.ts';
import type { Prepared } from './provider.ts';

export interface Native {
  readonly dialect: FarDialect;
  readonly path: string;
  readonly fromOrigin?: boolean;
  readonly headers?: HeaderList;
}

/** Null: the caller did not write in that dialect. */
export function passedThrough(request: CanonicalRequest, model: string, far: Native): Prepared | null {
  const { native } = request;
  if (native?.dialect !== far.dialect.name) return null;
  const patch: Record<string, JsonValue | undefined> = { model };
  for (const field of gatewayFields) if (Object.hasOwn(native.body, field)) patch[field] = undefined;
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

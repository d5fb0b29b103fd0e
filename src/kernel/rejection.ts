// Rejection: a "no" that we chose. The table maps every kind to its HTTP form in OpenAI's vocabulary; other dialects map
// from the kind. Pairs of type and code are OpenAI's own where it has one, so that SDKs raise the class users know.

interface RejectionForm {
  readonly status: number;
  readonly type: string;
  readonly code: string | null;
  /** May the same request succeed later? Decides `Retry-After` and `x-should-retry`. */
  readonly again: boolean;
}

export const rejections = {
  badRequest: { status: 400, type: 'invalid_request_error', code: null, again: false },
  badJson: { status: 400, type: 'invalid_request_error', code: 'invalid_json', again: false },
  unsupported: { status: 400, type: 'invalid_request_error', code: 'unsupported_parameter', again: false },
  contextTooLong: { status: 400, type: 'invalid_request_error', code: 'context_length_exceeded', again: false },
  unauthenticated: { status: 401, type: 'authentication_error', code: 'invalid_api_key', again: false },
  forbidden: { status: 403, type: 'permission_error', code: 'model_not_allowed', again: false },
  notFound: { status: 404, type: 'invalid_request_error', code: 'not_found', again: false },
  unknownModel: { status: 404, type: 'invalid_request_error', code: 'model_not_found', again: false },
  wrongMethod: { status: 405, type: 'invalid_request_error', code: 'method_not_allowed', again: false },
  bodyTimeout: { status: 408, type: 'invalid_request_error', code: 'request_timeout', again: false },
  bodyTooLarge: { status: 413, type: 'invalid_request_error', code: 'request_too_large', again: false },
  badEncoding: { status: 415, type: 'invalid_request_error', code: 'unsupported_content_encoding', again: false },
  requestLimit: { status: 429, type: 'rate_limit_error', code: 'rate_limit_exceeded', again: true },
  tokenLimit: { status: 429, type: 'rate_limit_error', code: 'rate_limit_exceeded', again: true },
  concurrencyLimit: { status: 429, type: 'rate_limit_error', code: 'rate_limit_exceeded', again: true },
  overloaded: { status: 503, type: 'service_unavailable_error', code: 'server_is_overloaded', again: true },
  queueTimeout: { status: 503, type: 'service_unavailable_error', code: 'server_is_overloaded', again: true },
  draining: { status: 503, type: 'service_unavailable_error', code: 'server_is_shutting_down', again: true },
  upstreamRateLimited: { status: 429, type: 'rate_limit_error', code: 'rate_limit_exceeded', again: true },
  upstreamUnavailable: { status: 503, type: 'service_unavailable_error', code: 'server_is_overloaded', again: true },
  upstreamCredential: { status: 502, type: 'api_error', code: 'upstream_credential', again: false },
  upstreamFault: { status: 502, type: 'api_error', code: 'upstream_error', again: true },
  upstreamTimeout: { status: 504, type: 'api_error', code: 'upstream_timeout', again: true },
  internal: { status: 500, type: 'api_error', code: 'internal_error', again: true },
} as const satisfies Record<string, RejectionForm>;

export type RejectionKind = keyof typeof rejections;

export interface Rejection {
  readonly kind: RejectionKind;
  /** One or two sentences for the caller: what is wrong and what helps. Never a secret, never a prompt. */
  readonly message: string;
  /** The offending parameter, `messages[0].content` style. */
  readonly param: string | null;
  /** When another try makes sense; null where `again` is false or nothing better than a default is known. */
  readonly retryAfterMs: number | null;
  /** Final for this client: trying again by itself would make things worse, whatever the kind says. */
  readonly hard: boolean;
}

export function reject(
  kind: RejectionKind,
  message: string,
  more: { readonly param?: string | null; readonly retryAfterMs?: number | null; readonly hard?: boolean } = {},
): Rejection {
  const { param = null, retryAfterMs = null, hard = false } = more;
  return { kind, message, param, retryAfterMs, hard };
}

// Fault: upstream trouble that happened to us. The union is closed; the classifier is the only place that makes one from
// (status, headers, body, stream state). The table says what a kind means for the exchange and for the target's health;
// deciding with it is the policy's work.

interface FaultNature {
  /** Whose trouble: a request fault follows the request to every target, the others do not. */
  readonly about: 'request' | 'capacity' | 'credential' | 'target';
  /** May another target be asked? */
  readonly failover: boolean;
  /** May the same target be asked again, budget permitting? */
  readonly sameAgain: boolean;
  /** Does the breaker count it? Overload moves admission, not the breaker (it is not broken, it is full). */
  readonly breaks: boolean;
}

export const faults = {
  /** TCP or TLS connection could not be made, or not in time. */
  connect: { about: 'target', failover: true, sameAgain: true, breaks: true },
  /** Connection closed or reset before the answer's head. */
  reset: { about: 'target', failover: true, sameAgain: true, breaks: true },
  /** 429: requests, tokens or concurrency. */
  rateLimited: { about: 'capacity', failover: true, sameAgain: true, breaks: false },
  /** 503, 529, "server busy", insufficient_system_resource. */
  overloaded: { about: 'capacity', failover: true, sameAgain: true, breaks: true },
  /** Any other 5xx. */
  serverError: { about: 'target', failover: true, sameAgain: true, breaks: true },
  /** 401 or 403: this credential, or this credential for this model. */
  credential: { about: 'credential', failover: true, sameAgain: false, breaks: false },
  /** 402, exhausted quota, spend limit: this account is dead until somebody pays. */
  exhausted: { about: 'credential', failover: true, sameAgain: false, breaks: false },
  /** The upstream does not know the model. */
  unknownModel: { about: 'target', failover: true, sameAgain: false, breaks: false },
  /** 400, 404, 413, 422 …: the request itself. */
  badRequest: { about: 'request', failover: false, sameAgain: false, breaks: false },
  /** Prompt and answer do not fit; a target with more context might take it. */
  contextTooLong: { about: 'request', failover: true, sameAgain: false, breaks: false },
  /** A content policy said no; never routed around unless the model's config says so. */
  contentFilter: { about: 'request', failover: false, sameAgain: false, breaks: false },
  /** No first token in time. */
  silent: { about: 'target', failover: true, sameAgain: false, breaks: true },
  /** Content stopped coming; keep-alives are no progress. */
  stalled: { about: 'target', failover: true, sameAgain: false, breaks: true },
  /** Ended without a finish reason: connection lost or a clean end too early. */
  cut: { about: 'target', failover: true, sameAgain: true, breaks: true },
  /** Status 200, then an error in the stream or the body. */
  inBand: { about: 'target', failover: true, sameAgain: true, breaks: true },
  /** Not what the dialect promises: bad JSON, an HTML page, an event over the size limit. */
  malformed: { about: 'target', failover: true, sameAgain: true, breaks: true },
  /** Finished, but nothing was said. */
  empty: { about: 'target', failover: true, sameAgain: true, breaks: false },
  /** The total deadline of the exchange passed while this attempt ran. */
  deadline: { about: 'request', failover: false, sameAgain: false, breaks: false },
} as const satisfies Record<string, FaultNature>;

export type FaultKind = keyof typeof faults;

export interface Fault {
  readonly kind: FaultKind;
  /** HTTP status of the upstream; null when there was none. */
  readonly status: number | null;
  /** What the upstream said, or our own words; cut to 500 characters. */
  readonly message: string;
  /**
   * The message is the upstream's. It may quote the prompt or a credential, so it is never logged or kept, and goes to
   * the caller only where the trouble is the caller's request.
   */
  readonly quoted: boolean;
  /** The upstream's own `type`, `code`, `param`: returned to the caller with request faults. */
  readonly type: string | null;
  readonly code: string | null;
  readonly param: string | null;
  /** What the upstream asked us to wait; null when it did not say. */
  readonly retryAfterMs: number | null;
}

/** The fault in words that are ours alone: for logs, trails, and callers whose request was not at fault. */
export function wordsOf(trouble: Fault): string {
  if (!trouble.quoted) return trouble.message;
  const code = trouble.code ?? trouble.type;
  // Codes are words of a protocol; anything else in their place is somebody's text.
  const told = code !== null && /^[\w.-]{1,64}$/.test(code) ? ` ${code}` : '';
  return `the upstream said ${trouble.status ?? 'in-band'}${told}`;
}

type FaultDetails = Partial<Omit<Fault, 'kind' | 'message'>>;

export function fault(kind: FaultKind, message: string, more: FaultDetails = {}): Fault {
  return {
    kind,
    quoted: more.quoted ?? false,
    status: more.status ?? null,
    message: message.length > 500 ? `${message.slice(0, 499)}…` : message,
    type: more.type ?? null,
    code: more.code ?? null,
    param: more.param ?? null,
    retryAfterMs: more.retryAfterMs ?? null,
  };
}

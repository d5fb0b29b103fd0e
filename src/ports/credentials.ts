// Credentials: who obtains tokens and signs requests. A sender asks for the headers of one request and gets them at once
// while they are at hand, so that a cached token costs no wait.
import type { DynamicAuth } from '../kernel/dynamic-auth.ts';
import type { HeaderList } from '../kernel/headers.ts';
import type { UpstreamRequest, WireTrouble } from './upstream.ts';

export interface Credentials {
  authorizer(auth: DynamicAuth): Authorizer;
}

export interface Authorizer {
  /** Headers that show who sends this request. Rejects with a CredentialError; never throws. */
  headersFor(request: UpstreamRequest): HeaderList | Promise<HeaderList>;
  /**
   * The far side refused these headers of ours: what they hold is not shown again. True: others can be had, so that asking
   * once more may help.
   */
  distrust(shown: HeaderList): boolean;
}

/** `credential`: we have none that is good; `connect`: whoever gives them out cannot be reached. */
export class CredentialError extends Error {
  readonly kind: Extract<WireTrouble['kind'], 'credential' | 'connect'>;

  constructor(kind: CredentialError['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

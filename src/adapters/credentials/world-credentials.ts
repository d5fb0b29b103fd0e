// The world's credentials: one authorizer per way of showing who we are, kept as long as Spillway runs. A reload of the
// configuration finds its tokens again, because they are kept by what the auth says, not by which object said it.
import type { DynamicAuth } from '../../kernel/dynamic-auth.ts';
import type { HeaderList } from '../../kernel/headers.ts';
import type { Clock, Timers } from '../../ports/clock.ts';
import type { Authorizer, Credentials } from '../../ports/credentials.ts';
import { entraTokens } from './entra.ts';
import { googleTokens } from './google.ts';
import { type Obtain, Renewed } from './renewed.ts';
import { RequestSigner } from './sigv4.ts';

export class WorldCredentials implements Credentials {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #byWords = new Map<string, Authorizer>();
  /** Spares building the words for each request. */
  readonly #byAuth = new WeakMap<DynamicAuth, Authorizer>();

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock;
    this.#timers = timers;
  }

  authorizer(auth: DynamicAuth): Authorizer {
    let known = this.#byAuth.get(auth);
    if (known !== undefined) return known;
    const words = JSON.stringify(auth);
    known = this.#byWords.get(words) ?? this.#make(auth);
    this.#byWords.set(words, known);
    this.#byAuth.set(auth, known);
    return known;
  }

  #make(auth: DynamicAuth): Authorizer {
    if (auth.kind === 'sigv4') return new RequestSigner(auth, this.#clock, this.#timers);
    const obtain = auth.kind === 'google' ? googleTokens(auth, () => this.#clock.wall()) : entraTokens(auth);
    return new TokenBearer(obtain, this.#clock, this.#timers);
  }
}

/** Shows a token as OAuth does. */
class TokenBearer implements Authorizer {
  readonly #headers: Renewed<HeaderList>;

  constructor(obtain: Obtain<string>, clock: Clock, timers: Timers) {
    const asHeaders: Obtain<HeaderList> = async (anew) => {
      const { value, expiresAt } = await obtain(anew);
      return { value: ['authorization', `Bearer ${value}`], expiresAt };
    };
    this.#headers = new Renewed(asHeaders, clock, timers);
  }

  headersFor(): HeaderList | Promise<HeaderList> {
    return this.#headers.get();
  }

  distrust(shown: HeaderList): boolean {
    this.#headers.drop(shown);
    return true;
  }
}

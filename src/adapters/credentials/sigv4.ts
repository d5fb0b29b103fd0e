// Signature version 4: AWS's proof of who sends a request, made over the request itself. The algorithm and its cache of
// signing keys are AWS's package, the keys come from AWS's own chain (environment, profile, SSO, web identity, container,
// machine). Both are loaded when the first request needs them, never at the start.
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import type { SignatureV4 } from '@smithy/signature-v4';
import type { AwsKeys, SignedAuth } from '../../kernel/dynamic-auth.ts';
import type { HeaderList } from '../../kernel/headers.ts';
import type { Clock, Timers } from '../../ports/clock.ts';
import { type Authorizer, CredentialError } from '../../ports/credentials.ts';
import type { UpstreamRequest } from '../../ports/upstream.ts';
import { type Obtain, Renewed } from './renewed.ts';

export type ObtainKeys = Obtain<AwsKeys>;

export class RequestSigner implements Authorizer {
  readonly #auth: SignedAuth;
  readonly #clock: Clock;
  readonly #keys: Renewed<AwsKeys>;
  /** One signer for each set of keys: it caches what it derives from them. */
  readonly #signers = new WeakMap<AwsKeys, Promise<SignatureV4>>();
  /** With which keys headers were signed. */
  readonly #signedBy = new WeakMap<HeaderList, AwsKeys>();

  constructor(auth: SignedAuth, clock: Clock, timers: Timers, obtain: ObtainKeys = defaultKeys(auth)) {
    this.#auth = auth;
    this.#clock = clock;
    this.#keys = new Renewed(obtain, clock, timers);
  }

  async headersFor(request: UpstreamRequest): Promise<HeaderList> {
    const keys = await this.#keys.get();
    const signature = await this.#signerFor(keys);
    const url = new URL(request.route.origin + request.path);
    const signed = await signature.sign(
      {
        method: request.method,
        protocol: url.protocol,
        hostname: url.hostname,
        path: url.pathname,
        query: queryOf(url),
        // Only what is sure to arrive as it was sent: proxies add and change other headers.
        headers: { host: url.host, ...contentType(request.headers) },
        body: request.body ?? undefined,
      },
      { signingDate: new Date(this.#clock.wall()) },
    );
    const own = Object.entries(signed.headers).filter(
      ([name]) => name === 'authorization' || name.startsWith('x-amz-'),
    );
    const headers = own.flat();
    this.#signedBy.set(headers, keys);
    return headers;
  }

  /** Keys that the config gives are the only ones there are. */
  distrust(shown: HeaderList): boolean {
    if (this.#auth.keys !== null) return false;
    const keys = this.#signedBy.get(shown);
    if (keys !== undefined) this.#keys.drop(keys);
    return true;
  }

  #signerFor(keys: AwsKeys): Promise<SignatureV4> {
    let signer = this.#signers.get(keys);
    if (signer === undefined) this.#signers.set(keys, (signer = this.#load(keys)));
    return signer;
  }

  async #load(keys: AwsKeys): Promise<SignatureV4> {
    const { SignatureV4: Signature } = await import('@smithy/signature-v4');
    const { region, service } = this.#auth;
    return new Signature({ region, service, credentials: identity(keys), sha256: Sha256, applyChecksum: false });
  }
}

function identity({ accessKeyId, secretAccessKey, sessionToken }: AwsKeys) {
  return { accessKeyId, secretAccessKey, ...(sessionToken !== null && { sessionToken }) };
}

function defaultKeys({ keys, region }: SignedAuth): ObtainKeys {
  if (keys !== null) return () => Promise.resolve({ value: keys, expiresAt: null });
  return async () => {
    const { defaultProvider } = await import('@aws-sdk/credential-provider-node');
    try {
      const found = await defaultProvider({ clientConfig: { region } })();
      const { accessKeyId, secretAccessKey, sessionToken = null, expiration } = found;
      return { value: { accessKeyId, secretAccessKey, sessionToken }, expiresAt: expiration?.getTime() ?? null };
    } catch (error) {
      // The chain's own words may name files and addresses, never a secret.
      throw new CredentialError('credential', `no AWS credentials: ${(error as Error).message}`);
    }
  };
}

function queryOf(url: URL): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = {};
  for (const name of new Set(url.searchParams.keys())) query[name] = url.searchParams.getAll(name);
  return query;
}

function contentType(headers: HeaderList): Record<string, string> {
  const at = headers.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'content-type');
  const value = at < 0 ? undefined : headers[at + 1];
  return value === undefined ? {} : { 'content-type': value };
}

/** SHA-256 and its HMAC as the signer wants them, by Node. */
class Sha256 {
  readonly #secret: Uint8Array | string | undefined;
  #state: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret = typeof secret === 'object' ? bytesOf(secret) : secret;
    this.#state = this.#fresh();
  }

  update(chunk: Uint8Array): void {
    this.#state.update(chunk);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#state.digest());
  }

  reset(): void {
    this.#state = this.#fresh();
  }

  #fresh(): Hash | Hmac {
    return this.#secret === undefined ? createHash('sha256') : createHmac('sha256', this.#secret);
  }
}

const bytesOf = (data: ArrayBuffer | ArrayBufferView): Uint8Array =>
  data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

// Google tokens, by Google's own library: from a service account's key, from workload identity federation, or from the
// machine (GOOGLE_APPLICATION_CREDENTIALS, the metadata server). Loaded when the first request needs a token.
// It must never name a token or a key in what it says went wrong.
import { readFile } from 'node:fs/promises';
import type { AuthClient, IdentityPoolClientOptions } from 'google-auth-library';
import type { GoogleAuth } from '../../kernel/dynamic-auth.ts';
import { isObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';
import { CredentialError } from '../../ports/credentials.ts';
import type { Obtain } from './renewed.ts';
import { troubleOf } from './token-trouble.ts';

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
/** We ask when five minutes are left; the library must not think its old token good enough then. */
const LIBRARY_EARLY_MS = 330_000;
/** Tokens live an hour; said only where the library does not say. */
const LIFE_MS = 3_600_000;

export type Fetch = typeof globalThis.fetch;

/** `reach`: how the token endpoint is reached; for tests. */
export function googleTokens(auth: GoogleAuth, wall: () => number, reach?: Fetch): Obtain<string> {
  let client: Promise<AuthClient> | null = null;
  return async (anew) => {
    // Its library gives the same token out for as long as it lives: only a new client asks for another.
    if (anew) client = null;
    try {
      client ??= connect(auth, reach);
      const known = await client;
      const { token } = await known.getAccessToken();
      if (token === null || token === undefined || token === '') throw new Error('no token came');
      return { value: token, expiresAt: known.credentials.expiry_date ?? wall() + LIFE_MS };
    } catch (error) {
      // A credentials file may have been put right since.
      client = null;
      throw error instanceof CredentialError ? error : troubleOf(error, 'Google');
    }
  };
}

async function connect(auth: GoogleAuth, reach: Fetch | undefined): Promise<AuthClient> {
  const library = await import('google-auth-library');
  const common = {
    scopes: [SCOPE],
    eagerRefreshThresholdMillis: LIBRARY_EARLY_MS,
    ...(reach !== undefined && { transporterOptions: { fetchImplementation: reach } }),
  };
  const key = auth.keyJson ?? (auth.keyFile === null ? null : await readFile(auth.keyFile, 'utf8'));
  if (key === null) {
    const { scopes, ...clientOptions } = common;
    const project = auth.project === null ? {} : { projectId: auth.project };
    return new library.GoogleAuth({ scopes, clientOptions, ...project }).getClient();
  }
  const account = parsed(key);
  if (account['type'] === 'service_account') {
    const [email, secret] = [account['client_email'], account['private_key']];
    if (typeof email === 'string' && typeof secret === 'string') {
      return new library.JWT({ ...common, email, key: secret });
    }
  }
  // The file's own addresses are trusted: whoever configures Spillway wrote it.
  if (account['type'] === 'external_account') {
    return new library.IdentityPoolClient({ ...account, ...common } as unknown as IdentityPoolClientOptions);
  }
  throw new CredentialError(
    'credential',
    'no service account and no workload identity: name such a file in GOOGLE_APPLICATION_CREDENTIALS instead',
  );
}

function parsed(json: string): JsonObject {
  try {
    const value = JSON.parse(json) as JsonValue;
    if (isObject(value)) return value;
  } catch {
    // Said below: what is no object is no better than what is no JSON.
  }
  throw new CredentialError('credential', 'the service account given is not JSON');
}

// Dynamic auth: how a sender is shown to a far side that takes no fixed key, as data. A token is obtained and renewed, a
// signature is made for each request; who does that is the world's business, so nothing here holds a token.

export type DynamicAuth = GoogleAuth | EntraAuth | SignedAuth;

/** A Google OAuth token: of the service account or workload identity named, else of the machine Spillway runs on. */
export interface GoogleAuth {
  readonly kind: 'google';
  readonly project: string | null;
  /** Path of a credentials file (service account, workload identity federation). */
  readonly keyFile: string | null;
  /** The same as JSON text. */
  readonly keyJson: string | null;
}

/** A Microsoft Entra token. */
export interface EntraAuth {
  readonly kind: 'entra';
  /** What the token is for. */
  readonly scope: string;
}

/** AWS's signature version 4. */
export interface SignedAuth {
  readonly kind: 'sigv4';
  readonly service: string;
  readonly region: string;
  /** Null: those of the environment, the profile, the container or the machine. */
  readonly keys: AwsKeys | null;
}

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | null;
}

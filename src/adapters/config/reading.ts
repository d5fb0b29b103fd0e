// Reading: what every reader of a section needs: where to put problems, and what is known outside of its section.
import type { ProviderName } from '../../kernel/provider.ts';
import type { Problems } from './problems.ts';

export type Account = Readonly<Record<string, string>>;

interface ProviderFact {
  /** Null: the file must say `baseUrl`, or an account that comes to one. */
  readonly defaultBaseUrl: string | null;
  readonly keyRequired: boolean;
  /** Where its engine tells its own queue; absent: nowhere. */
  readonly metricsPath?: string;
  /** Settings of `account` that mean something there; absent: none. */
  readonly accountSettings?: Readonly<
    Record<string, { readonly kind: 'text' | 'flag' | 'file'; readonly choices?: readonly string[] }>
  >;
  /** Ends the sentence “provider x …”; null: nothing is wrong. */
  accountTrouble?(account: Account, hasKey: boolean, hasAddress: boolean): string | null;
  address?(account: Account): string | null;
}
/** What the configuration must know of providers; the composition passes its catalogue. */
export type ProviderFacts = Readonly<Record<ProviderName, ProviderFact>>;

export interface Reading {
  readonly problems: Problems;
  readonly providers: ProviderFacts;
  /** Names under `upstreams` as written, the wrong ones too: a target of a bad upstream is no second problem. */
  readonly upstreamNames: readonly string[];
  /** Where what was learned is kept unless the file says otherwise; null: nowhere. */
  readonly stateDir: string | null;
  /** What REDIS_URL says; null: nothing. */
  readonly redisUrl: string | null;
  /** Full path of a file named in the configuration. */
  resolvePath(path: string): string;
  /** Null: readable; else why not. */
  whyUnreadable(path: string): string | null;
}

/** Http or https, without credentials, query or fragment. The sentence ends “must be …”, “cannot …”. */
export function urlTrouble(text: string): string | null {
  if (!URL.canParse(text)) return 'must be a full address like `https://host/v1`';
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must begin with `http://` or `https://`';
  if (url.username !== '' || url.password !== '') return 'cannot hold a user or password: use `apiKey` or `headers`';
  if (url.search !== '' || url.hash !== '') return 'cannot have a `?` or `#` part';
  return null;
}

export function withoutTrailingSlashes(text: string): string {
  return text.replace(/\/+$/, '');
}

/** A record that no name a client sends can surprise: it has no prototype. */
export function bareRecord<Value>(entries: Iterable<readonly [string, Value]>): Record<string, Value> {
  const record = Object.create(null) as Record<string, Value>;
  for (const [name, value] of entries) record[name] = value;
  return record;
}

/** Several keys of one variable, separated by commas. */
export function splitKeys(list: string | null): string[] {
  return [...new Set((list ?? '').split(',').map((key) => key.trim()))].filter((key) => key !== '');
}

export function isKey(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

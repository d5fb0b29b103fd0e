// Provider: a kind of far side as data and pure functions: where and how to send, what it can do, how it differs from its
// dialect. A provider never sends, never waits and never decides whether to retry.
import type { FarDialect } from '../dialects/dialect.ts';
import type { JsonPatch } from '../dialects/json-patch.ts';
import type { CanonicalRequest, Need } from '../kernel/chat.ts';
import type { WallMs } from '../kernel/brands.ts';
import type { DynamicAuth } from '../kernel/dynamic-auth.ts';
import type { HeaderList } from '../kernel/headers.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { Surface } from '../kernel/lane.ts';
import type { ProviderName, TargetTraits } from '../kernel/provider.ts';

/** How a credential is shown; obtaining or signing one is the credentials port's work. */
export type AuthScheme =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer' }
  | { readonly kind: 'header'; readonly name: string };

/** How an assistant prefix is continued, if it can be. */
export type PrefixStyle = 'prefix-flag' | 'continue-final-message' | 'trailing-assistant';

/** What a model of this provider can do. Null numbers: not known, so not checked. */
export interface Capabilities {
  readonly surfaces: readonly Surface[];
  readonly contextTokens: number | null;
  readonly outputTokens: number | null;
  readonly can: Readonly<Record<Need, boolean>>;
  readonly prefix: PrefixStyle | null;
  /** Its continuation begins with the prefix itself. */
  readonly echoesPrefix: boolean;
  /** Request fields that keep a model from thinking again when it continues an answer that had begun. */
  readonly resumeFields: JsonObject;
  /** The field that carries reasoning in answers; null when there is none. */
  readonly reasoningField: 'reasoning_content' | 'reasoning' | null;
}

/** A request parameter this target cannot take, and nothing maps it. */
export interface Unsupported {
  readonly param: string;
  readonly why: string;
}

export interface Prepared {
  /** What is spoken on this send. Where it is the caller's own dialect, its request and answer are passed through. */
  readonly dialect: FarDialect;
  /** Below the base URL, or absolute (with leading `//`-less `/`-path) when `fromOrigin`; e.g. `/chat/completions`. */
  readonly path: string;
  /** True: `path` replaces the base URL's path (DeepSeek's `/beta/…`). */
  readonly fromOrigin: boolean;
  /** The canonical body, the caller's own one (`native`), or one written anew for another dialect. */
  readonly body: 'canonical' | 'native' | JsonObject;
  /** Top-level fields to set or delete in the canonical or native body; always sets `model` when it differs. */
  readonly patch: JsonPatch;
  /** Of this send, besides the upstream's own. */
  readonly headers: HeaderList;
  /** Refused with a 400, or deleted when the model says `dropParams`. */
  readonly unsupported: readonly Unsupported[];
  /** Left out because the answer is one without them too (how to sample); the caller is told. Absent: none. */
  readonly dropped?: readonly string[];
}

/** List price in millionths of a US dollar per million tokens. */
export interface Price {
  readonly inputMicroUsd: number;
  readonly cachedInputMicroUsd: number;
  readonly outputMicroUsd: number;
}

/**
 * What the config says about an account besides its address and keys, by name (Azure's `apiVersion`, Vertex's `project`);
 * which ones there are is the provider's to say.
 */
export type Account = Readonly<Record<string, string>>;

/** One setting of an account, as the config may say it. */
export interface AccountSetting {
  readonly kind: 'text' | 'flag' | 'file';
  /** The only values there are; absent: any. */
  readonly choices?: readonly string[];
}

/** What a provider lets be read about the account behind a credential (DeepSeek's balance). */
export interface AccountPage {
  readonly path: string;
  readonly fromOrigin: boolean;
}

export interface Provider {
  readonly name: ProviderName;
  /** Its main one; `prepare` may choose another for a request. */
  readonly dialect: FarDialect;
  /** With `/v1` where the provider has it; null: the config must say `baseUrl`. */
  readonly defaultBaseUrl: string | null;
  readonly keyRequired: boolean;
  /** How a key is shown. */
  readonly auth: AuthScheme;
  /** What the config may say about an account; absent: nothing. */
  readonly accountSettings?: Readonly<Record<string, AccountSetting>>;
  /** What is wrong with an account, in words that name the setting; null: nothing. `hasAddress`: the config says where it is. */
  accountTrouble?(account: Account, hasKey: boolean, hasAddress: boolean): string | null;
  /** The base URL that an account's settings come to, with `defaultBaseUrl`'s rules; null when they say too little. */
  address?(account: Account): string | null;
  /** What stands in for a key where the config has none; null: nothing does. */
  dynamicAuth?(account: Account): DynamicAuth | null;
  /** Public ids worth listing without asking; `GET /models` tells more where it exists. */
  readonly knownModels: readonly string[];
  /** Null: cannot list its models. Below the base URL. */
  readonly modelsPath: string | null;
  /** Of GETs like that; absent: none. */
  readonly lookupHeaders?: HeaderList;
  readonly accountPage: AccountPage | null;
  /** Where it tells its own queue and memory to Prometheus, from the origin's root. Absent: nowhere. */
  readonly metricsPath?: string;
  /** `engine`: it computes what we send and little else, so its first tokens tell how full it is. Absent: `api`. */
  readonly windowKind?: 'engine' | 'api';
  capabilities(model: string): Capabilities;
  /** Requests one account may have in flight; null when not known. */
  accountConcurrency(model: string): number | null;
  prepare(request: CanonicalRequest, model: string, account: Account): Prepared;
  /** Null when not known. `at` decides between peak and off-peak. */
  price(model: string, at: WallMs): Price | null;
}

/** Capabilities with what the config says about the target laid over them. */
export function withTraits(known: Capabilities, traits: TargetTraits): Capabilities {
  return {
    ...known,
    contextTokens: traits.contextTokens ?? known.contextTokens,
    outputTokens: traits.outputTokens ?? known.outputTokens,
    can: {
      ...known.can,
      tools: traits.tools ?? known.can.tools,
      vision: traits.vision ?? known.can.vision,
      jsonSchema: traits.jsonSchema ?? known.can.jsonSchema,
    },
  };
}

// Brands: strings and numbers that must not be mixed up get a name the compiler checks. Brands are made where a value
// enters (config, ingress, clock) and never checked again.

declare const brand: unique symbol;
type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

/** A monotonic instant in milliseconds, fractional; only differences mean anything. */
export type MonotonicMs = Brand<number, 'MonotonicMs'>;
/** A wall-clock instant: milliseconds since 1970-01-01 UTC. */
export type WallMs = Brand<number, 'WallMs'>;
/** `sx_` + 24 lower-case hex digits; unique per exchange. */
export type ExchangeId = Brand<string, 'ExchangeId'>;
/** The name of one configured upstream, as written in the config. */
export type UpstreamName = Brand<string, 'UpstreamName'>;
/** The public name a client asks for. */
export type ModelName = Brand<string, 'ModelName'>;
/** `upstream/upstream's model id`; stable across reloads. */
export type TargetId = Brand<string, 'TargetId'>;
/** A key's display name; never the secret. */
export type KeyName = Brand<string, 'KeyName'>;

export const monotonicMs = (value: number): MonotonicMs => value as MonotonicMs;
export const wallMs = (value: number): WallMs => value as WallMs;
export const exchangeId = (value: string): ExchangeId => value as ExchangeId;
export const upstreamName = (value: string): UpstreamName => value as UpstreamName;
export const modelName = (value: string): ModelName => value as ModelName;
export const targetId = (upstream: UpstreamName, model: string): TargetId => `${upstream}/${model}` as TargetId;
export const keyName = (value: string): KeyName => value as KeyName;

/** `later(at, 50)` is the instant 50 ms after `at`. */
export const later = (at: MonotonicMs, ms: number): MonotonicMs => (at + ms) as MonotonicMs;

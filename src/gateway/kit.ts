// Kit: what every step of the pipeline may use. The ports of the outside, and the settings in force.
import type { CachePort } from '../ports/cache.ts';
import type { Chance } from '../ports/chance.ts';
import type { Clock, Timers } from '../ports/clock.ts';
import type { ProviderName } from '../kernel/provider.ts';
import type { Config } from '../ports/config.ts';
import type { Digest } from '../ports/digest.ts';
import type { FactSink } from '../ports/fact-sink.ts';
import type { SharedRoom } from '../ports/shared-room.ts';
import type { UpstreamTransport } from '../ports/upstream.ts';
import type { VectorIndex } from '../ports/vectors.ts';
import type { Hmac } from '../policy/signed-request.ts';

export interface Kit {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly chance: Chance;
  readonly digest: Digest;
  /** Signs addresses; absent: nothing is signed. */
  readonly hmac?: Hmac;
  readonly facts: FactSink;
  /** Answers kept beyond our own memory; absent: nowhere. */
  readonly cache?: CachePort;
  /** Limits of upstreams that are kept together with other processes; absent: this one is alone. */
  readonly shared?: SharedRoom;
  /** Vectors of answered questions; absent: similar questions are not looked at. */
  readonly vectors?: VectorIndex;
  /** The network, or the scripted stand-in. */
  transport(provider: ProviderName): UpstreamTransport;
  /** Fleet-wide settings in force now. */
  settings(): Pick<Config, 'retry' | 'breaker' | 'models'>;
}

// What one HTTP listener allows: the kernel's limits that concern it and the wire's own. One record, so that a test can
// make any of them small; production never does.
import { limits } from '../../kernel/limits.ts';
import { assert } from '../../kernel/result.ts';

const KIB = 1024;

export interface ServerLimits {
  readonly headBytesMax: number;
  readonly headMsMax: number;
  /** Header fields of one request; Node's own cap drops the surplus silently, ours refuses. */
  readonly headersMax: number;
  readonly bodyBytesMax: number;
  readonly bodyMsMax: number;
  readonly heapShareMax: number;
  readonly readerBytesMax: number;
  readonly readerMsMax: number;
  readonly connectionsMax: number;
  /** Requests of one connection that are open at once; only a client that pipelines has more than one. */
  readonly pipelinedMax: number;
  /** Above the 60 s of common load balancers, so that they close an idle connection first and never race our close. */
  readonly keepAliveMsMax: number;
  /** Rest of a body, after an early answer, that is worth reading to keep the connection. */
  readonly leftoverBytesMax: number;
  /** After an early answer that closes: what is still read and thrown away, so that no RST swallows the answer. */
  readonly lingerBytesMax: number;
  readonly lingerMsMax: number;
  /** How often connections are looked over for late bodies and stuck readers: one timer for all of them. */
  readonly sweepMs: number;
}

export const serverLimits: ServerLimits = {
  headBytesMax: limits.headBytesMax,
  headMsMax: limits.headMsMax,
  headersMax: 200,
  bodyBytesMax: limits.bodyBytesMax,
  bodyMsMax: limits.bodyMsMax,
  heapShareMax: limits.heapShareMax,
  readerBytesMax: limits.readerBytesMax,
  readerMsMax: limits.readerMsMax,
  connectionsMax: limits.connectionsMax,
  pipelinedMax: 64,
  keepAliveMsMax: 65_000,
  leftoverBytesMax: 256 * KIB,
  lingerBytesMax: limits.bodyBytesMax,
  lingerMsMax: 5_000,
  sweepMs: 1_000,
};

assert(serverLimits.leftoverBytesMax <= serverLimits.lingerBytesMax, 'what is read to keep a connection is the lesser');
assert(serverLimits.sweepMs * 4 <= serverLimits.lingerMsMax, 'the sweep is finer than the shortest time it measures');

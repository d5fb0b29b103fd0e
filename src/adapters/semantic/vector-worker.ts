// Vector worker: the thread that keeps the vectors of answered questions and searches them. It holds nothing else, so that it
// may die at any time.
import { parentPort } from 'node:worker_threads';
import { limits } from '../../kernel/limits.ts';
import { assert } from '../../kernel/result.ts';
import { VectorSpaces } from '../../policy/semantic/vector-space.ts';
import { systemClock } from '../system.ts';
import type { CacheKey, PurgeScope } from '../../ports/cache.ts';
import type { Nearest, Sought, VectorEntry, VectorTimes } from '../../ports/vectors.ts';

/** What it is told. */
export type VectorOrder =
  | { readonly kind: 'put'; readonly entry: VectorEntry }
  | { readonly kind: 'renew'; readonly space: string; readonly key: CacheKey; readonly times: VectorTimes }
  | { readonly kind: 'remove'; readonly space: string; readonly key: CacheKey }
  | { readonly kind: 'purge'; readonly scope: PurgeScope }
  | {
      readonly kind: 'nearest';
      readonly id: number;
      readonly sought: Sought;
      /** Wall time in ms after which nobody waits. */
      readonly until: number;
    };

/** What it tells. */
export interface VectorReport {
  /** The search that is answered; null: none is. */
  readonly id: number | null;
  readonly nearest: Nearest | null;
  /** Orders heard since the start. */
  readonly heard: number;
  readonly vectors: number;
  readonly bytes: number;
}

/** Without a search it reports now and then all the same: whoever sends must know that it keeps up. */
const REPORT_EVERY = 64;

const port = parentPort;
assert(port !== null, 'it is a thread of another');
const spaces = new VectorSpaces({ vectorsMax: limits.semanticVectorsMax, bytesMax: limits.semanticBytesMax });
let heard = 0;

port.on('message', (order: VectorOrder) => {
  heard++;
  if (order.kind === 'nearest') {
    // Nobody waits for it any more: those behind it do.
    const isLate = systemClock.wall() >= order.until;
    return report(order.id, isLate ? null : spaces.nearest(order.sought));
  }
  if (order.kind === 'put') spaces.put(order.entry);
  else if (order.kind === 'renew') spaces.renew(order.space, order.key, order.times);
  else if (order.kind === 'remove') spaces.remove(order.space, order.key);
  else spaces.purge(order.scope);
  if (heard % REPORT_EVERY === 0) report(null, null);
});

function report(id: number | null, nearest: VectorReport['nearest']): void {
  const told: VectorReport = { id, nearest, heard, vectors: spaces.size, bytes: spaces.bytes };
  port?.postMessage(told, []);
}

// Cache head: what an answer's headers tell caches outside (CDNs, clients), and whether the caller has it already. Of
// models whose answers are not kept only streams say anything: that they are being made.
import { type MonotonicMs, wallMs } from '../kernel/brands.ts';
import type { HeaderList } from '../kernel/headers.ts';
import { cacheHeaders, hasAlready, notKept } from '../policy/cache-directives.ts';
import type { Exchange } from './exchange.ts';

/** What a stream says that is being made while it is read. */
const inTheMaking: HeaderList = ['cache-control', 'no-cache'];

export function cacheHead(exchange: Exchange, isStream: boolean, now: MonotonicMs): HeaderList {
  const { recall, model } = exchange;
  const keeping = model?.cache ?? null;
  if (recall === null || keeping === null || model === null) return isStream ? inTheMaking : [];
  if (recall.times === null || exchange.degraded.length > 0) return isStream ? inTheMaking : notKept;
  const { scope, staleWhileRevalidateSeconds } = keeping.config;
  const reach = { scope, isStream, staleWhileRevalidateSeconds, outlivesErrors: model.degrade.staleAnswers };
  return cacheHeaders(recall.times, reach, wallMs(exchange.startedWall + (now - exchange.startedAt)));
}

/** The caller may go on with what it has. */
export function isUnchanged({ recall, head, committed, degraded }: Exchange): boolean {
  const times = recall?.times ?? null;
  return times !== null && !committed && degraded.length === 0 && hasAlready(times.tag, head.headers['if-none-match']);
}

// Read: what came in, made ours: bytes become one canonical request, headers become deadlines. Checked here once; nobody
// checks again.
import type { MonotonicMs } from '../kernel/brands.ts';
import { reject, type Rejection } from '../kernel/rejection.ts';
import { DEADLINE_HEADER, deadlinesOf } from '../policy/deadline.ts';
import type { Exchange } from './exchange.ts';

export function read(exchange: Exchange): Rejection | null {
  const request = exchange.dialect.readRequest(exchange.surface, exchange.body ?? new Uint8Array());
  if (!request.ok) return request.error;
  exchange.request = request.value;
  return null;
}

/** The model has a say in them, so it must have been planned for. */
export function setDeadlines(exchange: Exchange): Rejection | null {
  const { head, model, request, startedAt } = exchange;
  if (model === null || request === null) return null;
  const { totalMs } = model.timeouts;
  const deadlines = deadlinesOf(head.headers, { totalMs, stream: request.stream, arrivedAt: startedAt });
  if (!deadlines.ok) return reject('badRequest', deadlines.error, { param: DEADLINE_HEADER });
  exchange.firstTokenAt = deadlines.value.firstTokenAt;
  exchange.totalAt = deadlines.value.totalAt;
  return null;
}

/** For the trail: why no target is asked twice. */
export function noteRetries(exchange: Exchange, now: MonotonicMs): void {
  const { clientRetries } = exchange;
  if (clientRetries === 0) return;
  exchange.note(now, 'client-retry', null, `retry ${clientRetries} of the client: no target is asked twice`);
}

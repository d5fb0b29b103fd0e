// Passed on: headers of the caller that go on to a far side. Credentials and hop-by-hop headers never do.
import type { HeaderList } from '../kernel/headers.ts';
import type { Exchange, PlannedTarget } from './exchange.ts';
import { traceparent } from './trace.ts';

/** What a far side of the caller's own dialect may understand. */
const PASSED_ON = ['anthropic-beta', 'anthropic-version', 'openai-beta', 'x-session-id'];

export function passedOn(exchange: Exchange, { prepared }: PlannedTarget): HeaderList {
  const headers: HeaderList = ['traceparent', traceparent(exchange.trace), 'x-request-id', exchange.id];
  if (exchange.trace.state !== null) headers.push('tracestate', exchange.trace.state);
  for (const name of prepared.dialect.name === exchange.dialect.name ? PASSED_ON : []) {
    const value = exchange.head.headers[name];
    if (value !== undefined) headers.push(name, value);
  }
  return headers;
}

// Trace context: W3C `traceparent` in and out. Source: https://www.w3.org/TR/trace-context/. A malformed header starts a
// new trace; the caller's sampling decision is respected.
import type { TraceContext } from '../kernel/facts.ts';
import type { HeaderRecord } from '../kernel/headers.ts';
import type { Chance } from '../ports/chance.ts';

const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

export function traceContext(headers: HeaderRecord, sampleRatio: number, chance: Chance): TraceContext {
  const header = headers['traceparent'];
  const [, version, traceId, parentSpanId, flags] = (header && FORM.exec(header)) || [];
  const spanId = chance.hex(16);
  if (traceId && parentSpanId && version !== 'ff' && !/^0+$/.test(traceId) && !/^0+$/.test(parentSpanId)) {
    const sampled = (Number.parseInt(flags ?? '0', 16) & 1) === 1;
    return { traceId, spanId, parentSpanId, sampled, state: headers['tracestate'] ?? null };
  }
  return {
    traceId: chance.hex(32),
    spanId,
    parentSpanId: null,
    sampled: sampleRatio > 0 && chance.draw() < sampleRatio,
    state: null,
  };
}

export const traceparent = (trace: TraceContext): string =>
  `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? '01' : '00'}`;

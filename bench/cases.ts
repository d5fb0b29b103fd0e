// Cases: what is measured, as data. A case more is a line more.
import { benchModel } from './payload.ts';

interface CaseBase {
  readonly name: string;
  /** The upstream speaks TLS. */
  readonly tls: boolean;
  /** Other gateways take part too; where they cannot show anything they cost only time. */
  readonly peers: boolean;
  /** Spillway's configuration has these besides. */
  readonly settings?: object;
}

/** Whole answers, in a closed loop. */
export interface ChatCase extends CaseBase {
  readonly kind: 'chat';
  readonly connections: number;
  /** Of request and answer. */
  readonly bytes: number;
  /** Always the same request. */
  readonly repeated?: boolean;
  /** Answers need not come from the upstream. */
  readonly cached?: boolean;
  /** Share of the connections that begin with a request of another kind. */
  readonly handedOver?: number;
}

/** Streams of 250-byte events, all open at once. */
export interface StreamsCase extends CaseBase {
  readonly kind: 'streams';
  readonly streams: number;
  /** Between two events of one stream. */
  readonly intervalMs: number;
}

/** From the start of the process to the first answer, and its memory at rest. */
export interface StartCase extends CaseBase {
  readonly kind: 'start';
}

export type Case = ChatCase | StreamsCase | StartCase;

const KB = 1_024;
const plain = { kind: 'chat', tls: false, connections: 32, peers: false } as const;
const tls = { ...plain, tls: true, bytes: KB } as const;
const streams = { kind: 'streams', tls: false, peers: false } as const;
const targets = [`mock/${benchModel}`];
const keeping = { models: { [benchModel]: { targets, cache: { ttlSeconds: 3_600, anyTemperature: true } } } };

export const cases: readonly Case[] = [
  { ...plain, name: 'chat-1k', bytes: KB, peers: true },
  { ...plain, name: 'chat-1k-c1', bytes: KB, connections: 1, peers: true },
  { ...plain, name: 'chat-0.3k', bytes: 300 },
  { ...plain, name: 'chat-10k', bytes: 10 * KB, peers: true },
  { ...plain, name: 'chat-50k', bytes: 50 * KB, peers: true },
  { ...plain, name: 'chat-1k-mixed', bytes: KB, handedOver: 0.5 },
  { ...plain, name: 'chat-1k-miss', bytes: KB, settings: keeping },
  { ...plain, name: 'chat-1k-hit', bytes: KB, settings: keeping, repeated: true, cached: true },
  { ...tls, name: 'chat-1k-tls' },
  { ...tls, name: 'chat-1k-tls-c1', connections: 1 },
  { ...streams, name: 'sse-100', streams: 100, intervalMs: 20, peers: true },
  { ...streams, name: 'sse-100-tls', streams: 100, intervalMs: 20, tls: true },
  { ...streams, name: 'sse-1000', streams: 1_000, intervalMs: 100 },
  { ...streams, name: 'sse-5000', streams: 5_000, intervalMs: 500 },
  // Not ten thousand: a stream has two ends, and a process often has 20,000 descriptors at most.
  { ...streams, name: 'sse-9000', streams: 9_000, intervalMs: 1_000 },
  { kind: 'start', name: 'start', tls: false, peers: true },
];

/** For people. */
export function titleOf(one: Case): string {
  const upstream = one.tls ? ', upstream with TLS' : '';
  if (one.kind === 'start') return 'start to first answer, and memory after 10 s of rest';
  if (one.kind === 'streams') return `${one.streams} open streams, ${one.intervalMs} ms between events${upstream}`;
  const more =
    (one.handedOver === undefined ? '' : `, ${one.handedOver * 100} % of the connections begin with GET /v1/models`) +
    (one.settings === undefined ? '' : ', our cache on') +
    (one.repeated === true ? ', always the same request' : '');
  return `${Math.round((one.bytes / KB) * 10) / 10} KB each way, ${one.connections} connection${one.connections === 1 ? '' : 's'}${upstream}${more}`;
}

// Sample facts: an ordinary exchange and its attempt, to be bent by tests of whatever reads facts.
import { exchangeId, keyName, modelName, targetId, upstreamName, wallMs } from '../src/kernel/brands.ts';
import type { AttemptFact, ExchangeFact, Fact, TraceContext } from '../src/kernel/facts.ts';

export const sampleTrace: TraceContext = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  parentSpanId: '00f067aa0ba902b7',
  sampled: true,
  state: 'vendor=value',
};

const deepseek = upstreamName('deepseek');
const target = targetId(deepseek, 'deepseek-chat');

export const sampleExchange: ExchangeFact = {
  id: exchangeId('sx_000000000000000000000001'),
  requestId: 'req-1',
  trace: sampleTrace,
  key: keyName('team-a'),
  lane: 'standard',
  surface: 'chat',
  modelAsked: 'chat',
  model: modelName('chat'),
  stream: true,
  outcome: 'answered',
  status: 200,
  rejection: null,
  fault: null,
  degraded: [],
  cache: null,
  target,
  upstream: deepseek,
  provider: 'deepseek',
  upstreamModel: 'deepseek-chat',
  attempts: 1,
  usage: { promptTokens: 812, completionTokens: 97, cachedTokens: 512, reasoningTokens: null, source: 'provider' },
  costMicroUsd: 264,
  startedAt: wallMs(Date.UTC(2026, 10, 24, 10, 20, 30)),
  durationMs: 1240.25,
  queueMs: 3.5,
  overheadMs: 0.42,
  firstTokenMs: 310.5,
  bytesIn: 3321,
  bytesOut: 18_200,
  trail: [
    { atMs: 0.05, step: 'authenticated', target: null, why: 'key team-a' },
    { atMs: 0.1, step: 'planned', target: null, why: '2 targets' },
    { atMs: 3.6, step: 'sent', target, why: 'first in tier base' },
    { atMs: 310.5, step: 'first-token', target, why: '' },
    { atMs: 1240.2, step: 'answered', target, why: 'finish reason stop' },
  ],
};

export const sampleAttempt: AttemptFact = {
  exchange: sampleExchange.id,
  number: 1,
  hedge: false,
  overtaken: false,
  target,
  upstream: deepseek,
  provider: 'deepseek',
  model: modelName('chat'),
  tier: 'base',
  surface: 'chat',
  startedAt: wallMs(sampleExchange.startedAt + 3),
  durationMs: 1236,
  firstTokenMs: 306,
  keepAlives: 0,
  status: 200,
  fault: null,
  faultMessage: null,
  usage: sampleExchange.usage,
  costMicroUsd: sampleExchange.costMicroUsd,
};

export const exchangeWith = (change: Partial<ExchangeFact>): Fact & { kind: 'exchange' } => ({
  kind: 'exchange',
  exchange: { ...sampleExchange, ...change },
});

export const attemptWith = (change: Partial<AttemptFact>): Fact & { kind: 'attempt' } => ({
  kind: 'attempt',
  attempt: { ...sampleAttempt, ...change },
});

/** One of every other kind of fact. */
export const stateFacts: readonly Fact[] = [
  { kind: 'state', at: wallMs(1000), state: 'ready', why: 'listening on 127.0.0.1:4000' },
  { kind: 'config', at: wallMs(2000), accepted: true, version: 1, source: 'spillway.yaml', notes: [] },
  {
    kind: 'config',
    at: wallMs(3000),
    accepted: false,
    version: 1,
    source: 'spillway.yaml',
    notes: ['4:2 no such key'],
  },
  { kind: 'breaker', at: wallMs(4000), target, from: 'closed', to: 'open', why: '5 faults in a row' },
  { kind: 'credential', at: wallMs(5000), upstream: deepseek, ordinal: 2, restMs: 30_000, why: 'credential' },
  { kind: 'credential', at: wallMs(6000), upstream: deepseek, ordinal: 2, restMs: 0, why: 'rested' },
  { kind: 'health', at: wallMs(7000), upstream: deepseek, healthy: false, why: '3 checks failed' },
  { kind: 'trouble', at: wallMs(7400), where: 'state', why: 'state.json cannot be written: EROFS' },
  { kind: 'pressure', at: wallMs(7500), sheds: ['batch'], why: 'event loop 80 ms late' },
  {
    kind: 'degradation',
    at: wallMs(7600),
    model: modelName('chat'),
    lane: 'batch',
    level: 2,
    why: 'wait 21.0 s of 30.0 s',
  },
  {
    kind: 'comparison',
    at: wallMs(7700),
    model: modelName('chat'),
    likeness: 0.98,
    agreed: true,
    wouldBeGiven: true,
  },
  {
    kind: 'semantic',
    at: wallMs(7800),
    model: modelName('chat'),
    state: 'shadow',
    compared: 301,
    wrong: 1,
    errorBound: 0.0157,
  },
  { kind: 'bug', at: wallMs(8000), where: 'pipeline', error: 'TypeError: x is undefined' },
];

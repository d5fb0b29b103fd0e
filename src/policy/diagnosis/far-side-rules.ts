// Far-side rules: causes that lie with an upstream: slow, broken, full inside, at its limit, or without a credential that works.
// One finding for each upstream at most, and a rule.
import type { EngineFigures, UpstreamFigures } from './figures.ts';
import { type Finding, milliseconds, percent } from './finding.ts';

const FIRST_TOKEN_TIMES = 4;
const FIRST_TOKEN_MS_MIN = 1_000;
const PER_TOKEN_TIMES = 3;
const PER_TOKEN_MS_MIN = 80;
const KV_FULL = 0.9;
const WAITING_PER_RUNNING = 0.15;
const WAITING_MIN = 3;
const FAULT_SHARE_MIN = 0.05;
const BROKEN_FAULTS_MIN = 2;
const brokenKinds = ['connect', 'reset', 'serverError', 'cut', 'inBand', 'malformed'];
const silentKinds = ['silent', 'stalled'];
const credentialKinds = ['credential', 'exhausted'];

const count = ({ faults }: UpstreamFigures, kinds: readonly string[]): number =>
  kinds.reduce((sum, kind) => sum + (faults[kind] ?? 0), 0);

/** `3 connect, 1 reset`. */
const listed = ({ faults }: UpstreamFigures, kinds: readonly string[]): string =>
  kinds
    .filter((kind) => (faults[kind] ?? 0) > 0)
    .map((kind) => `${faults[kind]} ${kind}`)
    .join(', ');

const isSaturated = ({ waiting, running, kvShare, preemptions }: EngineFigures): boolean =>
  preemptions > 0 ||
  (waiting > 0 && (kvShare ?? 0) >= KV_FULL) ||
  waiting >= Math.max(WAITING_MIN, running * WAITING_PER_RUNNING);

export function saturated({ name, engine }: UpstreamFigures): Finding | null {
  if (engine === null || !isSaturated(engine)) return null;
  const { waiting, running, kvShare, preemptions } = engine;
  const memory = (kvShare ?? 0) >= KV_FULL || preemptions > 0;
  return {
    cause: 'saturated',
    about: name,
    weight: memory ? 0.85 : 0.7,
    evidence: [
      `${name} computes ${running} requests and has ${waiting} waiting inside`,
      ...(kvShare === null ? [] : [`its memory is ${percent(kvShare)} full`]),
      ...(preemptions > 0 ? [`${preemptions} requests were put back for want of memory`] : []),
    ],
    measure: memory
      ? 'The key-value memory is what is short: shorter contexts or answers (`degrade.capTokens`), more memory for it (`--gpu-memory-utilization`, a quantised cache), or another engine. Do not let others pass by the gateway to it.'
      : 'The batch is what is short: raise `--max-num-seqs` if memory allows, or add an engine. If others ask it past the gateway, let them come through it.',
  };
}

export function slowUpstream(upstream: UpstreamFigures): Finding | null {
  const { name, engine, firstTokenMs, firstTokenMsUsual, perTokenMs, perTokenMsUsual } = upstream;
  if (engine !== null && isSaturated(engine)) return null;
  const lateFirst =
    firstTokenMs !== null &&
    firstTokenMs >= Math.max(FIRST_TOKEN_MS_MIN, (firstTokenMsUsual ?? Number.POSITIVE_INFINITY) * FIRST_TOKEN_TIMES);
  const slowTokens =
    perTokenMs !== null &&
    perTokenMs >= Math.max(PER_TOKEN_MS_MIN, (perTokenMsUsual ?? Number.POSITIVE_INFINITY) * PER_TOKEN_TIMES);
  const silent = count(upstream, silentKinds);
  if (!lateFirst && !slowTokens && silent === 0) return null;
  return {
    cause: 'slowUpstream',
    about: name,
    weight: lateFirst && slowTokens ? 0.9 : 0.78,
    evidence: [
      ...(lateFirst && firstTokenMs !== null
        ? [`${name}: first tokens after ${milliseconds(firstTokenMs)}, usually ${milliseconds(firstTokenMsUsual ?? 0)}`]
        : []),
      ...(slowTokens && perTokenMs !== null
        ? [`${name}: ${milliseconds(perTokenMs)} for a token, usually ${milliseconds(perTokenMsUsual ?? 0)}`]
        : []),
      ...(silent > 0 ? [`${name}: ${listed(upstream, silentKinds)}`] : []),
      ...(upstream.keepAlives > 0 ? [`${name}: ${upstream.keepAlives} keep-alives, it queues by itself`] : []),
      ...(engine === null ? [] : [`its own queue is short (${engine.waiting} of ${engine.running} waiting)`]),
    ],
    measure:
      'The far side does the same work more slowly: look at its hardware, neighbours and last change. Meanwhile give the model another target; its window shrinks by itself and returns with its speed.',
  };
}

export function brokenUpstream(upstream: UpstreamFigures): Finding | null {
  const { name, breakerOpen, healthy, attempts } = upstream;
  const broken = count(upstream, brokenKinds);
  const often = broken >= Math.max(BROKEN_FAULTS_MIN, attempts * FAULT_SHARE_MIN);
  if (!breakerOpen && healthy && !often) return null;
  return {
    cause: 'brokenUpstream',
    about: name,
    weight: breakerOpen || !healthy ? 0.95 : 0.8,
    evidence: [
      ...(breakerOpen ? [`the breaker of ${name} is open`] : []),
      ...(healthy ? [] : [`the health checks of ${name} fail`]),
      ...(broken > 0 ? [`${name}: ${listed(upstream, brokenKinds)} in ${attempts} sends`] : []),
    ],
    measure:
      'Restart or repair it; it is tried again by itself every few seconds. A target on another upstream answers meanwhile: give the model one if it has none.',
  };
}

export function upstreamLimit(upstream: UpstreamFigures): Finding | null {
  const { name, attempts } = upstream;
  const kinds = ['rateLimited', 'overloaded'];
  const refused = count(upstream, kinds);
  if (refused === 0 || refused < attempts * FAULT_SHARE_MIN) return null;
  return {
    cause: 'upstreamLimit',
    about: name,
    weight: Math.min(0.88, 0.6 + refused / Math.max(1, attempts) / 3),
    evidence: [`${name} refused ${refused} of ${attempts} sends (${listed(upstream, kinds)})`],
    measure:
      'The account is at its limit: ask the provider for more, add a second account (`apiKeys`, another upstream) or a `peak` target. Setting `maxConcurrent`, `requestsPerMinute` or `tokensPerMinute` to what it allows spares the refusals.',
  };
}

export function deadCredential(upstream: UpstreamFigures): Finding | null {
  const { name, credentials, credentialsResting } = upstream;
  const refused = count(upstream, credentialKinds);
  if (refused === 0 && credentialsResting === 0) return null;
  // A 429 lets a credential rest as well, but not for its own sake.
  if (refused === 0 && count(upstream, ['rateLimited', 'overloaded']) > 0) return null;
  const all = credentials !== null && credentials > 0 && credentialsResting >= credentials;
  return {
    cause: 'deadCredential',
    about: name,
    weight: all ? 0.97 : 0.8,
    evidence: [
      `${credentialsResting} of ${credentials ?? '?'} credentials of ${name} rest`,
      ...(refused > 0 ? [`${name}: ${listed(upstream, credentialKinds)}`] : []),
    ],
    measure:
      '`credential`: put a valid key into `apiKey`. `exhausted`: pay, or raise the spend limit. It comes back by itself; a second one in `apiKeys` keeps the upstream answering.',
  };
}

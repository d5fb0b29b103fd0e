// Demand rules: causes that lie with those who ask: a burst, a lasting shortage, one caller among many, retries.
import type { Figures } from './figures.ts';
import { type Finding, percent } from './finding.ts';
import { busyUpstreams, isFull, isStrained, strainWords } from './strain.ts';

const BURST_TIMES = 1.8;
const STRAINED_BEFORE_MIN = 0.2;
const SUSTAINED_SECONDS_MIN = 15;
const NOISY_SHARE_MIN = 0.5;
const CALLERS_MIN = 3;
const NOISY_TIMES_NEXT = 2.5;
const CLIENT_RETRY_SHARE_MIN = 0.2;
const SENDS_PER_EXCHANGE_MAX = 1.3;
const EXCHANGES_MIN = 5;

export function burst(figures: Figures): Finding | null {
  const { history } = figures;
  const before = history?.arrivalsPerSecondBefore ?? null;
  if (history === null || before === null || !isStrained(figures)) return null;
  const now = history.arrivalsPerSecondNow;
  if (now < before * BURST_TIMES || history.strainedShareBefore >= STRAINED_BEFORE_MIN) return null;
  return {
    cause: 'burst',
    about: null,
    weight: 0.8,
    evidence: [`${now.toFixed(1)} requests a second, ${before.toFixed(1)} before`, ...strainWords(figures)],
    measure:
      'Bursts pass: a `peak` upstream takes them, the waiting room bridges seconds. Where they come at known times, let a scheduler spread them, or give those keys the lane `batch`.',
  };
}

export function shortage(figures: Figures): Finding | null {
  const { history } = figures;
  const busy = busyUpstreams(figures);
  if (!isStrained(figures) || busy.length === 0 || !busy.every(isFull)) return null;
  if (history === null || history.secondsBefore < SUSTAINED_SECONDS_MIN) return null;
  if (history.strainedShareBefore < STRAINED_BEFORE_MIN) return null;
  const names = busy.map(({ name, windowShare }) => `${name} (window ${percent(windowShare ?? 1)} full)`);
  return {
    cause: 'shortage',
    about: null,
    weight: 0.75,
    evidence: [
      ...strainWords(figures),
      `${percent(history.strainedShareBefore)} of those before waited long or were refused too, over ${Math.round(history.secondsBefore)} s`,
      `all that work are full: ${names.join(', ')}`,
    ],
    measure:
      'There is not enough capacity: add an upstream (`tier: peak` or `standby`), or engines behind the one there is; until then allow a rung of `degrade`, or move keys to `batch`.',
  };
}

export function noisyTenant(figures: Figures): Finding | null {
  const { history } = figures;
  if (history === null || !isStrained(figures) || history.callers.length < CALLERS_MIN) return null;
  const [first, next] = history.callers;
  if (first === undefined || next === undefined) return null;
  const share = Math.max(first.tokenShare, first.exchangeShare);
  const nextShare = Math.max(next.tokenShare, next.exchangeShare);
  if (share < NOISY_SHARE_MIN || share < nextShare * NOISY_TIMES_NEXT) return null;
  return {
    cause: 'noisyTenant',
    about: first.name,
    weight: 0.5 + share * 0.45,
    evidence: [
      `${first.name} has ${percent(first.exchangeShare)} of the requests and ${percent(first.tokenShare)} of the tokens of ${history.callers.length} callers`,
      ...strainWords(figures),
    ],
    measure: `Give the key \`${first.name}\` \`limits\` (requests, tokens, at once) or the lane \`batch\`; fair shares protect the others meanwhile.`,
  };
}

export function retries(figures: Figures): Finding | null {
  const { attempts, resends, failovers, ended, history, seconds } = figures;
  const sends = ended === 0 ? 1 : attempts / ended;
  const again = resends + failovers;
  const clientShare = history?.clientRetryShare ?? 0;
  const byClients = clientShare >= CLIENT_RETRY_SHARE_MIN;
  const byUs = ended >= EXCHANGES_MIN && sends > SENDS_PER_EXCHANGE_MAX && again > ended * (SENDS_PER_EXCHANGE_MAX - 1);
  if (!byClients && !byUs) return null;
  return {
    cause: 'retries',
    about: byClients ? 'clients' : 'gateway',
    weight: byClients ? Math.min(0.9, 0.5 + clientShare) : 0.6,
    evidence: [
      ...(byClients ? [`${percent(clientShare)} of the requests are a client's own retry`] : []),
      ...(byUs
        ? [`${sends.toFixed(2)} sends for each request, ${again} of them after a fault in ${Math.round(seconds)} s`]
        : []),
    ],
    measure: byClients
      ? "Let one side retry: set the SDKs' `max_retries` to 0 or 1 and let them obey `Retry-After` and `x-should-retry`. The gateway asks elsewhere by itself."
      : 'Mend what fails (see the faults), or lower `retry.budgetPercent` and `retry.maxAttempts`.',
  };
}

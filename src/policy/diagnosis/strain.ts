// Strain: whether anybody suffers at all, and how full the far sides are together. Every rule about want of room asks here, so
// that none sees an overload where nobody waits.
import type { RejectionKind } from '../../kernel/rejection.ts';
import type { Figures, UpstreamFigures } from './figures.ts';

const WAITING_MIN = 1;
const REFUSED_SHARE_MIN = 0.02;
const FULL_SHARE = 0.8;
/** Refusals for want of room; others have other reasons. */
export const roomKinds: readonly RejectionKind[] = [
  'overloaded',
  'queueTimeout',
  'upstreamRateLimited',
  'upstreamUnavailable',
];

export function refusedForRoom({ rejections }: Figures): number {
  return roomKinds.reduce((sum, kind) => sum + (rejections[kind] ?? 0), 0);
}

export function isStrained(figures: Figures): boolean {
  const { waitingBefore, waitingNow, ended } = figures;
  const refused = refusedForRoom(figures);
  return Math.min(waitingBefore, waitingNow) >= WAITING_MIN || refused > ended * REFUSED_SHARE_MIN;
}

/** In words, for evidence. */
export function strainWords(figures: Figures): string[] {
  const { waitingBefore, waitingNow, ended, seconds } = figures;
  const refused = refusedForRoom(figures);
  return [
    ...(waitingBefore + waitingNow > 0 ? [`${waitingNow} wait in the gateway (${waitingBefore} before)`] : []),
    ...(refused > 0 ? [`${refused} of ${ended} were refused for want of room in ${Math.round(seconds)} s`] : []),
  ];
}

export const isFull = ({ windowShare, inFlight, concurrentMax }: UpstreamFigures): boolean =>
  (windowShare ?? 0) >= FULL_SHARE || (concurrentMax !== null && inFlight >= concurrentMax * FULL_SHARE);

/** Those that have anything to do: a reserve that nobody needs says nothing. */
export const busyUpstreams = ({ upstreams }: Figures): UpstreamFigures[] =>
  upstreams.filter(({ inFlight, attempts }) => inFlight > 0 || attempts > 0);

// Own rules: causes that lie with ourselves: limits that an operator set too low, and a process that is short of something.
import type { RejectionKind } from '../../kernel/rejection.ts';
import type { Figures, UpstreamFigures } from './figures.ts';
import { type Finding, milliseconds, percent } from './finding.ts';
import { isStrained, strainWords } from './strain.ts';

const LIMITED_SHARE_MIN = 0.05;
const AT_LIMIT = 0.98;
const ROOM_SHARE_MAX = 0.75;
const LAG_MS_MAX = 50;
const SHARE_MAX = 0.8;
const CPU_SHARE_MAX = 0.9;
const OVERHEAD_MS_MAX = 25;
/** Refusals by a limit of the key. */
export const limitKinds: readonly RejectionKind[] = ['requestLimit', 'tokenLimit', 'concurrencyLimit'];

/** Of keys: the fleet could have answered whom a limit refused. */
export function keyLimits(figures: Figures): Finding | null {
  const { rejections, ended, upstreams, history } = figures;
  const limited = limitKinds.reduce((sum, kind) => sum + (rejections[kind] ?? 0), 0);
  if (limited === 0 || limited < ended * LIMITED_SHARE_MIN) return null;
  const hasRoom = upstreams.some(({ windowShare }) => (windowShare ?? 0) < ROOM_SHARE_MAX);
  if (!hasRoom) return null;
  const kinds = limitKinds.filter((kind) => (rejections[kind] ?? 0) > 0).map((kind) => `${rejections[kind]} ${kind}`);
  const callers = (history?.callers ?? []).filter((caller) => caller.limited > 0).slice(0, 3);
  const names = callers.map(({ name, limited: times }) => `${name} (${times})`);
  return {
    cause: 'ownLimits',
    about: callers[0]?.name ?? 'keys',
    weight: Math.min(0.9, 0.6 + limited / ended / 3),
    evidence: [
      `${limited} of ${ended} were refused by limits of their key (${kinds.join(', ')})`,
      'the far sides have room',
      ...(names.length > 0 ? [`most often: ${names.join(', ')}`] : []),
    ],
    measure:
      'Raise `keys[].limits` of those who are meant to have more; without need they refuse what could be answered.',
  };
}

/** Of upstreams: `maxConcurrent` is reached, and the far side shows no sign of being full. */
export function upstreamLimits(figures: Figures): Finding | null {
  if (!isStrained(figures)) return null;
  const found = figures.upstreams.find(isHeldBack);
  if (found === undefined) return null;
  const { name, inFlight, concurrentMax, windowShare, firstTokenMs } = found;
  return {
    cause: 'ownLimits',
    about: name,
    weight: 0.82,
    evidence: [
      `${name} has ${inFlight} in flight, and \`maxConcurrent\` is ${concurrentMax}`,
      `its window is ${percent(windowShare ?? 0)} full${firstTokenMs === null ? '' : `, first tokens come after ${milliseconds(firstTokenMs)}`}`,
      ...strainWords(figures),
    ],
    measure: `Raise \`upstreams.${name}.maxConcurrent\`, or leave it out where the provider has no such limit: the window finds the right size.`,
  };
}

function isHeldBack({ inFlight, concurrentMax, windowShare, engine, faults }: UpstreamFigures): boolean {
  if (concurrentMax === null || inFlight < concurrentMax * AT_LIMIT) return false;
  if ((faults['rateLimited'] ?? 0) + (faults['overloaded'] ?? 0) > 0) return false;
  return (windowShare ?? 0) < ROOM_SHARE_MAX && (engine === null || engine.waiting === 0);
}

export function gatewayItself({ process, seconds }: Figures): Finding | null {
  const { lagMs, heapShare, socketShare, cpuShare, shedLanes, overheadMsMean, bugs } = process;
  const evidence = [
    ...((lagMs ?? 0) > LAG_MS_MAX ? [`its event loop is ${milliseconds(lagMs ?? 0)} late`] : []),
    ...((heapShare ?? 0) > SHARE_MAX ? [`its heap is ${percent(heapShare ?? 0)} full`] : []),
    ...((socketShare ?? 0) > SHARE_MAX ? [`${percent(socketShare ?? 0)} of its connections are taken`] : []),
    ...((cpuShare ?? 0) > CPU_SHARE_MAX ? [`it uses ${percent(cpuShare ?? 0)} of a core`] : []),
    ...((overheadMsMean ?? 0) > OVERHEAD_MS_MAX
      ? [`it adds ${milliseconds(overheadMsMean ?? 0)} to an exchange of its own`]
      : []),
    ...(shedLanes.length > 0 ? [`it refuses ${shedLanes.join(' and ')} to protect itself`] : []),
  ];
  if (bugs > 0) evidence.push(`${bugs} bugs in ${Math.round(seconds)} s: see the log`);
  if (evidence.length === 0) return null;
  return {
    cause: 'gateway',
    about: null,
    weight: shedLanes.length > 0 || evidence.length > 1 ? 0.96 : 0.72,
    evidence,
    measure:
      'Run more processes behind one address, give it a core and memory of its own (`--max-old-space-size`), or turn `lane: on`. Nothing else on the machine should compete with it.',
  };
}

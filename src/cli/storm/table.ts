// Table: what came of a storm, as lines for a terminal. Pure: a result in, lines out. It must never be wider than eighty columns.
import { lanes } from '../../kernel/lane.ts';
import { milliseconds, percent, whole } from '../../load/words.ts';
import type { Side, StormResult } from './result.ts';

export interface Ink {
  readonly bold: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
}

const plain = (text: string): string => text;
export const plainInk: Ink = { bold: plain, faint: plain, good: plain, bad: plain };
const coloured =
  (code: number) =>
  (text: string): string =>
    `\u001B[${code}m${text}\u001B[0m`;
export const colourInk: Ink = { bold: coloured(1), faint: coloured(2), good: coloured(32), bad: coloured(31) };

const NAME_WIDTH = 30;
const CELL_WIDTH = 16;
const RULE = '─'.repeat(NAME_WIDTH + 2 * CELL_WIDTH + 16);

interface Row {
  readonly name: string;
  readonly cell: (side: Side) => string;
  /** Place in the result's targets that this row shows; of the run that is judged. */
  readonly target?: number;
}

const rows: readonly (Row | null)[] = [
  { name: 'answered', cell: ({ answeredShare }) => percent(answeredShare), target: 0 },
  { name: 'in SLO', cell: ({ inSloShare }) => percent(inSloShare) },
  ...lanes.map((lane) => ({
    name: `   ${lane}`,
    cell: ({ inSloShares }: Side) => percent(inSloShares[lane]),
    ...(lane === 'vip' ? { target: 1 } : {}),
  })),
  null,
  { name: 'first token  p50', cell: ({ firstTokenP50Ms }) => milliseconds(firstTokenP50Ms) },
  { name: '             p99', cell: ({ firstTokenP99Ms }) => milliseconds(firstTokenP99Ms) },
  { name: '             spread (sd)', cell: ({ firstTokenSdMs }) => milliseconds(firstTokenSdMs), target: 2 },
  null,
  { name: 'sends per answer', cell: ({ sendsPerAnswer }) => sendsPerAnswer?.toFixed(2) ?? '–' },
  { name: 'cost of 1,000 answers', cell: ({ costUsdPerAnswer }) => dollars(costUsdPerAnswer) },
  { name: 'well again after', cell: ({ recoveryMs }) => (recoveryMs === null ? 'not in time' : seconds(recoveryMs)) },
];

export function tableLines(result: StormResult, ink: Ink): string[] {
  const { direct, spillway, targets } = result;
  const head = ''.padEnd(NAME_WIDTH) + 'direct'.padStart(CELL_WIDTH) + 'through Spillway'.padStart(CELL_WIDTH + 2);
  return [
    '',
    ink.bold(`  ${headWords(result)}`),
    '',
    `  ${ink.faint(head)}`,
    `  ${ink.faint(RULE)}`,
    ...rows.map((row) => (row === null ? '' : rowLine(row, result, ink))),
    `  ${ink.faint(RULE)}`,
    `  ${'requests'.padEnd(NAME_WIDTH)}${whole(direct.offered).padStart(CELL_WIDTH)}${whole(spillway.offered).padStart(CELL_WIDTH + 2)}`,
    `  ${'not answered'.padEnd(NAME_WIDTH)}${whole(direct.offered - direct.answered).padStart(CELL_WIDTH)}${whole(spillway.offered - spillway.answered).padStart(CELL_WIDTH + 2)}`,
    ...troubleLines(result, ink),
    ...unansweredLines(result, ink),
    '',
    targets.every(({ met }) => met)
      ? ink.good('  Everything is as promised.')
      : ink.bad(`  Not as promised: ${missedWords(result)}.`),
    ...warningLines(result, ink),
  ];
}

export function headWords({ setting, capacityTimes }: StormResult): string {
  const { load, timeline, chaos } = setting;
  const length = Math.round((timeline.stormToMs - timeline.stormFromMs) / 1_000);
  const enough = capacityTimes >= load ? '' : `, more than all three tiers together can (${capacityTimes} times)`;
  return `${load} times what the base can do, for ${length} s${chaos ? ', with chaos' : ''}${enough}`;
}

function rowLine(
  { name, cell, target }: Row,
  { direct, spillway, targets, sdCutShare }: StormResult,
  ink: Ink,
): string {
  const cells = cell(direct).padStart(CELL_WIDTH) + ink.bold(cell(spillway).padStart(CELL_WIDTH + 2));
  const aim = target === undefined ? undefined : targets[target];
  if (aim === undefined) return `  ${name.padEnd(NAME_WIDTH)}${cells}`;
  const shown = target === 2 ? `−${percent(sdCutShare)} ` : '';
  const verdict = aim.met ? ink.good(`✓ ${shown}`) : ink.bad(`✗ ${shown}`);
  return `  ${name.padEnd(NAME_WIDTH)}${cells}  ${verdict}${ink.faint(aim.wanted)}`;
}

function troubleLines({ troubles }: StormResult, ink: Ink): string[] {
  if (troubles.length === 0) return [];
  const words = troubles.map(
    ({ words: name, recoveryMs }) =>
      `  ${name.padEnd(NAME_WIDTH)}${wellWords(recoveryMs).padStart(2 * CELL_WIDTH + 2)}`,
  );
  return ['', `  ${ink.faint('chaos, and until everybody was served again')}`, ...words];
}

export const wellWords = (recoveryMs: number | null): string =>
  recoveryMs === null ? 'not before what came next' : recoveryMs === 0 ? 'nobody noticed' : seconds(recoveryMs);

function unansweredLines({ unanswered }: StormResult, ink: Ink): string[] {
  if (unanswered.length === 0) return [];
  return [
    '',
    `  ${ink.faint('why Spillway did not answer')}`,
    ...unanswered.map(({ lane, why, count }) => `  ${String(count).padStart(5)} × ${lane}: ${why}`.slice(0, 110)),
  ];
}

export const missedWords = ({ targets }: StormResult): string =>
  targets
    .filter(({ met }) => !met)
    .map(({ words, wanted }) => `${words} ${wanted}`)
    .join(', ');

function warningLines({ warnings }: StormResult, ink: Ink): string[] {
  if (warnings.length === 0) return [];
  return [
    '',
    ink.bold('  The machine was busy, and the figures say so too:'),
    ...warnings.map((why) => ink.faint(`    ${why}`)),
  ];
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;

export const dollars = (perAnswer: number | null): string =>
  perAnswer === null ? '–' : `$${(perAnswer * 1_000).toFixed(perAnswer < 0.001 ? 3 : 2)}`;

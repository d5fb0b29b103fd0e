// Live view: a run as text, while it goes on and when it is over. Pure: a summary in, lines out, so that a test reads what a
// person sees. It must never be wider than a terminal of a hundred columns.
import { lanes } from '../kernel/lane.ts';
import type { GroupSummary, Summary } from './summary.ts';
import { clockTime, milliseconds, percent, perSecond, whole } from './words.ts';

interface Column {
  readonly title: string;
  readonly width: number;
  readonly cell: (group: GroupSummary) => string;
}

const countColumns: readonly Column[] = [
  { title: 'offered', width: 9, cell: ({ offered }) => whole(offered) },
  { title: 'admitted', width: 9, cell: ({ admitted }) => whole(admitted) },
  { title: 'answered', width: 9, cell: ({ answered }) => whole(answered) },
  { title: 'in SLO', width: 9, cell: ({ inSloShare }) => percent(inSloShare) },
  { title: 'shed', width: 8, cell: ({ shed }) => whole(shed) },
  { title: '429', width: 8, cell: ({ limited }) => whole(limited) },
  { title: 'failed', width: 8, cell: ({ failed }) => whole(failed) },
  { title: 'left', width: 8, cell: ({ left }) => whole(left) },
  { title: 'hedged', width: 7, cell: ({ hedged }) => whole(hedged) },
];

const timeColumns: readonly Column[] = [
  { title: 'first token p50', width: 16, cell: ({ firstTokenMs }) => milliseconds(firstTokenMs.p50) },
  { title: 'p90', width: 9, cell: ({ firstTokenMs }) => milliseconds(firstTokenMs.p90) },
  { title: 'p99', width: 9, cell: ({ firstTokenMs }) => milliseconds(firstTokenMs.p99) },
  { title: 'between texts p50', width: 19, cell: ({ gapMs }) => milliseconds(gapMs.p50) },
  { title: 'p99', width: 9, cell: ({ gapMs }) => milliseconds(gapMs.p99) },
  { title: 'refusal p99', width: 13, cell: ({ refusalMs }) => milliseconds(refusalMs.p99) },
];

export const COLUMNS = 100;
const NAME_WIDTH = 10;
const BAR_WIDTH = 30;

/** Everything; the same number of lines each time, while a run goes on. */
export function viewLines(summary: Summary, colours: boolean): string[] {
  const bold = (text: string): string => (colours ? `\u001B[1m${text}\u001B[0m` : text);
  const faint = (text: string): string => (colours ? `\u001B[2m${text}\u001B[0m` : text);
  const { all, elapsedMs, plannedMs } = summary;
  const share = Math.min(1, elapsedMs / Math.max(1, plannedMs));
  const filled = Math.round(share * BAR_WIDTH);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
  return [
    bold(`${summary.model} at ${summary.url}`.slice(0, COLUMNS)),
    `${bar} ${clockTime(elapsedMs)} of ${clockTime(plannedMs)}  ${perSecond(all.offered, Math.min(elapsedMs, plannedMs))} offered, ${whole(summary.open)} open`,
    '',
    ...tableLines(summary, countColumns, bold, faint),
    '',
    ...tableLines(summary, timeColumns, bold, faint),
    '',
    faint(generatorLine(summary)),
    ...bottleneckLines(summary, bold),
  ];
}

function tableLines(
  summary: Summary,
  columns: readonly Column[],
  bold: (text: string) => string,
  faint: (text: string) => string,
): string[] {
  const row = (name: string, group: GroupSummary): string =>
    name.padEnd(NAME_WIDTH) + columns.map(({ width, cell }) => cell(group).padStart(width)).join('');
  const head = ''.padEnd(NAME_WIDTH) + columns.map(({ title, width }) => title.padStart(width)).join('');
  return [faint(head), ...lanes.map((lane) => row(lane, summary.lanes[lane])), bold(row('all', summary.all))];
}

/** One line, for logs and pipes. */
export function plainLine({ all, elapsedMs, open }: Summary): string {
  return [
    clockTime(elapsedMs),
    `offered ${all.offered}`,
    `admitted ${all.admitted}`,
    `answered ${all.answered}`,
    `in SLO ${percent(all.inSloShare)}`,
    `shed ${all.shed}`,
    `429 ${all.limited}`,
    `failed ${all.failed}`,
    `left ${all.left}`,
    `hedged ${all.hedged}`,
    `open ${open}`,
    `first token p50 ${milliseconds(all.firstTokenMs.p50)} p99 ${milliseconds(all.firstTokenMs.p99)}`,
    `between texts p50 ${milliseconds(all.gapMs.p50)} p99 ${milliseconds(all.gapMs.p99)}`,
  ].join('  ');
}

function generatorLine({ generator }: Summary): string {
  const { latenessMs, loopLagMsP99, busyShareMax, workers } = generator;
  const late = `late by p50 ${milliseconds(latenessMs.p50)} p99 ${milliseconds(latenessMs.p99)}`;
  const crew = `${workers} worker${workers === 1 ? '' : 's'}`;
  return `generator: ${crew}, ${late}, loop lag p99 ${milliseconds(loopLagMsP99)}, busy ${percent(busyShareMax)} at most`;
}

function bottleneckLines({ generator }: Summary, bold: (text: string) => string): string[] {
  if (generator.bottleneck.length === 0) return [];
  return [
    bold('The generator, or the machine it shares, could not keep up: do not blame the far side.'),
    ...generator.bottleneck.map((why) => `  ${why}`),
  ];
}

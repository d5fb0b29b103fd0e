// Report: a run as one HTML page that needs nothing else: no script, no font, no network. Pure: a summary in, a page out. Its
// figures are those of the summary, which lies in the page as JSON for whoever wants to compute on.
import { type Lane, lanes } from '../kernel/lane.ts';
import { type Band, escaped, plot, type Series } from './plot.ts';
import { reportStyle } from './report-style.ts';
import type { GroupSummary, Summary, WindowSummary } from './summary.ts';
import { clockTime, milliseconds, percent, perSecond, whole } from './words.ts';

export function reportPage(summary: Summary): string {
  return [
    '<!doctype html>',
    `<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">`,
    `<title>Load on ${escaped(summary.model)}</title><style>${reportStyle}</style></head><body>`,
    ...headLines(summary),
    ...warningLines(summary),
    cards(summary),
    becamePlot(summary, { title: 'What became of the requests, per second of their intended send' }),
    firstTokenPlot(summary, { title: 'Time to the first token of what was answered' }),
    curvePlot(summary),
    countsTable(summary),
    timesTable(summary),
    ...footLines(summary),
    `<script type="application/json" id="summary">${JSON.stringify(summary).replaceAll('<', String.raw`\u003c`)}</script>`,
    '</body></html>',
    '',
  ].join('\n');
}

function headLines({ model, url, elapsedMs, planned, all, plannedMs, isStopped }: Summary): string[] {
  const how = `${whole(planned)} requests planned over ${clockTime(plannedMs)}, ${perSecond(all.offered, Math.min(elapsedMs, plannedMs))} offered`;
  return [
    `<h1>Load on ${escaped(model)}</h1>`,
    `<p class="faint">${escaped(url)} · ${how}${isStopped ? ' · stopped early' : ''}</p>`,
  ];
}

function warningLines({ generator }: Summary): string[] {
  if (generator.bottleneck.length === 0) return [];
  const reasons = generator.bottleneck.map((why) => `<li>${escaped(why)}</li>`).join('');
  return [
    `<div class="warning"><strong>The generator, or the machine it shares, could not keep up.</strong> Do not blame the far side.<ul>${reasons}</ul></div>`,
  ];
}

const card = (name: string, value: string, of: string): string =>
  `<div class="card"><span>${name}</span><b data-of="${of}">${value}</b></div>`;

function cards({ all }: Summary): string {
  return `<div class="cards">${[
    card('offered', whole(all.offered), 'all.offered'),
    card('answered', percent(all.answeredShare), 'all.answeredShare'),
    card('in SLO', percent(all.inSloShare), 'all.inSloShare'),
    card('first token p50', milliseconds(all.firstTokenMs.p50), 'all.firstTokenMs.p50'),
    card('first token p99', milliseconds(all.firstTokenMs.p99), 'all.firstTokenMs.p99'),
    card('refused', whole(all.shed + all.limited), 'all.refused'),
  ].join('')}</div>`;
}

const outcomes: readonly (readonly [name: string, colour: string, of: (window: WindowSummary) => number])[] = [
  ['answered in SLO', 'var(--good)', ({ inSlo }) => inSlo],
  ['answered too late', 'var(--late)', ({ answered, inSlo }) => answered - inSlo],
  ['shed (503)', 'var(--shed)', ({ shed }) => shed],
  ['limited (429)', 'var(--limited)', ({ limited }) => limited],
  ['failed', 'var(--failed)', ({ failed }) => failed],
  ['left', 'var(--left)', ({ left }) => left],
  ['not sent', 'var(--faint)', ({ unsent }) => unsent],
];

interface Caption {
  readonly title: string;
  readonly bands?: readonly Band[];
}

export function becamePlot(summary: Summary, caption: Caption): string {
  const { windows, windowMs } = summary;
  const rate = (count: number): number => (count * 1_000) / windowMs;
  const series: Series[] = outcomes
    .filter(([, , of]) => windows.some((window) => of(window) > 0))
    .map(([name, colour, of]) => ({ name, colour, values: windows.map((window) => rate(of(window))) }));
  return plot({
    ...caption,
    ...timeAxis(summary),
    series,
    over: { name: 'offered', colour: 'var(--text)', values: windows.map(({ offered }) => rate(offered)) },
    stacked: true,
    yWords: (y) => `${y}/s`,
  });
}

export function firstTokenPlot(summary: Summary, caption: Caption): string {
  const { windows } = summary;
  return plot({
    ...caption,
    ...timeAxis(summary),
    series: [
      { name: 'p99', colour: 'var(--failed)', values: windows.map(({ firstTokenP99Ms }) => firstTokenP99Ms) },
      { name: 'p50', colour: 'var(--good)', values: windows.map(({ firstTokenP50Ms }) => firstTokenP50Ms) },
    ],
    logarithmic: true,
    yWords: milliseconds,
  });
}

const X_TICKS = 8;

function timeAxis({ windows }: Summary): {
  xs: number[];
  xTicks: number[];
  xWords: (x: number) => string;
} {
  const xs = windows.map(({ fromMs }) => fromMs);
  const every = Math.max(1, Math.ceil(xs.length / X_TICKS));
  return { xs, xTicks: xs.filter((_, at) => at % every === 0), xWords: clockTime };
}

const laneColours: Readonly<Record<Lane, string>> = {
  vip: 'var(--good)',
  standard: 'var(--shed)',
  batch: 'var(--left)',
};
/** Enough steps that every lane's curve can be read off at the same shares. */
const CURVE_STEPS = 80;

function curvePlot(summary: Summary): string {
  const shown = lanes.filter((lane) => summary.lanes[lane].firstTokenCurve.length > 0);
  const ninesMax = Math.max(1, ...shown.map((lane) => ninesOf(summary.lanes[lane].firstTokenCurve.at(-1)?.[0] ?? 0)));
  const xs = Array.from({ length: CURVE_STEPS + 1 }, (_, at) => (ninesMax * at) / CURVE_STEPS);
  return plot({
    title: 'Time to the first token, by share of the answered requests of a lane',
    series: shown.map((lane) => ({
      name: lane,
      colour: laneColours[lane],
      values: xs.map((nines) => valueAt(summary.lanes[lane], nines)),
    })),
    xs,
    xTicks: [0, ...[0.5, 0.9, 0.99, 0.999, 0.9999].map(ninesOf).filter((nines) => nines <= ninesMax)],
    xWords: (nines) => `${Number(((1 - 10 ** -nines) * 100).toPrecision(6))} %`,
    yWords: milliseconds,
    logarithmic: true,
  });
}

const ninesOf = (share: number): number => -Math.log10(Math.max(1e-6, 1 - share));

/** Null beyond what the count supports. */
function valueAt({ firstTokenCurve }: GroupSummary, nines: number): number | null {
  return firstTokenCurve.find(([share]) => ninesOf(share) >= nines - 1e-4)?.[1] ?? null;
}

type Cell = readonly [title: string, of: string, words: (group: GroupSummary) => string];

function countsTable(summary: Summary): string {
  return table(summary, 'Requests', [
    ['offered', 'offered', ({ offered }) => whole(offered)],
    ['admitted', 'admitted', ({ admitted }) => whole(admitted)],
    ['answered', 'answered', ({ answered }) => whole(answered)],
    ['answered %', 'answeredShare', ({ answeredShare }) => percent(answeredShare)],
    ['in SLO %', 'inSloShare', ({ inSloShare }) => percent(inSloShare)],
    ['shed', 'shed', ({ shed }) => whole(shed)],
    ['429', 'limited', ({ limited }) => whole(limited)],
    ['failed', 'failed', ({ failed }) => whole(failed)],
    ['left', 'left', ({ left }) => whole(left)],
    ['hedged', 'hedged', ({ hedged }) => whole(hedged)],
    ['sends', 'sends', ({ sends }) => whole(sends)],
    ['tokens', 'tokens', ({ tokens }) => whole(tokens)],
  ]);
}

function timesTable(summary: Summary): string {
  return table(summary, 'Times', [
    ['first token p50', 'firstTokenMs.p50', ({ firstTokenMs }) => milliseconds(firstTokenMs.p50)],
    ['p90', 'firstTokenMs.p90', ({ firstTokenMs }) => milliseconds(firstTokenMs.p90)],
    ['p99', 'firstTokenMs.p99', ({ firstTokenMs }) => milliseconds(firstTokenMs.p99)],
    ['p99.9', 'firstTokenMs.p999', ({ firstTokenMs }) => milliseconds(firstTokenMs.p999)],
    ['sd', 'firstTokenMs.sd', ({ firstTokenMs }) => milliseconds(firstTokenMs.sd)],
    ['between texts p50', 'gapMs.p50', ({ gapMs }) => milliseconds(gapMs.p50)],
    ['p99', 'gapMs.p99', ({ gapMs }) => milliseconds(gapMs.p99)],
    ['per token p50', 'perTokenMs.p50', ({ perTokenMs }) => milliseconds(perTokenMs.p50)],
    ['p99', 'perTokenMs.p99', ({ perTokenMs }) => milliseconds(perTokenMs.p99)],
    ['whole p50', 'wholeMs.p50', ({ wholeMs }) => milliseconds(wholeMs.p50)],
    ['refusal p99', 'refusalMs.p99', ({ refusalMs }) => milliseconds(refusalMs.p99)],
  ]);
}

function table(summary: Summary, title: string, cells: readonly Cell[]): string {
  const row = (name: string, group: GroupSummary): string =>
    `<tr><th>${name}</th>${cells.map(([, of, words]) => `<td data-of="${name}.${of}">${words(group)}</td>`).join('')}</tr>`;
  return [
    `<h2>${title}</h2><div class="wide"><table><thead><tr><th></th>${cells.map(([name]) => `<th>${name}</th>`).join('')}</tr></thead><tbody>`,
    ...lanes.map((lane) => row(lane, summary.lanes[lane])),
    row('all', summary.all),
    '</tbody></table></div>',
  ].join('\n');
}

function footLines({ generator, expectations }: Summary): string[] {
  const { latenessMs, loopLagMsP99, busyShareMax, openPeak } = generator;
  const slo = lanes.map((lane) => `${lane} ${milliseconds(expectations[lane].firstTokenMs)}`).join(', ');
  return [
    `<p class="faint">In SLO: the first token within ${slo}, and then ${milliseconds(expectations.vip.perTokenMs)} per token at most on average. Every latency counts from the intended send.</p>`,
    `<p class="faint">The generator: sends late by p50 ${milliseconds(latenessMs.p50)}, p99 ${milliseconds(latenessMs.p99)}; loop lag p99 ${milliseconds(loopLagMsP99)}; busy at most ${percent(busyShareMax)}; at most ${whole(openPeak)} requests open.</p>`,
  ];
}

// Report: a storm as one HTML page that needs nothing else: both runs on the same axis of time, with what was done to the far
// sides marked on it. Pure. Its figures are those of the result, which lies in the page as JSON.
import { lanes } from '../../kernel/lane.ts';
import type { Summary } from '../../load/summary.ts';
import type { Band } from '../../load/plot.ts';
import { escaped } from '../../load/plot.ts';
import { becamePlot, firstTokenPlot } from '../../load/report.ts';
import { reportStyle } from '../../load/report-style.ts';
import { milliseconds, percent, whole } from '../../load/words.ts';
import type { Side, StormResult } from './result.ts';
import { baseRequestsPerSecond, farSides } from './setting.ts';
import { dollars, headWords, missedWords, wellWords } from './table.ts';

const ownStyle = `
.verdict{font-size:1.05rem;margin:1rem 0}.yes{color:var(--good)}.no{color:var(--failed)}
td.met::before{content:"✓ ";color:var(--good)}td.missed::before{content:"✗ ";color:var(--failed)}
table.sides{max-width:46rem;font-size:.95rem}table.sides tbody tr:last-child{font-weight:400}
table.sides td:nth-child(3){font-weight:600}table.sides th{font-weight:400}
@media(min-width:1400px){body{max-width:1320px}.pair{display:grid;grid-template-columns:1fr 1fr;gap:1.5rem}}
`;

export function stormPage(result: StormResult): string {
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    `<title>Storm</title><style>${reportStyle}${ownStyle}</style></head><body>`,
    '<h1>Storm</h1>',
    `<p class="faint">${escaped(headWords(result))}: first straight at the base, then the same requests at the same instants through Spillway.</p>`,
    verdict(result),
    ...warnings(result),
    cards(result),
    sidesTable(result),
    ...plots(result),
    ...chaosTable(result),
    ...unansweredTable(result),
    ...footLines(result),
    `<script type="application/json" id="result">${JSON.stringify(result).replaceAll('<', String.raw`\u003c`)}</script>`,
    '</body></html>',
    '',
  ].join('\n');
}

function verdict(result: StormResult): string {
  const missed = missedWords(result);
  if (missed === '') return '<p class="verdict yes">Everything is as promised.</p>';
  return `<p class="verdict no">Not as promised: ${escaped(missed)}.</p>`;
}

function warnings({ warnings: reasons }: StormResult): string[] {
  if (reasons.length === 0) return [];
  const items = reasons.map((why) => `<li>${escaped(why)}</li>`).join('');
  return [
    `<div class="warning"><strong>The machine was busy, and the figures say so too.</strong><ul>${items}</ul></div>`,
  ];
}

const card = (name: string, value: string): string => `<div class="card"><span>${name}</span><b>${value}</b></div>`;

function cards({ direct, spillway, sdCutShare }: StormResult): string {
  return `<div class="cards">${[
    card('answered directly', percent(direct.answeredShare)),
    card('through Spillway', percent(spillway.answeredShare)),
    card('vip in SLO', percent(spillway.inSloShares.vip)),
    card('first token p99', milliseconds(spillway.firstTokenP99Ms)),
    card('spread cut by', percent(sdCutShare)),
  ].join('')}</div>`;
}

type Line = readonly [name: string, of: string, words: (side: Side) => string, target?: number];

const lines: readonly Line[] = [
  ['requests', 'offered', ({ offered }) => whole(offered)],
  ['answered', 'answeredShare', ({ answeredShare }) => percent(answeredShare), 0],
  ['in SLO', 'inSloShare', ({ inSloShare }) => percent(inSloShare)],
  ...lanes.map((lane): Line => {
    const words = ({ inSloShares }: Side): string => percent(inSloShares[lane]);
    return lane === 'vip' ? [`in SLO: ${lane}`, lane, words, 1] : [`in SLO: ${lane}`, lane, words];
  }),
  ['first token p50', 'p50', ({ firstTokenP50Ms }) => milliseconds(firstTokenP50Ms)],
  ['first token p99', 'p99', ({ firstTokenP99Ms }) => milliseconds(firstTokenP99Ms)],
  ['first token sd', 'sd', ({ firstTokenSdMs }) => milliseconds(firstTokenSdMs), 2],
  ['sends per answer', 'sends', ({ sendsPerAnswer }) => sendsPerAnswer?.toFixed(2) ?? '–'],
  ['cost of 1,000 answers', 'cost', ({ costUsdPerAnswer }) => dollars(costUsdPerAnswer)],
  [
    'well again after',
    'recovery',
    ({ recoveryMs }) => (recoveryMs === null ? 'not in time' : milliseconds(recoveryMs)),
  ],
  ['answers by base', 'base', ({ answersByTier }) => whole(answersByTier.base)],
  ['answers by peak', 'peak', ({ answersByTier }) => whole(answersByTier.peak)],
  ['answers by standby', 'standby', ({ answersByTier }) => whole(answersByTier.standby)],
];

function sidesTable({ direct, spillway, targets }: StormResult): string {
  const row = ([name, of, words, target]: Line): string => {
    const aim = target === undefined ? undefined : targets[target];
    const last = aim === undefined ? '<td></td>' : `<td class="${aim.met ? 'met' : 'missed'}">${aim.wanted}</td>`;
    return `<tr><th>${name}</th><td data-of="direct.${of}">${words(direct)}</td><td data-of="spillway.${of}">${words(spillway)}</td>${last}</tr>`;
  };
  return [
    '<table class="sides"><thead><tr><th></th><th>direct</th><th>through Spillway</th><th>promised</th></tr></thead><tbody>',
    ...lines.map(row),
    '</tbody></table>',
  ].join('\n');
}

function plots({ setting, troubles, summaries }: StormResult): string[] {
  const { stormFromMs, stormToMs } = setting.timeline;
  const bands: Band[] = [
    { from: stormFromMs, to: stormToMs, words: `${setting.load} × base` },
    ...troubles.map(({ words, fromMs, toMs }) => ({ from: fromMs, to: toMs, words })),
  ];
  const pair = (
    draw: (summary: Summary, caption: { title: string; bands: Band[] }) => string,
    title: string,
  ): string[] => [
    '<div class="pair">',
    draw(summaries.direct, { title: `${title}: direct`, bands }),
    draw(summaries.spillway, { title: `${title}: through Spillway`, bands }),
    '</div>',
  ];
  return [...pair(becamePlot, 'What became of the requests'), ...pair(firstTokenPlot, 'Time to the first token')];
}

function chaosTable({ troubles }: StormResult): string[] {
  if (troubles.length === 0) return [];
  const rows = troubles.map(
    ({ words, fromMs, toMs, recoveryMs }) =>
      `<tr><th>${escaped(words)}</th><td>${milliseconds(fromMs)} – ${milliseconds(toMs)}</td><td>${wellWords(recoveryMs)}</td></tr>`,
  );
  return [
    '<h2>Chaos</h2><table class="sides"><thead><tr><th></th><th>when</th><th>until everybody was served again</th></tr></thead><tbody>',
    ...rows,
    '</tbody></table>',
  ];
}

function unansweredTable({ unanswered }: StormResult): string[] {
  if (unanswered.length === 0) return [];
  const rows = unanswered.map(
    ({ lane, why, count }) => `<tr><th>${escaped(why)}</th><td>${escaped(lane)}</td><td>${whole(count)}</td></tr>`,
  );
  return [
    '<h2>Why Spillway did not answer</h2><div class="wide"><table class="sides"><thead><tr><th></th><th>lane</th><th>times</th></tr></thead><tbody>',
    ...rows,
    '</tbody></table></div>',
  ];
}

function footLines({ capacityTimes, gateway }: StormResult): string[] {
  const { base, peak, standby } = farSides;
  const price = (side: typeof base): string => `$${side.price.inputUsd} / $${side.price.outputUsd}`;
  return [
    `<p class="faint">The base is a modelled engine that answers about ${baseRequestsPerSecond.toFixed(1)} of these requests a second; all three tiers together can do ${capacityTimes} times that. Whoever gets no first token within twice the SLO leaves; nobody asks again. A first token that never came counts with the wait for it.</p>`,
    `<p class="faint">Prices for a million tokens, in / out: base ${price(base)}, peak ${price(peak)}, standby ${price(standby)}; tokens that nobody read to the end are paid as well.</p>`,
    `<p class="faint">The gateway: ${percent(gateway.cpuShare)} of a core, event loop at most ${milliseconds(gateway.lagMsMax)} late, ${gateway.rssMiB ?? '–'} MiB.</p>`,
  ];
}

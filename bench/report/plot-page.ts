// Plot page: the record as pictures, in one HTML file that needs nothing from elsewhere, light or dark as the reader's system
// is. Says nothing that is not in the record or the history.
import { escaped } from '../../src/load/plot.ts';
import { cases, titleOf } from '../cases.ts';
import { mainMeasures, measures } from '../figures.ts';
import type { Measure, Scenario, SubjectFigures } from '../figures.ts';
import { barsOf } from './bars.ts';
import type { Bar } from './bars.ts';
import { curveOf } from './curve.ts';
import type { HistoryLine, RunRecord } from './history.ts';

/** The scenario that every run has. */
const STEADY = 'chat-1k';

const style = `
:root { color-scheme: light dark; --ground: #fff; --ink: #1c2330; --soft: #5d6778; --line: #dde2ea; --own: #1668c7; --proxy: #8a94a5; --peer: #c4793a; }
@media (prefers-color-scheme: dark) { :root { --ground: #12161d; --ink: #e6eaf1; --soft: #9aa5b6; --line: #2b333f; --own: #5ea4f5; --proxy: #77839a; --peer: #dc9a5e; } }
body { background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 800px; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1rem; margin: 2rem 0 .3rem; } p { color: var(--soft); margin: .2rem 0 .6rem; }
svg { display: block; width: 100%; height: auto; }
text { font: 12px system-ui, sans-serif; fill: var(--ink); } .faint { fill: var(--soft); } .strong { font-weight: 700; }
rect.own, circle.own { fill: var(--own); } rect.proxy { fill: var(--proxy); } rect.peer { fill: var(--peer); }
.whisker { stroke: var(--ink); stroke-width: 1.5; } .grid { stroke: var(--line); } .curve { fill: none; stroke: var(--own); stroke-width: 2; }
`;

export function plotPage(record: RunRecord, history: readonly HistoryLine[]): string {
  const { date, commit, dirty, node, cores, cpu, loadBefore } = record;
  const machine = `Node ${node}, ${cores} cores (${cpu}), load before the run ${loadBefore}`;
  const head = `${date.slice(0, 10)}, commit ${commit}${dirty ? ' with changes' : ''}. ${machine}`;
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Spillway: benchmarks</title>
<style>${style}</style>
<h1>Spillway: benchmarks</h1>
<p>${escaped(head)}. Bars are medians, lines over them the middle half; shorter is better.</p>
${record.scenarios.map(sectionOf).join('\n')}
${historySection(history)}
</html>
`;
}

function sectionOf({ scenario, subjects }: Scenario): string {
  const one = cases.find(({ name }) => name === scenario);
  if (one === undefined) return '';
  const main = mainMeasures[one.kind];
  const bars = Object.entries(subjects)
    .filter(([, figures]) => figures[main] !== undefined || figures.trouble !== undefined)
    .map(([name, figures]) => barOf(name, figures, main));
  const title = `${scenario}: ${measures[main]}`;
  return `<h2>${escaped(title)}</h2><p>${escaped(titleOf(one))}</p>${barsOf(title, bars)}`;
}

function barOf(name: string, figures: SubjectFigures, main: Measure): Bar {
  const spread = figures[main];
  const label = `${name} ${figures.version}`.trimEnd();
  const tone = name.startsWith('spillway') ? 'own' : name === 'nginx' || name === 'haproxy' ? 'proxy' : 'peer';
  if (spread === undefined) return { label, value: null, low: 0, high: 0, note: figures.trouble ?? '', tone };
  const ratio = figures.toNginx === undefined ? '' : ` (${figures.toNginx}× nginx)`;
  const note = `${spread.median}${ratio}`;
  return { label, value: spread.median, low: spread.p25, high: spread.p75, note, tone };
}

function historySection(history: readonly HistoryLine[]): string {
  const points = history.flatMap(({ date, commit, scenarios }) => {
    const ratio = scenarios.find(({ scenario }) => scenario === STEADY)?.ratio ?? null;
    return ratio === null ? [] : [{ value: ratio, words: `${date.slice(0, 16)} ${commit}: ${ratio}` }];
  });
  if (points.length === 0) return '';
  const title = `${STEADY}: our CPU time over nginx’s, run by run`;
  return `<h2>${escaped(title)}</h2>${curveOf(title, points)}`;
}

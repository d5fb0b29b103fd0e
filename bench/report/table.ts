// Table: what people read in a terminal. Says nothing that is not in the record.
import { cases, titleOf } from '../cases.ts';
import { measures } from '../figures.ts';
import type { Measure, Scenario, SubjectFigures } from '../figures.ts';
import type { RunRecord } from './history.ts';

export function tableOf(record: RunRecord): string {
  const { node, cores, cpu, pinned, loadBefore } = record;
  const machine = `${cores} cores (${cpu})${pinned ? '' : ', not pinned'}, load before the run ${loadBefore}`;
  return [...record.scenarios.map(sectionOf), `Node ${node}, ${machine}`].join('\n\n');
}

function sectionOf({ scenario, subjects, ratios }: Scenario): string {
  const one = cases.find(({ name }) => name === scenario);
  const shown = (Object.keys(measures) as Measure[]).filter((measure) =>
    Object.values(subjects).some((figures) => figures[measure] !== undefined),
  );
  const rows = Object.entries(subjects).map(([name, figures]) => rowOf(name, figures, shown));
  const table = [['', ...shown.map((measure) => measures[measure]), '/ nginx', '/ spillway', 'of'], ...rows];
  const widths = (table[0] ?? []).map((_, at) => Math.max(...table.map((row) => row[at]?.length ?? 0)));
  const lines = table.map((row) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  '),
  );
  const troubles = Object.entries(subjects).flatMap(([name, { trouble }]) =>
    trouble === undefined ? [] : [`${name}: ${trouble}`],
  );
  const launches = ratios.length > 1 ? [`spillway / nginx, launch by launch: ${ratios.join(', ')}`] : [];
  const title = `${scenario}: ${one === undefined ? '' : titleOf(one)}`;
  return [title, ...[...lines, ...troubles, ...launches].map((line) => `  ${line}`.trimEnd())].join('\n');
}

/** Medians; of CPU times their middle half as well. */
function rowOf(name: string, figures: SubjectFigures, shown: readonly Measure[]): string[] {
  const cells = shown.map((measure) => {
    const spread = figures[measure];
    if (spread === undefined) return '–';
    if (measure === 'busy') return `${Math.round(spread.median * 100)} %`;
    return measure.startsWith('cpu') ? `${spread.median} (${spread.p25}–${spread.p75})` : String(spread.median);
  });
  const slices = shown.map((measure) => figures[measure]?.of ?? 0);
  const ratios = [figures.toNginx, figures.toSpillway].map((ratio) => (ratio === undefined ? '–' : `${ratio}×`));
  return [`${name} ${figures.version}`.trimEnd(), ...cells, ...ratios, String(Math.max(0, ...slices))];
}

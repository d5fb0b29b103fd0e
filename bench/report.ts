// Report: the table people read. Says nothing that is not in the record.
import type { RunRecord } from './history.ts';

export function tableOf(record: RunRecord): string {
  return record.scenarios
    .flatMap((figures) => [
      `${figures.scenario}, c=${figures.connections}: CPU µs per request`,
      line('', ['median', 'p25', 'p75', 'min', 'requests/s', 'busy', 'slices']),
      ...Object.entries(figures.subjects).map(([name, subject]) => {
        const { median, p25, p75, min } = subject.cpuUsPerRequest;
        return line(`${name} ${subject.version}`, [
          ...[median, p25, p75, min, subject.requestsPerSecond].map(String),
          `${Math.round(subject.busy * 100)} %`,
          String(subject.slices),
        ]);
      }),
      `spillway / nginx: ${figures.ratio} (launches: ${figures.ratios.join(', ')})`,
      `load and mock alone: ${figures.directPerSecond} requests/s`,
      '',
    ])
    .concat(`Node ${record.node}, ${record.cores} cores (${record.cpu})${record.pinned ? '' : ', not pinned'}`)
    .join('\n');
}

function line(first: string, cells: readonly string[]): string {
  return `  ${first.padEnd(18)}${cells.map((cell) => cell.padStart(11)).join('')}`;
}

// Bars: one horizontal bar for each row, with a whisker over the middle half, as an inline SVG that takes its colours from the
// page. All text is escaped here.
import { escaped } from '../../src/load/plot.ts';

export interface Bar {
  readonly label: string;
  /** Null: there is none, and `note` says why. */
  readonly value: number | null;
  readonly low: number;
  readonly high: number;
  readonly note: string;
  /** A class of the page. */
  readonly tone: 'own' | 'proxy' | 'peer';
}

const WIDTH = 760;
const LABEL_WIDTH = 170;
const NOTE_WIDTH = 190;
const ROW = 26;
const BAR = 14;

export function barsOf(title: string, bars: readonly Bar[]): string {
  const most = Math.max(1e-9, ...bars.map(({ value, high }) => (value === null ? 0 : Math.max(value, high))));
  const room = WIDTH - LABEL_WIDTH - NOTE_WIDTH;
  const x = (value: number): number => Math.round(LABEL_WIDTH + (value / most) * room);
  const rows = bars.map((bar, at) => rowOf(bar, at * ROW, x));
  const height = bars.length * ROW;
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}">${rows.join('')}</svg>`;
}

function rowOf({ label, value, low, high, note, tone }: Bar, top: number, x: (value: number) => number): string {
  const middle = top + ROW / 2;
  const text = (at: number, anchor: string, words: string, tint: string): string =>
    `<text x="${at}" y="${middle + 4}" text-anchor="${anchor}" class="${tint}">${escaped(words)}</text>`;
  const name = text(LABEL_WIDTH - 8, 'end', label, tone === 'own' ? 'strong' : 'plain');
  if (value === null) return name + text(LABEL_WIDTH, 'start', note.slice(0, 90), 'faint');
  const width = Math.max(1, x(value) - LABEL_WIDTH);
  const bar = `<rect x="${LABEL_WIDTH}" y="${middle - BAR / 2}" width="${width}" height="${BAR}" rx="2" class="${tone}"/>`;
  const whisker = `<line x1="${x(low)}" x2="${x(high)}" y1="${middle}" y2="${middle}" class="whisker"/>`;
  return name + bar + whisker + text(Math.max(x(value), x(high)) + 8, 'start', note, 'plain');
}

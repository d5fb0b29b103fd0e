// Curve: one figure over the runs of the history, as an inline SVG that takes its colours from the page.
import { escaped } from '../../src/load/plot.ts';

export interface Point {
  readonly value: number;
  /** Shown when one points at it. */
  readonly words: string;
}

const WIDTH = 760;
const HEIGHT = 180;
const LEFT = 40;
const MARGIN = 14;

/** From zero, so that a small change looks small. */
export function curveOf(title: string, points: readonly Point[]): string {
  const most = Math.max(1, ...points.map(({ value }) => value));
  const x = (at: number): number => Math.round(LEFT + (at / Math.max(1, points.length - 1)) * (WIDTH - LEFT - MARGIN));
  const y = (value: number): number => Math.round(HEIGHT - MARGIN - (value / most) * (HEIGHT - 2 * MARGIN));
  const path = points.map(({ value }, at) => `${at === 0 ? 'M' : 'L'}${x(at)} ${y(value)}`).join('');
  const dots = points.map(
    ({ value, words }, at) =>
      `<circle cx="${x(at)}" cy="${y(value)}" r="4" class="own"><title>${escaped(words)}</title></circle>`,
  );
  const steps = [0, Math.ceil(most / 2), Math.ceil(most)];
  const grid = steps.map(
    (step) =>
      `<line x1="${LEFT}" x2="${WIDTH - MARGIN}" y1="${y(step)}" y2="${y(step)}" class="grid"/>` +
      `<text x="${LEFT - 8}" y="${y(step) + 4}" text-anchor="end" class="faint">${step}</text>`,
  );
  return (
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">` +
    `${grid.join('')}<path d="${path}" class="curve"/>${dots.join('')}</svg>`
  );
}

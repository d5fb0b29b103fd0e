// Plot: lines and stacked areas as SVG text, for a page that must show them with no script and no network. Colours are CSS
// variables of the page, so that dark and light follow the reader. It must never be given names it does not escape.

export interface Series {
  readonly name: string;
  /** CSS colour. */
  readonly colour: string;
  /** By x; null: nothing was there. */
  readonly values: readonly (number | null)[];
}

/** A stretch of x in which something was so. */
export interface Band {
  readonly from: number;
  readonly to: number;
  readonly words: string;
}

export interface PlotOptions {
  readonly title: string;
  readonly series: readonly Series[];
  /** Ascending, one for each value. */
  readonly xs: readonly number[];
  readonly xWords: (x: number) => string;
  readonly yWords: (y: number) => string;
  readonly xTicks: readonly number[];
  /** Areas on top of each other instead of lines. */
  readonly stacked?: boolean;
  readonly logarithmic?: boolean;
  /** Drawn over all, as a line of its own. */
  readonly over?: Series;
  /** Shaded behind everything, each named at its top. */
  readonly bands?: readonly Band[];
}

const WIDTH = 960;
const HEIGHT = 300;
const LEFT = 70;
const RIGHT = 16;
const TOP = 12;
const BOTTOM = 30;
const TICKS = 5;
/** A line for each decade is too few when there is only one. */
const MANTISSAS = [1, 2, 5];

interface Frame {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly yTicks: readonly number[];
}

export function plot(options: PlotOptions): string {
  const frame = frameOf(options);
  const { title, series, over, stacked = false } = options;
  const marks = stacked ? areas(options, frame) : series.map((one) => line(one, options.xs, frame));
  const overLine = over === undefined ? [] : [line(over, options.xs, frame, 'over')];
  const legend = [...series, ...(over === undefined ? [] : [over])].map(
    ({ name, colour }) => `<span><i style="background:${colour}"></i>${escaped(name)}</span>`,
  );
  return [
    `<figure><figcaption>${escaped(title)}</figcaption><div class="legend">${legend.join('')}</div>`,
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">`,
    ...(options.bands ?? []).map((band, at) => shade(band, at, frame)),
    ...grid(options, frame),
    ...marks,
    ...overLine,
    '</svg></figure>',
  ].join('\n');
}

function frameOf({ series, over, xs, stacked = false, logarithmic = false }: PlotOptions): Frame {
  const all = [...series, ...(over === undefined ? [] : [over])].flatMap(({ values }) =>
    values.filter((value) => value !== null),
  );
  const sums = stacked ? xs.map((_, at) => series.reduce((sum, { values }) => sum + (values[at] ?? 0), 0)) : [];
  const top = Math.max(...all, ...sums, logarithmic ? 1 : 0) || 1;
  const bottom = logarithmic ? Math.max(0.1, Math.min(...all.filter((value) => value > 0), top)) : 0;
  const yTicks = logarithmic ? decadeTicks(bottom, top) : niceTicks(top);
  const [from, to] = [logarithmic ? (yTicks[0] ?? bottom) : 0, yTicks.at(-1) ?? top];
  const [first, last] = [xs[0] ?? 0, xs.at(-1) ?? 1];
  const yShare = (value: number): number =>
    logarithmic ? Math.log(Math.max(value, from) / from) / Math.log(to / from) : value / to;
  return {
    x: (value) => LEFT + ((value - first) / (last - first || 1)) * (WIDTH - LEFT - RIGHT),
    y: (value) => HEIGHT - BOTTOM - yShare(value) * (HEIGHT - TOP - BOTTOM),
    yTicks,
  };
}

/** From 0 to the first round number at or above `top`. */
export function niceTicks(top: number): number[] {
  const rough = top / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5, 10].find((times) => times * power >= rough) ?? 10);
  return Array.from({ length: Math.ceil(top / step - 1e-9) + 1 }, (_, at) => Number((at * step).toPrecision(6)));
}

export function decadeTicks(bottom: number, top: number): number[] {
  const ticks: number[] = [];
  const last = Math.ceil(Math.log10(top));
  for (let power = Math.floor(Math.log10(bottom)); power <= last; power++) {
    for (const mantissa of MANTISSAS) ticks.push(Number((mantissa * 10 ** power).toPrecision(6)));
  }
  const from = Math.max(
    0,
    ticks.findLastIndex((tick) => tick <= bottom),
  );
  const end = ticks.findIndex((tick) => tick >= top);
  const between = ticks.slice(from, end + 1);
  return between.length > 1 ? between : ticks.slice(from, from + 2);
}

function grid({ xTicks, xWords, yWords }: PlotOptions, { x, y, yTicks }: Frame): string[] {
  const right = WIDTH - RIGHT;
  const base = HEIGHT - BOTTOM;
  return [
    ...yTicks.map(
      (tick) =>
        `<line class="grid" x1="${LEFT}" x2="${right}" y1="${px(y(tick))}" y2="${px(y(tick))}"/><text x="${LEFT - 8}" y="${px(y(tick) + 4)}" text-anchor="end">${escaped(yWords(tick))}</text>`,
    ),
    ...xTicks.map(
      (tick) =>
        `<line class="tick" x1="${px(x(tick))}" x2="${px(x(tick))}" y1="${base}" y2="${base + 4}"/><text x="${px(x(tick))}" y="${base + 20}" text-anchor="middle">${escaped(xWords(tick))}</text>`,
    ),
  ];
}

const BAND_LINES = 3;
const BAND_LINE_HEIGHT = 14;

/** Neighbours' names stand on lines of their own, so that they do not run into each other. */
function shade({ from, to, words }: Band, at: number, { x }: Frame): string {
  const left = x(from);
  const width = Math.max(1, x(to) - left);
  const baseline = TOP + BAND_LINE_HEIGHT * (1 + (at % BAND_LINES));
  return `<g class="band"><rect x="${px(left)}" y="${TOP}" width="${px(width)}" height="${HEIGHT - TOP - BOTTOM}"/><text x="${px(left + 4)}" y="${baseline}">${escaped(words)}</text></g>`;
}

/** Breaks where nothing was; a point that stands alone is a dot. */
function line({ name, colour, values }: Series, xs: readonly number[], { x, y }: Frame, kind = 'line'): string {
  const runs: string[][] = [[]];
  for (const [at, value] of values.entries()) {
    if (value === null) runs.push([]);
    else runs.at(-1)?.push(`${px(x(xs[at] ?? 0))},${px(y(value))}`);
  }
  const shapes = runs
    .filter((run) => run.length > 0)
    .map((run) => (run.length === 1 ? `M${run[0]}h.1` : `M${run.join('L')}`));
  return `<path class="${kind}" d="${shapes.join('')}" style="stroke:${colour}"><title>${escaped(name)}</title></path>`;
}

function areas({ series, xs }: PlotOptions, frame: Frame): string[] {
  let below = xs.map(() => 0);
  return series.map(({ name, colour, values }) => {
    const above = below.map((value, at) => value + (values[at] ?? 0));
    const points = [...edge(xs, above, frame), ...edge(xs, below, frame).toReversed()];
    below = above;
    return `<path class="area" d="M${points.join('L')}Z" style="fill:${colour}"><title>${escaped(name)}</title></path>`;
  });
}

const edge = (xs: readonly number[], ys: readonly number[], { x, y }: Frame): string[] =>
  ys.map((value, at) => `${px(x(xs[at] ?? 0))},${px(y(value))}`);

const px = (value: number): string => value.toFixed(1);

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

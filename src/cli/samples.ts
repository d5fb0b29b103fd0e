// Samples: the figures of a Prometheus page, as names, labels and numbers. It must never trust the text: it reads so much and
// no more, and what it does not understand it leaves out.

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const CHARACTERS_MAX = 16_000_000;
const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

export class Samples {
  readonly text: string;
  readonly #byName = new Map<string, Sample[]>();

  constructor(text: string) {
    this.text = text;
    for (const line of text.slice(0, CHARACTERS_MAX).split('\n')) {
      const sample = readSample(line);
      if (sample === null) continue;
      const known = this.#byName.get(sample.name);
      if (known === undefined) this.#byName.set(sample.name, [sample]);
      else known.push(sample);
    }
  }

  /** Those that carry all of these labels. */
  all(name: string, labels: Readonly<Record<string, string>> = {}): readonly Sample[] {
    const wanted = Object.entries(labels);
    const found = this.#byName.get(name) ?? [];
    return wanted.length === 0
      ? found
      : found.filter((sample) => wanted.every(([label, value]) => sample.labels[label] === value));
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** 0 when there are none. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.all(name, labels).reduce((sum, { value }) => sum + value, 0);
  }

  /** Null when there are none. */
  max(name: string, labels: Readonly<Record<string, string>> = {}): number | null {
    const found = this.all(name, labels);
    return found.length === 0 ? null : Math.max(...found.map(({ value }) => value));
  }

  /** Every value that a label has among the samples of a name. */
  values(name: string, label: string): string[] {
    return [...new Set(this.all(name).map(({ labels }) => labels[label] ?? ''))].filter((value) => value !== '');
  }
}

function readSample(line: string): Sample | null {
  if (line === '' || line.startsWith('#')) return null;
  const [, name, labels = '', number = ''] = SAMPLE.exec(line) ?? [];
  const value = number === '+Inf' ? Number.POSITIVE_INFINITY : Number(number);
  if (name === undefined || number === '' || Number.isNaN(value)) return null;
  const pairs = [...labels.matchAll(LABEL)].map(([, label = '', text = '']) => [label, unescaped(text)]);
  return { name, labels: Object.fromEntries(pairs) as Record<string, string>, value };
}

const unescaped = (text: string): string =>
  text.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));

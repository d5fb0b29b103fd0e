// Problems: everything wrong with one configuration, gathered so that a user can mend all of it at once, told as
// `file:line:column: message` in the order of the file. Messages name settings and variables, never values of secrets.
import type { ConfigDocument } from './document.ts';

/** `['keys', 0, 'lane']`. */
export type Path = readonly (string | number)[];

/** Both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Problem extends Position {
  readonly message: string;
}

export class Problems {
  readonly #document: ConfigDocument;
  readonly #found: Problem[] = [];
  /** Settings that were refused and taken out; what lacks because of that is no further problem. */
  readonly #pruned: Path[] = [];

  constructor(document: ConfigDocument) {
    this.#document = document;
  }

  get count(): number {
    return this.#found.length;
  }

  /** At the setting's value, or at its name when the name is what is wrong. */
  add(path: Path, message: string, part: 'name' | 'value' = 'value'): void {
    if (this.#pruned.some((pruned) => isWithin(pruned, path) || isWithin(path, pruned))) return;
    const position = part === 'name' ? this.#document.nameAt(path) : this.#document.valueAt(path);
    this.#found.push({ ...position, message });
  }

  /** Like `add`, for a setting that is taken out: nothing about it, what is in it, or its lack is told any more. */
  addPruned(
    path: Path,
    problem: { readonly path: Path; readonly message: string; readonly part: 'name' | 'value' },
  ): void {
    this.add(problem.path, problem.message, problem.part);
    this.#pruned.push(path);
  }

  lines(file: string): string[] {
    return problemLines(file, this.#found);
  }
}

function isWithin(inner: Path, outer: Path): boolean {
  return outer.every((step, index) => inner[index] === step);
}

export function problemLines(file: string, problems: readonly Problem[]): string[] {
  const inOrder = problems.toSorted((left, right) => left.line - right.line || left.column - right.column);
  return [...new Set(inOrder.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`))];
}

/** `upstreams.deepseek.apiKeys[1]`. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}

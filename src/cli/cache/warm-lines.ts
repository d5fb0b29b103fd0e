// Warm lines: a file of JSON Lines read piece by piece, however long it is. What is wrong with a
// line is noted, a few of them in words, and never quoted.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { readWarmLine, type WarmLine } from '../../policy/warm-file.ts';

const TROUBLES_TOLD = 20;
/** A line that is read whole: the largest request the gateway takes, and an answer. */
const LINE_CHARACTERS_MAX = 40 * 1024 * 1024;

export class Troubles {
  readonly told: string[] = [];
  count = 0;

  note(line: number, why: string): void {
    this.count++;
    if (this.told.length < TROUBLES_TOLD) this.told.push(`line ${line} ${why}`);
  }
}

export interface NumberedLine {
  readonly number: number;
  readonly line: WarmLine;
}

export interface FileShape {
  readonly pairs: number;
  readonly requests: number;
}

export async function* warmLines(file: string, troubles: Troubles): AsyncGenerator<NumberedLine> {
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY });
  let number = 0;
  for await (const text of lines) {
    number++;
    const read = text.length > LINE_CHARACTERS_MAX ? null : readWarmLine(text);
    if (read === null) {
      if (text.trim() !== '') troubles.note(number, 'is too long');
    } else if (read.ok) yield { number, line: read.value };
    else troubles.note(number, read.error);
  }
}

/** Reads it once: how much there is to do. */
export async function shapeOf(file: string): Promise<FileShape> {
  let pairs = 0;
  let requests = 0;
  for await (const { line } of warmLines(file, new Troubles())) {
    if (line.answer === null) requests++;
    else pairs++;
  }
  return { pairs, requests };
}

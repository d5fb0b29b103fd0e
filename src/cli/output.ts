// Output: lines to the terminal. Standard output carries what was asked for, standard error what people read meanwhile.
import { writeSync } from 'node:fs';
import { exitCodes } from './exit-codes.ts';

export interface Output {
  out(line: string): void;
  err(line: string): void;
  /** Standard error is a terminal that shows colours. */
  readonly colours: boolean;
}

export function terminal(noColour: boolean): Output {
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    colours: process.stderr.isTTY && !noColour,
  };
}

/** What was typed cannot be done; answers the exit code. */
export function refuse(why: string, output: Output): number {
  output.err(`spillway: ${why}`);
  return exitCodes.usage;
}

/** `spillway schema | head -1`: the reader left, and that is no error. */
export function ignoreBrokenPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') return;
      writeSync(2, `spillway: cannot write: ${error.message}\n`);
      process.exit(1);
    });
  }
}

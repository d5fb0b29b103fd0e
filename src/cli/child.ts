// Child: another command of this program in a process of its own: far sides and a gateway for those who want to see them at
// work together. It must never outlive its parent's end, and never inherit the environment: no key of whoever runs it gets in.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { systemTimers } from '../adapters/system.ts';

export interface Child {
  /** What the first line that fits the pattern holds in its first group. */
  readonly said: string;
  /** Resolves when it has ended. */
  stop(): Promise<void>;
}

const START_MS_MAX = 20_000;
const STOP_MS_MAX = 5_000;
const WORDS_MAX = 2_000;
const MAIN = join(import.meta.dirname, import.meta.url.endsWith('.ts') ? 'main.ts' : 'main.js');

const running = new Set<ChildProcess>();
let watching = false;

/** Resolves at the first line, on either output, that fits; rejects when the command ends without one. */
export async function startChild(args: readonly string[], pattern: RegExp): Promise<Child> {
  endThemWithUs();
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { NO_COLOR: '1' } });
  running.add(child);
  const ended = once(child, 'close').finally(() => running.delete(child));
  ended.catch(() => undefined);
  const said = await firstLine(child, args[0] ?? '', pattern);
  return { said, stop: () => stop(child, ended) };
}

function firstLine(child: ChildProcess, name: string, pattern: RegExp): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let words = '';
  // Whoever is silent for so long has not started; and a child whose output nobody reads would stand still.
  const late = systemTimers.after(START_MS_MAX, () => {
    child.kill('SIGKILL');
    reject(new Error(`${name} did not start within ${START_MS_MAX / 1000} s: ${words.trim()}`));
  });
  for (const output of [child.stdout, child.stderr]) {
    if (output === null) continue;
    createInterface(output).on('line', (line) => {
      words = `${words}${line}\n`.slice(-WORDS_MAX);
      const found = pattern.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
  }
  child.once('error', reject);
  child.once('close', () => reject(new Error(`${name} ended at once: ${words.trim()}`)));
  return promise.finally(() => late.cancel());
}

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const patience = systemTimers.after(STOP_MS_MAX, () => child.kill('SIGKILL'));
  await ended;
  patience.cancel();
}

function endThemWithUs(): void {
  if (watching) return;
  watching = true;
  process.on('exit', () => {
    for (const child of running) child.kill('SIGKILL');
  });
}

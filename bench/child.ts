// Child: a process that the bench starts on a core of its choice, and surely ends. Ends only what it started, by pid,
// also when the bench itself is interrupted.
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { availableParallelism } from 'node:os';

export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly process: ChildProcess;
  /** What it last wrote to stderr, to be shown when it fails. */
  lastWords(): string;
  stop(): Promise<void>;
}

export interface ChildOptions {
  /** Where it runs, when the machine can pin (see `cores`); null: wherever there is room. */
  readonly core: number | null;
  readonly stdout?: 'ignore' | 'pipe';
  /** Besides PATH. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The measured process has a core for itself; load and mock upstream share the other. */
export const cores = { measured: 0, around: 1 } as const;

const pinProgram = 'taskset';

/** False where `taskset` or a second core is missing: the figures then include the scheduler's moves. */
export const canPin: boolean =
  availableParallelism() > 1 && spawnSync(pinProgram, ['--version'], { stdio: 'ignore' }).status === 0;

const running = new Set<ChildProcess>();
const STOP_MS_MAX = 5_000;
const WORDS_MAX = 4_096;

export function startChild(name: string, command: readonly string[], options: ChildOptions): Child {
  const [program = '', ...rest] = pinned(command, options.core);
  const stdout = options.stdout ?? 'ignore';
  // A closed environment: no provider keys or proxies of whoever runs the bench get into the figures.
  const env = { PATH: process.env['PATH'] ?? '', ...options.environment };
  const child = spawn(program, rest, { stdio: ['pipe', stdout, 'pipe'], env });
  running.add(child);
  let words = '';
  child.stderr?.on('data', (bytes: Buffer) => (words = (words + bytes.toString()).slice(-WORDS_MAX)));
  child.on('exit', () => running.delete(child));
  // A write to one that is gone: its exit tells more.
  child.stdin?.on('error', () => undefined);
  child.on('error', (error) => (words += error.message));
  return { name, pid: child.pid ?? 0, process: child, lastWords: () => words.trim(), stop: () => stop(child) };
}

/** Prefixes a command so that it runs on one core. taskset execs, so the pid is the program's own. */
function pinned(command: readonly string[], core: number | null): string[] {
  return canPin && core !== null ? [pinProgram, '-c', String(core), ...command] : [...command];
}

/** Resolves when the port accepts connections; throws when the child ended or the time is up. */
export async function waitForPort(child: Child, port: number, msMax = 20_000): Promise<void> {
  const until = performance.now() + msMax;
  while (performance.now() < until) {
    if (child.process.exitCode !== null || child.pid === 0) break;
    if (await accepts(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${child.name} does not listen on port ${port}: ${child.lastWords()}`);
}

async function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const patience = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
  await gone;
  clearTimeout(patience);
}

/** To be called once, by the program: whatever ends the bench ends its children. */
export function endChildrenWithUs(): void {
  process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));
  process.on('SIGINT', () => process.exit(130));
  process.on('SIGTERM', () => process.exit(143));
}

// Load: one burst of closed-loop requests from a process of its own: wrk where the machine has it, else closed-loop.ts.
// wrk is C and leaves the mock upstream more of their common core, so nginx is surely saturated; its one flaw is that it
// walks away from the requests in flight when its time is up (as many as it has connections).
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cores, pinned } from './child.ts';
import type { Aim, Burst } from './closed-loop.ts';
import { chatPath, chatRequest } from './payload.ts';

export interface Load {
  /** With its version, for the history. */
  readonly name: string;
  readonly connections: number;
  /** Throws when the generator itself fails; refused or broken requests are counted in the burst. */
  burst(aim: Aim, seconds: number): Promise<Burst>;
}

/** wrk where it is to be had. `folder` takes the request body's file. */
export function openLoad(connections: number, folder: string): Load {
  const version = /wrk \S*?(\d[\w.+-]*)/.exec(spawnSync('wrk', ['-v'], { encoding: 'utf8' }).stdout ?? '')?.[1];
  return version === undefined ? ownLoad(connections) : wrkLoad(connections, folder, version);
}

function wrkLoad(connections: number, folder: string, version: string): Load {
  const body = join(folder, 'body.json');
  writeFileSync(body, chatRequest);
  const script = join(import.meta.dirname, 'wrk.lua');
  return {
    name: `wrk ${version}`,
    connections,
    burst: ({ port, secret }, seconds) => {
      const options = ['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '--timeout', '5s', '-s', script];
      return readBurst(['wrk', ...options, `http://127.0.0.1:${port}${chatPath}`, '--', body, secret], seconds);
    },
  };
}

function ownLoad(connections: number): Load {
  const script = join(import.meta.dirname, 'closed-loop.ts');
  return {
    name: 'closed-loop.ts',
    connections,
    burst: ({ port, secret }, seconds) =>
      readBurst([process.execPath, script, String(port), secret, String(connections), String(seconds)], seconds),
  };
}

/** Runs a generator; the last line it prints is the burst. */
async function readBurst(command: readonly string[], seconds: number): Promise<Burst> {
  const [program = '', ...rest] = pinned(command, cores.around);
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'], timeout: seconds * 1_000 + 15_000 });
  let output = '';
  child.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const line = output.trim().split('\n').at(-1) ?? '';
  if (code !== 0 || !line.startsWith('{')) throw new Error(`the load generator failed: ${output}`);
  const burst: Burst = JSON.parse(line);
  return burst;
}

// `spillway up`: loads the configuration, starts the gateway, says where it is, and ends it the way signals ask.
// The first SIGTERM or SIGINT drains; a second one means "now". SIGHUP reads the configuration again.
import { isAbsent } from '../adapters/config/load.ts';
import type { Environment } from '../adapters/environment.ts';
import { releaseStartMemory } from '../adapters/start-memory.ts';
import type { Running, StartOptions } from '../apps/running.ts';
import type { Config } from '../ports/config.ts';
import { awake } from './awake.ts';
import { banner } from './banner.ts';
import { exitCodes } from './exit-codes.ts';
import { loader, type Loader } from './load.ts';
import type { Output } from './output.ts';
import { version } from './version.ts';

export interface UpOptions {
  readonly config?: string;
  readonly port?: string;
  readonly host?: string;
  readonly workers?: string;
}

/** Answers the exit code when the gateway has stopped. */
export async function up(options: UpOptions, environment: Environment, output: Output): Promise<number> {
  const wishes = {
    file: options.config ?? null,
    host: options.host ?? null,
    port: options.port ?? null,
    workers: options.workers ?? null,
  };
  const source = loader(wishes, environment);
  const first = source.load();
  if (!first.ok) {
    for (const line of first.error) output.err(line);
    return source.file !== null && isAbsent(source.file) ? exitCodes.usage : exitCodes.failed;
  }
  let gateway: Running;
  try {
    gateway = await start(startOptions(source, first, output), first.value);
  } catch (error) {
    output.err(`spillway: ${whyNotStarted(error, first.value)}`);
    return exitCodes.failed;
  }
  // Before the banner: whoever reads it may send a signal at once.
  const stopped = untilStopped(gateway, output);
  const shown = banner({ url: gateway.url, config: gateway.config, colours: output.colours, version: version() });
  for (const line of shown) output.err(line);
  const code = await awake(() => stopped);
  // Sockets an upstream keeps open must not keep a drained process alive.
  return process.exit(code);
}

/** Each way loads only what it needs: the primary of several processes serves nothing itself. */
async function start(options: StartOptions, { workers }: Config): Promise<Running> {
  if (workers === 1) return (await import('../apps/gateway.ts')).startGateway(options);
  return (await import('../apps/workers/crew.ts')).startCrew(options);
}

/** The configuration that was just read is the one the gateway starts with: the file is not read twice. */
function startOptions(source: Loader, first: ReturnType<Loader['load']>, output: Output): StartOptions {
  let unused: ReturnType<Loader['load']> | null = first;
  return {
    configFile: source.file,
    version: version(),
    announce: (line) => output.err(line),
    beforeServing: releaseStartMemory,
    loadConfig: () => {
      const result = unused ?? source.load();
      unused = null;
      return result;
    },
  };
}

function whyNotStarted(error: unknown, { host, port }: Config): string {
  const { code, message } =
    error instanceof Error ? (error as NodeJS.ErrnoException) : { code: '', message: String(error) };
  if (code === 'EADDRINUSE')
    return `port ${portOf(error) ?? port} on ${host} is in use: stop what listens there, or choose another with --port`;
  if (code === 'EACCES')
    return `no permission to listen on port ${portOf(error) ?? port}: choose one above 1023 with --port`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `${host} is no address of this machine: choose another with --host`;
  return message;
}

function portOf(error: unknown): number | null {
  return error instanceof Error && 'port' in error && typeof error.port === 'number' ? error.port : null;
}

const SIGNAL_EXIT = { SIGINT: 130, SIGTERM: 143 } as const;

function untilStopped(gateway: Running, output: Output): Promise<number> {
  return new Promise((resolve) => {
    let stopping = false;
    const stop = (signal: 'SIGINT' | 'SIGTERM'): void => {
      if (stopping) process.exit(SIGNAL_EXIT[signal]);
      stopping = true;
      output.err(`spillway: ${signal}: finishing what is in flight; once more ends at once`);
      gateway.stop(signal).then(
        () => resolve(exitCodes.done),
        (error: unknown) => {
          output.err(`spillway: ${error instanceof Error ? error.message : String(error)}`);
          resolve(exitCodes.failed);
        },
      );
    };
    process.on('SIGINT', () => stop('SIGINT'));
    process.on('SIGTERM', () => stop('SIGTERM'));
    process.on('SIGHUP', () => gateway.reload());
  });
}

// Running: what whoever starts a gateway gives and gets, be it one process or several.
import type { Result } from '../kernel/result.ts';
import type { Config } from '../ports/config.ts';

export interface StartOptions {
  /** Called at start, on SIGHUP and when the file changed. */
  loadConfig(): Result<Config, readonly string[]>;
  /** Watched for changes; null: there is none. */
  readonly configFile: string | null;
  readonly version: string;
  /** For people: things that happen after the banner (models found). */
  announce(line: string): void;
  /** Called once, when all that serves is loaded and nobody is answered yet. */
  beforeServing?(): void;
}

export interface Running {
  readonly url: string;
  readonly config: Config;
  /** Drains, then closes. Resolves when nothing is left open. */
  stop(why: string): Promise<void>;
  /** Reads the configuration again. */
  reload(): void;
}

/** After the drain, for bytes still on their way to slow readers. */
export const FLUSH_MS = 2_000;

/** What a reload cannot change: it takes effect at the next start. */
export const startSettings = ({
  host,
  port,
  adminPort,
  tls,
  lane,
  workers,
  stateDir,
  redis,
  log,
  telemetry,
}: Config): Partial<Config> => ({ host, port, adminPort, tls, lane, workers, stateDir, redis, log, telemetry });

export const urlOf = ({ host, tls }: Config, port: number): string =>
  `${tls === null ? 'http' : 'https'}://${urlHost(host)}:${port}`;

const urlHost = (host: string): string => {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
};

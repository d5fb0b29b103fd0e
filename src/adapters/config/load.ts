// Load: everything from "which file?" to a finished Config: finds and reads the file (or does without one), and lets the
// command line, then HOST, PORT and OTEL_EXPORTER_OTLP_ENDPOINT have their say. Every failure is lines for people.
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { limits } from '../../kernel/limits.ts';
import { fail, ok, type Result } from '../../kernel/result.ts';
import type { Config } from '../../ports/config.ts';
import type { Environment } from '../environment.ts';
import { type Automatic, automaticUpstreams } from './automatic.ts';
import { defaultServer } from './defaults.ts';
import { exposureProblems } from './exposure.ts';
import { parseConfig, type ParsedConfig } from './parse.ts';
import type { Path } from './problems.ts';
import { workersNamed } from './listener.ts';
import { type ProviderFacts, urlTrouble, withoutTrailingSlashes } from './reading.ts';

export interface LoadOptions {
  /** Null: no file; environment and defaults. */
  readonly file: string | null;
  readonly environment: Environment;
  readonly providers: ProviderFacts;
  /** From the command line; they win over everything. */
  readonly host: string | null;
  readonly port: string | null;
  /** A number or `auto`; absent or null: as the file says. */
  readonly workers?: string | null;
}

const fileNames = ['spillway.yaml', 'spillway.yml', 'spillway.json'] as const;

/** The file to use: the one asked for, the one SPILLWAY_CONFIG names, or the usual name in `directory`; null: none. */
export function findConfigFile(asked: string | null, environment: Environment, directory: string): string | null {
  const named = asked ?? environment.known.SPILLWAY_CONFIG;
  if (named !== null) return named;
  return fileNames.find((name) => existsSync(join(directory, name))) ?? null;
}

/** Why the file cannot be read, in a few words; null when it can. */
function whyUnreadable(path: string): string | null {
  try {
    if (statSync(path).isDirectory()) return 'this is a directory, not a file';
    accessSync(path, constants.R_OK);
    return null;
  } catch (error) {
    return errorWords(error);
  }
}

export function isAbsent(path: string): boolean {
  return !existsSync(path);
}

function errorWords(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'no permission to read it';
  if (code === 'EISDIR') return 'this is a directory, not a file';
  return `cannot be read (${code || 'unknown error'})`;
}

export function loadConfig(options: LoadOptions): Result<Config, readonly string[]> {
  const listen = readListen(options);
  if (!listen.ok) return listen;
  const automatic = (filePort: number): Result<Automatic, readonly string[]> =>
    automaticUpstreams(options.environment, listen.value.port?.value ?? filePort);
  const parsed = options.file === null ? withoutFile(automatic, options) : withFile(options.file, automatic, options);
  if (!parsed.ok) return parsed;
  return finish(parsed.value, listen.value, options.environment);
}

type AutomaticAt = (filePort: number) => Result<Automatic, readonly string[]>;

function withFile(file: string, automatic: AutomaticAt, options: LoadOptions): Result<ParsedConfig, readonly string[]> {
  const why = whyUnreadable(file);
  if (why !== null) return fail([`${file}: ${why}`]);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return fail([`${file}: ${errorWords(error)}`]);
  }
  return parseConfig(text, {
    file,
    environment: options.environment,
    providers: options.providers,
    automatic,
    resolvePath: (path) => resolve(dirname(file), path),
    whyUnreadable,
  });
}

/** An empty object is a file that says nothing: every default, and the upstreams of the environment. */
function withoutFile(automatic: AutomaticAt, options: LoadOptions): Result<ParsedConfig, readonly string[]> {
  const found = automatic(defaultServer.port);
  if (!found.ok) return found;
  const parsed = parseConfig('{}', {
    file: found.value.source,
    environment: options.environment,
    providers: options.providers,
    automatic: () => found,
    resolvePath: (path) => path,
    whyUnreadable,
  });
  return parsed.ok ? ok({ ...parsed.value, placeOf: () => 'spillway' }) : parsed;
}

interface Override<Value> {
  readonly value: Value;
  /** `environment variable PORT`, `--port`. */
  readonly from: string;
}
interface Listen {
  readonly host: Override<string> | null;
  readonly port: Override<number> | null;
  readonly workers: number | null;
}

function readListen({ host, port, workers = null, environment }: LoadOptions): Result<Listen, readonly string[]> {
  const hostText = override(host, '--host', environment.known.HOST, 'HOST');
  const portText = override(port, '--port', environment.known.PORT, 'PORT');
  if (hostText !== null && /[\s/]/.test(hostText.value)) {
    return fail([`${hostText.from}: must be a host name or address, like 127.0.0.1`]);
  }
  const workerCount = workers === null ? null : workersNamed(workers);
  if (workers !== null && workerCount === null) {
    return fail([`--workers: must be \`auto\` or a number, 1 to ${limits.workersMax}`]);
  }
  if (portText === null) return ok({ host: hostText, port: null, workers: workerCount });
  const number = /^\d{1,5}$/.test(portText.value) ? Number(portText.value) : Number.NaN;
  if (!(number <= 65_535)) return fail([`${portText.from}: must be a port, 0 to 65535`]);
  return ok({ host: hostText, port: { value: number, from: portText.from }, workers: workerCount });
}

function override(
  option: string | null,
  optionName: string,
  variable: string | null,
  variableName: string,
): Override<string> | null {
  if (option !== null) return { value: option, from: optionName };
  return variable === null ? null : { value: variable, from: `environment variable ${variableName}` };
}

function finish(parsed: ParsedConfig, listen: Listen, environment: Environment): Result<Config, readonly string[]> {
  const endpoint = environment.known.OTEL_EXPORTER_OTLP_ENDPOINT;
  const trouble = endpoint === null ? null : urlTrouble(endpoint);
  if (trouble !== null) return fail([`environment variable OTEL_EXPORTER_OTLP_ENDPOINT: ${trouble}`]);
  const { telemetry } = parsed.config;
  const config: Config = {
    ...parsed.config,
    host: withoutBrackets(listen.host?.value ?? parsed.config.host),
    port: listen.port?.value ?? parsed.config.port,
    workers: listen.workers ?? parsed.config.workers,
    telemetry: {
      ...telemetry,
      otlpEndpoint: telemetry.otlpEndpoint ?? (endpoint === null ? null : withoutTrailingSlashes(endpoint)),
    },
  };
  const lines = exposureProblems(config).map(({ path, message }) => `${placeOf(path, parsed, listen)}: ${message}`);
  return lines.length > 0 ? fail(lines) : ok(config);
}

/** `[::1]` is how an address stands in a URL; to listen on it is `::1`. */
function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

function placeOf(path: Path, parsed: ParsedConfig, listen: Listen): string {
  return path[0] === 'host' && listen.host !== null ? listen.host.from : parsed.placeOf(path);
}

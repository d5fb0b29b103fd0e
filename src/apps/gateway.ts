// The gateway in one process: the pure whole joined to the world. The only place that knows every technology in use; it
// holds no rule of its own. Started by `spillway up`.
import { ConfigWatch } from '../adapters/config/watch.ts';
import { AuthorizingTransport } from '../adapters/credentials/authorizing-transport.ts';
import { WorldCredentials } from '../adapters/credentials/world-credentials.ts';
import { nodeDigest, nodeHmac } from '../adapters/digest.ts';
import { ExpressTransport } from '../adapters/lane/express-transport.ts';
import { createTracer } from '../adapters/observe/otlp.ts';
import { createLog } from '../adapters/observe/pino-log.ts';
import { PrometheusPage } from '../adapters/observe/prometheus.ts';
import { openRedisCache, type RedisCache } from '../adapters/redis/redis-cache.ts';
import { heapPressure, systemChance, systemClock, systemTimers, timersPending } from '../adapters/system.ts';
import { StateFile } from '../adapters/state-file.ts';
import { VitalsWatch } from '../adapters/vitals.ts';
import { UndiciTransport } from '../adapters/undici/transport.ts';
import { Gateway } from '../gateway/gateway.ts';
import { type Result, wordsOfBug } from '../kernel/result.ts';
import { FactFan } from '../memory/fact-fan.ts';
import { MemoryState } from '../memory/memory-state.ts';
import { ScriptedTransport } from '../memory/scripted-transport.ts';
import { TrailStore } from '../memory/trail-store.ts';
import type { Config } from '../ports/config.ts';
import type { GaugeReading } from '../ports/gauges.ts';
import { type Listener, listenAll, listenerGauges, openListeners } from './listeners.ts';

export interface StartOptions {
  /** Called at start, on SIGHUP and when the file changed. */
  loadConfig(): Result<Config, readonly string[]>;
  /** Watched for changes; null: there is none. */
  readonly configFile: string | null;
  readonly version: string;
  /** For people: things that happen after the banner (models found). */
  announce(line: string): void;
}

export interface RunningGateway {
  readonly url: string;
  readonly config: Config;
  /** Drains, then closes. Resolves when nothing is left open. */
  stop(why: string): Promise<void>;
  /** Reads the configuration again. */
  reload(): void;
}

/** After the drain, for bytes still on their way to slow readers. */
const FLUSH_MS = 2_000;

/** Throws an Error with the problems, one a line, or the system's error when the port cannot be had. */
export async function startGateway(options: StartOptions): Promise<RunningGateway> {
  const loaded = options.loadConfig();
  if (!loaded.ok) throw new Error(loaded.error.join('\n'));
  const config = loaded.value;
  const { version } = options;
  const trails = new TrailStore();
  const log = createLog(config.log.level, undefined, version);
  const tracer = await createTracer(config.telemetry, systemChance, {
    serviceVersion: version,
    onTrouble: (why) => tellBug('traces', why),
  });
  const metrics = new PrometheusPage({ read: () => gauges() }, { version });
  const tellBug = (where: string, error: unknown): void =>
    facts.accept({ kind: 'bug', at: systemClock.wall(), where, error: wordsOfBug(error) });
  const facts: FactFan = new FactFan([metrics, trails, log, ...(tracer === null ? [] : [tracer])], tellBug);
  const network = new UndiciTransport({ clock: systemClock, timers: systemTimers });
  const express =
    config.lane === 'on' ? new ExpressTransport({ clock: systemClock, timers: systemTimers, fallback: network }) : null;
  const authorizing = new AuthorizingTransport(express ?? network, new WorldCredentials(systemClock, systemTimers));
  const scripted = new ScriptedTransport(systemTimers, systemChance, systemClock);
  const tellTrouble = (where: string) => (why: string) =>
    facts.accept({ kind: 'trouble', at: systemClock.wall(), where, why });
  const stateFile = openState(config, tellTrouble('state'));
  const redis = await openRedis(config, tellTrouble('redis'));
  const gateway = new Gateway({
    ports: {
      ...(redis === null ? {} : { cache: redis }),
      clock: systemClock,
      timers: systemTimers,
      chance: systemChance,
      digest: nodeDigest,
      hmac: nodeHmac,
      facts,
      transport: (provider) => (provider === 'scripted' ? scripted : authorizing),
    },
    config,
    state: stateFile ?? new MemoryState(),
    trails,
    metrics,
    userAgent: `spillway/${version}`,
    onReload: () => reload(),
  });
  const servers = openListeners(gateway.door, config, tellBug);
  const gauges = (): GaugeReading[] => [
    ...gateway.read(),
    ...listenerGauges(servers),
    ...(redis?.gauges() ?? []),
    { name: 'timers_pending', help: 'Timers set, and neither fired nor cancelled', labels: {}, value: timersPending() },
  ];
  const { port } = await listenAll(servers).catch((error: unknown) => giveUp(redis, error));
  const vitals = watchVitals(gateway, servers);
  gateway.start(() => announceModels(gateway, config, options));
  const watch = watchConfig(gateway, config, options);
  const reload = (): void => (watch === null ? reloadOnce(gateway, options) : watch.check(true));
  watch?.start();
  return {
    url: `${config.tls === null ? 'http' : 'https'}://${urlHost(config.host)}:${port}`,
    config,
    reload,
    stop: async (why) => {
      watch?.stop();
      vitals.stop();
      await drain(gateway, servers, why);
      redis?.close();
      express?.destroy();
      await Promise.all([network.destroy(), tracer?.shutdown(), stateFile?.close()]);
      log.flush();
    },
  };
}

/** The last bytes of the last answers get a moment to leave; a reader that does not take them is left behind. */
async function drain(gateway: Gateway, servers: readonly Listener[], why: string): Promise<void> {
  await new Promise<void>((resolve) => gateway.drain(why, resolve));
  const flushed = Promise.all(servers.map((server) => server.close()));
  systemTimers.after(FLUSH_MS, () => servers.forEach((server) => server.destroyAll()));
  await flushed;
}

/** An open connection would keep the process from ending. */
function giveUp(redis: RedisCache | null, error: unknown): never {
  redis?.close();
  throw error;
}

/** Null: answers are kept in this process alone. Told once for each change, of node and purpose. */
async function openRedis({ redis }: Config, onChange: (why: string) => void): Promise<RedisCache | null> {
  if (redis === null) return null;
  const time = { clock: systemClock, timers: systemTimers, chance: systemChance };
  return openRedisCache({
    ...time,
    config: redis,
    tell: ({ node, what, isUp, why }) => onChange(`${node}: ${what} ${isUp ? 'up' : 'down'}: ${why}`),
  });
}

/** Null: what is learned is kept in memory. */
function openState({ stateDir }: Config, onTrouble: (why: string) => void): StateFile | null {
  return stateDir === null ? null : new StateFile({ directory: stateDir, timers: systemTimers, onTrouble });
}

function watchVitals(sink: Gateway, servers: readonly Listener[]): VitalsWatch {
  const socketShare = (): number =>
    Math.max(...servers.map(({ stats, limits: own }) => stats.connections / own.connectionsMax));
  const sources = { clock: systemClock, timers: systemTimers, heapShare: heapPressure, socketShare, sink };
  const watch = new VitalsWatch(sources);
  watch.start();
  return watch;
}

function watchConfig(gateway: Gateway, started: Config, options: StartOptions): ConfigWatch | null {
  if (options.configFile === null) return null;
  const file = options.configFile;
  return new ConfigWatch({
    file,
    timers: systemTimers,
    loadConfig: () => options.loadConfig(),
    onConfig: (config) => gateway.apply(config, restartNotes(started, config)),
    onRefused: (problems) => gateway.refuse(file, problems),
  });
}

/** Without a file the environment is read once more; a process's own environment does not change, but SIGHUP may be sent. */
function reloadOnce(gateway: Gateway, options: StartOptions): void {
  const loaded = options.loadConfig();
  if (loaded.ok) gateway.apply(loaded.value, []);
  else gateway.refuse('environment', loaded.error);
}

/** What a reload cannot change is said, not swallowed. */
function restartNotes(started: Config, now: Config): string[] {
  const fixed = ['host', 'port', 'adminPort', 'tls', 'lane', 'stateDir', 'redis', 'log', 'telemetry'] as const;
  const changed = fixed.filter((setting) => JSON.stringify(started[setting]) !== JSON.stringify(now[setting]));
  return changed.map((setting) => `\`${setting}\` takes effect at the next start`);
}

function announceModels(gateway: Gateway, config: Config, options: StartOptions): void {
  const asked = Object.entries(config.upstreams).filter(
    ([, { discover, provider }]) => discover && provider !== 'scripted',
  );
  if (asked.length === 0) return;
  const names = gateway.modelNames();
  const shown = names.slice(0, 12).join(', ');
  options.announce(
    `  models found: ${shown}${names.length > 12 ? `, and ${names.length - 12} more (GET /v1/models)` : ''}`,
  );
}

const urlHost = (host: string): string => {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
};

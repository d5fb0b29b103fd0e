// The gateway in one process: the pure whole joined to the world. The only place that knows every technology in use; it
// holds no rule of its own. Started by `spillway up`.
import { ConfigWatch } from '../adapters/config/watch.ts';
import { AuthorizingTransport } from '../adapters/credentials/authorizing-transport.ts';
import { WorldCredentials } from '../adapters/credentials/world-credentials.ts';
import { nodeDigest, nodeHmac } from '../adapters/digest.ts';
import { createTracer } from '../adapters/observe/otlp.ts';
import { createLog } from '../adapters/observe/pino-log.ts';
import { PrometheusPage } from '../adapters/observe/prometheus.ts';
import type { RedisCache } from '../adapters/redis/redis-cache.ts';
import { heapPressure, systemChance, systemClock, systemTimers, timersPending } from '../adapters/system.ts';
import { WorkerVectors } from '../adapters/semantic/worker-vectors.ts';
import { StateFile } from '../adapters/state-file.ts';
import { VitalsWatch } from '../adapters/vitals.ts';
import { UndiciTransport } from '../adapters/undici/transport.ts';
import { Gateway, type GatewayOptions } from '../gateway/gateway.ts';
import { fail, ok, type Result, wordsOfBug } from '../kernel/result.ts';
import type { ProviderName } from '../kernel/provider.ts';
import { FactFan } from '../memory/fact-fan.ts';
import { MemoryState } from '../memory/memory-state.ts';
import { ScriptedTransport } from '../memory/scripted-transport.ts';
import { TrailStore } from '../memory/trail-store.ts';
import type { Config } from '../ports/config.ts';
import type { GaugeReading } from '../ports/gauges.ts';
import type { UpstreamTransport } from '../ports/upstream.ts';
import type { Page } from '../ports/page.ts';
import { type Listener, listenAll, listenerGauges, openListeners } from './listeners.ts';
import { FLUSH_MS, type Running, startSettings, type StartOptions, urlOf } from './running.ts';
import type { Member } from './workers/member.ts';

export interface GatewayStart extends StartOptions {
  /** Makes it one of several; absent: it is alone. */
  readonly member?: Member;
}

export interface RunningGateway extends Running {
  /** A configuration that somebody else has read; `source`: where, for one that was refused. */
  adopt(loaded: Result<Config, readonly string[]>, source?: string): void;
}

/** Throws an Error with the problems, one a line, or the system's error when the port cannot be had. */
export async function startGateway(options: GatewayStart): Promise<RunningGateway> {
  const loaded = options.loadConfig();
  if (!loaded.ok) throw new Error(loaded.error.join('\n'));
  const config = loaded.value;
  const { version, member } = options;
  const trails = new TrailStore();
  const log = createLog(config.log.level, undefined, version);
  const tracer = await createTracer(config.telemetry, systemChance, {
    serviceVersion: version,
    onTrouble: (why) => tellBug('traces', why),
  });
  const metrics = new PrometheusPage({ read: () => gauges() }, { version });
  const tellBug = (where: string, error: unknown): void =>
    facts.accept({ kind: 'bug', at: systemClock.wall(), where, error: wordsOfBug(error) });
  const facts: FactFan = new FactFan([metrics, trails, log, ...(tracer ? [tracer] : [])], tellBug);
  const network = await openNetwork(config);
  const tellTrouble = (where: string) => (why: string) =>
    facts.accept({ kind: 'trouble', at: systemClock.wall(), where, why });
  const stateFile = member === undefined ? openState(config, tellTrouble('state')) : null;
  const redis = await openRedis(config, tellTrouble('redis'));
  // Costs nothing until a question is kept for similar ones.
  const vectors = new WorkerVectors({ clock: systemClock, timers: systemTimers, onTrouble: tellTrouble('semantic') });
  const gateway = new Gateway({
    ports: {
      ...(redis === null ? {} : { cache: redis }),
      ...(member === undefined ? {} : { shared: member.room }),
      vectors,
      clock: systemClock,
      timers: systemTimers,
      chance: systemChance,
      digest: nodeDigest,
      hmac: nodeHmac,
      facts,
      transport: network.transport,
    },
    config,
    state: stateFile ?? new MemoryState(),
    trails,
    metrics,
    ...amongOthers(member, metrics),
    userAgent: `spillway/${version}`,
    onReload: () => (member === undefined ? reload() : member.reload()),
  });
  member?.join(gateway, tellTrouble('workers'));
  const servers = await openListeners(gateway.door, config, tellBug, member?.reusePort);
  const gauges = (): GaugeReading[] => [...gateway.read(), ...gaugesAround(servers, redis)];
  options.beforeServing?.();
  const { port } = await listenAll(servers).catch((error: unknown) => giveUp(redis, error));
  const vitals = watchVitals(gateway, servers);
  gateway.start(() => announceModels(gateway, config, options));
  const watch = watchConfig(gateway, config, options);
  const reload = (): void => (watch === null ? reloadOnce(gateway, options) : watch.check(true));
  watch?.start();
  return {
    url: urlOf(config, port),
    config,
    reload,
    adopt: (news, source = config.source) => adopt(gateway, config, news, source),
    stop: async (why) => {
      watch?.stop();
      vitals.stop();
      await drain(gateway, servers, why);
      member?.close();
      redis?.close();
      vectors.close();
      await Promise.all([network.destroy(), tracer?.shutdown(), stateFile?.close()]);
      log.flush();
    },
  };
}

interface Network {
  readonly transport: (provider: ProviderName) => UpstreamTransport;
  readonly destroy: () => Promise<void>;
}

/** undici and the lane are loaded as far as the configuration has them carry anything: each holds memory at rest. */
async function openNetwork({ lane }: Config): Promise<Network> {
  const world = { clock: systemClock, timers: systemTimers };
  const network = new UndiciTransport({ ...world, loadsAtOnce: lane === 'off' });
  const lanes = lane === 'on' ? await import('../adapters/lane/express-transport.ts') : null;
  const express = lanes === null ? null : new lanes.ExpressTransport({ ...world, fallback: network });
  const authorizing = new AuthorizingTransport(express ?? network, new WorldCredentials(systemClock, systemTimers));
  const scripted = new ScriptedTransport(systemTimers, systemChance, systemClock);
  return {
    transport: (provider) => (provider === 'scripted' ? scripted : authorizing),
    destroy: () => {
      express?.destroy();
      return network.destroy();
    },
  };
}

/** What it does with the others, where there are others. */
const amongOthers = (member: Member | undefined, metrics: Page): Partial<GatewayOptions> =>
  member === undefined
    ? {}
    : {
        configVersion: member.configVersion,
        keys: member.keys,
        metrics: member.page('metrics', metrics),
        adminBy: (own) => member.page('admin', own),
      };

const gaugesAround = (servers: readonly Listener[], redis: RedisCache | null): GaugeReading[] => [
  ...listenerGauges(servers),
  ...(redis?.gauges() ?? []),
  { name: 'timers_pending', help: 'Timers set, and neither fired nor cancelled', labels: {}, value: timersPending() },
];

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
  const { openRedisCache } = await import('../adapters/redis/redis-cache.ts');
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
    onConfig: (config) => adopt(gateway, started, ok(config), file),
    onRefused: (problems) => adopt(gateway, started, fail(problems), file),
  });
}

function adopt(gateway: Gateway, started: Config, news: Result<Config, readonly string[]>, source: string): void {
  if (news.ok) gateway.apply(news.value, restartNotes(started, news.value));
  else gateway.refuse(source, news.error);
}

/** Without a file the environment is read once more; a process's own environment does not change, but SIGHUP may be sent. */
function reloadOnce(gateway: Gateway, options: StartOptions): void {
  const loaded = options.loadConfig();
  if (loaded.ok) gateway.apply(loaded.value, []);
  else gateway.refuse('environment', loaded.error);
}

/** What a reload cannot change is said, not swallowed. */
function restartNotes(started: Config, now: Config): string[] {
  const before = startSettings(started);
  const asked = Object.entries(startSettings(now));
  const isSame = ([setting, value]: [string, unknown]): boolean =>
    JSON.stringify(before[setting as keyof Config]) === JSON.stringify(value);
  return asked.filter((entry) => !isSame(entry)).map(([setting]) => `\`${setting}\` takes effect at the next start`);
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

// Crew: the primary of several processes behind one port. It starts the workers, replaces those that end, hands them the
// configuration that it reads, and stops them all. No exchange passes through it (but where the system cannot deal
// connections out: then it accepts them and hands them on). It must never end while a worker goes on.
//
//   starting ──every worker listens──▶ serving ──stop──▶ stopping ──the last worker has ended──▶ over
//      └──one cannot──▶ all are ended, and the start has failed
import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { ConfigWatch } from '../../adapters/config/watch.ts';
import { StateFile } from '../../adapters/state-file.ts';
import { systemClock, systemTimers } from '../../adapters/system.ts';
import { MemoryState } from '../../memory/memory-state.ts';
import type { Config } from '../../ports/config.ts';
import { FLUSH_MS, type Running, startSettings, type StartOptions, urlOf } from '../running.ts';
import { Coordinator } from './coordinator.ts';
import { Hand, type WorkReport } from './hand.ts';
import { canSharePorts, withPorts } from './port-probe.ts';
import type { Order, Refusal } from './words.ts';

/** After the drain and the flush, for the end of the process itself. */
const END_MS = 3_000;
/** With the ending that this file has. */
const WORKER_FILE = fileURLToPath(new URL('./worker.ts', import.meta.url)).replace(/ts$/, import.meta.url.slice(-2));

/** Throws as `startGateway` does; then no worker is left. */
export async function startCrew(options: StartOptions): Promise<Running> {
  const loaded = options.loadConfig();
  if (!loaded.ok) throw new Error(loaded.error.join('\n'));
  const config = await withPorts(loaded.value);
  const crew = new Crew(options, loaded.value, config, await canSharePorts(config.host));
  options.beforeServing?.();
  await crew.start();
  return crew;
}

const kept = <Port>(asked: Port, now: Port, running: Port): Port => (asked === now ? running : now);

/** What ends a start ends the workers with it, before they find their primary gone and complain. */
const startEnders = ['SIGINT', 'SIGTERM'] as const;
const endStart = (_: NodeJS.Signals, number: number): void => process.exit(128 + number);

class Crew implements Running {
  readonly url: string;
  readonly config: Config;
  readonly #options: StartOptions;
  /** As the file had it: its ports may be 0. */
  readonly #asked: Config;
  readonly #reusePort: boolean;
  readonly #hands: readonly Hand[];
  readonly #coordinator: Coordinator;
  readonly #stateFile: StateFile | null;
  readonly #watch: ConfigWatch | null;
  #now: Config;
  #version = 1;
  #refused: Refusal | null = null;
  #restarts = 0;

  constructor(options: StartOptions, asked: Config, config: Config, reusePort: boolean) {
    this.url = urlOf(config, config.port);
    this.config = config;
    this.#options = options;
    this.#asked = asked;
    this.#now = config;
    this.#reusePort = reusePort;
    this.#hands = Array.from({ length: config.workers }, (_, number) => this.#newHand(number));
    this.#stateFile = this.#openState();
    this.#coordinator = new Coordinator({
      members: config.workers,
      state: this.#stateFile ?? new MemoryState(),
      serving: () => this.#hands.filter(({ isReady }) => isReady).map(({ id }) => id),
      tell: (worker, order) => this.#hands.find(({ id }) => id === worker)?.say(order),
      ownMetrics: () => this.#metrics(),
    });
    this.#coordinator.adopt(config);
    this.#watch = this.#openWatch();
  }

  async start(): Promise<void> {
    cluster.setupPrimary({ exec: WORKER_FILE, args: [] });
    // Whatever ends this process, whoever was not told to drain must not go on alone.
    process.on('exit', () => this.#killAll());
    startEnders.forEach((signal) => process.on(signal, endStart));
    try {
      await Promise.all(this.#hands.map((hand) => hand.start()));
    } catch (error) {
      this.#killAll();
      throw error;
    } finally {
      startEnders.forEach((signal) => process.off(signal, endStart));
    }
    this.#watch?.start();
  }

  reload(): void {
    if (this.#watch !== null) return this.#watch.check(true);
    const loaded = this.#options.loadConfig();
    if (loaded.ok) this.#adopt(loaded.value);
    else this.#refuse('environment', loaded.error);
  }

  async stop(why: string): Promise<void> {
    this.#watch?.stop();
    const patience = systemTimers.after(this.#now.drainMs + FLUSH_MS + END_MS, () => this.#killAll());
    await Promise.all(this.#hands.map((hand) => hand.stop(why)));
    patience.cancel();
    this.#coordinator.close();
    await this.#stateFile?.close();
  }

  #newHand(number: number): Hand {
    const task = () => ({
      members: this.config.workers,
      // One that takes another's place listens where the others do, whatever was read since.
      config: { ...this.#now, ...startSettings(this.config) },
      configVersion: this.#version,
      refused: this.#refused,
      version: this.#options.version,
      reusePort: this.#reusePort,
      announces: number === 0 && this.#restarts === 0,
    });
    return new Hand({
      clock: systemClock,
      timers: systemTimers,
      fork: () => cluster.fork(),
      task,
      onReport: (hand, report) => this.#onReport(hand, report),
      onEnded: (hand, how) => {
        this.#coordinator.leave(hand.id);
        if (hand.isStopping) return;
        this.#restarts++;
        this.#options.announce(`spillway: worker ${number + 1} ended (${how}); another takes its place`);
      },
    });
  }

  #onReport(hand: Hand, report: WorkReport): void {
    if (report.kind === 'announce') this.#options.announce(report.line);
    else if (report.kind === 'reload') this.reload();
    else this.#coordinator.onReport(hand.id, report);
  }

  #tellAll(order: Order): void {
    for (const hand of this.#hands) hand.say(order);
  }

  #killAll(): void {
    for (const hand of this.#hands) hand.kill();
  }

  /** Ports that the system chose stay. */
  #adopt(loaded: Config): void {
    this.#now = {
      ...loaded,
      port: kept(this.#asked.port, loaded.port, this.config.port),
      adminPort: kept(this.#asked.adminPort, loaded.adminPort, this.config.adminPort),
    };
    this.#version++;
    this.#refused = null;
    this.#coordinator.adopt(this.#now);
    this.#tellAll({ kind: 'config', config: this.#now });
  }

  #refuse(source: string, problems: readonly string[]): void {
    this.#refused = { source, problems };
    this.#tellAll({ kind: 'refused', source, problems });
  }

  #openWatch(): ConfigWatch | null {
    const { configFile } = this.#options;
    if (configFile === null) return null;
    return new ConfigWatch({
      file: configFile,
      timers: systemTimers,
      loadConfig: () => this.#options.loadConfig(),
      onConfig: (config) => this.#adopt(config),
      onRefused: (problems) => this.#refuse(configFile, problems),
    });
  }

  #openState(): StateFile | null {
    const { stateDir } = this.config;
    if (stateDir === null) return null;
    const onTrouble = (why: string): void => this.#options.announce(`spillway: ${why}`);
    return new StateFile({ directory: stateDir, timers: systemTimers, onTrouble });
  }

  #metrics(): string {
    const serving = this.#hands.filter(({ isReady }) => isReady).length;
    return [
      '# HELP spillway_workers Worker processes that serve now.',
      '# TYPE spillway_workers gauge',
      `spillway_workers ${serving}`,
      '# HELP spillway_worker_restarts_total Workers that ended and were replaced.',
      '# TYPE spillway_worker_restarts_total counter',
      `spillway_worker_restarts_total ${this.#restarts}\n`,
    ].join('\n');
  }
}

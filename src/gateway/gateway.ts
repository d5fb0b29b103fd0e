// Gateway: the pure whole. Ports in, a door out. It applies configurations, starts the caretaker, and drains.
//
//   starting ──first config──▶ ready ──drain()──▶ draining ──last exchange ended, or time up──▶ stopped
import type { GatewayState } from '../kernel/facts.ts';
import type { Config } from '../ports/config.ts';
import type { Door } from '../ports/door.ts';
import type { GaugeReading, Gauges } from '../ports/gauges.ts';
import type { Page } from '../ports/page.ts';
import type { StateStore } from '../ports/state.ts';
import type { Vitals, VitalsSink } from '../ports/vitals.ts';
import { AdminPage, type Trails } from './admin.ts';
import { Caretaker } from './caretaker.ts';
import { compile } from './compile.ts';
import { GatewayDoor } from './door.ts';
import { Fleet } from './fleet.ts';
import { type KeyKeeper, KeyLedger } from './key-ledger.ts';
import type { Kit } from './kit.ts';
import { Pipeline } from './pipeline.ts';
import { ModelResolver } from './resolve.ts';
import { SelfProtection } from './self-protection.ts';
import type { Snapshot, Upstream } from './snapshot.ts';

export interface GatewayOptions {
  /** The outside, without what only the gateway knows. */
  readonly ports: Omit<Kit, 'settings'>;
  readonly config: Config;
  /** Of `config`, where others count with it; absent: it is the first. */
  readonly configVersion?: number;
  /** For what should outlive the process. */
  readonly state: StateStore;
  /** Absent: what keys have used is kept here. */
  readonly keys?: KeyKeeper;
  readonly trails: Trails;
  readonly metrics: Page;
  readonly userAgent: string;
  /** Puts another before the admin page, who asks it for its part; absent: it stands alone. */
  readonly adminBy?: (own: Page) => Page;
  /** An admin asked for the configuration to be read again. */
  readonly onReload: () => void;
}

export class Gateway implements Gauges, VitalsSink {
  readonly door: Door;
  readonly #kit: Kit;
  readonly #fleet: Fleet;
  readonly #pipeline: Pipeline;
  readonly #caretaker: Caretaker;
  readonly #keys: KeyKeeper;
  readonly #protection: SelfProtection;
  readonly #userAgent: string;
  #snapshot: Snapshot;
  #resolver: ModelResolver;
  #state: GatewayState = 'starting';
  #refused: readonly string[] = [];

  constructor(options: GatewayOptions) {
    this.#userAgent = options.userAgent;
    this.#snapshot = compile(options.config, options.configVersion ?? 1, options.userAgent);
    this.#kit = { ...options.ports, settings: () => this.#snapshot.config };
    this.#fleet = new Fleet(this.#kit);
    this.#keys = options.keys ?? new KeyLedger(this.#kit, options.state);
    this.#protection = new SelfProtection(this.#kit);
    this.#resolver = this.#newResolver();
    this.#pipeline = new Pipeline(this.#kit, this.#fleet, {
      snapshot: () => this.#snapshot,
      resolver: () => this.#resolver,
      keyLimits: (sha256) => this.#keys.of(sha256),
      protection: this.#protection,
    });
    this.#caretaker = new Caretaker(this.#kit, this.#fleet, () => (this.#resolver = this.#newResolver()));
    this.door = new GatewayDoor({
      pipeline: this.#pipeline,
      digest: this.#kit.digest,
      signing: { clock: this.#kit.clock, hmac: this.#kit.hmac ?? null },
      snapshot: () => this.#snapshot,
      resolver: () => this.#resolver,
      state: () => this.#state,
      metrics: options.metrics,
      admin: (options.adminBy ?? itself)(
        new AdminPage({
          kit: this.#kit,
          fleet: this.#fleet,
          trails: options.trails,
          snapshot: () => this.#snapshot,
          resolver: () => this.#resolver,
          answers: this.#pipeline.answers,
          refused: () => this.#refused,
          reload: options.onReload,
        }),
      ),
    });
  }

  /** Begins to serve. `whenListed` is called once every upstream that is asked for its models has answered or failed. */
  start(whenListed: () => void): void {
    this.#adopt(whenListed);
    this.#move('ready', `listening with ${this.#snapshot.upstreams.size} upstreams`);
  }

  /** Swaps the configuration whole. Exchanges under way keep the one they were planned with. `notes` are told with it. */
  apply(config: Config, notes: readonly string[] = []): void {
    this.#snapshot = compile(config, this.#snapshot.version + 1, this.#userAgent);
    this.#refused = [];
    this.#resolver = this.#newResolver();
    this.#adopt(() => {}, notes);
  }

  /** A configuration that was not accepted: the old one stays, and everybody can see why. */
  refuse(source: string, problems: readonly string[]): void {
    this.#refused = problems;
    const { version } = this.#snapshot;
    this.#kit.facts.accept({
      kind: 'config',
      at: this.#kit.clock.wall(),
      accepted: false,
      version,
      source,
      notes: problems,
    });
  }

  /** Refuses new exchanges, lets those in flight finish up to `drainMs`, then cuts them. */
  drain(why: string, done: () => void): void {
    if (this.#state === 'draining' || this.#state === 'stopped') return;
    this.#move('draining', why);
    const finish = (cut: number): void => {
      if (this.#state === 'stopped') return;
      timer.cancel();
      this.#caretaker.stop();
      this.#keys.close();
      this.#move('stopped', cut === 0 ? 'every exchange ended' : `${cut} exchanges were cut`);
      done();
    };
    const timer = this.#kit.timers.after(this.#snapshot.config.drainMs, () => {
      const cut = this.#pipeline.inFlight;
      this.#pipeline.onIdle = () => {};
      this.#pipeline.cutAll();
      finish(cut);
    });
    this.#pipeline.onIdle = () => finish(0);
    if (this.#pipeline.inFlight === 0) finish(0);
  }

  onVitals(vitals: Vitals): void {
    this.#protection.onVitals(vitals);
  }

  /** Something that others share with it may have become free. */
  onRoom(): void {
    this.#fleet.onRoom();
  }

  /** Public model names that a client may ask for now. */
  modelNames(): readonly string[] {
    return [...this.#resolver.names().keys()];
  }

  read(): GaugeReading[] {
    return [
      { name: 'exchanges_in_flight', help: 'Exchanges in flight', labels: {}, value: this.#pipeline.inFlight },
      ...[...this.#snapshot.models].map(([model, { targets }]) => ({
        name: 'model_targets',
        help: 'Targets configured for a model',
        labels: { model },
        value: targets.length,
      })),
      ...this.#pipeline.gauges(),
      ...this.#protection.gauges(),
      ...this.#fleet.gauges(),
    ];
  }

  #adopt(whenListed: () => void, more: readonly string[] = []): void {
    const { config, upstreams, models, keys, version } = this.#snapshot;
    this.#keys.adopt(keys);
    const targets = [...models.values()].flatMap((model) => model.targets.map(({ id }) => id));
    this.#fleet.adopt(upstreams, new Set(targets));
    this.#caretaker.adopt(upstreams, whenListed);
    const notes = [`${upstreams.size} upstreams, ${this.#snapshot.models.size} models, ${keys.size} keys`, ...more];
    const at = this.#kit.clock.wall();
    this.#kit.facts.accept({ kind: 'config', at, accepted: true, version, source: config.source, notes });
  }

  #newResolver(): ModelResolver {
    const listed = (upstream: Upstream): readonly string[] =>
      this.#fleet.upstream(upstream).listed ?? upstream.provider.knownModels;
    return new ModelResolver(this.#snapshot, listed);
  }

  #move(state: GatewayState, why: string): void {
    this.#state = state;
    this.#kit.facts.accept({ kind: 'state', at: this.#kit.clock.wall(), state, why });
  }
}

const itself = (page: Page): Page => page;

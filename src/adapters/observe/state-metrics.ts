// State metrics: what is counted when the gateway itself changes (breakers, credentials, health, config, state, bugs), and
// present readings taken at scrape time. Rare, so nothing here needs to be fast.
import type { Fact, GatewayState } from '../../kernel/facts.ts';
import type { GaugeReading } from '../../ports/gauges.ts';
import { BoundedLabels, CounterFamily, head, labelText, sample } from './series.ts';

const HELP = '# HELP ';

type StateFact = Exclude<Fact, { kind: 'exchange' | 'attempt' }>;

const states = ['starting', 'ready', 'draining', 'stopped'] as const satisfies readonly GatewayState[];

export class StateMetrics {
  readonly #breakers = new CounterFamily(
    'counter',
    'spillway_breaker_transitions_total',
    'Breakers that changed state, by the state they changed to.',
    ['target', 'to'],
  );
  readonly #rests = new CounterFamily(
    'counter',
    'spillway_credential_rests_total',
    'Credentials taken out of rotation.',
    ['upstream'],
  );
  readonly #loads = new CounterFamily(
    'counter',
    'spillway_config_loads_total',
    'Configurations read, accepted or refused.',
    ['accepted'],
  );
  readonly #version = new CounterFamily('gauge', 'spillway_config_version', 'Version of the configuration in force.');
  readonly #lastAccepted = new CounterFamily(
    'gauge',
    'spillway_config_last_load_accepted',
    '1 when the configuration read last is in force, 0 when it was refused and an older one stays.',
  );
  readonly #lastAcceptedAt = new CounterFamily(
    'gauge',
    'spillway_config_last_accepted_timestamp_seconds',
    'When the configuration in force was loaded.',
  );
  readonly #state = new CounterFamily('gauge', 'spillway_state', '1 for the state the gateway is in.', ['state']);
  readonly #bugs = new CounterFamily('counter', 'spillway_bugs_total', 'Errors that should not be possible.');
  readonly #comparisons = new CounterFamily(
    'counter',
    'spillway_semantic_comparisons_total',
    'Answers compared with a similar question’s, and whether that one would have been given.',
    ['model', 'result', 'would_be_given'],
  );
  readonly #build = new CounterFamily('gauge', 'spillway_build_info', 'Always 1; the labels say what runs.', [
    'version',
    'node',
  ]);
  /** Targets and upstreams come from the config, but discovery and `*` can make many. */
  readonly #names: BoundedLabels<string>;
  readonly #readingsMax: number;

  constructor(labelValuesMax: number, version: string) {
    this.#readingsMax = labelValuesMax;
    this.#names = new BoundedLabels(labelValuesMax, (label) => label);
    this.#loads.child('true');
    this.#loads.child('false');
    this.#bugs.child();
    this.#build.child(version, process.version).value = 1;
    for (const state of states) this.#state.child(state);
  }

  accept(fact: StateFact): void {
    switch (fact.kind) {
      case 'breaker':
        this.#breakers.child(this.#names.get(fact.target, true), fact.to).value++;
        break;
      case 'credential':
        if (fact.restMs > 0) this.#rests.child(this.#names.get(fact.upstream, true)).value++;
        break;
      case 'health':
        // Present health is a gauge that the gateway tells at scrape time.
        break;
      case 'config':
        this.#config(fact);
        break;
      case 'state':
        for (const state of states) this.#state.child(state).value = state === fact.state ? 1 : 0;
        break;
      case 'trouble':
        // For people to read.
        break;
      case 'comparison':
        this.#comparisons.child(
          this.#names.get(fact.model, true),
          fact.agreed ? 'agreed' : 'differed',
          String(fact.wouldBeGiven),
        ).value++;
        break;
      case 'pressure':
      case 'degradation':
      case 'semantic':
        // What is shed and degraded now are gauges too, and what came of it is counted by exchange.
        break;
      case 'bug':
        this.#bugs.child().value++;
        break;
    }
  }

  write(into: string[]): void {
    const counted = [this.#breakers, this.#rests, this.#loads, this.#state, this.#comparisons, this.#bugs, this.#build];
    for (const family of counted) family.write(into);
    for (const family of [this.#version, this.#lastAccepted, this.#lastAcceptedAt]) family.write(into);
  }

  /** Readings of one name under one head, as the format wants; at most so many per name, the first ones win. */
  writeReadings(into: string[], readings: readonly GaugeReading[]): void {
    // A name told twice would make the whole page unreadable; what was counted wins.
    const taken = new Set(into.filter((line) => line.startsWith(HELP)).map((line) => line.split(' ', 3)[2]));
    const families = new Map<string, { readonly head: string; readonly samples: Map<string, string> }>();
    for (const reading of readings) {
      const name = `spillway_${reading.name}`;
      if (taken.has(name)) continue;
      let family = families.get(name);
      if (family === undefined) {
        family = { head: head('gauge', name, reading.help), samples: new Map() };
        families.set(name, family);
      }
      const labels = labelText(Object.keys(reading.labels), Object.values(reading.labels));
      if (family.samples.size < this.#readingsMax) family.samples.set(labels, sample(name, labels, reading.value));
    }
    for (const family of families.values()) into.push(family.head, ...family.samples.values());
  }

  #config(fact: StateFact & { kind: 'config' }): void {
    this.#loads.child(String(fact.accepted)).value++;
    this.#lastAccepted.child().value = fact.accepted ? 1 : 0;
    if (!fact.accepted) return;
    this.#version.child().value = fact.version;
    this.#lastAcceptedAt.child().value = fact.at / 1000;
  }
}

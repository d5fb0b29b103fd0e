// Caretaker: what the gateway does for its upstreams between requests. It asks each for its models (`discover`), checks
// those that want it for health, and reads what busy engines tell of their own queue. Started anew after each reload; it
// never touches an exchange.
import { isObject, type JsonValue } from '../kernel/json.ts';
import { utf8Decode } from '../kernel/web.ts';
import { readEngineLoad } from '../policy/engine-gauges.ts';
import type { Timer } from '../ports/clock.ts';
import type { HealthConfig } from '../ports/config.ts';
import type { Fleet } from './fleet.ts';
import type { Kit } from './kit.ts';
import { lookup, type LookupAnswer, type LookupReading } from './lookup.ts';
import type { Upstream } from './snapshot.ts';

const DISCOVER_EVERY_MS = 300_000;
/** An upstream that did not answer is asked again sooner: it may just be starting. */
const DISCOVER_AGAIN_MS = 15_000;
const DISCOVER_TIMEOUT_MS = 5_000;
/** Prometheus would ask every 15 s; a queue in an engine fills within a few. */
const OBSERVE_EVERY_MS = 2_000;
/** An engine that was started without metrics will not have any in two seconds. */
const OBSERVE_AGAIN_MS = 60_000;
const OBSERVE_TIMEOUT_MS = 1_000;
/** Histograms make the page long, and what counts stands in its first megabyte. */
const metricsReading: LookupReading = { accept: 'text/plain', bytesMax: 1_048_576, cuts: true };
/** Models listed by one upstream that we remember. */
const LISTED_MAX = 2_000;

export class Caretaker {
  readonly #kit: Kit;
  readonly #fleet: Fleet;
  readonly #onListed: () => void;
  readonly #timers = new Map<string, Timer>();
  readonly #calls = new Map<string, () => void>();
  #generation = 0;

  constructor(kit: Kit, fleet: Fleet, onListed: () => void) {
    this.#kit = kit;
    this.#fleet = fleet;
    this.#onListed = onListed;
  }

  /** `firstRound` is called when every discovering upstream has answered or failed once. */
  adopt(upstreams: ReadonlyMap<string, Upstream>, firstRound: () => void): void {
    this.stop();
    const generation = this.#generation;
    const curious = [...upstreams.values()].filter((upstream) => upstream.discover);
    let left = curious.length;
    const answered = (): void => {
      left--;
      if (left === 0 && generation === this.#generation) firstRound();
    };
    for (const upstream of curious) this.#discover(upstream, answered);
    for (const upstream of upstreams.values()) {
      if (upstream.health !== null) this.#check(upstream, upstream.health);
      if (upstream.metricsPath !== null) this.#observe(upstream, upstream.metricsPath);
    }
    if (curious.length === 0) firstRound();
  }

  stop(): void {
    this.#generation++;
    for (const timer of this.#timers.values()) timer.cancel();
    for (const giveUp of this.#calls.values()) giveUp();
    this.#timers.clear();
    this.#calls.clear();
  }

  #discover(upstream: Upstream, answered: () => void): void {
    const { modelsPath } = upstream.provider;
    if (modelsPath === null) return answered();
    const name = `discover ${upstream.name}`;
    const giveUp = lookup(this.#kit, upstream, upstream.basePath + modelsPath, DISCOVER_TIMEOUT_MS, (answer) => {
      this.#calls.delete(name);
      const ids = answer.status === 200 ? listedIds(answer.body) : null;
      if (ids !== null) {
        this.#fleet.upstream(upstream).listed = ids;
        this.#onListed();
      }
      const again = ids === null ? DISCOVER_AGAIN_MS : DISCOVER_EVERY_MS;
      this.#timers.set(
        name,
        this.#kit.timers.after(again, () => this.#discover(upstream, () => {})),
      );
      answered();
    });
    this.#calls.set(name, giveUp);
  }

  #check(upstream: Upstream, health: HealthConfig): void {
    const name = `health ${upstream.name}`;
    const giveUp = lookup(this.#kit, upstream, health.path, health.timeoutMs, (answer) => {
      this.#calls.delete(name);
      const good = answer.status !== null && answer.status >= 200 && answer.status < 300;
      const { health: verdict } = this.#fleet.upstream(upstream);
      if (verdict.onResult(good)) {
        const why = answer.trouble ?? `status ${answer.status}`;
        const at = this.#kit.clock.wall();
        this.#kit.facts.accept({ kind: 'health', at, upstream: upstream.name, healthy: verdict.healthy, why });
        if (verdict.healthy) this.#fleet.onRoom();
      }
      this.#timers.set(
        name,
        this.#kit.timers.after(health.intervalMs, () => this.#check(upstream, health)),
      );
    });
    this.#calls.set(name, giveUp);
  }

  #observe(upstream: Upstream, path: string): void {
    const name = `metrics ${upstream.name}`;
    const again = (ms: number): void => {
      this.#timers.set(
        name,
        this.#kit.timers.after(ms, () => this.#observe(upstream, path)),
      );
    };
    const { inFlight } = this.#fleet.upstream(upstream);
    // Who sends nothing fills nothing; and an engine that may sleep is not kept awake.
    if (inFlight === 0) {
      this.#fleet.observe(upstream, null, this.#kit.clock.now());
      return again(OBSERVE_EVERY_MS);
    }
    const onAnswer = ({ status, body }: LookupAnswer): void => {
      this.#calls.delete(name);
      const load = status === 200 ? readEngineLoad(utf8Decode(body)) : null;
      this.#fleet.observe(upstream, load, this.#kit.clock.now());
      // No answer at all says nothing about its having metrics.
      again(load === null && status !== null ? OBSERVE_AGAIN_MS : OBSERVE_EVERY_MS);
    };
    this.#calls.set(name, lookup(this.#kit, upstream, path, OBSERVE_TIMEOUT_MS, onAnswer, metricsReading));
  }
}

/** Ids from OpenAI's list shape; null when the body is none. */
function listedIds(body: Uint8Array): string[] | null {
  let list: JsonValue;
  try {
    list = JSON.parse(utf8Decode(body)) as JsonValue;
  } catch {
    return null;
  }
  if (!isObject(list) || !Array.isArray(list['data'])) return null;
  const ids = list['data'].flatMap((entry) =>
    isObject(entry) && typeof entry['id'] === 'string' ? [entry['id']] : [],
  );
  return ids.slice(0, LISTED_MAX);
}

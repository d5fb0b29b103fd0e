// Caretaker: what the gateway does for its upstreams between requests. It asks each for its models (`discover`) and checks
// those that want it for health. Started anew after each reload; it never touches an exchange.
import { isObject, type JsonValue } from '../kernel/json.ts';
import { utf8Decode } from '../kernel/web.ts';
import type { Timer } from '../ports/clock.ts';
import type { HealthConfig } from '../ports/config.ts';
import type { Fleet } from './fleet.ts';
import type { Kit } from './kit.ts';
import { lookup } from './lookup.ts';
import type { Upstream } from './snapshot.ts';

const DISCOVER_EVERY_MS = 300_000;
/** An upstream that did not answer is asked again sooner: it may just be starting. */
const DISCOVER_AGAIN_MS = 15_000;
const DISCOVER_TIMEOUT_MS = 5_000;
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

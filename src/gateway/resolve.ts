// Resolve: the name a client wrote → a Model, or null. What the config says explicitly always wins over what we know by
// ourselves: exact names, then patterns, then `upstream/model`, `provider/model` and discovered ids, and `*` last of all.
import { RecentMap } from '../kernel/bounded.ts';
import type { Model, Pattern, Snapshot, Upstream } from './snapshot.ts';

/** Names not in the table are built once and kept: a client uses few, an attacker many. */
const BUILT_NAMES_MAX = 1_000;

export class ModelResolver {
  readonly #snapshot: Snapshot;
  readonly #built = new RecentMap<string, Model>(BUILT_NAMES_MAX);
  /** Upstream ids by upstream, as known before asking or as the upstream lists them. */
  readonly #listed: (upstream: Upstream) => readonly string[];

  constructor(snapshot: Snapshot, listed: (upstream: Upstream) => readonly string[]) {
    this.#snapshot = snapshot;
    this.#listed = listed;
  }

  resolve(asked: string): Model | null {
    const exact = this.#snapshot.models.get(asked) ?? this.#built.get(asked);
    if (exact !== undefined) return exact;
    const model = this.#build(asked);
    if (model !== null) this.#built.set(asked, model);
    return model;
  }

  /** Every name that a client may ask for without guessing, with the upstream that owns it. */
  names(): Map<string, string> {
    const names = new Map<string, string>();
    for (const [name, model] of this.#snapshot.models) names.set(name, model.targets[0]?.upstream.name ?? 'spillway');
    for (const upstream of this.#snapshot.upstreams.values()) {
      if (!upstream.discover) continue;
      for (const id of this.#listed(upstream)) if (!names.has(id)) names.set(id, upstream.name);
    }
    return names;
  }

  #build(asked: string): Model | null {
    const star = this.#snapshot.patterns.at(-1)?.text === '*' ? this.#snapshot.patterns.at(-1) : undefined;
    return this.#fromPattern(asked, star) ?? this.#unlisted(asked) ?? star?.build(asked) ?? null;
  }

  #fromPattern(asked: string, except: Pattern | undefined): Model | null {
    for (const pattern of this.#snapshot.patterns) {
      const model = pattern === except ? null : pattern.build(asked);
      if (model !== null) return model;
    }
    return null;
  }

  #unlisted(asked: string): Model | null {
    const upstreams = [...this.#snapshot.upstreams.values()];
    const listing = upstreams.filter((upstream) => upstream.discover && this.#listed(upstream).includes(asked));
    if (listing.length > 0) return this.#snapshot.unlisted(asked, listing, asked);
    const slash = asked.indexOf('/');
    if (slash <= 0 || slash === asked.length - 1) return null;
    const [owner, id] = [asked.slice(0, slash), asked.slice(slash + 1)];
    const named = this.#snapshot.upstreams.get(owner);
    const owners = named ? [named] : upstreams.filter((upstream) => upstream.provider.name === owner);
    return owners.length > 0 ? this.#snapshot.unlisted(`${owner}/*`, owners, id) : null;
  }
}

// Semantic models: what was learned of each model's similar questions: how alike they must be (policy/semantic/likeness.ts),
// question by question, and whether what was given, or would have been, was right (policy/semantic/trial.ts). It begins anew
// when the model or its terms change, and after a reload for a model that was switched off.
import { RecentMap } from '../kernel/bounded.ts';
import type { ModelName } from '../kernel/brands.ts';
import { limits } from '../kernel/limits.ts';
import type { CacheEntry, CacheKey, PurgeScope } from '../ports/cache.ts';
import type { SemanticConfig } from '../ports/config.ts';
import type { GaugeReading } from '../ports/gauges.ts';
import { isBarred, Likeness, type Sightings, withSighting } from '../policy/semantic/likeness.ts';
import { Trial, type TrialState } from '../policy/semantic/trial.ts';
import { isWithin } from '../policy/purge-epochs.ts';
import type { Exchange } from './exchange.ts';
import type { Kit } from './kit.ts';
import type { Keeping, Model } from './snapshot.ts';

const MODELS_MAX = 1_000;
const PERCENT = 100;
const states: Readonly<Record<TrialState, number>> = { shadow: 0, serving: 1, off: 2 };

export interface SemanticModel {
  readonly name: ModelName;
  readonly terms: SemanticConfig;
  /** By whom questions are turned into vectors; vectors of different ones are not compared. */
  readonly embedder: string;
  readonly likeness: Likeness;
  readonly trial: Trial;
  readonly identity: string;
  version: number;
}

interface Seen {
  readonly key: CacheKey;
  readonly names: Pick<CacheEntry, 'model' | 'tenant' | 'namespace'>;
  readonly sightings: Sightings;
}

export class SemanticModels {
  readonly #kit: Pick<Kit, 'clock' | 'facts' | 'settings'>;
  readonly #models = new RecentMap<string, SemanticModel>(MODELS_MAX);
  readonly #seen = new RecentMap<CacheKey, Seen>(limits.semanticSightingsKept);

  constructor(kit: Pick<Kit, 'clock' | 'facts' | 'settings'>) {
    this.#kit = kit;
  }

  /** Null: its similar questions are not looked at, or not any more. */
  of({ model, snapshot }: Exchange): SemanticModel | null {
    const keeping = model?.cache ?? null;
    const terms = keeping?.config.semantic;
    if (model === null || keeping === null || terms === undefined) return null;
    const known = this.#models.get(model.name);
    const found =
      known !== undefined && snapshot.version <= known.version
        ? known
        : this.#renewed(known, model, keeping, terms, snapshot);
    return found.trial.state === 'off' ? null : found;
  }

  /** How alike a question must be to this one: what was seen of it. */
  isEnough({ likeness: learned }: SemanticModel, key: CacheKey, likeness: number): boolean {
    return learned.isEnough(likeness, this.#seen.get(key)?.sightings ?? []);
  }

  /** It was wrong for a question as alike as this. */
  wasWrong(key: CacheKey, likeness: number): boolean {
    return isBarred(likeness, this.#seen.get(key)?.sightings ?? []);
  }

  /** An answer was made to a question that has a neighbour, and the two were compared. */
  onCompared(
    model: SemanticModel,
    neighbour: { readonly key: CacheKey; readonly entry: CacheEntry; readonly likeness: number },
    agreed: boolean,
    wouldBeGiven: boolean,
  ): void {
    const { key, entry, likeness } = neighbour;
    const names = { model: entry.model, tenant: entry.tenant, namespace: entry.namespace };
    const sightings = withSighting(this.#seen.get(key)?.sightings ?? [], likeness, agreed);
    this.#seen.set(key, { key, names, sightings });
    model.likeness.learn(likeness, agreed);
    const at = this.#kit.clock.wall();
    const told = { at, model: model.name, likeness, agreed, wouldBeGiven };
    this.#kit.facts.accept({ kind: 'comparison', ...told });
    if (!wouldBeGiven || !model.trial.onCompared(agreed)) return;
    const { state, compared, wrong, errorBound } = model.trial;
    this.#kit.facts.accept({ kind: 'semantic', at, model: model.name, state, compared, wrong, errorBound });
  }

  purge(scope: PurgeScope): void {
    for (const { key, names } of this.#seen.values()) if (isWithin(scope, key, names)) this.#seen.delete(key);
  }

  gauges(): GaugeReading[] {
    const { models } = this.#kit.settings();
    const looked = [...this.#models.values()].filter(({ name }) => models[name]?.cache?.semantic !== undefined);
    return looked.flatMap(({ name, trial }) => [
      {
        name: 'semantic_state',
        help: 'Similar questions are: 0 compared in shadow, 1 given each other’s answers, 2 off',
        labels: { model: name },
        value: states[trial.state],
      },
      {
        name: 'semantic_error_bound',
        help: 'Upper bound (95 %) of the share of wrong ones among answers given, or that would be, to similar questions',
        labels: { model: name },
        value: trial.errorBound,
      },
    ]);
  }

  #renewed(
    known: SemanticModel | undefined,
    model: Model,
    keeping: Keeping,
    terms: SemanticConfig,
    snapshot: Exchange['snapshot'],
  ): SemanticModel {
    const embedder = embedderOf(terms, snapshot);
    const identity = JSON.stringify([keeping.version, terms, embedder]);
    if (known !== undefined && known.identity === identity && known.trial.state !== 'off') {
      known.version = snapshot.version;
      return known;
    }
    if (known !== undefined) this.purge({ kind: 'model', model: model.name });
    const errorMax = terms.errorPercent / PERCENT;
    const fresh: SemanticModel = {
      name: model.name,
      terms,
      embedder,
      likeness: new Likeness(errorMax),
      trial: new Trial({ errorMax, verifyFirst: terms.verifyFirst }),
      identity,
      version: snapshot.version,
    };
    this.#models.set(model.name, fresh);
    return fresh;
  }
}

/** Another target of the embeddings model makes other vectors. */
function embedderOf({ model }: SemanticConfig, { models }: Exchange['snapshot']): string {
  if (model === null) return 'lexical';
  return [model, ...(models.get(model)?.targets ?? []).map(({ id }) => id)].join(' ');
}

// Semantic cache: what a similar question was answered. When a question's own answer is not kept, the nearest of the same
// tenant's answered questions is looked for, with all but the last turn the same; its answer is given where that is known to
// be right often enough, and else compared with the one that is made, which is how it becomes known.
//
//   seek: question ─▶ particulars, frame ─▶ vector ─▶ nearest ─▶ its entry ─▶ given, or remembered as neighbour
//   made: the answer ─▶ compared with the neighbour's ─▶ learned; the question's own vector is kept where they differ
//
// It must never hold a request up longer than its budget, look beyond the tenant, or give what the trial does not allow.
import { later, type MonotonicMs } from '../kernel/brands.ts';
import type { CacheEntry, CacheKey, CacheRead, PurgeScope } from '../ports/cache.ts';
import type { GaugeReading } from '../ports/gauges.ts';
import type { Nearest, Neighbouring } from '../ports/vectors.ts';
import { refusesSimilar } from '../policy/cache-eligibility.ts';
import { standingOf } from '../policy/freshness.ts';
import { answersAgree, isComparable } from '../policy/semantic/answers-agree.ts';
import { askedOf, saidOf } from '../policy/semantic/asked.ts';
import { lexicalVector } from '../policy/semantic/lexical-embedder.ts';
import { likenessMin } from '../policy/semantic/likeness.ts';
import { particularsOf } from '../policy/semantic/words.ts';
import type { CacheChain } from './cache-chain.ts';
import type { Exchange } from './exchange.ts';
import { answerOf } from './kept-answer.ts';
import type { Kit } from './kit.ts';
import { keyOf, tenantTag } from './question.ts';
import { reading } from './reading.ts';
import type { Recall } from './recall.ts';
import { type EmbeddingHost, SemanticEmbedding, type Vector } from './semantic-embedding.ts';
import { type SemanticModel, SemanticModels } from './semantic-models.ts';

/** Of a neighbour that nothing is known of: so alike that letters hardly differ, it may stand in when nobody can answer. */
const ALIKE_ENOUGH = 0.98;
const PERCENT = 100;

/** The nearest answered question. */
export interface Neighbour {
  readonly key: CacheKey;
  readonly entry: CacheEntry;
  readonly likeness: number;
  readonly level: NonNullable<Recall['level']>;
  readonly isFresh: boolean;
  /** But for the trial, it is given. */
  readonly wouldBeGiven: boolean;
  /** When nobody can answer. */
  readonly mayStandIn: boolean;
}

/** What a question is beside others. */
export interface Place {
  readonly model: SemanticModel;
  readonly space: string;
  readonly partition: string;
  /** Null: it was given away. */
  vector: Vector | null;
  neighbour: Neighbour | null;
}

export class SemanticCache {
  readonly #kit: Kit;
  readonly #chain: CacheChain;
  readonly #embedding: SemanticEmbedding;
  readonly #models: SemanticModels;
  /** Since the start: searches that had no answer in time. */
  #late = 0;

  constructor(kit: Kit, chain: CacheChain, host: EmbeddingHost) {
    this.#kit = kit;
    this.#chain = chain;
    this.#embedding = new SemanticEmbedding(kit, host);
    this.#models = new SemanticModels(kit);
    chain.whenPurged = (scope) => this.#purge(scope);
  }

  /**
   * Null: there is nothing to look for. Else `done` is called once, at once or within the model's time, unless cancelled: with
   * a neighbour whose answer is to be given, or null; what was found stands in `recall.place` either way.
   */
  seek(exchange: Exchange, recall: Recall, key: CacheKey, done: (given: Neighbour | null) => void): CacheRead | null {
    const { request, head, key: tenant } = exchange;
    const { vectors } = this.#kit;
    const keeping = exchange.model?.cache ?? null;
    const model = vectors === undefined ? null : this.#models.of(exchange);
    if (model === null || keeping === null || request === null) return null;
    if (refuses(exchange, recall)) return null;
    const asked = askedOf(request);
    if (asked === null) return null;
    const { namespace } = recall.controls;
    const frame = keyOf({ request: asked.frame, headers: head.headers, keeping, tenant, namespace }, this.#kit.digest);
    const place = {
      model,
      space: spaceOf(tenantTag(keeping, tenant, this.#kit.digest), model),
      // As a digest: as long as a question is, its particulars take no more room than others'.
      partition: this.#kit.digest.sha256(JSON.stringify([frame, ...particularsOf(asked.text)])),
    };
    const search = new Search(this.#kit, model.terms.timeoutMs, done, () => this.#late++);
    search.step(
      (leftMs, next) => this.#embed(asked.text, model, exchange, leftMs, next),
      (vector: Vector | null) => {
        if (vector === null) return search.end(null);
        const found: Place = (recall.place = { ...place, vector, neighbour: null });
        this.#lookAround(exchange, recall, key, found, search);
      },
    );
    return search;
  }

  /**
   * It may not read what `leader` is about to be given: that may yet be a similar question's answer, which its caller does not
   * want, or not of any age.
   */
  keepsApart(exchange: Exchange, recall: Recall, leader: Exchange): boolean {
    if (exchange.model?.cache?.config.semantic === undefined || (leader.recall?.read ?? null) === null) return false;
    return recall.controls.maxAgeMs !== null || refuses(exchange, recall);
  }

  /** Its answer was made, and is kept: whoever asks alike may find it. */
  made(exchange: Exchange, recall: Recall, key: CacheKey, entry: CacheEntry): void {
    const { vectors } = this.#kit;
    if (vectors === undefined) return;
    const { place } = recall;
    if (place === null) return this.#renew(exchange, recall, key, entry);
    const said = comparableOf(entry);
    if (this.#agrees(place, said) || said === null) return;
    const { vector, space, partition } = place;
    if (vector === null) return;
    place.vector = null;
    const { model, tenant, namespace, freshUntil, keepUntil } = entry;
    vectors.put({ space, partition, key, model, tenant, namespace, freshUntil, keepUntil, vector });
  }

  gauges(): GaugeReading[] {
    const { vectors } = this.#kit;
    const models = this.#models.gauges();
    if (vectors === undefined) return [];
    const held = vectors.gauges();
    if (models.length === 0 && held.vectors === 0) return [];
    return [
      ...models,
      reading('semantic_vectors', 'Questions that others are compared with', held.vectors),
      reading('semantic_bytes', 'Memory held by their vectors', held.bytes),
      reading(
        'semantic_restarts',
        'Times that their keeper was lost, with all of them, since the start',
        held.restarts,
      ),
      reading(
        'semantic_late',
        'Questions since the start that went on because no neighbour was found in time',
        this.#late,
      ),
    ];
  }

  /** Made anew for nobody in particular: where its question is held, it is good for longer now, or no more. */
  #renew(exchange: Exchange, recall: Recall, key: CacheKey, entry: CacheEntry): void {
    const model = this.#models.of(exchange);
    if (model === null) return;
    const space = spaceOf(entry.tenant, model);
    if (!refuses(exchange, recall) && comparableOf(entry) !== null) this.#kit.vectors?.renew(space, key, entry);
    else this.#kit.vectors?.remove(space, key);
  }

  #embed(
    text: string,
    { terms }: SemanticModel,
    exchange: Exchange,
    leftMs: number,
    next: (vector: Vector | null) => void,
  ): () => void {
    if (terms.model !== null) return this.#embedding.embed(text, terms.model, exchange, leftMs, next);
    next(lexicalVector(text));
    return () => {};
  }

  #lookAround(exchange: Exchange, recall: Recall, key: CacheKey, place: Place, search: Search): void {
    const { vectors, clock } = this.#kit;
    const { space, partition, vector } = place;
    if (vectors === undefined || vector === null) return search.end(null);
    const sought = { space, partition, vector, except: key, now: clock.wall() };
    search.step<Nearest | null>(
      (leftMs, next) => {
        const asked = vectors.nearest(sought, leftMs, next);
        return () => asked.cancel();
      },
      (nearest) => {
        const mayBeOld = exchange.model?.degrade.semantic === true && exchange.model.degrade.staleAnswers;
        const found = nearest?.fresh ?? (mayBeOld ? (nearest?.kept ?? null) : null);
        if (nearest === null) this.#late++;
        if (found === null || found.likeness < likenessMin) return search.end(null);
        this.#fetch(exchange, recall, place, found, search);
      },
    );
  }

  #fetch(exchange: Exchange, recall: Recall, place: Place, found: Neighbouring, search: Search): void {
    const { key } = found;
    const local = this.#chain.local(key);
    const judge = (entry: CacheEntry, level: Neighbour['level']): void =>
      search.end(this.#judged(exchange, recall, place, { ...found, entry, level }));
    if (local !== null) return judge(local, 'local');
    search.step<CacheEntry | null>(
      (leftMs, next) => {
        const read = this.#chain.remote(key, leftMs, next);
        // A shared cache may only be silent; without one the answer is gone.
        if (read === null) this.#kit.vectors?.remove(place.space, key);
        if (read === null) next(null);
        return () => read?.cancel();
      },
      (entry) => (entry === null ? search.end(null) : judge(entry, 'remote')),
    );
  }

  /** The neighbour, if its answer is to be given. */
  #judged(
    exchange: Exchange,
    { controls }: Recall,
    place: Place,
    found: Pick<Neighbour, 'key' | 'likeness' | 'entry' | 'level'>,
  ): Neighbour | null {
    const { model } = place;
    const { key, likeness, entry } = found;
    const { chance, clock } = this.#kit;
    const standing = standingOf(entry, { staleMs: 0, maxAgeMs: controls.maxAgeMs }, clock.wall(), chance.draw());
    if (comparableOf(entry) === null) return null;
    const isFresh = standing === 'fresh' || standing === 'early';
    const isEnough = this.#models.isEnough(model, key, likeness);
    const wouldBeGiven = isFresh && isEnough;
    const mayStandIn = isEnough || (likeness >= ALIKE_ENOUGH && !this.#models.wasWrong(key, likeness));
    const neighbour = { ...found, isFresh, wouldBeGiven, mayStandIn };
    place.neighbour = neighbour;
    const isSampled = chance.draw() < model.terms.samplePercent / PERCENT;
    const isGiven = wouldBeGiven && model.trial.state === 'serving' && !isSampled;
    const why = isGiven ? 'is near enough' : wouldBeGiven ? 'is compared' : 'is not known to be near enough';
    exchange.note(clock.now(), 'neighbour', null, `alike by ${likeness.toFixed(3)}: ${why}`);
    return isGiven ? neighbour : null;
  }

  /** True: its neighbour stands for it. What is not to be given to others is never what another was answered. */
  #agrees({ neighbour, model }: Place, said: string | null): boolean {
    if (neighbour === null || !neighbour.isFresh) return false;
    const other = comparableOf(neighbour.entry);
    const agreed = said !== null && other !== null && answersAgree(other, said);
    this.#models.onCompared(model, neighbour, agreed, neighbour.wouldBeGiven);
    return agreed;
  }

  #purge(scope: PurgeScope): void {
    this.#kit.vectors?.purge(scope);
    this.#models.purge(scope);
  }
}

/** Steps one after the other, all of them within one time. */
class Search implements CacheRead {
  readonly #kit: Pick<Kit, 'clock' | 'timers'>;
  readonly #endsAt: MonotonicMs;
  readonly #timer: { cancel(): void };
  readonly #done: (given: Neighbour | null) => void;
  #open = true;
  #cancelStep: () => void = () => {};

  constructor(
    kit: Pick<Kit, 'clock' | 'timers'>,
    budgetMs: number,
    done: (given: Neighbour | null) => void,
    onLate: () => void,
  ) {
    this.#kit = kit;
    this.#endsAt = later(kit.clock.now(), budgetMs);
    this.#done = done;
    this.#timer = kit.timers.after(budgetMs, () => {
      if (!this.#open) return;
      onLate();
      this.#cancelStep();
      this.end(null);
    });
  }

  /** `begin` answers how to give up; `next` may be called at once. */
  step<Value>(begin: (leftMs: number, next: (value: Value) => void) => () => void, next: (value: Value) => void): void {
    if (!this.#open) return;
    let isOver = false;
    const cancel = begin(Math.max(0, this.#endsAt - this.#kit.clock.now()), (value) => {
      if (isOver) return;
      isOver = true;
      if (this.#open) next(value);
    });
    if (!isOver) this.#cancelStep = cancel;
  }

  end(given: Neighbour | null): void {
    if (!this.#open) return;
    this.#open = false;
    this.#timer.cancel();
    this.#done(given);
  }

  cancel(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#timer.cancel();
    this.#cancelStep();
  }
}

/** Its caller wants no similar question's answer, and this one's for no other question. */
const refuses = ({ request, head }: Exchange, { controls }: Recall): boolean =>
  !controls.stores || request === null || refusesSimilar(request, head.headers);

/** What it says, if that may be given to others: nobody has flagged it, and whether it is right for them can be measured. */
function comparableOf(entry: CacheEntry): string | null {
  const answer = answerOf(entry);
  const said = answer === null ? null : saidOf(answer);
  return said === null || !isComparable(said) ? null : said;
}

const spaceOf = (tenant: string, { name, embedder }: SemanticModel): string => `${tenant} ${name} ${embedder}`;

// Page gather: one page out of all workers' parts. Who does not answer in time is left out, so that a scrape tells what can be
// told. What a worker had counted when it was asked last is kept when it goes: a total must never fall.
import type { Timers } from '../../ports/clock.ts';
import type { PageAnswer } from '../../ports/page.ts';
import { mergeAdmin } from './merge-admin.ts';
import { countsOf, mergeMetrics } from './merge-metrics.ts';
import type { Order, PageName, PageOrder } from './words.ts';

const PART_MS_MAX = 2_000;
/** An operator and a scraper ask a page at a time; more than so many at once are nobody's. */
const GATHERINGS_MAX = 100;

interface Gathering {
  readonly page: PageName;
  readonly order: PageOrder;
  /** By worker, the asked one first; null: not yet. */
  readonly parts: Map<number, PageAnswer | null>;
  finish(): void;
}

export interface GatherTools {
  readonly timers: Timers;
  tell(worker: number, order: Order): void;
  /** Of the crew itself, in the text format. */
  ownMetrics(): string;
}

export class PageGather {
  readonly #tools: GatherTools;
  readonly #gatherings = new Map<number, Gathering>();
  /** Each worker's last page of metrics. */
  readonly #last = new Map<number, string>();
  #lastId = 0;
  #departed = '';

  constructor(tools: GatherTools) {
    this.#tools = tools;
  }

  /** `workers`: who is asked, the one that wants to know first. */
  ask(page: PageName, order: PageOrder, workers: readonly number[], done: (answer: PageAnswer) => void): void {
    if (this.#gatherings.size >= GATHERINGS_MAX) {
      return done({ status: 503, contentType: 'text/plain; charset=utf-8', body: 'too many pages at once\n' });
    }
    const id = ++this.#lastId;
    const finish = (): void => {
      if (!this.#gatherings.delete(id)) return;
      timer.cancel();
      done(this.#whole(gathering));
    };
    const parts = new Map<number, PageAnswer | null>(workers.map((worker) => [worker, null]));
    const gathering: Gathering = { page, order, parts, finish };
    const timer = this.#tools.timers.after(PART_MS_MAX, finish);
    this.#gatherings.set(id, gathering);
    for (const worker of workers) this.#tools.tell(worker, { kind: 'part', id, page, order });
  }

  onPart(worker: number, id: number, answer: PageAnswer): void {
    const gathering = this.#gatherings.get(id);
    if (gathering?.parts.get(worker) !== null) return;
    gathering.parts.set(worker, answer);
    if (![...gathering.parts.values()].includes(null)) gathering.finish();
  }

  leave(worker: number): void {
    for (const gathering of this.#gatherings.values()) {
      if (gathering.parts.get(worker) !== null) continue;
      gathering.parts.delete(worker);
      if (![...gathering.parts.values()].includes(null)) gathering.finish();
    }
    const last = this.#last.get(worker);
    if (last === undefined) return;
    this.#last.delete(worker);
    this.#departed = mergeMetrics([this.#departed, countsOf(last)]);
  }

  #whole({ page, order, parts }: Gathering): PageAnswer {
    const answers = [...parts.values()].filter((part) => part !== null);
    if (page === 'admin') return mergeAdmin(order, answers);
    const failed = answers.find(({ status }) => status >= 400);
    if (failed !== undefined) return failed;
    for (const [worker, part] of parts) if (part !== null) this.#last.set(worker, part.body);
    // Who was too slow this time still counts as it did before.
    const late = [...this.#last].filter(([worker]) => parts.get(worker) === null).map(([, text]) => countsOf(text));
    const pages = [...answers.map(({ body }) => body), ...late, this.#departed];
    const contentType = answers[0]?.contentType ?? 'text/plain; charset=utf-8';
    return { status: 200, contentType, body: mergeMetrics(pages) + this.#tools.ownMetrics() };
  }
}

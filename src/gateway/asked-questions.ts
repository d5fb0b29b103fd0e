// Asked questions: what is asked of models that keep their answers, counted for those who want to have answers ready. By
// hashes; in words only where the model's operator said so.
import type { WallMs } from '../kernel/brands.ts';
import { TopList, type TopQuestion } from '../policy/top-list.ts';
import type { Exchange } from './exchange.ts';
import type { Recall } from './recall.ts';
import { lineOf } from './warm.ts';

export class AskedQuestions {
  readonly #list = new TopList();

  /** An exchange that was answered. */
  count(exchange: Exchange, { key, status, refreshes, savedTokens, made, controls }: Recall, now: WallMs): void {
    const { model, key: tenant } = exchange;
    if (key === null || model === null || refreshes) return;
    const usage = made?.end.usage;
    const tokens = usage === undefined ? savedTokens : usage.promptTokens + usage.completionTokens;
    const isHit = status !== 'miss' && status !== 'bypass';
    const isSaved = model.cache?.config.saveRequests === true;
    const line = (): string | null => (isSaved ? lineOf(exchange, controls.namespace) : null);
    this.#list.count(key, { model: model.name, tenant: tenant?.name ?? null, isHit, tokens, line }, now);
  }

  top(count: number, now: WallMs): TopQuestion[] {
    return this.#list.best(count, now);
  }
}

// Look: what a gateway and the engines behind it say of themselves at one instant. It only asks and keeps; what cannot be had
// is null or missing, and the diagnosis goes on without it.
import type { AttemptFact, ExchangeFact } from '../../kernel/facts.ts';
import { systemClock } from '../../adapters/system.ts';
import { readJson, readPage } from '../page-reader.ts';
import { Samples } from '../samples.ts';

export interface RememberedExchange extends ExchangeFact {
  readonly attemptFacts: readonly AttemptFact[];
  /** Itself and those like it that a busy gateway left out before it. */
  readonly standsFor: number;
}

export interface DescribedUpstream {
  readonly name: string;
  readonly provider: string;
  readonly origin: string;
  readonly tier: string;
  readonly credentials: readonly { readonly restingMs: number }[];
}

export interface Look {
  /** The watcher's clocks: for spans, and for what is compared with the gateway's instants. */
  readonly at: number;
  readonly wall: number;
  readonly metrics: Samples;
  /** Null: the admin pages are not for us. */
  readonly upstreams: readonly DescribedUpstream[] | null;
  readonly exchanges: readonly RememberedExchange[] | null;
  /** Pages of self-hosted engines, by upstream. */
  readonly engines: ReadonlyMap<string, Samples>;
}

/** Without a slash at its end. */
export interface LookedAt {
  readonly gateway: string;
  readonly adminKey: string | null;
}

const EXCHANGES_MAX = 1_000;
const engineProviders = new Set(['vllm', 'sglang', 'tgi', 'llama-cpp']);

/** Null: nobody answers there, or not with a gateway's metrics. */
export async function lookAt({ gateway, adminKey }: LookedAt): Promise<Look | null> {
  const headers: Record<string, string> = adminKey === null ? {} : { authorization: `Bearer ${adminKey}` };
  const at = systemClock.now();
  const wall = systemClock.wall();
  const [page, described, kept] = await Promise.all([
    readPage(`${gateway}/metrics`),
    readJson(`${gateway}/admin/upstreams`, headers),
    readJson(`${gateway}/admin/exchanges?count=${EXCHANGES_MAX}`, headers),
  ]);
  const metrics = new Samples(page?.text ?? '');
  if (page === null || !metrics.has('spillway_build_info')) return null;
  const upstreams = Array.isArray(described?.['upstreams'])
    ? (described['upstreams'] as readonly DescribedUpstream[])
    : null;
  const exchanges = Array.isArray(kept?.['exchanges']) ? (kept['exchanges'] as readonly RememberedExchange[]) : null;
  return { at, wall, metrics, upstreams, exchanges, engines: await enginesOf(upstreams ?? []) };
}

async function enginesOf(upstreams: readonly DescribedUpstream[]): Promise<Map<string, Samples>> {
  const engines = upstreams.filter(({ provider }) => engineProviders.has(provider));
  const pages = await Promise.all(
    engines.map(async ({ name, origin }) => [name, await readPage(`${origin}/metrics`)] as const),
  );
  const told = pages.flatMap(([name, page]) =>
    page === null || page.status >= 300 ? [] : [[name, new Samples(page.text)] as const],
  );
  return new Map(told);
}

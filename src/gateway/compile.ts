// Compile: Config → Snapshot. Runs on configuration change, so that the request path finds every decision that does not
// depend on the request already made: routes, header lists, capabilities, patterns. Pure; the config was validated before.
import { keyName, modelName, targetId, upstreamName } from '../kernel/brands.ts';
import type { HeaderList } from '../kernel/headers.ts';
import { assert } from '../kernel/result.ts';
import { type Rung, rungs } from '../kernel/rung.ts';
import { parseUrl } from '../kernel/web.ts';
import type { Config, DegradeConfig, KeyConfig, ModelConfig, TargetConfig, UpstreamConfig } from '../ports/config.ts';
import { variantNames } from '../policy/routing.ts';
import { catalogue } from '../providers/catalogue.ts';
import { type Account, type Provider, withTraits } from '../providers/provider.ts';
import type { Key, Model, Pattern, Snapshot, Target, Upstream } from './snapshot.ts';

/** Scripted upstreams have no network; their route is only a name for the transport. */
const SCRIPTED_ORIGIN = 'http://scripted.invalid';

export function compile(config: Config, version: number, userAgent: string): Snapshot {
  const upstreams = new Map<string, Upstream>();
  for (const [name, settings] of Object.entries(config.upstreams)) {
    upstreams.set(name, compileUpstream(name, settings, config, userAgent));
  }
  const models = new Map<string, Model>();
  const patterns: Pattern[] = [];
  for (const [name, settings] of Object.entries(config.models)) {
    for (const spelling of [name, ...settings.aliases]) {
      if (spelling.includes('*')) patterns.push(compilePattern(spelling, settings, upstreams));
      else models.set(spelling, compileModel(name, { star: name, id: name }, settings, upstreams));
    }
  }
  patterns.sort((left, right) => Number(left.text === '*') - Number(right.text === '*'));
  return {
    version,
    config,
    upstreams,
    models,
    patterns,
    keys: new Map(config.keys.map((key) => [key.sha256, compileKey(key)])),
    retry: config.retry,
    cors: config.cors,
    unlisted: (name, candidates, id) => ({
      name: modelName(name),
      targets: candidates.map((upstream) => buildTarget(upstream, id, plainTarget(upstream.name))),
      timeouts: config.timeouts,
      dropParams: false,
      failoverOnContentFilter: false,
      holdToolCalls: true,
      degrade: undegraded,
      cache: null,
      rungs: new Set(),
    }),
  };
}

function compileUpstream(name: string, settings: UpstreamConfig, config: Config, userAgent: string): Upstream {
  const provider = catalogue[settings.provider];
  const account = accountOf(settings);
  const base = settings.baseUrl ?? provider.address?.(account) ?? provider.defaultBaseUrl ?? SCRIPTED_ORIGIN;
  const url = parseUrl(base);
  assert(url !== null, `upstream ${name} has a valid base URL`);
  const named = { 'user-agent': userAgent, 'accept-encoding': 'identity', ...settings.headers };
  const headers: HeaderList = Object.entries(named).flat();
  return {
    name: upstreamName(name),
    provider,
    route: {
      origin: url.origin,
      caFile: settings.caFile,
      proxy: settings.proxy,
      connectMs: config.timeouts.connectMs,
      ...(settings.transport !== undefined && { transport: settings.transport }),
    },
    basePath: url.pathname.replace(/\/+$/, ''),
    tier: settings.tier,
    region: settings.region ?? account['region'] ?? account['location'] ?? null,
    maxConcurrent: settings.maxConcurrent,
    requestsPerMinute: settings.requestsPerMinute,
    tokensPerMinute: settings.tokensPerMinute,
    headers,
    authorizations: authorizations(provider, settings.apiKeys),
    // A key, where there is one, is all that is needed.
    auth: settings.apiKeys.length > 0 ? null : (provider.dynamicAuth?.(account) ?? null),
    account,
    health: settings.health,
    discover: settings.discover,
    metricsPath: metricsPathOf(settings.engineMetrics, provider),
  };
}

/** Where it computes and where the account is are one thing, unless the config says both. */
function accountOf({ account = {}, region }: UpstreamConfig): Account {
  return region === null ? account : { region, location: region, ...account };
}

const metricsPathOf = (told: boolean | string, { metricsPath }: Provider): string | null =>
  typeof told === 'string' ? told : told ? (metricsPath ?? null) : null;

function authorizations(provider: Provider, apiKeys: readonly string[]): readonly HeaderList[] {
  const { auth } = provider;
  if (auth.kind === 'none' || apiKeys.length === 0) return [[]];
  if (auth.kind === 'bearer') return apiKeys.map((secret) => ['authorization', `Bearer ${secret}`]);
  return apiKeys.map((secret) => [auth.name, secret]);
}

/** What a name says about the upstream's model: what the pattern's `*` stands for, and the name without its prefix. */
interface Matched {
  readonly star: string;
  readonly id: string;
}

function compileModel(
  name: string,
  matched: Matched,
  settings: ModelConfig,
  upstreams: ReadonlyMap<string, Upstream>,
): Model {
  const placed = settings.targets.map((target) => {
    const upstream = upstreams.get(target.upstream);
    assert(upstream !== undefined, `target of ${name} names a configured upstream`);
    return { upstream, target, weight: target.weight, tier: target.tier ?? upstream.tier, variant: target.variant };
  });
  const variants = variantNames(placed);
  const targets = placed.map(({ upstream, target }, index) =>
    buildTarget(upstream, target.model?.replace('*', () => matched.star) ?? matched.id, {
      ...target,
      variant: variants[index] ?? '',
    }),
  );
  return {
    name: modelName(name),
    targets,
    timeouts: settings.timeouts,
    dropParams: settings.dropParams,
    failoverOnContentFilter: settings.failoverOnContentFilter,
    holdToolCalls: settings.holdToolCalls,
    degrade: settings.degrade,
    cache: settings.cache === undefined ? null : { config: settings.cache, version: versionOf(name, targets) },
    rungs: rungsOf(settings.degrade),
  };
}

const versionOf = (name: string, targets: readonly Target[]): string =>
  JSON.stringify([name, ...targets.map(({ id, defaults }) => [id, defaults])]);

/** Models nobody listed are nobody's to degrade. */
const undegraded: DegradeConfig = {
  capTokens: null,
  staleAnswers: false,
  semantic: false,
  cheaper: null,
  defaultAnswer: null,
  shed: false,
};

function rungsOf({
  capTokens,
  staleAnswers,
  semantic,
  cheaper,
  defaultAnswer,
  shed,
}: DegradeConfig): ReadonlySet<Rung> {
  const chosen: Readonly<Record<Rung, boolean>> = {
    capTokens: capTokens !== null,
    stale: staleAnswers,
    semantic,
    cheaper: cheaper !== null,
    default: defaultAnswer !== null,
    shed,
  };
  return new Set(rungs.filter((rung) => chosen[rung]));
}

function compilePattern(text: string, settings: ModelConfig, upstreams: ReadonlyMap<string, Upstream>): Pattern {
  const { before, after } = splitStar(text);
  // `deepseek/*` passes on what follows the slash; `gpt-4*` the whole name, which is what the upstream knows it by.
  const prefix = before.lastIndexOf('/') + 1;
  return {
    text,
    build: (asked) => {
      const star = starMatch(before, after, asked);
      const id = asked.slice(prefix);
      // Named by its pattern: whatever clients ask for must not become names in metrics.
      return star === null || id === '' ? null : compileModel(text, { star, id }, settings, upstreams);
    },
  };
}

const plainTarget = (upstream: string): TargetConfig => ({
  upstream,
  model: null,
  weight: 1,
  tier: null,
  defaults: {},
  traits: {},
});

function buildTarget(upstream: Upstream, model: string, settings: TargetConfig): Target {
  const { provider } = upstream;
  return {
    id: targetId(upstream.name, model),
    upstream,
    model,
    weight: settings.weight,
    tier: settings.tier ?? upstream.tier,
    variant: settings.variant ?? '',
    defaults: settings.defaults,
    capabilities: withTraits(provider.capabilities(model), settings.traits),
    maxConcurrent: upstream.maxConcurrent === null ? provider.accountConcurrency(model) : null,
  };
}

function compileKey(key: KeyConfig): Key {
  return {
    name: keyName(key.name),
    sha256: key.sha256,
    lane: key.lane,
    mayUse: key.models === null ? null : matcher(key.models),
    regions: key.regions,
    limits: key.limits,
  };
}

function matcher(spellings: readonly string[]): (model: string) => boolean {
  const exact = new Set(spellings.filter((spelling) => !spelling.includes('*')));
  const stars = spellings.filter((spelling) => spelling.includes('*')).map(splitStar);
  return (model) => exact.has(model) || stars.some(({ before, after }) => starMatch(before, after, model) !== null);
}

function splitStar(text: string): { before: string; after: string } {
  const star = text.indexOf('*');
  return { before: text.slice(0, star), after: text.slice(star + 1) };
}

/** What the star stands for in `text`; null when the pattern does not fit. */
function starMatch(before: string, after: string, text: string): string | null {
  if (text.length < before.length + after.length) return null;
  if (!text.startsWith(before) || !text.endsWith(after)) return null;
  return text.slice(before.length, text.length - after.length);
}

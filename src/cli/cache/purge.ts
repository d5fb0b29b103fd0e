// `spillway cache purge`: forget kept answers. Through Redis where the configuration has one: every gateway that shares it
// hears of it, running or not reachable from here. Else, or with `--url`, through a running gateway.
import type { Environment } from '../../adapters/environment.ts';
import { nodeDigest } from '../../adapters/digest.ts';
import { openRedisCache } from '../../adapters/redis/redis-cache.ts';
import { systemChance, systemClock, systemTimers } from '../../adapters/system.ts';
import { compile } from '../../gateway/compile.ts';
import { tagOfKey } from '../../gateway/question.ts';
import { keyNamed } from '../../gateway/warm.ts';
import { fail, ok, type Result } from '../../kernel/result.ts';
import type { PurgeScope } from '../../ports/cache.ts';
import type { Config, RedisConfig } from '../../ports/config.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { adminOf, configOf, type WhereOptions } from './admin-client.ts';

export interface PurgeOptions extends WhereOptions {
  readonly all?: boolean;
  readonly model?: string;
  readonly tenant?: string;
  readonly namespace?: string;
}

const PURGE_MS_MAX = 5_000;

export async function purge(options: PurgeOptions, environment: Environment, output: Output): Promise<number> {
  const { all, model, tenant, namespace } = options;
  const named = Object.entries({ model, tenant, namespace }).filter(([, value]) => value !== undefined);
  if (named.length + (all === true ? 1 : 0) !== 1) {
    output.err('spillway: say what: --all, --model NAME, --tenant NAME or --namespace NAME');
    return exitCodes.usage;
  }
  const config = configOf(options, environment);
  if (!config.ok) {
    for (const line of config.error) output.err(line);
    return exitCodes.failed;
  }
  const done =
    options.url === undefined && config.value !== null && config.value.redis !== null
      ? await throughRedis(options, config.value, config.value.redis)
      : await throughGateway(named, options, config.value, environment);
  if (done.ok) output.out(done.value);
  else output.err(`spillway: ${done.error}`);
  return done.ok ? exitCodes.done : exitCodes.failed;
}

async function throughGateway(
  named: readonly (readonly [string, string | undefined])[],
  options: PurgeOptions,
  config: Config | null,
  environment: Environment,
): Promise<Result<string, string>> {
  const admin = adminOf(options, config, environment);
  const query = named.map(([name, value]) => `?${name}=${encodeURIComponent(value ?? '')}`).join('');
  const told = await admin.ask('POST', `/admin/cache/purge${query}`, '');
  return told.ok ? ok(`purged at ${admin.url} and every gateway that shares its cache`) : told;
}

async function throughRedis(
  options: PurgeOptions,
  config: Config,
  redis: RedisConfig,
): Promise<Result<string, string>> {
  const scope = scopeOf(options, config);
  if (!scope.ok) return scope;
  const time = { clock: systemClock, timers: systemTimers, chance: systemChance };
  const cache = await openRedisCache({ ...time, config: redis, tell: () => {} });
  const reached = await new Promise<boolean>((resolve) => cache.purge(scope.value, PURGE_MS_MAX, resolve));
  cache.close();
  return reached
    ? ok('purged in Redis, and told to every gateway')
    : fail('Redis did not answer: nothing is known to be purged');
}

function scopeOf({ model, tenant, namespace }: PurgeOptions, config: Config): Result<PurgeScope, string> {
  if (model !== undefined) return ok({ kind: 'model', model });
  if (namespace !== undefined) return ok({ kind: 'namespace', namespace });
  if (tenant === undefined) return ok({ kind: 'all' });
  const key = keyNamed(compile(config, 1, ''), tenant);
  return key === null
    ? fail(`no key has the name ${tenant}`)
    : ok({ kind: 'tenant', tenant: tagOfKey(key, nodeDigest) });
}

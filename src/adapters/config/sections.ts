// Sections: a file in its right shape → Config. Each section has its reader; this file puts them in order, because models
// need the upstreams and keys need both, and reads the small sections itself.
import type { Config, CorsConfig, UpstreamConfig } from '../../ports/config.ts';
import { nodeDigest } from '../digest.ts';
import type { Automatic } from './automatic.ts';
import { defaultCors, defaultLogLevel, defaultSampleRatio, defaultServer, defaultTimeouts } from './defaults.ts';
import { readKeys } from './keys.ts';
import { readTls, workersOf } from './listener.ts';
import { readModels } from './models.ts';
import type { Problems } from './problems.ts';
import { bareRecord, type Reading, urlTrouble, withoutTrailingSlashes } from './reading.ts';
import type { FileConfig } from './schema.ts';
import { readRedis } from './redis.ts';
import { readSigning } from './signing.ts';
import { readBreaker, readRetry, readTimeouts } from './timeouts.ts';
import { readUpstream } from './upstreams.ts';

/** `automatic` is given when the file lists no upstreams. */
export function readSections(file: FileConfig, source: string, automatic: Automatic | null, outer: Reading): Config {
  const { problems } = outer;
  const upstreams = automatic?.upstreams ?? readUpstreams(file, outer);
  const reading = automatic === null ? outer : { ...outer, upstreamNames: Object.keys(upstreams) };
  const timeouts = readTimeouts(file.timeouts, defaultTimeouts, ['timeouts'], problems);
  const listed = readModels(file.models ?? {}, { upstreams, timeouts }, reading);
  const models = file.models === undefined && automatic !== null ? automatic.models : listed;
  if (file.open === true && file.keys !== undefined) {
    problems.add(['open'], '`open` has no effect: with `keys` nobody enters without one; remove one of the two');
  }
  const keys = readKeys(file.keys ?? [], { upstreams, models }, reading);
  return {
    source,
    host: file.host ?? defaultServer.host,
    port: file.port ?? defaultServer.port,
    open: file.open ?? defaultServer.open,
    adminKeySha256: readAdminKey(file, problems),
    adminPort: file.adminPort ?? null,
    tls: readTls(file.tls, outer),
    lane: file.lane ?? defaultServer.lane,
    workers: workersOf(file.workers ?? defaultServer.workers),
    drainMs: file.drainMs ?? defaultServer.drainMs,
    stateDir: readStateDir(file.stateDir, outer),
    upstreams,
    models,
    keys,
    lanes: {
      vip: { firstTokenMs: file.lanes?.vip?.firstTokenMs ?? null },
      standard: { firstTokenMs: file.lanes?.standard?.firstTokenMs ?? null },
      batch: { firstTokenMs: file.lanes?.batch?.firstTokenMs ?? null },
    },
    timeouts,
    retry: readRetry(file.retry, problems),
    breaker: readBreaker(file.breaker, problems),
    redis: readRedis(file.redis, outer),
    signing: readSigning(file.signing, keys, problems),
    cors: readCors(file.cors, problems),
    log: { level: file.log?.level ?? defaultLogLevel },
    telemetry: readTelemetry(file.telemetry, problems),
  };
}

function readUpstreams(file: FileConfig, reading: Reading): Record<string, UpstreamConfig> {
  const entries = Object.entries(file.upstreams ?? {});
  if (file.upstreams !== undefined && entries.length === 0) {
    reading.problems.add(['upstreams'], '`upstreams` is empty: add one, or remove it to use those of the environment');
  }
  // A file without models serves what its upstreams list; one with models serves those.
  const discover = file.models === undefined;
  return bareRecord(entries.map(([name, upstream]) => [name, readUpstream(name, upstream, discover, reading)]));
}

/** Null is a choice: nothing is kept. */
function readStateDir(stateDir: FileConfig['stateDir'], reading: Reading): string | null {
  if (stateDir === undefined) return reading.stateDir;
  return stateDir === null ? null : reading.resolvePath(stateDir);
}

function readAdminKey(file: FileConfig, problems: Problems): string | null {
  if (file.adminKey === undefined) return null;
  const secret = file.adminKey.trim();
  if (!/^[\x21-\x7e]+$/.test(secret))
    problems.add(['adminKey'], '`adminKey` holds characters that no header can carry');
  return nodeDigest.sha256(secret);
}

function readCors(file: FileConfig['cors'], problems: Problems): CorsConfig | null {
  if (file === undefined) return null;
  if (file.origins === undefined)
    problems.add(['cors', 'origins'], '`cors` needs `origins`, like `["https://app.example.com"]`', 'name');
  const origins = file.origins ?? [];
  for (const [index, origin] of origins.entries()) {
    const at = ['cors', 'origins', index];
    if (origin === '*') {
      if (origins.length > 1) problems.add(at, '`*` allows every origin: the others have no effect');
    } else if (!URL.canParse(origin) || !/^https?:$/.test(new URL(origin).protocol)) {
      problems.add(at, 'an origin looks like `https://app.example.com`');
    } else if (new URL(origin).origin !== origin) {
      problems.add(at, `an origin has no path and no capitals: write \`${new URL(origin).origin}\``);
    }
  }
  return { origins, maxAgeSeconds: file.maxAgeSeconds ?? defaultCors.maxAgeSeconds };
}

function readTelemetry(file: FileConfig['telemetry'], problems: Problems): Config['telemetry'] {
  const trouble = file?.otlpEndpoint === undefined ? null : urlTrouble(file.otlpEndpoint);
  if (trouble !== null) problems.add(['telemetry', 'otlpEndpoint'], `\`otlpEndpoint\` ${trouble}`);
  return {
    otlpEndpoint: file?.otlpEndpoint === undefined ? null : withoutTrailingSlashes(file.otlpEndpoint),
    sampleRatio: file?.sampleRatio ?? defaultSampleRatio,
  };
}

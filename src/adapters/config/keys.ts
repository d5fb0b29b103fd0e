// Keys: the `keys` section → KeyConfig. Secrets are hashed here, at once; nothing behind this file ever holds one.
import type { KeyConfig, ModelConfig, UpstreamConfig } from '../../ports/config.ts';
import { nodeDigest } from '../digest.ts';
import { hint } from './nearest.ts';
import type { Path } from './problems.ts';
import type { Reading } from './reading.ts';
import type { FileKey } from './schema.ts';

export interface KeySources {
  readonly upstreams: Readonly<Record<string, UpstreamConfig>>;
  readonly models: Readonly<Record<string, ModelConfig>>;
}

export function readKeys(file: readonly FileKey[], sources: KeySources, reading: Reading): KeyConfig[] {
  const keys = file.map((key, index) => readKey(key, ['keys', index], sources, reading));
  const digests = keys.map((key) => key.sha256);
  refuseTwice(digests, (index) => reading.problems.add(['keys', index], 'this key is given twice'));
  const names = file.map((key) => key.name ?? '');
  refuseTwice(names, (index) =>
    reading.problems.add(['keys', index, 'name'], `two keys have the name \`${names[index]}\``),
  );
  return keys;
}

function readKey(file: FileKey, path: Path, sources: KeySources, reading: Reading): KeyConfig {
  const digest = readDigest(file, path, reading);
  if (file.name !== undefined && !/^[\p{L}\p{N}][\p{L}\p{N}\p{P}\p{S} ]{0,63}$/u.test(file.name)) {
    reading.problems.add([...path, 'name'], 'a key’s name has up to 64 letters, digits and signs');
  }
  return {
    name: file.name ?? `key-${digest.slice(0, 8)}`,
    sha256: digest,
    lane: file.lane ?? 'standard',
    models: readModelNames(file.models, [...path, 'models'], sources, reading),
    regions: readRegions(file.regions, [...path, 'regions'], sources, reading),
    limits: {
      requestsPerMinute: file.limits?.requestsPerMinute ?? null,
      tokensPerMinute: file.limits?.tokensPerMinute ?? null,
      maxConcurrent: file.limits?.maxConcurrent ?? null,
    },
  };
}

function readDigest(file: FileKey, path: Path, reading: Reading): string {
  const { problems } = reading;
  if (file.key !== undefined && file.keySha256 !== undefined) {
    problems.add([...path, 'keySha256'], 'give either `key` or `keySha256`, not both', 'name');
  }
  if (file.key !== undefined) {
    const secret = file.key.trim();
    if (!/^[\x21-\x7e]+$/.test(secret))
      problems.add([...path, 'key'], '`key` holds characters that no header can carry');
    return nodeDigest.sha256(secret);
  }
  if (file.keySha256 === undefined) {
    problems.add([...path, 'key'], 'an entry of `keys` needs a `key` or a `keySha256`');
    return '';
  }
  const digest = file.keySha256.trim().toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(digest)) problems.add([...path, 'keySha256'], '`keySha256` has 64 hex digits');
  return digest;
}

function readModelNames(
  file: readonly string[] | undefined,
  path: Path,
  { models, upstreams }: KeySources,
  reading: Reading,
): string[] | null {
  if (file === undefined) return null;
  const listed = Object.entries(models).flatMap(([name, model]) => [name, ...model.aliases]);
  // An upstream that lists its models by itself, or a pattern, may know any name; then no name is surely wrong.
  const anyName =
    Object.values(upstreams).some(({ discover }) => discover) || listed.some((name) => name.includes('*'));
  const allowed = new Set<string>();
  for (const [index, name] of file.entries()) {
    if (name.split('*').length > 2) reading.problems.add([...path, index], 'a pattern has one `*` only');
    if (!name.includes('*') && !name.includes('/') && !anyName && !listed.includes(name)) {
      reading.problems.add([...path, index], `no model \`${name}\` is listed${hint(name, listed)}`);
    }
    allowed.add(name);
    // Who may use an alias may use the model under each of its names.
    for (const [owner, model] of Object.entries(models)) {
      if (name !== owner && !model.aliases.includes(name)) continue;
      for (const spelling of [owner, ...model.aliases]) allowed.add(spelling);
    }
  }
  return [...allowed];
}

function readRegions(
  file: readonly string[] | undefined,
  path: Path,
  { upstreams }: KeySources,
  reading: Reading,
): readonly string[] | null {
  if (file === undefined) return null;
  const known = [...new Set(Object.values(upstreams).flatMap(({ region }) => region ?? []))];
  for (const [index, region] of file.entries()) {
    if (known.includes(region)) continue;
    const none = known.length === 0 ? ' — give the upstreams a `region`' : hint(region, known);
    reading.problems.add([...path, index], `no upstream has the region \`${region}\`${none}`);
  }
  return file;
}

function refuseTwice(values: readonly string[], refuse: (index: number) => void): void {
  const seen = new Set<string>();
  for (const [index, value] of values.entries()) {
    if (value !== '' && seen.has(value)) refuse(index);
    seen.add(value);
  }
}

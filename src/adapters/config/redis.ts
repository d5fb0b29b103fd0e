// Redis: one server by `url`, or a cluster by `nodes`. REDIS_URL stands in for both, so that one file serves everywhere;
// several URLs separated by commas are a cluster's nodes. No message quotes a URL: it may hold the password.
import type { RedisConfig } from '../../ports/config.ts';
import { defaultRedis } from './defaults.ts';
import type { Reading } from './reading.ts';
import type { FileConfig } from './schema.ts';

interface Address {
  readonly host: string;
  readonly port: number;
  readonly username: string | null;
  readonly password: string | null;
  readonly database: number;
  readonly tls: boolean;
}

const PORT = 6379;
const LOOKS_LIKE = 'must look like `redis://host:6379` (`rediss://` with TLS)';

export function readRedis(file: FileConfig['redis'], reading: Reading): RedisConfig | null {
  const { problems, redisUrl } = reading;
  if (redisUrl !== null) return fromEnvironment(redisUrl, file, reading);
  if (file === undefined) return null;
  if (file.url !== undefined && file.nodes !== undefined) {
    problems.add(['redis', 'nodes'], '`redis` has `url` for one server or `nodes` for a cluster, not both');
    return null;
  }
  if (file.url === undefined && file.nodes === undefined) {
    problems.add(['redis'], '`redis` needs `url`, like `redis://host:6379`, or the `nodes` of a cluster');
    return null;
  }
  const texts = file.nodes ?? [file.url ?? ''];
  const addresses = texts.map((text, index) => {
    const read = parseAddress(text);
    if (typeof read !== 'string') return read;
    const place = file.nodes === undefined ? ['redis', 'url'] : ['redis', 'nodes', index];
    problems.add(place, `${file.nodes === undefined ? '`url`' : 'a node'} ${read}`);
    return null;
  });
  const known = addresses.filter((address) => address !== null);
  return known.length < texts.length ? null : assemble(known, file.nodes !== undefined, file, reading);
}

function fromEnvironment(text: string, file: FileConfig['redis'], reading: Reading): RedisConfig | null {
  const texts = text.split(',').map((part) => part.trim());
  const addresses: Address[] = [];
  for (const part of texts) {
    const read = parseAddress(part);
    if (typeof read === 'string') {
      reading.problems.add(['redis'], `the environment variable REDIS_URL ${read}`);
      return null;
    }
    addresses.push(read);
  }
  return assemble(addresses, texts.length > 1, { ...file, username: undefined, password: undefined }, reading);
}

function assemble(
  addresses: readonly Address[],
  isCluster: boolean,
  file: NonNullable<FileConfig['redis']> | { readonly [Name in keyof NonNullable<FileConfig['redis']>]?: undefined },
  reading: Reading,
): RedisConfig | null {
  const { problems } = reading;
  const [first] = addresses;
  if (first === undefined) return null;
  if (isCluster && addresses.some(({ database }) => database !== 0)) {
    problems.add(['redis'], 'a Redis cluster has only database 0');
  }
  const caFile = file.caFile === undefined ? null : reading.resolvePath(file.caFile);
  const why = caFile === null ? null : reading.whyUnreadable(caFile);
  if (why !== null) problems.add(['redis', 'caFile'], `\`caFile\` cannot be read: ${why}`);
  const tls = addresses.some((address) => address.tls);
  if (caFile !== null && !tls) problems.add(['redis', 'caFile'], '`caFile` has no effect without `rediss://`');
  return {
    nodes: addresses.map(({ host, port }) => ({ host, port })),
    isCluster,
    username: file.username ?? first.username,
    password: file.password ?? first.password,
    database: first.database,
    tls,
    caFile,
    prefix: file.prefix ?? defaultRedis.prefix,
    timeoutMs: file.timeoutMs ?? defaultRedis.timeoutMs,
  };
}

/** The end of a sentence when it is none. */
function parseAddress(text: string): Address | string {
  const full = text.includes('://') ? text : `redis://${text}`;
  if (!URL.canParse(full)) return LOOKS_LIKE;
  const url = new URL(full);
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') return LOOKS_LIKE;
  const database = url.pathname.replace(/^\//, '') || '0';
  if (url.hostname === '' || !/^\d{1,4}$/.test(database)) return LOOKS_LIKE;
  if (url.search !== '' || url.hash !== '') return 'cannot have a `?` or `#` part';
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? PORT : Number(url.port),
    username: decoded(url.username),
    password: decoded(url.password),
    database: Number(database),
    tls: url.protocol === 'rediss:',
  };
}

/** Null when empty; as it stands where its escapes are none. */
function decoded(text: string): string | null {
  if (text === '') return null;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

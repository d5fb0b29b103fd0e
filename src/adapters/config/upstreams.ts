// Upstreams: the `upstreams` section → UpstreamConfig, with everything checked that the shape alone cannot tell.
import { type ProviderName, providerNames } from '../../kernel/provider.ts';
import type { HealthConfig, UpstreamConfig } from '../../ports/config.ts';
import { checkAccount, readAccount } from './accounts.ts';
import { defaultHealth } from './defaults.ts';
import type { Path } from './problems.ts';
import { isKey, type Reading, urlTrouble, withoutTrailingSlashes } from './reading.ts';
import type { FileUpstream } from './schema.ts';

export function readUpstream(name: string, file: FileUpstream, discover: boolean, reading: Reading): UpstreamConfig {
  const path: Path = ['upstreams', name];
  const provider = readProvider(name, file, path, reading);
  if (!/^[A-Za-z0-9][\w.-]*$/.test(name)) {
    reading.problems.add(path, 'an upstream’s name has letters, digits, `-`, `_` and `.` only', 'name');
  }
  if (provider === 'scripted') refuseNetworkSettings(file, path, reading);
  const apiKeys = readApiKeys(file, path, reading);
  const account = readAccount(file, provider, path, reading);
  checkAccount(file, provider, account, apiKeys.length > 0, path, reading);
  checkAddress(file, provider, path, reading);
  if (provider !== null && apiKeys.length === 0 && reading.providers[provider].keyRequired) {
    reading.problems.add(
      [...path, 'apiKey'],
      `upstream \`${name}\` needs an \`apiKey\` (provider ${provider})`,
      'name',
    );
  }
  return {
    // The fallback never leaves this folder: a file with a problem gives no configuration.
    provider: provider ?? 'openai-compatible',
    baseUrl: file.baseUrl === undefined ? null : withoutTrailingSlashes(file.baseUrl),
    apiKeys,
    tier: file.tier ?? 'base',
    maxConcurrent: file.maxConcurrent ?? null,
    requestsPerMinute: file.requestsPerMinute ?? null,
    tokensPerMinute: file.tokensPerMinute ?? null,
    headers: readHeaders(file, path, apiKeys.length > 0, reading),
    region: file.region ?? null,
    ...(Object.keys(account).length > 0 && { account }),
    caFile: readCaFile(file, path, reading),
    proxy: file.proxy ?? null,
    ...(file.transport === 'undici' && { transport: 'undici' }),
    health: readHealth(file, path, reading),
    discover: file.discover ?? discover,
    engineMetrics: readEngineMetrics(file, provider, path, reading),
  };
}

function readProvider(name: string, file: FileUpstream, path: Path, reading: Reading): ProviderName | null {
  if (file.provider !== undefined) return file.provider;
  const likeName = providerNames.find((provider) => provider === name);
  if (likeName !== undefined) return likeName;
  reading.problems.add(
    [...path, 'provider'],
    `upstream \`${name}\` needs a \`provider\`: ${providerNames.join(', ')}`,
    'name',
  );
  return null;
}

function refuseNetworkSettings(file: FileUpstream, path: Path, reading: Reading): void {
  for (const name of [
    'baseUrl',
    'apiKey',
    'apiKeys',
    'headers',
    'account',
    'caFile',
    'proxy',
    'transport',
    'health',
    'engineMetrics',
  ] as const) {
    if (file[name] === undefined) continue;
    reading.problems.add([...path, name], `\`${name}\` has no effect: the scripted provider has no network`, 'name');
  }
}

function readApiKeys(file: FileUpstream, path: Path, reading: Reading): string[] {
  const { problems } = reading;
  if (file.apiKey !== undefined && file.apiKeys !== undefined) {
    problems.add([...path, 'apiKeys'], 'give either `apiKey` or `apiKeys`, not both', 'name');
  }
  const written = file.apiKeys?.map((value, index) => ({ value, at: [...path, 'apiKeys', index] }));
  const all = written ?? (file.apiKey === undefined ? [] : [{ value: file.apiKey, at: [...path, 'apiKey'] }]);
  const kept = new Set<string>();
  for (const { value, at } of all) {
    // Secrets mounted from files often end with a line break, which no header may hold.
    const secret = value.trim();
    if (!isKey(secret)) problems.add(at, 'this key holds white space or characters no key has');
    else if (kept.has(secret)) problems.add(at, 'this key is listed twice');
    kept.add(secret);
  }
  return [...kept];
}

function checkAddress(file: FileUpstream, provider: ProviderName | null, path: Path, reading: Reading): void {
  const { problems } = reading;
  if (file.baseUrl !== undefined) {
    const trouble = urlTrouble(file.baseUrl);
    if (trouble !== null) problems.add([...path, 'baseUrl'], `\`baseUrl\` ${trouble}`);
  } else if (provider !== null && provider !== 'scripted' && isPlaceless(reading.providers[provider])) {
    problems.add(
      [...path, 'baseUrl'],
      `provider ${provider} needs a \`baseUrl\`, like \`http://host:8000/v1\``,
      'name',
    );
  }
  if (file.proxy === undefined) return;
  const proxy = URL.canParse(file.proxy) ? new URL(file.proxy) : null;
  if (proxy?.protocol !== 'http:' && proxy?.protocol !== 'https:') {
    problems.add([...path, 'proxy'], '`proxy` must be an address like `http://proxy:3128`');
  }
}

/** Where an account comes to an address, its provider says what is missing. */
const isPlaceless = (provider: Reading['providers'][ProviderName]): boolean =>
  provider.defaultBaseUrl === null && provider.address === undefined;

/** Headers that are ours to set, or that change what the connection means. */
const ownHeaders = new Set([
  'host',
  'content-length',
  'content-type',
  'content-encoding',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'upgrade',
  'te',
  'trailer',
  'expect',
  'accept-encoding',
]);
const authHeaders = new Set(['authorization', 'x-api-key', 'api-key']);

function readHeaders(file: FileUpstream, path: Path, hasKey: boolean, reading: Reading): Record<string, string> {
  const headers = new Map<string, string>();
  for (const [written, text] of Object.entries(file.headers ?? {})) {
    const at = [...path, 'headers', written];
    const name = written.toLowerCase();
    const value = text.trim();
    const refuse = (message: string, part: 'name' | 'value' = 'name'): void => reading.problems.add(at, message, part);
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(written)) refuse('this is no header name');
    else if (headers.has(name)) refuse(`header \`${name}\` is given twice`);
    else if (ownHeaders.has(name)) refuse(`header \`${name}\` is set by Spillway and cannot be given`);
    else if (authHeaders.has(name) && hasKey) refuse(`header \`${name}\` would override the \`apiKey\`: remove one`);
    // eslint-disable-next-line no-control-regex
    else if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) refuse('this value cannot be sent in a header', 'value');
    headers.set(name, value);
  }
  return Object.fromEntries(headers);
}

function readCaFile(file: FileUpstream, path: Path, reading: Reading): string | null {
  if (file.caFile === undefined) return null;
  const at = [...path, 'caFile'];
  const full = reading.resolvePath(file.caFile);
  const why = reading.whyUnreadable(full);
  if (why !== null) reading.problems.add(at, `\`caFile\` ${full}: ${why}`);
  if (file.baseUrl?.startsWith('http://'))
    reading.problems.add(at, '`caFile` has no effect on an `http://` address', 'name');
  return full;
}

/** Left out: where the provider has them. */
function readEngineMetrics(
  { engineMetrics }: FileUpstream,
  provider: ProviderName | null,
  path: Path,
  reading: Reading,
): boolean | string {
  const at = [...path, 'engineMetrics'];
  // From the environment everything comes as text.
  const said = engineMetrics === 'true' || engineMetrics === 'false' ? engineMetrics === 'true' : engineMetrics;
  if (typeof said === 'string' && !/^\/[\x21-\x7e]*$/.test(said)) {
    reading.problems.add(at, '`engineMetrics` must be `true`, `false` or a path that begins with `/`');
  } else if (said === true && provider !== null && reading.providers[provider].metricsPath === undefined) {
    reading.problems.add(
      at,
      `\`engineMetrics\`: provider ${provider} has no engine that tells; write the path if yours does`,
    );
  }
  return said ?? true;
}

function readHealth(file: FileUpstream, path: Path, reading: Reading): HealthConfig | null {
  if (file.health === undefined) return null;
  const health: HealthConfig = {
    path: file.health.path ?? defaultHealth.path,
    intervalMs: file.health.intervalMs ?? defaultHealth.intervalMs,
    timeoutMs: file.health.timeoutMs ?? Math.min(defaultHealth.timeoutMs, file.health.intervalMs ?? Infinity),
    unhealthyAfter: file.health.unhealthyAfter ?? defaultHealth.unhealthyAfter,
    healthyAfter: file.health.healthyAfter ?? defaultHealth.healthyAfter,
  };
  const at = [...path, 'health'];
  if (!/^\/[\x21-\x7e]*$/.test(health.path)) reading.problems.add([...at, 'path'], '`health.path` must begin with `/`');
  if (health.timeoutMs > health.intervalMs) {
    reading.problems.add(
      [...at, 'timeoutMs'],
      '`health.timeoutMs` cannot be longer than `intervalMs`: checks would overlap',
    );
  }
  return health;
}

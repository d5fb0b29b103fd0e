// Automatic: upstreams nobody had to write down. Well-known variables of the environment become upstreams, and the
// scripted `demo` is always there, so that `npm start` answers on a machine that knows nothing of us.
import { fail, ok, type Result } from '../../kernel/result.ts';
import type { ModelConfig, UpstreamConfig } from '../../ports/config.ts';
import type { Environment } from '../environment.ts';
import { defaultDegrade, defaultTimeouts } from './defaults.ts';
import { cloudUpstreams } from './automatic-clouds.ts';
import { bareRecord, isKey, splitKeys, urlTrouble, withoutTrailingSlashes } from './reading.ts';

export interface Automatic {
  readonly source: 'environment' | 'built-in';
  readonly upstreams: Readonly<Record<string, UpstreamConfig>>;
  readonly models: Readonly<Record<string, ModelConfig>>;
}

const OLLAMA_PORT = 11_434;

/** `ownPort`: where we will listen; a variable meant for our clients must not make us our own upstream. */
export function automaticUpstreams(environment: Environment, ownPort: number): Result<Automatic, readonly string[]> {
  const { known } = environment;
  const problems: string[] = [];
  const found = new Map<string, UpstreamConfig>();
  const keyed = (name: 'DEEPSEEK_API_KEY' | 'OPENAI_API_KEY' | 'ANTHROPIC_API_KEY' | 'MISTRAL_API_KEY'): string[] => {
    const keys = splitKeys(known[name]);
    if (!keys.every(isKey))
      problems.push(`environment variable ${name}: this key holds white space or characters no key has`);
    return keys;
  };
  const deepseek = keyed('DEEPSEEK_API_KEY');
  if (deepseek.length > 0) found.set('deepseek', plain({ provider: 'deepseek', apiKeys: deepseek }));
  const openai = openaiUpstream(known.OPENAI_BASE_URL, keyed('OPENAI_API_KEY'), ownPort, problems);
  if (openai !== null) found.set('openai', openai);
  const anthropic = keyed('ANTHROPIC_API_KEY');
  if (anthropic.length > 0) found.set('anthropic', plain({ provider: 'anthropic', apiKeys: anthropic }));
  const mistral = keyed('MISTRAL_API_KEY');
  if (mistral.length > 0) found.set('mistral', plain({ provider: 'mistral', apiKeys: mistral }));
  for (const cloud of cloudUpstreams(known, problems)) found.set(cloud.provider, plain(cloud));
  const ollama = address(known.OLLAMA_HOST, 'OLLAMA_HOST', ollamaBaseUrl, problems);
  if (ollama !== null) found.set('ollama', plain({ provider: 'ollama', baseUrl: ollama }));
  const vllm = address(known.VLLM_BASE_URL, 'VLLM_BASE_URL', withVersion, problems);
  if (vllm !== null)
    found.set('vllm', plain({ provider: 'vllm', baseUrl: vllm, apiKeys: splitKeys(known.VLLM_API_KEY) }));
  if (problems.length > 0) return fail(problems);
  const source = found.size > 0 ? 'environment' : 'built-in';
  found.set('demo', { ...plain({ provider: 'scripted' }), discover: false });
  return ok({ source, upstreams: bareRecord(found), models: bareRecord([['demo', demoModel]]) });
}

const demoModel: ModelConfig = {
  targets: [{ upstream: 'demo', model: 'demo', weight: 1, tier: null, defaults: {}, traits: {} }],
  aliases: [],
  timeouts: defaultTimeouts,
  dropParams: false,
  failoverOnContentFilter: false,
  holdToolCalls: true,
  degrade: defaultDegrade,
};

function plain(settings: Pick<UpstreamConfig, 'provider'> & Partial<UpstreamConfig>): UpstreamConfig {
  return {
    baseUrl: null,
    apiKeys: [],
    tier: 'base',
    maxConcurrent: null,
    requestsPerMinute: null,
    tokensPerMinute: null,
    headers: {},
    region: null,
    caFile: null,
    proxy: null,
    health: null,
    discover: true,
    engineMetrics: true,
    ...settings,
  };
}

function openaiUpstream(
  baseUrlText: string | null,
  apiKeys: readonly string[],
  ownPort: number,
  problems: string[],
): UpstreamConfig | null {
  const given = address(baseUrlText, 'OPENAI_BASE_URL', (text) => text, problems);
  const baseUrl = given !== null && isOurselves(given, ownPort) ? null : given;
  if (baseUrl === null) return apiKeys.length > 0 ? plain({ provider: 'openai', apiKeys }) : null;
  // Another host speaks OpenAI's language, but has neither its models nor its limits, and may need no key.
  const isOpenai = new URL(baseUrl).hostname.endsWith('openai.com');
  if (isOpenai) return apiKeys.length > 0 ? plain({ provider: 'openai', baseUrl, apiKeys }) : null;
  return plain({ provider: 'openai-compatible', baseUrl, apiKeys });
}

function isOurselves(baseUrl: string, ownPort: number): boolean {
  const { hostname, port } = new URL(baseUrl);
  return Number(port) === ownPort && /^(localhost|127\.[\d.]+|\[::1\]|0\.0\.0\.0)$/.test(hostname);
}

function address(
  text: string | null,
  variable: string,
  toBaseUrl: (text: string) => string,
  problems: string[],
): string | null {
  if (text === null) return null;
  const baseUrl = withoutTrailingSlashes(toBaseUrl(text));
  const trouble = urlTrouble(baseUrl);
  if (trouble === null) return baseUrl;
  problems.push(`environment variable ${variable}: ${trouble}`);
  return null;
}

function withVersion(text: string): string {
  const base = withoutTrailingSlashes(text);
  return base.endsWith('/v1') ? base : `${base}/v1`;
}

/** `host`, `host:port`, `:port` or a full address; Ollama uses the same variable for where its server listens. */
function ollamaBaseUrl(text: string): string {
  const hasScheme = /^https?:\/\//i.test(text);
  const withHost = text.startsWith(':') ? `127.0.0.1${text}` : text;
  const full = hasScheme ? text : `http://${withHost}`;
  if (!URL.canParse(full)) return full;
  const url = new URL(full);
  if (!hasScheme && !/:\d+\/?$/.test(withHost)) url.port = String(OLLAMA_PORT);
  // "Every interface" is a place to listen on, not one to call.
  if (url.hostname === '0.0.0.0') url.hostname = '127.0.0.1';
  if (url.hostname === '[::]') url.hostname = '[::1]';
  return withVersion(url.href);
}

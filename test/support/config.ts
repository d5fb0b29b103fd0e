// Configuration as tests read it: providers' facts as the catalogue has them, an environment that is only what the test
// says, and no file system.
import { automaticUpstreams } from '../../src/adapters/config/automatic.ts';
import { parseConfig } from '../../src/adapters/config/parse.ts';
import type { ProviderFacts } from '../../src/adapters/config/reading.ts';
import { environmentOf } from '../../src/adapters/environment.ts';
import { fail, ok, type Result } from '../../src/kernel/result.ts';
import type { Config } from '../../src/ports/config.ts';
import { catalogue } from '../../src/providers/catalogue.ts';

const hosted = { defaultBaseUrl: 'https://api.test/v1', keyRequired: true };
const local = { defaultBaseUrl: 'http://127.0.0.1:9/v1', keyRequired: false };
const elsewhere = { defaultBaseUrl: null, keyRequired: false };

export const providerFacts: ProviderFacts = {
  deepseek: hosted,
  openai: hosted,
  anthropic: hosted,
  'azure-openai': catalogue['azure-openai'],
  bedrock: catalogue.bedrock,
  vertex: catalogue.vertex,
  'openai-compatible': elsewhere,
  vllm: elsewhere,
  sglang: elsewhere,
  tgi: elsewhere,
  ollama: local,
  'llama-cpp': local,
  mistral: hosted,
  scripted: elsewhere,
};

/** Reads `text` as the file `f.yaml`; every file it names can be read. */
export function readConfig(
  text: string,
  variables: Readonly<Record<string, string>> = {},
): Result<Config, readonly string[]> {
  const environment = environmentOf(variables);
  const parsed = parseConfig(text, {
    file: 'f.yaml',
    environment,
    providers: providerFacts,
    automatic: (port) => automaticUpstreams(environment, port),
    resolvePath: (path) => `/etc/${path}`,
    whyUnreadable: (path) => (path.includes('absent') ? 'no such file' : null),
  });
  return parsed.ok ? ok(parsed.value.config) : fail(parsed.error);
}

export function goodConfig(text: string, variables: Readonly<Record<string, string>> = {}): Config {
  const result = readConfig(text, variables);
  if (result.ok) return result.value;
  throw new Error(`refused:\n${result.error.join('\n')}`);
}

/** The problems, without the file's name. */
export function problemsIn(text: string, variables: Readonly<Record<string, string>> = {}): string[] {
  const result = readConfig(text, variables);
  return result.ok ? [] : result.error.map((line) => line.replace('f.yaml:', ''));
}

// The environment: the one place that reads process.env. Everybody else is handed what they need, so that tests and the
// configuration check can bring their own. Never logs or shows a value: most of them are secrets.

const knownVariables = [
  'PORT',
  'HOST',
  'SPILLWAY_CONFIG',
  'DEEPSEEK_API_KEY',
  'OPENAI_API_KEY',
  'OPENAI_BASE_URL',
  'ANTHROPIC_API_KEY',
  'MISTRAL_API_KEY',
  'AZURE_OPENAI_API_KEY',
  'AZURE_OPENAI_ENDPOINT',
  'OPENAI_API_VERSION',
  'AWS_BEARER_TOKEN_BEDROCK',
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'GOOGLE_APPLICATION_CREDENTIALS',
  'GOOGLE_CLOUD_PROJECT',
  'GOOGLE_CLOUD_LOCATION',
  'OLLAMA_HOST',
  'VLLM_BASE_URL',
  'VLLM_API_KEY',
  'REDIS_URL',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'STATE_DIRECTORY',
  'XDG_STATE_HOME',
  'LOCALAPPDATA',
  'HOME',
  'NO_COLOR',
] as const;
type KnownVariable = (typeof knownVariables)[number];

export interface Environment {
  /** Variables Spillway itself understands; null when unset or blank, else without surrounding white space. */
  readonly known: Readonly<Record<KnownVariable, string | null>>;
  /** Any variable, for `${NAME}` in the configuration; exactly as set, undefined when it is not. */
  lookup(name: string): string | undefined;
}

export function readEnvironment(): Environment {
  return environmentOf(process.env);
}

/** The same from given variables: for tests and for checking a configuration against another environment. */
export function environmentOf(variables: Readonly<Record<string, string | undefined>>): Environment {
  const lookup = (name: string): string | undefined => (Object.hasOwn(variables, name) ? variables[name] : undefined);
  const known = Object.fromEntries(knownVariables.map((name) => [name, lookup(name)?.trim() || null]));
  return { known: known as Record<KnownVariable, string | null>, lookup };
}

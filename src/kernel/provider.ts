// Provider names: the kinds of far side there are. A word of the kernel, since config, catalogue and facts all use it.

export const providerNames = [
  'deepseek',
  'openai',
  'anthropic',
  'azure-openai',
  'bedrock',
  'vertex',
  'openai-compatible',
  'vllm',
  'sglang',
  'tgi',
  'ollama',
  'llama-cpp',
  'mistral',
  'scripted',
] as const;
export type ProviderName = (typeof providerNames)[number];

/** What the config says about a target that the provider's table does not know, or says otherwise. */
export interface TargetTraits {
  readonly contextTokens?: number;
  readonly outputTokens?: number;
  readonly tools?: boolean;
  readonly vision?: boolean;
  readonly jsonSchema?: boolean;
}

// Catalogue: every provider by name. Adding one is a file beside this, a line here, and its name in kernel/provider.ts.
import type { ProviderName } from '../kernel/provider.ts';
import { anthropic } from './anthropic.ts';
import { azureOpenai } from './azure-openai.ts';
import { bedrock } from './bedrock.ts';
import { deepseek } from './deepseek.ts';
import { llamaCpp } from './llama-cpp.ts';
import { mistral } from './mistral.ts';
import { ollama } from './ollama.ts';
import { openaiCompatible } from './openai-compatible.ts';
import { openai } from './openai.ts';
import type { Provider } from './provider.ts';
import { scripted } from './scripted.ts';
import { sglang } from './sglang.ts';
import { tgi } from './tgi.ts';
import { vertex } from './vertex.ts';
import { vllm } from './vllm.ts';

export const catalogue: Readonly<Record<ProviderName, Provider>> = {
  deepseek,
  openai,
  anthropic,
  'azure-openai': azureOpenai,
  bedrock,
  vertex,
  'openai-compatible': openaiCompatible,
  vllm,
  sglang,
  tgi,
  ollama,
  'llama-cpp': llamaCpp,
  mistral,
  scripted,
};

// Clients: every SDK under test, at every endpoint that it can speak to.
import { aiTalkers, aiUtilities } from './ai-sdk.ts';
import { anthropicTalkers, anthropicUtilities } from './anthropic-sdk.ts';
import type { Talker, Utility } from './client.ts';
import { langchainTalkers, langchainUtilities } from './langchain.ts';
import { openaiTalkers, openaiUtilities } from './openai-sdk.ts';

export const talkers: readonly Talker[] = [...openaiTalkers, ...anthropicTalkers, ...aiTalkers, ...langchainTalkers];

export const utilities: readonly Utility[] = [
  ...openaiUtilities,
  ...anthropicUtilities,
  ...aiUtilities,
  ...langchainUtilities,
];

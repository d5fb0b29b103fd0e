// Vercel's AI SDK with the providers that can be given an address.
import assert from 'node:assert/strict';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createDeepSeek } from '@ai-sdk/deepseek';
import { createOpenAICompatible, type OpenAICompatibleProvider } from '@ai-sdk/openai-compatible';
import {
  APICallError,
  embedMany,
  generateText,
  isStepCount,
  jsonSchema,
  type LanguageModel,
  Output,
  streamText,
  tool,
} from 'ai';
import { healthyText } from '../../src/wall/known-text.ts';
import {
  answerSchema,
  type Ask,
  classOf,
  type Connection,
  embedding,
  MAX_TOKENS,
  patience,
  type Reply,
  type Talker,
  THINKING_TOKENS,
  toolDescription,
  toolName,
  toolSchema,
  type Trouble,
  type Utility,
} from './client.ts';

const ROUNDS_MAX = 4;

function optionsOf(model: LanguageModel, ask: Ask) {
  const content = [
    { type: 'text' as const, text: ask.prompt },
    ...(ask.image === undefined ? [] : [{ type: 'image' as const, image: ask.image, mediaType: 'image/png' }]),
  ];
  const { tool: run } = ask;
  return {
    model,
    messages: [{ role: 'user' as const, content }],
    maxRetries: 0,
    maxOutputTokens: MAX_TOKENS,
    stopWhen: isStepCount(ROUNDS_MAX),
    ...(ask.signal && { abortSignal: ask.signal }),
    ...(ask.system !== undefined && { system: ask.system }),
    ...(ask.temperature !== undefined && { temperature: ask.temperature }),
    ...(ask.json && { output: Output.object({ schema: jsonSchema(answerSchema as object) }) }),
    ...(run && {
      tools: {
        [toolName]: tool({
          description: toolDescription,
          inputSchema: jsonSchema(toolSchema as object),
          execute: (args: unknown) => run(args),
        }),
      },
    }),
    providerOptions: {
      anthropic: {
        structuredOutputMode: 'outputFormat',
        ...(ask.thinks && { thinking: { type: 'enabled', budgetTokens: THINKING_TOKENS } }),
      },
      ...(ask.thinks && { deepseek: { thinking: { type: 'enabled' } }, gateway: { reasoningEffort: 'low' } }),
    },
  };
}

async function converse(model: LanguageModel, ask: Ask): Promise<Reply> {
  const options = optionsOf(model, ask);
  if (!ask.stream) {
    const { text, reasoningText, finishReason, usage } = await generateText(options);
    return {
      text,
      reasoning: reasoningText ?? '',
      finish: finishReason,
      outputTokens: usage.outputTokens ?? null,
    };
  }
  const result = streamText({ ...options, onError: () => {} });
  // Its text alone leaves errors out; they are parts of the whole stream.
  for await (const part of result.stream) {
    if (part.type === 'text-delta') ask.onText?.(part.text);
    if (part.type === 'error') throw part.error;
    if (part.type === 'abort') throw new Error('aborted');
  }
  const [text, reasoning, finish, usage] = await Promise.all([
    result.text,
    result.reasoningText,
    result.finishReason,
    result.usage,
  ]);
  return { text, reasoning: reasoning ?? '', finish, outputTokens: usage.outputTokens ?? null };
}

/** One class for all; its status tells them apart. */
function nameOfError(error: unknown): string {
  return APICallError.isInstance(error) ? `APICallError ${error.statusCode}` : classOf(error);
}

const errorsWith = (statusOfOverload: number): Readonly<Record<Trouble, string>> => ({
  400: 'APICallError 400',
  401: 'APICallError 401',
  404: 'APICallError 404',
  429: 'APICallError 429',
  500: 'APICallError 502',
  503: `APICallError ${statusOfOverload}`,
});

const compatible = ({ origin, apiKey }: Connection): OpenAICompatibleProvider =>
  createOpenAICompatible({
    name: 'gateway',
    baseURL: `${origin}/v1`,
    apiKey,
    includeUsage: true,
    supportsStructuredOutputs: true,
  });

const talker = (
  name: string,
  endpoint: Talker['endpoint'],
  json: Talker['json'],
  modelOf: (connection: Connection, model: string) => LanguageModel,
): Talker => ({
  name,
  endpoint,
  finish: 'stop',
  json,
  errors: errorsWith(endpoint === 'messages' ? 529 : 503),
  brokenStream: 'StreamProviderError',
  nameOfError,
  ask: (connection, ask) => converse(modelOf(connection, ask.model), ask),
});

export const aiTalkers: readonly Talker[] = [
  talker('ai 7 + openai-compatible 3', 'chat', 'schema', (connection, model) => compatible(connection)(model)),
  talker('ai 7 + deepseek 3', 'chat', 'object', ({ origin, apiKey }, model) =>
    createDeepSeek({ baseURL: `${origin}/v1`, apiKey })(model),
  ),
  talker('ai 7 + anthropic 4', 'messages', 'schema', ({ origin, apiKey }, model) =>
    createAnthropic({ baseURL: `${origin}/v1`, apiKey })(model),
  ),
];

export const aiUtilities: readonly Utility[] = [
  {
    name: 'ai 7 + openai-compatible 3',
    use: 'embeddings',
    check: async (connection, { model }) => {
      const { embeddings } = await embedMany({
        model: compatible(connection).embeddingModel(model),
        values: ['a', 'b'],
        maxRetries: patience.maxRetries,
      });
      assert.deepEqual(embeddings, [embedding, embedding]);
    },
  },
  {
    name: 'ai 7 + openai-compatible 3',
    use: 'completions',
    check: async (connection, { model: id }) => {
      const model = compatible(connection).completionModel(id);
      const whole = await generateText({ model, prompt: 'Hello', maxRetries: 0 });
      assert.equal(whole.text, healthyText);
      const streamed = streamText({ model, prompt: 'Hello', maxRetries: 0 });
      assert.equal(await streamed.text, healthyText);
    },
  },
];

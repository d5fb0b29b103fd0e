// LangChain's OpenAI and Anthropic models.
import assert from 'node:assert/strict';
import { ChatAnthropic } from '@langchain/anthropic';
import {
  type AIMessageChunk,
  type BaseMessage,
  HumanMessage,
  SystemMessage,
  ToolMessage,
} from '@langchain/core/messages';
import { ChatOpenAI, OpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { healthyText } from '../../src/wall/known-text.ts';
import {
  answerSchema,
  type Ask,
  classOf,
  type Connection,
  dataUrlOf,
  embedding,
  fieldOf,
  MAX_TOKENS,
  patience,
  type Reply,
  type Talker,
  textOf,
  THINKING_TOKENS,
  toolDescription,
  toolName,
  toolSchema,
  type Trouble,
  type Utility,
} from './client.ts';

type Model = ChatOpenAI | ChatAnthropic;

const offered = {
  type: 'function' as const,
  function: { name: toolName, description: toolDescription, parameters: toolSchema },
};

function messagesOf({ system, prompt, image }: Ask): BaseMessage[] {
  const content = [
    { type: 'text' as const, text: prompt },
    ...(image === undefined ? [] : [{ type: 'image_url' as const, image_url: { url: dataUrlOf(image) } }]),
  ];
  return [...(system === undefined ? [] : [new SystemMessage(system)]), new HumanMessage({ content })];
}

async function converse(model: Model, ask: Ask): Promise<Reply> {
  const messages = messagesOf(ask);
  for (;;) {
    const answer = await once(model, ask, messages);
    const calls = answer.tool_calls ?? [];
    if (calls.length === 0) return replyOf(answer);
    messages.push(answer);
    for (const call of calls) {
      assert.equal(call.name, toolName, 'the tool that was offered');
      messages.push(new ToolMessage({ content: ask.tool?.(call.args) ?? '', tool_call_id: call.id ?? '' }));
    }
  }
}

function replyOf(answer: AIMessageChunk): Reply {
  const { response_metadata: metadata, additional_kwargs: more, content } = answer;
  const blocks = Array.isArray(content) ? content : [];
  const thoughts = blocks.map((block) => textOf(fieldOf(block, 'thinking'))).join('');
  const summary = fieldOf(fieldOf(more, 'reasoning'), 'summary');
  const summaries = Array.isArray(summary) ? summary.map((part) => textOf(fieldOf(part, 'text'))).join('') : '';
  const finish = metadata['finish_reason'] ?? metadata['stop_reason'] ?? more['stop_reason'] ?? metadata['status'];
  const tokens = fieldOf(answer.usage_metadata, 'output_tokens');
  return {
    text: answer.text,
    reasoning: thoughts + textOf(more['reasoning_content']) + summaries,
    finish: typeof finish === 'string' ? finish : null,
    outputTokens: typeof tokens === 'number' ? tokens : null,
  };
}

async function once(model: Model, ask: Ask, messages: BaseMessage[]): Promise<AIMessageChunk> {
  const options = { ...(ask.signal && { signal: ask.signal }) };
  if (ask.json) {
    const kept = model.withStructuredOutput(answerSchema, { name: 'answer', method: 'jsonSchema', includeRaw: true });
    const { raw, parsed } = await kept.invoke(messages, options);
    assert.equal(typeof parsed, 'object');
    return raw as AIMessageChunk;
  }
  const able = ask.tool ? model.bindTools([offered]) : model;
  if (!ask.stream) return able.invoke(messages, options);
  let whole: AIMessageChunk | null = null;
  for await (const chunk of await able.stream(messages, options)) {
    if (chunk.text !== '') ask.onText?.(chunk.text);
    whole = whole === null ? chunk : whole.concat(chunk);
  }
  assert.ok(whole, 'a chunk');
  return whole;
}

function chatOpenAI({ origin, apiKey }: Connection, ask: Ask, useResponsesApi: boolean): ChatOpenAI {
  return new ChatOpenAI({
    model: ask.model,
    apiKey,
    useResponsesApi,
    maxRetries: patience.maxRetries,
    timeout: patience.timeout,
    maxTokens: MAX_TOKENS,
    configuration: { baseURL: `${origin}/v1` },
    ...(ask.temperature !== undefined && { temperature: ask.temperature }),
    ...(ask.thinks && { reasoning: { effort: 'low', summary: 'auto' } }),
  });
}

function chatAnthropic({ origin, apiKey }: Connection, ask: Ask): ChatAnthropic {
  return new ChatAnthropic({
    model: ask.model,
    apiKey,
    anthropicApiUrl: origin,
    maxRetries: patience.maxRetries,
    maxTokens: MAX_TOKENS,
    clientOptions: { timeout: patience.timeout },
    ...(ask.temperature !== undefined && { temperature: ask.temperature }),
    ...(ask.thinks && { thinking: { type: 'enabled', budget_tokens: THINKING_TOKENS } }),
  });
}

const errors: Readonly<Record<Trouble, string>> = {
  // It has a class of its own for a prompt that is too long.
  400: 'ContextOverflowError',
  401: 'AuthenticationError',
  404: 'NotFoundError',
  429: 'RateLimitError',
  500: 'InternalServerError',
  503: 'InternalServerError',
};

const common = { json: 'schema', errors, brokenStream: 'APIError', nameOfError: classOf } as const;

export const langchainTalkers: readonly Talker[] = [
  {
    ...common,
    name: '@langchain/openai 1.6',
    endpoint: 'chat',
    finish: 'stop',
    ask: (connection, ask) => converse(chatOpenAI(connection, ask, false), ask),
  },
  {
    ...common,
    name: '@langchain/openai 1.6',
    endpoint: 'responses',
    finish: 'completed',
    ask: (connection, ask) => converse(chatOpenAI(connection, ask, true), ask),
  },
  {
    ...common,
    name: '@langchain/anthropic 1.5',
    endpoint: 'messages',
    finish: 'end_turn',
    addsOpening: true,
    ask: (connection, ask) => converse(chatAnthropic(connection, ask), ask),
  },
];

export const langchainUtilities: readonly Utility[] = [
  {
    name: '@langchain/openai 1.6',
    use: 'embeddings',
    check: async ({ origin, apiKey }, { model }) => {
      const embeddings = new OpenAIEmbeddings({
        model,
        apiKey,
        ...patience,
        configuration: { baseURL: `${origin}/v1` },
      });
      assert.deepEqual(await embeddings.embedDocuments(['a', 'b']), [embedding, embedding]);
    },
  },
  {
    name: '@langchain/openai 1.6',
    use: 'completions',
    check: async ({ origin, apiKey }, { model }) => {
      const llm = new OpenAI({ model, apiKey, ...patience, configuration: { baseURL: `${origin}/v1` } });
      assert.equal(await llm.invoke('Hello'), healthyText);
      let text = '';
      for await (const piece of await llm.stream('Hello')) text += piece;
      assert.equal(text, healthyText);
    },
  },
];

// Anthropic's own SDK at its Messages endpoint.
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import {
  answerSchema,
  type Ask,
  base64Of,
  classOf,
  type Connection,
  MAX_TOKENS,
  patience,
  type Reply,
  type Talker,
  THINKING_TOKENS,
  toolDescription,
  toolName,
  toolSchema,
  type Utility,
} from './client.ts';

type Message = Anthropic.Message;
type Turn = Anthropic.MessageParam;

const connected = ({ origin, apiKey }: Connection): Anthropic =>
  new Anthropic({ baseURL: origin, apiKey, ...patience });

function turnsOf({ prompt, image }: Ask): Turn[] {
  const content: Anthropic.ContentBlockParam[] = [{ type: 'text', text: prompt }];
  if (image !== undefined) {
    content.push({ type: 'image', source: { type: 'base64', media_type: 'image/png', data: base64Of(image) } });
  }
  return [{ role: 'user', content }];
}

async function converse(client: Anthropic, ask: Ask): Promise<Reply> {
  const messages = turnsOf(ask);
  for (;;) {
    const answer = await once(client, ask, messages);
    const calls = answer.content.filter((block) => block.type === 'tool_use');
    if (calls.length === 0) return replyOf(answer);
    const results = calls.map((call): Anthropic.ToolResultBlockParam => {
      assert.equal(call.name, toolName, 'the tool that was offered');
      return { type: 'tool_result', tool_use_id: call.id, content: ask.tool?.(call.input) ?? '' };
    });
    messages.push({ role: 'assistant', content: answer.content }, { role: 'user', content: results });
  }
}

function replyOf({ content, stop_reason: finish, usage }: Message): Reply {
  return {
    text: content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    reasoning: content.map((block) => (block.type === 'thinking' ? block.thinking : '')).join(''),
    finish,
    outputTokens: usage.output_tokens,
  };
}

async function once(client: Anthropic, ask: Ask, messages: Turn[]): Promise<Message> {
  const tool = {
    name: toolName,
    description: toolDescription,
    input_schema: { ...toolSchema, type: 'object' as const },
  };
  const request = {
    model: ask.model,
    messages,
    max_tokens: MAX_TOKENS,
    ...(ask.system !== undefined && { system: ask.system }),
    ...(ask.thinks && { thinking: { type: 'enabled' as const, budget_tokens: THINKING_TOKENS } }),
    ...(ask.json && { output_config: { format: { type: 'json_schema' as const, schema: answerSchema } } }),
    ...(ask.tool && { tools: [tool] }),
  };
  const options = { signal: ask.signal ?? null };
  if (!ask.stream) return client.messages.create(request, options);
  const stream = client.messages.stream(request, options);
  stream.on('text', (piece) => ask.onText?.(piece));
  return stream.finalMessage();
}

export const anthropicTalkers: readonly Talker[] = [
  {
    name: '@anthropic-ai/sdk 1.12',
    endpoint: 'messages',
    finish: 'end_turn',
    json: 'schema',
    // The version of the API that this SDK speaks has none.
    hasNoTemperature: true,
    errors: {
      400: 'BadRequestError',
      401: 'AuthenticationError',
      404: 'NotFoundError',
      429: 'RateLimitError',
      500: 'InternalServerError',
      503: 'OverloadedError',
    },
    brokenStream: 'APIError',
    nameOfError: classOf,
    ask: (connection, ask) => converse(connected(connection), ask),
  },
];

export const anthropicUtilities: readonly Utility[] = [
  {
    name: '@anthropic-ai/sdk 1.12',
    use: 'models',
    check: async (connection, { model, count }) => {
      const client = connected(connection);
      const ids: string[] = [];
      for await (const { id } of client.models.list()) ids.push(id);
      assert.equal(ids.length, count);
      assert.equal((await client.models.retrieve(model)).id, model);
    },
  },
  {
    name: '@anthropic-ai/sdk 1.12',
    use: 'countTokens',
    check: async (connection, { model }) => {
      const messages: Turn[] = [{ role: 'user', content: 'How many are these? '.repeat(20) }];
      const { input_tokens: count } = await connected(connection).messages.countTokens({ model, messages });
      // 100 words: nobody counts less than half a token for one, nor more than three.
      assert.ok(count > 40 && count < 300, `${count} tokens`);
    },
  },
];

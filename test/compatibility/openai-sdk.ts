// OpenAI's own SDK, both majors in use, at its endpoints.
import assert from 'node:assert/strict';
import OpenAI6 from 'openai-6';
import OpenAI7 from 'openai-7';
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
  toolDescription,
  toolName,
  toolSchema,
  type Trouble,
  type Utility,
} from './client.ts';

type Chat = OpenAI7.Chat.ChatCompletion;
type Message = OpenAI7.Chat.ChatCompletionMessageParam;
type Answer = OpenAI7.Responses.Response;
type Item = OpenAI7.Responses.ResponseInputItem;

// The surface used here is the same in both majors; their private fields keep the types apart.
const majors: readonly (readonly [string, typeof OpenAI7])[] = [
  ['openai 6.49', OpenAI6 as unknown as typeof OpenAI7],
  ['openai 7.57', OpenAI7],
];

const errors: Readonly<Record<Trouble, string>> = {
  400: 'BadRequestError',
  401: 'AuthenticationError',
  404: 'NotFoundError',
  429: 'RateLimitError',
  500: 'InternalServerError',
  503: 'InternalServerError',
};

const strictly = { name: 'answer', strict: true, schema: answerSchema };

function messagesOf({ system, prompt, image }: Ask): Message[] {
  const content: OpenAI7.Chat.ChatCompletionContentPart[] = [{ type: 'text', text: prompt }];
  if (image !== undefined) content.push({ type: 'image_url', image_url: { url: dataUrlOf(image) } });
  const user: Message = { role: 'user', content: image === undefined ? prompt : content };
  return system === undefined ? [user] : [{ role: 'system', content: system }, user];
}

async function chat(client: OpenAI7, ask: Ask): Promise<Reply> {
  const messages = messagesOf(ask);
  for (;;) {
    const { answer, reasoning } = await chatOnce(client, ask, messages);
    const [choice] = answer.choices;
    assert.ok(choice, 'a choice');
    const { message } = choice;
    for (const call of message.tool_calls ?? []) {
      assert.ok(call.type === 'function' && call.function.name === toolName, 'the tool that was offered');
      if (messages.at(-1)?.role === 'user') messages.push(message);
      const content = ask.tool?.(JSON.parse(call.function.arguments)) ?? '';
      messages.push({ role: 'tool', tool_call_id: call.id, content });
    }
    if ((message.tool_calls ?? []).length > 0) continue;
    return {
      text: message.content ?? '',
      reasoning,
      finish: choice.finish_reason,
      outputTokens: answer.usage?.completion_tokens ?? null,
    };
  }
}

async function chatOnce(
  client: OpenAI7,
  ask: Ask,
  messages: Message[],
): Promise<{ readonly answer: Chat; readonly reasoning: string }> {
  const request = {
    model: ask.model,
    messages,
    max_tokens: MAX_TOKENS,
    ...(ask.temperature !== undefined && { temperature: ask.temperature }),
    ...(ask.thinks && { reasoning_effort: 'low' as const }),
    ...(ask.json && { response_format: { type: 'json_schema' as const, json_schema: strictly } }),
    ...(ask.tool && {
      tools: [
        {
          type: 'function' as const,
          function: { name: toolName, description: toolDescription, parameters: toolSchema, strict: true },
        },
      ],
    }),
  };
  const options = { signal: ask.signal ?? null };
  if (!ask.stream) {
    const answer = await client.chat.completions.create(request, options);
    return { answer, reasoning: textOf(fieldOf(answer.choices[0]?.message, 'reasoning_content')) };
  }
  const stream = client.chat.completions.stream({ ...request, stream_options: { include_usage: true } }, options);
  let reasoning = '';
  for await (const { choices } of stream) {
    const delta = choices[0]?.delta;
    reasoning += textOf(fieldOf(delta, 'reasoning_content'));
    if (delta?.content) ask.onText?.(delta.content);
  }
  return { answer: await stream.finalChatCompletion(), reasoning };
}

function inputOf({ prompt, image }: Ask): Item[] {
  const content: OpenAI7.Responses.ResponseInputContent[] = [{ type: 'input_text', text: prompt }];
  if (image !== undefined) content.push({ type: 'input_image', image_url: dataUrlOf(image), detail: 'auto' });
  return [{ role: 'user', content }];
}

async function respond(client: OpenAI7, ask: Ask): Promise<Reply> {
  const input = inputOf(ask);
  for (;;) {
    const answer = await respondOnce(client, ask, input);
    const calls = answer.output.filter((item) => item.type === 'function_call');
    if (calls.length > 0) input.push(...(answer.output as Item[]));
    for (const call of calls) {
      assert.equal(call.name, toolName, 'the tool that was offered');
      const output = ask.tool?.(JSON.parse(call.arguments)) ?? '';
      input.push({ type: 'function_call_output', call_id: call.call_id, output });
    }
    if (calls.length > 0) continue;
    const thoughts = answer.output.flatMap((item) =>
      item.type === 'reasoning' ? [...item.summary, ...(item.content ?? [])] : [],
    );
    return {
      text: answer.output_text,
      reasoning: thoughts.map(({ text }) => text).join(''),
      finish: answer.status ?? null,
      outputTokens: answer.usage?.output_tokens ?? null,
    };
  }
}

async function respondOnce(client: OpenAI7, ask: Ask, input: Item[]): Promise<Answer> {
  const request = {
    model: ask.model,
    input,
    max_output_tokens: MAX_TOKENS,
    ...(ask.system !== undefined && { instructions: ask.system }),
    ...(ask.temperature !== undefined && { temperature: ask.temperature }),
    ...(ask.thinks && { reasoning: { effort: 'low' as const, summary: 'auto' as const } }),
    ...(ask.json && { text: { format: { type: 'json_schema' as const, ...strictly } } }),
    ...(ask.tool && {
      tools: [
        {
          type: 'function' as const,
          name: toolName,
          description: toolDescription,
          parameters: toolSchema,
          strict: true,
        },
      ],
    }),
  };
  const options = { signal: ask.signal ?? null };
  if (!ask.stream) return client.responses.create(request, options);
  const stream = client.responses.stream(request, options);
  stream.on('response.output_text.delta', ({ delta }) => ask.onText?.(delta));
  return stream.finalResponse();
}

const connected = (OpenAI: typeof OpenAI7, { origin, apiKey }: Connection): OpenAI7 =>
  new OpenAI({ baseURL: `${origin}/v1`, apiKey, ...patience });

const common = { json: 'schema', errors, brokenStream: 'APIError', nameOfError: classOf } as const;

export const openaiTalkers: readonly Talker[] = majors.flatMap(([name, OpenAI]): Talker[] => [
  {
    ...common,
    name,
    endpoint: 'chat',
    finish: 'stop',
    ask: (connection, ask) => chat(connected(OpenAI, connection), ask),
  },
  {
    ...common,
    name,
    endpoint: 'responses',
    finish: 'completed',
    ask: (connection, ask) => respond(connected(OpenAI, connection), ask),
  },
]);

export const openaiUtilities: readonly Utility[] = majors.flatMap(([name, OpenAI]): Utility[] => [
  {
    name,
    use: 'embeddings',
    check: async (connection, { model }) => {
      // Without `encoding_format` the SDK asks for base64 and decodes it itself.
      const answer = await connected(OpenAI, connection).embeddings.create({ model, input: ['a', 'b'] });
      assert.deepEqual(
        answer.data.map((one) => one.embedding),
        [embedding, embedding],
      );
    },
  },
  {
    name,
    use: 'models',
    check: async (connection, { model, count }) => {
      const client = connected(OpenAI, connection);
      const ids: string[] = [];
      for await (const { id } of client.models.list()) ids.push(id);
      assert.equal(ids.length, count);
      assert.equal((await client.models.retrieve(model)).id, model);
    },
  },
  {
    name,
    use: 'completions',
    check: async (connection, { model }) => {
      const client = connected(OpenAI, connection);
      const whole = await client.completions.create({ model, prompt: 'Hello' });
      assert.equal(whole.choices[0]?.text, healthyText);
      let text = '';
      for await (const chunk of await client.completions.create({ model, prompt: 'Hello', stream: true })) {
        text += chunk.choices[0]?.text ?? '';
      }
      assert.equal(text, healthyText);
    },
  },
]);

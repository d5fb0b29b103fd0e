// Tongues: how a careful client asks and listens in each dialect that a gateway's callers speak. What is heard is said in the
// same few words for all, so that one judge compares it.
import { isObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';

/** What one event, or a whole answer, tells. */
export interface Heard {
  /** Text, or a tool call's arguments where one was asked for. */
  readonly said: string;
  /** Why it ended; null while it has not. `content_filter` where a policy stopped it, in every dialect. */
  readonly finish: string | null;
  /** The end that a whole stream has, besides the reason. */
  readonly done: boolean;
  readonly error: string | null;
}

export interface Asking {
  readonly model: string;
  readonly stream: boolean;
  readonly tool: boolean;
}

export interface Tongue {
  /** Below `/v1`. */
  readonly path: string;
  headers(apiKey: string): Record<string, string>;
  body(asking: Asking): JsonObject;
  event(event: JsonObject, tool: boolean): Heard;
  whole(answer: JsonObject, tool: boolean): Heard;
}

export const tongueNames = ['openai', 'anthropic', 'responses'] as const;
export type TongueName = (typeof tongueNames)[number];

const nothing: Heard = { said: '', finish: null, done: false, error: null };
const prompt = 'Go on.';
const name = 'look_up';
const parameters = { type: 'object', properties: { place: { type: 'string' } } };
const bearer = (apiKey: string): Record<string, string> => ({ authorization: `Bearer ${apiKey}` });

const openai: Tongue = {
  path: '/chat/completions',
  headers: bearer,
  body: ({ model, stream, tool }) => ({
    model,
    stream,
    messages: [{ role: 'user', content: prompt }],
    ...(tool && { tools: [{ type: 'function', function: { name, parameters } }] }),
  }),
  event: (event, tool) => {
    if (event['error'] !== undefined) return failed(event['error']);
    const choice = firstOf(event['choices']);
    return { ...nothing, said: ofMessage(choice?.['delta'], tool), finish: textOf(choice?.['finish_reason']) };
  },
  whole: (answer, tool) => {
    if (answer['error'] !== undefined) return failed(answer['error']);
    const choice = firstOf(answer['choices']);
    const finish = textOf(choice?.['finish_reason']);
    return { ...nothing, said: ofMessage(choice?.['message'], tool), finish, done: true };
  },
};

const anthropic: Tongue = {
  path: '/messages',
  headers: (apiKey) => ({ 'x-api-key': apiKey, 'anthropic-version': '2023-06-01' }),
  body: ({ model, stream, tool }) => ({
    model,
    stream,
    max_tokens: 4096,
    messages: [{ role: 'user', content: prompt }],
    ...(tool && { tools: [{ name, input_schema: parameters }] }),
  }),
  event: (event, tool) => {
    const delta = isObject(event['delta']) ? event['delta'] : {};
    const { type } = event;
    if (type === 'error') return failed(event['error']);
    if (type === 'content_block_delta') {
      return { ...nothing, said: textOf(delta[tool ? 'partial_json' : 'text']) ?? '' };
    }
    if (type === 'message_delta') return { ...nothing, finish: finishOf(delta['stop_reason']) };
    return type === 'message_stop' ? { ...nothing, done: true } : nothing;
  },
  whole: (answer, tool) => {
    if (answer['type'] === 'error') return failed(answer['error']);
    const blocks = objects(answer['content']);
    const call = blocks.find((block) => block['type'] === 'tool_use');
    const text = blocks.map((block) => textOf(block['text']) ?? '').join('');
    const said = tool ? JSON.stringify(call?.['input'] ?? null) : text;
    return { ...nothing, said, finish: finishOf(answer['stop_reason']), done: true };
  },
};

const responses: Tongue = {
  path: '/responses',
  headers: bearer,
  body: ({ model, stream, tool }) => ({
    model,
    stream,
    input: prompt,
    ...(tool && { tools: [{ type: 'function', name, parameters }] }),
  }),
  event: (event, tool) => {
    const type = textOf(event['type']) ?? '';
    if (type === 'error') return failed(event['message'] ?? event['error']);
    if (type === 'response.failed') return failed(event['response']);
    const deltas = tool ? ['response.function_call_arguments.delta'] : deltasOfText;
    if (deltas.includes(type)) return { ...nothing, said: textOf(event['delta']) ?? '' };
    if (type !== 'response.completed' && type !== 'response.incomplete') return nothing;
    return { ...nothing, finish: statusOf(event['response']), done: true };
  },
  whole: (answer, tool) => {
    if (isObject(answer['error'])) return failed(answer['error']);
    const items = objects(answer['output']);
    const call = items.find((item) => item['type'] === 'function_call');
    const parts = items.filter((item) => item['type'] === 'message').flatMap((item) => objects(item['content']));
    const text = parts.map((part) => textOf(part['text']) ?? textOf(part['refusal']) ?? '').join('');
    const said = tool ? (textOf(call?.['arguments']) ?? '') : text;
    return { ...nothing, said, finish: statusOf(answer), done: true };
  },
};

const deltasOfText = ['response.output_text.delta', 'response.refusal.delta'];

export const tongues: Readonly<Record<TongueName, Tongue>> = { openai, anthropic, responses };

function failed(error: JsonValue | undefined): Heard {
  return { ...nothing, error: JSON.stringify(error ?? null).slice(0, 100) };
}

/** Anthropic's word for a policy's stop is `refusal`. */
const finishOf = (reason: JsonValue | undefined): string | null =>
  reason === 'refusal' ? 'content_filter' : textOf(reason);

function statusOf(response: JsonValue | undefined): string | null {
  if (!isObject(response)) return null;
  const details = response['incomplete_details'];
  return isObject(details) ? textOf(details['reason']) : textOf(response['status']);
}

function ofMessage(message: JsonValue | undefined, tool: boolean): string {
  if (!isObject(message)) return '';
  if (!tool) return textOf(message['content']) ?? '';
  const call = firstOf(message['tool_calls']);
  return textOf(isObject(call?.['function']) ? call['function']['arguments'] : undefined) ?? '';
}

const textOf = (value: JsonValue | undefined): string | null => (typeof value === 'string' ? value : null);

const objects = (list: JsonValue | undefined): JsonObject[] => (Array.isArray(list) ? list.filter(isObject) : []);

const firstOf = (list: JsonValue | undefined): JsonObject | null => objects(list)[0] ?? null;

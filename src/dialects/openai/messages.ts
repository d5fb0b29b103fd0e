// The messages of a chat request: their checks. Shapes are OpenAI's (openai@7.57 ChatCompletionMessageParam); content parts
// and tool types we do not know pass as long as they say their type, because engines add their own (`video_url`, `file`).
import { isObject } from '../../kernel/json.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { either, fields, firstProblem, list, object, problem, text } from './checks.ts';
import type { Check, Problem } from './checks.ts';

const partChecks: Readonly<Record<string, Check>> = {
  text: fields({ text }, ['text']),
  refusal: fields({ refusal: text }, ['refusal']),
  // A bare string is what some clients send and most engines take.
  image_url: fields({ image_url: either(text, fields({ url: text, detail: text }, ['url']), 'must be an object') }, [
    'image_url',
  ]),
  input_audio: fields({ input_audio: fields({ data: text, format: text }, ['data']) }, ['input_audio']),
};

const part: Check = (value) => {
  if (!isObject(value)) return problem('must be an object');
  const type = value['type'];
  if (typeof type !== 'string' || type === '') return problem('must be a string that names the kind of part', '.type');
  return Object.hasOwn(partChecks, type) ? (partChecks[type]?.(value) ?? null) : null;
};

const content: Check = either(text, list(part, 1), 'must be a string or an array of content parts');

const called = fields({ name: text, arguments: text }, ['name']);
const toolCalls = list(fields({ id: text, type: text, function: called, custom: object }));

type Role = 'system' | 'developer' | 'user' | 'assistant' | 'tool' | 'function';
const roles: Readonly<
  Record<Role, { readonly checks: Readonly<Record<string, Check>>; readonly required: readonly string[] }>
> = {
  system: { checks: { content }, required: ['content'] },
  developer: { checks: { content }, required: ['content'] },
  user: { checks: { content, name: text }, required: ['content'] },
  // Null content is allowed with tool calls, and is what many clients replay after a refusal or an empty answer.
  assistant: {
    checks: {
      content,
      name: text,
      refusal: text,
      tool_calls: toolCalls,
      function_call: called,
      reasoning_content: text,
      reasoning: text,
    },
    required: [],
  },
  tool: { checks: { content, tool_call_id: text }, required: ['tool_call_id', 'content'] },
  function: { checks: { content, name: text }, required: ['name'] },
};

const isRole = (role: unknown): role is Role => typeof role === 'string' && Object.hasOwn(roles, role);

const message: Check = (value): Problem | null => {
  if (!isObject(value)) return problem('must be an object');
  const role = value['role'];
  if (!isRole(role)) return problem(`must be one of ${Object.keys(roles).join(', ')}`, '.role');
  return firstProblem(value, roles[role].checks, roles[role].required);
};

export const messages: Check = list(message, 1);

/** Kinds of content parts in all messages. */
export function partTypes(body: JsonObject): ReadonlySet<string> {
  const types = new Set<string>();
  const all = body['messages'];
  if (!Array.isArray(all)) return types;
  for (const each of all) {
    const parts = isObject(each) ? each['content'] : null;
    if (!Array.isArray(parts)) continue;
    for (const entry of parts) if (isObject(entry) && typeof entry['type'] === 'string') types.add(entry['type']);
  }
  return types;
}

/** The last message when it is an assistant's that the answer is to continue. */
export function prefixMessage(body: JsonObject): JsonObject | null {
  const all = body['messages'];
  const last = Array.isArray(all) ? all.at(-1) : undefined;
  if (!isObject(last) || last['role'] !== 'assistant') return null;
  return last['prefix'] === true || body['continue_final_message'] === true ? last : null;
}

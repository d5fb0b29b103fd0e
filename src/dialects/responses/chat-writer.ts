// A Responses request's body as one of the canonical chat. Fields of the same name and meaning, and those neither API knows
// (a far side may), go over as they are; what the chat cannot say is listed.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import { responsesOnly, translated } from './fields.ts';
import { chatMessages } from './history-reader.ts';
import type { Loss } from './parts.ts';
import { chatFormat, chatToolChoice, chatTools } from './tools.ts';

export interface ChatRequest {
  readonly body: JsonObject;
  readonly lost: readonly Loss[];
}

export function chatRequest(body: JsonObject): ChatRequest {
  const lost: Loss[] = [];
  const chat: JsonObject = {};
  for (const [field, value] of Object.entries(body)) if (!translated.has(field)) chat[field] = value;
  chat['messages'] = chatMessages(body, lost);
  set(chat, 'max_completion_tokens', body['max_output_tokens']);
  writeTools(body, chat, lost);
  writeText(body['text'], chat);
  writeReasoning(body['reasoning'], chat, lost);
  writeLogprobs(body, chat);
  for (const [param, harmless] of Object.entries(responsesOnly)) {
    const value = body[param] ?? null;
    if (value === null || harmless.includes(value)) continue;
    lost.push({ param, why: 'the chat has nothing like it' });
  }
  return { body: chat, lost };
}

function writeTools(body: JsonObject, chat: JsonObject, lost: Loss[]): void {
  const given = body['tools'];
  const all = Array.isArray(given) ? chatTools(given, lost) : [];
  const { choice, tools } = chatToolChoice(body['tool_choice'], all, lost);
  // Far sides refuse a choice where there is nothing to choose from; SDKs of this API always send one.
  if (tools.length === 0) return;
  chat['tools'] = [...tools];
  set(chat, 'tool_choice', choice);
  set(chat, 'parallel_tool_calls', body['parallel_tool_calls']);
}

function writeText(text: JsonValue | undefined, chat: JsonObject): void {
  if (!isObject(text)) return;
  set(chat, 'response_format', chatFormat(text['format']));
  set(chat, 'verbosity', text['verbosity']);
}

/** How the thinking is to be summed up is the far side's to say: the chat's reasoning is shown as it comes. */
function writeReasoning(reasoning: JsonValue | undefined, chat: JsonObject, lost: Loss[]): void {
  if (!isObject(reasoning)) return;
  set(chat, 'reasoning_effort', reasoning['effort']);
  const { mode, context } = reasoning;
  if ((mode ?? 'standard') !== 'standard') lost.push({ param: 'reasoning.mode', why: 'the chat has no such mode' });
  if ((context ?? 'auto') !== 'auto') lost.push({ param: 'reasoning.context', why: 'the chat has no such choice' });
}

function writeLogprobs({ include, top_logprobs: top }: JsonObject, chat: JsonObject): void {
  const wanted = Array.isArray(include) && include.includes('message.output_text.logprobs');
  if (!wanted && !(typeof top === 'number' && top > 0)) return;
  chat['logprobs'] = true;
  set(chat, 'top_logprobs', top);
}

function set(target: JsonObject, field: string, value: JsonValue | undefined): void {
  if (value !== undefined && value !== null) target[field] = value;
}

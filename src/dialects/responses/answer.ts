// Whole answers of the Responses API as a far side gives them. A 200 promises nothing: the body may be blank, an error, a page,
// or a Response that failed. Reading never throws.
import { silentReading } from '../../kernel/chat.ts';
import type { AnswerReading } from '../../kernel/chat.ts';
import { fault } from '../../kernel/fault.ts';
import type { FaultKind } from '../../kernel/fault.ts';
import { excessOf, isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import { limits } from '../../kernel/limits.ts';
import { utf8Decode } from '../../kernel/web.ts';
import { writeUsage } from '../openai/usage.ts';
import { thoughtsOf } from './history-reader.ts';
import { detailsOf } from './proof.ts';
import { finishReason } from './response.ts';
import { faultOf } from './trouble.ts';
import { readUsage } from './usage.ts';

export function readAnswer(body: Uint8Array): AnswerReading {
  const text = utf8Decode(body).trim();
  if (text === '') return broken('empty', 'The upstream answered 200 with an empty body.');
  // V8 parses any depth, but whoever walks or writes such a value runs out of stack.
  if (excessOf(text, limits.jsonDepthMax, Infinity) !== null) {
    return broken('malformed', 'The upstream answered 200 with JSON that nests too deeply.');
  }
  const value = parse(text);
  if (value === undefined) {
    return broken(
      'malformed',
      `The upstream answered 200 with ${text.startsWith('<') ? 'an HTML page' : 'no valid JSON'}.`,
    );
  }
  return isObject(value) ? readResponse(value) : broken('malformed', 'The upstream answered 200 with no JSON object.');
}

function parse(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

function readResponse(response: JsonObject): AnswerReading {
  const { error, output, status } = response;
  if (isObject(error) || status === 'failed') return { ...silentReading, fault: faultOf(error) };
  if (typeof error === 'string' && error !== '') return { ...silentReading, fault: faultOf({ message: error }) };
  if (!Array.isArray(output)) return broken('malformed', 'The upstream answered 200 with no response.');
  const finish = finishReason(response);
  if (finish === null)
    return broken('malformed', `The upstream answered 200 with a response that is ${wordOf(status)}.`);
  const { content, refusal, thoughts, details, calls, names } = gathered(output);
  const said = content + refusal;
  return {
    ...silentReading,
    content: said !== '',
    reasoning: thoughts !== '' || details.length > 0,
    toolCall: calls.length > 0,
    text: said,
    characters: said.length + thoughts.length + names,
    finishReason: finish,
    usage: readUsage(response['usage']),
  };
}

const wordOf = (status: JsonValue | undefined): string =>
  typeof status === 'string' && /^[a-z_]{1,20}$/.test(status) ? status : 'not whole';

interface Gathered {
  content: string;
  refusal: string;
  thoughts: string;
  readonly details: JsonObject[];
  readonly calls: JsonObject[];
  readonly logprobs: JsonValue[];
  /** Characters of names and arguments. */
  names: number;
}

function gathered(output: readonly JsonValue[]): Gathered {
  const sum: Gathered = { content: '', refusal: '', thoughts: '', details: [], calls: [], logprobs: [], names: 0 };
  for (const item of output) {
    if (!isObject(item)) continue;
    const { type, call_id: id, name } = item;
    if (type === 'message') addMessage(item, sum);
    else if (type === 'reasoning') {
      sum.thoughts = [sum.thoughts, thoughtsOf(item)].filter((thoughts) => thoughts !== '').join('\n\n');
      sum.details.push(...detailsOf(item));
    } else if (type === 'function_call') {
      addCall(
        { id, type: 'function', function: { name, arguments: item['arguments'] ?? '' } },
        [name, item['arguments']],
        sum,
      );
    } else if (type === 'custom_tool_call') {
      addCall({ id, type: 'custom', custom: { name, input: item['input'] ?? '' } }, [name, item['input']], sum);
    }
  }
  return sum;
}

function addMessage({ content }: JsonObject, sum: Gathered): void {
  for (const part of Array.isArray(content) ? content : []) {
    if (!isObject(part)) continue;
    if (typeof part['text'] === 'string') sum.content += part['text'];
    if (typeof part['refusal'] === 'string') sum.refusal += part['refusal'];
    if (Array.isArray(part['logprobs'])) sum.logprobs.push(...part['logprobs']);
  }
}

function addCall(call: JsonObject, texts: readonly (JsonValue | undefined)[], sum: Gathered): void {
  sum.calls.push(call);
  for (const text of texts) if (typeof text === 'string') sum.names += text.length;
}

/** Of a body that was read without a fault. */
export function chatAnswer(body: Uint8Array): JsonObject {
  const response = JSON.parse(utf8Decode(body)) as JsonObject;
  const { id, created_at: created, model, service_tier: tier, output } = response;
  const { content, refusal, thoughts, details, calls, logprobs } = gathered(Array.isArray(output) ? output : []);
  const usage = readUsage(response['usage']);
  const message = {
    role: 'assistant',
    content: content === '' ? null : content,
    refusal: refusal === '' ? null : refusal,
    ...(thoughts === '' ? {} : { reasoning_content: thoughts }),
    ...(details.length === 0 ? {} : { reasoning_details: details }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
  const tokens = logprobs.length === 0 ? null : { content: logprobs, refusal: null };
  return {
    id,
    object: 'chat.completion',
    created: typeof created === 'number' ? Math.trunc(created) : 0,
    model,
    choices: [{ index: 0, message, logprobs: tokens, finish_reason: finishReason(response) }],
    ...(typeof tier === 'string' ? { service_tier: tier } : {}),
    ...(usage === null ? {} : { usage: writeUsage(usage) }),
  };
}

function broken(kind: FaultKind, message: string): AnswerReading {
  return { ...silentReading, fault: fault(kind, message) };
}

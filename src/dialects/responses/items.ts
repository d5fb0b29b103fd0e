// Output items of the Responses API: made from what the canonical chat says, for streams and whole answers alike.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import { encryptedContent, isIssued, OWN_REASONING_ID } from './proof.ts';

export type Status = 'in_progress' | 'completed' | 'incomplete';

/** `base` is the exchange's id: an item is named by it and its place. Clients and OpenAI want the kind's own prefix. */
export const itemIds = {
  message: (base: string, at: number): string => `msg_${base}_${at}`,
  reasoning: (base: string, at: number): string => `${OWN_REASONING_ID}${base}_${at}`,
  function: (base: string, at: number): string => `fc_${base}_${at}`,
  custom: (base: string, at: number): string => `ctc_${base}_${at}`,
};

export const textPart = (text: string, logprobs: readonly JsonValue[] = []): JsonObject => ({
  type: 'output_text',
  annotations: [],
  logprobs: [...logprobs],
  text,
});

export const refusalPart = (refusal: string): JsonObject => ({ type: 'refusal', refusal });

export const messageItem = (id: string, status: Status, content: readonly JsonObject[]): JsonObject => ({
  id,
  type: 'message',
  status,
  role: 'assistant',
  content: [...content],
});

/** The text stands as a summary: SDKs show that as reasoning (AI SDK shows nothing else), and it may be handed back. */
export function reasoningItem(
  id: string,
  text: string,
  details: readonly JsonObject[],
  showsProof: boolean,
): JsonObject {
  return {
    id,
    type: 'reasoning',
    summary: text === '' ? [] : [{ type: 'summary_text', text }],
    ...(showsProof ? { encrypted_content: encryptedContent(details) } : {}),
  };
}

export interface Call {
  readonly kind: 'function' | 'custom';
  readonly callId: string;
  readonly name: string;
}

export function callItem(id: string, status: Status, call: Call, input: string): JsonObject {
  const { kind, callId, name } = call;
  return kind === 'function'
    ? { id, type: 'function_call', status, arguments: input, call_id: callId, name }
    : { id, type: 'custom_tool_call', status, input, call_id: callId, name };
}

/** A canonical tool call, or what a delta says of one. */
export interface CallSaid {
  readonly kind: 'function' | 'custom';
  readonly id: string;
  readonly name: string;
  readonly input: string;
}

export function callSaid(call: JsonObject): CallSaid {
  const custom = call['custom'];
  const called = isObject(custom) ? custom : isObject(call['function']) ? call['function'] : {};
  const kind = isObject(custom) || call['type'] === 'custom' ? 'custom' : 'function';
  const input = kind === 'custom' ? called['input'] : called['arguments'];
  return { kind, id: text(call['id']), name: text(called['name']), input: text(input) };
}

const text = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '');

/** Details that belong into one reasoning item: each of OpenAI's own is an item of its own. */
export function groupedDetails(details: readonly JsonValue[]): JsonObject[][] {
  const groups: JsonObject[][] = [];
  for (const detail of details) {
    if (!isObject(detail)) continue;
    const last = groups.at(-1);
    if (last === undefined || isIssued(detail) || last.some((before) => isIssued(before))) groups.push([detail]);
    else last.push(detail);
  }
  return groups;
}

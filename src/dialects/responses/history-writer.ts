// The messages of a canonical chat as input items of the Responses API. Reasoning goes back only with its proof: OpenAI takes no
// other, and one that it did not issue makes it refuse the whole request.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import { callSaid } from './items.ts';
import { inputContent, textOf } from './parts.ts';
import type { Loss } from './parts.ts';
import { isIssued } from './proof.ts';

export interface History {
  /** The first message, where it is the system's text. */
  readonly instructions: string | null;
  readonly input: JsonObject[];
}

export function inputOf(messages: readonly JsonValue[], lost: Loss[]): History {
  const first = messages[0];
  const instructions =
    isObject(first) && first['role'] === 'system' && messages.length > 1 ? textOf(first['content']) : null;
  const custom = new Set<JsonValue>();
  const input = messages.flatMap((message, index) =>
    (instructions !== null && index === 0) || !isObject(message)
      ? []
      : items(message, `messages[${index}]`, custom, lost),
  );
  return { instructions, input };
}

/** `custom`: the ids of custom calls so far; their results are items of their own. */
function items(message: JsonObject, path: string, custom: Set<JsonValue>, lost: Loss[]): JsonObject[] {
  const { role, content, tool_call_id: id } = message;
  if (role === 'assistant') return assistantItems(message, custom);
  if (role === 'tool') {
    const type = custom.has(id ?? null) ? 'custom_tool_call_output' : 'function_call_output';
    return [{ type, call_id: id, output: inputContent(content, `${path}.content`, lost) }];
  }
  if (role === 'function') {
    lost.push({ param: `${path}.role`, why: 'the Responses API takes results of `tools` only' });
    return [];
  }
  return [{ type: 'message', role, content: inputContent(content, `${path}.content`, lost) }];
}

function assistantItems(message: JsonObject, custom: Set<JsonValue>): JsonObject[] {
  const { reasoning_details: details, tool_calls: calls } = message;
  const reasoning = (Array.isArray(details) ? details : []).filter(isIssued).map(reasoningItem);
  const content = outputParts(message);
  const said = content.length === 0 ? [] : [{ type: 'message', role: 'assistant', content }];
  const called = (Array.isArray(calls) ? calls : [])
    .filter((call) => isObject(call))
    .map((call) => {
      const { kind, id, name, input } = callSaid(call);
      if (kind === 'function') return { type: 'function_call', call_id: id, name, arguments: input };
      custom.add(id);
      return { type: 'custom_tool_call', call_id: id, name, input };
    });
  return [...reasoning, ...said, ...called];
}

/** OpenAI reads the proof alone; the summary is for people. */
function reasoningItem({ id, data }: JsonObject): JsonObject {
  return { type: 'reasoning', ...(typeof id === 'string' ? { id } : {}), summary: [], encrypted_content: data };
}

function outputParts({ content, refusal }: JsonObject): JsonObject[] {
  const text = textOf(content);
  const refusals = Array.isArray(content)
    ? content.map((part) => (isObject(part) ? part['refusal'] : null)).filter((said) => typeof said === 'string')
    : [];
  if (typeof refusal === 'string' && refusal !== '') refusals.push(refusal);
  return [
    ...(text === null || text === '' ? [] : [{ type: 'output_text', text }]),
    ...refusals.map((said) => ({ type: 'refusal', refusal: said })),
  ];
}

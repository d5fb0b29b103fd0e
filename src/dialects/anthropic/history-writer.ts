// Canonical chat messages as a Messages conversation: turns that alternate, all results of one turn's calls together and
// first in the user's turn that follows. Messages of the system are gathered at the top, where every model takes them.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import type { Refuse } from './content-reader.ts';
import { blocksOf, textBlocks, withCacheMark } from './content-writer.ts';
import { blockOf } from './reasoning.ts';
import type { ToolIds } from '../tool-ids.ts';
import { toolId, toolIds, toolUse } from './tool-calls.ts';

export interface History {
  readonly system: readonly JsonObject[];
  readonly turns: readonly Turn[];
}

export interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: JsonObject[];
}

/** `trustsSignatures`: thinking that proves to be Anthropic's goes back to it. */
export function writeHistory(messages: readonly JsonValue[], trustsSignatures: boolean, refuse: Refuse): History {
  const system: JsonObject[] = [];
  const turns: Turn[] = [];
  const ids = toolIds();
  for (const [index, message] of messages.entries()) {
    if (!isObject(message)) continue;
    const { role, content } = message;
    const path = `messages[${index}]`;
    if (role === 'system' || role === 'developer') system.push(...blocksOf(content, `${path}.content`, refuse));
    else if (role === 'assistant')
      append(turns, 'assistant', writeAssistant(message, path, { trustsSignatures, ids, refuse }));
    else if (role === 'tool') append(turns, 'user', [writeResult(message, path, ids, refuse)]);
    else if (role === 'user') append(turns, 'user', blocksOf(content, `${path}.content`, refuse));
    else refuse(`${path}.role`, "Anthropic's API takes results of `tools` instead");
  }
  for (const turn of turns) if (turn.role === 'user') turn.content.sort(resultsFirst);
  return { system, turns };
}

/** Stable, so that all else keeps its order. */
const resultsFirst = (left: JsonObject, right: JsonObject): number => rank(left) - rank(right);
const rank = (block: JsonObject): number => (block['type'] === 'tool_result' ? 0 : 1);

/** A message that says nothing is left out: Anthropic refuses empty turns. */
function append(turns: Turn[], role: Turn['role'], blocks: readonly JsonObject[]): void {
  if (blocks.length === 0) return;
  const last = turns.at(-1);
  if (last?.role === role) last.content.push(...blocks);
  else turns.push({ role, content: [...blocks] });
}

interface Terms {
  readonly trustsSignatures: boolean;
  readonly ids: ToolIds;
  readonly refuse: Refuse;
}

function writeAssistant(message: JsonObject, path: string, terms: Terms): JsonObject[] {
  const { trustsSignatures, ids, refuse } = terms;
  const { content, refusal, reasoning_details: details, tool_calls: calls } = message;
  if (isObject(message['function_call'])) {
    refuse(`${path}.function_call`, "Anthropic's API takes `tool_calls` instead");
  }
  const thoughts =
    trustsSignatures && Array.isArray(details) ? details.map(blockOf).filter((block) => block !== null) : [];
  const uses = Array.isArray(calls) ? calls.map((call, index) => writeCall(call, index, path, ids, refuse)) : [];
  return [
    ...thoughts,
    ...blocksOf(content, `${path}.content`, refuse),
    ...textBlocks(refusal),
    ...uses.filter((block) => block !== null),
  ];
}

function writeCall(call: JsonValue, index: number, path: string, ids: ToolIds, refuse: Refuse): JsonObject | null {
  const block = toolUse(call, index, ids);
  if (block === null) refuse(`${path}.tool_calls[${index}]`, "Anthropic's API knows calls of functions only");
  return block;
}

function writeResult(message: JsonObject, path: string, ids: ToolIds, refuse: Refuse): JsonObject {
  const { content, tool_call_id: id } = message;
  const blocks = blocksOf(content, `${path}.content`, refuse);
  const only = blocks.length === 1 ? blocks[0] : undefined;
  const isPlain = only?.['type'] === 'text' && only['cache_control'] === undefined;
  // A result may be empty; then it has no content at all.
  const said = blocks.length === 0 ? {} : { content: isPlain ? (only['text'] ?? '') : blocks };
  return withCacheMark({ type: 'tool_result', tool_use_id: toolId(id, ids), ...said }, message);
}

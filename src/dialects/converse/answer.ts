// Whole answers of Converse. A 200 promises nothing: the body may be blank, an exception, a page or cut short. Reading never
// throws.
import { silentReading, type AnswerReading } from '../../kernel/chat.ts';
import { fault, type FaultKind } from '../../kernel/fault.ts';
import { excessOf, isObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';
import type { Surface } from '../../kernel/lane.ts';
import { limits } from '../../kernel/limits.ts';
import { utf8Decode } from '../../kernel/web.ts';
import { chatMessage, readBlock } from './blocks.ts';
import { faultOfStop, finishReason, matchedIn } from './finish.ts';
import { exceptionName, faultOf, messageOf } from './trouble.ts';
import { chatUsage, readUsage } from './usage.ts';

/** Converse answers chats only: `_surface` is always that. */
export function readAnswer(_surface: Surface, body: Uint8Array): AnswerReading {
  const text = utf8Decode(body).trim();
  if (text === '') return broken('empty', 'an empty body');
  if (excessOf(text, limits.jsonDepthMax, Infinity) !== null) return broken('malformed', 'JSON that nests too deeply');
  let value: JsonValue;
  try {
    value = JSON.parse(text);
  } catch {
    return broken('malformed', text.startsWith('<') ? 'an HTML page' : 'no valid JSON');
  }
  if (!isObject(value)) return broken('malformed', 'no JSON object');
  const blocks = blocksOf(value);
  return blocks === null ? readException(value) : readMessage(value, blocks);
}

/** Of a body that was read without a fault. */
export function chatAnswer(body: Uint8Array): JsonObject {
  const value = JSON.parse(utf8Decode(body)) as JsonObject;
  const message = { ...chatMessage(blocksOf(value) ?? []), refusal: null };
  const usage = chatUsage(value['usage']);
  const { stopReason } = value;
  const finish = { finish_reason: finishReason(stopReason), logprobs: null, ...matchedIn(stopReason) };
  return {
    object: 'chat.completion',
    choices: [{ index: 0, message, ...finish }],
    ...(usage === null ? {} : { usage }),
  };
}

/** Null: no message in it. */
function blocksOf(answer: JsonObject): readonly JsonObject[] | null {
  const output = answer['output'];
  const message = isObject(output) ? output['message'] : null;
  const content = isObject(message) ? message['content'] : null;
  return Array.isArray(content) ? content.filter(isObject) : null;
}

function readMessage(answer: JsonObject, blocks: readonly JsonObject[]): AnswerReading {
  let text = '';
  let reasoning = false;
  let toolCall = false;
  let characters = 0;
  for (const said of blocks.map(readBlock)) {
    text += said.text;
    characters += said.text.length + said.reasoning.length;
    if (said.reasoning !== '') reasoning = true;
    if (said.toolUse === null) continue;
    toolCall = true;
    const { name, input } = said.toolUse;
    characters += (typeof name === 'string' ? name.length : 0) + JSON.stringify(input ?? {}).length;
  }
  return {
    content: text !== '',
    reasoning,
    toolCall,
    text,
    characters,
    finishReason: finishReason(answer['stopReason']),
    usage: readUsage(answer['usage']),
    usageOnly: false,
    done: false,
    fault: faultOfStop(answer['stopReason']),
  };
}

function readException(body: JsonObject): AnswerReading {
  const name = exceptionName(body['__type'] ?? body['code']);
  const message = messageOf(body);
  if (name === null && message === '') return broken('malformed', 'no message');
  const known = name === null ? null : faultOf({ name, message, status: null, retryAfterMs: null });
  const said = message === '' ? 'The upstream sent an error in place of its answer.' : message;
  return {
    ...silentReading,
    fault: known ?? fault('inBand', said, { quoted: message !== '', type: name }),
  };
}

function broken(kind: FaultKind, what: string): AnswerReading {
  return { ...silentReading, fault: fault(kind, `The upstream answered 200 with ${what}.`) };
}

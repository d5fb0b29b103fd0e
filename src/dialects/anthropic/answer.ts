// Whole answers in Anthropic's wire format, read and written. A 200 promises nothing: the body may be blank, an error or a
// page. Reading never throws.
import { silentReading } from '../../kernel/chat.ts';
import type { AnswerReading } from '../../kernel/chat.ts';
import { fault } from '../../kernel/fault.ts';
import type { FaultKind } from '../../kernel/fault.ts';
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import type { Surface } from '../../kernel/lane.ts';
import { utf8Decode, utf8Encode } from '../../kernel/web.ts';
import type { AnswerIdentity } from '../dialect.ts';
import { readUsage as readChatUsage } from '../openai/usage.ts';
import { chatMessage, messageContent } from './content-answer.ts';
import { finishReason, stopOf } from './finish.ts';
import { readJson, wordOf } from './values.ts';
import { faultInBand } from './trouble.ts';
import { chatUsage, readUsage, writeUsage } from './usage.ts';

export function readAnswer(surface: Surface, body: Uint8Array): AnswerReading {
  const text = utf8Decode(body).trim();
  if (text === '') return broken('empty', 'The upstream answered 200 with an empty body.');
  const message = readJson(text);
  if (typeof message === 'string') return broken('malformed', `The upstream answered 200 with ${message}.`);
  if (message['type'] === 'error' || isObject(message['error'])) {
    return { ...silentReading, fault: faultInBand(message) };
  }
  if (surface === 'countTokens' && typeof message['input_tokens'] === 'number')
    return { ...silentReading, content: true };
  const content = message['content'];
  if (!Array.isArray(content)) return broken('malformed', 'The upstream answered 200 with no message.');
  const finish = finishReason(message['stop_reason']);
  return { ...readBlocks(content), finishReason: finish, usage: readUsage(message['usage']) };
}

function broken(kind: FaultKind, message: string): AnswerReading {
  return { ...silentReading, fault: fault(kind, message) };
}

function readBlocks(content: readonly JsonValue[]): AnswerReading {
  const readings = content.filter((block) => isObject(block)).map(readBlock);
  return {
    ...silentReading,
    content: readings.some((reading) => reading.content),
    reasoning: readings.some((reading) => reading.reasoning),
    toolCall: readings.some((reading) => reading.toolCall),
    text: readings.map((reading) => reading.text).join(''),
    characters: readings.reduce((sum, reading) => sum + reading.characters, 0),
  };
}

/** One block of an answer, whole or as it begins. */
export function readBlock(block: JsonObject): AnswerReading {
  const { type, text, thinking, name, input } = block;
  switch (wordOf(type)) {
    case 'text':
      return typeof text === 'string' && text !== '' ? saysText(text) : silentReading;
    case 'thinking':
      return typeof thinking === 'string' && thinking !== '' ? saysThoughts(thinking.length) : silentReading;
    case 'redacted_thinking':
      return saysThoughts(0);
    case 'tool_use':
      return callsTool(wordOf(name).length + (isObject(input) && hasKeys(input) ? sizeOf(input) : 0));
    case '':
      return silentReading;
    default:
      // What server tools do is shown to the caller: once it left, the answer cannot begin anew elsewhere.
      return { ...silentReading, content: true };
  }
}

export const saysText = (text: string): AnswerReading => ({
  ...silentReading,
  content: true,
  text,
  characters: text.length,
});
export const saysThoughts = (characters: number): AnswerReading => ({ ...silentReading, reasoning: true, characters });
export const callsTool = (characters: number): AnswerReading => ({ ...silentReading, toolCall: true, characters });

const hasKeys = (input: JsonObject): boolean => Object.keys(input).length > 0;
const sizeOf = (input: JsonObject): number => JSON.stringify(input).length;

/** Of a body that was read without a fault. When it was made Anthropic does not say; the door does. */
export function chatAnswer(body: Uint8Array): JsonObject {
  const message = JSON.parse(utf8Decode(body)) as JsonObject;
  const { id, model, content, stop_reason: reason, stop_sequence: sequence, usage } = message;
  const choice = {
    index: 0,
    message: { ...chatMessage(content), refusal: null },
    logprobs: null,
    finish_reason: finishReason(reason),
    ...(typeof sequence === 'string' ? { stop_reason: sequence } : {}),
  };
  const told = isObject(usage) ? chatUsage(usage) : null;
  return { id, object: 'chat.completion', model, choices: [choice], ...(told === null ? {} : { usage: told }) };
}

/** A canonical whole answer for a caller of this dialect: its first choice, as there is only one. */
export function writeAnswer(answer: JsonObject, identity: AnswerIdentity): Uint8Array {
  const choice = Array.isArray(answer['choices']) ? answer['choices'][0] : undefined;
  const { message, finish_reason: finish, stop_reason: matched } = isObject(choice) ? choice : {};
  const content = isObject(message) ? messageContent(message) : [];
  const refused = isObject(message) && wordOf(message['refusal']) !== '';
  const called = content.some((block) => block['type'] === 'tool_use');
  const stop = stopOf(typeof finish === 'string' ? finish : null, matched, { called, refused });
  const written = {
    id: messageId(identity),
    type: 'message',
    role: 'assistant',
    model: typeof answer['model'] === 'string' ? answer['model'] : identity.model,
    content,
    stop_reason: stop.reason,
    stop_sequence: stop.sequence,
    ...unsaidOfMessage,
    usage: writeUsage(readChatUsage(answer['usage'])),
  };
  return utf8Encode(JSON.stringify(written));
}

/** Required fields of a message that speak of what only Anthropic's API does. */
export const unsaidOfMessage = { container: null, diagnostics: null, stop_details: null };

export const messageId = (identity: AnswerIdentity): string => `msg_${identity.id}`;

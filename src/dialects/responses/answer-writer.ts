// A canonical whole answer (chat completion) as a Response object. The Responses API gives one answer: the first choice is it.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import { utf8Encode } from '../../kernel/web.ts';
import type { AnswerIdentity } from '../dialect.ts';
import { readUsage } from '../openai/usage.ts';
import {
  callItem,
  callSaid,
  groupedDetails,
  itemIds,
  messageItem,
  reasoningItem,
  refusalPart,
  textPart,
} from './items.ts';
import type { Status } from './items.ts';
import { ended, endingOf, frameOf, wantsProof } from './response.ts';
import { writeUsage } from './usage.ts';

export function writeAnswer(answer: JsonObject, identity: AnswerIdentity): Uint8Array {
  return utf8Encode(JSON.stringify(responseOf(answer, identity)));
}

function responseOf(answer: JsonObject, identity: AnswerIdentity): JsonObject {
  const choices = answer['choices'];
  const first = Array.isArray(choices) ? choices[0] : undefined;
  const choice = isObject(first) ? first : {};
  const message = isObject(choice['message']) ? choice['message'] : {};
  const ending = endingOf(choice['finish_reason']);
  const output = [
    ...reasoningItems(message, identity),
    ...messageItems(message, choice['logprobs'], ending.status),
    ...callItems(message, ending.status),
  ].map((make, at) => make(identity.id, at));
  const usage = readUsage(answer['usage']);
  return ended(frameOf(identity, answer), ending, output, usage === null ? null : writeUsage(usage));
}

type MakeItem = (base: string, at: number) => JsonObject;

/** The text stands in the first one: the canonical chat does not say which proof belongs to which part of it. */
function reasoningItems(message: JsonObject, identity: AnswerIdentity): MakeItem[] {
  const thoughts = message['reasoning_content'];
  const text = typeof thoughts === 'string' ? thoughts : '';
  const details = message['reasoning_details'];
  const shows = wantsProof(identity);
  const groups = shows && Array.isArray(details) ? groupedDetails(details) : [];
  if (groups.length === 0) groups.push([]);
  if (text === '' && groups[0]?.length === 0) return [];
  return groups.map(
    (group, index) => (base, at) => reasoningItem(itemIds.reasoning(base, at), index === 0 ? text : '', group, shows),
  );
}

function messageItems(message: JsonObject, logprobs: JsonValue | undefined, status: Status): MakeItem[] {
  const { content, refusal } = message;
  const tokens = isObject(logprobs) && Array.isArray(logprobs['content']) ? logprobs['content'] : [];
  const parts = [
    ...(typeof content === 'string' && content !== '' ? [textPart(content, tokens)] : []),
    ...(typeof refusal === 'string' && refusal !== '' ? [refusalPart(refusal)] : []),
  ];
  return parts.length === 0 ? [] : [(base, at) => messageItem(itemIds.message(base, at), status, parts)];
}

function callItems(message: JsonObject, status: Status): MakeItem[] {
  const calls = message['tool_calls'];
  return (Array.isArray(calls) ? calls : [])
    .filter((call) => isObject(call))
    .map((call) => (base, at) => {
      const { kind, id, name, input } = callSaid(call);
      return callItem(itemIds[kind](base, at), status, { kind, callId: id, name }, input);
    });
}

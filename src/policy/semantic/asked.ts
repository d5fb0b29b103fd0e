// Asked: what of a request may have neighbours: the text of its last turn, where that is a plain question to a model and
// nothing more. All else (model, instructions, earlier turns, parameters) is the frame, and only questions in the same frame
// are compared. Never for agents and tools, pictures and files, several choices, nor what its caller wants kept from caches.
import type { CanonicalRequest } from '../../kernel/chat.ts';
import { isObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';
import { limits } from '../../kernel/limits.ts';
import { isToldWhole } from '../cache-key.ts';

export interface Asked {
  readonly text: string;
  /** The same request without the text. */
  readonly frame: CanonicalRequest;
}

const CHARACTERS_MIN = 4;
const speakers: ReadonlySet<JsonValue | undefined> = new Set(['system', 'developer', 'user', 'assistant']);
/** Fields that make more of a question than a question. */
const beyondTalk = ['tools', 'functions', 'tool_choice', 'function_call', 'parallel_tool_calls', 'audio', 'prediction'];

/** Null: it may have none. */
export function askedOf(request: CanonicalRequest): Asked | null {
  const { surface, choices, body, native } = request;
  if (surface !== 'chat' || choices !== 1 || (native !== null && !isToldWhole(native))) return null;
  if (beyondTalk.some((field) => isSaid(body[field]))) return null;
  const { messages } = body;
  if (!Array.isArray(messages) || messages.length === 0) return null;
  const talk: JsonObject[] = [];
  for (const message of messages) {
    if (!isObject(message) || !isTalk(message)) return null;
    talk.push(message);
  }
  const last = talk.at(-1);
  const text = last?.['role'] === 'user' ? textOf(last['content']) : null;
  if (text === null || text.length < CHARACTERS_MIN || text.length > limits.semanticCharactersMax) return null;
  const framed = { ...body, messages: [...talk.slice(0, -1), { ...last, content: '' }] };
  return { text, frame: { ...request, body: framed } };
}

/** What a whole answer of one choice says; null: it says nothing, or something else than text, or was flagged by a filter. */
export function saidOf(answer: JsonObject): string | null {
  const { choices } = answer;
  const [choice, ...more] = Array.isArray(choices) ? choices : [];
  if (!isObject(choice) || more.length > 0 || isFlagged(answer) || isFlagged(choice)) return null;
  const { message } = choice;
  if (!isObject(message) || message['annotations'] !== undefined) return null;
  const text = textOf(message['content']);
  return text === '' ? null : text;
}

const isSaid = (value: JsonValue | undefined): boolean =>
  value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);

function isTalk(message: JsonObject): boolean {
  if (!speakers.has(message['role']) || textOf(message['content']) === null) return false;
  return !isSaid(message['tool_calls']) && !isSaid(message['function_call']) && !isSaid(message['audio']);
}

function textOf(content: JsonValue | undefined): string | null {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return null;
  const texts: string[] = [];
  for (const part of content) {
    if (!isObject(part) || part['type'] !== 'text' || typeof part['text'] !== 'string') return null;
    texts.push(part['text']);
  }
  return texts.join('\n');
}

/** As Azure tells it: a filter looked at question and answer, and found something that is not safe. */
function isFlagged({ content_filter_results: answer, prompt_filter_results: prompts }: JsonObject): boolean {
  const found = [answer, ...(Array.isArray(prompts) ? prompts : [])].filter(isObject);
  return found.some((one) => {
    const results = isObject(one['content_filter_results']) ? one['content_filter_results'] : one;
    return Object.values(results).some((result) => isObject(result) && !isSafe(result));
  });
}

const isSafe = ({ filtered, detected, severity }: JsonObject): boolean =>
  filtered !== true && detected !== true && (severity === undefined || severity === 'safe');

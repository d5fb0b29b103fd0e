// Choices: what the `choices` of a chunk or of a whole answer say. Chunks carry a `delta`, answers a `message`, completions
// a `text`; all far sides of this dialect mix them up somewhere, so one reader takes them all.
import { fault } from '../../kernel/fault.ts';
import type { Fault, FaultKind } from '../../kernel/fault.ts';
import { silentReading } from '../../kernel/chat.ts';
import type { AnswerReading } from '../../kernel/chat.ts';
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import { readUsage } from './usage.ts';
import { classifyInBand, readSaid } from './trouble.ts';

/**
 * Finish reasons that mean the far side gave up: DeepSeek's (docs), clients' accounts of DeepSeek, SGLang's, and OpenRouter's
 * `error` for a provider that failed after the 200 was sent.
 */
const givenUp: ReadonlyMap<string, FaultKind> = new Map([
  ['insufficient_system_resource', 'overloaded'],
  ['aborted', 'overloaded'],
  ['abort', 'overloaded'],
  ['error', 'inBand'],
]);

/** One parsed chunk or answer. Its reading is fresh; null means it is nothing this dialect knows. */
export function readChoices(body: JsonObject): AnswerReading | null {
  const choices = body['choices'];
  if (hasError(body)) return { ...silentReading, fault: inBand(body) };
  const usage = readUsage(body['usage']) ?? strayUsage(body);
  if (!Array.isArray(choices)) {
    const known =
      usage !== null ||
      choices === null ||
      (typeof body['object'] === 'string' && body['object'].includes('completion'));
    return known ? { ...silentReading, usage, usageOnly: usage !== null } : null;
  }
  if (choices.length === 0) return { ...silentReading, usage, usageOnly: usage !== null };
  const tally: Tally = { content: false, reasoning: false, toolCall: false, text: '', characters: 0 };
  let finishReason: string | null = null;
  let trouble: Fault | null = null;
  for (const choice of choices) {
    if (!isObject(choice)) continue;
    tallyChoice(choice, tally);
    const reason = choice['finish_reason'];
    if (typeof reason === 'string' && reason !== '') finishReason = reason;
    // One choice that broke off spoils the answer, whatever the others end with.
    trouble ??= faultOfChoice(choice);
  }
  return { ...tally, finishReason, usage, usageOnly: false, done: false, fault: trouble };
}

interface Tally {
  content: boolean;
  reasoning: boolean;
  toolCall: boolean;
  text: string;
  characters: number;
}

function hasError(body: JsonObject): boolean {
  const error = body['error'];
  if (error !== undefined && error !== null && !(isBlank(error) && isFilled(body['choices']))) return true;
  return body['object'] === 'error' || body['object'] === 'Error' || (body['type'] === 'error' && !('choices' in body));
}

const isFilled = (value: JsonValue | undefined): boolean => Array.isArray(value) && value.length > 0;

/** Servers in Go write the empty form of a field they leave out: `""`, `{}`, `{"message":"","code":null}`. */
function isBlank(value: JsonValue | undefined): boolean {
  if (isObject(value)) return Object.values(value).every((entry) => !isObject(entry) && isBlank(entry));
  return value === undefined || value === null || value === '' || value === false || value === 0;
}

function inBand(body: JsonObject): Fault {
  const said = readSaid(body);
  return said === null ? fault('inBand', 'The upstream sent an error inside its answer.') : classifyInBand(said);
}

/** OpenRouter puts the error of its provider into the choice. */
function faultOfChoice(choice: JsonObject): Fault | null {
  const { error, finish_reason: reason } = choice;
  if (!isBlank(error)) return inBand({ error });
  if (typeof reason !== 'string') return null;
  const kind = givenUp.get(reason);
  const message = `The upstream gave up in the middle of its answer (finish_reason ${reason}).`;
  return kind === undefined ? null : fault(kind, message, { code: reason });
}

/** Moonshot puts usage into the choice, Groq under `x_groq`. */
function strayUsage(body: JsonObject): AnswerReading['usage'] {
  const choices = body['choices'];
  const first = Array.isArray(choices) ? choices[0] : undefined;
  const vendor = body['x_groq'];
  return (
    readUsage(isObject(first) ? first['usage'] : undefined) ?? readUsage(isObject(vendor) ? vendor['usage'] : undefined)
  );
}

function tallyChoice(choice: JsonObject, tally: Tally): void {
  if (typeof choice['text'] === 'string') addText(choice['text'], tally);
  const said = choice['delta'] ?? choice['message'];
  if (!isObject(said)) return;
  addContent(said['content'], tally);
  if (typeof said['refusal'] === 'string') addText(said['refusal'], tally);
  // OpenRouter and some resellers send both fields with the same text, or one of them empty.
  const reasoning = [said['reasoning_content'], said['reasoning']].find(
    (text) => typeof text === 'string' && text !== '',
  );
  if (typeof reasoning === 'string') addReasoning(reasoning, tally);
  if (isObject(said['audio'])) tally.content = true;
  addToolCalls(said['tool_calls'], tally);
  const call = said['function_call'];
  if (isObject(call)) addCall(call, tally);
}

/** Text, or (Mistral) a list of chunks of which `thinking` ones are reasoning. */
function addContent(content: JsonValue | undefined, tally: Tally): void {
  if (typeof content === 'string') return addText(content, tally);
  if (!Array.isArray(content)) return;
  for (const part of content) {
    if (!isObject(part)) continue;
    if (typeof part['text'] === 'string') addText(part['text'], tally);
    const thinking = part['thinking'];
    if (typeof thinking === 'string') addReasoning(thinking, tally);
    if (!Array.isArray(thinking)) continue;
    for (const piece of thinking) {
      if (isObject(piece) && typeof piece['text'] === 'string') addReasoning(piece['text'], tally);
    }
  }
}

function addText(text: string, tally: Tally): void {
  if (text === '') return;
  tally.content = true;
  tally.text += text;
  tally.characters += text.length;
}

function addReasoning(text: string, tally: Tally): void {
  if (text === '') return;
  tally.reasoning = true;
  tally.characters += text.length;
}

function addToolCalls(calls: JsonValue | undefined, tally: Tally): void {
  if (!Array.isArray(calls)) return;
  for (const call of calls) {
    if (!isObject(call)) continue;
    tally.toolCall = true;
    const called = call['function'] ?? call['custom'];
    if (isObject(called)) addCall(called, tally);
  }
}

function addCall(call: JsonObject, tally: Tally): void {
  tally.toolCall = true;
  for (const text of [call['name'], call['arguments'], call['input']]) {
    if (typeof text === 'string') tally.characters += text.length;
  }
}

// Stream events of ConverseStream as a far side sends them, and the canonical chunks they become. Reading runs once per event
// of every stream and never throws; whether a stream is complete is not decided here. Nothing marks the end: what follows
// `messageStop` is `metadata` with the usage, then the connection ends. Of names that are new nothing is said.
import { silentReading, type AnswerReading } from '../../kernel/chat.ts';
import { fault } from '../../kernel/fault.ts';
import { excessOf, isObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';
import { limits } from '../../kernel/limits.ts';
import type { FarStream } from '../dialect.ts';
import type { StreamEvent } from '../framing.ts';
import { signedDetail } from './blocks.ts';
import { faultOfStop, finishReason, matchedIn } from './finish.ts';
import { ERROR, EXCEPTION } from './frames.ts';
import { faultOf, messageOf } from './trouble.ts';
import { chatUsage, readUsage } from './usage.ts';

/** Shorter events cannot nest deeply enough to overflow a stack, and nearly all are shorter: they are not counted. */
const DEEP_CHARACTERS_MIN = 4_096;

/** What one event says, as a reading and as a chunk; null: no chunk. */
interface Told {
  readonly reading: Partial<AnswerReading>;
  readonly chunk: JsonObject | null;
}
const silence: Told = { reading: {}, chunk: null };

/** Reasoning is signed at its end: until then its block is kept, so that the proof goes with the text it proves. */
interface Thought {
  text: string;
  signature: string;
  redacted: string;
}

export class ConverseFarStream implements FarStream {
  #chunk: JsonObject | null = null;
  /** Tool calls are counted by themselves in the chat, among all blocks here: block index → call index. */
  readonly #calls = new Map<number, number>();
  readonly #thoughts = new Map<number, Thought>();

  read({ name, data }: StreamEvent): AnswerReading {
    this.#chunk = null;
    if (name === null) return malformed('a frame that is neither event nor exception');
    if (data.length >= DEEP_CHARACTERS_MIN && excessOf(data, limits.jsonDepthMax, Infinity) !== null) {
      return malformed('an event that nests too deeply');
    }
    const value = parse(data);
    if (name.startsWith(EXCEPTION) || name.startsWith(ERROR)) return readException(name, value);
    if (value === null) return malformed('an event that is not a JSON object');
    const { reading, chunk } = this.#event(name, value);
    this.#chunk = chunk;
    return { ...silentReading, ...reading };
  }

  chunks(): readonly JsonObject[] {
    return this.#chunk === null ? [] : [this.#chunk];
  }

  #event(name: string, event: JsonObject): Told {
    const index = typeof event['contentBlockIndex'] === 'number' ? event['contentBlockIndex'] : 0;
    switch (name) {
      case 'messageStart':
        return { reading: {}, chunk: chunkOf({ role: 'assistant', content: '' }) };
      case 'contentBlockStart':
        return this.#start(index, event['start']);
      case 'contentBlockDelta':
        return this.#delta(index, event['delta']);
      case 'contentBlockStop':
        return this.#stop(index);
      case 'messageStop':
        return readStop(event['stopReason']);
      case 'metadata':
        return readMetadata(event['usage']);
      default:
        return silence;
    }
  }

  #start(block: number, start: JsonValue | undefined): Told {
    const use = isObject(start) ? start['toolUse'] : undefined;
    if (!isObject(use)) return silence;
    const index = this.#calls.size;
    this.#calls.set(block, index);
    const name = typeof use['name'] === 'string' ? use['name'] : '';
    const call = { index, id: use['toolUseId'], type: 'function', function: { name, arguments: '' } };
    return { reading: { toolCall: true, characters: name.length }, chunk: chunkOf({ tool_calls: [call] }) };
  }

  #delta(block: number, delta: JsonValue | undefined): Told {
    if (!isObject(delta)) return silence;
    const { text, toolUse, reasoningContent } = delta;
    if (typeof text === 'string') {
      if (text === '') return silence;
      return { reading: { content: true, text, characters: text.length }, chunk: chunkOf({ content: text }) };
    }
    if (isObject(toolUse)) return this.#input(block, toolUse['input']);
    return isObject(reasoningContent) ? this.#reasoning(block, reasoningContent) : silence;
  }

  #input(block: number, input: JsonValue | undefined): Told {
    const index = this.#calls.get(block);
    if (index === undefined || typeof input !== 'string') return silence;
    const call = { index, function: { arguments: input } };
    return { reading: { toolCall: true, characters: input.length }, chunk: chunkOf({ tool_calls: [call] }) };
  }

  #reasoning(block: number, said: JsonObject): Told {
    let thought = this.#thoughts.get(block);
    if (thought === undefined) this.#thoughts.set(block, (thought = { text: '', signature: '', redacted: '' }));
    const { text, signature, redactedContent } = said;
    if (typeof signature === 'string') thought.signature += signature;
    if (typeof redactedContent === 'string') thought.redacted += redactedContent;
    if (typeof text !== 'string' || text === '') return silence;
    thought.text += text;
    return { reading: { reasoning: true, characters: text.length }, chunk: chunkOf({ reasoning_content: text }) };
  }

  #stop(block: number): Told {
    const thought = this.#thoughts.get(block);
    if (thought === undefined) return silence;
    this.#thoughts.delete(block);
    const { text, signature, redacted } = thought;
    const whole = redacted === '' ? { reasoningText: { text, signature } } : { redactedContent: redacted };
    const detail = signedDetail({ reasoningContent: whole }, block);
    return detail === null
      ? silence
      : { reading: { reasoning: true }, chunk: chunkOf({ reasoning_details: [detail] }) };
  }
}

function readStop(stopReason: JsonValue | undefined): Told {
  const reason = finishReason(stopReason);
  const trouble = faultOfStop(stopReason);
  if (trouble !== null) return { reading: { fault: trouble }, chunk: null };
  return { reading: { finishReason: reason }, chunk: chunkOf({}, reason, matchedIn(stopReason)) };
}

function readMetadata(said: JsonValue | undefined): Told {
  const usage = readUsage(said);
  if (usage === null) return silence;
  const chunk = { object: 'chat.completion.chunk', choices: [], usage: chatUsage(said) };
  return { reading: { usage, usageOnly: true }, chunk };
}

function readException(name: string, value: JsonObject | null): AnswerReading {
  const bare = name.slice(name.indexOf(':') + 1);
  const message = value === null ? '' : messageOf(value);
  const known = faultOf({ name: bare, message, status: null, retryAfterMs: null });
  // Whatever went wrong with the model after the head was sent: the answer was under way.
  if (known?.kind === 'serverError' && bare.toLowerCase().startsWith('model')) {
    return { ...silentReading, fault: { ...known, kind: 'inBand' } };
  }
  const told = message === '' ? 'The upstream sent an exception inside its answer.' : message;
  return { ...silentReading, fault: known ?? fault('inBand', told, { quoted: message !== '', type: bare }) };
}

/** Nothing names an answer of Converse in its stream: id, model and time are the door's to say. */
function chunkOf(delta: JsonObject, finish: string | null = null, more: JsonObject = {}): JsonObject {
  return { object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish, ...more }] };
}

function malformed(what: string): AnswerReading {
  return { ...silentReading, fault: fault('malformed', `The upstream sent ${what}.`) };
}

function parse(data: string): JsonObject | null {
  try {
    const value = JSON.parse(data) as JsonValue;
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

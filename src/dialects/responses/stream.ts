// The stream that callers of the Responses API read. An answer is a frame (created … completed) around items, each opened,
// filled and closed by events of its own, all numbered in one row; the last event repeats the whole answer. Events of the
// caller's own dialect go by as they came, and what is written after them goes on where they stopped.
//
// An answer: not begun → begun (created) → ended (completed, incomplete), or broken (failed, error). Never ended after trouble.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import type { Usage } from '../../kernel/usage.ts';
import { utf8Encode } from '../../kernel/web.ts';
import type { AnswerIdentity, DoorStream, ErrorForm } from '../dialect.ts';
import type { StreamEvent } from '../framing.ts';
import { callItem, callSaid, groupedDetails, itemIds, messageItem, reasoningItem } from './items.ts';
import {
  addPart,
  closeEntry,
  closePart,
  inputGrows,
  itemBegins,
  Output,
  partBegins,
  partsLike,
  textGrows,
} from './output.ts';
import type { Entry, PartForm, Told } from './output.ts';
import { Passed } from './passed.ts';
import { encryptedContent, isIssued } from './proof.ts';
import { ended, endingOf, frameOf, wantsProof } from './response.ts';
import { writeUsage } from './usage.ts';

const NOTHING = new Uint8Array(0);

export class ResponsesDoorStream implements DoorStream {
  readonly #named: AnswerIdentity;
  readonly #showsProof: boolean;
  readonly #output = new Output();
  readonly #passed = new Passed(this.#output);
  #frame: JsonObject | null = null;
  #number = 0;
  /** Calls by the canonical chat's index. */
  readonly #calls = new Map<number, Entry>();
  #finish: JsonValue = null;
  #out = '';

  constructor(named: AnswerIdentity) {
    this.#named = named;
    this.#showsProof = wantsProof(named);
  }

  pass(event: StreamEvent): void {
    this.#passed.add(event);
  }

  write(chunk: JsonObject): Uint8Array | null {
    const choice = Array.isArray(chunk['choices']) ? chunk['choices'][0] : undefined;
    if (!isObject(choice)) return null;
    this.#begin(chunk);
    const said = isObject(choice['delta']) ? choice['delta'] : {};
    const { reasoning_content: thoughts, reasoning_details: details, content, refusal, tool_calls: calls } = said;
    if (typeof thoughts === 'string' && thoughts !== '') this.#reason(thoughts);
    if (Array.isArray(details)) this.#prove(details);
    if (typeof content === 'string' && content !== '') this.#say('output_text', content, logprobsOf(choice));
    if (typeof refusal === 'string' && refusal !== '') this.#say('refusal', refusal, []);
    if (Array.isArray(calls)) for (const call of calls) if (isObject(call)) this.#call(call);
    this.#finish = choice['finish_reason'] ?? this.#finish;
    return this.#taken();
  }

  end(usage: Usage | null): Uint8Array {
    if (this.#passed.ended) return NOTHING;
    const frame = this.#begin({});
    const ending = endingOf(this.#finish);
    for (const entry of this.#output.open) this.#close(entry, ending.status);
    const output = this.#output.items(ending.status);
    const response = ended(frame, ending, output, usage === null ? null : writeUsage(usage));
    this.#tell({ type: `response.${ending.status}`, fields: { response } });
    return this.#taken() ?? NOTHING;
  }

  /**
   * Measured with openai 6.49 and 7.57 reading `responses.create({ stream: true })`: 7.57 raises an event named `error`, or
   * one whose data has a filled `error`; 6.49 only the latter, and hands a flat one to the caller as if it were news. So the
   * error stands in the data twice, flat as the API's typings say and nested. `response.failed` raises in neither, and goes
   * before for clients (Codex) that look for it only; it needs an answer that has begun.
   */
  error({ code: named, message, param, type }: ErrorForm): Uint8Array {
    // The AI SDK passes over an error without a code.
    const code = named ?? type;
    if (this.#frame !== null || this.#passed.any) {
      const frame = this.#begin({});
      const response = {
        ...frame,
        status: 'failed',
        error: { code, message },
        output: this.#output.items('incomplete'),
      };
      this.#tell({ type: 'response.failed', fields: { response } });
    }
    this.#tell({ type: 'error', fields: { code, message, param, error: { type, code, message, param } } });
    return this.#taken() ?? NOTHING;
  }

  #begin(said: JsonObject): JsonObject {
    if (this.#frame !== null) return this.#frame;
    const frame = this.#passed.frame() ?? frameOf(this.#named, said);
    this.#frame = frame;
    if (this.#passed.any) this.#number = this.#passed.nextNumber;
    else
      for (const type of ['created', 'in_progress'])
        this.#tell({ type: `response.${type}`, fields: { response: frame } });
    return frame;
  }

  #reason(text: string): void {
    const entry = this.#reasoning();
    this.#grow(entry, 'summary_text', text, []);
  }

  /** Proof comes at the end of what it proves, or alone. */
  #prove(details: readonly JsonValue[]): void {
    if (!this.#showsProof) return;
    for (const group of groupedDetails(details)) {
      const open = this.#output.openOf('reasoning');
      const full = open !== null && open.details.length > 0 && [...open.details, ...group].some(isIssued);
      if (open !== null && full) this.#close(open, 'completed');
      this.#reasoning().details.push(...group);
    }
  }

  #reasoning(): Entry {
    return (
      this.#output.openOf('reasoning') ??
      this.#open((at, base) => reasoningItem(itemIds.reasoning(base, at), '', [], false))
    );
  }

  #say(form: PartForm, text: string, logprobs: readonly JsonValue[]): void {
    const entry =
      this.#output.openOf('message') ??
      this.#open((at, base) => messageItem(itemIds.message(base, at), 'in_progress', []));
    this.#grow(entry, form, text, logprobs);
  }

  #grow(entry: Entry, form: PartForm, text: string, logprobs: readonly JsonValue[]): void {
    const last = entry.parts.at(-1);
    let part = last !== undefined && !last.done && isSameKind(last.form, form) ? last : null;
    if (part === null) {
      if (last !== undefined) for (const event of closePart(entry, last)) this.#tell(event);
      part = addPart(entry, form, partsLike(form, entry).length, {});
      this.#tell(partBegins(entry, part));
    }
    this.#tell(textGrows(entry, part, text, logprobs));
  }

  #call(call: JsonObject): void {
    const index = typeof call['index'] === 'number' ? call['index'] : 0;
    const { kind, id, name, input } = callSaid(call);
    let entry = this.#calls.get(index);
    if (entry === undefined) {
      entry = this.#open((at, base) => {
        const callId = id === '' ? `call_${base}_${at}` : id;
        return callItem(itemIds[kind](base, at), 'in_progress', { kind, callId, name }, '');
      });
      this.#calls.set(index, entry);
    }
    if (input !== '') this.#tell(inputGrows(entry, input));
  }

  /** One thought or message at a time; calls stay open to the end, for their deltas may come mixed. */
  #open(make: (at: number, base: string) => JsonObject): Entry {
    for (const type of ['reasoning', 'message'] as const) {
      const before = this.#output.openOf(type);
      if (before !== null) this.#close(before, 'completed');
    }
    const at = this.#output.nextIndex;
    const entry = this.#output.add(at, make(at, this.#named.id));
    this.#tell(itemBegins(entry));
    return entry;
  }

  #close(entry: Entry, status: 'completed' | 'incomplete'): void {
    // What a far side tells of its proof while it still thinks is not the proof of what it has thought.
    if (this.#showsProof && entry.item['type'] === 'reasoning') {
      entry.item = { ...entry.item, encrypted_content: encryptedContent(entry.details) };
    }
    for (const event of closeEntry(entry, status)) this.#tell(event);
  }

  #tell({ type, fields }: Told): void {
    this.#out += `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: this.#number++, ...fields })}\n\n`;
  }

  #taken(): Uint8Array | null {
    const out = this.#out;
    this.#out = '';
    return out === '' ? null : utf8Encode(out);
  }
}

/** Reasoning goes on in the form in which it began, be it a summary or the text itself. */
const isSameKind = (open: PartForm, wanted: PartForm): boolean =>
  open === wanted || (open === 'reasoning_text' && wanted === 'summary_text');

function logprobsOf({ logprobs }: JsonObject): readonly JsonValue[] {
  return isObject(logprobs) && Array.isArray(logprobs['content']) ? logprobs['content'] : [];
}

// The wall in every dialect: each behaviour is played without a socket or a timer, and what was said is read again by a
// reader of that dialect that knows nothing of the wall's tongues.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { type DialectName, dialectNames } from '../kernel/dialect-name.ts';
import { isSpokenIn } from './behaviour.ts';
import type { Behaviour } from './behaviour.ts';
import { behaviours, findBehaviour, usableName } from './behaviours.ts';
import { ears } from './ears/ears.ts';
import { firstHalf, healthyCall, healthyReasoning, healthySignature, healthyText, pieces } from './known-text.ts';
import type { Ending } from './script.ts';
import { tongues } from './tongues/tongues.ts';
import { troubleKinds } from './tongues/tongue.ts';
import { readAsked, textAfter } from './turn.ts';
import type { Surface } from './turn.ts';

interface Played {
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly ending: Ending | 'goes on';
}

const WAITS_MS_MAX = 60_000;
const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

function play(
  dialect: DialectName,
  model: string,
  stream: boolean,
  more: { earlier?: number; surface?: Surface; body?: object } = {},
): Played {
  const found = findBehaviour(model);
  assert.ok(found, model);
  const request = { model, stream, messages: [], stream_options: { include_usage: true }, ...more.body };
  const asked = readAsked({ dialect, surface: more.surface ?? 'chat', model: null, stream: null }, request, 400);
  const script = found.behaviour.play({
    tongue: tongues[dialect],
    asked,
    text: textAfter(asked.prefix, found.behaviour.prefix ?? 'continues').text,
    earlier: more.earlier ?? 0,
    sinceFirstMs: 0,
    nowMs: NOW_MS,
    id: 'wall-1',
    numbers: found.numbers,
  });
  let status: number | null = null;
  let headers = {};
  const chunks: Buffer[] = [];
  for (let waitedMs = 0; waitedMs < WAITS_MS_MAX;) {
    const next = script.next();
    if (next.done === true) return { status, headers, body: Buffer.concat(chunks), ending: next.value };
    const step = next.value;
    if (step.kind === 'head') ({ status, headers } = step);
    else if (step.kind === 'bytes') chunks.push(Buffer.from(step.bytes));
    else waitedMs += step.ms;
  }
  return { status, headers, body: Buffer.concat(chunks), ending: 'goes on' };
}

interface StreamEvent {
  readonly name: string | null;
  readonly data: string;
}

/** Server-sent events; comments are dropped. */
function eventsOf(text: string): StreamEvent[] {
  return text
    .split(/\r\n\r\n|\n\n|\r\r/)
    .map((block) => block.split(/\r\n|\n|\r/))
    .map((lines) => ({
      name: lines.find((line) => line.startsWith('event: '))?.slice(7) ?? null,
      data: lines.find((line) => line.startsWith('data: '))?.slice(6) ?? '',
    }))
    .filter(({ data }) => data !== '');
}

/** AWS frames, up to the first that is none. */
function framesOf(body: Buffer): { frames: StreamEvent[]; broken: number } {
  const frames: StreamEvent[] = [];
  for (let at = 0; at < body.length;) {
    const rest = body.subarray(at);
    const total = rest.length < 16 ? Infinity : rest.readUInt32BE(0);
    if (total > rest.length || rest.readUInt32BE(8) !== crc32(rest.subarray(0, 8))) return { frames, broken: 1 };
    const frame = rest.subarray(0, total);
    if (frame.readUInt32BE(total - 4) !== crc32(frame.subarray(0, total - 4))) return { frames, broken: 1 };
    const headersEnd = 12 + frame.readUInt32BE(4);
    const headers = new Map<string, string>();
    for (let from = 12; from < headersEnd;) {
      const nameEnd = from + 1 + (frame[from] ?? 0);
      assert.equal(frame[nameEnd], 7, 'a string');
      const valueEnd = nameEnd + 3 + frame.readUInt16BE(nameEnd + 1);
      headers.set(frame.toString('utf8', from + 1, nameEnd), frame.toString('utf8', nameEnd + 3, valueEnd));
      from = valueEnd;
    }
    const isEvent = headers.get(':message-type') === 'event';
    assert.equal(headers.get(':content-type'), 'application/json');
    const name = headers.get(isEvent ? ':event-type' : ':exception-type') ?? null;
    assert.equal(isEvent, !(name ?? '').endsWith('Exception'));
    frames.push({ name, data: frame.toString('utf8', headersEnd, total - 4) });
    at += total;
  }
  return { frames, broken: 0 };
}

interface Heard {
  readonly text: string;
  readonly thought: string;
  readonly args: string;
  /** In OpenAI's words. */
  readonly finish: string | null;
  /** What comes last was there. */
  readonly done: boolean;
  /** The type, code or name of an error. */
  readonly trouble: string | null;
  readonly broken: number;
  readonly signature: string;
  readonly tokens: number | null;
}

type Reading = { -readonly [Key in keyof Heard]: Heard[Key] };

const nothing = (): Reading => ({
  text: '',
  thought: '',
  args: '',
  finish: null,
  done: false,
  trouble: null,
  broken: 0,
  signature: '',
  tokens: null,
});

const finishes: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
  content_filtered: 'content_filter',
};
const plainFinish = (reason: string | null | undefined): string | null =>
  reason === null || reason === undefined ? null : (finishes[reason] ?? reason);

/** Loose on purpose: the fields that the readers below look at. */
interface Loose {
  readonly [key: string]: Loose & string & number & readonly (Loose & string)[];
}
const parsed = (text: string): Loose | null => {
  try {
    return JSON.parse(text) as Loose;
  } catch {
    return null;
  }
};

const streamReaders: Readonly<Record<DialectName, (heard: Reading, event: StreamEvent, data: Loose) => void>> = {
  openai: (heard, event, data) => {
    assert.equal(event.name, null);
    if (data['error']) heard.trouble = data['error']['code'] ?? data['error']['type'] ?? null;
    const choice = data['choices']?.[0];
    heard.text += choice?.['delta']?.['content'] ?? '';
    heard.thought += choice?.['delta']?.['reasoning_content'] ?? '';
    heard.args += choice?.['delta']?.['tool_calls']?.[0]?.['function']?.['arguments'] ?? '';
    heard.finish = choice?.['finish_reason'] ?? heard.finish;
    heard.tokens = data['usage']?.['completion_tokens'] ?? heard.tokens;
  },
  anthropic: (heard, event, data) => {
    assert.equal(event.name, data['type']);
    if (data['type'] === 'error') heard.trouble = data['error']?.['type'] ?? null;
    heard.text += data['delta']?.['text'] ?? '';
    heard.thought += data['delta']?.['thinking'] ?? '';
    heard.signature += data['delta']?.['signature'] ?? '';
    heard.args += data['delta']?.['partial_json'] ?? '';
    heard.finish = plainFinish(data['delta']?.['stop_reason']) ?? heard.finish;
    if (data['type'] === 'message_delta') heard.tokens = data['usage']?.['output_tokens'] ?? null;
    heard.done = data['type'] === 'message_stop';
  },
  responses: (heard, event, data) => {
    assert.equal(event.name, data['type']);
    const type: string = data['type'] ?? '';
    if (type === 'error') heard.trouble = data['code'] ?? null;
    if (type === 'response.failed') heard.trouble = `failed ${data['response']?.['error']?.['code']}`;
    if (type === 'response.output_text.delta') heard.text += data['delta'];
    if (type === 'response.reasoning_summary_text.delta') heard.thought += data['delta'];
    if (type === 'response.function_call_arguments.delta') heard.args += data['delta'];
    if (type !== 'response.completed' && type !== 'response.incomplete') return;
    const { response } = data;
    assert.ok(response);
    const last = wholeReaders.responses(response);
    heard.finish = last.finish;
    heard.tokens = last.tokens;
    heard.done = true;
    // The last event repeats all of it.
    if (heard.broken === 0)
      assert.deepEqual([last.text, last.thought, last.args], [heard.text, heard.thought, heard.args]);
  },
  converse: (heard, event, data) => {
    if (event.name?.endsWith('Exception') === true) heard.trouble = event.name;
    heard.text += data['delta']?.['text'] ?? '';
    heard.thought += data['delta']?.['reasoningContent']?.['text'] ?? '';
    heard.signature += data['delta']?.['reasoningContent']?.['signature'] ?? '';
    heard.args += data['delta']?.['toolUse']?.['input'] ?? '';
    heard.finish = plainFinish(data['stopReason']) ?? heard.finish;
    heard.tokens = data['usage']?.['outputTokens'] ?? heard.tokens;
    heard.done = event.name === 'metadata';
  },
};

function hearStream(dialect: DialectName, body: Buffer): Heard {
  const heard = nothing();
  const { frames, broken } = dialect === 'converse' ? framesOf(body) : { frames: eventsOf(body.toString()), broken: 0 };
  for (const event of frames) {
    const data = event.data === '[DONE]' ? {} : parsed(event.data);
    if (event.data === '[DONE]') heard.done = true;
    else if (data === null) heard.broken++;
    else streamReaders[dialect](heard, event, data);
  }
  heard.broken += broken;
  return heard;
}

type Part = Loose & string;
const joined = (parts: readonly Part[] | undefined, of: (part: Part) => string | undefined): string =>
  (parts ?? []).map((part) => of(part) ?? '').join('');

function finishOfResponse(body: Loose): string | null {
  if (String(body['status']) !== 'completed') return null;
  return joined(body['output'], (item) => item['type']).includes('function_call') ? 'tool_calls' : 'stop';
}

const wholeReaders: Readonly<Record<DialectName, (body: Loose) => Heard>> = {
  openai: (body) => {
    const choice = body['choices']?.[0];
    return {
      ...nothing(),
      text: choice?.['message']?.['content'] ?? '',
      thought: choice?.['message']?.['reasoning_content'] ?? '',
      args: choice?.['message']?.['tool_calls']?.[0]?.['function']?.['arguments'] ?? '',
      finish: choice?.['finish_reason'] ?? null,
      trouble: body['error']?.['code'] ?? body['error']?.['type'] ?? null,
      tokens: body['usage']?.['completion_tokens'] ?? null,
    };
  },
  anthropic: (body) => ({
    ...nothing(),
    text: joined(body['content'], (block) => block['text']),
    thought: joined(body['content'], (block) => block['thinking']),
    signature: joined(body['content'], (block) => block['signature']),
    args: joined(body['content'], (block) => block['input'] && JSON.stringify(block['input'])),
    finish: plainFinish(body['stop_reason']),
    trouble: body['error']?.['type'] ?? null,
    tokens: body['usage']?.['output_tokens'] ?? null,
  }),
  responses: (body) => ({
    ...nothing(),
    text: joined(body['output'], (item) => joined(item['content'], (part) => part['text'])),
    thought: joined(body['output'], (item) => joined(item['summary'], (part) => part['text'])),
    args: joined(body['output'], (item) => item['arguments']),
    finish: body['incomplete_details']?.['reason'] ?? finishOfResponse(body),
    trouble:
      body['status'] === 'failed'
        ? `failed ${body['error']?.['code']}`
        : (body['error']?.['code'] ?? body['error']?.['type'] ?? null),
    tokens: body['usage']?.['output_tokens'] ?? null,
  }),
  converse: (body) => ({
    ...nothing(),
    text: joined(body['output']?.['message']?.['content'], (block) => block['text']),
    thought: joined(
      body['output']?.['message']?.['content'],
      (block) => block['reasoningContent']?.['reasoningText']?.['text'],
    ),
    signature: joined(
      body['output']?.['message']?.['content'],
      (block) => block['reasoningContent']?.['reasoningText']?.['signature'],
    ),
    args: joined(
      body['output']?.['message']?.['content'],
      (block) => block['toolUse'] && JSON.stringify(block['toolUse']['input']),
    ),
    finish: plainFinish(body['stopReason']),
    // Errors have no type in the body.
    trouble: body['message'] === undefined ? null : 'message',
    tokens: body['usage']?.['outputTokens'] ?? null,
  }),
};

/** Null: no JSON. */
function hearWhole(dialect: DialectName, body: Buffer): Heard | null {
  const value = parsed(body.toString().trim());
  return value === null ? null : wholeReaders[dialect](value);
}

const half = firstHalf(healthyText);
type Shown = readonly [text: string, finish: string | null, done: boolean, ending: Played['ending']];
const good: Shown = [healthyText, 'stop', true, 'end'];
const cutShort: Shown = [half, null, false, 'reset'];

/** What a stream shows, by name, where it is not a good answer; the same in every dialect. */
const shownByStreams: Readonly<Record<string, Shown>> = {
  'tool-call': ['', 'tool_calls', true, 'end'],
  // Nothing was asked, and it says so.
  attentive: [JSON.stringify(ears.openai({})), 'stop', true, 'end'],
  'reset-before-head': ['', null, false, 'reset'],
  silence: ['', null, false, 'hang'],
  'keep-alive-then-empty': ['', null, false, 'end'],
  empty: ['', 'stop', true, 'end'],
  cut: cutShort,
  'cut-clean': [half, null, false, 'end'],
  'cut-once': cutShort,
  stall: [half, null, false, 'goes on'],
  'no-done': [healthyText, 'stop', false, 'end'],
  'reasoning-cut': ['', null, false, 'reset'],
  'reasoning-then-cut': cutShort,
  'tool-call-cut': ['', null, false, 'reset'],
  'no-resources': ['', 'insufficient_system_resource', true, 'end'],
  'no-resources-late': [half, 'insufficient_system_resource', true, 'end'],
  'content-filter-finish': [half, 'content_filter', true, 'end'],
  'torn-frame': [half, null, false, 'end'],
  'no-completed': [healthyText, null, false, 'end'],
};

const bodyless = ['reset-before-head', 'silence', 'keep-alive-then-empty'];
const halfBodies = ['cut', 'cut-once', 'cut-clean', 'stall', 'reasoning-cut', 'reasoning-then-cut', 'tool-call-cut'];
const brokenBodies = new Set([...bodyless, ...halfBodies, 'malformed-event', 'bad-checksum', 'torn-frame']);

type Said = readonly [openai: string, anthropic: string, responses: string, converse: string];
const inBand: Readonly<Record<string, Said>> = {
  'error-in-band': ['server_error', 'api_error', 'server_error', 'internalServerException'],
  'overloaded-in-band': [
    'server_is_overloaded',
    'overloaded_error',
    'server_is_overloaded',
    'serviceUnavailableException',
  ],
  'throttled-in-band': ['rate_limit_exceeded', 'rate_limit_error', 'rate_limit_exceeded', 'throttlingException'],
  'model-error-in-band': ['', '', '', 'modelStreamErrorException'],
  'response-failed': ['', '', 'failed server_error', ''],
};

/** Status in OpenAI, Anthropic, Responses, Converse; and what the body calls it in the dialects that have a word. */
const refusedWith: Readonly<Record<string, readonly [statuses: readonly number[], ...words: string[]]>> = {
  'rate-limit-once-seconds': [[429, 429, 429, 429], 'rate_limit_exceeded', 'rate_limit_error', 'ThrottlingException'],
  'rate-limit-once-date': [[429, 429, 429, 429], 'rate_limit_exceeded', 'rate_limit_error', 'ThrottlingException'],
  'rate-limit-once-ms': [[429, 429, 429, 429], 'rate_limit_exceeded', 'rate_limit_error', 'ThrottlingException'],
  'rate-limit-once-reset-header': [[429, 429, 429, 429], 'rate_limit_exceeded', 'rate_limit_error', ''],
  'rate-limit-for-ever': [[429, 429, 429, 429], 'rate_limit_exceeded', 'rate_limit_error', 'ThrottlingException'],
  'fail-500-once': [[500, 500, 500, 500], 'server_error', 'api_error', 'InternalServerException'],
  'fail-503-for-ever': [[503, 503, 503, 503], 'service_unavailable_error', 'api_error', 'ServiceUnavailableException'],
  'flapping-2-5': [[503, 503, 503, 503], 'service_unavailable_error', 'api_error', 'ServiceUnavailableException'],
  'no-balance-402': [[402, 402, 402, 403], 'invalid_request_error', 'billing_error', 'AccessDeniedException'],
  'bad-key-401': [[401, 401, 401, 403], 'invalid_request_error', 'authentication_error', 'UnrecognizedClientException'],
  'forbidden-model-403': [[403, 403, 403, 403], 'model_not_found', 'permission_error', 'AccessDeniedException'],
  'context-too-long': [[400, 400, 400, 400], 'context_length_exceeded', 'invalid_request_error', 'ValidationException'],
  'content-filter': [[400, 400, 400, 400], 'content_filter', 'invalid_request_error', 'ValidationException'],
  'overloaded-529': [[529, 529, 529, 529], '', 'overloaded_error', ''],
  'overloaded-529-once': [[529, 529, 529, 529], '', 'overloaded_error', ''],
};
const foreign: Readonly<Record<string, number>> = { 'flat-error': 503, 'string-error': 429, 'html-502': 502 };

const isRefusal = (name: string): boolean => refusedWith[name] !== undefined || foreign[name] !== undefined;
const kindOf = (name: string): string => name.replace(/-late$/, '');
const everywhere = (check: (dialect: DialectName, at: number, name: string, behaviour: Behaviour) => void): void => {
  for (const [at, dialect] of dialectNames.entries())
    for (const behaviour of behaviours)
      if (isSpokenIn(behaviour, dialect)) check(dialect, at, usableName(behaviour), behaviour);
};

test('every stream shows its fault, in every dialect alike', () => {
  everywhere((dialect, at, name) => {
    if (isRefusal(name)) return;
    const where = `${name} in ${dialect}`;
    const { status, headers, body, ending } = play(dialect, name, true);
    const heard = hearStream(dialect, body);
    const trouble = inBand[kindOf(name)]?.[at] ?? null;
    const late: Shown = [name.endsWith('-late') ? half : '', null, false, 'end'];
    const expected = trouble !== null ? late : (shownByStreams[name] ?? good);
    assert.equal(heard.trouble, trouble, where);
    if (name === 'malformed-event' || name === 'bad-checksum') {
      assert.equal(heard.broken, 1, where);
      assert.ok(heard.text.startsWith(half) && heard.text.length < healthyText.length, where);
    } else {
      // Metadata is all that comes last in Converse, and it is only usage.
      const done = name === 'usage-none' && dialect === 'converse' ? false : expected[2];
      assert.deepEqual([heard.text, heard.finish, heard.done, ending], expected.with(2, done), where);
      assert.equal(heard.broken, name === 'torn-frame' ? 1 : 0, where);
    }
    if (ending === 'hang' || status === null) return;
    assert.equal(status, 200, where);
    const type = dialect === 'converse' ? 'application/vnd.amazon.eventstream' : 'text/event-stream; charset=utf-8';
    assert.equal(headers['content-type'], type, where);
  });
});

test('every answer in one piece shows its fault, in every dialect alike', () => {
  everywhere((dialect, at, name) => {
    if (isRefusal(name)) return;
    const where = `${name} in ${dialect}`;
    const { body, ending } = play(dialect, name, false);
    const heard = hearWhole(dialect, body);
    assert.equal(heard === null, brokenBodies.has(name), where);
    if (heard === null) return assert.equal(body.toString().trim() === '', bodyless.includes(name), where);
    const trouble = inBand[kindOf(name)]?.[at] ?? null;
    if (trouble !== null) {
      assert.equal(heard.trouble, dialect === 'converse' ? 'message' : trouble, where);
      return assert.equal(heard.text, '', where);
    }
    const [text, finish] = name === 'no-completed' ? good : (shownByStreams[name] ?? good);
    assert.deepEqual([heard.text, heard.finish, heard.trouble, ending], [text, finish, null, 'end'], where);
  });
});

test('a refusal has the status and the words of its dialect, stream or not', () => {
  everywhere((dialect, at, name) => {
    if (!isRefusal(name)) return;
    for (const stream of [true, false]) {
      const { status, headers, body } = play(dialect, name, stream);
      const where = `${name} in ${dialect}`;
      if (foreign[name] !== undefined) return assert.equal(status, foreign[name], where);
      const [statuses, openai = '', anthropic = '', converse = ''] = refusedWith[name] ?? [[]];
      assert.equal(status, statuses[at], where);
      const heard = hearWhole(dialect, body);
      if (dialect === 'converse') {
        assert.deepEqual([headers['x-amzn-errortype'], heard?.trouble], [converse, 'message'], where);
        return;
      }
      assert.equal(heard?.trouble, dialect === 'anthropic' ? anthropic : openai, where);
      if (dialect === 'anthropic') assert.equal(headers['request-id'], 'req_wall');
    }
  });
});

test('what happens once does not happen again', () => {
  everywhere((dialect, _at, name) => {
    if (!name.includes('-once')) return;
    const heard = hearStream(dialect, play(dialect, name, true, { earlier: 1 }).body);
    assert.deepEqual([heard.text, heard.finish], [healthyText, 'stop'], `${name} in ${dialect}`);
  });
});

test('thoughts and calls are the known ones, and cost the same however they come', () => {
  for (const dialect of dialectNames) {
    for (const name of ['healthy', 'reasoning', 'tool-call']) {
      const stream = hearStream(dialect, play(dialect, name, true).body);
      const whole = hearWhole(dialect, play(dialect, name, false).body);
      assert.ok(whole);
      assert.deepEqual({ ...whole, done: true }, stream, `${name} in ${dialect}`);
      assert.equal(stream.thought, name === 'reasoning' ? healthyReasoning : '');
      assert.equal(stream.args, name === 'tool-call' ? healthyCall.arguments : '');
      const isSigned = name === 'reasoning' && (dialect === 'anthropic' || dialect === 'converse');
      assert.equal(stream.signature, isSigned ? healthySignature : '');
    }
    assert.equal(hearStream(dialect, play(dialect, 'healthy', true).body).tokens, pieces(healthyText).length);
    assert.equal(hearStream(dialect, play(dialect, 'usage-none', true).body).tokens, null);
    assert.equal(hearWhole(dialect, play(dialect, 'usage-none', false).body)?.tokens, null);
    const { thought } = hearStream(dialect, play(dialect, 'reasoning-cut', true).body);
    const { args } = hearStream(dialect, play(dialect, 'tool-call-cut', true).body);
    assert.deepEqual([thought, args], [firstHalf(healthyReasoning), firstHalf(healthyCall.arguments)], dialect);
  }
});

test('a prefix is continued, echoed or refused in every dialect', () => {
  const said: Readonly<Record<DialectName, object>> = {
    openai: { messages: [{ role: 'assistant', content: half }] },
    anthropic: { messages: [{ role: 'assistant', content: [{ type: 'text', text: half }] }] },
    responses: { messages: undefined, input: [{ role: 'assistant', content: [{ type: 'output_text', text: half }] }] },
    converse: { messages: [{ role: 'assistant', content: [{ text: half }] }] },
  };
  for (const dialect of dialectNames) {
    const wish = { body: said[dialect] };
    assert.equal(half + hearStream(dialect, play(dialect, 'healthy', true, wish).body).text, healthyText, dialect);
    assert.equal(hearWhole(dialect, play(dialect, 'echoes-prefix', false, wish).body)?.text, healthyText, dialect);
    const refused = play(dialect, 'rejects-prefix', true, wish);
    assert.equal(refused.status, 400, dialect);
    assert.match(refused.body.toString(), /does not support assistant message prefill/);
  }
});

test('events stand in the order of their dialect', () => {
  const namesOf = (dialect: DialectName, model: string): string[] => {
    const { body } = play(dialect, model, true);
    const events = dialect === 'converse' ? framesOf(body).frames : eventsOf(body.toString());
    const all = events.map(({ name }) => name ?? '');
    return all.filter((name, at) => name !== all[at - 1]);
  };
  const block = ['content_block_start', 'content_block_delta', 'content_block_stop'];
  assert.deepEqual(namesOf('anthropic', 'reasoning'), [
    'message_start',
    ...block,
    ...block,
    'message_delta',
    'message_stop',
  ]);
  assert.deepEqual(namesOf('anthropic', 'keep-alive-then-answer').slice(0, 3), [
    'message_start',
    'ping',
    'content_block_start',
  ]);
  assert.deepEqual(namesOf('anthropic', 'empty'), ['message_start', 'message_delta', 'message_stop']);
  assert.deepEqual(namesOf('converse', 'tool-call'), [
    'messageStart',
    'contentBlockStart',
    'contentBlockDelta',
    'contentBlockStop',
    'messageStop',
    'metadata',
  ]);
  assert.deepEqual(namesOf('responses', 'healthy'), [
    'response.created',
    'response.in_progress',
    'response.output_item.added',
    'response.content_part.added',
    'response.output_text.delta',
    'response.output_text.done',
    'response.content_part.done',
    'response.output_item.done',
    'response.completed',
  ]);
  const numbers = eventsOf(play('responses', 'keep-alive-then-answer', true).body.toString()).map(
    ({ data }) => parsed(data)?.['sequence_number'],
  );
  assert.deepEqual(numbers, [...numbers.keys()]);
});

test('tokens are counted on request, and every trouble has its words in every dialect', () => {
  const counted = play('anthropic', 'healthy', false, { surface: 'count', body: { stream: true } });
  assert.deepEqual(JSON.parse(counted.body.toString()), { input_tokens: 100 });
  assert.equal(play('anthropic', 'bad-key-401', false, { surface: 'count' }).status, 401);
  for (const dialect of dialectNames)
    for (const kind of troubleKinds) {
      const refusal = tongues[dialect].refusal(kind);
      assert.ok(refusal.status >= 400 && refusal.status < 600);
      assert.match(tongues[dialect].refusal(kind, 'own words').body, /own words/);
    }
  const { headers } = play('anthropic', 'rate-limit-once-reset-header', true);
  assert.equal(headers['anthropic-ratelimit-requests-remaining'], '0');
  assert.equal(headers['anthropic-ratelimit-requests-reset'], '2026-01-02T03:04:06Z');
});

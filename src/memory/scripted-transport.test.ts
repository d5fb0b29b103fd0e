// The scripted far side, in virtual time: what its wire does (never at once, pause, cancel), and what its model answers.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { seededChance } from '../../test/support/chance.ts';
import { SseParser } from '../dialects/sse.ts';
import { isObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import { utf8Decode, utf8Encode } from '../kernel/web.ts';
import type { UpstreamCall, UpstreamRequest } from '../ports/upstream.ts';
import { ScriptedTransport } from './scripted-transport.ts';
import { VirtualTime } from './virtual-time.ts';

const route = { origin: 'http://scripted', caFile: null, proxy: null, connectMs: 1_000 };
const HOUR_MS = 3_600_000;

interface Played {
  readonly call: UpstreamCall;
  /** What the sink heard, in order: the head's status, `bytes`, `end`, `trouble`. */
  readonly heard: readonly (number | string)[];
  readonly text: () => string;
}

/** Starts one send; nothing has happened until time moves. */
function start(
  time: VirtualTime,
  path: string,
  body: Uint8Array | null,
  onHeard?: (call: UpstreamCall) => void,
): Played {
  const transport = new ScriptedTransport(time, seededChance(1), time);
  const request: UpstreamRequest = { route, method: body === null ? 'GET' : 'POST', path, headers: [], body };
  const heard: (number | string)[] = [];
  let text = '';
  const hear = (what: number | string): void => {
    heard.push(what);
    onHeard?.(call);
  };
  const call = transport.send(request, {
    onHead: (status) => hear(status),
    onBytes: (bytes) => {
      text += utf8Decode(bytes);
      hear('bytes');
    },
    onEnd: () => hear('end'),
    onTrouble: () => hear('trouble'),
  });
  return { call, heard, text: () => text };
}

const encoded = (body: JsonObject): Uint8Array => utf8Encode(JSON.stringify({ model: 'demo', ...body }));

/** One whole answer, with its status. */
function ask(
  path: string,
  body: JsonObject | Uint8Array | null,
): { readonly status: unknown; readonly answer: JsonObject } {
  const time = new VirtualTime();
  const played = start(time, path, body === null || body instanceof Uint8Array ? body : encoded(body));
  time.advance(HOUR_MS);
  assert.deepEqual(played.heard, [played.heard[0], 'bytes', 'end']);
  return { status: played.heard[0], answer: JSON.parse(played.text()) };
}

/** The data of a stream's events; the stream must end with its marker. */
function eventsOf(text: string): JsonObject[] {
  const data: string[] = [];
  const sink = {
    onEvent: (event: { readonly data: string }) => data.push(event.data),
    onComment() {},
    onOverflow() {},
    onBroken() {},
  };
  const parser = new SseParser(1_000_000);
  parser.push(utf8Encode(text), sink);
  assert.equal(parser.buffered, 0);
  assert.equal(data.at(-1), '[DONE]');
  return data.slice(0, -1).map((event): JsonObject => JSON.parse(event));
}

function stream(path: string, body: JsonObject): JsonObject[] {
  const time = new VirtualTime();
  const played = start(time, path, encoded({ ...body, stream: true }));
  time.advance(HOUR_MS);
  assert.equal(time.timers, 0);
  return eventsOf(played.text());
}

const CHAT = '/chat/completions';
const say = (text: string): JsonValue => [{ role: 'user', content: text }];

function listOf(value: JsonValue | undefined): JsonObject[] {
  return (Array.isArray(value) ? value : []).filter(isObject);
}
const objectOf = (value: JsonValue | undefined): JsonObject => (isObject(value) ? value : {});
const choicesOf = (answer: JsonObject): JsonObject[] => listOf(answer['choices']);

function wordsOf(value: JsonValue | undefined): string {
  assert.ok(typeof value === 'string');
  return value;
}

interface Choice {
  readonly text: JsonValue | undefined;
  readonly call: JsonObject | undefined;
  readonly finish: JsonValue | undefined;
}

/** The first choice of a whole chat answer. */
function chat(body: JsonObject): Choice {
  const { status, answer } = ask(CHAT, body);
  assert.equal(status, 200);
  const choice = choicesOf(answer)[0] ?? {};
  const message = objectOf(choice['message']);
  return {
    text: message['content'],
    call: listOf(message['tool_calls'])[0],
    finish: choice['finish_reason'],
  };
}

/** The same choice, put together from its stream. */
function streamed(body: JsonObject, index = 0): Choice {
  let text: string | null = null;
  let call: JsonObject | undefined;
  let finish: JsonValue | undefined = null;
  for (const chunk of stream(CHAT, body)) {
    for (const choice of choicesOf(chunk).filter((found) => found['index'] === index)) {
      const delta = objectOf(choice['delta']);
      if (typeof delta['content'] === 'string') text = (text ?? '') + delta['content'];
      for (const { id, type, function: piece } of listOf(delta['tool_calls']))
        call = joined(call, { ...(id !== undefined && { id, type }), function: piece });
      finish = choice['finish_reason'];
    }
  }
  return { text, call, finish };
}

function joined(call: JsonObject | undefined, piece: JsonObject): JsonObject {
  if (call === undefined) return piece;
  const [before, more] = [objectOf(call['function']), objectOf(piece['function'])];
  return {
    ...call,
    function: { ...before, arguments: `${wordsOf(before['arguments'])}${wordsOf(more['arguments'])}` },
  };
}

const calledName = (choice: Choice): JsonValue | undefined => objectOf(choice.call?.['function'])['name'];
const callArguments = (choice: Choice): unknown =>
  JSON.parse(wordsOf(objectOf(choice.call?.['function'])['arguments']));

const tokensOf = (choice: JsonObject): string[] =>
  listOf(objectOf(choice['logprobs'])['content']).map(({ token }) => wordsOf(token));
const near = (left: number[] = [], right: number[] = []): number =>
  left.reduce((sum, value, at) => sum + value * (right[at] ?? 0), 0);

/** The status and code of a refusal in OpenAI's form. */
const codeOf = (path: string, body: JsonObject | Uint8Array | null): unknown[] => {
  const { status, answer } = ask(path, body);
  const error = objectOf(answer['error']);
  assert.equal(error['type'], 'invalid_request_error');
  return [status, error['code']];
};

suite('the wire of the scripted transport', () => {
  test('nothing is heard before time moves, and then head, bytes and one end', () => {
    for (const [path, body] of [
      [CHAT, encoded({ messages: say('hi'), stream: true })],
      [CHAT, encoded({ messages: say('hi') })],
      [CHAT, utf8Encode('no JSON')],
      ['/models', null],
    ] as const) {
      const time = new VirtualTime();
      const { heard } = start(time, path, body);
      assert.equal(heard.length, 0, path);
      time.advance(HOUR_MS);
      assert.equal(typeof heard[0], 'number');
      assert.deepEqual([...new Set(heard.slice(1))], ['bytes', 'end']);
      assert.equal(heard.indexOf('end'), heard.length - 1);
      assert.equal(time.timers, 0);
    }
  });

  test('a stream comes word by word, its head first', () => {
    const time = new VirtualTime();
    const { heard } = start(time, CHAT, encoded({ messages: say('count to 50'), stream: true }));
    time.advance(0);
    assert.deepEqual([...heard], [200]);
    const counts = [1, 2, 3, 4].map(() => {
      time.advance(100);
      return heard.length;
    });
    assert.ok(
      counts.every((count, at) => count > (counts[at - 1] ?? 1)),
      counts.join(' '),
    );
    assert.ok(!heard.includes('end'));
  });

  test('a paused call stands still, and resumed it loses and repeats nothing', () => {
    const body = encoded({ messages: say('count to 30'), stream: true });
    const time = new VirtualTime();
    const undisturbed = start(time, CHAT, body);
    const paused = start(time, CHAT, body);
    for (let round = 0; round < 8; round++) {
      time.advance(130);
      paused.call.pause();
      paused.call.pause();
      const before = paused.heard.length;
      time.advance(HOUR_MS);
      assert.equal(paused.heard.length, before);
      paused.call.resume();
      paused.call.resume();
    }
    time.advance(HOUR_MS);
    assert.equal(paused.text(), undisturbed.text());
    assert.equal(paused.heard.filter((what) => what === 'end').length, 1);
  });

  test('a call paused before its first byte, or resumed where nothing was paused, is played once', () => {
    const time = new VirtualTime();
    const { call, heard } = start(time, CHAT, encoded({ messages: say('hi') }));
    call.pause();
    time.advance(HOUR_MS);
    assert.equal(heard.length, 0);
    call.resume();
    call.resume();
    time.advance(HOUR_MS);
    assert.deepEqual(heard, [200, 'bytes', 'end']);
  });

  test('pausing and resuming from within what is heard changes nothing', () => {
    const body = encoded({ messages: say('count to 9'), stream: true });
    const time = new VirtualTime();
    const undisturbed = start(time, CHAT, body);
    const busy = start(time, CHAT, body, (call) => {
      call.pause();
      call.resume();
    });
    time.advance(HOUR_MS);
    assert.equal(busy.text(), undisturbed.text());
  });

  test('after a cancel nothing is heard, whenever it comes, and no timer is left', () => {
    const body = encoded({ messages: say('count to 5'), stream: true });
    for (let at = 0; at < 400; at += 20) {
      const time = new VirtualTime();
      const { call, heard } = start(time, CHAT, body);
      if (at > 0) time.advance(at);
      call.cancel();
      const before = heard.length;
      call.resume();
      call.pause();
      call.resume();
      call.cancel();
      time.advance(HOUR_MS);
      assert.equal(heard.length, before, `cancelled at ${at} ms`);
      assert.equal(time.timers, 0);
    }
  });

  test('a cancel from within what is heard is the last that happens', () => {
    for (const last of [1, 2, 5]) {
      const time = new VirtualTime();
      const heardBy = start(time, CHAT, encoded({ messages: say('count to 5'), stream: true }), (call) => {
        if (heardBy.heard.length === last) call.cancel();
      });
      time.advance(HOUR_MS);
      assert.equal(heardBy.heard.length, last);
    }
  });
});

suite('the scripted model in chat', () => {
  test('says the same streamed as whole', () => {
    const add = { name: 'add', parameters: { type: 'object', properties: { a: { type: 'integer' } } } };
    const bodies: readonly JsonObject[] = [
      { messages: say('hi') },
      { messages: say('count to 12') },
      { messages: say('say:  two  spaces\n\nand 张三 🙂  ') },
      { messages: say('call add'), tools: [{ type: 'function', function: add }] },
      { messages: say('x'), response_format: { type: 'json_object' } },
      { messages: say('count to 40'), max_tokens: 5 },
      { messages: say('count to 40'), stop: ' 7' },
      { messages: [{ role: 'tool', content: '4', tool_call_id: '1' }] },
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'count to 3' }] }] },
    ];
    for (const body of bodies) assert.deepEqual(streamed(body), chat(body), JSON.stringify(body));
  });

  test('greets, repeats, counts and listens to tools', () => {
    assert.match(wordsOf(chat({ messages: say('hi') }).text), /^Hello! You said: "hi"/);
    assert.equal(chat({ messages: say('Say: a  b') }).text, 'a  b');
    assert.equal(chat({ messages: say('please count to 5') }).text, '1 2 3 4 5');
    assert.equal(chat({ messages: [{ role: 'tool', content: '4', tool_call_id: '1' }] }).text, 'The tool says: 4');
  });

  test('shortens what it heard without cutting a character in two', () => {
    const { text } = chat({ messages: say(`${'a'.repeat(78)}${'🙂'.repeat(10)}`) });
    assert.ok(wordsOf(text).isWellFormed());
  });

  test('streams open with the role, close with a reason, and keep one id, instant and model', () => {
    const chunks = stream(CHAT, { messages: say('count to 3') });
    assert.equal(
      new Set(chunks.map(({ id, created, model, object }) => JSON.stringify([id, created, model, object]))).size,
      1,
    );
    assert.deepEqual(chunks[0], {
      id: chunks[0]?.['id'],
      // VirtualTime's wall clock begins at 2026-11-02 00:00 UTC.
      created: Date.UTC(2026, 10, 2) / 1000,
      model: 'demo',
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }],
    });
    assert.deepEqual(chunks.at(-1)?.['choices'], [{ index: 0, delta: {}, finish_reason: 'stop' }]);
  });

  test('stops at the earliest stop sequence, in either form', () => {
    const messages = say('count to 20');
    assert.deepEqual(chat({ messages, stop: ' 7' }), { text: '1 2 3 4 5 6', call: undefined, finish: 'stop' });
    assert.equal(chat({ messages, stop: ['9', '5', ''] }).text, '1 2 3 4 ');
    assert.equal(chat({ messages: say('count to 3'), stop: null }).text, '1 2 3');
  });

  test('says no more than it may, by the smaller of two limits, and tells so', () => {
    const messages = say('count to 100');
    const cut = chat({ messages, max_tokens: 10 });
    assert.equal(cut.finish, 'length');
    assert.ok(wordsOf(cut.text).startsWith('1 2 3') && wordsOf(cut.text).length < 60);
    assert.deepEqual(chat({ messages, max_completion_tokens: 10 }), cut);
    assert.deepEqual(chat({ messages, max_completion_tokens: 10, max_tokens: 100 }), cut);
    assert.deepEqual(chat({ messages, max_completion_tokens: 100, max_tokens: 10 }), cut);
    assert.equal(chat({ messages: say('count to 3'), max_tokens: 1_000 }).finish, 'stop');
    const { answer } = ask(CHAT, { messages, max_tokens: 10 });
    assert.ok(Number(objectOf(answer['usage'])['completion_tokens']) <= 10);
  });

  test('a long text is cut in time that grows no faster than the text, and told to be cut', () => {
    // Weighed word by word, all before each anew, the first of these took minutes and held up everybody else.
    const messages = say(`say: ${'a '.repeat(500_000)}`);
    for (const limit of [{}, { max_tokens: 1_000_000 }, { max_tokens: 20_000 }]) {
      const { text, finish } = chat({ messages, ...limit });
      assert.equal(finish, 'length');
      assert.ok(wordsOf(text).length > 30_000 && wordsOf(text).length <= 100_000);
    }
  });

  test('many choices of a long text are made as they are sent, and begin at once', () => {
    const time = new VirtualTime();
    const body = { messages: say(`say: ${'a '.repeat(500_000)}`), n: 128, stream: true };
    const { call, heard } = start(time, CHAT, encoded(body));
    time.advance(100);
    assert.deepEqual(heard.slice(0, 2), [200, 'bytes']);
    call.cancel();
  });

  test('answers as often as asked, whole and streamed', () => {
    const body = { messages: say('count to 3'), n: 3 };
    const { answer } = ask(CHAT, body);
    assert.deepEqual(
      choicesOf(answer).map(({ index }) => index),
      [0, 1, 2],
    );
    for (const index of [0, 1, 2]) assert.equal(streamed(body, index).text, '1 2 3');
  });

  test('usage counts every answer, and comes in a stream only when asked for', () => {
    const body = { messages: say('count to 30') };
    const one = objectOf(ask(CHAT, body).answer['usage']);
    const three = objectOf(ask(CHAT, { ...body, n: 3 }).answer['usage']);
    assert.equal(three['prompt_tokens'], one['prompt_tokens']);
    assert.equal(three['completion_tokens'], 3 * Number(one['completion_tokens']));
    for (const usage of [one, three])
      assert.equal(usage['total_tokens'], Number(usage['prompt_tokens']) + Number(usage['completion_tokens']));
    const last = stream(CHAT, { ...body, stream_options: { include_usage: true } }).at(-1) ?? {};
    assert.deepEqual([last['choices'], last['usage']], [[], one]);
    for (const stream_options of [null, { include_usage: false }])
      for (const chunk of stream(CHAT, { ...body, stream_options })) assert.equal(chunk['usage'], undefined);
  });

  test('logprobs are one for each piece of text, whole and streamed', () => {
    const body = { messages: say('count to 3'), logprobs: true };
    assert.deepEqual(choicesOf(ask(CHAT, body).answer).flatMap(tokensOf), ['1', ' 2', ' 3']);
    assert.deepEqual(stream(CHAT, body).flatMap(choicesOf).flatMap(tokensOf), ['1', ' 2', ' 3']);
  });
});

suite('the scripted model’s tools and JSON', () => {
  const parameters = {
    type: 'object',
    properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 2 }, unit: { enum: ['C', 'F'] } },
  };
  const tools = ['weather', 'news'].map((name) => ({ type: 'function', function: { name, parameters } }));

  test('it calls the tool a message names, with arguments in its schema’s shape', () => {
    const choice = chat({ messages: say('call news please'), tools });
    assert.deepEqual([choice.text, choice.finish, calledName(choice)], [null, 'tool_calls', 'news']);
    assert.deepEqual(callArguments(choice), { city: 'city', days: 2, unit: 'C' });
  });

  test('tool_choice is obeyed, also against the words of the message', () => {
    const messages = say('call weather');
    const forced = { type: 'function', function: { name: 'news' } };
    assert.equal(calledName(chat({ messages, tools, tool_choice: forced })), 'news');
    assert.equal(calledName(chat({ messages: say('hi'), tools, tool_choice: forced })), 'news');
    assert.equal(calledName(chat({ messages: say('hi'), tools, tool_choice: 'required' })), 'weather');
    assert.equal(chat({ messages, tools, tool_choice: 'none' }).finish, 'stop');
    assert.equal(chat({ messages: say('hi'), tools, tool_choice: 'auto' }).finish, 'stop');
  });

  test('after a tool’s result it talks, so that a loop of tools ends', () => {
    const messages = [...listOf(say('call news')), { role: 'tool', tool_call_id: '1', content: 'news: none' }];
    assert.equal(chat({ messages, tools, tool_choice: 'required' }).text, 'The tool says: news: none');
  });

  test('JSON comes in the schema asked for', () => {
    const format = { type: 'json_schema', json_schema: { name: 'forecast', schema: parameters } };
    const choice = chat({ messages: say('hi'), response_format: format });
    assert.deepEqual(JSON.parse(wordsOf(choice.text)), { city: 'city', days: 2, unit: 'C' });
    const free = chat({ messages: say('hi'), response_format: { type: 'json_object' } });
    assert.equal(isObject(JSON.parse(wordsOf(free.text))), true);
  });
});

suite('the scripted model elsewhere', () => {
  test('completes prompts and fills gaps', () => {
    const text = (body: JsonObject): JsonValue | undefined => choicesOf(ask('/completions', body).answer)[0]?.['text'];
    assert.match(wordsOf(text({ prompt: 'Once' })), /"Once"/);
    assert.match(wordsOf(text({ prompt: 'Once', suffix: 'end' })), /fills the gap/);
    assert.ok(wordsOf(text({ prompt: `${'🙂'.repeat(30)}a` })).isWellFormed());
    const chunks = stream('/completions', { prompt: 'Once' });
    assert.equal(
      chunks
        .flatMap(choicesOf)
        .map((choice) => wordsOf(choice['text']))
        .join(''),
      text({ prompt: 'Once' }),
    );
    assert.equal(choicesOf(chunks.at(-1) ?? {})[0]?.['finish_reason'], 'stop');
  });

  test('embeddings in base64 are the floats, one for each input, of unit length', () => {
    const input = ['a warm day', 'a cold day', '', '🙂'];
    for (const dimensions of [undefined, 1, 2, 7, 255]) {
      const more = dimensions === undefined ? {} : { dimensions };
      const floats = listOf(ask('/embeddings', { input, ...more }).answer['data']);
      const packed = listOf(ask('/embeddings', { input, ...more, encoding_format: 'base64' }).answer['data']);
      assert.deepEqual(
        floats.map(({ index }) => index),
        [0, 1, 2, 3],
      );
      for (const [at, { embedding }] of packed.entries()) {
        const bytes = Buffer.from(wordsOf(embedding), 'base64');
        assert.equal(bytes.toString('base64'), embedding, 'padded as it should be');
        const decoded = Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4));
        assert.deepEqual(decoded, floats[at]?.['embedding']);
        assert.equal(decoded.length, dimensions ?? 256);
        if (dimensions === undefined) assert.ok(Math.abs(Math.hypot(...decoded) - 1) < 1e-6);
      }
    }
  });

  test('texts that share words are nearer than those that share none', () => {
    const [day, cold, other] = listOf(
      ask('/embeddings', { input: ['a warm day', 'a cold day', 'gateway'] }).answer['data'],
    ).map(({ embedding }) => (Array.isArray(embedding) ? embedding.map(Number) : []));
    assert.ok(near(day, cold) > near(day, other));
  });

  test('one text and one list of tokens are one input each', () => {
    for (const input of ['a', [1, 2, 3]]) assert.equal(listOf(ask('/embeddings', { input }).answer['data']).length, 1);
    assert.equal(listOf(ask('/embeddings', { input: [[1, 2], [3]] }).answer['data']).length, 2);
  });

  test('lists its one model, with or without a query', () => {
    for (const path of ['/models', '/v1/models?limit=1']) {
      const { status, answer } = ask(path, null);
      assert.deepEqual([status, listOf(answer['data']).map(({ id }) => id)], [200, ['demo']]);
    }
  });

  test('refuses what it does not know in OpenAI’s form', () => {
    assert.deepEqual(codeOf(CHAT, { model: 'other', messages: say('hi') }), [404, 'model_not_found']);
    assert.deepEqual(codeOf(CHAT, encoded({ model: undefined })), [404, 'model_not_found']);
    assert.deepEqual(codeOf(CHAT, utf8Encode('{"model":')), [400, 'invalid_json']);
    assert.deepEqual(codeOf(CHAT, utf8Encode('[]')), [400, 'invalid_json']);
    assert.deepEqual(codeOf(CHAT, null), [400, 'invalid_json']);
    assert.deepEqual(codeOf('/audio/speech', {}), [404, 'not_found']);
  });
});

test('it tells a newcomer what Spillway is and what to do next', () => {
  for (const question of ['What is Spillway?', "what's spillway", 'hey, what is spillway exactly']) {
    const { answer } = ask(CHAT, { messages: [{ role: 'user', content: question }] });
    const text = JSON.stringify(answer['choices']);
    assert.match(text, /gateway/, question);
    assert.match(text, /DEEPSEEK_API_KEY/, question);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { concatBytes, utf8Decode, utf8Encode } from '../kernel/web.ts';
import type { EventSink, StreamEvent } from './framing.ts';
import { SseParser } from './sse.ts';

interface Heard {
  readonly events: StreamEvent[];
  comments: number;
  overflows: number;
  buffered: number;
}

function hear(chunks: readonly Uint8Array[], max = 1_000_000): Heard {
  const heard: Heard = { events: [], comments: 0, overflows: 0, buffered: 0 };
  const sink: EventSink = {
    onEvent: (event) => heard.events.push(event),
    onComment: () => heard.comments++,
    onOverflow: () => heard.overflows++,
    onBroken: (why) => assert.fail(why),
  };
  const parser = new SseParser(max);
  for (const chunk of chunks) parser.push(chunk, sink);
  parser.end(sink);
  heard.buffered = parser.buffered;
  return heard;
}

const told = (heard: Heard): unknown => ({
  events: heard.events.map(({ data, name, plain, raw }) => ({
    data,
    name,
    plain,
    raw: plain ? utf8Decode(raw) : null,
  })),
  comments: heard.comments,
  buffered: heard.buffered,
});

const deepseek =
  ': keep-alive\n\n: keep-alive\n\ndata: {"choices":[{"delta":{"content":"Grüße 你好 🙂"}}]}\n\n: keep-alive\n\ndata: {"choices":[],"usage":null}\n\ndata: [DONE]\n\n';
const responses =
  'event: response.created\ndata: {"a":1}\nid: 7\n\nevent: x\nretry: 5\n\ndata:tight\n\ndata\n\ndata: a\ndata: b\n\n';
const inside = 'data: 1\n: inside\n\n\n\n\ufeffdata: not a field\n\ndata: last\n';

for (const [name, stream] of Object.entries({ deepseek, responses, inside, marked: `\ufeff${deepseek}` })) {
  for (const [ending, bytes] of Object.entries({ LF: '\n', CR: '\r', CRLF: '\r\n' })) {
    test(`every split of the ${name} stream with ${ending} gives the same events`, () => {
      const whole = utf8Encode(stream.replaceAll('\n', bytes));
      const expected = told(hear([whole]));
      for (let at = 0; at <= whole.length; at++) {
        assert.deepEqual(told(hear([whole.subarray(0, at), whole.subarray(at)])), expected, `split at ${at}`);
      }
      assert.deepEqual(told(hear([...whole].map((byte) => Uint8Array.of(byte)))), expected, 'byte by byte');
    });
  }
}

test('any chunking of any lines gives what one chunk gives', () => {
  const line = fc.constantFrom(
    'data: {"x":1}',
    'data:',
    'data',
    ':',
    ': c',
    'event: e',
    'id: 1',
    '',
    '',
    'data: é漢',
    'datax: 1',
  );
  const lines = fc.array(fc.tuple(line, fc.constantFrom('\n', '\r', '\r\n')), { maxLength: 30 });
  fc.assert(
    fc.property(lines, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (entries, sizes) => {
      const whole = utf8Encode(entries.flat().join(''));
      const chunks: Uint8Array[] = [];
      for (let at = 0, turn = 0; at < whole.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1;
        chunks.push(whole.subarray(at, at + size));
        at += size;
      }
      assert.deepEqual(told(hear(chunks)), told(hear([whole])));
    }),
  );
});

test('a keep-alive with its blank line is one comment, and is in no event', () => {
  const heard = hear([utf8Encode(deepseek)]);
  assert.equal(heard.comments, 3);
  assert.deepEqual(
    heard.events.map((event) => event.plain),
    [true, true, true],
  );
  assert.equal(utf8Decode(heard.events[1]?.raw ?? new Uint8Array()), 'data: {"choices":[],"usage":null}\n\n');
});

test('plain events joined are the stream without its comments', () => {
  const heard = hear([utf8Encode(deepseek).subarray(0, 40), utf8Encode(deepseek).subarray(40)]);
  assert.equal(
    utf8Decode(concatBytes(heard.events.map((event) => event.raw))),
    deepseek.replaceAll(': keep-alive\n\n', ''),
  );
});

test('fields follow the standard: name, several data lines, one space stripped, no colon', () => {
  const heard = hear([utf8Encode(responses)]);
  assert.deepEqual(
    heard.events.map(({ data, name, plain }) => [data, name, plain]),
    [
      ['{"a":1}', 'response.created', false],
      ['tight', null, true],
      ['', null, true],
      ['a\nb', null, false],
    ],
  );
});

test('a last event without its blank line is told when its data is whole, and not when it is torn', () => {
  const whole = (text: string): string[] => hear([utf8Encode(text)]).events.map((event) => event.data);
  assert.deepEqual(whole('data: [DONE]'), ['[DONE]']);
  assert.deepEqual(whole('data: {"a":1}\n'), ['{"a":1}']);
  assert.deepEqual(whole('data: {"a":1}'), ['{"a":1}']);
  assert.deepEqual(whole('data: {"a":'), []);
  assert.deepEqual(whole('data: {"a":1,\ndata: "b":2}'), ['{"a":1,\n"b":2}']);
  // A line end says that the line is whole, not that the event is; and another line torn after whole data takes nothing.
  assert.deepEqual(whole('data: {"a":1,\n'), []);
  assert.deepEqual(whole('data: {"a":1}\ndata: {"b'), []);
  for (const torn of [': keep', 'id: 3', 'even', 'event: x\n', '\r']) {
    assert.deepEqual(whole(`data: {"a":1}\n${torn}`), ['{"a":1}'], torn);
  }
  assert.ok(hear([utf8Encode('data: {"a":')]).buffered > 0);
  assert.equal(hear([utf8Encode('data: [DONE]')]).buffered, 0);
});

test('an event above the cap kills the parser, in one chunk or in many', () => {
  const large = utf8Encode(`data: ${'x'.repeat(2_000)}\n\ndata: 1\n\n`);
  assert.deepEqual([hear([large], 1_000).overflows, hear([large], 1_000).events.length], [1, 0]);
  const bytes = [...large].map((byte) => Uint8Array.of(byte));
  assert.deepEqual([hear(bytes, 1_000).overflows, hear(bytes, 1_000).events.length], [1, 0]);
  assert.equal(hear([utf8Encode(`: ${'x'.repeat(2_000)}`)], 1_000).overflows, 1);
});

/** Bytes searched and copied while `run` runs: what a clock would tell, and no slow machine changes it. */
function bytesWorked(run: () => void): number {
  // Both methods are inherited: own ones hide them, and are taken away again.
  const own = Uint8Array.prototype;
  const inherited = Object.getPrototypeOf(own) as Pick<Uint8Array, 'indexOf' | 'set'>;
  let worked = 0;
  const indexOf = function (this: Uint8Array, byte: number, from = 0): number {
    const found = inherited.indexOf.call(this, byte, from);
    worked += (found === -1 ? this.length : found + 1) - from;
    return found;
  };
  const set = function (this: Uint8Array, bytes: Uint8Array, at = 0): void {
    worked += bytes.length;
    inherited.set.call(this, bytes, at);
  };
  try {
    for (const [name, value] of Object.entries({ indexOf, set })) {
      Object.defineProperty(own, name, { value, configurable: true });
    }
    run();
  } finally {
    for (const name of ['indexOf', 'set']) Reflect.deleteProperty(own, name);
  }
  return worked;
}

test('a megabyte event in tiny chunks is searched and copied a few times at most', () => {
  const large = utf8Encode(`data: ${'x'.repeat(1_000_000)}\n\n`);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < large.length; at += 10) chunks.push(large.subarray(at, at + 10));
  const worked = bytesWorked(() => assert.equal(hear(chunks, 4_000_000).events.length, 1));
  assert.ok(worked > large.length && worked < 8 * large.length, `${worked} bytes`);
});

test('lines without a colon are searched a few times at most', () => {
  for (const line of ['data\n\n', 'event\ndata\n\n', 'x\n', ':\n', '\n']) {
    const stream = utf8Encode(line.repeat(Math.floor(500_000 / line.length)));
    const worked = bytesWorked(() => hear([stream], 4_000_000));
    assert.ok(worked < 4 * stream.length, `${worked} bytes for ${JSON.stringify(line)}`);
  }
});

test('a long stream in small chunks is searched and copied a few times at most', () => {
  const event = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'w'.repeat(180) } }] })}\n\n`;
  const stream = utf8Encode(event.repeat(Math.ceil(5_000_000 / event.length)));
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < stream.length; at += 100) chunks.push(stream.subarray(at, at + 100));
  const worked = bytesWorked(() => {
    const heard = hear(chunks, 4_000_000);
    assert.deepEqual([heard.events.length, heard.buffered], [stream.length / event.length, 0]);
  });
  assert.ok(worked > stream.length && worked < 8 * stream.length, `${worked} bytes`);
});

const realStreams = Object.entries({ deepseek, responses, inside, marked: `\ufeff${deepseek}` });

test('real streams cut at any number of places, with any line ends, give the same events', () => {
  const endings = fc.constantFrom('\n', '\r', '\r\n');
  fc.assert(
    fc.property(
      fc.constantFrom(...realStreams),
      endings,
      fc.array(fc.double({ min: 0, max: 1, noNaN: true })),
      ([, text], ending, cuts) => {
        const whole = utf8Encode(text.replaceAll('\n', ending));
        const places = cuts.map((cut) => Math.floor(cut * whole.length)).toSorted((left, right) => left - right);
        const chunks = [...places, whole.length].map((place, at) => whole.subarray(places[at - 1] ?? 0, place));
        assert.deepEqual(told(hear(chunks)), told(hear([whole])));
      },
    ),
    { numRuns: 500 },
  );
});

test('what is plain may be forwarded: joined, it reads as the same events and holds no comment', () => {
  const line = fc.constantFrom('data: {"a":"é🙂"}', 'data:', 'data:  two', ': note', 'event: e', 'id: 1', '', '');
  const ending = fc.constantFrom('\n', '\n', '\n', '\r\n', '\r');
  fc.assert(
    fc.property(fc.array(fc.tuple(line, ending), { maxLength: 40 }), fc.integer({ min: 1, max: 20 }), (lines, size) => {
      const whole = utf8Encode(lines.flat().join(''));
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < whole.length; at += size) chunks.push(whole.subarray(at, at + size));
      const plain = hear(chunks).events.filter((event) => event.plain);
      const joined = concatBytes(plain.map((event) => event.raw));
      assert.ok(!/^:/m.test(utf8Decode(joined)) && !utf8Decode(joined).includes('\r'));
      const again = hear([joined]);
      assert.deepEqual(
        again.events.map(({ data }) => data),
        plain.map(({ data }) => data),
      );
      assert.equal(again.comments, 0);
    }),
    { numRuns: 500 },
  );
});

test('bytes told stay as they were told while later chunks come', () => {
  const texts = Array.from({ length: 200 }, (_, at) => `data: ${at} ${'x'.repeat(at)}\n\n`);
  const whole = utf8Encode(texts.join(''));
  for (const size of [1, 7, 64, 1_000]) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < whole.length; at += size) chunks.push(whole.slice(at, at + size));
    assert.deepEqual(
      hear(chunks).events.map((event) => utf8Decode(event.raw)),
      texts,
      `chunks of ${size}`,
    );
  }
});

test('an event as large as the cap passes, one byte more does not', () => {
  const event = utf8Encode(`data: ${'x'.repeat(92)}\n\n`);
  assert.equal(event.length, 100);
  for (const cuts of [[event], [event.subarray(0, 50), event.subarray(50)]]) {
    assert.deepEqual([hear(cuts, 100).events.length, hear(cuts, 100).overflows], [1, 0]);
    assert.deepEqual([hear(cuts, 99).events.length, hear(cuts, 99).overflows], [0, 1]);
  }
});

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { concatBytes, utf8Encode } from '../../kernel/web.ts';
import type { StreamEvent } from '../framing.ts';
import { type HeaderValue, readFrame } from './frame.ts';
import { encodeFrame } from './frames-writer.ts';
import { EventStreamParser } from './frames.ts';

interface Heard {
  readonly events: StreamEvent[];
  readonly broken: string[];
  overflows: number;
  buffered: number;
}

function hear(chunks: readonly Uint8Array[], bytesMax = 1 << 20): Heard {
  const heard: Heard = { events: [], broken: [], overflows: 0, buffered: 0 };
  const sink = {
    onEvent: (event: StreamEvent) => heard.events.push(event),
    onComment: () => assert.fail('frames know no comments'),
    onOverflow: () => heard.overflows++,
    onBroken: (why: string) => heard.broken.push(why),
  };
  const parser = new EventStreamParser(bytesMax);
  for (const chunk of chunks) parser.push(chunk, sink);
  parser.end();
  heard.buffered = parser.buffered;
  return heard;
}

const event = (name: string, payload: string): Uint8Array =>
  encodeFrame(
    { ':message-type': 'event', ':event-type': name, ':content-type': 'application/json' },
    utf8Encode(payload),
  );

const big = (bits: 64): fc.Arbitrary<bigint> => fc.bigInt({ min: -(2n ** BigInt(bits - 1)), max: 2n ** 63n - 1n });
const arbitraryValue: fc.Arbitrary<HeaderValue> = fc.oneof(
  fc.boolean().map((value) => ({ type: 'boolean' as const, value })),
  fc.integer({ min: -128, max: 127 }).map((value) => ({ type: 'byte' as const, value })),
  fc.integer({ min: -32_768, max: 32_767 }).map((value) => ({ type: 'short' as const, value })),
  fc.integer().map((value) => ({ type: 'integer' as const, value })),
  big(64).map((value) => ({ type: 'long' as const, value })),
  big(64).map((value) => ({ type: 'timestamp' as const, value })),
  fc.uint8Array({ maxLength: 40 }).map((value) => ({ type: 'binary' as const, value })),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((value) => ({ type: 'uuid' as const, value })),
  fc.string({ unit: 'grapheme' }).map((value) => ({ type: 'string' as const, value })),
);
const arbitraryHeaders = fc
  .uniqueArray(fc.tuple(fc.string({ minLength: 1, maxLength: 20 }), arbitraryValue), {
    selector: ([name]) => name,
    maxLength: 6,
  })
  .map((entries) => Object.fromEntries(entries));
const arbitraryPayload = fc.uint8Array({ maxLength: 200 });

/** Cuts at the given places, taken modulo the length. */
function split(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...cuts.map((cut) => cut % (bytes.length + 1)), 0, bytes.length].toSorted((a, b) => a - b);
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

/** Of aws-sdk-js-v3, packages/eventstream-marshaller, TestVectors.fixture.ts (Apache-2.0). */
const vectors: Readonly<Record<string, string>> = {
  empty: '000000100000000005c248eb7d98c8ff',
  int32Header: '0000002b0000000e348bec7b086576656e742d6964040000a00c7b27666f6f273a27626172277dd3890285',
  noHeaders: '0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936',
  stringHeader:
    '0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b27666f6f273a27626172277d8d9c08b1',
  corruptedHeaders:
    '0000003d0000002007fd83960c636f6e74656e742b747970650700106170706c69636174696f6e2f6a736f6e7b27666f6f273a27626172277d8d9c08b1',
  corruptedHeaderLength:
    '0000003d0000012007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b27666f6f273a27626172277d8d9c08b1',
  corruptedLength: '0100001d00000000fd528c5a7b27666f6f273a27626172277dc3653936',
  corruptedPayload: '0000001d00000000fd528c5a7b27666f6f273a27626172278dc3653936',
};
const vector = (name: string): Uint8Array => Uint8Array.from(Buffer.from(vectors[name] ?? '', 'hex'));

suite('frames as AWS publishes them', () => {
  const payload = utf8Encode("{'foo':'bar'}");
  const good = [
    ['empty', {}, new Uint8Array(0)],
    ['int32Header', { 'event-id': { type: 'integer', value: 0xa00c } }, payload],
    ['noHeaders', {}, payload],
    ['stringHeader', { 'content-type': { type: 'string', value: 'application/json' } }, payload],
  ] as const;

  for (const [name, headers, body] of good) {
    test(`${name} is read and written`, () => {
      const read = readFrame(vector(name));
      assert.ok(read.ok);
      assert.deepEqual(Object.fromEntries(read.value.headers), headers);
      assert.deepEqual([...read.value.payload], [...body]);
      assert.deepEqual(encodeFrame(headers, body), vector(name));
    });
  }

  for (const name of ['corruptedHeaders', 'corruptedHeaderLength', 'corruptedLength', 'corruptedPayload']) {
    test(`${name} is refused`, () => {
      assert.equal(readFrame(vector(name)).ok, false);
      assert.equal(hear([vector(name)]).events.length, 0);
    });
  }
});

suite('frames', () => {
  test('come back as they were written, whatever headers and payload', () => {
    fc.assert(
      fc.property(arbitraryHeaders, arbitraryPayload, (headers, payload) => {
        const read = readFrame(encodeFrame(headers, payload));
        assert.ok(read.ok);
        assert.deepEqual(Object.fromEntries(read.value.headers), headers);
        assert.deepEqual([...read.value.payload], [...payload]);
      }),
    );
  });

  test('are found wherever the wire cuts them, and forwarded byte for byte', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ maxLength: 12 }), fc.string({ unit: 'grapheme', maxLength: 60 })), {
          maxLength: 6,
        }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (said, cuts) => {
          const bytes = concatBytes(said.map(([name, payload]) => event(name, payload)));
          const { events, broken, buffered } = hear(split(bytes, cuts));
          assert.deepEqual(
            events.map(({ name, data, plain }) => [name, data, plain]),
            said.map(([name, payload]) => [name, payload, false]),
          );
          assert.deepEqual([...concatBytes(events.map(({ raw }) => raw))], [...bytes]);
          assert.deepEqual([broken.length, buffered], [0, 0]);
        },
      ),
    );
  });

  test('that have any byte changed are broken, and end the stream', () => {
    const bytes = concatBytes([event('messageStart', '{"role":"assistant"}'), event('messageStop', '{}')]);
    const firstLength = event('messageStart', '{"role":"assistant"}').length;
    for (let at = 0; at < bytes.length; at++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const changed = Uint8Array.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ flip;
        for (const chunks of [[changed], split(changed, [at, at + 1, 5])]) {
          const { events, broken, overflows, buffered } = hear(chunks);
          assert.equal(broken.length, 1, `byte ${at}`);
          assert.equal(events.length, at < firstLength ? 0 : 1, `byte ${at}`);
          assert.deepEqual([overflows, buffered], [0, 0]);
        }
      }
    }
  });

  test('that are torn tell nothing and stay buffered', () => {
    const whole = event('contentBlockDelta', '{"delta":{"text":"Hi"}}');
    for (let length = 1; length < whole.length; length++) {
      const { events, broken, buffered } = hear([whole, whole.subarray(0, length)]);
      assert.deepEqual([events.length, broken.length, buffered], [1, 0, length]);
    }
  });

  test('above the cap are refused when their length is known, before their bytes come', () => {
    const whole = event('contentBlockDelta', 'x'.repeat(1000));
    assert.equal(hear([whole], whole.length).events.length, 1);
    for (const chunks of [[whole], [whole.subarray(0, 12)], [whole.subarray(0, 7), whole.subarray(7, 12), whole]]) {
      const { events, overflows, buffered } = hear(chunks, whole.length - 1);
      assert.deepEqual([events.length, overflows, buffered], [0, 1, 0]);
    }
  });

  test('with good checksums and nonsense inside are broken, never thrown', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (nonsense) => {
        const read = readFrame(withHeaders(nonsense));
        assert.ok(read.ok || read.error.includes('headers'));
      }),
    );
  });
});

/** A frame with these bytes for headers, whatever they are. */
function withHeaders(bytes: Uint8Array): Uint8Array {
  const frame = encodeFrame({}, bytes);
  const view = new DataView(frame.buffer);
  view.setUint32(4, bytes.length);
  view.setUint32(8, crc(frame.subarray(0, 8)));
  view.setUint32(frame.length - 4, crc(frame.subarray(0, -4)));
  return frame;
}

/** Bit by bit, apart from the table the code uses. */
function crc(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  }
  return ~value >>> 0;
}

const one = (headers: Record<string, string>, payload: string): StreamEvent | undefined =>
  hear([encodeFrame(headers, utf8Encode(payload))]).events[0];

suite('a frame becomes an event', () => {
  test('named after its type', () => {
    assert.equal(one({ ':message-type': 'event', ':event-type': 'metadata' }, '{}')?.name, 'metadata');
  });

  test('marked as exception when it is one', () => {
    const told = one({ ':message-type': 'exception', ':exception-type': 'throttlingException' }, '{"message":"slow"}');
    assert.equal(told?.name, 'exception:throttlingException');
    assert.equal(told?.data, '{"message":"slow"}');
  });

  test('marked as error, with the words of its header', () => {
    const told = one({ ':message-type': 'error', ':error-code': 'InternalError', ':error-message': 'say "x"' }, '');
    assert.equal(told?.name, 'error:InternalError');
    assert.equal(told?.data, '{"message":"say \\"x\\""}');
  });

  test('without a name when it says no kind', () => {
    assert.equal(one({ ':event-type': 'metadata' }, '{}')?.name, null);
  });
});

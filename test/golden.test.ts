// Golden cases: what providers send and how their answers are read, as files. A case is a folder `golden/<provider>/<case>`
// that holds one or more pairs of what is given and what must come of it:
//   request.json  a caller's request → sent.json      where and what is sent on (`door`: in which dialect it came)
//   events.sse    a stream           → readings.json  what each event says, only what is not silent, and its chat chunks
//                                                     where the dialect is not OpenAI's; `<dialect>.sse` for a provider's
//                                                     second dialect; `converse.jsonl`: one AWS frame a line
//   answer.http   a whole 200 answer → reading.json   what it says
//   fault.http    any other answer   → fault.json     how it is classified
// `node test/golden.test.ts --update` writes the second halves anew; read the difference before you keep it.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { anthropicDoor, anthropicFar } from '../src/dialects/anthropic/dialect.ts';
import { converseFar } from '../src/dialects/converse/dialect.ts';
import { encodeFrame } from '../src/dialects/converse/frames-writer.ts';
import type { FarDialect } from '../src/dialects/dialect.ts';
import type { StreamEvent } from '../src/dialects/framing.ts';
import { openaiDoor } from '../src/dialects/openai/dialect.ts';
import { responsesDoor, responsesFar } from '../src/dialects/responses/dialect.ts';
import { type AnswerReading, silentReading } from '../src/kernel/chat.ts';
import type { HeaderRecord } from '../src/kernel/headers.ts';
import type { JsonObject } from '../src/kernel/json.ts';
import type { Surface } from '../src/kernel/lane.ts';
import { limits } from '../src/kernel/limits.ts';
import { concatBytes, utf8Encode } from '../src/kernel/web.ts';
import { type ProviderName, providerNames } from '../src/kernel/provider.ts';
import { catalogue } from '../src/providers/catalogue.ts';
import type { Account, Provider } from '../src/providers/provider.ts';
import { canonical, sentBody, through } from './support/canonical.ts';

const root = new URL('golden/', import.meta.url);
const isUpdating = process.argv.includes('--update');

const kinds = {
  'request.json': { expected: 'sent.json', run: send },
  'events.sse': { expected: 'readings.json', run: (provider, text) => readEvents(provider.dialect, text) },
  'anthropic.sse': { expected: 'anthropic-readings.json', run: (_provider, text) => readEvents(anthropicFar, text) },
  'responses.sse': { expected: 'responses-readings.json', run: (_provider, text) => readEvents(responsesFar, text) },
  'converse.jsonl': {
    expected: 'converse-readings.json',
    run: (_provider, text) => readEvents(converseFar, framesOf(text)),
  },
  'answer.http': { expected: 'reading.json', run: readAnswer },
  'fault.http': { expected: 'fault.json', run: readFault },
} as const satisfies Record<string, { expected: string; run: (provider: Provider, given: string) => unknown }>;

const doors = { openai: openaiDoor, anthropic: anthropicDoor, responses: responsesDoor } as const;

interface Given {
  readonly surface: Surface;
  readonly model: string;
  readonly body: JsonObject;
  readonly door?: keyof typeof doors;
  readonly account?: Account;
}

function send(provider: Provider, given: string): unknown {
  const { surface, model, body, door, account = {} } = JSON.parse(given) as Given;
  const request = door === undefined ? canonical(body, surface) : through(doors[door], body);
  const prepared = provider.prepare(request, model, account);
  const { dialect, path, fromOrigin, headers, unsupported } = prepared;
  return {
    ...(dialect.name === 'openai' ? {} : { dialect: dialect.name }),
    path,
    fromOrigin,
    ...(headers.length === 0 ? {} : { headers }),
    unsupported,
    body: sentBody(request, prepared),
  };
}

/** Chunks of a few bytes must read as the whole does: the wire cuts where it likes. */
function readEvents(dialect: FarDialect, given: string | Uint8Array, chunkBytes = 7): unknown {
  const events: unknown[] = [];
  const parser = dialect.parser(limits.eventBytesMax);
  const stream = dialect.stream('chat');
  const sink = {
    onEvent: (event: StreamEvent) => {
      const reading = loud(stream.read(event));
      events.push(dialect.name === 'openai' ? reading : { ...reading, chunks: stream.chunks() });
    },
    onComment: () => events.push('keep-alive'),
    onOverflow: () => assert.fail('no golden stream is that long'),
    onBroken: (why: string) => assert.fail(why),
  };
  const bytes = Buffer.from(given);
  for (let at = 0; at < bytes.length; at += chunkBytes) parser.push(bytes.subarray(at, at + chunkBytes), sink);
  parser.end(sink);
  return { events, tornBytes: parser.buffered };
}

/** Each line: the frame's headers and its payload. */
function framesOf(given: string): Uint8Array {
  const lines = given.split('\n').filter((line) => line !== '');
  const frames = lines.map((line) => {
    const { headers, payload } = JSON.parse(line) as { headers: Record<string, string>; payload: JsonObject };
    return encodeFrame(headers, utf8Encode(JSON.stringify(payload)));
  });
  return concatBytes(frames);
}

/** Only what differs from silence. */
function loud(reading: AnswerReading): Partial<AnswerReading> {
  const said = Object.entries(reading).filter(([name, value]) => value !== silentReading[name as keyof AnswerReading]);
  return Object.fromEntries(said) as Partial<AnswerReading>;
}

function readAnswer(provider: Provider, given: string): unknown {
  const { status, body } = readHttp(given);
  assert.equal(status, 200);
  return loud(provider.dialect.readAnswer('chat', body));
}

function readFault(provider: Provider, given: string): unknown {
  const { status, headers, body } = readHttp(given);
  return provider.dialect.readFault(status, headers, body);
}

/** Status line, headers, blank line, body; line ends of the head are LF here. */
function readHttp(given: string): {
  readonly status: number;
  readonly headers: HeaderRecord;
  readonly body: Uint8Array;
} {
  const end = given.indexOf('\n\n');
  const [statusLine = '', ...lines] = given.slice(0, end).split('\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
  return { status, headers: Object.fromEntries(headers), body: Buffer.from(given.slice(end + 2)) };
}

function folders(url: URL): string[] {
  return readdirSync(url, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted();
}

for (const name of folders(root)) {
  suite(name, () => {
    const provider = catalogue[name as ProviderName];
    for (const folder of folders(new URL(`${name}/`, root))) {
      test(folder.replaceAll('-', ' '), () => runCase(provider, new URL(`${name}/${folder}/`, root)));
    }
  });
}

function runCase(provider: Provider, folder: URL): void {
  const present = Object.entries(kinds).filter(([given]) => existsSync(new URL(given, folder)));
  const files = present.flatMap(([given, { expected }]) => [given, expected]).toSorted();
  for (const [given, { expected, run }] of present) {
    // Through JSON: absent and undefined are the same in a file.
    const found: unknown = JSON.parse(JSON.stringify(run(provider, readFileSync(new URL(given, folder), 'utf8'))));
    const file = new URL(expected, folder);
    if (isUpdating) writeFileSync(file, `${JSON.stringify(found, null, 2)}\n`);
    else assert.deepEqual(found, JSON.parse(readFileSync(file, 'utf8')), expected);
  }
  assert.ok(present.length > 0, 'a case has something given');
  assert.deepEqual(readdirSync(folder).toSorted(), files, 'and nothing else');
}

test('every provider has golden cases, and every folder is a provider’s', () => {
  assert.deepEqual(folders(root), [...providerNames].toSorted());
});

test('a stream reads the same however it is cut', () => {
  for (const name of folders(root)) {
    for (const folder of folders(new URL(`${name}/`, root))) {
      const file = new URL(`${name}/${folder}/events.sse`, root);
      if (!existsSync(file)) continue;
      const text = readFileSync(file, 'utf8');
      const { dialect } = catalogue[name as ProviderName];
      const whole = readEvents(dialect, text, Infinity);
      for (const size of [1, 2, 13, 4096])
        assert.deepEqual(readEvents(dialect, text, size), whole, `${name}/${folder}`);
    }
  }
});

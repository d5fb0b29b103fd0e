// Golden cases: what providers send and how their answers are read, as files. A case is a folder `golden/<provider>/<case>`
// that holds one or more pairs of what is given and what must come of it:
//   request.json  a caller's request → sent.json      where and what is sent on
//   events.sse    a stream           → readings.json  what each event says, only what is not silent
//   answer.http   a whole 200 answer → reading.json   what it says
//   fault.http    any other answer   → fault.json     how it is classified
// `node test/golden.test.ts --update` writes the second halves anew; read the difference before you keep it.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { SseParser } from '../src/dialects/sse.ts';
import { type AnswerReading, silentReading } from '../src/kernel/chat.ts';
import type { HeaderRecord } from '../src/kernel/headers.ts';
import type { JsonObject } from '../src/kernel/json.ts';
import type { Surface } from '../src/kernel/lane.ts';
import { limits } from '../src/kernel/limits.ts';
import { type ProviderName, providerNames } from '../src/kernel/provider.ts';
import { catalogue } from '../src/providers/catalogue.ts';
import type { Provider } from '../src/providers/provider.ts';
import { canonical, sentBody } from './support/canonical.ts';

const root = new URL('golden/', import.meta.url);
const isUpdating = process.argv.includes('--update');

const kinds = {
  'request.json': { expected: 'sent.json', run: send },
  'events.sse': { expected: 'readings.json', run: (provider, text) => readEvents(provider, text) },
  'answer.http': { expected: 'reading.json', run: readAnswer },
  'fault.http': { expected: 'fault.json', run: readFault },
} as const satisfies Record<string, { expected: string; run: (provider: Provider, given: string) => unknown }>;

function send(provider: Provider, given: string): unknown {
  const { surface, model, body } = JSON.parse(given) as { surface: Surface; model: string; body: JsonObject };
  const request = canonical(body, surface);
  const { path, fromOrigin, unsupported, patch } = provider.prepare(request, model);
  return { path, fromOrigin, unsupported, body: sentBody(request, { path, fromOrigin, unsupported, patch }) };
}

/** Chunks of a few bytes must read as the whole does: the wire cuts where it likes. */
function readEvents(provider: Provider, given: string, chunkBytes = 7): unknown {
  const events: unknown[] = [];
  const parser = new SseParser(limits.eventBytesMax);
  const sink = {
    onEvent: ({ data }: { readonly data: string }) => events.push(loud(provider.dialect.readEvent('chat', data))),
    onComment: () => events.push('keep-alive'),
    onOverflow: () => assert.fail('no golden stream is that long'),
  };
  const bytes = Buffer.from(given);
  for (let at = 0; at < bytes.length; at += chunkBytes) parser.push(bytes.subarray(at, at + chunkBytes), sink);
  parser.end(sink);
  return { events, tornBytes: parser.buffered };
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
      const provider = catalogue[name as ProviderName];
      const whole = readEvents(provider, text, Infinity);
      for (const size of [1, 2, 13, 4096])
        assert.deepEqual(readEvents(provider, text, size), whole, `${name}/${folder}`);
    }
  }
});

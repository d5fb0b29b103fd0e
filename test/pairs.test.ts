// Golden pairs: what each door makes of each far side's dialect, as files, through the whole gateway under virtual time. A case
// is a folder `golden-pairs/<door>-to-<far>/<case>` of what is given:
//   request.json     the caller's request            target.json   where it goes, if not where `targets` says
//   far.sse          the far side's stream, or far.jsonl: one AWS frame a line, or far.json: its whole answer, or
//   far-fault.http   its refusal
//   rescue.<dialect>.sse or .jsonl: the stream of a second target, which is asked when the first one's breaks off
// and of what must come of it:
//   sent.json        what the far side is asked      sent-again.json   what the second one is asked
//   stream.txt       the bytes the caller reads; or answer.json, a whole answer; or error.json, a refusal
// `node test/pairs.test.ts --update` writes the second halves anew; read the difference before you keep it: where a far side's
// words change on the way, nobody but the reader knows whether they still say the same.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { encodeFrame } from '../src/dialects/converse/frames-writer.ts';
import type { JsonObject } from '../src/kernel/json.ts';
import type { ProviderName } from '../src/kernel/provider.ts';
import { concatBytes, utf8Encode } from '../src/kernel/web.ts';
import type { Config } from '../src/ports/config.ts';
import type { UpstreamRequest, UpstreamSink } from '../src/ports/upstream.ts';
import { type Client, config, model, Rig, type Send, target, upstream } from './support/rig.ts';

const root = new URL('golden-pairs/', import.meta.url);
const isUpdating = process.argv.includes('--update');

const doors = { openai: '/v1/chat/completions', anthropic: '/v1/messages', responses: '/v1/responses' } as const;

interface Target {
  readonly provider: ProviderName;
  readonly model: string;
  readonly account?: Readonly<Record<string, string>>;
  readonly dropParams?: boolean;
}

/** Of each dialect the one who made it; models that take sampling parameters and continue an answer, where there are any. */
const targets: Readonly<Record<string, Target>> = {
  openai: { provider: 'openai', model: 'gpt-6-luna', account: { api: 'chat' } },
  anthropic: { provider: 'anthropic', model: 'claude-haiku-4-5' },
  responses: { provider: 'openai', model: 'gpt-6-luna', account: { api: 'responses' } },
  converse: {
    provider: 'bedrock',
    model: 'us.anthropic.claude-haiku-4-5-20251001-v1:0',
    account: { region: 'us-east-1', api: 'converse' },
  },
};
/** OpenAI's own models begin anew instead of going on. */
const rescuers: Readonly<Record<string, Target>> = { ...targets, openai: { provider: 'vllm', model: 'qwen3' } };

const streamTypes: Readonly<Record<string, string>> = {
  sse: 'text/event-stream',
  jsonl: 'application/vnd.amazon.eventstream',
};

/** A far side's answer as it goes over the wire. */
interface Given {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** The wire of each send is at hand, so that a far side can answer in bytes. */
class FarRig extends Rig {
  readonly #sinks: UpstreamSink[] = [];

  override send(request: UpstreamRequest, sink: UpstreamSink): Send {
    this.#sinks.push(sink);
    return super.send(request, sink);
  }

  answer(at: number, { status, headers, body }: Given, bytesMax: number): void {
    const [sink, send] = [this.#sinks[at], this.sends[at]];
    assert.ok(sink !== undefined && send !== undefined, `send ${at + 1} was made`);
    sink.onHead(status, headers);
    for (let from = 0; from < body.length && !send.cancelled; from += bytesMax) {
      sink.onBytes(body.subarray(from, from + bytesMax));
    }
    if (!send.cancelled) sink.onEnd();
  }
}

interface Case {
  readonly door: keyof typeof doors;
  readonly request: JsonObject;
  readonly targets: readonly Target[];
  readonly answers: readonly Given[];
}

function readCase(pair: string, folder: URL): Case {
  const [door = '', far = ''] = pair.split('-to-');
  const files = readdirSync(folder);
  const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
  const own = files.includes('target.json') ? (JSON.parse(read('target.json')) as Partial<Target>) : {};
  const first = { ...targets[far], ...own } as Target;
  const answers = files
    .filter((name) => name.startsWith('far') || name.startsWith('rescue'))
    .toSorted()
    .map((name) => readGiven(name, read(name)));
  const second = files
    .flatMap((name) => /^rescue\.(\w+)\./.exec(name)?.[1] ?? [])
    .flatMap((name) => rescuers[name] ?? []);
  return {
    door: door as keyof typeof doors,
    request: JSON.parse(read('request.json')) as JsonObject,
    targets: [first, ...second],
    answers,
  };
}

function readGiven(name: string, text: string): Given {
  const ending = name.split('.').at(-1) ?? '';
  if (ending === 'http') return readHttp(text);
  const headers = { 'content-type': streamTypes[ending] ?? 'application/json' };
  return { status: 200, headers, body: ending === 'jsonl' ? framesOf(text) : utf8Encode(text) };
}

/** Status line, headers, blank line, body; line ends of the head are LF here. */
function readHttp(text: string): Given {
  const end = text.indexOf('\n\n');
  const [statusLine = '', ...lines] = text.slice(0, end).split('\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
  return {
    status,
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: utf8Encode(text.slice(end + 2)),
  };
}

/** Each line: the frame's headers and its payload. */
function framesOf(text: string): Uint8Array {
  const lines = text.split('\n').filter((line) => line !== '');
  const frames = lines.map((line) => {
    const { headers, payload } = JSON.parse(line) as { headers: Record<string, string>; payload: JsonObject };
    return encodeFrame(headers, utf8Encode(JSON.stringify(payload)));
  });
  return concatBytes(frames);
}

/** As many sends as there are answers, so that a fault is told to the caller and not tried again. */
function settings({ targets: asked }: Case): Config {
  const upstreams = asked.map(({ provider, account = {} }, at) => {
    // Bedrock's paths begin at the origin.
    const baseUrl = `http://far${at + 1}.test${provider === 'bedrock' ? '' : '/v1'}`;
    return [`far${at + 1}`, upstream({ baseUrl, provider, account, tier: at === 0 ? 'base' : 'peak' })] as const;
  });
  const targetList = asked.map((one, at) => target(`far${at + 1}`, { model: one.model }));
  const defaults = config();
  return {
    ...defaults,
    upstreams: Object.fromEntries(upstreams),
    models: { m: model(targetList, { dropParams: asked[0]?.dropParams ?? false }) },
    retry: { ...defaults.retry, maxAttempts: asked.length },
  };
}

interface Outcome {
  readonly sends: readonly Send[];
  readonly client: Client;
}

function play(given: Case, bytesMax: number): Outcome {
  const rig = new FarRig(settings(given));
  const client = rig.request(doors[given.door], given.request);
  // A request that no target can take is refused before it is sent.
  if (!client.ended) given.answers.forEach((answer, at) => rig.answer(at, answer, bytesMax));
  assert.deepEqual(rig.bugs, []);
  assert.ok(client.ended, 'the caller is told the end');
  return { sends: rig.sends, client };
}

/** Those that a dialect has a say in. */
const headersTold = ['content-type', 'accept', 'authorization', 'x-api-key', 'anthropic-version', 'anthropic-beta'];

function sentOf(send: Send): JsonObject {
  const told = headersTold.filter((name) => send.header(name) !== undefined);
  const headers = Object.fromEntries(told.map((name) => [name, send.header(name)])) as JsonObject;
  return { path: send.request.path, headers, body: send.body as JsonObject };
}

/** The file that what the caller read belongs into, and its text. */
function readByCaller({ status, headers, text }: Client): [file: string, text: string] {
  if (headers['content-type']?.startsWith('text/event-stream') === true) return ['stream.txt', text];
  const body: unknown = JSON.parse(text);
  if (status === 200) return ['answer.json', written(body)];
  const told = ['retry-after', 'retry-after-ms', 'x-should-retry'].filter((name) => headers[name] !== undefined);
  const advice = Object.fromEntries(told.map((name) => [name, headers[name]]));
  return ['error.json', written({ status, ...advice, body })];
}

const written = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

function runCase(pair: string, folder: URL): void {
  const given = readCase(pair, folder);
  const outcome = play(given, Infinity);
  const names = ['sent.json', 'sent-again.json'];
  const sent = outcome.sends.map((send, at): [string, string] => [names[at] ?? '', written(sentOf(send))]);
  const expected = [...sent, readByCaller(outcome.client)];
  for (const [name, found] of expected) {
    const file = new URL(name, folder);
    if (isUpdating) writeFileSync(file, found);
    else if (name.endsWith('.json')) assert.deepEqual(JSON.parse(found), JSON.parse(readFileSync(file, 'utf8')), name);
    else assert.equal(found, readFileSync(file, 'utf8'), name);
  }
  for (const bytesMax of [1, 61])
    assert.equal(play(given, bytesMax).client.text, outcome.client.text, 'however it is cut');
  const strange = readdirSync(folder).filter((name) => !/^(?:request|target|far|rescue)\b/.test(name));
  assert.deepEqual(strange.toSorted(), expected.map(([name]) => name).toSorted(), 'and nothing else');
}

function folders(url: URL): string[] {
  return readdirSync(url, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted();
}

for (const pair of folders(root)) {
  suite(pair, () => {
    for (const folder of folders(new URL(`${pair}/`, root))) {
      test(folder.replaceAll('-', ' '), () => runCase(pair, new URL(`${pair}/${folder}/`, root)));
    }
  });
}

test('there are cases for every door and every far side’s dialect', () => {
  const pairs = Object.keys(doors).flatMap((door) => Object.keys(targets).map((far) => `${door}-to-${far}`));
  assert.deepEqual(folders(root), pairs.toSorted());
  for (const pair of pairs) assert.ok(existsSync(new URL(`${pair}/text-stream/request.json`, root)), pair);
});

// Checks: what a user of an SDK expects of a provider, whoever that really is. Each asks through the SDK and looks at what the
// SDK showed; what arrived at the far side is told by the wall's attentive answers.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DialectName } from '../../src/kernel/dialect-name.ts';
import type { LogEntry } from '../../src/wall/attempt-log.ts';
import type { Understood } from '../../src/wall/ears/ear.ts';
import { healthyCall, healthyReasoning, healthyText, pieces } from '../../src/wall/known-text.ts';
import {
  type Ask,
  type Connection,
  MAX_TOKENS,
  type Reply,
  type Talker,
  toolName,
  type Trouble,
  troubles,
} from './client.ts';

export interface Scene {
  readonly talker: Talker;
  readonly far: DialectName;
  readonly connection: Connection;
  /** The gateway's model for that behaviour of the wall. */
  model(behaviour: Behaviour): string;
  /** What arrived at the wall for that model. */
  arrived(behaviour: Behaviour): readonly LogEntry[];
}

export interface Check {
  readonly title: string;
  /** What is asked for cannot be had there: it must be refused. */
  isBeyond?(talker: Talker, far: DialectName): boolean;
  run(scene: Scene): Promise<void>;
}

const troubleBehaviours = {
  400: 'context-too-long',
  429: 'rate-limit-for-ever',
  500: 'fail-500-once',
  503: 'fail-503-for-ever',
} as const;
const manners = ['stream', 'whole'] as const;
type Manner = (typeof manners)[number];
type Played = (typeof troubleBehaviours)[keyof typeof troubleBehaviours];

/** Those with a manner have an upstream for each, for the first request changes what the second one meets. */
export const behavioursUsed = [
  'healthy',
  'attentive',
  'reasoning',
  ...(['cut', 'stall', 'silence'] as const),
  ...Object.values(troubleBehaviours).flatMap((name) => manners.map((manner) => `${name}-${manner}` as const)),
] as const;
type Behaviour = (typeof behavioursUsed)[number];

const prompt = 'What is the weather? 天気は？ 🌦️';
const system = 'You are a gauge.\nSay „numbers“ only. 只说数字';
const found = '{"rain":"12 mm","wind":"schwach 🍃"}';
const temperature = 0.25;
const DEADLINE_MS = 20_000;

async function say(scene: Scene, behaviour: Behaviour, stream: boolean, more: Partial<Ask> = {}): Promise<Reply> {
  const { talker, connection } = scene;
  return talker.ask(connection, { model: scene.model(behaviour), prompt, stream, ...more });
}

async function understood(scene: Scene, stream: boolean, more: Partial<Ask> = {}): Promise<Understood> {
  const { text } = await say(scene, 'attentive', stream, more);
  return JSON.parse(text) as Understood;
}

async function isKnownText(scene: Scene, stream: boolean): Promise<void> {
  let heard = '';
  const reply = await say(scene, 'healthy', stream, {
    onText: (piece) => {
      heard += piece;
    },
  });
  const { talker, far } = scene;
  const opening = talker.addsOpening && stream && far === 'anthropic' ? 1 : 0;
  const { text, finish, outputTokens } = reply;
  assert.deepEqual([text, finish, outputTokens], [healthyText, talker.finish, pieces(healthyText).length + opening]);
  if (stream) assert.equal(heard, healthyText, 'piece by piece');
}

async function roundTrip(scene: Scene, stream: boolean): Promise<void> {
  const calls: unknown[] = [];
  const tool = (args: unknown): string => {
    calls.push(args);
    return found;
  };
  const heard = await understood(scene, stream, { tool });
  assert.deepEqual(calls, [JSON.parse(healthyCall.arguments)], 'the call, once');
  assert.deepEqual(heard.toolNames, [toolName]);
  assert.deepEqual(heard.texts, [prompt]);
  assert.deepEqual(heard.roles, ['user', 'assistant', 'tool']);
  assert.deepEqual(
    heard.toolCalls.map(({ name, arguments: args }) => [name, JSON.parse(args) as unknown]),
    [[healthyCall.name, JSON.parse(healthyCall.arguments)]],
  );
  const results = heard.toolCalls.map(({ id }) => ({ id, text: found }));
  assert.deepEqual(heard.toolResults, results, 'the result belongs to the call');
}

/** The smallest PNG there is, but for the bytes after its end. */
const image = Uint8Array.from(
  Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  ),
);

async function raised(asked: Promise<Reply>): Promise<unknown> {
  const reply = await asked.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  assert.ok('error' in reply, `no error, but ${JSON.stringify(reply).slice(0, 120)}`);
  return reply.error;
}

async function isRaised(scene: Scene, trouble: Trouble, manner: Manner): Promise<void> {
  const { talker, connection } = scene;
  const stream = manner === 'stream';
  let asked: Promise<Reply>;
  if (trouble === '401') {
    const stranger = { ...connection, apiKey: 'sk-nobody' };
    asked = talker.ask(stranger, { model: scene.model('healthy'), prompt, stream });
  } else if (trouble === '404') asked = talker.ask(connection, { model: 'nobody-knows-it', prompt, stream });
  else {
    const played: Played = troubleBehaviours[trouble];
    asked = say(scene, `${played}-${manner}`, stream);
  }
  const error = await raised(asked);
  assert.equal(talker.nameOfError(error), talker.errors[trouble], `${trouble}, ${manner}: ${String(error)}`);
}

async function isBroken(scene: Scene): Promise<void> {
  const { talker } = scene;
  let heard = '';
  const onText = (piece: string): void => {
    heard += piece;
  };
  const error = await raised(say(scene, 'cut', true, { onText }));
  assert.equal(talker.nameOfError(error), talker.brokenStream, String(error));
  assert.ok(heard !== '' && heard !== healthyText && healthyText.startsWith(heard), `heard ${JSON.stringify(heard)}`);
  const whole = await raised(say(scene, 'cut', false));
  assert.equal(talker.nameOfError(whole), talker.errors['500'], String(whole));
}

const POLL_MS = 20;

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let waitedMs = 0; !isSo(); waitedMs += POLL_MS) {
    assert.ok(waitedMs < DEADLINE_MS / 4, what);
    await sleep(POLL_MS);
  }
}

async function isLeft(scene: Scene, behaviour: 'stall' | 'silence', stream: boolean): Promise<void> {
  const leaving = new AbortController();
  const asked = raised(say(scene, behaviour, stream, { signal: leaving.signal, onText: () => leaving.abort() }));
  // Nothing is said without a stream: there the caller leaves as soon as the request has arrived.
  await until(`${behaviour}: it arrives`, () => scene.arrived(behaviour).length > 0);
  if (!stream) leaving.abort();
  await asked;
  await until(`${behaviour}: the wall is left`, () => scene.arrived(behaviour).every(({ aborted }) => aborted));
  assert.equal(scene.arrived(behaviour).length, 1, 'asked once');
}

const isClaude = (far: DialectName): boolean => far === 'anthropic' || far === 'converse';

export const checks: readonly Check[] = [
  { title: 'whole', run: (scene) => isKnownText(scene, false) },
  { title: 'stream', run: (scene) => isKnownText(scene, true) },
  { title: 'tools', run: (scene) => roundTrip(scene, false) },
  { title: 'tools, stream', run: (scene) => roundTrip(scene, true) },
  {
    title: 'JSON',
    // Claude has no JSON without a schema.
    isBeyond: ({ json }, far) => json === 'object' && isClaude(far),
    run: async (scene) => {
      const { json, texts } = await understood(scene, false, { json: true });
      assert.deepEqual({ json, texts }, { json: scene.talker.json, texts: [prompt] });
    },
  },
  {
    title: 'image',
    run: async (scene) => {
      const { images, texts } = await understood(scene, true, { image });
      assert.deepEqual(images, [{ mediaType: 'image/png', bytes: image.length, url: null }]);
      assert.deepEqual(texts, [prompt]);
    },
  },
  {
    title: 'system prompt',
    run: async (scene) => {
      const { hasNoTemperature } = scene.talker;
      const heard = await understood(scene, true, { system, ...(!hasNoTemperature && { temperature }) });
      assert.deepEqual([heard.system, heard.roles, heard.texts], [system, ['user'], [prompt]]);
      assert.deepEqual([heard.temperature, heard.maxTokens], [hasNoTemperature ? null : temperature, MAX_TOKENS]);
    },
  },
  {
    title: 'reasoning',
    run: async (scene) => {
      for (const stream of [false, true]) {
        const { text, reasoning } = await say(scene, 'reasoning', stream, { thinks: true });
        assert.deepEqual({ stream, text, reasoning }, { stream, text: healthyText, reasoning: healthyReasoning });
      }
    },
  },
  {
    title: 'errors',
    run: async (scene) => {
      for (const manner of manners) for (const trouble of troubles) await isRaised(scene, trouble, manner);
    },
  },
  { title: 'cut stream', run: isBroken },
  {
    title: 'abort',
    run: async (scene) => {
      await isLeft(scene, 'stall', true);
      await isLeft(scene, 'silence', false);
    },
  },
];

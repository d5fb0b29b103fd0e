// What every provider must keep to, whatever its quirks: run for each one in the catalogue, with its known models and one
// it has never heard of.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { canonical, sentBody } from '../../test/support/canonical.ts';
import { gatewayFields } from '../dialects/openai/request.ts';
import { wallMs } from '../kernel/brands.ts';
import { type CanonicalRequest, needs } from '../kernel/chat.ts';
import type { JsonObject, JsonValue } from '../kernel/json.ts';
import { isObject } from '../kernel/json.ts';
import { type Surface, surfaces } from '../kernel/lane.ts';
import { providerNames } from '../kernel/provider.ts';
import { catalogue } from './catalogue.ts';
import { hints, withPatch } from './parameters.ts';
import type { Prepared, Provider } from './provider.ts';

const gateway: JsonObject = { fallbacks: ['other'], models: ['other'], priority: 1, cache: { ttl: 60 } };
const tool = { type: 'function', function: { name: 'add', parameters: { type: 'object' } } };

type Answered = Exclude<Surface, 'countTokens'>;

/** Every parameter of OpenAI's forms that this gateway knows, with a value that means something. */
const full: Readonly<Record<Answered, JsonObject>> = {
  chat: {
    ...gateway,
    messages: [
      { role: 'developer', content: 'Be brief.' },
      { role: 'user', content: 'What is 2 + 2?', name: 'ann' },
      { role: 'assistant', content: null, reasoning: 'Add.', tool_calls: [call('1')] },
      { role: 'tool', content: '4', tool_call_id: '1' },
      { role: 'assistant', content: 'Four.', reasoning_content: 'Easy.' },
      { role: 'user', content: 'And 3 + 3?' },
    ],
    temperature: 0.5,
    top_p: 0.9,
    n: 2,
    seed: 7,
    stop: ['END'],
    max_tokens: 100,
    max_completion_tokens: 50,
    frequency_penalty: 0.5,
    presence_penalty: 0.5,
    logit_bias: { 42: 10 },
    logprobs: true,
    top_logprobs: 3,
    tools: [tool],
    tool_choice: 'required',
    parallel_tool_calls: false,
    functions: [{ name: 'add' }],
    function_call: 'auto',
    response_format: { type: 'json_schema', json_schema: { name: 'sum', schema: { type: 'object' } } },
    modalities: ['text', 'audio'],
    audio: { voice: 'alloy', format: 'wav' },
    prediction: { type: 'content', content: 'Six.' },
    reasoning_effort: 'low',
    verbosity: 'low',
    service_tier: 'flex',
    store: true,
    metadata: { team: 'a' },
    user: 'ann',
    unheard_of: { by: 'anybody' },
  },
  completions: {
    ...gateway,
    prompt: 'Once',
    suffix: 'end.',
    best_of: 2,
    echo: true,
    logprobs: 2,
    n: 2,
    seed: 7,
    max_tokens: 100,
    stop: 'END',
    temperature: 0.5,
    logit_bias: { 42: 10 },
    user: 'ann',
    unheard_of: 1,
  },
  embeddings: {
    ...gateway,
    input: ['a', 'b'],
    encoding_format: 'base64',
    dimensions: 256,
    user: 'ann',
    unheard_of: 1,
  },
};

function call(id: string): JsonObject {
  return { id, type: 'function', function: { name: 'add', arguments: '{"a":2,"b":2}' } };
}

/** Where a parameter may have gone: what it says is then found under one of these names. */
const destinations: Readonly<Record<string, readonly string[]>> = {
  max_tokens: ['max_completion_tokens'],
  max_completion_tokens: ['max_tokens'],
  seed: ['random_seed'],
  dimensions: ['output_dimension'],
  user: ['user_id', 'metadata'],
};

/** Ids that are sent under another name (deepseek-models.ts). */
const retired: Readonly<Record<string, string>> = {
  'deepseek-chat': 'deepseek-flash',
  'deepseek-reasoner': 'deepseek-flash',
};

/** Fields whose values may be written otherwise; all others arrive as the caller wrote them. */
const rewritten: readonly string[] = ['model', 'messages', 'stop', 'response_format', 'reasoning_effort'];

const served = (provider: Provider, model: string): readonly Answered[] =>
  provider.capabilities(model).surfaces.filter((surface) => surface !== 'countTokens');
const modelsOf = (provider: Provider): readonly string[] => [...provider.knownModels, 'never-heard-of-it'];

/** Every model that is asked in OpenAI's words; what others are sent is their dialect's writer's to test. */
function each(run: (provider: Provider, model: string, surface: Answered) => void): void {
  for (const provider of Object.values(catalogue)) {
    for (const model of modelsOf(provider)) {
      const isOpenai = provider.prepare(canonical(), model, {}).dialect.name === 'openai';
      if (isOpenai) for (const surface of served(provider, model)) run(provider, model, surface);
    }
  }
}

/** What a message says, apart from its role and its reasoning. */
const words = (messages: JsonValue | undefined): unknown[] =>
  (Array.isArray(messages) ? messages : []).map((message) =>
    isObject(message) ? [message['content'], message['tool_calls'], message['tool_call_id']] : message,
  );

function prepare(
  provider: Provider,
  model: string,
  surface: Answered,
  body: JsonObject,
): { readonly request: CanonicalRequest; readonly prepared: Prepared; readonly sent: JsonObject } {
  const request = canonical(body, surface);
  const prepared = provider.prepare(request, model, {});
  return { request, prepared, sent: sentBody(request, prepared) };
}

suite('the catalogue', () => {
  test('holds every provider under its own name', () => {
    assert.deepEqual(Object.keys(catalogue).toSorted(), [...providerNames].toSorted());
    for (const [name, provider] of Object.entries(catalogue)) assert.equal(provider.name, name);
  });

  test('says where to send, with a well-formed base address or none', () => {
    for (const { name, defaultBaseUrl, modelsPath, accountPage } of Object.values(catalogue)) {
      if (defaultBaseUrl !== null) {
        const url = new URL(defaultBaseUrl);
        assert.match(url.protocol, /^https?:$/, name);
        assert.ok(!defaultBaseUrl.endsWith('/'), `${name}: paths bring their own slash`);
        assert.ok(url.protocol === 'https:' || url.hostname === '127.0.0.1', `${name}: no secrets in the clear`);
      }
      for (const path of [modelsPath, accountPage?.path ?? null])
        if (path !== null) assert.match(path, /^(?:\/[a-z]+)+$/);
    }
  });

  test('wants a key exactly where the far side is somebody else’s', () => {
    for (const { name, defaultBaseUrl, keyRequired, auth } of Object.values(catalogue)) {
      assert.equal(keyRequired, defaultBaseUrl?.startsWith('https:') ?? false, name);
      const kind = { scripted: 'none', anthropic: 'header', 'azure-openai': 'header' }[name as string] ?? 'bearer';
      assert.equal(auth.kind, kind, name);
    }
  });

  test('asks for an account only where it can say what is wrong with one, and what stands in for a key', () => {
    const parts = ['accountTrouble', 'address', 'dynamicAuth'] as const;
    for (const provider of Object.values(catalogue)) {
      const has = parts.filter((part) => provider[part] !== undefined);
      assert.ok(has.length === 0 || has.length === parts.length, provider.name);
      if (has.length === 0) continue;
      assert.ok(provider.accountSettings !== undefined, provider.name);
      assert.equal(provider.address?.({}), null, `${provider.name}: nothing known comes to no address`);
      assert.match(provider.accountTrouble?.({}, true, false) ?? '', /^(?:needs|takes) .*`account\.\w+`/);
    }
  });
});

suite('every provider', () => {
  test('tells complete capabilities', () => {
    for (const provider of Object.values(catalogue)) {
      for (const model of modelsOf(provider)) {
        const {
          surfaces: offered,
          can,
          contextTokens,
          outputTokens,
          prefix,
          resumeFields,
        } = provider.capabilities(model);
        const where = `${provider.name} ${model}`;
        assert.ok(offered.length > 0 && offered.every((surface) => surfaces.includes(surface)), where);
        assert.deepEqual(Object.keys(can).toSorted(), [...needs].toSorted(), where);
        for (const size of [contextTokens, outputTokens]) assert.ok(size === null || size > 0, where);
        assert.ok(contextTokens === null || outputTokens === null || outputTokens <= contextTokens, where);
        if (prefix !== null) assert.equal(can.prefix, true, `${where}: a style means it can`);
        else assert.deepEqual(resumeFields, {}, `${where}: what cannot resume needs no fields for it`);
      }
    }
  });

  test('has sane prices and limits, or none', () => {
    const times = [0, 1, 5, 9, 17, 100].map((hours) => wallMs(1_790_000_000_000 + hours * 3_600_000));
    for (const provider of Object.values(catalogue)) {
      for (const model of modelsOf(provider)) {
        const where = `${provider.name} ${model}`;
        const concurrency = provider.accountConcurrency(model);
        assert.ok(concurrency === null || (Number.isInteger(concurrency) && concurrency > 0), where);
        for (const at of times) {
          const price = provider.price(model, at);
          if (price === null) continue;
          const { inputMicroUsd, cachedInputMicroUsd, outputMicroUsd } = price;
          for (const figure of Object.values(price))
            assert.ok(Number.isInteger(figure), `${where}: whole micro-dollars`);
          assert.ok(cachedInputMicroUsd > 0 && cachedInputMicroUsd <= inputMicroUsd, where);
          assert.ok(inputMicroUsd < outputMicroUsd && outputMicroUsd < 1_000_000_000, where);
        }
      }
    }
  });

  test('sends to a well-formed path', () => {
    each((provider, model, surface) => {
      const { path } = prepare(provider, model, surface, {}).prepared;
      assert.match(path, /^(?:\/[a-z]+\d?)+$/, `${provider.name} ${surface}`);
      assert.ok(
        path.endsWith({ chat: '/chat/completions', completions: '/completions', embeddings: '/embeddings' }[surface]),
      );
    });
  });

  test('sends the model’s own id, and never what speaks to the gateway', () => {
    each((provider, model, surface) => {
      const { sent } = prepare(provider, model, surface, full[surface]);
      assert.equal(sent['model'], retired[model] ?? model, provider.name);
      for (const field of gatewayFields) assert.ok(!Object.hasOwn(sent, field), `${provider.name} leaks ${field}`);
    });
  });

  test('leaves the request as it came', () => {
    each((provider, model, surface) => {
      const { request } = prepare(provider, model, surface, { ...full[surface], stream: surface !== 'embeddings' });
      assert.deepEqual(JSON.parse(JSON.stringify(request.body)), JSON.parse(new TextDecoder().decode(request.bytes)));
    });
  });

  test('keeps, renames or refuses every parameter, and loses none but hints', () => {
    each((provider, model, surface) => {
      const body = full[surface];
      const { prepared, sent } = prepare(provider, model, surface, body);
      const refused = prepared.unsupported.map(({ param }) => param);
      for (const param of Object.keys(body)) {
        if (gatewayFields.includes(param) || hints.includes(param) || refused.includes(param)) continue;
        const names = [param, ...(destinations[param] ?? [])];
        assert.ok(
          names.some((name) => Object.hasOwn(sent, name)),
          `${provider.name} ${model}: ${param} is lost`,
        );
      }
    });
  });

  test('sends what it keeps as the caller wrote it', () => {
    each((provider, model, surface) => {
      const body = full[surface];
      const { sent } = prepare(provider, model, surface, body);
      for (const [param, value] of Object.entries(body)) {
        if (rewritten.includes(param) || !Object.hasOwn(sent, param)) continue;
        const expected = param === 'max_tokens' || param === 'max_completion_tokens' ? 50 : value;
        assert.ok(
          isDeepStrictEqual(sent[param], expected) || isDeepStrictEqual(sent[param], value),
          `${provider.name} ${model}: ${param} is ${JSON.stringify(sent[param])}`,
        );
      }
    });
  });

  test('sends nothing of what it refused, once that is dropped', () => {
    each((provider, model, surface) => {
      const { request, prepared } = prepare(provider, model, surface, full[surface]);
      const refused = prepared.unsupported.map(({ param }) => param);
      const dropped = withPatch(prepared, Object.fromEntries(refused.map((param) => [param, undefined])));
      const sent = sentBody(request, dropped);
      for (const param of refused) {
        const traces = [param, ...(destinations[param] ?? [])].filter((name) => Object.hasOwn(sent, name));
        assert.deepEqual(traces, [], `${provider.name} ${model}: ${param}`);
      }
    });
  });

  test('refuses only what was asked, once each and with a reason', () => {
    each((provider, model, surface) => {
      const body = full[surface];
      const { unsupported } = prepare(provider, model, surface, body).prepared;
      assert.equal(new Set(unsupported.map(({ param }) => param)).size, unsupported.length, provider.name);
      for (const { param, why } of unsupported) {
        assert.ok(Object.hasOwn(body, param), `${provider.name}: ${param} was not asked`);
        assert.match(why, /^\S.{10,}[^.]$/, `${provider.name} ${param}: a reason that ends a sentence`);
      }
    });
  });

  test('has nothing more to refuse once the refused is dropped', () => {
    each((provider, model, surface) => {
      const { prepared } = prepare(provider, model, surface, full[surface]);
      const refused = new Set(prepared.unsupported.map(({ param }) => param));
      const rest = Object.fromEntries(Object.entries(full[surface]).filter(([param]) => !refused.has(param)));
      assert.deepEqual(prepare(provider, model, surface, rest).prepared.unsupported, [], `${provider.name} ${model}`);
    });
  });

  test('has nothing against a plain request, or one full of what says nothing', () => {
    const nothing = { n: 1, logprobs: false, logit_bias: {}, seed: null, tools: null, stop: null, tool_choice: 'auto' };
    each((provider, model, surface) => {
      assert.deepEqual(prepare(provider, model, surface, {}).prepared.unsupported, []);
      if (surface !== 'chat') return;
      const { prepared, sent } = prepare(provider, model, surface, { ...nothing, user: null, modalities: ['text'] });
      assert.deepEqual(prepared.unsupported, [], provider.name);
      assert.ok(Object.hasOwn(sent, 'messages'));
    });
  });

  test('asks for usage in streams where it can be asked for, and keeps the caller’s other options', () => {
    const sendsItUnasked = new Set(['mistral']);
    each((provider, model, surface) => {
      if (surface === 'embeddings') return;
      for (const stream_options of [null, { include_usage: false }, { include_obfuscation: false }]) {
        const { sent } = prepare(provider, model, surface, { stream: true, stream_options });
        const expected = { ...stream_options, include_usage: true };
        assert.deepEqual(
          sent['stream_options'],
          sendsItUnasked.has(provider.name) ? undefined : expected,
          provider.name,
        );
      }
      assert.ok(!Object.hasOwn(prepare(provider, model, surface, {}).sent, 'stream_options'), 'not without a stream');
    });
  });

  test('keeps the words of every message', () => {
    each((provider, model, surface) => {
      if (surface !== 'chat') return;
      const { sent } = prepare(provider, model, surface, full.chat);
      assert.deepEqual(words(sent['messages']), words(full.chat['messages']), provider.name);
    });
  });

  test('obeys the smaller of two limits on the answer', () => {
    each((provider, model, surface) => {
      if (surface !== 'chat') return;
      const limits = (max_tokens: number, max_completion_tokens: number): number[] => {
        const { sent } = prepare(provider, model, surface, { max_tokens, max_completion_tokens });
        return [sent['max_tokens'], sent['max_completion_tokens']].filter((limit) => typeof limit === 'number');
      };
      assert.equal(Math.min(...limits(100, 50)), 50, provider.name);
      assert.equal(Math.min(...limits(50, 100)), 50, provider.name);
      const { sent } = prepare(provider, model, surface, { max_tokens: null, max_completion_tokens: 50 });
      assert.ok(
        sent['max_tokens'] === 50 || sent['max_completion_tokens'] === 50,
        `${provider.name}: null is no limit`,
      );
    });
  });

  test('prepares whatever passes the door without a throw, to bytes that parse', () => {
    const value = fc.jsonValue({ maxDepth: 2 }).map((found): JsonValue => JSON.parse(JSON.stringify(found)));
    const ours = fc.subarray(Object.keys(full.chat)).map((names) => names.map((name) => [name, full.chat[name]]));
    const theirs = fc.dictionary(fc.string({ maxLength: 8 }), value, { maxKeys: 4 });
    fc.assert(
      fc.property(ours, theirs, fc.boolean(), (fields, more, stream) => {
        const known = Object.fromEntries(fields);
        const added = Object.fromEntries(Object.entries(more).map(([name, found]) => [`x_${name}`, found]));
        each((provider, model, surface) => {
          if (surface === 'chat') prepare(provider, model, surface, { ...added, ...known, stream });
        });
      }),
      { numRuns: 50 },
    );
  });
});

// The smaller quirks of OpenAI, Mistral and the self-hosted engines: what each says in other words than OpenAI.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { canonical, hello, sent, sentBody, through } from '../../test/support/canonical.ts';
import { anthropicDoor } from '../dialects/anthropic/dialect.ts';
import { wallMs } from '../kernel/brands.ts';
import type { JsonObject, JsonValue } from '../kernel/json.ts';
import { bedrock } from './bedrock.ts';
import { llamaCpp } from './llama-cpp.ts';
import { mistral } from './mistral.ts';
import { ollama } from './ollama.ts';
import { openai } from './openai.ts';
import { openaiCompatible } from './openai-compatible.ts';
import type { Provider } from './provider.ts';
import { sglang } from './sglang.ts';
import { tgi } from './tgi.ts';
import { vertex } from './vertex.ts';
import { vllm } from './vllm.ts';

const byName = { type: 'function', function: { name: 'f' } };
const tools = [byName];

const limitsOf = (model: string): (JsonValue | undefined)[] => {
  const { body } = sent(openai, { max_tokens: 9 }, model);
  return [body['max_tokens'], body['max_completion_tokens']];
};

const refusedAt = (model: string, temperature: number): readonly string[] =>
  sent(openai, { temperature }, model).unsupported;
const words = (provider: Provider, body: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(sent(provider, body).body).filter(([field]) => field !== 'model'));
const thinking = (field: string): JsonObject => ({ role: 'assistant', content: 'Hi.', [field]: 'Hm.' });

const leastEffortAt = (model: string): unknown => {
  const request = canonical({ reasoning_effort: 'none' });
  const body = sentBody(request, openai.prepare(request, model, {}));
  return body['reasoning_effort'] ?? (body['reasoning'] as JsonObject)['effort'];
};

suite('OpenAI', () => {
  test('reasoning models are told max_completion_tokens, others what the caller said', () => {
    for (const model of ['o1', 'o4-mini', 'gpt-5', 'gpt-5.4-mini', 'gpt-6.1-sol', 'gpt-10', 'ft:o4-mini:acme::1']) {
      assert.deepEqual(limitsOf(model), [undefined, 9], model);
    }
    for (const model of ['gpt-4o', 'gpt-4.1-mini', 'gpt-3.5-turbo', 'my-deployment']) {
      assert.deepEqual(limitsOf(model), [9, undefined], model);
    }
  });

  test('a fixed temperature may be sent if it is that one', () => {
    for (const model of ['o3', 'gpt-5', 'gpt-5-mini', 'gpt-5-2025-08-07']) {
      assert.deepEqual(refusedAt(model, 0.2), ['temperature'], model);
      assert.deepEqual(refusedAt(model, 1), [], model);
    }
    for (const model of ['gpt-4o', 'gpt-5.2', 'gpt-5-chat-latest', 'gpt-6-luna']) {
      assert.deepEqual(refusedAt(model, 0.2), [], model);
    }
  });

  test('and where the chat is asked as Responses it is no other: not sent, and told', () => {
    const { body, unsupported } = openai.prepare(canonical({ temperature: 0.2 }), 'gpt-5-nano', { api: 'responses' });
    assert.deepEqual(unsupported, [{ param: 'temperature', why: '`gpt-5-nano` has a fixed temperature of 1' }]);
    assert.equal((body as JsonObject)['temperature'], undefined);
    const plain = openai.prepare(canonical({ temperature: 0.2 }), 'gpt-6-luna', { api: 'responses' });
    assert.deepEqual([(plain.body as JsonObject)['temperature'], plain.unsupported], [0.2, []]);
  });

  test('of callers of other dialects, sampling that cannot be had is left out, and told', () => {
    const request = through(anthropicDoor, { max_tokens: 5, messages: [...hello], temperature: 0.5, top_k: 3 });
    const { unsupported, dropped, patch } = openai.prepare(request, 'o3', {});
    assert.deepEqual([unsupported, dropped?.toSorted()], [[], ['temperature', 'top_k']]);
    assert.deepEqual([patch['temperature'], Object.hasOwn(patch, 'temperature')], [undefined, true]);
    assert.deepEqual(openai.prepare(request, 'gpt-4o', {}).dropped, ['top_k']);
    assert.deepEqual(openai.prepare(request, 'o3-pro', {}).dropped, ['temperature', 'top_k']);
    assert.equal(openai.prepare(canonical({ temperature: 0.5 }), 'o3', {}).dropped, undefined);
  });

  test('models that always think are told to think least where none was asked for', () => {
    const models = ['o3', 'gpt-5', 'gpt-5-mini', 'gpt-5.1', 'gpt-6-luna', 'o3-pro', 'gpt-5-pro'];
    assert.deepEqual(models.map(leastEffortAt), ['low', 'minimal', 'minimal', 'none', 'none', 'low', 'high']);
  });

  test('stop sequences are refused for o3 and o4-mini only', () => {
    assert.deepEqual(sent(openai, { stop: 'x' }, 'o3').unsupported, ['stop']);
    assert.deepEqual(sent(openai, { stop: 'x' }, 'gpt-4o').unsupported, []);
  });

  test('a model serves what its name says, and a name that says nothing everything', () => {
    assert.deepEqual(openai.capabilities('text-embedding-3-small').surfaces, ['embeddings']);
    assert.deepEqual(openai.capabilities('gpt-3.5-turbo-instruct').surfaces, ['completions']);
    assert.deepEqual(openai.capabilities('gpt-6-luna').surfaces, ['chat']);
    assert.deepEqual(openai.capabilities('my-deployment').surfaces, ['chat', 'completions', 'embeddings']);
    assert.equal(openai.capabilities('gpt-6-luna').can.audio, false);
    assert.equal(openai.capabilities('gpt-audio-mini').can.audio, true);
    assert.equal(openai.capabilities('gpt-6-luna').contextTokens, 1_050_000);
    assert.equal(openai.price('gpt-6-luna', wallMs(0))?.outputMicroUsd, 500_000);
  });
});

suite('an OpenAI-compatible server', () => {
  test('gets every parameter as the caller wrote it, and only the model’s name replaced', () => {
    const text = '{ "model": "public", "min_p": 0.10, "messages": [{"role":"user","content":"h\\u00e9"}], "seed":1 }';
    const request = { ...canonical(JSON.parse(text)), bytes: new TextEncoder().encode(text) };
    const { patch, unsupported } = openaiCompatible.prepare(request, 'own', {});
    assert.deepEqual([patch, unsupported], [{ model: 'own' }, []]);
  });
});

suite('Mistral', () => {
  test('is told random_seed and max_tokens, and no stream options', () => {
    const { body } = sent(mistral, { seed: 3, max_completion_tokens: 5, stream: true, stream_options: {} });
    assert.deepEqual(body, { model: 'm', messages: hello, stream: true, random_seed: 3, max_tokens: 5 });
  });

  test('hints it does not know are left out, its own metadata stays', () => {
    const { body, unsupported } = sent(mistral, {
      user: 'ann',
      store: true,
      service_tier: 'flex',
      metadata: { a: 'b' },
    });
    assert.deepEqual([body, unsupported], [{ model: 'm', messages: hello, metadata: { a: 'b' } }, []]);
  });

  test('a field it does not know is not even null', () => {
    const { body } = sent(mistral, { logprobs: false, logit_bias: null, function_call: null, modalities: ['text'] });
    assert.deepEqual(body, { model: 'm', messages: hello });
  });

  test('messages hold only what it knows', () => {
    const { body } = sent(mistral, {
      messages: [
        { role: 'developer', content: 'Be brief.', name: 'house' },
        {
          role: 'assistant',
          content: 'Hi.',
          refusal: null,
          reasoning_content: 'Hm.',
          reasoning: 'Hm.',
          annotations: [],
        },
        { role: 'tool', name: 'f', tool_call_id: '1', content: 'ok' },
      ],
    });
    assert.deepEqual(body['messages'], [
      { role: 'system', content: 'Be brief.' },
      { role: 'assistant', content: 'Hi.' },
      { role: 'tool', name: 'f', tool_call_id: '1', content: 'ok' },
    ]);
  });

  test('embeddings are asked with its own words', () => {
    const { body } = sent(mistral, { dimensions: 256, user: 'ann' }, 'mistral-embed', 'embeddings');
    assert.deepEqual(body, { model: 'mistral-embed', input: 'Hello.', output_dimension: 256 });
    assert.deepEqual(mistral.capabilities('mistral-embed').surfaces, ['embeddings']);
  });
});

suite('a prefix', () => {
  const flagged = { messages: [...hello, { role: 'assistant', content: 'Once', prefix: true }] };
  const continued = { messages: [...hello, { role: 'assistant', content: 'Once' }], continue_final_message: true };
  test('is said in each engine’s own way, whichever way the caller said it', () => {
    const plain = { messages: continued.messages };
    const cases: readonly (readonly [Provider, JsonObject])[] = [
      [vllm, { ...plain, continue_final_message: true, add_generation_prompt: false }],
      [sglang, { ...plain, continue_final_message: true }],
      [llamaCpp, plain],
      [mistral, flagged],
    ];
    for (const [provider, expected] of cases) {
      assert.deepEqual(words(provider, flagged), expected, provider.name);
      assert.deepEqual(words(provider, continued), expected, provider.name);
    }
  });

  test('of a broken answer is continued without thinking again', () => {
    for (const provider of [vllm, sglang]) {
      const { resumeFields } = provider.capabilities('m');
      const { body, unsupported } = sent(provider, { ...flagged, ...resumeFields });
      assert.deepEqual(body['chat_template_kwargs'], { thinking: false, enable_thinking: false });
      assert.deepEqual(unsupported, []);
    }
  });

  test('is passed on as it came where nothing is known, and offered nowhere it would be ignored', () => {
    assert.deepEqual(words(openaiCompatible, flagged), flagged);
    for (const provider of [openai, ollama, tgi]) assert.equal(provider.capabilities('m').can.prefix, false);
  });
});

suite('the self-hosted engines', () => {
  test('vLLM and Ollama reason in reasoning, SGLang and llama.cpp in reasoning_content', () => {
    const fields = [vllm, ollama, sglang, llamaCpp].map((provider) => provider.capabilities('m').reasoningField);
    assert.deepEqual(fields, ['reasoning', 'reasoning', 'reasoning_content', 'reasoning_content']);
  });

  test('a conversation that moves to vLLM, SGLang or Ollama keeps its thoughts under their name', () => {
    const moved = (provider: Provider, field: string): JsonValue | undefined =>
      sent(provider, { messages: [thinking(field), ...hello] }).body['messages'];
    assert.deepEqual(moved(sglang, 'reasoning'), [thinking('reasoning_content'), ...hello]);
    for (const provider of [vllm, ollama])
      assert.deepEqual(moved(provider, 'reasoning_content'), [thinking('reasoning'), ...hello]);
  });

  test('vLLM never sees a priority: non-zero is an error there', () => {
    assert.ok(!Object.hasOwn(sent(vllm, { priority: 3 }).body, 'priority'));
  });

  test('Ollama’s silent blind spots are refused', () => {
    const { unsupported } = sent(ollama, { n: 2, logit_bias: { 1: 1 }, tool_choice: 'required', tools });
    assert.deepEqual(unsupported.toSorted(), ['logit_bias', 'n', 'tool_choice']);
    assert.deepEqual(sent(ollama, { tool_choice: 'auto', tools, n: 1 }).unsupported, []);
  });

  test('TGI gets stop as a list, and a schema as its grammar', () => {
    const schema = { type: 'object', properties: { a: { type: 'number' } } };
    const { body } = sent(tgi, {
      stop: 'END',
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema, strict: true } },
    });
    assert.deepEqual([body['stop'], body['response_format']], [['END'], { type: 'json', value: schema }]);
    assert.ok(!Object.hasOwn(sent(tgi, { response_format: { type: 'text' } }).body, 'response_format'));
    assert.equal(tgi.capabilities('m').can.jsonObject, false);
    assert.ok(!Object.hasOwn(sent(tgi, { top_p: 1 }).body, 'top_p'), 'an error there, and it says nothing');
    assert.equal(sent(tgi, { top_p: 0.9 }).body['top_p'], 0.9);
    assert.ok(!tgi.capabilities('m').surfaces.includes('embeddings'));
  });

  test('llama.cpp is kept from answering 500 to what it does not support', () => {
    assert.deepEqual(sent(llamaCpp, { n: 2 }).unsupported, ['n']);
    assert.deepEqual(sent(llamaCpp, { tools, tool_choice: byName }).unsupported, ['tool_choice']);
    assert.deepEqual(sent(llamaCpp, { tools, tool_choice: 'required' }).unsupported, []);
    const logprobs = { logprobs: true, top_logprobs: 2, tools };
    assert.deepEqual(sent(llamaCpp, { ...logprobs, stream: true }).unsupported, ['logprobs', 'top_logprobs']);
    assert.deepEqual(sent(llamaCpp, logprobs).unsupported, []);
    assert.deepEqual(sent(llamaCpp, { ...logprobs, tools: [], stream: true }).unsupported, [], 'no tools are no tools');
    const completion = { suffix: 'x', best_of: 2, echo: true };
    assert.deepEqual(sent(llamaCpp, completion, 'm', 'completions').unsupported.toSorted(), [
      'best_of',
      'echo',
      'suffix',
    ]);
  });
});

test('proofs of thoughts go to nobody who cannot have issued them', () => {
  const proof = [{ type: 'reasoning.text', text: 'Hm.', signature: 'sig', format: 'anthropic-claude-v1' }];
  const answer = { role: 'assistant', content: 'Hi.', reasoning_content: 'Hm.', reasoning_details: proof };
  const request = canonical({ messages: [...hello, answer, ...hello] });
  const far: readonly (readonly [Provider, string])[] = [
    ...[llamaCpp, mistral, ollama, sglang, tgi, vllm].map((engine) => [engine, 'm'] as const),
    [vertex, 'deepseek-ai/deepseek-v3.2-maas'],
    [bedrock, 'deepseek.v3.2'],
  ];
  for (const [provider, model] of far) {
    const body = sentBody(request, provider.prepare(request, model, { region: 'us-east-1' }));
    assert.doesNotMatch(JSON.stringify(body['messages']), /reasoning_details|signature/, provider.name);
  }
});

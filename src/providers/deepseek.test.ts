// DeepSeek's quirks: retired names, thinking and what follows from it, the beta endpoints, account limits, prices.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { canonical, hello, type Sent, sent, sentBody, through } from '../../test/support/canonical.ts';
import { anthropicDoor } from '../dialects/anthropic/dialect.ts';
import { wallMs } from '../kernel/brands.ts';
import type { JsonObject, JsonValue } from '../kernel/json.ts';
import { deepseek } from './deepseek.ts';
import { isPeak } from './deepseek-prices.ts';

const chat = (body: JsonObject, model = 'deepseek-flash'): Sent => sent(deepseek, body, model);
const complete = (body: JsonObject, model = 'deepseek-flash'): Sent => sent(deepseek, body, model, 'completions');

const stops = (count: number): JsonValue[] => Array.from({ length: count }, (_, index) => `s${index}`);
const strictTool = (strict: boolean): JsonObject => ({ type: 'function', function: { name: 'f', strict } });
const at = (iso: string): ReturnType<typeof wallMs> => wallMs(Date.parse(iso));
const history = (messages: JsonObject[], body: JsonObject = {}, model?: string): JsonValue | undefined =>
  chat({ ...body, messages: [...hello, ...messages] }, model).body['messages'];

const turnWith = (thinking: JsonObject[]): JsonObject[] => [
  { role: 'user', content: 'x' },
  { role: 'assistant', content: [...thinking, { type: 'tool_use', id: 't', name: 'f', input: {} }] },
  { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 'r' }] },
];
const prepared = (messages: JsonObject[], more: JsonObject = {}, model = 'deepseek-flash') => {
  const request = through(anthropicDoor, { max_tokens: 5, messages, ...more });
  return { request, prepared: deepseek.prepare(request, model, {}) };
};

suite('the names of DeepSeek’s models', () => {
  test('retired ones become flash with the mode they stood for', () => {
    const { body } = chat({}, 'deepseek-chat');
    assert.equal(body['model'], 'deepseek-flash');
    assert.deepEqual(body['thinking'], { type: 'disabled' });
    assert.deepEqual(chat({}, 'deepseek-reasoner').body['thinking'], { type: 'enabled' });
  });

  test('the caller’s own thinking wins over what a retired name stood for, but null says nothing', () => {
    const own = { thinking: { type: 'enabled' } };
    assert.deepEqual(chat(own, 'deepseek-chat').body['thinking'], { type: 'enabled' });
    assert.deepEqual(chat({ thinking: null }, 'deepseek-chat').body['thinking'], { type: 'disabled' });
  });

  test('current, older and unknown ones pass as they are, with nothing said about thinking', () => {
    for (const model of ['deepseek-flash', 'deepseek-v4-pro', 'deepseek-v4-flash', 'deepseek-v9', 'constructor']) {
      const { body } = chat({}, model);
      assert.equal(body['model'], model);
      assert.ok(!Object.hasOwn(body, 'thinking'));
    }
  });

  test('each has the limits of its family; an unknown one has none', () => {
    assert.equal(deepseek.accountConcurrency('deepseek-chat'), 2_500);
    assert.equal(deepseek.accountConcurrency('deepseek-v4-flash-vision-exp'), 2_500);
    assert.equal(deepseek.accountConcurrency('deepseek-v4-pro'), 500);
    assert.equal(deepseek.accountConcurrency('constructor'), null);
    assert.equal(deepseek.capabilities('deepseek-v4-pro').can.vision, false);
    assert.equal(deepseek.capabilities('deepseek-flash').contextTokens, 1_000_000);
    assert.equal(deepseek.capabilities('deepseek-v9').contextTokens, null);
    assert.deepEqual(
      deepseek.capabilities('deepseek-reasoner').surfaces,
      ['chat'],
      'it thinks, so it fills in nothing',
    );
  });
});

suite('DeepSeek’s parameters', () => {
  test('the effort is told in its three words, and none switches thinking off', () => {
    const efforts = ['minimal', 'low', 'medium', 'high', 'xhigh', 'max'];
    const told = efforts.map((reasoning_effort) => chat({ reasoning_effort }).body['reasoning_effort']);
    assert.deepEqual(told, ['low', 'low', 'high', 'high', 'max', 'max']);
    const { body } = chat({ reasoning_effort: 'none' });
    assert.deepEqual([body['reasoning_effort'], body['thinking']], [undefined, { type: 'disabled' }]);
  });

  test('what it lacks is refused by name', () => {
    const { unsupported } = chat({ seed: 1, logit_bias: { 5: 1 }, n: 2, functions: [{ name: 'f' }] });
    assert.deepEqual(unsupported.toSorted(), ['functions', 'logit_bias', 'n', 'seed']);
    const { can } = deepseek.capabilities('deepseek-flash');
    assert.deepEqual([can.manyChoices, can.jsonSchema, can.jsonObject], [false, false, true]);
  });

  test('it takes 128 tools and 16 stop sequences, and no more', () => {
    const tool = { type: 'function', function: { name: 'f' } };
    const tools = (count: number): JsonValue[] => Array.from({ length: count }, () => tool);
    assert.deepEqual(chat({ tools: tools(128), stop: stops(16), tool_choice: 'auto' }).unsupported, []);
    const over = chat({ tools: tools(129), stop: stops(17), tool_choice: 'auto' });
    assert.deepEqual(over.unsupported.toSorted(), ['stop', 'tool_choice', 'tools']);
  });

  test('a caller’s name becomes user_id where it fits, and is dropped where it does not', () => {
    assert.deepEqual(chat({ user: 'team-7_ann' }).body['user_id'], 'team-7_ann');
    for (const user of ['ann@example.org', '张三', 'a'.repeat(513), '']) {
      const { body } = chat({ user });
      assert.deepEqual([body['user'], body['user_id']], [undefined, undefined], user);
    }
    assert.equal(chat({ user: 'ann', user_id: 'own' }).body['user_id'], 'own');
  });

  test('a tool cannot be forced while it thinks', () => {
    const byName = { type: 'function', function: { name: 'f' } };
    for (const tool_choice of ['required', 'any', byName]) {
      assert.deepEqual(chat({ tool_choice }).unsupported, ['tool_choice']);
      assert.deepEqual(chat({ tool_choice, thinking: { type: 'disabled' } }).unsupported, []);
      assert.deepEqual(chat({ tool_choice }, 'deepseek-chat').unsupported, []);
      assert.deepEqual(chat({ tool_choice, reasoning_effort: 'none' }).unsupported, []);
    }
    for (const tool_choice of ['auto', 'none']) assert.deepEqual(chat({ tool_choice }).unsupported, []);
  });
});

suite('the history that DeepSeek is sent', () => {
  const calling = {
    role: 'assistant',
    content: '',
    tool_calls: [{ id: '1', function: { name: 'f', arguments: '{}' } }],
  };
  const result = { role: 'tool', tool_call_id: '1', content: 'ok' };

  test('carries reasoning on every assistant turn once a tool was called, empty where it was lost', () => {
    const plain = { role: 'assistant', content: 'Done.' };
    assert.deepEqual(history([calling, result, plain, ...hello]), [
      ...hello,
      { ...calling, reasoning_content: '' },
      result,
      { ...plain, reasoning_content: '' },
      ...hello,
    ]);
  });

  test('is left alone without thinking, and without tools', () => {
    const turns = [calling, result, ...hello];
    assert.deepEqual(history(turns, { thinking: { type: 'disabled' } }), [...hello, ...turns]);
    assert.deepEqual(history(turns, {}, 'deepseek-chat'), [...hello, ...turns]);
    const request = canonical({ messages: [...hello, { role: 'assistant', content: 'Hi.' }, ...hello] });
    assert.ok(!Object.hasOwn(deepseek.prepare(request, 'deepseek-flash', {}).patch, 'messages'), 'not serialised anew');
  });

  test('keeps the thoughts of a conversation that comes from elsewhere', () => {
    const [, turn] = history([{ ...calling, reasoning: 'Hm.' }, result]) as JsonObject[];
    assert.deepEqual([turn?.['reasoning'], turn?.['reasoning_content']], [undefined, 'Hm.']);
    const [, both] = history([{ ...calling, reasoning: 'b', reasoning_content: 'a' }, result]) as JsonObject[];
    assert.deepEqual([both?.['reasoning'], both?.['reasoning_content']], [undefined, 'a']);
  });

  test('is filled in by way of the chat where a Messages history called tools without thinking', () => {
    const unthought = prepared(turnWith([]));
    assert.equal(unthought.prepared.dialect.name, 'openai');
    const [, answer] = sentBody(unthought.request, unthought.prepared)['messages'] as JsonObject[];
    assert.equal(answer?.['reasoning_content'], '');
    const thought = { type: 'thinking', thinking: 'Hm', signature: '3f2504e0-4f89-11d3-9a0c-0305e82c3301' };
    assert.equal(prepared(turnWith([thought])).prepared.body, 'native');
    assert.equal(prepared(turnWith([]), { thinking: { type: 'disabled' } }).prepared.body, 'native');
    assert.equal(prepared(turnWith([]), {}, 'deepseek-chat').prepared.body, 'native');
    assert.equal(prepared(turnWith([]), { container: 'c' }).prepared.body, 'native');
  });

  test('calls the developer system', () => {
    assert.deepEqual(chat({ messages: [{ role: 'developer', content: 'Be brief.' }, ...hello] }).body['messages'], [
      { role: 'system', content: 'Be brief.' },
      ...hello,
    ]);
  });
});

suite('DeepSeek’s beta endpoints', () => {
  const prefix = { role: 'assistant', content: 'Once' };

  test('continue a prefix, said in either way', () => {
    const flagged = chat({ messages: [...hello, { ...prefix, prefix: true }] });
    assert.deepEqual([flagged.path, flagged.fromOrigin], ['/beta/chat/completions', true]);
    const continued = chat({
      messages: [...hello, prefix],
      continue_final_message: true,
      add_generation_prompt: false,
    });
    assert.deepEqual(continued.body, flagged.body);
    assert.equal(continued.path, '/beta/chat/completions');
    const plain = chat({ messages: [...hello, prefix] });
    assert.deepEqual([plain.path, plain.fromOrigin], ['/chat/completions', false]);
  });

  test('continue a broken answer without thinking again, whatever the name stood for', () => {
    const messages = [...hello, { ...prefix, prefix: true }];
    for (const model of ['deepseek-flash', 'deepseek-v4-pro', 'deepseek-reasoner']) {
      const { body, unsupported } = chat({ messages, ...deepseek.capabilities(model).resumeFields }, model);
      assert.deepEqual([body['thinking'], unsupported], [{ type: 'disabled' }, []]);
    }
  });

  test('check strict tools, if all of them are', () => {
    assert.equal(chat({ tools: [strictTool(true), strictTool(true)] }).path, '/beta/chat/completions');
    assert.equal(chat({ tools: [strictTool(true), strictTool(false)] }).path, '/chat/completions');
    assert.equal(chat({ tools: [] }).path, '/chat/completions');
  });

  test('fill in the middle, without a word about thinking', () => {
    const { path, fromOrigin, body } = complete({ suffix: 'end', user: 'ann' }, 'deepseek-chat');
    assert.deepEqual([path, fromOrigin], ['/beta/completions', true]);
    assert.deepEqual([body['model'], body['thinking'], body['user_id']], ['deepseek-flash', undefined, 'ann']);
    assert.deepEqual(complete({ prompt: ['a', 'b'] }).unsupported, ['prompt']);
  });
});

suite('DeepSeek’s prices', () => {
  test('double in Beijing’s working hours, to the second', () => {
    const [before, start] = [at('2026-11-24T00:59:59.999Z'), at('2026-11-24T01:00:00Z')];
    assert.deepEqual([isPeak(before), isPeak(start)], [false, true]);
    assert.equal(deepseek.price('deepseek-flash', before)?.outputMicroUsd, 600_000);
    assert.equal(deepseek.price('deepseek-flash', start)?.outputMicroUsd, 1_200_000);
    const hours = Array.from({ length: 24 }, (_, hour) => hour);
    const peak = hours.filter((hour) => isPeak(at(`2026-11-24T${String(hour).padStart(2, '0')}:30:00Z`)));
    assert.deepEqual(peak, [1, 2, 3, 6, 7, 8, 9]);
  });

  test('turn exactly at the four hours of a Beijing workday', () => {
    const turns = ['01:00', '04:00', '06:00', '10:00'].map((hour) => Date.parse(`2026-11-23T${hour}:00Z`));
    const around = turns.map((turn) => [isPeak(wallMs(turn - 1)), isPeak(wallMs(turn))]);
    assert.deepEqual(around, [
      [false, true],
      [true, false],
      [false, true],
      [true, false],
    ]);
    // Sunday evening in London is Monday morning in Beijing, and not yet working hours.
    assert.equal(isPeak(at('2026-11-22T23:59:59Z')), false);
    assert.equal(isPeak(at('2026-11-27T16:00:00Z')), false, 'Saturday begins in Beijing');
  });

  test('rest at weekends', () => {
    const days = ['21', '22', '23', '24', '25', '26', '27', '28'].map((day) => isPeak(at(`2026-11-${day}T02:00:00Z`)));
    assert.deepEqual(
      days,
      [false, false, true, true, true, true, true, false],
      'Saturday the 21st to Saturday the 28th',
    );
  });

  test('are those of the model that answers, and unknown for unknown ones', () => {
    const night = at('2026-11-24T20:00:00Z');
    assert.deepEqual(deepseek.price('deepseek-chat', night), deepseek.price('deepseek-flash', night));
    assert.equal(deepseek.price('deepseek-v4-pro', night)?.cachedInputMicroUsd, 22_000);
    assert.equal(deepseek.price('deepseek-v9', night), null);
    assert.equal(deepseek.price('constructor', night), null);
  });
});

test('DeepSeek’s balance page lies at the origin, whatever path the base address has', () => {
  assert.deepEqual(deepseek.accountPage, { path: '/user/balance', fromOrigin: true });
  assert.equal(deepseek.defaultBaseUrl, 'https://api.deepseek.com');
});

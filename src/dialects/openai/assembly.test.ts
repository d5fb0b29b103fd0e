import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChatAssembly } from './assembly.ts';

const frame = { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm' };
const whole = (...choices: readonly Record<string, unknown>[]): Record<string, unknown> => {
  const assembly = new ChatAssembly();
  for (const choice of choices) assembly.add(JSON.stringify({ ...frame, choices: [{ index: 0, ...choice }] }));
  assembly.add(JSON.stringify({ ...frame, choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } }));
  return JSON.parse(new TextDecoder().decode(assembly.whole())) as Record<string, unknown>;
};

test('text and reasoning are joined, usage and frame kept', () => {
  const answer = whole(
    { delta: { role: 'assistant', content: '' } },
    { delta: { reasoning_content: 'Hm' } },
    { delta: { reasoning_content: 'm.' } },
    { delta: { content: 'Hel' } },
    { delta: { content: 'lo' } },
    { delta: {}, finish_reason: 'stop' },
  );
  assert.deepEqual(answer, {
    id: 'c1',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'Hello', reasoning_content: 'Hmm.' },
        finish_reason: 'stop',
      },
    ],
    usage: { prompt_tokens: 1, completion_tokens: 2 },
  });
});

const call = (index: number, args: string, first = false): Record<string, unknown> => ({
  delta: {
    tool_calls: [
      {
        index,
        ...(first && { id: `t${index}`, type: 'function' }),
        function: { ...(first && { name: `f${index}` }), arguments: args },
      },
    ],
  },
});

test('tool calls come together by their index', () => {
  const answer = whole(call(0, '{"a"', true), call(0, ':1}'), call(1, '{}', true), {
    delta: {},
    finish_reason: 'tool_calls',
  });
  const [choice] = answer['choices'] as { message: Record<string, unknown> }[];
  assert.deepEqual(choice?.message, {
    role: 'assistant',
    content: null,
    tool_calls: [
      { id: 't0', type: 'function', function: { name: 'f0', arguments: '{"a":1}' } },
      { id: 't1', type: 'function', function: { name: 'f1', arguments: '{}' } },
    ],
  });
});

test('an index is a name and no place: calls may be counted from one, and come in any order', () => {
  const answer = whole(call(1, '{"a"', true), call(1, ':1}'), call(7, '{', true), call(1, ' '), call(7, '}'));
  const [choice] = answer['choices'] as { message: Record<string, unknown> }[];
  assert.deepEqual(choice?.message['tool_calls'], [
    { id: 't1', type: 'function', function: { name: 'f1', arguments: '{"a":1} ' } },
    { id: 't7', type: 'function', function: { name: 'f7', arguments: '{}' } },
  ]);
});

test('a name that a far side repeats in each delta is said once', () => {
  const answer = whole(call(0, '{', true), call(0, '}', true));
  const [choice] = answer['choices'] as { message: { tool_calls: unknown[] } }[];
  assert.deepEqual(choice?.message.tool_calls, [
    { id: 't0', type: 'function', function: { name: 'f0', arguments: '{}' } },
  ]);
});

const piece = (id: string): Record<string, unknown> => ({
  delta: { tool_calls: [{ index: 0, id, function: { name: 'f', arguments: '' } }] },
});

test('an id that comes after an empty one is taken', () => {
  const [choice] = whole(piece(''), piece('t9'))['choices'] as { message: { tool_calls: { id: string }[] } }[];
  assert.equal(choice?.message.tool_calls[0]?.id, 't9');
});

const detail = (more: object) => ({
  delta: { reasoning_details: [{ type: 'reasoning.text', format: 'anthropic-claude-v1', index: 0, ...more }] },
});

test('reasoning’s details keep one format and one proof, however often they are said', () => {
  const { choices } = whole(
    detail({ text: 'Hm' }),
    detail({ text: 'm.', signature: 'sig' }),
    detail({ signature: 'sig' }),
    {
      delta: {},
      finish_reason: 'stop',
    },
  ) as { choices: { message: { reasoning_details: unknown } }[] };
  assert.deepEqual(choices[0]?.message.reasoning_details, [
    { type: 'reasoning.text', format: 'anthropic-claude-v1', text: 'Hmm.', signature: 'sig' },
  ]);
});

test('what is gathered leaves the chunks as they were', () => {
  const chunk = { choices: [{ index: 0, delta: { parts: [{ a: 'x' }], map: { b: 'y' } } }] };
  const assembly = new ChatAssembly();
  assembly.addChunk(chunk);
  assembly.addChunk(structuredClone(chunk));
  assert.deepEqual(chunk, { choices: [{ index: 0, delta: { parts: [{ a: 'x' }], map: { b: 'y' } } }] });
  const [choice] = assembly.answer()['choices'] as unknown as { message: { parts: unknown; map: unknown } }[];
  assert.deepEqual([choice?.message.parts, choice?.message.map], [[{ a: 'x' }, { a: 'x' }], { b: 'yy' }]);
});

test('lists of very many entries are gathered in time', () => {
  const begun = process.cpuUsage();
  const assembly = new ChatAssembly();
  for (let at = 0; at < 50_000; at++)
    assembly.addChunk({ choices: [{ delta: { annotations: [{ at }], tool_calls: [{ index: at }] } }] });
  const { user } = process.cpuUsage(begun);
  assert.ok(user < 2_000_000, `${user} µs`);
});

test('what a content filter found in one piece of a stream is not undone by the next', () => {
  const assembly = new ChatAssembly();
  const found = (violence: string, more = {}): void =>
    assembly.addChunk({
      choices: [
        { index: 0, delta: { content: 'x' }, content_filter_results: { violence: { severity: violence }, ...more } },
      ],
    });
  found('safe');
  found('medium', { jailbreak: { filtered: false, detected: true } });
  found('low', { jailbreak: { filtered: false, detected: false }, hate: { filtered: false, severity: 'safe' } });
  const [choice] = assembly.answer()['choices'] as unknown as { content_filter_results: unknown }[];
  assert.deepEqual(choice?.content_filter_results, {
    violence: { severity: 'medium' },
    jailbreak: { filtered: false, detected: true },
    hate: { filtered: false, severity: 'safe' },
  });
});

test('without a content filter nothing is said of one', () => {
  const assembly = new ChatAssembly();
  assembly.addChunk({ choices: [{ index: 0, delta: { content: 'x' } }] });
  const [choice] = assembly.answer()['choices'] as unknown as object[];
  assert.ok(choice !== undefined && !('content_filter_results' in choice));
});

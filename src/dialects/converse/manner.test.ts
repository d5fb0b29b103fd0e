import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mannerOf } from './manner.ts';

test('Claude’s generations are told apart, however their ids are written', () => {
  const efforts: Readonly<Record<string, string | null>> = {
    'anthropic.claude-3-5-sonnet-20241022-v2:0': null,
    'us.anthropic.claude-3-7-sonnet-20250219-v1:0': 'budget',
    'anthropic.claude-sonnet-4-20250514-v1:0': 'budget',
    'eu.anthropic.claude-opus-4-1-20250805-v1:0': 'budget',
    'global.anthropic.claude-haiku-4-5-20251001-v1:0': 'budget',
    'anthropic.claude-opus-4-6-v1': 'adaptive',
    'arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-sonnet-5': 'adaptive',
    'anthropic.claude-v2:1': null,
    'anthropic.claude-instant-v1': null,
  };
  for (const [model, effort] of Object.entries(efforts)) {
    assert.equal(mannerOf(model).effort, effort, model);
    assert.equal(mannerOf(model).isClaude, true, model);
  }
});

test('of a model that is not known nothing is promised', () => {
  const manner = mannerOf('arn:aws:bedrock:us-east-1:1:application-inference-profile/abc');
  assert.deepEqual(
    [manner.effort, manner.isClaude, manner.jsonSchema, manner.cachePoints],
    [null, false, false, false],
  );
});

test('open-weight models that keep to a schema are known', () => {
  assert.equal(mannerOf('us.deepseek.v3.2').jsonSchema, true);
  assert.equal(mannerOf('us.deepseek.r1-v1:0').jsonSchema, false);
  assert.equal(mannerOf('qwen.qwen3-32b-v1:0').jsonSchema, true);
});

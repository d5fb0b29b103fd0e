import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryCeiling } from './memory-ceiling.ts';

test('the ceiling is what would fill the memory at the present use', () => {
  const ceiling = new MemoryCeiling();
  ceiling.observe(60_000, 0.5);
  assert.equal(ceiling.tokens, 120_000);
  for (let poll = 0; poll < 50; poll++) ceiling.observe(75_000, 0.5);
  assert.ok(Math.abs(ceiling.tokens - 150_000) < 10);
});

test('an engine that says nothing, or holds next to nothing, has no ceiling', () => {
  const ceiling = new MemoryCeiling();
  ceiling.observe(60_000, null);
  ceiling.observe(900, 0.02);
  ceiling.observe(0, 0.9);
  assert.equal(ceiling.tokens, Infinity);
});

test('what an emptier engine says counts less', () => {
  const full = new MemoryCeiling();
  const empty = new MemoryCeiling();
  for (const ceiling of [full, empty]) ceiling.observe(50_000, 0.5);
  full.observe(80_000, 0.4);
  empty.observe(40_000, 0.2);
  assert.ok(full.tokens > empty.tokens && empty.tokens > 100_000);
});

test('what others keep in the same memory lowers it', () => {
  const ceiling = new MemoryCeiling();
  ceiling.observe(30_000, 0.75);
  assert.equal(ceiling.tokens, 40_000);
});

test('a ceiling that a nearly empty engine belies is raised', () => {
  const ceiling = new MemoryCeiling();
  ceiling.observe(1_000, 0.5);
  assert.equal(ceiling.tokens, 2_000);
  ceiling.observe(2_000, 0.01);
  assert.equal(ceiling.tokens, 20_000);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slotOf } from './slot.ts';

// Asked of a real cluster with CLUSTER KEYSLOT.
const known = {
  '': 0,
  '123456789': 12_739,
  somekey: 11_058,
  'foo{hash_tag}': 2_515,
  hash_tag: 2_515,
  '{}x': 10_595,
  'a{b}{c}': 3_300,
  ü: 9_552,
  'a}b{': 6_027,
};

test('keys have the slots that Redis Cluster gives them', () => {
  for (const [key, slot] of Object.entries(known)) assert.equal(slotOf(key), slot, key);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { environmentOf } from './environment.ts';

test('a blank variable counts as unset, and white space around a value is dropped', () => {
  const { known } = environmentOf({ PORT: '  ', HOST: ' 0.0.0.0\n' });
  assert.equal(known.PORT, null);
  assert.equal(known.HOST, '0.0.0.0');
  assert.equal(known.DEEPSEEK_API_KEY, null);
});

test('a secret reference sees the value exactly as set, and no inherited name', () => {
  const environment = environmentOf({ A: ' x ' });
  assert.equal(environment.lookup('A'), ' x ');
  assert.equal(environment.lookup('toString'), undefined);
});

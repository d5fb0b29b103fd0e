import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toolIds } from './converse/tool-ids.ts';
import { ToolIds } from './tool-ids.ts';

test('an id that fits stays; one that does not is spelled the same each time', () => {
  const ids = new ToolIds(/^\w+$/, (id, attempt) => id.replace(/\W/g, '_') + '_'.repeat(attempt));
  assert.deepEqual(
    ['a', 'b:1', 'a', 'b:1'].map((id) => ids.of(id)),
    ['a', 'b_1', 'a', 'b_1'],
  );
});

test('two ids never become one, whichever comes first', () => {
  const orders = [
    ['b:1', 'b.1', 'b_1'],
    ['b_1', 'b:1', 'b.1'],
  ];
  for (const order of orders) {
    const ids = new ToolIds(/^\w+$/, (id, attempt) => id.replace(/\W/g, '_') + '_'.repeat(attempt));
    assert.equal(new Set(order.map((id) => ids.of(id))).size, 3);
  }
  const bedrock = toolIds(false);
  assert.deepEqual(
    ['call00000', 'f:0', 'f:1'].map((id) => bedrock.of(id)),
    ['call00000', 'call00001', 'call00002'],
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { turnBatch } from './turn-batch.ts';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('who writes in one turn is told at its end, in order and once; who writes then, in the next', async () => {
  const told: string[] = [];
  turnBatch.add({ onTurnEnd: () => told.push('first') });
  turnBatch.add({
    onTurnEnd: () => {
      told.push('second');
      turnBatch.add({ onTurnEnd: () => told.push('third') });
    },
  });
  await Promise.resolve();
  assert.deepEqual(told, []);
  await nextTurn();
  assert.deepEqual(told, ['first', 'second']);
  await nextTurn();
  assert.deepEqual(told, ['first', 'second', 'third']);
});

test('a turn with very many writers is cut: they are told between two callbacks, never from within', async () => {
  let told = 0;
  for (let at = 0; at < 1_000; at++) turnBatch.add({ onTurnEnd: () => told++ });
  assert.equal(told, 0);
  await new Promise<void>((resolve) => process.nextTick(resolve));
  assert.equal(told, 1_000);
  await nextTurn();
  assert.equal(told, 1_000);
});

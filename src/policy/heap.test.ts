import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Heap, type HeapEntry } from './heap.ts';

interface Box {
  key: number;
}
const byKey = (a: Box, b: Box): boolean => a.key < b.key;

test('values come out in order, whatever was added, removed and moved before', () => {
  const step = fc.record({
    act: fc.constantFrom('add', 'add', 'remove', 'move', 'take'),
    at: fc.nat(),
    key: fc.nat(50),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const heap = new Heap<Box>(byKey);
      const inside: HeapEntry<Box>[] = [];
      const smallest = (): number | undefined => inside.map(({ value }) => value.key).toSorted((a, b) => a - b)[0];
      for (const { act, at, key } of steps) {
        const entry = inside[at % Math.max(1, inside.length)];
        if (act === 'add') inside.push(heap.add({ key }));
        else if (entry === undefined) assert.equal(heap.takeFirst(), null);
        else if (act === 'take') {
          const expected = smallest();
          const taken = heap.takeFirst();
          assert.equal(taken?.key, expected);
          inside.splice(
            inside.findIndex(({ value }) => value === taken),
            1,
          );
        } else if (act === 'remove') {
          assert.equal(heap.remove(entry), true);
          assert.equal(heap.remove(entry), false);
          inside.splice(inside.indexOf(entry), 1);
        } else {
          entry.value.key = key;
          heap.moved(entry);
        }
        assert.equal(heap.size, inside.length);
        assert.equal(heap.first?.key, smallest());
        assert.equal([...heap.values()].length, inside.length);
      }
    }),
  );
});

test('an entry that left cannot be moved back in', () => {
  const heap = new Heap<Box>(byKey);
  const entry = heap.add({ key: 1 });
  heap.takeFirst();
  heap.moved(entry);
  assert.equal(heap.size, 0);
});

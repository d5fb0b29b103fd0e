import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { LaneSeat } from './waiting-lane.ts';
import { WaitingLane } from './waiting-lane.ts';

test('a full lane takes nobody until somebody leaves', () => {
  const lane = new WaitingLane<string>(2);
  const first = lane.enter('a', 'x');
  assert.ok(first !== null && lane.enter('b', 'y') !== null);
  assert.equal(lane.enter('c', 'x'), null);
  assert.equal(lane.groupCount, 2);
  assert.equal(lane.leave(first), true);
  assert.equal(lane.leave(first), false);
  assert.notEqual(lane.enter('c', 'x'), null);
});

test('who is refused at a full lane leaves no group behind', () => {
  const lane = new WaitingLane<string>(1);
  lane.enter('a', 'x');
  for (let attempt = 0; attempt < 100; attempt++) lane.enter('b', `group ${attempt}`);
  assert.equal(lane.groupCount, 1);
});

test('a group may fill its share of the lane and no more', () => {
  const lane = new WaitingLane<string>(5, 2);
  const first = lane.enter('a', 'greedy');
  assert.ok(first !== null && lane.enter('b', 'greedy') !== null);
  assert.equal(lane.enter('c', 'greedy'), null);
  assert.notEqual(lane.enter('d', 'modest'), null);
  assert.deepEqual([lane.size, lane.groupCount], [3, 2]);
  lane.leave(first);
  assert.notEqual(lane.enter('e', 'greedy'), null);
});

test('a seat that left holds no neighbours', () => {
  const lane = new WaitingLane<string>(9);
  const seats = ['a', 'b', 'c'].map((item) => lane.enter(item, 'x'));
  const middle = seats[1];
  assert.ok(middle !== undefined && middle !== null);
  lane.leave(middle);
  assert.deepEqual([middle.before, middle.after, lane.aheadOf(middle)], [null, null, 0]);
});

test('positions, sizes and groups are those of a plain list', () => {
  const event = fc.record({ enters: fc.boolean(), group: fc.constantFrom('x', 'y', 'z'), which: fc.nat() });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200 }), (events) => {
      const lane = new WaitingLane<string>(20);
      const list: LaneSeat<string>[] = [];
      for (const { enters, group, which } of events) {
        if (enters) {
          const seat = lane.enter('item', group);
          assert.equal(seat === null, list.length === 20);
          if (seat !== null) list.push(seat);
        } else if (list.length > 0) {
          const [seat] = list.splice(which % list.length, 1);
          assert.ok(seat !== undefined && lane.leave(seat));
        }
        assert.deepEqual(
          list.map((seat) => lane.aheadOf(seat)),
          list.map((_, index) => index),
        );
        assert.equal(lane.size, list.length);
        assert.deepEqual(
          [...lane.lines].map((line) => line.group).toSorted(),
          [...new Set(list.map((seat) => seat.line.group))].toSorted(),
        );
      }
    }),
  );
});

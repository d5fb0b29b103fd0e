import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Lane } from '../kernel/lane.ts';
import { lanes } from '../kernel/lane.ts';
import type { Seat } from './waiting-room.ts';
import { WaitingRoom } from './waiting-room.ts';

function seated<Item>(room: WaitingRoom<Item>, item: Item, lane: Lane, group: string): Seat {
  const seat = room.enter(item, lane, group);
  assert.ok(seat !== null);
  return seat;
}

/** Serves up to `most` items and answers which, in order. */
function serve(room: WaitingRoom<string>, most = Infinity): string[] {
  const served: string[] = [];
  room.serve((item) => served.length < most && served.push(item) > 0);
  return served;
}

test('lanes are strict, and inside a lane it is first come, first served over all groups', () => {
  const room = new WaitingRoom<string>(10);
  seated(room, 'batch 1', 'batch', 'a');
  seated(room, 'standard 1', 'standard', 'b');
  seated(room, 'standard 2', 'standard', 'a');
  seated(room, 'standard 3', 'standard', 'b');
  seated(room, 'vip 1', 'vip', 'a');
  assert.deepEqual(serve(room, 2), ['vip 1', 'standard 1']);
  assert.deepEqual(serve(room), ['standard 2', 'standard 3', 'batch 1']);
  assert.equal(room.size, 0);
});

test('a group whose head must wait does not hold up the others, and is asked once', () => {
  const room = new WaitingRoom<string>(10);
  for (const item of ['full 1', 'free 1', 'full 2', 'free 2']) seated(room, item, 'standard', item.slice(0, 4));
  const asked: string[] = [];
  room.serve((item) => asked.push(item) > 0 && item.startsWith('free'));
  assert.deepEqual(asked, ['full 1', 'free 1', 'free 2']);
  assert.deepEqual(serve(room), ['full 1', 'full 2']);
});

test('nobody of a lower lane overtakes a waiting one of the same group', () => {
  const room = new WaitingRoom<string>(10);
  seated(room, 'large', 'vip', 'model');
  seated(room, 'small', 'batch', 'model');
  seated(room, 'other', 'batch', 'other');
  const asked: string[] = [];
  room.serve((item) => asked.push(item) > 0 && item !== 'large');
  assert.deepEqual(asked, ['large', 'other']);
});

test('a full lane takes nobody, whatever the other lanes hold', () => {
  const room = new WaitingRoom<string>(1);
  seated(room, 'a', 'vip', 'x');
  assert.equal(room.enter('b', 'vip', 'y'), null);
  seated(room, 'c', 'batch', 'x');
  assert.deepEqual([room.size, room.sizeOf('vip'), room.sizeOf('standard')], [2, 1, 0]);
});

test('who left is not served, and cannot leave twice', () => {
  const room = new WaitingRoom<string>(10);
  const first = seated(room, 'a', 'vip', 'x');
  const second = seated(room, 'b', 'vip', 'x');
  assert.equal(room.leave(first), true);
  assert.equal(room.leave(first), false);
  assert.deepEqual(serve(room), ['b']);
  assert.equal(room.leave(second), false);
});

test('ahead are all of higher lanes and who came earlier in the own', () => {
  const room = new WaitingRoom<string>(10);
  const early = seated(room, 'a', 'standard', 'x');
  const late = seated(room, 'b', 'standard', 'y');
  const last = seated(room, 'c', 'batch', 'x');
  assert.deepEqual(
    [early, late, last].map((seat) => room.aheadOf(seat)),
    [0, 1, 2],
  );
  seated(room, 'd', 'vip', 'x');
  assert.deepEqual(
    [early, late, last].map((seat) => room.aheadOf(seat)),
    [1, 2, 3],
  );
  room.leave(early);
  assert.deepEqual(
    [late, last].map((seat) => room.aheadOf(seat)),
    [1, 2],
  );
});

test('an item that leaves while it is asked about makes way for the next of its group', () => {
  const room = new WaitingRoom<string>(10);
  const expired = seated(room, 'expired', 'vip', 'x');
  seated(room, 'next', 'vip', 'x');
  const served: string[] = [];
  room.serve((item) => (item === 'expired' ? !room.leave(expired) : served.push(item) > 0));
  assert.deepEqual(served, ['next']);
  assert.equal(room.size, 0);
});

test('an item may leave and be taken at once', () => {
  const room = new WaitingRoom<string>(10);
  const seat = seated(room, 'a', 'vip', 'x');
  room.serve(() => room.leave(seat));
  assert.equal(room.size, 0);
});

test('heads that leave during a pass do not break the order', () => {
  const room = new WaitingRoom<string>(10);
  seated(room, 'a1', 'vip', 'a');
  const head = seated(room, 'b1', 'vip', 'b');
  seated(room, 'c1', 'vip', 'c');
  seated(room, 'b2', 'vip', 'b');
  const served: string[] = [];
  room.serve((item) => {
    if (item === 'a1') room.leave(head);
    return served.push(item) > 0;
  });
  assert.deepEqual(served, ['a1', 'c1', 'b2']);
});

test('who enters during a pass is served by it, and a nested serve neither recurses nor spins', () => {
  const room = new WaitingRoom<string>(10);
  seated(room, 'first', 'standard', 'x');
  const served: string[] = [];
  let depth = 0;
  const tryServe = (item: string): boolean => {
    assert.equal(depth, 0);
    depth++;
    if (item === 'first') seated(room, 'second', 'vip', 'x');
    room.serve(tryServe);
    depth--;
    served.push(item);
    return item !== 'never';
  };
  room.serve(tryServe);
  assert.deepEqual(served, ['first', 'second']);
  seated(room, 'never', 'vip', 'x');
  room.serve(tryServe);
  assert.deepEqual(served, ['first', 'second', 'never']);
  assert.equal(room.size, 1);
});

test('who only enters during a pass is offered before serve returns', () => {
  const room = new WaitingRoom<string>(10);
  seated(room, 'first', 'standard', 'x');
  const served: string[] = [];
  room.serve((item) => {
    if (item === 'first') seated(room, 'second', 'vip', 'y');
    return served.push(item) > 0;
  });
  assert.deepEqual(served, ['first', 'second']);
});

test('who enters while another is refused is offered too', () => {
  const room = new WaitingRoom<string>(10);
  seated(room, 'blocked', 'vip', 'x');
  const served: string[] = [];
  room.serve((item) => {
    if (served.length === 0 && room.size === 1) seated(room, 'second', 'vip', 'y');
    return item !== 'blocked' && served.push(item) > 0;
  });
  assert.deepEqual(served, ['second']);
});

test('room that a pass itself makes is used when it is told so by a nested serve', () => {
  const room = new WaitingRoom<string>(10);
  seated(room, 'blocked', 'vip', 'x');
  const leaver = seated(room, 'leaver', 'standard', 'y');
  const served: string[] = [];
  let free = 0;
  const tryServe = (item: string): boolean => {
    if (item === 'leaver') {
      room.leave(leaver);
      free++;
      room.serve(tryServe);
      return false;
    }
    return free > 0 && free-- > 0 && served.push(item) > 0;
  };
  room.serve(tryServe);
  assert.deepEqual(served, ['blocked']);
  assert.equal(room.size, 0);
});

test('a nested serve that could find nothing new does not go round again', () => {
  const room = new WaitingRoom<string>(10);
  seated(room, 'a', 'vip', 'x');
  let questions = 0;
  const tryServe = (): boolean => {
    questions++;
    room.serve(tryServe);
    return false;
  };
  room.serve(tryServe);
  assert.equal(questions, 1);
});

test('among many groups it is still first come, first served', () => {
  const arrivals = fc.array(fc.nat({ max: 60 }), { maxLength: 200 });
  fc.assert(
    fc.property(arrivals, (groups) => {
      const room = new WaitingRoom<number>(1000);
      for (const [item, group] of groups.entries()) room.enter(item, 'standard', `group ${group}`);
      const served: number[] = [];
      room.serve((item) => served.push(item) > 0);
      assert.deepEqual(served, [...groups.keys()]);
    }),
  );
});

test('a tryServe that throws leaves the room usable and the item seated', () => {
  const room = new WaitingRoom<string>(10);
  seated(room, 'a', 'vip', 'x');
  assert.throws(() =>
    room.serve(() => {
      throw new Error('bug');
    }),
  );
  assert.deepEqual(serve(room), ['a']);
});

test('a pass over one blocked group of thousands asks one question', () => {
  const room = new WaitingRoom<number>(5000);
  for (let item = 0; item < 5000; item++) room.enter(item, 'standard', 'full');
  let questions = 0;
  room.serve(() => {
    questions++;
    return false;
  });
  assert.equal(questions, 1);
});

interface Waiting {
  readonly item: number;
  readonly lane: Lane;
  readonly group: string;
}

/** The same words as the real one, over a plain list. */
function serveList(list: Waiting[], room: Map<string, number>): number[] {
  const served: number[] = [];
  const blocked = new Set<string>();
  for (const lane of lanes) {
    for (const entry of list.filter((one) => one.lane === lane)) {
      const free = room.get(entry.group) ?? 0;
      if (free === 0) blocked.add(entry.group);
      if (blocked.has(entry.group)) continue;
      room.set(entry.group, free - 1);
      served.push(entry.item);
      list.splice(list.indexOf(entry), 1);
    }
  }
  return served;
}

test('serves in the order of a plain list, and counts as it does', () => {
  const event = fc.oneof(
    fc.record({
      kind: fc.constant('enter' as const),
      lane: fc.constantFrom(...lanes),
      group: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    }),
    fc.record({ kind: fc.constant('leave' as const), which: fc.nat() }),
    fc.record({
      kind: fc.constant('serve' as const),
      free: fc.array(fc.nat({ max: 3 }), { minLength: 5, maxLength: 5 }),
    }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200 }), (events) => {
      const room = new WaitingRoom<number>(15);
      const list: Waiting[] = [];
      const groups = new Map<number, string>();
      const seats = new Map<number, Seat>();
      for (const [item, happened] of events.entries()) {
        if (happened.kind === 'enter') {
          const { lane, group } = happened;
          const seat = room.enter(item, lane, group);
          assert.equal(seat === null, list.filter((entry) => entry.lane === lane).length === 15);
          if (seat === null) continue;
          list.push({ item, lane, group });
          groups.set(item, group);
          seats.set(item, seat);
        } else if (happened.kind === 'leave') {
          const [gone] = list.splice(happened.which % Math.max(1, list.length), 1);
          const seat = gone === undefined ? undefined : seats.get(gone.item);
          if (seat !== undefined) assert.ok(room.leave(seat));
        } else {
          const free = new Map(['a', 'b', 'c', 'd', 'e'].map((group, index) => [group, happened.free[index] ?? 0]));
          const expected = serveList(list, new Map(free));
          const served: number[] = [];
          room.serve((waiting) => {
            const group = groups.get(waiting) ?? '';
            const left = free.get(group) ?? 0;
            if (left === 0) return false;
            free.set(group, left - 1);
            return served.push(waiting) > 0;
          });
          assert.deepEqual(served, expected);
        }
        assert.equal(room.size, list.length);
      }
    }),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { monotonicMs } from '../kernel/brands.ts';
import { type Lane, lanes } from '../kernel/lane.ts';
import { type Claim, FairRoom, type Seat, type Served } from './fair-room.ts';

const roomy = { seatsPerLaneMax: 1_000, bytesPerLaneMax: 1e9, seatsPerGroupMax: 1_000 };

type Some = Omit<Partial<Claim>, 'deadlineAt'> & { readonly deadlineAt?: number | undefined };

function claim({ deadlineAt, ...some }: Some): Claim {
  const deadline = deadlineAt === undefined ? null : monotonicMs(deadlineAt);
  return { lane: 'standard', group: 'g', tenant: 't', tokens: 10, bytes: 100, deadlineAt: deadline, ...some };
}

function seated<Item>(room: FairRoom<Item>, item: Item, some: Some = {}): Seat {
  const seat = room.enter(item, claim(some));
  assert.ok(seat !== null);
  return seat;
}

/** Serves up to `most` items and answers which, in order. */
function serve<Item>(room: FairRoom<Item>, most = Infinity): Item[] {
  const served: Item[] = [];
  room.serve((item) => served.length < most && served.push(item) > 0);
  return served;
}

test('lanes are strict over all groups', () => {
  const room = new FairRoom<string>(roomy);
  seated(room, 'batch', { lane: 'batch', group: 'a' });
  seated(room, 'standard', { group: 'b' });
  seated(room, 'vip', { lane: 'vip', group: 'a' });
  assert.deepEqual(serve(room), ['vip', 'standard', 'batch']);
  assert.deepEqual([room.size, room.groupCount], [0, 0]);
});

test('a group whose first must wait does not hold up the others, and is asked once', () => {
  const room = new FairRoom<string>(roomy);
  for (const item of ['full 1', 'free 1', 'full 2', 'free 2']) seated(room, item, { group: item.slice(0, 4) });
  const asked: string[] = [];
  room.serve((item) => asked.push(item) > 0 && item.startsWith('free'));
  assert.deepEqual(asked, ['full 1', 'free 1', 'free 2']);
  assert.deepEqual(serve(room), ['full 1', 'full 2']);
});

test('nobody of a lower lane overtakes a waiting one of the same group', () => {
  const room = new FairRoom<string>(roomy);
  seated(room, 'large', { lane: 'vip', group: 'model' });
  seated(room, 'small', { lane: 'batch', group: 'model' });
  seated(room, 'other', { lane: 'batch', group: 'other' });
  const asked: string[] = [];
  room.serve((item) => asked.push(item) > 0 && item !== 'large');
  assert.deepEqual(asked, ['large', 'other']);
});

test('a lane takes nobody beyond its seats, its bytes or the seats of the group', () => {
  const room = new FairRoom<string>({ seatsPerLaneMax: 3, bytesPerLaneMax: 1_000, seatsPerGroupMax: 2 });
  seated(room, 'a', { bytes: 400 });
  seated(room, 'b', { bytes: 400 });
  assert.equal(room.enter('too many of the group', claim({ bytes: 1 })), null);
  assert.equal(room.enter('too many bytes', claim({ group: 'h', bytes: 201 })), null);
  seated(room, 'c', { group: 'h', bytes: 200 });
  assert.equal(room.enter('too many', claim({ group: 'i', bytes: 0 })), null);
  seated(room, 'other lane', { lane: 'vip', bytes: 1_000 });
  assert.deepEqual([room.size, room.sizeOf('standard'), room.bytesOf('standard')], [4, 3, 1_000]);
});

test('who left is not served, and cannot leave twice', () => {
  const room = new FairRoom<string>(roomy);
  const first = seated(room, 'a');
  const second = seated(room, 'b');
  assert.equal(room.leave(first), true);
  assert.equal(room.leave(first), false);
  assert.deepEqual(serve(room), ['b']);
  assert.equal(room.leave(second), false);
  assert.equal(room.bytesOf('standard'), 0);
});

test('an old seat cannot touch a new group of the same name', () => {
  const room = new FairRoom<string>(roomy);
  const old = seated(room, 'a');
  room.leave(old);
  seated(room, 'b');
  assert.equal(room.leave(old), false);
  assert.equal(room.aheadOf(old), 0);
  assert.equal(room.size, 1);
});

test('one tenant without deadlines is served first come, first served', () => {
  const room = new FairRoom<number>(roomy);
  const items = Array.from({ length: 200 }, (_, at) => at);
  for (const item of items) seated(room, item, { tokens: 1 + ((item * 7919) % 97) });
  assert.deepEqual(serve(room), items);
});

test('tenants of a lane take turns, and the earliest deadline of a tenant comes first', () => {
  const room = new FairRoom<string>(roomy);
  for (const item of ['a1', 'a2', 'a3', 'b1']) seated(room, item, { tenant: item.slice(0, 1) });
  seated(room, 'b soon', { tenant: 'b', deadlineAt: 5_000 });
  assert.deepEqual(serve(room), ['a1', 'b soon', 'a2', 'b1', 'a3']);
});

test('what an answer turned out to cost is charged to its tenant', () => {
  const room = new FairRoom<string>(roomy);
  const first = seated(room, 'a1', { tenant: 'a' });
  for (const item of ['b1', 'b2', 'b3', 'a2']) seated(room, item, { tenant: item.slice(0, 1) });
  assert.deepEqual(serve(room, 1), ['a1']);
  room.charge(first, 15);
  assert.deepEqual(serve(room), ['b1', 'b2', 'b3', 'a2']);
  room.charge(first, 15);
  assert.equal(room.groupCount, 0);
});

test('vips over their share come after everybody else, and are still served', () => {
  const room = new FairRoom<string>(roomy);
  for (const lane of lanes) seated(room, lane, { lane });
  seated(room, 'other', { group: 'other', lane: 'batch' });
  const served: string[] = [];
  room.serve(
    (item) => served.push(item) > 0,
    (group) => group === 'g',
  );
  assert.deepEqual(served, ['standard', 'batch', 'other', 'vip']);
});

test('batch gets a fiftieth of the tokens while it waits, with the headroom of the highest lane', () => {
  const room = new FairRoom<string>(roomy);
  for (let at = 0; at < 500; at++) seated(room, 'vip', { lane: 'vip' });
  for (let at = 0; at < 100; at++) seated(room, 'batch', { lane: 'batch' });
  const served: string[] = [];
  room.serve((item, headroomOf) => served.length < 408 && headroomOf === 'vip' && served.push(item) > 0);
  assert.equal(served.filter((item) => item === 'batch').length, 8);
});

test('the lane whose headroom may be used is the own one', () => {
  const room = new FairRoom<Lane>(roomy);
  for (const lane of lanes) seated(room, lane, { lane });
  room.serve((item, headroomOf) => {
    assert.equal(headroomOf, item);
    return true;
  });
  assert.equal(room.size, 0);
});

test('a group with many waiting tenants is served more than a group with one, neither starves', () => {
  const room = new FairRoom<string>(roomy);
  for (let at = 0; at < 100; at++) seated(room, 'lone', { group: 'lone', tenant: 'abuser' });
  for (let at = 0; at < 100; at++) seated(room, 'crowd', { group: 'crowd', tenant: `tenant ${at % 4}` });
  const served = serve(room, 50);
  const crowd = served.filter((item) => item === 'crowd').length;
  assert.ok(crowd >= 39 && crowd <= 41, `${crowd} of 50`);
});

test('a group that was stuck claims only so much when it is free again', () => {
  const room = new FairRoom<string>(roomy);
  const most = { tokens: 1_000 };
  for (let at = 0; at < 300; at++) seated(room, 'stuck', { ...most, group: 'stuck', tenant: 'a' });
  for (let at = 0; at < 300; at++) seated(room, 'free', { ...most, group: 'free', tenant: 'b' });
  let free = 0;
  room.serve((item) => item === 'free' && free++ < 200);
  const served = serve(room, 60);
  const stuck = served.filter((item) => item === 'stuck').length;
  assert.ok(stuck >= 38 && stuck <= 42, `${stuck} of 60`);
});

test('ahead are the higher lanes of the group, and its turn among the tenants', () => {
  const room = new FairRoom<string>(roomy);
  const early = seated(room, 'a', { tenant: 'a' });
  const late = seated(room, 'b', { tenant: 'a' });
  const fresh = seated(room, 'c', { tenant: 'b' });
  const batch = seated(room, 'd', { lane: 'batch' });
  const places = (): number[] => [early, late, fresh, batch].map((seat) => room.aheadOf(seat));
  assert.deepEqual(places(), [0, 2, 1, 3]);
  seated(room, 'e', { lane: 'vip' });
  seated(room, 'f', { lane: 'vip', group: 'elsewhere' });
  assert.deepEqual(places(), [1, 3, 2, 4]);
});

test('tokens ahead are those of higher lanes and what fairness gives the others of the own', () => {
  const room = new FairRoom<string>(roomy);
  seated(room, 'v', { lane: 'vip', tokens: 50 });
  for (let at = 0; at < 100; at++) seated(room, 'x', { tenant: 'abuser', tokens: 100 });
  seated(room, 'y', { tenant: 'polite', tokens: 30 });
  assert.equal(room.tokensAhead('standard', 'g', 'polite'), 50 + 2 * 30);
  assert.equal(room.tokensAhead('standard', 'g', 'abuser'), 50 + 100 * 100 + 30);
  assert.equal(room.tokensAhead('standard', 'g', 'newcomer'), 50);
  assert.equal(room.tokensAhead('vip', 'g', 'newcomer'), 0);
  assert.equal(room.tokensAhead('batch', 'nowhere', 'polite'), 0);
});

const estimate = (): number => 300;

test('who cannot have a first token in time any more leaves, and nobody else', () => {
  const room = new FairRoom<string>(roomy);
  seated(room, 'patient');
  seated(room, 'late', { deadlineAt: 2_000, lane: 'batch' });
  seated(room, 'soon', { deadlineAt: 1_000, tenant: 'other' });
  const gone = seated(room, 'gone', { deadlineAt: 900 });
  room.leave(gone);
  assert.deepEqual(room.expire(monotonicMs(700), estimate), []);
  assert.deepEqual(room.expire(monotonicMs(701), estimate), ['soon']);
  assert.deepEqual(room.expire(monotonicMs(5_000), estimate), ['late']);
  assert.deepEqual(serve(room), ['patient']);
});

test('an item that leaves while it is asked about makes way for the next of its group', () => {
  const room = new FairRoom<string>(roomy);
  const expired = seated(room, 'expired');
  seated(room, 'next');
  const served: string[] = [];
  room.serve((item) => (item === 'expired' ? !room.leave(expired) : served.push(item) > 0));
  assert.deepEqual(served, ['next']);
  assert.equal(room.size, 0);
});

test('an item may leave and be taken at once', () => {
  const room = new FairRoom<string>(roomy);
  const seat = seated(room, 'a');
  seated(room, 'b');
  room.serve((item) => (item === 'a' ? room.leave(seat) : true));
  assert.deepEqual([room.size, room.bytesOf('standard'), room.groupCount], [0, 0, 0]);
});

test('who enters during a pass is served by it, and a nested serve neither recurses nor spins', () => {
  const room = new FairRoom<string>(roomy);
  seated(room, 'first');
  const asked: string[] = [];
  let depth = 0;
  const tryServe = (item: string): boolean => {
    assert.equal(depth, 0);
    depth++;
    if (item === 'first') seated(room, 'second', { lane: 'vip' });
    room.serve(tryServe);
    depth--;
    asked.push(item);
    return item !== 'never';
  };
  room.serve(tryServe);
  assert.deepEqual(asked, ['first', 'second']);
  seated(room, 'never');
  room.serve(tryServe);
  assert.deepEqual(asked, ['first', 'second', 'never']);
  assert.equal(room.size, 1);
});

test('room that a pass itself makes is used when it is told so by a nested serve', () => {
  const room = new FairRoom<string>(roomy);
  seated(room, 'blocked', { lane: 'vip', group: 'x' });
  const leaver = seated(room, 'leaver', { group: 'y' });
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

test('a tryServe that throws leaves the room usable and the item seated', () => {
  const room = new FairRoom<string>(roomy);
  seated(room, 'a');
  assert.throws(() =>
    room.serve(() => {
      throw new Error('bug');
    }),
  );
  assert.deepEqual(serve(room), ['a']);
});

interface Guest {
  readonly lane: Lane;
  readonly group: string;
  readonly tenant: string;
  readonly tokens: number;
  readonly bytes: number;
  readonly deadlineAt: number | undefined;
}

const guest: fc.Arbitrary<Guest> = fc.record({
  lane: fc.constantFrom(...lanes),
  group: fc.constantFrom('a', 'b', 'a b'),
  tenant: fc.constantFrom('x', 'y', 'z'),
  tokens: fc.nat(100),
  bytes: fc.nat(50),
  deadlineAt: fc.option(fc.nat(1_000), { nil: undefined }),
});

test('seats, bytes and tokens are exact after any coming, going, serving and expiring', () => {
  const step = fc.record({
    act: fc.constantFrom('enter', 'enter', 'leave', 'serve', 'charge', 'expire'),
    at: fc.nat(1_000),
    guest,
  });
  const bounds = { seatsPerLaneMax: 12, bytesPerLaneMax: 300, seatsPerGroupMax: 6 };
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      const room = new FairRoom<Guest>(bounds);
      const inside = new Map<Guest, Seat>();
      const of = (lane: Lane, group?: string): Guest[] =>
        [...inside.keys()].filter((one) => one.lane === lane && (group ?? one.group) === one.group);
      const bytesOf = (lane: Lane): number => of(lane).reduce((sum, { bytes }) => sum + bytes, 0);
      for (const { act, at, guest: template } of steps) {
        const one = { ...template };
        const [somebody, seat] = [...inside][at % Math.max(1, inside.size)] ?? [];
        if (act === 'enter') {
          const fits =
            of(one.lane).length < 12 && bytesOf(one.lane) + one.bytes <= 300 && of(one.lane, one.group).length < 6;
          const entered = room.enter(one, claim(one));
          assert.equal(entered !== null, fits);
          if (entered !== null) inside.set(one, entered);
        } else if (act === 'leave' && somebody !== undefined && seat !== undefined) {
          assert.equal(room.leave(seat), true);
          inside.delete(somebody);
        } else if (act === 'charge' && seat !== undefined) room.charge(seat, at - 300);
        else if (act === 'expire')
          for (const gone of room.expire(monotonicMs(at), () => 10)) assert.ok(inside.delete(gone));
        else if (act === 'serve') {
          let left = at % 5;
          room.serve(
            (item) => item.group !== one.group && left-- > 0 && inside.delete(item),
            (group) => group === 'b',
          );
        }
        for (const lane of lanes) {
          assert.equal(room.sizeOf(lane), of(lane).length);
          assert.equal(room.bytesOf(lane), bytesOf(lane));
        }
        assert.equal(room.groupCount, new Set([...inside.keys()].map(({ group }) => group)).size);
      }
      const left = serve(room);
      assert.deepEqual(new Set(left), new Set(inside.keys()));
      assert.equal(left.length, inside.size);
      assert.deepEqual([room.size, room.groupCount], [0, 0]);
    }),
  );
});

test('nobody starves: batch and every tenant of a lane are served within a bound, whatever others send', () => {
  const stream = fc.infiniteStream(guest);
  fc.assert(
    fc.property(guest, fc.constantFrom<Lane>('vip', 'batch'), stream, (waiting, lane, others) => {
      const room = new FairRoom<Guest>({ ...roomy, seatsPerLaneMax: 100_000, seatsPerGroupMax: 100_000 });
      const patient: Guest = { ...waiting, lane, deadlineAt: undefined };
      const arrive = (): Seat => {
        const other = { ...(others.next().value ?? patient), deadlineAt: undefined };
        return seated(room, other, other);
      };
      for (let at = 0; at < 20; at++) arrive();
      seated(room, patient, patient);
      const served: Guest[] = [];
      for (let round = 0; round < 1_500 && !served.includes(patient); round++) {
        for (let at = 0; at < 2; at++) arrive();
        let most = 2;
        room.serve((item) => most-- > 0 && served.push(item) > 0);
      }
      assert.ok(served.includes(patient), `not among the first ${served.length}`);
    }),
    { numRuns: 30 },
  );
});

test('a tenant that is passed over does not hold up the others of its lane, and is asked once a pass', () => {
  const room = new FairRoom<string>(roomy);
  for (const item of ['greedy 1', 'greedy 2']) seated(room, item, { tenant: 'greedy' });
  for (const item of ['modest 1', 'modest 2']) seated(room, item, { tenant: 'modest' });
  const asked: string[] = [];
  const served: string[] = [];
  const modestOnly = (item: string): Served => {
    asked.push(item);
    if (item.startsWith('greedy')) return 'passedOver';
    return served.push(item) > 0;
  };
  room.serve(modestOnly);
  assert.deepEqual(served, ['modest 1', 'modest 2']);
  assert.equal(asked.filter((item) => item === 'greedy 1').length, 1);
  room.serve((item) => served.push(item) > 0);
  assert.deepEqual(served.slice(2), ['greedy 1', 'greedy 2'], 'and has its turn when there is room');
});

test('a pass that throws calls back the tenants it had passed over', () => {
  const room = new FairRoom<string>(roomy);
  seated(room, 'greedy', { tenant: 'greedy' });
  seated(room, 'modest', { tenant: 'modest' });
  assert.throws(() =>
    room.serve((item): Served => {
      if (item === 'greedy') return 'passedOver';
      throw new Error('bug');
    }),
  );
  assert.deepEqual(serve(room).toSorted(), ['greedy', 'modest']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { VirtualTime } from '../../memory/virtual-time.ts';
import { RoomDesk } from './room-desk.ts';
import { WorkersRoom } from './shared-room.ts';
import type { Order, Report } from './words.ts';

/** Workers that share with each other over a desk; words wait on their way until they are delivered. */
class World {
  readonly time = new VirtualTime();
  readonly rooms: readonly WorkersRoom[];
  readonly held: number[];
  readonly #desk: RoomDesk;
  readonly #reports: Report[][];
  readonly #orders: Order[][];

  constructor(members: number) {
    this.held = Array.from({ length: members }, () => 0);
    this.#reports = this.held.map(() => []);
    this.#orders = this.held.map(() => []);
    this.#desk = new RoomDesk(this.time, members, (worker, order) => this.#orders[worker]?.push(order));
    this.rooms = this.held.map((_, worker) => {
      const say = (report: Report): void => void this.#reports[worker]?.push(report);
      return new WorkersRoom(members, {
        clock: this.time,
        timers: this.time,
        say,
        onRoom: () => {},
      });
    });
  }

  deliverReport(worker: number): void {
    const report = this.#reports[worker]?.shift();
    if (report?.kind === 'slots') this.#desk.slots(worker, report);
    if (report?.kind === 'draw') this.#desk.draw(worker, report);
    if (report?.kind === 'giveBack') this.#desk.giveBack(report);
  }

  deliverOrder(worker: number): void {
    const order = this.#orders[worker]?.shift();
    if (order?.kind === 'share') this.rooms[worker]?.onShare(order);
    if (order?.kind === 'drawn') this.rooms[worker]?.onDrawn(order);
  }

  deliver(): void {
    const isBusy = (): boolean => [...this.#reports, ...this.#orders].some((queue) => queue.length > 0);
    while (isBusy()) {
      for (const worker of this.held.keys()) {
        this.deliverReport(worker);
        this.deliverOrder(worker);
      }
    }
  }
}

test('whatever is late or reloaded, no more is held than there are places', () => {
  const step = fc.tuple(fc.nat(3), fc.constantFrom('take', 'end', 'report', 'order', 'time'));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.array(step, { maxLength: 300 }), (whole, steps) => {
      const world = new World(4);
      const slots = world.rooms.map((room, worker) => room.slots('s', () => world.held[worker] ?? 0));
      for (const [worker, move] of steps) {
        const held = world.held[worker] ?? 0;
        if (move === 'take' && slots[worker]?.hasRoom(held, whole) === true) world.held[worker] = held + 1;
        if (move === 'end' && held > 0) {
          world.held[worker] = held - 1;
          slots[worker]?.ended();
        }
        if (move === 'report') world.deliverReport(worker);
        if (move === 'order') world.deliverOrder(worker);
        if (move === 'time') world.time.advance(250);
        const sum = world.held.reduce((total, one) => total + one, 0);
        assert.ok(sum <= whole, `${sum} of ${whole}`);
      }
    }),
  );
});

test('one that wants all gets all, and gives half when another wants as much', () => {
  const world = new World(2);
  const [one, other] = world.rooms.map((room, worker) => room.slots('s', () => world.held[worker] ?? 0));
  assert.ok(one !== undefined && other !== undefined);
  const takeAll = (slots: typeof one, worker: number): void => {
    for (let turn = 0; turn < 40; turn++) {
      if (slots.hasRoom(world.held[worker] ?? 0, 8)) world.held[worker] = (world.held[worker] ?? 0) + 1;
      world.deliver();
    }
  };
  takeAll(one, 0);
  assert.deepEqual(world.held, [8, 0]);
  takeAll(other, 1);
  assert.deepEqual(world.held, [8, 0]);
  for (let turn = 0; turn < 40; turn++) {
    if ((world.held[0] ?? 0) > 0) {
      world.held[0] = (world.held[0] ?? 0) - 1;
      one.ended();
    }
    takeAll(other, 1);
    if (one.hasRoom(world.held[0] ?? 0, 8)) world.held[0] = (world.held[0] ?? 0) + 1;
    world.deliver();
  }
  assert.ok((world.held[1] ?? 0) >= 4, world.held.join());
});

test('a reload to fewer places holds at once, and its share is dealt anew', () => {
  const world = new World(2);
  const [one, other] = world.rooms.map((room, worker) => room.slots('s', () => world.held[worker] ?? 0));
  assert.ok(one !== undefined && other !== undefined);
  one.hasRoom(0, 40);
  other.hasRoom(0, 40);
  world.deliver();
  assert.ok(one.hasRoom(0, 3));
  assert.equal(one.hasRoom(1, 3), false);
  assert.equal(other.hasRoom(1, 3), false);
});

test('amounts per minute are drawn from one bucket, and what lies idle is given back', () => {
  const world = new World(2);
  const now = (): ReturnType<typeof world.time.now> => world.time.now();
  const [one, other] = world.rooms.map((room) => room.rate('requests u'));
  assert.ok(one !== undefined && other !== undefined);
  let spent = 0;
  const spend = (rate: typeof one): void => {
    for (let turn = 0; turn < 100; turn++) {
      if (rate.waitMs(1, 20, now()) === 0) {
        rate.charge(1, now());
        spent++;
      }
      world.deliver();
    }
  };
  // It draws ahead; so does the other, and gives back what it does not use.
  other.waitMs(1, 20, now());
  world.deliver();
  spend(one);
  assert.ok(spent < 20);
  world.time.advance(3_500);
  world.deliver();
  spend(one);
  assert.ok(spent >= 20 && spent <= 21, String(spent));
  assert.ok(one.waitMs(1, 20, now()) > 0);
});

test('a wait that was told of a limit is over when a reload raises it', () => {
  const world = new World(2);
  const rate = world.rooms[0]?.rate('r');
  assert.ok(rate !== undefined);
  const waitMs = (perMinute: number): number => rate.waitMs(1, perMinute, world.time.now());
  const spend = (perMinute: number): void => {
    waitMs(perMinute);
    world.deliver();
    assert.equal(waitMs(perMinute), 0);
    rate.charge(1, world.time.now());
  };
  spend(1);
  waitMs(1);
  world.deliver();
  assert.ok(waitMs(1) > 50_000);
  spend(1_000);
});

test('a part that binds grows at the cost of those who are not bound, and all parts are at most the whole', () => {
  const world = new World(4);
  const parts = world.rooms.map((room) => room.part('u/m'));
  const sum = (): number => parts.reduce((total, { fraction }) => total + fraction, 0);
  const fractions = (): number[] => parts.map(({ fraction }) => Math.round(100 * fraction));
  assert.deepEqual(fractions(), [6, 6, 6, 6]);
  world.deliver();
  assert.deepEqual(fractions(), [25, 25, 25, 25]);
  parts[0]?.used(true);
  world.deliver();
  assert.ok(sum() <= 1.001);
  for (const part of parts) part.used(false);
  parts[1]?.used(true);
  world.time.advance(250);
  world.deliver();
  const [first = 0, second = 0, third = 0] = fractions();
  assert.ok(first > 35 && second > 35 && third >= 6, fractions().join());
  assert.ok(sum() <= 1.001);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyLedger, type LimitedKey } from '../../gateway/key-ledger.ts';
import { MemoryState } from '../../memory/memory-state.ts';
import { VirtualTime } from '../../memory/virtual-time.ts';
import type { Timers } from '../../ports/clock.ts';
import type { KeyConfig } from '../../ports/config.ts';
import type { BurstCircumstances } from '../../policy/burst.ts';
import type { Reservation } from '../../policy/key-limits.ts';
import { KeyDesk } from './key-desk.ts';
import { SharedKeys } from './shared-keys.ts';
import type { Order, Report } from './words.ts';

const noLoan = (): BurstCircumstances => ({ lane: 'batch', fleetHasRoom: false, overloaded: true });

function keysOf(limits: Partial<KeyConfig['limits']>): ReadonlyMap<string, LimitedKey> {
  const all = { requestsPerMinute: null, tokensPerMinute: null, maxConcurrent: null, ...limits };
  return new Map([['k', { name: 'app', sha256: 'k', limits: all }]]);
}

/** Two workers and a primary; words arrive when the test lets them. */
class World {
  readonly time = new VirtualTime();
  readonly both = { clock: this.time, timers: this.time };
  readonly desk: KeyDesk;
  readonly workers: readonly SharedKeys[];
  readonly #reports: { worker: number; report: Report }[] = [];
  readonly #orders: { worker: number; order: Order }[] = [];

  constructor(limits: Partial<KeyConfig['limits']>) {
    const keys = keysOf(limits);
    const ledger = new KeyLedger(this.both, new MemoryState());
    ledger.adopt(keys);
    this.desk = new KeyDesk(this.time, ledger);
    this.workers = [1, 2].map((worker) => {
      const own = new SharedKeys(this.both, 2, (report) => this.#reports.push({ worker, report }));
      own.adopt(keys);
      return own;
    });
  }

  deliver(): void {
    while (this.#reports.length + this.#orders.length > 0) {
      for (const { worker, report } of this.#reports.splice(0)) this.#hear(worker, report);
      for (const { worker, order } of this.#orders.splice(0)) {
        if (order.kind === 'verdict') this.workers[worker - 1]?.onVerdict(order);
      }
    }
  }

  #hear(worker: number, report: Report): void {
    if (report.kind === 'reserve') {
      this.desk.reserve(worker, report, (order) => this.#orders.push({ worker, order }));
    }
    if (report.kind === 'settle') this.desk.settle(worker, report);
  }

  /** `null`: no word yet. */
  ask(worker: number, tokens = 1): { reservation: Reservation | null; refusal: string | null } {
    const asked: { reservation: Reservation | null; refusal: string | null } = { reservation: null, refusal: null };
    this.workers[worker - 1]?.of('k')?.ask(tokens, this.time.now(), noLoan, (reserved) => {
      if (reserved.ok) asked.reservation = reserved.value;
      else asked.refusal = reserved.error.kind;
    });
    return asked;
  }
}

test('a limit holds over both workers to the last request', () => {
  const world = new World({ requestsPerMinute: 5 });
  const asked = Array.from({ length: 8 }, (_, at) => world.ask((at % 2) + 1));
  assert.ok(asked.every(({ reservation, refusal }) => reservation === null && refusal === null));
  world.deliver();
  assert.equal(asked.filter(({ reservation }) => reservation !== null).length, 5);
  assert.deepEqual([...new Set(asked.map(({ refusal }) => refusal))], [null, 'requestLimit']);
  assert.equal(world.workers[0]?.of('k')?.levels(world.time.now()).requests?.limit, 5);
});

test('the one place of a key moves to the other worker when its holder is done', () => {
  const world = new World({ maxConcurrent: 1 });
  const first = world.ask(1);
  world.deliver();
  const second = world.ask(2);
  world.deliver();
  assert.equal(second.refusal, 'concurrencyLimit');
  first.reservation?.settle(1, world.time.now());
  first.reservation?.settle(1, world.time.now());
  world.deliver();
  const third = world.ask(2);
  world.deliver();
  assert.ok(third.reservation !== null);
});

test('what was not sent is given back, and what was costs what it came to', () => {
  const world = new World({ tokensPerMinute: 100 });
  const first = world.ask(1, 100);
  world.deliver();
  first.reservation?.settle(30, world.time.now());
  const second = world.ask(2, 70);
  world.deliver();
  assert.ok(second.reservation !== null);
  second.reservation.cancel(world.time.now());
  const third = world.ask(1, 70);
  world.deliver();
  assert.ok(third.reservation !== null);
});

test('places of a worker that died are free, and what it had reserved counts as used', () => {
  const world = new World({ maxConcurrent: 1, requestsPerMinute: 2 });
  world.ask(1);
  world.deliver();
  world.desk.leave(1);
  const second = world.ask(2);
  world.deliver();
  assert.ok(second.reservation !== null);
  second.reservation.settle(1, world.time.now());
  const third = world.ask(2);
  world.deliver();
  assert.equal(third.refusal, 'requestLimit');
});

test('while the primary is silent each worker goes by its part, and a late word reserves nothing', () => {
  const world = new World({ requestsPerMinute: 4 });
  const told: boolean[] = [];
  for (const worker of world.workers) worker.onSilence = (isSilent) => told.push(isSilent);
  const first = world.ask(1);
  assert.equal(first.reservation, null);
  world.time.advance(1_000);
  assert.ok(first.reservation !== null);
  // For a moment nobody is kept waiting.
  assert.deepEqual([world.ask(1).refusal, world.ask(1).refusal], [null, 'requestLimit']);
  world.deliver();
  world.time.advance(2_000);
  assert.deepEqual(told, [true]);
  const again = world.ask(1);
  world.deliver();
  assert.deepEqual(told, [true, false]);
  again.reservation?.cancel(world.time.now());
  const later = Array.from({ length: 4 }, () => world.ask(2));
  world.deliver();
  assert.ok(later.every(({ reservation }) => reservation !== null));
});

test('a worker that stood still itself hears what came meanwhile before it goes by its part', () => {
  const clock = new VirtualTime();
  const due: (() => void)[] = [];
  const timers: Timers = { after: (_, fire) => (due.push(fire), { cancel: () => {} }) };
  const own = new SharedKeys({ clock, timers }, 2, () => {});
  let silences = 0;
  own.onSilence = () => silences++;
  own.adopt(keysOf({ maxConcurrent: 1 }));
  let refusal = 'none yet';
  own.of('k')?.ask(1, clock.now(), noLoan, (reserved) => (refusal = reserved.ok ? 'none' : reserved.error.kind));
  clock.advance(5_000);
  // What is due comes first, and then the words that lie there.
  for (const fire of due.splice(0)) fire();
  const refused = { kind: 'concurrencyLimit', retryAfterMs: null, message: '' } as const;
  own.onVerdict({ kind: 'verdict', id: 1, refusal: refused, levels: null });
  while (due.length > 0) due.shift()?.();
  assert.equal(refusal, 'concurrencyLimit');
  assert.equal(silences, 0);
});

test('a key without limits needs nobody’s word', () => {
  const world = new World({});
  assert.ok(world.ask(1).reservation !== null);
  assert.equal(world.workers[0]?.of('stranger'), null);
});

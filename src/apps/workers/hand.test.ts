import assert from 'node:assert/strict';
import type { Worker } from 'node:cluster';
import { EventEmitter } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import { VirtualTime } from '../../memory/virtual-time.ts';
import { Hand } from './hand.ts';
import type { Order, Report, WorkerTask } from './words.ts';

/** A process as its parent sees it; a signal ends it at once. */
class Child extends EventEmitter {
  readonly id: number;
  readonly heard: string[] = [];
  /** It says nothing any more, and still does not end. */
  isStill = false;
  readonly process = { kill: (signal: string): boolean => this.emit('exit', null, signal) };

  constructor(id: number) {
    super();
    this.id = id;
  }

  send(orders: readonly Order[]): boolean {
    for (const { kind } of orders) {
      this.heard.push(kind);
      if (kind === 'begin') this.say({ kind: 'ready' });
      if (kind === 'ping' && !this.isStill) this.say({ kind: 'pong' });
    }
    return true;
  }

  say(report: Report): void {
    this.emit('message', [report]);
  }
}

class World {
  readonly time = new VirtualTime();
  readonly children: Child[] = [];
  readonly ended: string[] = [];
  readonly hand = new Hand({
    clock: this.time,
    timers: this.time,
    fork: () => {
      const child = new Child(this.children.length + 1);
      this.children.push(child);
      return child as unknown as Worker;
    },
    task: () => ({}) as WorkerTask,
    onReport: () => {},
    onEnded: (_, how) => this.ended.push(how),
  });

  get child(): Child {
    const child = this.children.at(-1);
    assert.ok(child !== undefined);
    return child;
  }

  async serve(): Promise<void> {
    const started = this.hand.start();
    await this.begin();
    await started;
  }

  async begin(): Promise<void> {
    this.child.say({ kind: 'hello' });
    await turn();
  }

  /** Words are said and answered in between. */
  async pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      this.time.advance(1_000);
      await turn();
    }
  }
}

test('a process that stands still is ended, and another takes its place', async () => {
  const world = new World();
  await world.serve();
  await world.pass(60);
  assert.deepEqual(world.ended, []);
  world.child.isStill = true;
  await world.pass(19);
  assert.deepEqual(world.ended, []);
  await world.pass(7);
  assert.deepEqual(world.ended, ['it stood still for 20 s']);
  assert.equal(world.children.length, 2);
  await world.begin();
  assert.ok(world.hand.isReady);
  await world.pass(60);
  assert.equal(world.children.length, 2);
});

test('whatever it says is a sign of life, and a stop ends the looking', async () => {
  const world = new World();
  await world.serve();
  world.child.isStill = true;
  for (let turns = 0; turns < 6; turns++) {
    await world.pass(10);
    world.child.say({ kind: 'reload' });
  }
  assert.deepEqual(world.ended, []);
  const stopped = world.hand.stop('test');
  await world.pass(60);
  assert.deepEqual(world.ended, []);
  assert.equal(world.child.heard.at(-1), 'stop');
  world.child.emit('exit', 0, null);
  await stopped;
  assert.equal(world.children.length, 1);
});

test('a stop that comes while its process starts waits for that one alone', async () => {
  const world = new World();
  await world.serve();
  await world.pass(10);
  world.child.process.kill('SIGKILL');
  await world.pass(1);
  assert.equal(world.children.length, 2);
  const stopped = world.hand.stop('test');
  await world.begin();
  assert.deepEqual(world.child.heard, ['stop', 'begin']);
  await world.pass(60);
  assert.deepEqual(world.ended, ['SIGKILL']);
  world.child.emit('exit', 0, null);
  await stopped;
  await world.pass(60);
  assert.equal(world.children.length, 2);
});

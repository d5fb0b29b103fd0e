import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ShareBook, type ShareReport, type ShareWord } from './share-book.ts';

/** One that holds by what it was told last, and hears and says everything late. */
class Holder {
  share = 0;
  serial = 0;
  held = 0;
  wish = 0;
  readonly inbox: ShareWord[] = [];
  readonly outbox: ShareReport[] = [];

  hear(): void {
    const word = this.inbox.shift();
    if (word === undefined) return;
    this.share = word.share;
    this.serial = word.serial;
    this.say();
  }

  take(): void {
    if (this.held < this.share) this.held++;
  }

  end(): void {
    if (this.held === 0) return;
    this.held--;
    this.say();
  }

  say(): void {
    this.outbox.push({ serial: this.serial, held: this.held, wanted: Math.max(this.held, this.wish) });
  }
}

class World {
  readonly book: ShareBook;
  readonly holders: Holder[];

  constructor(whole: number, members: number) {
    this.book = new ShareBook(whole);
    this.holders = Array.from({ length: members }, () => new Holder());
    this.holders.forEach((_, member) => this.post(this.book.join(member)));
  }

  get held(): number {
    return this.holders.reduce((sum, { held }) => sum + held, 0);
  }

  post(words: readonly ShareWord[]): void {
    for (const word of words) this.holders[word.member]?.inbox.push(word);
  }

  deliver(member: number): void {
    const report = this.holders[member]?.outbox.shift();
    if (report !== undefined) this.post(this.book.report(member, report));
  }

  settle(): void {
    for (
      let turn = 0;
      turn < 1_000 && this.holders.some(({ inbox, outbox }) => inbox.length + outbox.length > 0);
      turn++
    ) {
      for (const [member, holder] of this.holders.entries()) {
        holder.hear();
        this.deliver(member);
      }
    }
  }
}

const moves = ['take', 'end', 'hear', 'deliver', 'want', 'rest', 'die'] as const;

test('whatever is late, all together never hold more than the whole', () => {
  const step = fc.tuple(fc.nat(7), fc.constantFrom(...moves), fc.nat(30));
  fc.assert(
    fc.property(
      fc.nat(20),
      fc.integer({ min: 1, max: 8 }),
      fc.array(step, { maxLength: 300 }),
      (whole, members, steps) => {
        const world = new World(whole, members);
        for (const [number, move, wish] of steps) {
          const member = number % members;
          const holder = world.holders[member];
          if (holder === undefined) continue;
          if (move === 'take' || move === 'end' || move === 'hear') holder[move]();
          if (move === 'deliver') world.deliver(member);
          if (move === 'want' || move === 'rest') {
            holder.wish = move === 'want' ? wish : 0;
            holder.say();
          }
          if (move === 'die') {
            world.holders[member] = new Holder();
            world.post(world.book.leave(member));
            world.post(world.book.join(member));
          }
          assert.ok(world.held <= whole, `${world.held} of ${whole} are held`);
          assert.ok(world.book.committed <= whole);
        }
      },
    ),
  );
});

test('once all is said and heard, the shares come to the whole', () => {
  fc.assert(
    fc.property(fc.nat(50), fc.array(fc.nat(60), { minLength: 1, maxLength: 8 }), (whole, wishes) => {
      const world = new World(whole, wishes.length);
      for (const [member, wish] of wishes.entries()) {
        const holder = world.holders[member];
        if (holder === undefined) continue;
        holder.wish = wish;
        holder.say();
      }
      world.settle();
      assert.equal(
        world.holders.reduce((sum, { share }) => sum + share, 0),
        whole,
      );
    }),
  );
});

test('the one place there is moves to whom wants it, when who has it is done', () => {
  const world = new World(1, 8);
  const [first, , third] = world.holders;
  assert.ok(first !== undefined && third !== undefined);
  first.wish = 1;
  first.say();
  world.settle();
  first.take();
  assert.equal(first.held, 1);
  third.wish = 1;
  third.say();
  world.settle();
  third.take();
  assert.equal(third.held, 0);
  first.wish = 0;
  first.end();
  world.settle();
  third.take();
  assert.deepEqual([first.held, third.held], [0, 1]);
});

test('who dies leaves its part to the others, and a smaller whole is reached as things end', () => {
  const world = new World(4, 2);
  const [first, second] = world.holders;
  assert.ok(first !== undefined && second !== undefined);
  second.wish = 4;
  second.say();
  world.settle();
  assert.equal(second.share, 4);
  for (let i = 0; i < 4; i++) second.take();
  world.post(world.book.leave(0));
  world.post(world.book.resize(2));
  world.settle();
  assert.deepEqual([second.share, second.held, world.book.committed], [2, 4, 4]);
  second.end();
  second.end();
  second.take();
  world.settle();
  assert.deepEqual([second.held, world.book.committed], [2, 2]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type FairPlace, FairShare, type Waiter } from './fair-share.ts';

interface Person extends Waiter {
  readonly name: string;
}

class Counter {
  readonly share = new FairShare<Person>();
  readonly places = new Map<Person, FairPlace<Person>>();
  #number = 0;

  add(tenant: string, tokens = 10, more: { deadlineAt?: number; weight?: number } = {}): Person {
    const number = this.#number++;
    const { deadlineAt = Infinity, weight = 1 } = more;
    const person: Person = { tenant, tokens, weight, deadlineAt, number, name: `${tenant}${number}` };
    this.places.set(person, this.share.add(person));
    return person;
  }

  place(person: Person): FairPlace<Person> {
    const place = this.places.get(person);
    assert.ok(place !== undefined);
    return place;
  }

  serve(): Person | null {
    const first = this.share.first;
    if (first !== null) this.share.serve(this.place(first));
    return first;
  }

  serveAll(): string {
    const names: string[] = [];
    for (let person = this.serve(); person !== null; person = this.serve()) names.push(person.tenant);
    return names.join('');
  }
}

test('tenants take turns, however many of one wait', () => {
  const counter = new Counter();
  for (const tenant of 'aaaabbc') counter.add(tenant);
  assert.equal(counter.serveAll(), 'abcabaa');
});

test('turns are measured in tokens, not in requests', () => {
  const counter = new Counter();
  for (let at = 0; at < 6; at++) counter.add('a', 10);
  for (let at = 0; at < 2; at++) counter.add('b', 30);
  assert.equal(counter.serveAll(), 'abaaabaa');
});

test('a tenant of twice the weight is served twice as much', () => {
  const counter = new Counter();
  for (let at = 0; at < 40; at++) counter.add('a', 10, { weight: 2 });
  for (let at = 0; at < 40; at++) counter.add('b', 10);
  const served = Array.from({ length: 30 }, () => counter.serve()?.tenant);
  assert.equal(served.filter((tenant) => tenant === 'a').length, 20);
  assert.equal(counter.share.weight, 3);
});

test('tokens charged later count: who was answered at length waits longer', () => {
  const counter = new Counter();
  for (const tenant of 'ababab') counter.add(tenant);
  assert.equal(counter.serve()?.tenant, 'a');
  counter.share.charge('a', 20);
  assert.equal(counter.serveAll(), 'bbbaa');
});

test('a pause earns credit for a few requests, and no more', () => {
  const counter = new Counter();
  for (let at = 0; at < 100; at++) counter.add('busy', 1_000);
  for (let at = 0; at < 50; at++) counter.serve();
  for (let at = 0; at < 20; at++) counter.add('back', 1_000);
  const next = Array.from({ length: 12 }, () => counter.serve()?.tenant);
  assert.deepEqual(next.slice(0, 4), ['back', 'back', 'back', 'back'], 'its few requests pass the many');
  const rest = next.slice(4);
  assert.ok(rest.filter((tenant) => tenant === 'busy').length >= 4, 'then they take turns');
});

test('leaving and coming back does not shed a debt', () => {
  const counter = new Counter();
  for (let at = 0; at < 9; at++) counter.add('patient');
  counter.add('debtor', 35);
  assert.equal(counter.serve()?.tenant, 'patient');
  assert.equal(counter.serve()?.tenant, 'debtor');
  counter.add('debtor', 35);
  const next = Array.from({ length: 4 }, () => counter.serve()?.tenant);
  assert.deepEqual(next, ['patient', 'patient', 'patient', 'debtor']);
});

test('inside a tenant the earliest deadline comes first, then the earliest arrival', () => {
  const counter = new Counter();
  const none = counter.add('a');
  const late = counter.add('a', 10, { deadlineAt: 900 });
  const soon = counter.add('a', 10, { deadlineAt: 100 });
  const soonToo = counter.add('a', 10, { deadlineAt: 100 });
  assert.deepEqual(
    [soon, soonToo, late, none].map((person) => counter.share.aheadOf(counter.place(person))),
    [0, 1, 2, 3],
  );
  assert.deepEqual([counter.serve(), counter.serve(), counter.serve(), counter.serve()], [soon, soonToo, late, none]);
});

test('who leaves is not served, and what it held is free again', () => {
  const counter = new Counter();
  const gone = counter.add('a', 7);
  counter.add('b', 5);
  assert.deepEqual([counter.share.size, counter.share.tokens, counter.share.tenants], [2, 12, 2]);
  assert.equal(counter.share.leave(counter.place(gone)), true);
  assert.equal(counter.share.leave(counter.place(gone)), false);
  assert.deepEqual([counter.share.size, counter.share.tokens, counter.share.tenants], [1, 5, 1]);
  assert.equal(counter.share.tokensOf('a'), 0);
  assert.equal(counter.serveAll(), 'b');
});

test('ahead are as many of each other tenant as of the own', () => {
  const counter = new Counter();
  for (const tenant of 'aaaab') counter.add(tenant);
  const last = counter.add('b');
  counter.add('c');
  // a, b, c, a come first.
  assert.equal(counter.share.aheadOf(counter.place(last)), 4);
});

test('tenants who are not ahead of the others are forgotten', () => {
  const counter = new Counter();
  for (let at = 0; at < 1_000; at++) {
    counter.add(`visitor ${at}`);
    counter.add('regular');
    counter.serve();
    counter.serve();
  }
  counter.add('regular', 1_000_000);
  counter.add('last');
  counter.serve();
  counter.serve();
  assert.ok(counter.share.tenantsKnown <= 3, `${counter.share.tenantsKnown} tenants are known`);
});

test('however many are ahead, only so many are remembered', () => {
  const counter = new Counter();
  for (let at = 0; at < 20_000; at++) counter.share.charge(`tenant ${at}`, 1 + at);
  assert.equal(counter.share.tenantsKnown, 10_000);
});

/** Three tenants of whom two always wait; answers end in any order, within a bound on what is in flight. */
test('two tenants who wait all the time never differ by more than the bound of VTC', () => {
  const inputMax = 40;
  const inFlightMax = 300;
  const outputWeight = 2;
  const bound = 2 * Math.max(inputMax, outputWeight * inFlightMax);
  const request = fc.record({
    tenant: fc.constantFrom('a', 'b', 'other', 'another'),
    input: fc.integer({ min: 1, max: inputMax }),
    output: fc.integer({ min: 0, max: 200 }),
    ends: fc.nat({ max: 20 }),
  });
  fc.assert(
    fc.property(fc.array(request, { minLength: 20, maxLength: 300 }), (requests) => {
      const counter = new Counter();
      const outputs = new Map<Person, number>();
      const inFlight: Person[] = [];
      const served = { a: 0, b: 0 };
      const count = (tenant: string, tokens: number): void => {
        if (tenant === 'a' || tenant === 'b') served[tenant] += tokens;
      };
      const enter = (tenant: string, input: number, output: number): void => {
        outputs.set(counter.add(tenant, input), output);
      };
      const total = (): number => inFlight.reduce((sum, person) => sum + person.tokens + (outputs.get(person) ?? 0), 0);
      for (const { tenant, input, output, ends } of requests) {
        enter(tenant, input, output);
        // Backlogged: each always has one waiting.
        for (const one of ['a', 'b']) if (counter.share.tokensOf(one) === 0) enter(one, input, output);
        const first = counter.share.first;
        if (first !== null && total() + first.tokens + (outputs.get(first) ?? 0) <= inFlightMax) {
          counter.serve();
          count(first.tenant, first.tokens);
          inFlight.push(first);
          for (const one of ['a', 'b']) if (counter.share.tokensOf(one) === 0) enter(one, input, output);
        }
        const [ended] = ends < inFlight.length ? inFlight.splice(ends, 1) : [];
        if (ended === undefined) continue;
        const tokens = outputWeight * (outputs.get(ended) ?? 0);
        counter.share.charge(ended.tenant, tokens);
        count(ended.tenant, tokens);
        assert.ok(Math.abs(served.a - served.b) <= bound, `${served.a} against ${served.b}`);
      }
    }),
    { numRuns: 500 },
  );
});

test('one who sends fifty times as much delays another by no more than the bound', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 5, maxLength: 30 });
  fc.assert(
    fc.property(sizes, fc.infiniteStream(fc.integer({ min: 1, max: 100 })), (polite, abusive) => {
      const counter = new Counter();
      for (const tokens of polite) {
        for (let at = 0; at < 50; at++) counter.add('abuser', abusive.next().value ?? 1);
        for (let at = 0; at < 3; at++) counter.serve();
        const person = counter.add('polite', tokens);
        let before = 0;
        for (let next = counter.serve(); next !== person; next = counter.serve()) before += next?.tokens ?? 0;
        assert.ok(before <= 2 * 100, `${before} tokens of the abuser came first`);
      }
    }),
  );
});

test('who is passed over for now still weighs while others come and go', () => {
  const counter = new Counter();
  const { share } = counter;
  const waiting = counter.add('a', 10, { weight: 2 });
  const other = counter.add('b');
  share.passOver(counter.place(waiting));
  share.leave(counter.place(other));
  assert.equal(share.weight, 2);
  share.callBack();
  share.leave(counter.place(waiting));
  assert.equal(share.weight, 0);
});

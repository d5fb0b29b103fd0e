import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exchangeWith } from '../../test/sample-facts.ts';
import type { Fact } from '../kernel/facts.ts';
import type { FactSink } from '../ports/fact-sink.ts';
import { FactFan } from './fact-fan.ts';

class Recorder implements FactSink {
  readonly facts: Fact[] = [];
  accept(fact: Fact): void {
    this.facts.push(fact);
  }
}

class Thrower implements FactSink {
  readonly error: () => unknown;
  constructor(error: () => unknown) {
    this.error = error;
  }
  accept(): void {
    throw this.error();
  }
}

const fact = exchangeWith({});

test('every sink gets every fact in the order of the sinks', () => {
  const first = new Recorder();
  const second = new Recorder();
  const fan = new FactFan([first, second], () => assert.fail('no bug'));
  fan.accept(fact);
  assert.deepEqual([first.facts, second.facts], [[fact], [fact]]);
});

test('a throwing sink harms neither the teller nor the sinks after it, and is reported once', () => {
  const after = new Recorder();
  const bugs: string[] = [];
  const thrower = new Thrower(() => new TypeError('broken'));
  const fan = new FactFan([thrower, after], (where, error) => bugs.push(`${where}: ${error}`));
  for (let i = 0; i < 10; i++) fan.accept(fact);
  assert.equal(after.facts.length, 10);
  assert.deepEqual(bugs, ['fact sink 1 (Thrower): TypeError: broken']);
  assert.equal(fan.caught, 10);
});

test('a bug told on as a fact does not run in circles', () => {
  const seen = new Recorder();
  const fan: FactFan = new FactFan([new Thrower(() => 'no error object'), seen], (where, error) =>
    fan.accept({ kind: 'bug', at: 0 as never, where, error }),
  );
  fan.accept(fact);
  assert.deepEqual(
    seen.facts.map((one) => one.kind),
    ['bug', 'exchange'],
  );
});

test('errors that never repeat are reported a bounded number of times', () => {
  let reports = 0;
  let serial = 0;
  const thrower = new Thrower(() => new Error(`number ${serial++}`));
  const fan = new FactFan([thrower], () => reports++);
  for (let i = 0; i < 500; i++) fan.accept(fact);
  assert.equal(reports, 100);
  assert.equal(fan.caught, 500);
});

test('a report that throws is caught too', () => {
  const fan = new FactFan([new Thrower(() => new Error('x'))], () => {
    throw new Error('report failed');
  });
  fan.accept(fact);
  assert.equal(fan.caught, 2);
});

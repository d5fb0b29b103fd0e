// The fairness checker is shown favouritism, and finds it; and finds nothing where all is as it should be.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairnessChecker } from './fairness-checker.ts';
import type { Ask, SendRecord } from './front.ts';

/** A small lane: each request is 1,000 of work, and is answered at once when it is sent. */
class Lane {
  readonly findings: string[] = [];
  now = 0;
  readonly #checker = new FairnessChecker(
    () => this.now,
    (finding) => this.findings.push(finding),
  );
  #asks = 0;

  ask(tenant: number, promptTokens = 800): Ask {
    const number = this.#asks++;
    const ask: Ask = {
      number,
      wish: { number, atMs: this.now, tenant, lane: 'standard', promptTokens, outputTokens: 100 },
      attempt: 1,
      askedAt: this.now,
      sends: 0,
      firstTokenAt: null,
      tokensRead: 0,
      endedAt: null,
      ending: null,
    };
    this.#checker.onAsked(ask);
    return ask;
  }

  serve(ask: Ask, refusedWith: number | null = null, broke = false): void {
    ask.sends++;
    const upstream = 'engine';
    const over = { tokensReadBefore: 0, resumes: false, began: broke, broke, refusedWith };
    const send: SendRecord = { ask, upstream, sentAt: this.now, ...over };
    this.#checker.onSend(send);
    this.#checker.onSendEnded(send);
  }

  refuse(ask: Ask): void {
    ask.ending = 'refused';
    this.#checker.onEnded(ask);
  }

  second(): void {
    this.now += 1_000;
    this.#checker.onSecond();
  }
}

test('two who always wait and take turns are served alike', () => {
  const lane = new Lane();
  const waiting = [lane.ask(1), lane.ask(2)];
  for (let turn = 0; turn < 100; turn++) {
    const next = waiting.shift() as Ask;
    waiting.push(lane.ask(next.wish.tenant));
    lane.serve(next);
    lane.second();
  }
  assert.deepEqual(lane.findings, []);
});

test('one of two who always wait is served alone: found when it is ahead by more than the bound', () => {
  const lane = new Lane();
  lane.ask(2);
  let next = lane.ask(1);
  const ahead = (times: number): void => {
    for (let turn = 0; turn < times; turn++) {
      const after = lane.ask(1);
      lane.serve(next);
      next = after;
      lane.second();
    }
  };
  // Twice the largest request, and the credit.
  ahead(6);
  assert.deepEqual(lane.findings, []);
  ahead(1);
  assert.equal(lane.findings.length, 1);
  assert.match(lane.findings[0] ?? '', /tenants 1 and 2 .* was served 7000 more, beyond 6000/);
});

test('what was served while the other did not wait, and what was refused, does not count', () => {
  const lane = new Lane();
  let next = lane.ask(1);
  const serveAlone = (times: number, refusedWith: number | null): void => {
    for (let turn = 0; turn < times; turn++) {
      const after = lane.ask(1);
      lane.serve(next, refusedWith);
      next = after;
      lane.second();
    }
  };
  serveAlone(50, null);
  lane.ask(2);
  serveAlone(6, null);
  serveAlone(50, 503);
  assert.deepEqual(lane.findings, []);
});

test('what breaks off is nobody’s favour: the two are compared anew from there', () => {
  const lane = new Lane();
  lane.ask(1);
  let next = lane.ask(2);
  const serve = (times: number, broke: boolean): void => {
    for (let turn = 0; turn < times; turn++) {
      const after = lane.ask(2);
      lane.serve(next, null, broke);
      next = after;
      lane.second();
    }
  };
  serve(6, false);
  serve(1, true);
  serve(6, false);
  assert.deepEqual(lane.findings, []);
  serve(1, false);
  assert.equal(lane.findings.length, 1);
});

/** An abuser is served all the time; one who asks little is refused after `past` of its requests. */
function refusedAfter(past: number, promptTokens = 800, refusedWith: number | null = null): readonly string[] {
  const lane = new Lane();
  for (let turn = 0; turn < 200; turn++) {
    lane.serve(lane.ask(1));
    lane.now += 100;
  }
  const light = lane.ask(2, promptTokens);
  for (let turn = 0; turn < past; turn++) {
    lane.now += 100;
    lane.serve(lane.ask(1), refusedWith);
  }
  lane.refuse(light);
  return lane.findings;
}

test('who asks for little and is refused while one who asks for much goes past is found', () => {
  assert.deepEqual(refusedAfter(6), []);
  assert.match(refusedAfter(7)[0] ?? '', /ask 200 of tenant 2, standard, was refused; .*7000 of tenant 1 went past it/);
});

test('what was sent and refused has gone past nobody', () => {
  assert.deepEqual(refusedAfter(20, 800, 429), []);
});

test('who asks for more than that may be refused', () => {
  assert.deepEqual(refusedAfter(30, 60_000), []);
});

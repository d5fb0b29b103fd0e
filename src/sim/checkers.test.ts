// Each checker is shown what it is there to find, and finds it; and finds nothing in a good course of events.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExchangeFact, Fact } from '../kernel/facts.ts';
import type { GaugeReading } from '../ports/gauges.ts';
import { Checkers } from './checkers.ts';
import type { Ask, SendRecord } from './front.ts';

const ask = (over: Partial<Ask> = {}): Ask => ({
  number: 7,
  wish: { number: 3, atMs: 0, tenant: 1, lane: 'vip', promptTokens: 100, outputTokens: 100 },
  attempt: 1,
  askedAt: 0,
  sends: 1,
  firstTokenAt: null,
  tokensRead: 0,
  endedAt: null,
  ending: null,
  ...over,
});

const send = (over: Partial<SendRecord> = {}): SendRecord => ({
  ask: ask(),
  upstream: 'engine',
  sentAt: 10,
  tokensReadBefore: 0,
  resumes: false,
  refusedWith: null,
  began: false,
  broke: false,
  ...over,
});

const gauge = (name: string, value: number, labels: Record<string, string> = {}): GaugeReading => ({
  name,
  help: '',
  labels,
  value,
});

function checkers(gauges: readonly GaugeReading[] = []): Checkers {
  const made = new Checkers(
    { deadlines: true, resendPercent: 10, fairShares: true, lanes: true },
    new Map([['engine', 'engine']]),
    () => 1_234,
  );
  made.watch({ ask: () => ({ leave: () => {} }), gauges: () => gauges });
  return made;
}

function found(work: (made: Checkers) => void, gauges: readonly GaugeReading[] = []): readonly string[] {
  const made = checkers(gauges);
  work(made);
  return made.findings;
}

function one(findings: readonly string[], words: RegExp): void {
  assert.equal(findings.length, 1, findings.join('; '));
  assert.match(findings[0] ?? '', words);
}

test('a good course of events finds nothing', () => {
  const findings = found(
    (made) => {
      const record = send();
      made.onSend(record);
      made.onSecond();
      made.onSendEnded(record);
      made.onEnded(record.ask);
    },
    [
      gauge('upstream_in_flight', 1),
      gauge('queue_depth', 3, { lane: 'vip' }),
      gauge('queue_capacity', 3, { lane: 'vip' }),
    ],
  );
  assert.deepEqual(findings, []);
});

test('a second ending is found', () => {
  const twice = ask({ ending: 'answered' });
  one(
    found((made) => {
      made.onEnded(twice);
      made.onEnded(twice);
    }),
    /ended a second time/,
  );
});

test('a second outcome of one exchange, and a bug, are found', () => {
  const fact = { kind: 'exchange', exchange: { id: 'sx_1' } as ExchangeFact } as Fact;
  one(
    found((made) => {
      made.onFact(fact);
      made.onFact(fact);
    }),
    /second outcome/,
  );
  one(
    found((made) => made.onFact({ kind: 'bug', at: 0, where: 'here', error: 'Error: no' } as Fact)),
    /a bug in here/,
  );
});

test('a ticket that did not come back is found', () => {
  one(
    found((made) => made.onSecond(), [gauge('upstream_in_flight', 2, { upstream: 'a' })]),
    /2 tickets are out, but 0 sends/,
  );
});

test('a lane fuller than its seats is found', () => {
  const seats = [gauge('queue_depth', 4, { lane: 'batch' }), gauge('queue_capacity', 3, { lane: 'batch' })];
  one(
    found(
      (made) => {
        const record = send();
        made.onSend(record);
        made.onSecond();
      },
      [...seats, gauge('upstream_in_flight', 1)],
    ),
    /4 wait in lane batch, which seats 3/,
  );
});

test('a send after the deadline is found, one that resumes an answer is none', () => {
  one(
    found((made) => made.onSend(send({ sentAt: 1_501 }))),
    /1 ms after its deadline/,
  );
  assert.deepEqual(
    found((made) => made.onSend(send({ sentAt: 9_000, tokensReadBefore: 5, resumes: true }))),
    [],
  );
});

test('an answer begun anew after the client had read of it is found', () => {
  one(
    found((made) => made.onSend(send({ tokensReadBefore: 5 }))),
    /sent anew after its client had read 5 tokens/,
  );
});

test('text that repeats is found, and a send for somebody who has left', () => {
  one(
    found((made) => made.onWrongText(ask())),
    /not its own, or does not follow its first 0 tokens/,
  );
  const gone = ask({ ending: 'left' });
  one(
    found((made) => {
      made.onEnded(gone);
      made.onSend(send({ ask: gone }));
    }),
    /sent after it had ended/,
  );
});

/** What is found when so many requests of 1,000 tokens are sent once, and one of them again and again. */
const resent = (once: number, again: number): readonly string[] =>
  found((made) => {
    const wish = { ...ask().wish, promptTokens: 1_000 };
    for (let at = 0; at < once; at++) made.onSend(send({ ask: ask({ wish }) }));
    const other = ask({ wish });
    for (let at = 0; at <= again; at++) made.onSend(send({ ask: other }));
  });

test('more resent than the budget allows is found', () => {
  // An eighth of 122,000, and four times 4,096.
  assert.deepEqual(resent(90, 31), []);
  one(resent(90, 32), /32000 of 123000 tokens sent to engine in 30 s were resent/);
});

test('an answer taken away from who reads it is found, one that its far side broke off is not', () => {
  const reader = ask({ tokensRead: 5, ending: 'broken' });
  one(
    found((made) => made.onEnded(reader)),
    /broken off after 5 tokens, and not by its far side/,
  );
  const findings = found((made) => {
    const record = send({ ask: reader, broke: true });
    made.onSend(record);
    made.onSendEnded(record);
    made.onEnded(reader);
  });
  assert.deepEqual(
    findings.filter((finding) => finding.includes('broken off')),
    [],
  );
});

/** What is found when a second request is sent, and the windows then hold and may hold this much. */
function sentInto(name: string, held: number, max: number, other: Partial<SendRecord> = {}): readonly string[] {
  const labels = { target: 'engine/m' };
  const now = [gauge(name, 0, labels), gauge(`${name}_max`, max, labels)];
  return found((made) => {
    made.onSend(send({ ask: ask({ number: 6 }), ...other }));
    now[0] = gauge(name, held, labels);
    made.onSend(send());
  }, now);
}

test('a send into a full window is found, at that very send', () => {
  one(sentInto('window_tokens', 101, 100), /ask 7 was sent though window_tokens of engine then held 101, above 100/);
  assert.deepEqual(sentInto('window_tokens', 100, 100), []);
  assert.deepEqual(sentInto('window_tokens', 500, -1), [], 'no limit yet');
  assert.deepEqual(sentInto('window_tokens', 500, 100, { upstream: 'other' }), [], 'alone at its upstream');
});

test('vips may go above the prefill window by half, and nobody above that unless all others have begun', () => {
  const name = 'window_prefill_tokens';
  assert.deepEqual(sentInto(name, 150, 100), []);
  one(sentInto(name, 151, 100), /window_prefill_tokens of engine then held 151/);
  assert.deepEqual(sentInto(name, 151, 100, { began: true }), []);
});

/** What is found in 200 s about a batch request that nothing is sent for and nobody ends, and about one that is sent. */
function foundIdle(deadlines: boolean, over: Partial<Ask> = {}): readonly string[] {
  let now = 0;
  const made = new Checkers({ deadlines, resendPercent: null, fairShares: false, lanes: false }, new Map(), () => now);
  made.watch({ ask: () => ({ leave: () => {} }), gauges: () => [gauge('upstream_in_flight', 1)] });
  const wish = { ...ask().wish, lane: 'batch' as const };
  const [idle, busy] = [ask({ number: 1, wish, ...over }), ask({ number: 2, wish })];
  made.onAsked(idle);
  made.onAsked(busy);
  made.onSend(send({ ask: busy }));
  for (now = 1_000; now <= 200_000; now += 1_000) made.onSecond();
  return made.findings;
}

test('an ask that nothing is done for and nobody ends is found after a minute, once', () => {
  one(foundIdle(false), /at 60.000 s: ask 1 has not ended, and nothing was done for it in 60 s/);
  one(foundIdle(true, { tokensRead: 5 }), /at 60.000 s: ask 1 has not ended/);
});

test('an ask that is not told by its deadline is found, where that is promised', () => {
  one(foundIdle(true), /at 12.000 s: ask 1 was not told that its deadline had passed 2000 ms ago/);
});

test('a window below its least is found', () => {
  one(
    found((made) => made.onSecond(), [gauge('window_tokens_max', 5, { target: 'engine/m' })]),
    /the window of engine\/m is 5, below its least of/,
  );
});

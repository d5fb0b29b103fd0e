import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wellFigures, wellHistory, wellUpstream } from '../../../test/support/figures.ts';
import { burst, noisyTenant, retries, shortage } from './demand-rules.ts';
import type { CallerFigures } from './figures.ts';

const waiting = { waitingBefore: 3, waitingNow: 9 };
const caller = (name: string, share: number): CallerFigures => ({
  name,
  exchanges: 10,
  tokenShare: share,
  exchangeShare: share / 2,
  limited: 0,
});

test('twice as many as before, and somebody waits: a burst', () => {
  const history = wellHistory({ arrivalsPerSecondNow: 20, arrivalsPerSecondBefore: 4 });
  const found = burst(wellFigures({ ...waiting, history }));
  assert.equal(found?.evidence[0], '20.0 requests a second, 4.0 before');
});

test('no burst: nobody waits, it is as it was, it has long been so, or nothing is known of before', () => {
  const history = wellHistory({ arrivalsPerSecondNow: 20, arrivalsPerSecondBefore: 4 });
  assert.equal(burst(wellFigures({ history })), null);
  assert.equal(burst(wellFigures({ ...waiting })), null);
  assert.equal(burst(wellFigures({ ...waiting, history: { ...history, strainedShareBefore: 0.5 } })), null);
  assert.equal(burst(wellFigures({ ...waiting, history: { ...history, arrivalsPerSecondBefore: null } })), null);
  assert.equal(burst(wellFigures({ ...waiting, history: null })), null);
});

test('full, and it has long been so: a shortage', () => {
  const figures = wellFigures({
    ...waiting,
    history: wellHistory({ strainedShareBefore: 0.6 }),
    upstreams: [wellUpstream({ windowShare: 0.97 }), wellUpstream({ name: 'idle', inFlight: 0, attempts: 0 })],
  });
  assert.match(
    shortage(figures)?.evidence.join('; ') ?? '',
    /60 % of those before .* over 120 s.*gpu \(window 97 % full\)/,
  );
  assert.equal(shortage({ ...figures, upstreams: [wellUpstream({ windowShare: 0.5 })] }), null, 'there is room');
  assert.equal(shortage({ ...figures, history: wellHistory() }), null, 'it has just begun');
  assert.equal(shortage({ ...figures, waitingNow: 0, waitingBefore: 0 }), null, 'nobody waits');
});

test('one caller among several with most of the tokens is named, equals are not', () => {
  const history = wellHistory({ callers: [caller('greedy', 0.8), caller('a', 0.1), caller('b', 0.1)] });
  const found = noisyTenant(wellFigures({ ...waiting, history }));
  assert.equal(found?.about, 'greedy');
  assert.match(found?.measure ?? '', /`greedy` `limits`/);
  const equals = wellHistory({ callers: [caller('a', 0.4), caller('b', 0.3), caller('c', 0.3)] });
  assert.equal(noisyTenant(wellFigures({ ...waiting, history: equals })), null);
  const alone = wellHistory({ callers: [caller('a', 1)] });
  assert.equal(noisyTenant(wellFigures({ ...waiting, history: alone })), null, 'alone is not noisy');
  assert.equal(noisyTenant(wellFigures({ history })), null, 'nobody suffers');
});

test("clients' retries and our own are told apart, and a few are no cause", () => {
  const byClients = retries(wellFigures({ history: wellHistory({ clientRetryShare: 0.4 }) }));
  assert.deepEqual(
    [byClients?.about, byClients?.evidence[0]],
    ['clients', "40 % of the requests are a client's own retry"],
  );
  const byUs = retries(wellFigures({ attempts: 34, failovers: 8, resends: 6 }));
  assert.deepEqual([byUs?.about, byUs?.evidence[0]?.slice(0, 9)], ['gateway', '1.70 send']);
  assert.equal(
    retries(wellFigures({ attempts: 22, resends: 2, history: wellHistory({ clientRetryShare: 0.05 }) })),
    null,
  );
});

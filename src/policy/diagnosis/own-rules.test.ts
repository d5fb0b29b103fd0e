import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wellFigures, wellHistory, wellUpstream } from '../../../test/support/figures.ts';
import { gatewayItself, keyLimits, upstreamLimits } from './own-rules.ts';

test('keys that are refused while the far sides have room have too low limits', () => {
  const callers = [{ name: 'app', exchanges: 9, tokenShare: 1, exchangeShare: 1, limited: 6 }];
  const limited = wellFigures({ rejections: { requestLimit: 6 }, history: wellHistory({ callers }) });
  const found = keyLimits(limited);
  assert.deepEqual([found?.about, found?.evidence[2]], ['app', 'most often: app (6)']);
  assert.equal(keyLimits({ ...limited, upstreams: [wellUpstream({ windowShare: 0.95 })] }), null, 'they protect');
  assert.equal(keyLimits(wellFigures()), null);
});

test('a limit of an upstream that is reached while its window is half empty is too low', () => {
  const held = wellUpstream({ inFlight: 4, concurrentMax: 4 });
  const figures = wellFigures({ waitingBefore: 2, waitingNow: 5, upstreams: [held] });
  assert.match(upstreamLimits(figures)?.evidence[0] ?? '', /4 in flight, and `maxConcurrent` is 4/);
  const not = (change: Partial<typeof held>): unknown =>
    upstreamLimits({ ...figures, upstreams: [{ ...held, ...change }] });
  assert.equal(not({ windowShare: 0.9 }), null, 'the far side is full');
  assert.equal(not({ faults: { rateLimited: 1 } }), null, 'the provider has that limit');
  assert.equal(not({ concurrentMax: 40 }), null);
  assert.equal(upstreamLimits(wellFigures({ upstreams: [held] })), null, 'nobody waits');
});

test('the gateway itself is named when its loop, heap, sockets or core are short, and only then', () => {
  const { process } = wellFigures();
  const itself = (change: Partial<typeof process>) =>
    gatewayItself(wellFigures({ process: { ...process, ...change } }));
  assert.deepEqual(itself({ lagMs: 120, shedLanes: ['batch'] })?.evidence, [
    'its event loop is 120 ms late',
    'it refuses batch to protect itself',
  ]);
  for (const change of [
    { heapShare: 0.9 },
    { socketShare: 0.95 },
    { cpuShare: 0.99 },
    { overheadMsMean: 40 },
    { bugs: 1 },
  ]) {
    assert.equal(itself(change)?.evidence.length, 1, JSON.stringify(change));
  }
  assert.equal(itself({}), null);
  assert.equal(itself({ lagMs: null, heapShare: null, cpuShare: null }), null);
});

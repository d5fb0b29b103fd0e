import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Samples } from '../samples.ts';
import { soakFigures, vitalsSample } from './vitals.ts';

const page = (rss: number, fds: number): Samples =>
  new Samples(
    `process_resident_memory_bytes ${rss}\nprocess_open_fds ${fds}\nnodejs_eventloop_lag_p99_seconds 0.012\nspillway_timers_pending 9\n`,
  );

test('what grows after the warm-up is told by the hour, what grew before it is not', () => {
  const samples = Array.from({ length: 241 }, (_, at) => {
    const minutes = at / 12;
    const rss = minutes < 5 ? 50e6 + minutes * 20e6 : 150e6 + (minutes - 5) * 1e6;
    return vitalsSample(at * 5_000, page(rss, 40 + (at % 3)));
  });
  const figures = soakFigures(samples, 1_200_000);
  assert.equal(figures?.warmUpMs, 300_000);
  assert.equal(figures?.rssSlopeMbPerHour, 60);
  assert.deepEqual([figures?.fds.first, figures?.fds.max, figures?.lagMsP99Max], [41, 42, 12]);
  assert.equal(figures?.timers.last, 9);
});

test('too few samples are no figure', () => {
  assert.equal(soakFigures([vitalsSample(0, page(1, 1))], 60_000), null);
});

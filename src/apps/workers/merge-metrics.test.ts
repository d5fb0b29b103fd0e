import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countsOf, mergeMetrics } from './merge-metrics.ts';

const counter = (value: number): string =>
  `# HELP spillway_exchanges_total Ended.\n# TYPE spillway_exchanges_total counter\nspillway_exchanges_total{model="a b"} ${value}\n`;
const gauge = (name: string, value: string): string => `# HELP ${name} h\n# TYPE ${name} gauge\n${name} ${value}\n`;

const histogram = (le: string, value: number): string =>
  `# HELP h x\n# TYPE h histogram\nh_bucket{le="${le}"} ${value}\nh_bucket{le="+Inf"} ${value}\n`;
const join = (name: string, one: string, other: string): string | undefined =>
  mergeMetrics([gauge(name, one), gauge(name, other)])
    .split(/[ \n]/)
    .at(-2);

test('counters and histograms are added up, series by series', () => {
  assert.equal(
    mergeMetrics([counter(2) + histogram('1', 3), counter(5) + histogram('2', 4)]),
    `${counter(7)}# HELP h x\n# TYPE h histogram\nh_bucket{le="1"} 3\nh_bucket{le="+Inf"} 7\nh_bucket{le="2"} 4\n`,
  );
});

test('gauges are added up where that has a meaning, and else the telling one is taken', () => {
  assert.equal(join('spillway_exchanges_in_flight', '2', '3'), '5');
  assert.equal(join('spillway_breaker_state', '0', '2'), '2');
  assert.equal(join('spillway_upstream_healthy', '1', '0'), '0');
  assert.equal(join('spillway_window_tokens_max', '100', '200'), '300');
  assert.equal(join('spillway_window_tokens_max', '100', '-1'), '-1');
  assert.equal(join('nodejs_eventloop_lag_p99_seconds', '0.1', '0.3'), '0.3');
  assert.equal(join('process_start_time_seconds', '10', '20'), '10');
});

test('a page that nobody else has stands as it is, in its order', () => {
  const page = counter(1) + gauge('g', '+Inf');
  assert.equal(mergeMetrics([page]), page);
  assert.equal(mergeMetrics(['', page]), page);
  assert.equal(mergeMetrics([]), '');
});

test('what one that has gone had counted stays counted', () => {
  const gone = countsOf(counter(4) + gauge('g', '3'));
  assert.equal(gone, counter(4));
  assert.equal(mergeMetrics([gone, counter(2) + gauge('g', '1')]), counter(6) + gauge('g', '1'));
});

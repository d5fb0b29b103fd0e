import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decadeTicks, niceTicks, plot } from './plot.ts';

test('ticks are round, few, and reach over the highest value', () => {
  for (const top of [0.03, 1, 7, 99, 100, 101, 1_234, 50_000]) {
    const ticks = niceTicks(top);
    assert.ok(ticks.length >= 3 && ticks.length <= 7, `${top}: ${ticks.join(' ')}`);
    assert.ok((ticks.at(-1) ?? 0) >= top, `${top}: ${ticks.join(' ')}`);
  }
  assert.deepEqual(niceTicks(113), [0, 25, 50, 75, 100, 125]);
});

test('logarithmic ticks go from below the lowest to above the highest value', () => {
  assert.deepEqual(decadeTicks(30, 900), [20, 50, 100, 200, 500, 1_000]);
  assert.deepEqual(decadeTicks(100, 100), [100, 200]);
  assert.deepEqual(decadeTicks(0.3, 2), [0.2, 0.5, 1, 2]);
});

const axis = { xs: [0, 1, 2, 3], xTicks: [0, 3], xWords: String, yWords: String };

test('a line breaks where nothing was, and a lone point is a dot', () => {
  const values = [1, 2, null, 4];
  const drawn = plot({ ...axis, title: 't', series: [{ name: 'n', colour: 'red', values }] });
  assert.match(drawn, /d="M[\d.]+,[\d.]+L[\d.]+,[\d.]+M[\d.]+,[\d.]+h\.1"/);
});

test('areas lie on top of each other, and words cannot become markup', () => {
  const series = [
    { name: '<b>', colour: 'red', values: [1, 1, 1, 1] },
    { name: 'two', colour: 'blue', values: [1, 1, 1, 1] },
  ];
  const drawn = plot({ ...axis, title: '"&', series, stacked: true });
  const tops = [...drawn.matchAll(/class="area" d="M[\d.]+,([\d.]+)/g)].map((found) => Number(found[1]));
  assert.ok((tops[1] ?? 999) < (tops[0] ?? 0), 'the second one is higher up');
  assert.ok(drawn.includes('&lt;b&gt;') && drawn.includes('&quot;&amp;') && !drawn.includes('<b>'));
});

test('nothing at all is drawn without complaint', () => {
  assert.match(plot({ ...axis, xs: [], xTicks: [], title: 't', series: [], logarithmic: true }), /<svg/);
});

// Standing still is found after a minute, once; whatever excuses it starts the minute anew.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GaugeReading } from '../ports/gauges.ts';
import { Standstill } from './standstill.ts';

const gauge = (name: string, value: number, labels: Record<string, string>): GaugeReading => ({
  name,
  help: '',
  labels,
  value,
});

interface Second {
  readonly waiting?: Readonly<Record<string, number>>;
  readonly tokensMax?: number;
}

/** What is found in so many seconds; `each` may say what happens in one. */
function found(seconds: number, each: (second: number, made: Standstill) => Second = () => ({})): string[] {
  const made = new Standstill(true);
  return Array.from({ length: seconds }, (_, second) => {
    const { waiting = { standard: 1 }, tokensMax = 100 } = each(second, made);
    const queues = Object.entries(waiting).map(([lane, depth]) => gauge('queue_depth', depth, { lane }));
    return made.onSecond([...queues, gauge('window_tokens_max', tokensMax, { target: 'engine/m' })]);
  }).flat();
}

test('a minute in which somebody waits, nobody is sent and no window grows is found, once', () => {
  assert.deepEqual(found(59), []);
  const findings = found(200);
  assert.equal(findings.length, 2);
  assert.match(findings[0] ?? '', /1 wait in lane standard, of which nobody was sent for 60 s/);
  assert.match(findings[1] ?? '', /1 wait, and for 60 s nobody was sent and no window grew/);
});

test('a window that is pinned while somebody waits is found though other windows do nothing wrong', () => {
  const findings = found(70, (second) => ({ tokensMax: second < 5 ? 100 + second : 104 }));
  assert.ok(findings.some((finding) => finding.includes('no window grew')));
});

const noWindow = (findings: string[]): string[] => findings.filter((finding) => finding.includes('no window grew'));

function refusing(second: number, made: Standstill): Second {
  if (second % 50 === 0) made.onCongestion();
  return {};
}

test('a growing window, a cut and a refusal excuse', () => {
  assert.deepEqual(noWindow(found(200, (second) => ({ tokensMax: 100 + Math.floor(second / 30) }))), []);
  assert.deepEqual(
    found(200, (second) => ({ tokensMax: 100 - Math.floor(second / 30) })),
    [],
  );
  assert.deepEqual(found(200, refusing), []);
});

test('nobody waiting stands nowhere', () => {
  assert.deepEqual(
    found(200, () => ({ waiting: { standard: 0 } })),
    [],
  );
});

test('a lane that starves while another is served is found', () => {
  const findings = found(200, (_, made) => {
    made.onSend('vip');
    return { waiting: { vip: 3, batch: 2 } };
  });
  assert.deepEqual(findings, ['2 wait in lane batch, of which nobody was sent for 60 s']);
});

/** What is found in 200 s without anybody waiting, when so many others are sent a second. */
const starving = (others: number, isAsked = (_second: number): boolean => true): string[] =>
  found(200, (second, made) => {
    if (isAsked(second)) made.onAsked('batch');
    for (let at = 0; at < others; at++) made.onSend('vip');
    return { waiting: { batch: 0 } };
  });

test('a lane that is asked for all the time and gets nothing is found though nobody of it waits', () => {
  assert.deepEqual(starving(2), ['lane batch was asked for in each of 60 s and got nothing, others 120 times']);
});

test('a lane that is asked for now and then, or where hardly anybody is sent, does not starve', () => {
  assert.deepEqual(
    starving(2, (second) => second % 50 > 0),
    [],
  );
  assert.deepEqual(starving(0), []);
});

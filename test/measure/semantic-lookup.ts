// What looking at similar questions costs: the lexical embedder and what surrounds it on the request's own thread, and a search
// among 20,000 vectors of one tenant in the worker thread, one at a time and eight at once, with what it takes of either thread.
//   node test/measure/semantic-lookup.ts
import { limits } from '../../src/kernel/limits.ts';
import { systemClock, systemTimers } from '../../src/adapters/system.ts';
import { WorkerVectors } from '../../src/adapters/semantic/worker-vectors.ts';
import { answersAgree } from '../../src/policy/semantic/answers-agree.ts';
import { LEXICAL_DIMENSIONS, lexicalVector, normalized } from '../../src/policy/semantic/lexical-embedder.ts';
import { Likeness, type Sightings, withSighting } from '../../src/policy/semantic/likeness.ts';
import { particularsOf } from '../../src/policy/semantic/words.ts';
import type { Nearest } from '../../src/ports/vectors.ts';

const QUESTION =
  'How do I reset the two-factor authentication of my company account when I have lost the phone that it was set up with, please?';
const BUDGET_MS = 1_000;
const ROUNDS = 200;
const say = (line: string): unknown => process.stdout.write(`${line}\n`);

function cost(name: string, rounds: number, work: () => unknown): void {
  for (let round = 0; round < rounds / 10; round++) work();
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round++) work();
  const { user, system } = process.cpuUsage(before);
  say(`${name.padEnd(44)} ${((user + system) / rounds).toFixed(1)} µs`);
}

function vector(dimensions: number): Float32Array<ArrayBuffer> {
  const made = normalized(Float32Array.from({ length: dimensions }, () => Math.random() - 0.5));
  if (made === null) throw new Error('no vector');
  return made;
}

async function search(dimensions: number): Promise<void> {
  const vectors = new WorkerVectors({ clock: systemClock, timers: systemTimers, onTrouble: say });
  const times = { freshUntil: Number.MAX_SAFE_INTEGER, keepUntil: Number.MAX_SAFE_INTEGER };
  const place = { space: 's', partition: 'p' };
  const names = { model: 'm', tenant: 't', namespace: '' };
  const question = vector(dimensions);
  const ask = (): Promise<Nearest | null> =>
    new Promise((resolve) => {
      vectors.nearest({ ...place, vector: question, except: '', now: 0 }, BUDGET_MS, resolve);
    });
  for (let at = 0; at < limits.semanticVectorsMax; at++) {
    vectors.put({ ...place, ...names, ...times, key: String(at), vector: vector(dimensions) });
    if (at % 50 === 49) await ask();
  }
  const held = vectors.gauges();
  say(`${held.vectors} vectors of ${dimensions} numbers, ${(held.bytes / 2 ** 20).toFixed(0)} MiB`);
  for (const atOnce of [1, 8]) {
    const waits: number[] = [];
    const [cpu, main] = [process.cpuUsage(), process.threadCpuUsage()];
    for (let round = 0; round < ROUNDS / atOnce; round++) {
      const began = performance.now();
      const answers = Array.from({ length: atOnce }, () => ask().then(() => waits.push(performance.now() - began)));
      await Promise.all(answers);
    }
    const { user, system } = process.cpuUsage(cpu);
    const own = process.threadCpuUsage(main);
    const [p50, p99] = [0.5, 0.99].map(
      (share) => waits.toSorted((one, other) => one - other)[Math.floor(waits.length * share)],
    );
    say(
      `  ${atOnce} at once: p50 ${p50?.toFixed(1)} ms, p99 ${p99?.toFixed(1)} ms; a search takes ` +
        `${((user + system) / 1_000 / ROUNDS).toFixed(2)} ms CPU in all, ${((own.user + own.system) / ROUNDS).toFixed(0)} µs of it the main thread’s`,
    );
  }
  vectors.close();
}

cost(`vector of a question of ${QUESTION.length} characters`, 20_000, () => lexicalVector(QUESTION));
cost('its particulars', 20_000, () => particularsOf(QUESTION));
const likeness = new Likeness(0.01);
const learned = (at: number): void => likeness.learn(at, at > 0.8);
for (let at = 0; at < 1_000; at++) learned(0.5 + Math.random() / 2);
let seen: Sightings = [];
for (let at = 0; at < 16; at++) seen = withSighting(seen, 0.95, true);
cost('whether it is alike enough', 20_000, () => likeness.isEnough(0.97, seen));
const answer = `${QUESTION} `.repeat(16);
cost(`two answers of ${answer.length} characters compared`, 1_000, () => answersAgree(answer, `${answer}now`));
for (const dimensions of [LEXICAL_DIMENSIONS, 1_536]) await search(dimensions);

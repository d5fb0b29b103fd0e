import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualTime } from '../../memory/virtual-time.ts';
import type { PageAnswer } from '../../ports/page.ts';
import { PageGather } from './page-gather.ts';

const order = { method: 'GET', path: '/metrics', query: '', body: '' };
const page = (count: number): PageAnswer => ({
  status: 200,
  contentType: 'text/plain',
  body: `# HELP c h\n# TYPE c counter\nc ${count}\n# HELP g h\n# TYPE g gauge\ng 1\n`,
});

class World {
  readonly time = new VirtualTime();
  readonly asked: { worker: number; id: number }[] = [];
  readonly answers: PageAnswer[] = [];
  readonly gather = new PageGather({
    timers: this.time,
    tell: (worker, word) => word.kind === 'part' && this.asked.push({ worker, id: word.id }),
    ownMetrics: () => '# TYPE own gauge\nown 1\n',
  });

  scrape(workers: readonly number[], parts: Readonly<Record<number, PageAnswer>>): string | undefined {
    this.gather.ask('metrics', order, workers, (answer) => this.answers.push(answer));
    for (const { worker, id } of this.asked.splice(0)) {
      const part = parts[worker];
      if (part !== undefined) this.gather.onPart(worker, id, part);
    }
    return this.answers.shift()?.body;
  }
}

const value = (body: string | undefined, name: string): string | undefined =>
  new RegExp(`^${name} (.*)$`, 'm').exec(body ?? '')?.[1];

test('all parts make one page, with what the crew says of itself', () => {
  const world = new World();
  const body = world.scrape([1, 2], { 1: page(3), 2: page(4) });
  assert.deepEqual(
    ['c', 'g', 'own'].map((name) => value(body, name)),
    ['7', '2', '1'],
  );
});

test('a worker that is late is left out, but for what it had counted', () => {
  const world = new World();
  world.scrape([1, 2], { 1: page(3), 2: page(4) });
  assert.equal(world.scrape([1, 2], { 1: page(5) }), undefined);
  world.time.advance(2_000);
  const body = world.answers.shift()?.body;
  assert.deepEqual([value(body, 'c'), value(body, 'g')], ['9', '1']);
});

test('what a worker had counted stays counted when it has gone, and its successor begins at nothing', () => {
  const world = new World();
  world.scrape([1, 2], { 1: page(3), 2: page(4) });
  world.gather.leave(2);
  assert.equal(value(world.scrape([1], { 1: page(3) }), 'c'), '7');
  assert.equal(value(world.scrape([1, 3], { 1: page(3), 3: page(1) }), 'c'), '8');
});

test('nobody waits for a part of one that has gone meanwhile', () => {
  const world = new World();
  world.gather.ask('metrics', order, [1, 2], (answer) => world.answers.push(answer));
  const [first] = world.asked;
  assert.ok(first !== undefined);
  world.gather.onPart(1, first.id, page(3));
  world.gather.leave(2);
  assert.equal(value(world.answers[0]?.body, 'c'), '3');
});

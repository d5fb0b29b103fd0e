import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { VirtualTime } from '../memory/virtual-time.ts';
import { StateFile } from './state-file.ts';

interface Place {
  readonly directory: string;
  readonly file: string;
  readonly time: VirtualTime;
  readonly troubles: string[];
  readonly open: () => StateFile;
}

function place(context: TestContext): Place {
  const parent = mkdtempSync(join(tmpdir(), 'spillway-state-'));
  context.after(() => rmSync(parent, { recursive: true, force: true }));
  const directory = join(parent, 'deep', 'state');
  const time = new VirtualTime();
  const troubles: string[] = [];
  const onTrouble = (why: string): void => void troubles.push(why);
  return {
    directory,
    file: join(directory, 'state.json'),
    time,
    troubles,
    open: () => new StateFile({ directory, timers: time, onTrouble }),
  };
}

test('what was saved is there after a restart, readable by nobody else', async (context) => {
  const { open, file, troubles } = place(context);
  const state = open();
  assert.equal(state.load('x'), null);
  state.save('x', { a: [1, null] });
  assert.deepEqual(state.load('x'), { a: [1, null] });
  await state.close();
  assert.deepEqual(open().load('x'), { a: [1, null] });
  assert.equal(open().load('toString'), null);
  assert.equal(statSync(file).mode & 0o077, 0);
  assert.deepEqual(troubles, []);
});

test('it is written a minute after a change, once for all changes, and not without one', async (context) => {
  const { open, file, time } = place(context);
  const state = open();
  await state.close();
  assert.ok(!existsSync(file));
  state.save('x', 1);
  state.save('x', 2);
  time.advance(59_999);
  await new Promise(setImmediate);
  assert.ok(!existsSync(file));
  assert.equal(time.timers, 1);
  time.advance(1);
  await state.close();
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { version: 1, values: { x: 2 } });
  assert.ok(!existsSync(`${file}.new`));
});

test('a file that cannot be understood is set aside with a word, and the next one is good', async (context) => {
  for (const text of ['{"version":1,"val', '[]', '{"version":2,"values":{}}', '']) {
    const { open, directory, file, troubles } = place(context);
    mkdirSync(directory, { recursive: true });
    writeFileSync(file, text);
    const state = open();
    assert.equal(readFileSync(`${file}.bad`, 'utf8'), text);
    assert.match(troubles.join(), /set aside as state\.json\.bad/);
    state.save('x', 1);
    await state.close();
    assert.equal(open().load('x'), 1);
    assert.equal(troubles.length, 1);
  }
});

test('where nothing can be written it goes on in memory, and says so once', async (context) => {
  const { open, directory, troubles } = place(context);
  mkdirSync(join(directory, '..'), { recursive: true });
  writeFileSync(directory, 'a file where the directory should be');
  chmodSync(directory, 0o400);
  const state = open();
  for (let count = 0; count < 3; count++) {
    state.save('x', count);
    await state.close();
  }
  assert.equal(state.load('x'), 2);
  assert.equal(troubles.filter((why) => why.includes('cannot be written')).length, 1);
});

test('a state that has grown absurd is not written', async (context) => {
  const { open, file, troubles } = place(context);
  const state = open();
  state.save('x', 'y'.repeat(17 * 1024 * 1024));
  await state.close();
  assert.ok(!existsSync(file));
  assert.match(troubles.join(), /larger than 16 MiB/);
});

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import { Line } from './line.ts';

class End extends EventEmitter {
  connected = true;
  readonly sent: unknown[] = [];

  send(message: unknown): boolean {
    this.sent.push(message);
    return true;
  }
}

interface Word {
  readonly number: number;
}

test('what is said in one turn goes as one message, in its order', async () => {
  const end = new End();
  const line = new Line<Word, Word>(end, () => {});
  line.say({ number: 1 });
  line.say({ number: 2 });
  assert.deepEqual(end.sent, []);
  await turn();
  line.say({ number: 3 });
  await turn();
  assert.deepEqual(end.sent, [[{ number: 1 }, { number: 2 }], [{ number: 3 }]]);
});

test('words are heard one by one, and what is no message of ours is not', () => {
  const end = new End();
  const heard: Word[] = [];
  const line = new Line<Word, Word>(end, (word) => heard.push(word));
  end.emit('message', [{ number: 1 }, { number: 2 }]);
  end.emit('message', { act: 'online' });
  assert.deepEqual(heard, [{ number: 1 }, { number: 2 }]);
  assert.ok(line);
});

test('to one that has gone nothing is said, and nothing is thrown', async () => {
  const end = new End();
  const line = new Line<Word, Word>(end, () => {});
  line.say({ number: 1 });
  end.connected = false;
  await turn();
  assert.deepEqual(end.sent, []);
});

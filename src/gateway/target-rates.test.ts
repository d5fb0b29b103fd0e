import assert from 'node:assert/strict';
import { test } from 'node:test';
import { config, model, Rig, target, upstream } from '../../test/support/rig.ts';

const one = () =>
  new Rig(config({ upstreams: { a: upstream({ baseUrl: 'http://a.test/v1' }) }, models: { m: model([target('a')]) } }));

const levels = (remaining: number, reset: string) => ({
  'x-ratelimit-limit-requests': '60',
  'x-ratelimit-remaining-requests': String(remaining),
  'x-ratelimit-reset-requests': reset,
});

const answer = {
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  object: 'chat.completion',
};

test('when the upstream says that no request is left, the next one waits here instead of being refused there', () => {
  const rig = one();
  rig.chat();
  rig.last.answer(200, answer, levels(0, '60s'));
  const second = rig.chat();
  assert.equal(rig.sends.length, 1, 'it was not sent');
  assert.equal(second.status, null);
  rig.time.advance(1_100);
  assert.equal(rig.sends.length, 2, 'one a second is what sixty a minute come to');
});

test('limits that are missing or negative are no limits', () => {
  const rig = one();
  rig.chat();
  rig.last.answer(200, answer, { 'x-ratelimit-limit-requests': '-1', 'x-ratelimit-remaining-requests': '-1' });
  rig.chat();
  rig.chat();
  assert.equal(rig.sends.length, 3);
});

test('what one of several accounts has left says nothing about the others', () => {
  const rig = new Rig(
    config({
      upstreams: { a: upstream({ baseUrl: 'http://a.test/v1', apiKeys: ['one', 'two'] }) },
      models: { m: model([target('a')]) },
    }),
  );
  rig.chat();
  rig.last.answer(200, answer, levels(0, '60s'));
  rig.chat();
  assert.equal(rig.sends.length, 2);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualTime } from '../../memory/virtual-time.ts';
import { WorldCredentials } from './world-credentials.ts';

test('a reloaded configuration finds its tokens again, and another account has its own', () => {
  const time = new VirtualTime();
  const credentials = new WorldCredentials(time, time);
  const scope = { kind: 'entra', scope: 'a' } as const;
  const first = credentials.authorizer(scope);
  assert.equal(credentials.authorizer(scope), first);
  assert.equal(credentials.authorizer({ ...scope }), first);
  assert.notEqual(credentials.authorizer({ ...scope, scope: 'b' }), first);
});

test('a token comes as OAuth shows it, and for want of one the reason', async () => {
  const time = new VirtualTime();
  const google = { kind: 'google', project: 'p', keyFile: null, keyJson: '[]' } as const;
  const authorizer = new WorldCredentials(time, time).authorizer(google);
  const route = { origin: 'https://a.test', caFile: null, proxy: null, connectMs: 1 };
  const headers = authorizer.headersFor({ route, method: 'GET', path: '/', headers: [], body: null });
  await assert.rejects(Promise.resolve(headers), { kind: 'credential' });
});

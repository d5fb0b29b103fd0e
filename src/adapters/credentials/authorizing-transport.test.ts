import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DynamicAuth } from '../../kernel/dynamic-auth.ts';
import type { HeaderList } from '../../kernel/headers.ts';
import { CredentialError } from '../../ports/credentials.ts';
import type { UpstreamCall, UpstreamRequest, UpstreamSink } from '../../ports/upstream.ts';
import { AuthorizingTransport } from './authorizing-transport.ts';

const auth: DynamicAuth = { kind: 'entra', scope: 's' };
const route = { origin: 'https://a.test', caFile: null, proxy: null, connectMs: 1 };
const plain: UpstreamRequest = { route, method: 'POST', path: '/', headers: ['a', 'b'], body: null };

/** A world in which every call is written down. */
class World {
  readonly log: string[] = [];
  far: UpstreamSink | null = null;
  headers: HeaderList | Promise<HeaderList> = ['authorization', 'Bearer t'];
  /** Whether a refusal can be mended. */
  hasOthers = false;
  readonly transport = new AuthorizingTransport(
    {
      send: (request, sink) => {
        this.log.push(`send ${request.headers.join(' ')}`);
        this.far = sink;
        return { pause: this.#note('pause'), resume: this.#note('resume'), cancel: this.#note('cancel') };
      },
    },
    {
      authorizer: () => ({
        headersFor: () => this.headers,
        distrust: (shown) => {
          this.log.push(`distrust ${shown.join(' ')}`);
          return this.hasOthers;
        },
      }),
    },
  );

  #note(word: string): () => void {
    return () => void this.log.push(word);
  }

  send(request: UpstreamRequest): UpstreamCall {
    return this.transport.send(request, {
      onHead: (status) => void this.log.push(`head ${status}`),
      onBytes: () => void this.log.push('bytes'),
      onEnd: this.#note('end'),
      onTrouble: ({ kind, message }) => void this.log.push(`${kind}: ${message}`),
    });
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('a request that needs nothing goes straight through, with its own sink', () => {
  const world = new World();
  world.send(plain);
  world.send({ ...plain, auth: null });
  assert.deepEqual(world.log, ['send a b', 'send a b']);
});

test('headers at hand are added at once', () => {
  const world = new World();
  world.send({ ...plain, auth });
  world.far?.onHead(200, {});
  world.far?.onBytes(new Uint8Array(1));
  world.far?.onEnd();
  assert.deepEqual(world.log, ['send a b authorization Bearer t', 'head 200', 'bytes', 'end']);
});

test('headers on their way hold the request back; what was said meanwhile is said to it then', async () => {
  const world = new World();
  world.headers = Promise.resolve(['authorization', 'Bearer late']);
  const call = world.send({ ...plain, auth });
  assert.deepEqual(world.log, []);
  call.pause();
  await settle();
  call.resume();
  call.cancel();
  assert.deepEqual(world.log, ['send a b authorization Bearer late', 'pause', 'resume', 'cancel']);
});

test('paused and resumed before it is sent is as if nothing had been said', async () => {
  const world = new World();
  world.headers = Promise.resolve([]);
  const call = world.send({ ...plain, auth });
  call.pause();
  call.resume();
  await settle();
  assert.deepEqual(world.log, ['send a b']);
});

test('cancelled before its headers come, it is never sent and nothing is heard', async () => {
  const world = new World();
  world.headers = Promise.resolve([]);
  world.send({ ...plain, auth }).cancel();
  world.headers = Promise.reject(new CredentialError('connect', 'down'));
  world.send({ ...plain, auth }).cancel();
  await settle();
  assert.deepEqual(world.log, []);
});

test('no headers is trouble of the wire, told later and once', async () => {
  const world = new World();
  world.headers = Promise.reject(new CredentialError('credential', 'no key'));
  world.send({ ...plain, auth });
  assert.deepEqual(world.log, []);
  await settle();
  world.headers = Promise.reject(new Error('odd'));
  world.send({ ...plain, auth });
  await settle();
  assert.deepEqual(world.log, ['credential: no key', 'credential: odd']);
});

test('what was shown is distrusted after a 401, and after an AWS 403 that says so', () => {
  const world = new World();
  world.send({ ...plain, auth });
  world.far?.onHead(401, {});
  world.far?.onHead(403, { 'x-amzn-errortype': 'ExpiredTokenException:http://internal' });
  world.far?.onHead(403, { 'x-amzn-errortype': 'AccessDeniedException' });
  world.far?.onHead(403, {});
  const distrust = 'distrust authorization Bearer t';
  assert.deepEqual(world.log.slice(1), [distrust, 'head 401', distrust, 'head 403', 'head 403', 'head 403']);
});

test('a refused token is replaced and the request sent once more, unseen; a second refusal is told', async () => {
  const world = new World();
  world.hasOthers = true;
  const call = world.send({ ...plain, auth });
  world.headers = Promise.resolve(['authorization', 'Bearer new']);
  world.far?.onHead(401, {});
  await settle();
  world.far?.onHead(401, {});
  world.far?.onEnd();
  assert.deepEqual(world.log, [
    'send a b authorization Bearer t',
    'distrust authorization Bearer t',
    'cancel',
    'send a b authorization Bearer new',
    'distrust authorization Bearer new',
    'head 401',
    'end',
  ]);
  assert.deepEqual(call.added, ['authorization', 'Bearer t', 'authorization', 'Bearer new']);
});

test('cancelled while a refused token is replaced, it is not sent again', async () => {
  const world = new World();
  world.hasOthers = true;
  const call = world.send({ ...plain, auth });
  world.headers = Promise.resolve(['authorization', 'Bearer new']);
  world.far?.onHead(401, {});
  call.cancel();
  await settle();
  assert.deepEqual(world.log.slice(2), ['cancel']);
});

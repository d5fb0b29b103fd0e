import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type WallMs, wallMs } from '../../kernel/brands.ts';
import type { AwsKeys } from '../../kernel/dynamic-auth.ts';
import { VirtualTime } from '../../memory/virtual-time.ts';
import { CredentialError } from '../../ports/credentials.ts';
import type { UpstreamRequest } from '../../ports/upstream.ts';
import { RequestSigner } from './sigv4.ts';

/** AWS's published test suite ("Signature Version 4 Test Suite"): its credentials, scope and moment. */
const suiteKeys: AwsKeys = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: null,
};
const suiteMoment = wallMs(Date.UTC(2015, 7, 30, 12, 36, 0));
const suiteScope = { kind: 'sigv4', service: 'service', region: 'us-east-1' } as const;

function request(path: string, over: Partial<UpstreamRequest> = {}): UpstreamRequest {
  const route = { origin: 'https://example.amazonaws.com', caFile: null, proxy: null, connectMs: 1 };
  return { route, method: 'GET', path, headers: [], body: null, ...over };
}

function signer(keys: AwsKeys = suiteKeys, moment: WallMs = suiteMoment): RequestSigner {
  const time = new VirtualTime();
  return new RequestSigner({ ...suiteScope, keys }, { now: () => time.now(), wall: () => moment }, time);
}

async function signed(sent: UpstreamRequest, by = signer()): Promise<Record<string, string>> {
  const list = await by.headersFor(sent);
  return Object.fromEntries(list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1] ?? '']] : [])));
}

const form = ['Content-Type', 'application/x-www-form-urlencoded'];

/** [the suite's name, what is signed, the signed headers, the published signature] */
const vectors: readonly (readonly [string, UpstreamRequest, string, string])[] = [
  ['get-vanilla', request('/'), 'host;x-amz-date', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  [
    'get-vanilla-query-order-key-case',
    request('/?Param2=value2&Param1=value1'),
    'host;x-amz-date',
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  ],
  [
    'get-vanilla-utf8-query',
    request('/?%E1%88%B4=bar'),
    'host;x-amz-date',
    '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04',
  ],
  [
    'post-vanilla',
    request('/', { method: 'POST' }),
    'host;x-amz-date',
    '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  ],
  [
    'post-x-www-form-urlencoded',
    request('/', { method: 'POST', headers: form, body: Buffer.from('Param1=value1') }),
    'content-type;host;x-amz-date',
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  ],
];

for (const [name, sent, signedHeaders, signature] of vectors) {
  test(`the published case ${name} gets its published signature`, async () => {
    assert.deepEqual(await signed(sent), {
      'x-amz-date': '20150830T123600Z',
      authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${signedHeaders}, Signature=${signature}`,
    });
  });
}

test('the token of temporary keys is sent and signed', async () => {
  const headers = await signed(request('/'), signer({ ...suiteKeys, sessionToken: 'token' }));
  assert.equal(headers['x-amz-security-token'], 'token');
  assert.match(headers['authorization'] ?? '', /SignedHeaders=host;x-amz-date;x-amz-security-token,/);
});

test('a model id in the path is escaped once on the wire and once more in what is signed, and the body counts', async () => {
  const sent = request('/model/us.deepseek.r1-v1%3A0/converse', { method: 'POST', body: Buffer.from('{}') });
  const one = (await signed(sent))['authorization'];
  assert.notEqual(one, (await signed({ ...sent, path: '/model/us.deepseek.r1-v1:0/converse' }))['authorization']);
  assert.notEqual(one, (await signed({ ...sent, body: Buffer.from('[]') }))['authorization']);
  assert.equal(one, (await signed(sent))['authorization'], 'nothing else does');
});

test('keys that expire are obtained again, and only then', async () => {
  const time = new VirtualTime();
  let obtained = 0;
  const obtain = () => Promise.resolve({ value: { ...suiteKeys }, expiresAt: time.wall() + 3_600_000, at: obtained++ });
  const by = new RequestSigner({ ...suiteScope, keys: null }, time, time, obtain);
  await by.headersFor(request('/'));
  await by.headersFor(request('/'));
  assert.equal(obtained, 1);
  time.advance(3_600_000);
  const shown = await by.headersFor(request('/'));
  assert.equal(obtained, 2);
  assert.equal(by.distrust(shown), true);
  await by.headersFor(request('/'));
  assert.equal(obtained, 3);
});

test('of keys that the config gives there are no others', async () => {
  const by = signer();
  assert.equal(by.distrust(await by.headersFor(request('/'))), false);
});

test('without keys anywhere the request fails with what the chain said', async () => {
  const time = new VirtualTime();
  const by = new RequestSigner({ ...suiteScope, keys: null }, time, time, () =>
    Promise.reject(new CredentialError('credential', 'no AWS credentials: none found')),
  );
  await assert.rejects(Promise.resolve(by.headersFor(request('/'))), { kind: 'credential', message: /none found/ });
});

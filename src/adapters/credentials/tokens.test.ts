// Tokens from services played by the test on 127.0.0.1, by the libraries that ask the real ones.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { GoogleAuth } from '../../kernel/dynamic-auth.ts';
import { systemClock } from '../system.ts';
import { entraTokens } from './entra.ts';
import { type Fetch, googleTokens } from './google.ts';

let server: Server;
let origin = '';
const folder = mkdtempSync(join(tmpdir(), 'spillway-tokens-'));
/** What the service answers next: a status and a body. */
let answer: readonly [number, unknown] = [200, {}];
const asked: URLSearchParams[] = [];

before(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push(new URLSearchParams(body));
      response.writeHead(answer[0], { 'content-type': 'application/json' }).end(JSON.stringify(answer[1]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const serviceAccount = JSON.stringify({
  type: 'service_account',
  project_id: 'p',
  private_key: privateKey,
  client_email: 'robot@p.iam.gserviceaccount.com',
});
const google = (over: Partial<GoogleAuth>): GoogleAuth => ({
  kind: 'google',
  project: 'p',
  keyFile: null,
  keyJson: null,
  ...over,
});
const wall = () => systemClock.wall();
/** The address of Google's token service is fixed in its library: the way there leads to ours. */
const reach: Fetch = (_to, init) => fetch(`${origin}/token`, init);

test('a service account’s key becomes a token that lives as long as Google says', async () => {
  answer = [200, { access_token: 'ya29.a', expires_in: 3600, token_type: 'Bearer' }];
  const got = await googleTokens(google({ keyJson: serviceAccount }), wall, reach)();
  assert.equal(got.value, 'ya29.a');
  assert.ok(Math.abs((got.expiresAt ?? 0) - wall() - 3_600_000) < 30_000);
  const form = asked.at(-1);
  assert.equal(form?.get('grant_type'), 'urn:ietf:params:oauth:grant-type:jwt-bearer');
  const claims: Record<string, unknown> = JSON.parse(atob(form?.get('assertion')?.split('.')[1] ?? ''));
  assert.equal(claims['iss'], 'robot@p.iam.gserviceaccount.com');
  assert.equal(claims['scope'], 'https://www.googleapis.com/auth/cloud-platform');
});

test('a token with less than five minutes left is fetched anew when asked for', async () => {
  const tokens = googleTokens(google({ keyJson: serviceAccount }), wall, reach);
  answer = [200, { access_token: 'short', expires_in: 299 }];
  await tokens();
  answer = [200, { access_token: 'long', expires_in: 3600 }];
  assert.equal((await tokens()).value, 'long');
});

test('a token that was refused is not given out again, however long it would live', async () => {
  const tokens = googleTokens(google({ keyJson: serviceAccount }), wall, reach);
  answer = [200, { access_token: 'revoked', expires_in: 3600 }];
  await tokens();
  answer = [200, { access_token: 'good', expires_in: 3600 }];
  assert.equal((await tokens()).value, 'revoked', 'the library keeps it');
  assert.equal((await tokens(true)).value, 'good');
});

test('workload identity: a file names its token service and where its own proof lies', async () => {
  writeFileSync(join(folder, 'subject'), 'proof');
  const file = join(folder, 'federation.json');
  const federation = {
    type: 'external_account',
    audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/a/providers/b',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `${origin}/sts`,
    credential_source: { file: join(folder, 'subject') },
  };
  writeFileSync(file, JSON.stringify(federation));
  answer = [
    200,
    { access_token: 'federated', expires_in: 3600, token_type: 'Bearer', issued_token_type: 'access_token' },
  ];
  const got = await googleTokens(google({ keyFile: file }), wall)();
  assert.equal(got.value, 'federated');
  assert.equal(asked.at(-1)?.get('subject_token'), 'proof');
});

test('a refused key is trouble of the credential, in words without it', async () => {
  answer = [400, { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }];
  const failed = googleTokens(google({ keyJson: serviceAccount }), wall, reach)();
  await assert.rejects(failed, (error: Error & { kind?: string }) => {
    assert.equal(error.kind, 'credential');
    assert.match(error.message, /^Google gave no token \(status 400\): .*invalid_grant/);
    return !error.message.includes('PRIVATE KEY');
  });
});

test('a token service that cannot be reached is trouble of the connection', async () => {
  const failed = googleTokens(google({ keyJson: serviceAccount }), wall, () =>
    Promise.reject(Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } })),
  )();
  await assert.rejects(failed, { kind: 'connect', message: /cannot be reached \(ECONNREFUSED\)/ });
});

test('a file that is not there, or no JSON, is said, and read again the next time', async () => {
  const file = join(folder, 'later.json');
  const tokens = googleTokens(google({ keyFile: file }), wall, reach);
  await assert.rejects(tokens(), { kind: 'credential' });
  writeFileSync(file, serviceAccount);
  answer = [200, { access_token: 'now', expires_in: 3600 }];
  assert.equal((await tokens()).value, 'now');
  await assert.rejects(googleTokens(google({ keyJson: 'no' }), wall)(), { message: /not JSON/ });
});

const entra = { kind: 'entra', scope: 'https://cognitiveservices.azure.com/.default' } as const;

test('without its package an Entra token fails with what to install', async () => {
  await assert.rejects(entraTokens(entra, () => Promise.reject(new Error('ERR_MODULE_NOT_FOUND')))(), {
    kind: 'credential',
    message: /npm install @azure\/identity/,
  });
});

test('with its package an Entra token is asked for by its scope, and the credential is made once', async () => {
  const scopes: string[] = [];
  let made = 0;
  class DefaultAzureCredential {
    constructor() {
      made++;
    }
    getToken(scope: string): Promise<{ token: string; expiresOnTimestamp: number }> {
      scopes.push(scope);
      return Promise.resolve({ token: 'eyJ', expiresOnTimestamp: 5 });
    }
  }
  const tokens = entraTokens(entra, () => Promise.resolve({ DefaultAzureCredential }));
  assert.deepEqual(await tokens(), { value: 'eyJ', expiresAt: 5 });
  await tokens();
  assert.deepEqual([made, scopes], [1, [entra.scope, entra.scope]]);
});

class Failing {
  static error: Error;
  getToken(): Promise<never> {
    return Promise.reject(Failing.error);
  }
}
const loadFailing = async () => ({ DefaultAzureCredential: Failing });
function failing(error: Error): Promise<unknown> {
  Failing.error = error;
  return entraTokens(entra, loadFailing)();
}

test('what Entra refuses, or cannot answer, is told apart', async () => {
  const refused = Object.assign(new Error('AADSTS7000215: Invalid client secret\n  Trace ID'), { statusCode: 401 });
  await assert.rejects(failing(refused), { kind: 'credential', message: /status 401\): AADSTS7000215[^\n]*$/ });
  await assert.rejects(failing(Object.assign(new Error('busy'), { statusCode: 503 })), { kind: 'connect' });
  await assert.rejects(failing(Object.assign(new Error('x'), { code: 'ENOTFOUND' })), { kind: 'connect' });
});

test('no library for it is loaded before a request needs it', () => {
  const sources = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.ts') && !name.includes('.test.'));
  for (const name of sources) {
    const text = readFileSync(join(import.meta.dirname, name), 'utf8');
    for (const [line] of text.matchAll(/^import .* from '[^.'].*$/gm)) {
      assert.match(line, /^import type |from 'node:/, `${name}: ${line}`);
    }
  }
});

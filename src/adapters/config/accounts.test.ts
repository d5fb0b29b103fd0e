import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goodConfig, problemsIn } from '../../../test/support/config.ts';

const accountOf = (text: string, name: string) => goodConfig(`upstreams: {${text}}`).upstreams[name]?.account;

test('an account is kept by name: flags as words or not at all, files by their full path', () => {
  assert.deepEqual(accountOf('azure-openai: {account: {resource: r, entra: true}}', 'azure-openai'), {
    resource: 'r',
    entra: 'true',
  });
  assert.deepEqual(accountOf('azure-openai: {apiKey: k, account: {resource: r, entra: false}}', 'azure-openai'), {
    resource: 'r',
  });
  assert.deepEqual(accountOf('vertex: {account: {project: p, serviceAccountFile: k.json}}', 'vertex'), {
    project: 'p',
    serviceAccountFile: '/etc/k.json',
  });
  assert.equal(accountOf('ollama: {}', 'ollama'), undefined);
});

test('an account says where it is, so no address and no key need to be given', () => {
  const { upstreams } = goodConfig('upstreams: {bedrock: {region: us-east-1}, vertex: {account: {project: p}}}');
  assert.deepEqual(upstreams['bedrock']?.baseUrl, null);
  assert.deepEqual(upstreams['vertex']?.apiKeys, []);
});

/** [what it is about, the upstream, the only problem] */
const refusals: readonly (readonly [string, string, string])[] = [
  [
    'a setting of another provider',
    'vertex: {account: {project: p, apiVersion: v1}}',
    '1:44: `account.apiVersion` has no effect: provider vertex takes `project`, `location`, `serviceAccountFile`, `serviceAccountJson`',
  ],
  [
    'an account of a provider that has none',
    'ollama: {account: {region: eu}}',
    '1:32: `account.region` has no effect: provider ollama takes no `account`',
  ],
  [
    'a setting outside of the account',
    'vertex: {project: p, account: {project: p}}',
    '1:22: `project` has no effect in `upstreams.vertex` — it belongs in `upstreams.<name>.account`',
  ],
  [
    'an unknown interface',
    'bedrock: {account: {region: us-east-1, api: mantel}}',
    '1:57: unknown api `mantel` — did you mean `mantle`?',
  ],
  ['no region', 'bedrock: {}', '1:13: provider bedrock needs `account.region`, like `us-east-1`'],
  [
    'half of a key',
    'bedrock: {account: {region: us-east-1, accessKeyId: A}}',
    '1:23: provider bedrock takes `account.accessKeyId` and `account.secretAccessKey` together',
  ],
  [
    'neither key nor token',
    'azure-openai: {account: {resource: r}}',
    '1:28: provider azure-openai needs an `apiKey`, or `account.entra: true`',
  ],
  [
    'no address',
    'azure-openai: {apiKey: k}',
    '1:13: provider azure-openai needs `account.resource`, `account.endpoint` or a `baseUrl`',
  ],
  ['no project', 'vertex: {}', '1:13: provider vertex needs `account.project`, the id of the Google Cloud project'],
  [
    'a file that is not there',
    'vertex: {account: {project: p, serviceAccountFile: absent.json}}',
    '1:64: `account.serviceAccountFile` /etc/absent.json: no such file',
  ],
];

for (const [about, text, problem] of refusals) {
  test(`refused with words: ${about}`, () => assert.deepEqual(problemsIn(`upstreams: {${text}}`), [problem]));
}

test('a secret of an account is not shown in a problem', () => {
  const text = 'upstreams: {bedrock: {account: {region: us-east-1, secretAccessKey: "${AWS_KEY}"}}}';
  const problems = problemsIn(text, { AWS_KEY: 'very-secret-key' });
  assert.equal(problems.length, 1);
  assert.ok(!problems.join().includes('very-secret'));
});

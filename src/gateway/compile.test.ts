import assert from 'node:assert/strict';
import { test } from 'node:test';
import { config, upstream } from '../../test/support/rig.ts';
import type { UpstreamConfig } from '../ports/config.ts';
import { compile } from './compile.ts';
import type { Upstream } from './snapshot.ts';

function compiled(settings: Omit<Partial<UpstreamConfig>, 'baseUrl'>, baseUrl: string | null = null): Upstream {
  const it = { ...upstream({ baseUrl: '' }), apiKeys: [], ...settings, baseUrl };
  const found = compile(config({ upstreams: { it }, models: {} }), 1, 'test').upstreams.get('it');
  assert.ok(found !== undefined);
  return found;
}

const where = ({ route, basePath }: Upstream): string => route.origin + basePath;

test('an account comes to an address, unless one is given', () => {
  const account = { region: 'us-east-1' };
  assert.equal(where(compiled({ provider: 'bedrock', account })), 'https://bedrock-runtime.us-east-1.amazonaws.com');
  assert.equal(where(compiled({ provider: 'bedrock', account }, 'http://proxy.test/aws')), 'http://proxy.test/aws');
  assert.equal(where(compiled({ provider: 'openai' })), 'https://api.openai.com/v1');
});

test('the region and the account’s place stand in for each other, and are two where both are said', () => {
  const bedrock = compiled({ provider: 'bedrock', region: 'eu-west-1' });
  assert.deepEqual([bedrock.region, bedrock.account['region']], ['eu-west-1', 'eu-west-1']);
  const vertex = compiled({ provider: 'vertex', account: { project: 'p', location: 'eu' } });
  assert.deepEqual([vertex.region, vertex.account['location']], ['eu', 'eu']);
  const both = compiled({ provider: 'bedrock', region: 'eu', account: { region: 'eu-west-1' } });
  assert.deepEqual([both.region, both.account['region']], ['eu', 'eu-west-1']);
  assert.equal(where(both), 'https://bedrock-runtime.eu-west-1.amazonaws.com');
});

test('a key is shown as its provider wants it, and where there is none something stands in for it', () => {
  const account = { region: 'us-east-1' };
  const signed = compiled({ provider: 'bedrock', account });
  assert.deepEqual([signed.auth?.kind, signed.authorizations], ['sigv4', [[]]]);
  const keyed = compiled({ provider: 'bedrock', account, apiKeys: ['k'] });
  assert.deepEqual([keyed.auth, keyed.authorizations], [null, [['authorization', 'Bearer k']]]);
  const claude = compiled({ provider: 'anthropic', apiKeys: ['a', 'b'] });
  const keys = [
    ['x-api-key', 'a'],
    ['x-api-key', 'b'],
  ];
  assert.deepEqual([claude.auth, claude.authorizations], [null, keys]);
  assert.equal(compiled({ provider: 'ollama' }).auth, null);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { environmentOf } from '../environment.ts';
import { automaticUpstreams } from './automatic.ts';

function found(variables: Record<string, string>, ownPort = 4000) {
  const result = automaticUpstreams(environmentOf(variables), ownPort);
  assert.ok(result.ok, result.ok ? '' : result.error.join());
  return result.value;
}

const baseUrl = (host: string) => found({ OLLAMA_HOST: host }).upstreams['ollama']?.baseUrl;
const openai = (variables: Record<string, string>) => found(variables).upstreams['openai'];

test('with nothing in the environment there is the demo', () => {
  const { source, upstreams, models } = found({});
  assert.equal(source, 'built-in');
  assert.deepEqual(Object.keys(upstreams), ['demo']);
  assert.equal(upstreams['demo']?.provider, 'scripted');
  assert.deepEqual(models['demo']?.targets[0], {
    upstream: 'demo',
    model: 'demo',
    weight: 1,
    tier: null,
    defaults: {},
    traits: {},
  });
});

test('each known variable brings its upstream, and the demo stays', () => {
  const { source, upstreams } = found({
    DEEPSEEK_API_KEY: 'sk-1, sk-2,,sk-1',
    OPENAI_API_KEY: 'sk-3',
    ANTHROPIC_API_KEY: 'sk-4',
    MISTRAL_API_KEY: 'sk-5',
    OLLAMA_HOST: 'localhost',
    VLLM_BASE_URL: 'http://gpu:8000/',
    VLLM_API_KEY: 'sk-6',
  });
  assert.equal(source, 'environment');
  const rows = Object.entries(upstreams).map(([name, it]) => [
    name,
    it.provider,
    it.baseUrl,
    it.apiKeys.join(),
    it.discover,
  ]);
  assert.deepEqual(rows, [
    ['deepseek', 'deepseek', null, 'sk-1,sk-2', true],
    ['openai', 'openai', null, 'sk-3', true],
    ['anthropic', 'anthropic', null, 'sk-4', true],
    ['mistral', 'mistral', null, 'sk-5', true],
    ['ollama', 'ollama', 'http://localhost:11434/v1', '', true],
    ['vllm', 'vllm', 'http://gpu:8000/v1', 'sk-6', true],
    ['demo', 'scripted', null, '', false],
  ]);
});

const account = (variables: Record<string, string>, name: string) => {
  const it = found(variables).upstreams[name];
  return it === undefined ? null : [it.provider, it.apiKeys.join(), it.account];
};

test('Azure needs its key and its endpoint, and keeps to the version said', () => {
  const both = { AZURE_OPENAI_API_KEY: 'k', AZURE_OPENAI_ENDPOINT: 'https://r.openai.azure.com/' };
  assert.equal(account({ AZURE_OPENAI_API_KEY: 'k' }, 'azure-openai'), null);
  assert.equal(account({ AZURE_OPENAI_ENDPOINT: 'https://r.openai.azure.com' }, 'azure-openai'), null);
  const endpoint = 'https://r.openai.azure.com/';
  assert.deepEqual(account(both, 'azure-openai'), ['azure-openai', 'k', { endpoint }]);
  const dated = account({ ...both, OPENAI_API_VERSION: '2024-10-21' }, 'azure-openai');
  assert.deepEqual(dated, ['azure-openai', 'k', { endpoint, apiVersion: '2024-10-21' }]);
});

test('Bedrock needs its own key and a region: plain AWS keys are everybody’s', () => {
  const plain = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 's', AWS_REGION: 'eu-west-1' };
  assert.equal(account(plain, 'bedrock'), null);
  assert.equal(account({ AWS_BEARER_TOKEN_BEDROCK: 'b' }, 'bedrock'), null);
  const region = 'eu-west-1';
  assert.deepEqual(account({ ...plain, AWS_BEARER_TOKEN_BEDROCK: 'b' }, 'bedrock'), ['bedrock', 'b', { region }]);
  assert.deepEqual(account({ AWS_BEARER_TOKEN_BEDROCK: 'b', AWS_DEFAULT_REGION: region }, 'bedrock')?.[2], { region });
});

test('Vertex needs a credentials file and a project', () => {
  const file = { GOOGLE_APPLICATION_CREDENTIALS: '/k.json' };
  assert.equal(account(file, 'vertex'), null);
  assert.equal(account({ GOOGLE_CLOUD_PROJECT: 'p' }, 'vertex'), null);
  const both = { ...file, GOOGLE_CLOUD_PROJECT: 'p' };
  assert.deepEqual(account(both, 'vertex'), ['vertex', '', { project: 'p' }]);
  const placed = account({ ...both, GOOGLE_CLOUD_LOCATION: 'eu' }, 'vertex');
  assert.deepEqual(placed?.[2], { project: 'p', location: 'eu' });
});

test('OLLAMA_HOST may be written in every way Ollama takes', () => {
  assert.equal(baseUrl('box:1234'), 'http://box:1234/v1');
  assert.equal(baseUrl(':1234'), 'http://127.0.0.1:1234/v1');
  assert.equal(baseUrl('0.0.0.0'), 'http://127.0.0.1:11434/v1');
  assert.equal(baseUrl('[::]:11434'), 'http://[::1]:11434/v1');
  assert.equal(baseUrl('https://ollama.test'), 'https://ollama.test/v1');
  assert.equal(baseUrl('http://box:80/v1/'), 'http://box/v1');
  assert.equal(baseUrl('http://box/proxy'), 'http://box/proxy/v1');
});

test('OPENAI_BASE_URL is respected, and a foreign one is not taken for OpenAI', () => {
  assert.equal(openai({ OPENAI_API_KEY: 'k', OPENAI_BASE_URL: 'https://eu.api.openai.com/v1' })?.provider, 'openai');
  const foreign = openai({ OPENAI_BASE_URL: 'http://box:9000/v1/' });
  assert.deepEqual([foreign?.provider, foreign?.baseUrl], ['openai-compatible', 'http://box:9000/v1']);
});

test('OPENAI_BASE_URL meant for our clients does not make us our own upstream', () => {
  const own = { OPENAI_BASE_URL: 'http://localhost:4000/v1' };
  assert.equal(found(own).upstreams['openai'], undefined);
  assert.equal(found({ ...own, OPENAI_API_KEY: 'k' }).upstreams['openai']?.baseUrl, null);
  assert.equal(found(own, 8080).upstreams['openai']?.baseUrl, 'http://localhost:4000/v1');
});

test('a bad variable is named, its value is not shown', () => {
  const result = automaticUpstreams(
    environmentOf({ VLLM_BASE_URL: 'not-an-address', MISTRAL_API_KEY: 'se cret' }),
    4000,
  );
  assert.ok(!result.ok);
  assert.deepEqual(result.error, [
    'environment variable MISTRAL_API_KEY: this key holds white space or characters no key has',
    'environment variable VLLM_BASE_URL: must be a full address like `https://host/v1`',
  ]);
});

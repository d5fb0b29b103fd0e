// The providers whose address follows from an account, and Claude's generations.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { canonical, sentBody, through } from '../../test/support/canonical.ts';
import { anthropicDoor } from '../dialects/anthropic/dialect.ts';
import type { JsonObject } from '../kernel/json.ts';
import { claude, claudePrice, mannerOf } from './anthropic-models.ts';
import { azureOpenai } from './azure-openai.ts';
import { bedrock } from './bedrock.ts';
import { anthropic } from './anthropic.ts';
import type { Account, Provider } from './provider.ts';
import { vertex } from './vertex.ts';

const addressOf = (provider: Provider, account: Account) => provider.address?.(account);
const troubleOf = (provider: Provider, account: Account, hasKey = false) =>
  provider.accountTrouble?.(account, hasKey, false);

const scope = (account: Account): string | null => {
  const auth = azureOpenai.dynamicAuth?.({ ...account, entra: 'true' });
  return auth?.kind === 'entra' ? auth.scope : null;
};

suite('azure-openai', () => {
  test('lives where its resource, its endpoint or its project says', () => {
    assert.equal(addressOf(azureOpenai, { resource: 'r' }), 'https://r.openai.azure.com/openai/v1');
    const project = 'https://r.services.ai.azure.com/api/projects/p';
    assert.equal(addressOf(azureOpenai, { endpoint: `${project}/` }), `${project}/openai/v1`);
    for (const tail of ['', '/', '/openai', '/openai/', '/openai/v1', '/openai/v1/']) {
      const endpoint = `https://r.openai.azure.com${tail}`;
      assert.equal(addressOf(azureOpenai, { endpoint }), 'https://r.openai.azure.com/openai/v1', tail);
    }
    const dated = { resource: 'r', apiVersion: '2024-10-21' };
    assert.equal(addressOf(azureOpenai, dated), 'https://r.openai.azure.com/openai');
  });

  test('asks for a preview by its name, in the present form', () => {
    const { path } = azureOpenai.prepare(canonical(), 'd', { resource: 'r', apiVersion: 'preview' });
    assert.equal(path, '/chat/completions?api-version=preview');
  });

  test('shows an Entra token only when told to, for the host it is sent to', () => {
    assert.equal(azureOpenai.dynamicAuth?.({ resource: 'r' }), null);
    assert.equal(scope({ resource: 'r' }), 'https://cognitiveservices.azure.com/.default');
    assert.equal(scope({ endpoint: 'https://r.services.ai.azure.com' }), 'https://ai.azure.com/.default');
    assert.equal(scope({ resource: 'r', entraScope: 'own' }), 'own');
  });

  test('says what an account lacks', () => {
    assert.match(troubleOf(azureOpenai, {}, true) ?? '', /needs `account.resource`/);
    assert.match(troubleOf(azureOpenai, { resource: 'https://r.openai.azure.com' }, true) ?? '', /bare name/);
    assert.match(troubleOf(azureOpenai, { endpoint: 'r.openai.azure.com' }, true) ?? '', /an address like/);
    assert.match(troubleOf(azureOpenai, { resource: 'r' }) ?? '', /`apiKey`, or `account.entra/);
    assert.equal(troubleOf(azureOpenai, { resource: 'r', entra: 'true' }), null);
    assert.equal(azureOpenai.accountTrouble?.({}, true, true), null, 'an address was given');
  });
});

suite('deployments of Azure', () => {
  const account = { resource: 'r' };
  const thoughtful = through(anthropicDoor, {
    max_tokens: 5,
    messages: [
      { role: 'user', content: 'x' },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm', signature: 's' },
          { type: 'text', text: 'a' },
        ],
      },
      { role: 'user', content: 'y' },
    ],
  });
  const thoughts = (model: string, more: Account = {}): unknown => {
    const [, answer] = sentBody(thoughtful, azureOpenai.prepare(thoughtful, model, { ...account, ...more }))[
      'messages'
    ] as JsonObject[];
    return [answer?.['reasoning_content'], answer?.['reasoning_details']];
  };
  const limits = (model: string, more: Account = {}): unknown => {
    const request = canonical({ max_tokens: 5 });
    const body = sentBody(request, azureOpenai.prepare(request, model, { ...account, ...more }));
    return [body['model'], body['max_tokens'], body['max_completion_tokens']];
  };

  test('keep thoughts where they are DeepSeek’s, without proof, and lose them where they may be OpenAI’s', () => {
    assert.deepEqual(thoughts('DeepSeek-V4-Pro'), ['Hm', undefined]);
    assert.deepEqual(thoughts('mine', { baseModel: 'DeepSeek-V4-Pro' }), ['Hm', undefined]);
    assert.deepEqual(thoughts('gpt-6-luna'), [undefined, undefined]);
    assert.deepEqual(thoughts('mine'), [undefined, undefined]);
  });

  test('are told the limit in the word that present models take, unless they are known for another', () => {
    assert.deepEqual(limits('mine'), ['mine', undefined, 5]);
    assert.deepEqual(limits('gpt-5'), ['gpt-5', undefined, 5]);
    assert.deepEqual(limits('mine', { baseModel: 'o3' }), ['mine', undefined, 5]);
    assert.deepEqual(limits('gpt-4o'), ['gpt-4o', 5, undefined]);
    assert.deepEqual(limits('DeepSeek-V4-Pro'), ['DeepSeek-V4-Pro', 5, undefined]);
    assert.deepEqual(limits('mine', { apiVersion: '2024-02-01' }), ['mine', 5, undefined]);
  });
});

suite('bedrock', () => {
  const region = 'eu-central-1';

  test('lives in its region, at the endpoint of its interface', () => {
    assert.equal(addressOf(bedrock, { region }), 'https://bedrock-runtime.eu-central-1.amazonaws.com');
    assert.equal(addressOf(bedrock, { region, api: 'mantle' }), 'https://bedrock-mantle.eu-central-1.api.aws');
  });

  test('signs for the service it calls, with keys of the account or none of them', () => {
    const signed = { kind: 'sigv4', region };
    assert.deepEqual(bedrock.dynamicAuth?.({ region }), { ...signed, service: 'bedrock', keys: null });
    const keys = { accessKeyId: 'A', secretAccessKey: 'S' };
    assert.deepEqual(bedrock.dynamicAuth?.({ region, api: 'mantle', ...keys }), {
      ...signed,
      service: 'bedrock-mantle',
      keys: { ...keys, sessionToken: null },
    });
  });

  test('says what an account lacks', () => {
    assert.match(troubleOf(bedrock, {}) ?? '', /needs `account.region`/);
    assert.match(troubleOf(bedrock, { region: 'eu' }) ?? '', /an AWS region/);
    for (const good of ['us-east-1', 'us-gov-west-1', 'ap-southeast-2'])
      assert.equal(troubleOf(bedrock, { region: good }), null);
    assert.match(troubleOf(bedrock, { region, secretAccessKey: 'S' }) ?? '', /together/);
    assert.match(troubleOf(bedrock, { region, sessionToken: 'T' }) ?? '', /together with/);
  });

  test('translates Claude’s own words, unless Messages is known to be there', () => {
    const request = through(anthropicDoor, { max_tokens: 5, messages: [{ role: 'user', content: 'Hello.' }] });
    const model = 'us.anthropic.claude-sonnet-4-6';
    assert.equal(bedrock.prepare(request, model, { region }).dialect.name, 'converse');
    assert.equal(bedrock.prepare(request, model, { region, api: 'converse' }).dialect.name, 'converse');
    for (const api of ['mantle', 'messages']) {
      const { body, path } = bedrock.prepare(request, model, { region, api });
      assert.deepEqual([body, path], ['native', '/anthropic/v1/messages']);
    }
    assert.equal(bedrock.prepare(request, 'deepseek.v3.2', { region }).dialect.name, 'openai');
  });

  test('keeps Claude’s cache marks on the way to Converse, and no other far side sees them', () => {
    const mark = { cache_control: { type: 'ephemeral' } };
    const request = through(anthropicDoor, {
      max_tokens: 5,
      system: [{ type: 'text', text: 'Be brief.', ...mark }],
      tools: [{ name: 'f', input_schema: { type: 'object' }, ...mark }],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a', ...mark },
            { type: 'text', text: 'b' },
          ],
        },
        { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'f', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 'r', ...mark }] },
      ],
    });
    const { body } = bedrock.prepare(request, 'us.anthropic.claude-sonnet-4-6', { region });
    assert.equal(JSON.stringify(body).split('cachePoint').length - 1, 4);
    assert.doesNotMatch(JSON.stringify(request.body), /cache_control/);
    assert.equal((request.body['messages'] as JsonObject[])[1]?.['content'], 'a\nb');
  });

  test('tells Converse the caller’s own budget of thoughts, unless the answer’s limit was lowered since', () => {
    const thinking = { type: 'enabled', budget_tokens: 4_000 };
    const request = through(anthropicDoor, { max_tokens: 8_000, thinking, messages: [{ role: 'user', content: 'x' }] });
    const budgetOf = (asked: typeof request): unknown => {
      const { body } = bedrock.prepare(asked, 'us.anthropic.claude-haiku-4-5-20251001-v1:0', { region });
      return (body as JsonObject)['additionalModelRequestFields'];
    };
    assert.deepEqual(budgetOf(request), { thinking });
    const lowered = { ...request, body: { ...request.body, max_tokens: 4_001 } };
    assert.deepEqual(budgetOf(lowered), { thinking: { type: 'enabled', budget_tokens: 2_000 } });
    assert.doesNotMatch(JSON.stringify(request.body), /budget_tokens/, 'no other far side sees it');
  });

  test('knows how little of DeepSeek it holds', () => {
    assert.equal(bedrock.capabilities('us.deepseek.r1-v1:0').contextTokens, 128_000);
    assert.equal(bedrock.capabilities('deepseek.v3.2').outputTokens, 8_192);
  });
});

suite('vertex', () => {
  test('lives where its location says', () => {
    const hosts = {
      global: 'aiplatform.googleapis.com',
      eu: 'aiplatform.eu.rep.googleapis.com',
      'us-central1': 'us-central1-aiplatform.googleapis.com',
    };
    for (const [location, host] of Object.entries(hosts)) {
      const expected = `https://${host}/v1/projects/p/locations/${location}/endpoints/openapi`;
      assert.equal(addressOf(vertex, { project: 'p', location }), expected);
    }
    assert.match(addressOf(vertex, { project: 'p' }) ?? '', /locations\/global/);
  });

  test('says what an account lacks', () => {
    assert.match(troubleOf(vertex, {}) ?? '', /needs `account.project`/);
    assert.match(troubleOf(vertex, { project: 'p/../q' }) ?? '', /a project id/);
    assert.match(troubleOf(vertex, { project: 'p', location: 'evil.test/' }) ?? '', /a location/);
    const both = { project: 'p', serviceAccountFile: 'f', serviceAccountJson: '{}' };
    assert.match(troubleOf(vertex, both) ?? '', /not both/);
  });
});

const row = (model: string) => {
  const { sampling, thinking, prefill, forcedTools } = claude(model);
  return [sampling, thinking, prefill, forcedTools];
};

suite('Claude', () => {
  test('differs by generation, whatever stands around its name', () => {
    assert.deepEqual(row('claude-3-5-haiku-20241022'), [true, 'none', true, true]);
    assert.deepEqual(row('claude-sonnet-4-20250514'), [true, 'budget', true, true]);
    assert.deepEqual(row('us.anthropic.claude-sonnet-4-5-20250929-v1:0'), [true, 'budget', true, true]);
    assert.deepEqual(row('claude-sonnet-4-6'), [true, 'adaptive', false, true]);
    assert.deepEqual(row('claude-opus-4-7'), [false, 'adaptive', false, true]);
    assert.deepEqual(row('claude-opus-5'), [false, 'adaptive', false, true]);
    assert.deepEqual(row('claude-haiku-5-5'), [false, 'adaptive', false, true]);
    assert.deepEqual(row('claude-fable-5'), [false, 'always', false, true]);
    assert.deepEqual(row('claude-opus-5-5'), [false, 'always', false, false]);
    assert.deepEqual(row('claude-unheard-of'), row('claude-opus-5'), 'what is unknown is new');
  });

  test('answers no longer than the model can, when the caller sets no limit', () => {
    assert.equal(mannerOf('claude-3-haiku-20240307').answerTokensMax, 4_096);
    assert.equal(mannerOf('claude-opus-5-5').answerTokensMax, 32_000);
  });

  test('costs what its page says, where that was read', () => {
    assert.equal(claudePrice('claude-opus-5-5')?.outputMicroUsd, 20_000_000);
    assert.equal(claudePrice('claude-opus-5')?.inputMicroUsd, 5_000_000);
    assert.equal(claudePrice('claude-opus-4-1-20250805')?.inputMicroUsd, 15_000_000);
    assert.equal(claudePrice('claude-opus-4-20250514')?.outputMicroUsd, 75_000_000);
    assert.equal(claudePrice('claude-haiku-5-5'), null, 'it has more than one');
  });

  test('continues a prefix only where its API does', () => {
    assert.equal(anthropic.capabilities('claude-haiku-4-5').prefix, 'trailing-assistant');
    assert.equal(anthropic.capabilities('claude-sonnet-4-6').prefix, null);
    assert.equal(bedrock.capabilities('us.anthropic.claude-opus-5-5').can.prefix, false);
  });
});

// A real gateway with its worker thread: similar questions over HTTP, with the lexical embedder and with an embeddings model.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { completion, FarSide, json } from './support/far-side.ts';
import { type Running, runGateway } from './support/running.ts';

let farSide: FarSide;
let gateway: Running;
before(async () => {
  farSide = await FarSide.start();
  farSide.answer = (response, { path, body }) =>
    path.endsWith('/embeddings')
      ? json(response, 200, {
          object: 'list',
          data: [{ object: 'embedding', index: 0, embedding: vectorOf(body['input']) }],
        })
      : json(response, 200, completion(`It is ${/"content":"[^"]*?(\w+) please/.exec(JSON.stringify(body))?.[1]}.`));
  gateway = await runGateway(`
upstreams:
  far: { provider: openai-compatible, baseUrl: '${farSide.baseUrl}', apiKey: k }
models:
  embedder: { targets: [far/e] }
  letters:
    targets: [far/m]
    cache: { semantic: { errorPercent: 20, verifyFirst: 20, samplePercent: 1, timeoutMs: 2000 } }
  meanings:
    targets: [far/m]
    cache: { semantic: { model: embedder, errorPercent: 20, verifyFirst: 20, samplePercent: 1, timeoutMs: 2000 } }
`);
});
after(async () => {
  await gateway.end();
  await farSide.stop();
});

/** What comes before `please` is what it is about; the greeting is no part of it. */
function vectorOf(input: unknown): number[] {
  const thing = /(\w+) please/.exec(String(input))?.[1] ?? '';
  return Array.from(createHash('sha256').update(thing).digest(), (byte) => byte - 127.5);
}

async function ask(model: string, content: string): Promise<string> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, temperature: 0, messages: [{ role: 'user', content }] }),
  });
  const answer = (await response.json()) as { choices: [{ message: { content: string } }] };
  return `${response.headers.get('x-spillway-cache')} ${answer.choices[0].message.content}`;
}

for (const model of ['letters', 'meanings']) {
  test(`${model}: what is compared often enough is given, from a search in the worker thread`, async () => {
    let given = 0;
    for (let at = 0; at < 99 && given < 5; at++) {
      const thing = `thing${'abcdefghij'[at % 10]}${'klmnopqrst'[Math.floor(at / 10)]}x`;
      assert.equal(await ask(model, `what is the usual weight of the ${thing} please`), `miss It is ${thing}.`);
      const second = await ask(model, `hello, what is the usual weight of a ${thing} please`);
      assert.match(second, new RegExp(`^(?:miss|semantic) It is ${thing}\\.$`));
      if (second.startsWith('semantic')) given++;
    }
    assert.equal(given, 5);
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    assert.match(metrics, new RegExp(`spillway_semantic_state\\{model="${model}"\\} 1`));
    assert.match(
      metrics,
      new RegExp(`spillway_cache_exchanges_total\\{model="${model}",status="semantic",level="local"\\} 5`),
    );
    assert.match(metrics, /spillway_semantic_restarts 0/);
  });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goodConfig, problemsIn } from '../../../test/support/config.ts';
import { defaultSemantic } from './defaults.ts';

const file = (cache: string, more = ''): string =>
  `upstreams: { u: { provider: vllm, baseUrl: 'http://127.0.0.1:9/v1' } }
models:
  m: { targets: [u], aliases: [mm], cache: ${cache}${more} }
  embedder: { targets: [u] }
`;

test('nothing said, nothing looked at; an empty word does with the defaults, and each setting is taken', () => {
  assert.equal(goodConfig(file('{}')).models['m']?.cache?.semantic, undefined);
  assert.equal(goodConfig(file('{ semantic: { enabled: false } }')).models['m']?.cache?.semantic, undefined);
  assert.deepEqual(goodConfig(file('{ semantic: {} }')).models['m']?.cache?.semantic, defaultSemantic);
  const said = 'model: embedder, errorPercent: 0.5, verifyFirst: 700, samplePercent: 1, timeoutMs: 80';
  assert.deepEqual(goodConfig(file(`{ semantic: { ${said} } }`)).models['m']?.cache?.semantic, {
    model: 'embedder',
    errorPercent: 0.5,
    verifyFirst: 700,
    samplePercent: 1,
    timeoutMs: 80,
  });
  const degrade = ', degrade: { semantic: true }';
  assert.equal(goodConfig(file('{ semantic: {} }', degrade)).models['m']?.degrade.semantic, true);
});

test('what makes no sense is refused, with what to do instead', () => {
  const cases: [string, RegExp][] = [
    [file('{ semantic: {}, scope: public }'), /stays within a key: it cannot be used with `scope: public`/],
    [file('{ semantic: { model: nobody } }'), /no model `nobody` is listed/],
    [file('{ semantic: { model: m } }'), /names the model itself: name one that makes embeddings/],
    [file('{ semantic: { model: mm } }'), /names the model itself/],
    [file("{ semantic: { model: 'e*' } }"), /one embeddings model, not a pattern/],
    [file('{}', ', degrade: { semantic: true }'), /none is looked at: add `cache: \{ semantic: \{\} \}`/],
    [file('{ enabled: false, semantic: {} }', ', degrade: { semantic: true }'), /none is looked at/],
    [file('{ semantic: { errorPercent: 0 } }'), /errorPercent/],
    [file('{ semantic: { errorPercent: 50 } }'), /errorPercent/],
    [file('{ semantic: { verifyFirst: 3 } }'), /verifyFirst/],
    [file('{ semantic: { threshold: 0.9 } }'), /threshold/],
  ];
  for (const [text, expected] of cases) {
    const problems = problemsIn(text);
    assert.equal(problems.length, 1, `${text}: ${problems.join(' | ')}`);
    assert.match(problems[0] ?? '', expected);
  }
});

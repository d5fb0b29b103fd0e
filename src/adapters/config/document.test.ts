import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goodConfig, problemsIn } from '../../../test/support/config.ts';

test('JSON is read too, tabs and all', () => {
  assert.equal(goodConfig('{\n\t"port": 8080,\n\t"keys": [{"key": "a"}]\n}').port, 8080);
});

test('a byte-order mark and Windows line ends do no harm', () => {
  assert.equal(goodConfig('\ufeffport: 1\r\nhost: h\r\n').port, 1);
});

test('anchors and merges work, with a place of their own', () => {
  const config = goodConfig(`
x-local: &local {provider: ollama, maxConcurrent: 2}
upstreams:
  a: *local
  b:
    <<: *local
    maxConcurrent: 3
`);
  assert.deepEqual([config.upstreams['a']?.maxConcurrent, config.upstreams['b']?.maxConcurrent], [2, 3]);
});

test('a problem in a merged part stands where it was written, one beside it where it stands', () => {
  const text = 'x-a: &a\n  provider: ollama\n  tire: base\nupstreams:\n  o:\n    <<: *a\n    regio: eu\n';
  assert.deepEqual(problemsIn(text), [
    '3:3: unknown setting `tire` — did you mean `tier`?',
    '7:5: unknown setting `regio` — did you mean `region`?',
  ]);
});

/** [what it is about, the file, the first problem] */
const refusals: readonly (readonly [string, string, string])[] = [
  ['an empty file', '', '1:1: the file is empty'],
  ['a file of comments', '# nothing\n', '1:1: the file is empty'],
  ['a list', '- a', '1:1: the file must hold settings, like `port: 4000`'],
  ['a text', 'hello', '1:1: the file must hold settings, like `port: 4000`'],
  ['a tab', 'log:\n\tlevel: info', '2:1: a tab cannot indent: use spaces'],
  ['two documents', 'port: 1\n---\nport: 2', '2:1: the file holds more than one document (`---`)'],
  ['an open bracket', 'keys: [{key: a}', '1:16: the indentation does not fit, or a bracket is never closed'],
  ['an open quote', 'host: "a', '1:9: a quote is never closed'],
  [
    'a colon in a plain text',
    'host: a: b',
    '1:7: two `name: value` on one line: break the line, or put a text with `: ` in quotes',
  ],
  ['a bare reference in braces', 'log: {level: ${LEVEL}}', '1:15: inside `{ }` or `[ ]` write "${NAME}" in quotes'],
  ['a bare star', 'models:\n  *: {targets: [a]}', '2:6: put a name with `*` in quotes'],
  [
    'an unknown alias',
    'models:\n  m: {targets: [*a]}',
    '2:17: no `&` anchor of this name stands above (a name with `*` needs quotes)',
  ],
  ['a name that is no text', '? [a]\n: 1', '1:3: a name must be a plain text'],
  ['a merge of no map', 'log:\n  <<: 3', '2:7: `<<` needs a map, or an alias of one'],
  ['an alias of itself', 'x-a: &a [*a]', '1:9: nested too deeply'],
  ['absurd nesting', '['.repeat(50_000), ''],
  ['binary', 'a\0b', '1:1: this is no text file'],
  ['a huge file', `# ${'x'.repeat(1_100_000)}\nport: 1`, '1:1: the file is larger than 1 MiB'],
];

for (const [about, text, problem] of refusals) {
  test(`refused with one line: ${about}`, () => {
    const problems = problemsIn(text);
    assert.ok(problems.length >= 1 && problems.length <= 5);
    if (problem !== '') assert.equal(problems[0], problem);
    else assert.match(problems[0] ?? '', /nested too deeply$/);
  });
}

test('an alias bomb is refused before it fills the memory', () => {
  const rows = Array.from(
    { length: 12 },
    (_, row) =>
      `x-${row}: &n${row} [${Array.from({ length: 10 }, () => (row === 0 ? 'x' : `*n${row - 1}`)).join(', ')}]`,
  );
  assert.match(problemsIn(rows.join('\n'))[0] ?? '', /aliases make this file too large$/);
});

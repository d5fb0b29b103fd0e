// Real clients against a running gateway, at every endpoint and with every kind of far side: docs/compatibility.md says what
// they find, and nothing else.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { pageWith } from './compatibility/page.ts';
import { runCompatibility } from './compatibility/suite.ts';

/** Whatever the formatter made of a table's spaces. */
const linesOf = (page: string): string[] =>
  page
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (line.startsWith('|') ? line.replaceAll(/\s+|-{2,}/g, ' ') : line));

test('every check of every client holds, and docs/compatibility.md says just that', async () => {
  const findings = await runCompatibility();
  const failed = [...findings.talks, ...findings.uses].filter(({ outcome }) => outcome === '✗');
  assert.deepEqual(failed, []);
  const page = readFileSync('docs/compatibility.md', 'utf8');
  assert.deepEqual(linesOf(page), linesOf(pageWith(page, findings)), '`npm run compatibility` writes the tables anew');
});

// Real clients against a running gateway, at every endpoint and with every kind of far side: docs/compatibility.md says what
// they find, and nothing else.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { pageWith } from './compatibility/page.ts';
import { runCompatibility } from './compatibility/suite.ts';

/** Whatever the formatter made of a table's spaces. */
const linesOf = (page: string): string[] =>
  page.split('\n').map((line) => (line.startsWith('|') ? line.replaceAll(/\s+|-{2,}/g, ' ') : line));

test('every client finds at every endpoint what docs/compatibility.md says', async () => {
  const findings = await runCompatibility();
  const page = readFileSync('docs/compatibility.md', 'utf8');
  const written = linesOf(page);
  const differing = linesOf(pageWith(page, findings)).filter((line) => !written.includes(line));
  const failed = [...findings.talks, ...findings.uses].filter(({ outcome }) => outcome === '✗');
  // `npm run compatibility` writes the tables anew.
  assert.deepEqual({ differing, failed: differing.length > 0 ? failed : [] }, { differing: [], failed: [] });
});

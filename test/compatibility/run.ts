// `npm run compatibility`: runs every check and writes the tables of docs/compatibility.md anew. With words after `--`, only what
// is called like them is run, every failure is told, and the page stays as it is.
import { readFileSync, writeFileSync } from 'node:fs';
import { pageWith } from './page.ts';
import { runCompatibility } from './suite.ts';

const page = 'docs/compatibility.md';
const only = process.argv.slice(2).join(' ');
const findings = await runCompatibility(only);
const all = [...findings.talks, ...findings.uses];
for (const { client, endpoint, far, check, outcome, detail } of all) {
  if (outcome === '✗') console.log(`✗ ${client} ${endpoint} ${far} ${check}\n    ${detail.replaceAll('\n', '\n    ')}`);
}
const failed = all.filter(({ outcome }) => outcome === '✗').length;
console.log(`${all.length - failed} of ${all.length} hold`);
if (only === '') writeFileSync(page, pageWith(readFileSync(page, 'utf8'), findings));

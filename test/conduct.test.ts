// The whole conduct suite against a gateway of its own, and a storm of every fault at random: what the page promises holds.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { configurationFor } from '../src/apps/conduct/configuration.ts';
import { type OwnGateway, startOwnGateway } from '../src/apps/conduct/own-gateway.ts';
import { casesOf, isPlain, pairs, scenarios } from '../src/apps/conduct/scenarios.ts';
import { leftovers, runStorm, stormCases } from '../src/apps/conduct/storm.ts';
import { markdownOf, pairsMarkdownOf, runSuite } from '../src/apps/conduct/suite.ts';
import { behaviours } from '../src/wall/behaviours.ts';
import { healthyCall, healthyText } from '../src/wall/known-text.ts';
import { startWall, type Wall } from '../src/wall/wall.ts';

const cases = pairs.flatMap((pair) => casesOf(scenarios, pair));
const plainCases = cases.filter(({ pair }) => isPlain(pair));
const answers = { text: healthyText, toolArguments: healthyCall.arguments };
/** A table's row, whatever the formatter made of its spaces. */
const told = (line: string): string => line.replaceAll(/\s+/g, ' ');
const descriptors = (): number => readdirSync('/proc/self/fd').length;
let wall: Wall;
let gateway: OwnGateway;

before(async () => {
  wall = await startWall({ host: '127.0.0.1', port: 0 });
  gateway = await startOwnGateway(configurationFor(cases, wall.url), 'test');
});
after(async () => {
  await gateway.stop();
  await wall.stop();
});

test('every behaviour of the wall is asked about', () => {
  const asked = new Set(scenarios.flatMap(({ behaviour, second }) => [behaviour, second]));
  const isAsked = (name: string): boolean =>
    [...asked].some((one) => one === name || (name.includes('<') && one.startsWith(name.slice(0, name.indexOf('<')))));
  // A slow first token is asked about with its shorter form; an attentive far side misbehaves in nothing.
  const missing = behaviours
    .map(({ name }) => name)
    .filter((name) => !isAsked(name) && !['slow-first-token', 'attentive'].includes(name));
  assert.deepEqual(missing, []);
});

test('every scenario ends as it should, in every form and pair of dialects, and docs/conduct.md says so', async () => {
  const options = { url: gateway.url, apiKey: 'k', wall, answers, onFinding: () => {} };
  const findings = await runSuite(cases, options);
  const failed = findings.filter(({ passed }) => !passed);
  assert.deepEqual(
    failed.map(({ scenario, form, pair, verdict, detail, sends }) => ({
      title: scenario.title,
      form,
      pair,
      verdict,
      detail,
      sends,
    })),
    [],
  );
  const page = readFileSync('docs/conduct.md', 'utf8').split('\n').map(told);
  const tables = [markdownOf(findings.filter(({ pair }) => isPlain(pair))), pairsMarkdownOf(findings)];
  const missing = tables.flatMap((table) => table.split('\n').slice(2)).filter((row) => !page.includes(told(row)));
  assert.deepEqual(missing, [], 'npm run conduct -- --markdown writes the table anew');
});

test('a storm of every fault at once loses no answer and leaves nothing behind', async () => {
  const asking = { url: gateway.url, apiKey: 'k', answers, atOnce: 100, onProgress: () => {} };
  await runStorm(stormCases(plainCases), { ...asking, requests: 200 });
  const openBefore = descriptors();
  const { failures } = await runStorm(stormCases(plainCases), { ...asking, requests: 1_000 });
  assert.deepEqual(failures, []);
  assert.deepEqual(await leftovers(gateway.origin), []);
  assert.ok(descriptors() < openBefore + 250, 'connections are pooled, not piled up');
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { goodConfig } from '../../test/support/config.ts';
import type { Config } from '../ports/config.ts';
import { banner } from './banner.ts';

const text = (config: Config, colours = false): string =>
  banner({ url: 'http://127.0.0.1:4000', config, colours, version: '1.2.3' }).join('\n');

const demo: Config = { ...goodConfig('port: 4000'), source: 'built-in' };

test('the first start says where it is, what to paste and how to add a key', () => {
  const shown = text(demo);
  assert.match(shown, /Spillway 1\.2\.3 answers on http:\/\/127\.0\.0\.1:4000/);
  assert.match(shown, /no configuration: the demo model only/);
  assert.match(shown, /DEEPSEEK_API_KEY=sk-\.\.\. npm start/);
  assert.match(shown, /metrics +http:\/\/127\.0\.0\.1:4000\/metrics/);
  assert.match(shown, /admin +http:\/\/127\.0\.0\.1:4000\/admin\/config/);
});

test('the curl commands survive a shell, whatever the model is called', () => {
  const config = goodConfig(`upstreams: {ollama: {}}\nmodels: {"it's$HOME": {targets: [ollama]}}`);
  const commands = text(config)
    .split(/\n\n/)
    .filter((part) => part.includes('curl '));
  assert.equal(commands.length, 2);
  for (const [index, command] of commands.entries()) {
    const script = command.slice(command.indexOf('curl'));
    const args = execFileSync('sh', ['-c', `curl() { printf '%s\\n' "$@"; }; ${script}`], { encoding: 'utf8' }).split(
      '\n',
    );
    assert.ok(args.includes('http://127.0.0.1:4000/v1/chat/completions'));
    const body = JSON.parse(args[args.indexOf('-d') + 1] ?? '') as Record<string, unknown>;
    assert.deepEqual([body['model'], body['stream']], ["it's$HOME", index === 1 ? true : undefined]);
  }
});

test('with keys the command shows where the key goes, and no key', () => {
  const config = goodConfig('keys: [{key: sk-very-secret}]\nadminKey: admin-secret\nadminPort: 4001');
  const shown = text(config);
  assert.match(shown, /-H 'authorization: Bearer YOUR-KEY'/);
  assert.match(shown, /http:\/\/127\.0\.0\.1:4001\/admin\/config \(with the admin key\)/);
  assert.doesNotMatch(shown, /secret/);
});

test('colours are for terminals only', () => {
  assert.ok(!text(demo).includes('\u001B'));
  assert.ok(text(demo, true).includes('\u001B[1m'));
});

test('long lists are cut', () => {
  const models = Array.from({ length: 20 }, (_, number) => `  m${number}: {targets: [ollama]}`).join('\n');
  assert.match(text(goodConfig(`upstreams: {ollama: {}}\nmodels:\n${models}`)), /m7, and 13 more/);
});

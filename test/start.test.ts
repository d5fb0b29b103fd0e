// What a start loads: the memory of a gateway at rest is mostly what it has loaded, and one wrong import holds 10 MB.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const root = dirname(import.meta.dirname);
/** The types of one file are stripped by this part of Node, which is 17 MB. */
const STRIPPER = 'NativeModule internal/deps/amaro/dist/index';
const NODES_OWN_UNDICI = 'NativeModule internal/deps/undici/undici';
const HTTP2 = 'NativeModule http2';
const TELL = `data:text/javascript,process.on('exit', () => console.log(JSON.stringify(process.moduleLoadList)))`;

/** The parts of Node that were loaded when it ended. */
function loadedBy(args: readonly string[]): string[] {
  const { PATH } = process.env;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--import', TELL, ...args], {
    cwd: root,
    env: { PATH },
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as string[];
}

test('A gateway loads neither the undici that Node has of its own, nor HTTP/2, before anything is sent', () => {
  const gateway = pathToFileURL(join(root, 'src', 'apps', 'gateway.ts'));
  const loaded = loadedBy(['--input-type=module', '--eval', `await import(${JSON.stringify(gateway.href)})`]);
  assert.ok(loaded.includes('NativeModule _http_server'), 'the gateway was loaded');
  assert.ok(!loaded.includes(NODES_OWN_UNDICI));
  assert.ok(!loaded.includes(HTTP2));
});

test('Who starts a second time strips no types', () => {
  const program = [join(root, 'bin', 'spillway.js'), '--version'];
  loadedBy(program);
  assert.ok(!loadedBy(program).includes(STRIPPER));
  const anew = loadedBy([join(root, 'src', 'cli', 'main.ts'), '--version']);
  assert.ok(anew.includes(STRIPPER), 'it is loaded where nothing is remembered, by the name looked for above');
});

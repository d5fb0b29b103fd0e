import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { providerFacts } from '../../../test/support/config.ts';
import { environmentOf } from '../environment.ts';
import { findConfigFile, loadConfig } from './load.ts';

const folder = mkdtempSync(join(tmpdir(), 'spillway-load-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

function load(
  file: string | null,
  variables: Record<string, string> = {},
  listen: { host?: string; port?: string; workers?: string } = {},
) {
  const environment = environmentOf(variables);
  return loadConfig({
    file,
    environment,
    providers: providerFacts,
    host: listen.host ?? null,
    port: listen.port ?? null,
    workers: listen.workers ?? null,
  });
}

function lines(...from: Parameters<typeof load>): readonly string[] {
  const result = load(...from);
  return result.ok ? [] : result.error.map((line) => line.replace(`${folder}/`, ''));
}

test('the file is the one asked for, then SPILLWAY_CONFIG, then the usual name, then none', () => {
  const nothing = environmentOf({});
  const named = environmentOf({ SPILLWAY_CONFIG: 'named.yaml' });
  assert.equal(findConfigFile(null, nothing, folder), null);
  write('spillway.json', '{}');
  assert.equal(findConfigFile(null, nothing, folder), 'spillway.json');
  write('spillway.yaml', '{}');
  assert.equal(findConfigFile(null, nothing, folder), 'spillway.yaml');
  assert.equal(findConfigFile(null, named, folder), 'named.yaml');
  assert.equal(findConfigFile('asked.yaml', named, folder), 'asked.yaml');
});

test('without a file the environment decides, and says so', () => {
  const builtIn = load(null);
  assert.ok(builtIn.ok);
  assert.deepEqual([builtIn.value.source, builtIn.value.port], ['built-in', 4000]);
  const environment = load(null, { DEEPSEEK_API_KEY: 'k', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel:4318/' });
  assert.ok(environment.ok);
  assert.deepEqual(
    [environment.value.source, environment.value.telemetry.otlpEndpoint],
    ['environment', 'http://otel:4318'],
  );
});

test('HOST and PORT override the file, and the command line overrides them', () => {
  const file = write('listen.yaml', 'host: localhost\nport: 1');
  const byVariable = load(file, { HOST: '127.0.0.2', PORT: '2' });
  assert.ok(byVariable.ok);
  assert.deepEqual([byVariable.value.host, byVariable.value.port], ['127.0.0.2', 2]);
  const byOption = load(file, { HOST: '127.0.0.2', PORT: '2' }, { host: '[::1]', port: '3' });
  assert.ok(byOption.ok);
  assert.deepEqual([byOption.value.host, byOption.value.port], ['::1', 3]);
});

test('a bad HOST, PORT or --port is one line', () => {
  assert.deepEqual(lines(null, { PORT: 'http' }), ['environment variable PORT: must be a port, 0 to 65535']);
  assert.deepEqual(lines(null, {}, { port: '65536' }), ['--port: must be a port, 0 to 65535']);
  assert.deepEqual(lines(null, { HOST: 'http://x' }), [
    'environment variable HOST: must be a host name or address, like 127.0.0.1',
  ]);
});

const workers = (text: string, asked?: string): number | null => {
  const result = load(write('workers.yaml', text), {}, asked === undefined ? {} : { workers: asked });
  return result.ok ? result.value.workers : null;
};

test('workers are a number or one per core, and the command line overrides the file', () => {
  assert.equal(workers('port: 1'), 1);
  assert.equal(workers('workers: 3'), 3);
  assert.equal(workers('workers: 3', '2'), 2);
  assert.equal(workers('workers: auto'), Math.min(64, availableParallelism()));
  assert.equal(workers('workers: 3', 'auto'), Math.min(64, availableParallelism()));
  for (const wrong of ['0', '65', '-1', '1.5', 'all']) {
    assert.deepEqual(lines(write('w.yaml', 'port: 1'), {}, { workers: wrong }), [
      '--workers: must be `auto` or a number, 1 to 64',
    ]);
    assert.equal(lines(write('w.yaml', `workers: ${wrong}`)).length, 1);
  }
});

test('serving strangers without keys needs to be said', () => {
  const advice =
    ' is reachable from other machines and nobody needs a key: list `keys`, say `open: true`, or listen on 127.0.0.1';
  assert.deepEqual(lines(write('host.yaml', 'port: 1\nhost: 0.0.0.0')), [`host.yaml:2:7: host 0.0.0.0${advice}`]);
  assert.deepEqual(lines(null, { HOST: '::' }), [`environment variable HOST: host ::${advice}`]);
  assert.ok(load(write('open.yaml', 'open: true'), { HOST: '0.0.0.0' }).ok);
  assert.ok(load(write('keys.yaml', 'keys: [{key: a}]'), { HOST: '0.0.0.0' }).ok);
  for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '::1', '[::1]'])
    assert.ok(load(null, { HOST: host }).ok, host);
  for (const host of ['127.0.0.1.example.com', '10.0.0.1', '128.0.0.1'])
    assert.ok(!load(null, { HOST: host }).ok, host);
});

test('an admin port on a reachable host needs the admin key, and a port of its own', () => {
  const file = write('admin.yaml', 'host: 0.0.0.0\nkeys: [{key: a}]\nadminPort: 4001');
  assert.deepEqual(lines(file), [
    'admin.yaml:3:12: `adminPort` would be reachable from other machines without a key: set `adminKey` too',
  ]);
  assert.ok(load(file, { HOST: 'localhost' }).ok);
  assert.deepEqual(lines(file, { HOST: 'localhost', PORT: '4001' }), [
    'admin.yaml:3:12: `adminPort` is the same as `port`: leave it out to share one',
  ]);
});

test('a file that cannot be read is one line that says why', () => {
  assert.deepEqual(lines(join(folder, 'absent.yaml')), ['absent.yaml: no such file']);
  assert.deepEqual(lines(folder), [`${folder}: this is a directory, not a file`]);
  const secret = write('secret.yaml', 'port: 1');
  chmodSync(secret, 0o000);
  // The superuser reads it all the same.
  if (process.getuid?.() !== 0) assert.deepEqual(lines(secret), ['secret.yaml: no permission to read it']);
});

test('caFile is found beside the configuration', () => {
  write('ca.pem', 'x');
  const file = write('ca.yaml', 'upstreams: {ollama: {baseUrl: "https://h/v1", caFile: ca.pem}}');
  const result = load(file);
  assert.ok(result.ok);
  assert.equal(result.value.upstreams['ollama']?.caFile, join(folder, 'ca.pem'));
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const main = join(import.meta.dirname, 'main.ts');
const folder = mkdtempSync(join(tmpdir(), 'spillway-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function spillway(args: readonly string[], env: Record<string, string> = {}): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd: folder,
    env,
    encoding: 'utf8',
  });
  return { code: status, out: stdout, err: stderr };
}

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

test('--version prints the version of package.json', () => {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
    version: string;
  };
  assert.deepEqual(spillway(['--version']), { code: 0, out: `${manifest.version}\n`, err: '' });
});

test('--help lists the commands on standard output', () => {
  const { code, out, err } = spillway(['--help']);
  assert.deepEqual([code, err], [0, '']);
  for (const command of ['up', 'check', 'schema']) assert.match(out, new RegExp(`^ +${command}\\b`, 'm'));
  assert.equal(spillway(['up', '--help']).code, 0);
});

test('no command shows the help and is a usage error', () => {
  const { code, out, err } = spillway([]);
  assert.deepEqual([code, out], [2, '']);
  assert.match(err, /^Usage: spillway/);
});

test('a wrong command or option is one line with a hint, and exit code 2', () => {
  const wrong = spillway(['chek']);
  assert.deepEqual(wrong, {
    code: 2,
    out: '',
    err: "spillway: unknown command 'chek' (Did you mean check?); see spillway --help\n",
  });
  const option = spillway(['up', '--prot', '1']);
  assert.equal(option.code, 2);
  assert.equal(option.err.trim().split('\n').length, 1);
  assert.match(option.err, /unknown option '--prot' \(Did you mean --port\?\)/);
  assert.equal(spillway(['check', 'a', 'b']).code, 2);
});

test('check says ok and counts', () => {
  const file = write(
    'good.yaml',
    'upstreams: {ollama: {}}\nmodels: {a: {targets: [ollama]}, b: {targets: [ollama]}}\nkeys: [{key: x}]',
  );
  assert.deepEqual(spillway(['check', file]), {
    code: 0,
    out: 'ok: 1 upstream, 2 models, 1 key (good.yaml)\n',
    err: '',
  });
});

test('check tells every problem, one a line, on standard error', () => {
  const file = write('bad.yaml', 'port: 0x\nopen: maybe\n');
  assert.deepEqual(spillway(['check', file]), {
    code: 1,
    out: '',
    err: 'bad.yaml:1:7: `port` must be a whole number, not a text\nbad.yaml:2:7: `open` must be true or false, not a text\n',
  });
});

test('check of a file that is not there exits with 2', () => {
  assert.deepEqual(spillway(['check', 'absent.yaml']), { code: 2, out: '', err: 'absent.yaml: no such file\n' });
  assert.equal(spillway(['up', '--config', 'absent.yaml']).code, 2);
});

test('check without file reads what up would', () => {
  assert.match(spillway(['check']).out, /^ok: 1 upstream, 1 model, 0 keys \(built-in\)$/m);
  assert.match(
    spillway(['check'], { MISTRAL_API_KEY: 'k' }).out,
    /^ok: 2 upstreams, 1 model, 0 keys \(environment\)$/m,
  );
  const file = write('named.yml', 'upstreams: {ollama: {}}');
  assert.match(spillway(['check'], { SPILLWAY_CONFIG: file }).out, /\(named\.yml\)$/m);
});

test('schema prints a JSON schema', () => {
  const { code, out, err } = spillway(['schema']);
  assert.deepEqual([code, err], [0, '']);
  const schema = JSON.parse(out) as { $schema: string; properties: object };
  assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
  assert.ok('upstreams' in schema.properties);
});

test('a reader that leaves early is no error', () => {
  const script = `"$1" "$2" schema | head -c 10; "$1" "$2" --help | true`;
  const { status, stderr } = spawnSync('sh', ['-c', script, 'sh', process.execPath, main], { encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, '']);
});

test('up refuses a bad configuration before it listens', () => {
  const { code, err } = spillway(['up'], { HOST: '0.0.0.0' });
  assert.equal(code, 1);
  assert.match(err, /^environment variable HOST: host 0\.0\.0\.0 is reachable from other machines/);
});

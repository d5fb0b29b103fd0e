// The Locust file is Python and nobody here runs it: at least Python itself must understand it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from './source-text.ts';

const hasPython = spawnSync('python3', ['--version'], { stdio: 'ignore' }).status === 0;

test('python compiles the locust file', { skip: hasPython ? false : 'this machine has no python3' }, () => {
  const file = join(root, 'deploy/locust/locustfile.py');
  // compile() is what py_compile does, without leaving a file behind.
  const program = 'import sys; compile(open(sys.argv[1]).read(), sys.argv[1], "exec")';
  const { status, stderr } = spawnSync('python3', ['-c', program, file], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

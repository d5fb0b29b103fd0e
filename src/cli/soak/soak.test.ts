import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import type { SoakFigures, VitalsSample } from './vitals.ts';

const main = join(import.meta.dirname, '..', 'main.ts');

test('a short soak watches a real gateway and tells its figures', { timeout: 60_000 }, async () => {
  const soak = spawn(process.execPath, [main, 'soak', '--minutes', '0.1', '--load', '0.5', '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err, [code]] = await Promise.all([text(soak.stdout), text(soak.stderr), once(soak, 'close')]);
  assert.equal(code, 0, err);
  const told = JSON.parse(out) as SoakFigures & { samples: VitalsSample[]; offered: number; answered: number };
  assert.ok(told.offered > 5 && told.answered === told.offered, `${told.answered} of ${told.offered}`);
  assert.ok(told.samples.length >= 5);
  assert.ok(told.rssMbMin > 20 && told.rssMbMax >= told.rssMbMin);
  assert.ok(told.fds.max > 5 && told.timers.max > 1, 'the gateway told of them');
  assert.match(err, /^00:00 of 00:06 {2}asked \d+/);
});

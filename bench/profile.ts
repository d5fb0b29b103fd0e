// Profile: which functions of the gateway take the CPU time under the chat load, by V8's sampling profiler. For finding what
// to improve. The profile itself stays in `.bench`, to be opened in a browser's developer tools.
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cores } from './child.ts';
import { cpuMicros } from './cpu.ts';
import type { Load } from './load/load.ts';
import { startMock } from './mock/mock.ts';
import { machineMicros } from './payload.ts';
import { profileTables } from './profile-tables.ts';
import type { CpuProfile } from './profile-tables.ts';
import { startSpillway, thisCheckout } from './subjects/spillway.ts';

const WARM_UP_SECONDS = 5;
const SECONDS = 10;
const BYTES = 1_024;
const secret = 'sk-bench-profile';

/** The tables, the most expensive first. */
export async function profileGateway(load: Load, folder: string, connections: number): Promise<string> {
  const mock = await startMock();
  let fromMicros = 0;
  let cpuUsPerRequest = 0;
  try {
    const nodeFlags = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=250'];
    const options = { name: 'spillway', checkout: thisCheckout, settings: {}, nodeFlags };
    const gateway = await startSpillway(options, { upstream: mock, folder, secret, core: cores.measured });
    await load.burst(gateway, { connections, bytes: BYTES, secondsMax: WARM_UP_SECONDS });
    fromMicros = machineMicros();
    const before = cpuMicros(gateway.child.pid);
    const burst = await load.burst(gateway, { connections, bytes: BYTES, secondsMax: SECONDS });
    cpuUsPerRequest = (cpuMicros(gateway.child.pid) - before) / burst.requests;
    if (burst.errors > 0) throw new Error(`${burst.errors} errors: ${burst.firstError}`);
    await gateway.child.stop();
  } finally {
    await mock.stop();
  }
  const file = readdirSync(folder).find((name) => name.endsWith('.cpuprofile'));
  if (file === undefined) throw new Error('the gateway left no profile: it did not end by itself');
  const kept = join(thisCheckout, '.bench', 'gateway.cpuprofile');
  mkdirSync(join(thisCheckout, '.bench'), { recursive: true });
  copyFileSync(join(folder, file), kept);
  const profile: CpuProfile = JSON.parse(readFileSync(kept, 'utf8'));
  const head = `c=${connections}, ${BYTES} bytes, sampled: ${cpuUsPerRequest.toFixed(1)} µs of CPU a request`;
  return `${head}\n\n${profileTables(profile, { fromMicros, cpuUsPerRequest })}`;
}

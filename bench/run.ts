// `npm run bench`: measures in this order and appends a line to history.ndjson.
//
//   1. chat (chat.ts): CPU time per non-streamed request, beside nginx in the same run
//
//   --quick       one launch instead of three, under a minute
//   --json        the record instead of the table
//   --no-record   leaves history.ndjson alone
//   --profile     where the gateway's time goes, instead of measuring (profile.ts)
//
// All load stays on 127.0.0.1 and ends by the clock. Nothing is reported when a single request failed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { installMissingTools } from '../scripts/tools.ts';
import { measureChat } from './chat.ts';
import { endChildrenWithUs } from './child.ts';
import { appendToHistory, historyFile, recordOf } from './history.ts';
import { startLoad } from './load.ts';
import type { Load } from './load.ts';
import { profileGateway } from './profile.ts';
import { tableOf } from './report.ts';

const CONNECTIONS = 32;
const full = { launches: 3, rounds: 10, warmUpSeconds: 5, secondsMax: 150 };
const quick = { launches: 1, rounds: 10, warmUpSeconds: 4, secondsMax: 45 };

const { values: wishes } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    'no-record': { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
  },
});

// Progress goes where it does not mix with --json.
const say = (line: string): void => console.error(line);

async function bench(load: Load, folder: string): Promise<void> {
  if (wishes.profile) return console.log(await profileGateway(load, folder));
  const { secondsMax, ...plan } = wishes.quick ? quick : full;
  const until = performance.now() + secondsMax * 1_000;
  const chat = await measureChat({ load, folder, ...plan, until, say });
  const record = recordOf(wishes.quick, [chat]);
  console.log(wishes.json ? JSON.stringify(record) : tableOf(record));
  if (wishes['no-record']) return;
  appendToHistory(record);
  say(`appended to ${historyFile}`);
}

if (process.platform !== 'linux') throw new Error('CPU times come from /proc: the bench needs Linux');
endChildrenWithUs();
const folder = mkdtempSync(join(tmpdir(), 'spillway-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const load = startLoad(CONNECTIONS);
try {
  if (installMissingTools(say).includes('nginx')) throw new Error('the yardstick is missing: install nginx');
  await bench(load, folder);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await load.stop();
}

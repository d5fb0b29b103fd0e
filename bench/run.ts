// `npm run bench`: measures the cases of cases.ts, ourselves beside nginx, HAProxy, Portkey, LiteLLM and whoever else is
// named, in one run, in turns. docs/benchmarks.md says how and why.
//
//   --quick                1 KB, 32 connections, against nginx and Portkey; under 170 s with all that must be installed
//   --only PATTERN         cases whose name matches
//   --against NAMES        these of the known ones only (comma-separated; an empty list: ourselves alone)
//   --peer 'NAME=COMMAND'  any gateway, in every case that peers take part in (subjects/command.ts)
//   --checkout NAME=FOLDER another checkout of Spillway
//   --variant 'NAME={…}'   Spillway with other settings
//   --launches N --rounds N
//   --json                 the record instead of the table
//   --plot FILE            where the page of plots goes; .bench/plot.html if not said
//   --no-record            leaves history.ndjson alone
//   --profile              where the gateway's time goes, instead of measuring (profile.ts)
//
// All load stays on 127.0.0.1 and ends by the clock. Whoever fails a single request is not reported.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { installMissingTools } from '../scripts/tools.ts';
import { endChildrenWithUs } from './child.ts';
import { startLoad } from './load/load.ts';
import type { Load } from './load/load.ts';
import { carryOut, casesMatching } from './plan.ts';
import { profileGateway } from './profile.ts';
import { appendToHistory, historyFile, readHistory, recordOf } from './report/history.ts';
import type { RunRecord } from './report/history.ts';
import { plotPage } from './report/plot-page.ts';
import { tableOf } from './report/table.ts';
import { prepareCandidates } from './subjects/candidates.ts';
import { thisCheckout } from './subjects/spillway.ts';
import { startWorker } from './worker.ts';

const full = { launches: 2, rounds: 6, streamRounds: 2, secondsMax: 2_400, only: '', against: undefined };
const quick = { launches: 2, rounds: 6, streamRounds: 1, secondsMax: 110, only: '^chat-1k$', against: 'nginx,portkey' };

const { values: wishes } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    against: { type: 'string' },
    peer: { type: 'string', multiple: true, default: [] },
    checkout: { type: 'string', multiple: true, default: [] },
    variant: { type: 'string', multiple: true, default: [] },
    launches: { type: 'string' },
    rounds: { type: 'string' },
    json: { type: 'boolean', default: false },
    plot: { type: 'string', default: join(thisCheckout, '.bench', 'plot.html') },
    'no-record': { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
  },
});

const PROFILE_CONNECTIONS = 32;

// Progress goes where it does not mix with --json.
const say = (line: string): void => console.error(line);
const secret = 'sk-bench-0123456789abcdef0123456789abcdef';

async function bench(load: Load, folder: string, startedAt: number): Promise<void> {
  const usual = wishes.quick ? quick : full;
  const wanted = casesMatching(new RegExp(wishes.only ?? usual.only));
  if (wanted.length === 0) throw new Error(`no case is called like "${wishes.only}"`);
  // Made of the minute before: our own installing and measuring is not in it.
  const loadBefore = Math.round((loadavg()[0] ?? 0) * 10) / 10;
  if (wanted.some(({ tls }) => tls)) installMissingTools(say, ['nginx', 'openssl']);
  const candidates = await prepareCandidates(
    {
      against: (wishes.against ?? usual.against)?.split(',').filter((name) => name !== ''),
      peers: wishes.peer,
      checkouts: wishes.checkout,
      variants: wishes.variant,
    },
    say,
  );
  const plan = {
    cases: wanted,
    launches: Number(wishes.launches ?? usual.launches),
    rounds: Number(wishes.rounds ?? usual.rounds),
    streamRounds: usual.streamRounds,
    until: startedAt + usual.secondsMax * 1_000,
  };
  const streamLoad = startWorker('streams', 'load/open-streams.ts');
  try {
    const scenarios = await carryOut(plan, { candidates, load, streamLoad, folder, secret, say });
    tell(recordOf(wishes.quick, loadBefore, scenarios));
  } finally {
    await streamLoad.stop();
  }
}

function tell(record: RunRecord): void {
  console.log(wishes.json ? JSON.stringify(record) : tableOf(record));
  if (!wishes['no-record']) {
    appendToHistory(record);
    say(`appended to ${historyFile}`);
  }
  mkdirSync(dirname(wishes.plot), { recursive: true });
  writeFileSync(wishes.plot, plotPage(record, readHistory()));
  say(`plots: ${wishes.plot}`);
  // Others may fail as they like; without the yardstick or ourselves there is no result.
  const failed = record.scenarios.filter(({ subjects }) => subjects['spillway']?.trouble ?? subjects['nginx']?.trouble);
  if (failed.length > 0) process.exitCode = 1;
}

if (process.platform !== 'linux') throw new Error('CPU times come from /proc: the bench needs Linux');
endChildrenWithUs();
const startedAt = performance.now();
const folder = mkdtempSync(join(tmpdir(), 'spillway-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const load = startLoad();
try {
  if (wishes.profile) console.log(await profileGateway(load, folder, PROFILE_CONNECTIONS));
  else await bench(load, folder, startedAt);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await load.stop();
}

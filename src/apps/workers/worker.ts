// Worker: the process that serves beside others. It begins when the primary says so, does what it says, and ends when it
// says so, or drains when the primary is gone: nobody would be left to replace it or to keep the limits.
//
//   hello ──begin──▶ starting ──listens──▶ ready ──stop, SIGTERM, primary gone──▶ draining ──▶ exit 0
//                       └──cannot──▶ failed, exit 1
import cluster from 'node:cluster';
import { Line } from '../../adapters/ipc/line.ts';
import { releaseStartMemory } from '../../adapters/start-memory.ts';
import { fail, ok, type Result } from '../../kernel/result.ts';
import type { Config } from '../../ports/config.ts';
import { type RunningGateway, startGateway } from '../gateway.ts';
import { Member } from './member.ts';
import type { Order, Report, WorkerTask } from './words.ts';

type News = Extract<Order, { kind: 'config' | 'refused' }>;

let member: Member | null = null;
let gateway: RunningGateway | null = null;
let isStopping = false;
/** Heard while it starts. */
const news: News[] = [];
/** A stop that came before there was anything to stop. */
let stopAsked: string | null = null;

const line = new Line<Report, Order>(process, (order) => {
  switch (order.kind) {
    case 'begin':
      void begin(order.task);
      break;
    case 'config':
    case 'refused':
      hear(order);
      break;
    case 'stop':
      stop(order.why);
      break;
    case 'ping':
      line.say({ kind: 'pong' });
      break;
    case 'verdict':
      member?.keys.onVerdict(order);
      break;
    case 'share':
      member?.room.onShare(order);
      break;
    case 'drawn':
      member?.room.onDrawn(order);
      break;
    case 'part':
      member?.onPart(order);
      break;
    case 'page':
      member?.onPage(order);
      break;
  }
});

async function begin(task: WorkerTask): Promise<void> {
  member = new Member(task, (word) => line.say(word));
  const loaded: Result<Config, readonly string[]> = ok(task.config);
  try {
    gateway = await startGateway({
      loadConfig: () => loaded,
      configFile: null,
      version: task.version,
      announce: (text) => task.announces && line.say({ kind: 'announce', line: text }),
      beforeServing: releaseStartMemory,
      member,
    });
  } catch (error) {
    line.say({ kind: 'failed', ...wordsOf(error) });
    return;
  }
  if (task.refused !== null) hear({ kind: 'refused', ...task.refused });
  news.forEach(hear);
  line.say({ kind: 'ready' });
  if (stopAsked !== null) stop(stopAsked);
}

/** What comes before `begin` stands in its task; what comes while it starts is taken up at its end. */
function hear(order: News): void {
  if (member === null) return;
  if (gateway === null) news.push(order);
  else if (order.kind === 'config') gateway.adopt(ok(order.config));
  else gateway.adopt(fail(order.problems), order.source);
}

function stop(why: string): void {
  stopAsked = why;
  if (isStopping || gateway === null) return;
  isStopping = true;
  gateway.stop(why).then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`spillway: ${wordsOf(error).message}\n`);
      process.exit(1);
    },
  );
}

function wordsOf(error: unknown): { message: string; code: string | null; port: number | null } {
  if (!(error instanceof Error)) return { message: String(error), code: null, port: null };
  const { code = null, port = null } = error as NodeJS.ErrnoException & { port?: number };
  return { message: error.message, code, port };
}

// Without this Node would end a worker in the middle of its answers when the primary is gone.
if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true;
process.on('disconnect', () => (gateway === null ? process.exit(1) : stop('the primary process has gone')));
// A terminal's Ctrl-C reaches every process of the group: what it means is the primary's to say.
process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});
process.on('SIGTERM', () => stop('SIGTERM'));
line.say({ kind: 'hello' });

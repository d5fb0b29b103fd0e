// `spillway cache warm FILE`: answers ready before anybody asks. Pairs go to Redis in bulk, or to a running gateway; requests
// are asked through the gateway at a bounded rate. Answers the exit code: 0 only when every line came to something.
import type { Environment } from '../../adapters/environment.ts';
import { nodeDigest } from '../../adapters/digest.ts';
import { fail, ok, type Result } from '../../kernel/result.ts';
import type { Config } from '../../ports/config.ts';
import { exitCodes } from '../exit-codes.ts';
import { numberIn } from '../numbers.ts';
import type { Output } from '../output.ts';
import { type AdminClient, adminOf, configOf, type WhereOptions, whyOf } from './admin-client.ts';
import { askAll, type AskOrder } from './ask.ts';
import { type Filled, fillGateway, fillRedis } from './fill.ts';
import { Progress } from './progress.ts';
import { type FileShape, shapeOf, type Troubles } from './warm-lines.ts';

export interface WarmOptions extends WhereOptions {
  readonly key: readonly string[];
  readonly rate: string;
  readonly concurrency: string;
}

const RATE_MAX = 10_000;
const CONCURRENCY_MAX = 1_000;

export async function warm(
  file: string,
  options: WarmOptions,
  environment: Environment,
  output: Output,
): Promise<number> {
  const rate = numberIn('--rate', options.rate, 0.01, RATE_MAX);
  const concurrency = numberIn('--concurrency', options.concurrency, 1, CONCURRENCY_MAX);
  for (const number of [rate, concurrency]) if (!number.ok) return usage(number.error, output);
  const config = configOf(options, environment);
  if (!config.ok) {
    for (const line of config.error) output.err(line);
    return exitCodes.failed;
  }
  const shape = await shapeOf(file).catch((error: unknown) => whyOf(error));
  if (typeof shape === 'string') return usage(`cannot read ${file}: ${shape}`, output);
  const keys = keysOf(options.key, config.value);
  if (!keys.ok) return usage(keys.error, output);
  const admin = adminOf(options, config.value, environment);
  const job: Job = { file, shape, config: config.value, admin, keys: keys.value, output };
  try {
    const troubles = [
      ...(shape.pairs > 0 ? [await fillAll(job)] : []),
      ...(shape.requests > 0
        ? [await askEach(job, Number(options.rate), Math.floor(Number(options.concurrency)))]
        : []),
    ];
    if (shape.pairs + shape.requests === 0) output.err(`${file} holds no request`);
    const wrong = troubles.some(({ count }) => count > 0) || troubles.length === 0;
    return wrong ? exitCodes.failed : exitCodes.done;
  } catch (error) {
    output.err(`spillway: ${whyOf(error)}`);
    return exitCodes.failed;
  }
}

interface Keys {
  /** Secrets by name; the one without a name under null. */
  readonly secrets: ReadonlyMap<string | null, string>;
  /** Of the key without a name, where the configuration knows it. */
  readonly name: string | null;
}

interface Job {
  readonly file: string;
  readonly shape: FileShape;
  readonly config: Config | null;
  readonly admin: AdminClient;
  readonly keys: Keys;
  readonly output: Output;
}

async function fillAll({ file, shape, config, admin, keys, output }: Job): Promise<Troubles> {
  const progress = new Progress(output, process.stderr.isTTY);
  const onProgress = (kept: number): void => progress.show(kept, shape.pairs, 'pairs kept');
  const redis = config?.redis ?? null;
  const filling: Promise<Filled> =
    config !== null && redis !== null
      ? fillRedis(file, { config, redis, keyName: keys.name }, onProgress)
      : fillGateway(file, { admin, keyName: keys.name }, onProgress);
  const { kept, troubles } = await filling.finally(() => progress.end());
  const where =
    redis === null ? admin.url : `redis ${redis.nodes.map(({ host, port }) => `${host}:${port}`).join(', ')}`;
  output.out(`${kept} of ${shape.pairs} pairs kept (${where})`);
  tell(troubles, output);
  return troubles;
}

async function askEach(
  { file, shape, config, admin, keys, output }: Job,
  rate: number,
  concurrency: number,
): Promise<Troubles> {
  const progress = new Progress(output, process.stderr.isTTY);
  const order: AskOrder = {
    // The admin port, where there is one, takes no requests.
    url: config === null || config.adminPort === null ? admin.url : admin.url.replace(/:\d+$/, `:${config.port}`),
    requestsPerSecond: rate,
    concurrency,
    keyFor: (name) => {
      const own = keys.secrets.get(name === keys.name ? null : name) ?? keys.secrets.get(name);
      return own ?? (name === null ? null : undefined);
    },
  };
  const asked = await askAll(file, order, ({ made, there, notKept, troubles }) =>
    progress.show(made + there + notKept + troubles.count, shape.requests, `${made} made, ${there} there already`),
  ).finally(() => progress.end());
  const { made, there, notKept, troubles } = asked;
  output.out(
    `${shape.requests} requests: ${made} made and kept, ${there} there already, ${notKept} answered but not kept`,
  );
  tell(troubles, output);
  return troubles;
}

/** `KEY`, or `NAME=KEY` for the lines of one key. */
function keysOf(given: readonly string[], config: Config | null): Result<Keys, string> {
  const secrets = new Map<string | null, string>();
  let name: string | null = null;
  for (const text of given) {
    if (!/^[^=\s].*$/.test(text)) return fail('--key takes KEY or NAME=KEY');
    // Keys may end in `=`, names do not.
    const named = /^([^=]+)=([^=\s]+=*)$/.exec(text);
    if (named !== null) secrets.set(named[1] ?? '', named[2] ?? '');
    else {
      secrets.set(null, text);
      name = config?.keys.find(({ sha256 }) => sha256 === nodeDigest.sha256(text))?.name ?? null;
      if (config !== null && config.keys.length > 0 && name === null) return fail('--key is not in the configuration');
    }
  }
  return ok({ secrets, name });
}

function tell({ told, count }: Troubles, output: Output): void {
  for (const line of told) output.err(line);
  if (count > told.length) output.err(`and ${count - told.length} more`);
}

function usage(why: string, output: Output): number {
  output.err(`spillway: ${why}`);
  return exitCodes.usage;
}

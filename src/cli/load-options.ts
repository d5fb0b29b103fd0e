// Options of `spillway load`: what was typed, checked, as an order and a plan. Everything has a bound and every refusal says it.
import { type Lane, lanes } from '../kernel/lane.ts';
import { fail, ok, type Result } from '../kernel/result.ts';
import { type ByLane, type LoadOrder, loadLimits } from '../load/order.ts';
import { drawPlan, type Plan, tracePlan } from '../load/plan.ts';
import { expectations, type Mix, standardMix } from '../sim/workload.ts';
import { numberIn, numbersIn } from './numbers.ts';

export interface LoadOptions {
  readonly url: string;
  readonly model: string;
  readonly rate?: string;
  readonly trace?: string;
  readonly speedup: string;
  readonly duration?: string;
  readonly lanes: string;
  readonly tenants: string;
  readonly key?: string;
  readonly keys?: string;
  readonly slo?: string;
  readonly patience: string;
  readonly retries: string;
  readonly deadline?: boolean;
  readonly prompt: string;
  readonly answer: string;
  readonly burstiness: string;
  readonly seed: string;
  readonly workers: string;
  readonly open: string;
  readonly json?: boolean;
  readonly report?: string;
}

export interface LoadJob {
  readonly order: LoadOrder;
  readonly plan: Plan;
}

const MS_PER_S = 1_000;
const DURATION_S_DEFAULT = '60';
const SEED_MAX = 2 ** 32 - 1;
const PROMPT_TOKENS_MAX = 100_000;
const ANSWER_TOKENS_MAX = 100_000;
/** An answer is at most so many times the mean: exponential lengths rarely are. */
const ANSWER_MAX_PER_MEAN = 7;
const ANSWER_MS_MAX = 300_000;

export function loadJob(options: LoadOptions, readFile: (path: string) => string): Result<LoadJob, string> {
  const mix = mixOf(options);
  if (!mix.ok) return mix;
  const order = orderOf(options, mix.value);
  if (!order.ok) return order;
  const plan = planFor(options, mix.value, readFile);
  if (!plan.ok) return plan;
  return ok({ order: order.value, plan: plan.value });
}

function orderOf(options: LoadOptions, { outputMax }: Mix): Result<LoadOrder, string> {
  const address = addressOf(options.url);
  if (!address.ok) return address;
  const keys = keysOf(options);
  if (!keys.ok) return keys;
  const wanted = sloOf(options.slo);
  if (!wanted.ok) return wanted;
  const numbers = numbersIn({
    patience: ['--patience', options.patience, 0.1, 1_000],
    retries: ['--retries', options.retries, 0, loadLimits.retriesMax],
    workers: ['--workers', options.workers, 1, loadLimits.workersMax],
    openMax: ['--open', options.open, 1, loadLimits.openMax],
  });
  if (!numbers.ok) return numbers;
  const { patience, retries, workers, openMax } = numbers.value;
  return ok({
    ...address.value,
    model: options.model,
    keys: keys.value,
    expectations: wanted.value,
    patience,
    answerMsMax: ANSWER_MS_MAX,
    retries: Math.floor(retries),
    tellsDeadline: options.deadline === true,
    answerTokensMax: outputMax,
    openMax: Math.floor(openMax),
    workers: Math.floor(workers),
  });
}

/** With `/v1` or without. */
function addressOf(text: string): Result<Pick<LoadOrder, 'address' | 'path'>, string> {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    return fail(`--url must be like http://127.0.0.1:4000/v1, not ${text}`);
  }
  const tls = url.protocol === 'https:';
  const base = url.pathname.replace(/\/(?:chat\/completions\/?)?$/, '');
  const port = url.port === '' ? (tls ? 443 : 80) : Number(url.port);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return ok({ address: { host, port, tls }, path: `${base === '' ? '/v1' : base}/chat/completions` });
}

function keysOf({ key, keys }: LoadOptions): Result<ByLane<string | null>, string> {
  const common = key ?? null;
  const bad = [key, keys].find((text) => text !== undefined && !/^[\x21-\x7e]*$/.test(text));
  if (bad !== undefined) return fail('keys hold visible ASCII characters only');
  if (keys === undefined) return ok({ vip: common, standard: common, batch: common });
  const pairs = pairsOf('--keys', keys);
  if (!pairs.ok) return pairs;
  return ok(byLane((lane) => pairs.value.get(lane) ?? common));
}

function sloOf(text: string | undefined): Result<LoadOrder['expectations'], string> {
  if (text === undefined) return ok(expectations);
  const pairs = pairsOf('--slo', text);
  if (!pairs.ok) return pairs;
  for (const value of pairs.value.values()) {
    const seconds = numberIn('--slo', value, 0.001, 3_600);
    if (!seconds.ok) return seconds;
  }
  return ok(
    byLane((lane) => {
      const seconds = pairs.value.get(lane);
      return seconds === undefined
        ? expectations[lane]
        : { ...expectations[lane], firstTokenMs: Number(seconds) * MS_PER_S };
    }),
  );
}

function mixOf(options: LoadOptions): Result<Mix, string> {
  const numbers = numbersIn({
    tenants: ['--tenants', options.tenants, 1, loadLimits.tenantsMax],
    promptMedian: ['--prompt', options.prompt, 8, PROMPT_TOKENS_MAX],
    outputMean: ['--answer', options.answer, 1, ANSWER_TOKENS_MAX],
    arrivalCv: ['--burstiness', options.burstiness, 0.1, 10],
  });
  if (!numbers.ok) return numbers;
  const pairs = pairsOf('--lanes', options.lanes);
  if (!pairs.ok) return pairs;
  const laneShares = byLane((lane) => Number(pairs.value.get(lane) ?? 0));
  const shares = Object.values(laneShares);
  if (!shares.every((share) => share >= 0 && share <= 1) || shares.every((share) => share === 0)) {
    return fail(`--lanes takes shares from 0 to 1, like vip=.05,standard=.7,batch=.25, not ${options.lanes}`);
  }
  const { tenants, promptMedian, outputMean, arrivalCv } = numbers.value;
  return ok({
    ...standardMix,
    tenants: Math.floor(tenants),
    laneShares,
    arrivalCv,
    promptMedian,
    outputMean,
    outputMax: Math.min(ANSWER_TOKENS_MAX, Math.ceil(outputMean * ANSWER_MAX_PER_MEAN)),
  });
}

function planFor(options: LoadOptions, mix: Mix, readFile: (path: string) => string): Result<Plan, string> {
  if ((options.rate === undefined) === (options.trace === undefined)) {
    return fail('say how much: --rate <requests per second>, or --trace <file>');
  }
  const numbers = numbersIn({
    seed: ['--seed', options.seed, 0, SEED_MAX],
    speedup: ['--speedup', options.speedup, 0.001, 100_000],
    duration: ['--duration', options.duration ?? DURATION_S_DEFAULT, 0.1, loadLimits.durationMsMax / MS_PER_S],
    rate: ['--rate', options.rate ?? '1', 0.001, loadLimits.requestsPerSecondMax],
  });
  if (!numbers.ok) return numbers;
  const { seed, speedup, duration, rate } = numbers.value;
  const durationMs = duration * MS_PER_S;
  if (options.trace === undefined) return drawPlan({ mix, requestsPerSecond: rate, durationMs, seed });
  let text: string;
  try {
    text = readFile(options.trace);
  } catch (error) {
    return fail(`cannot read ${options.trace}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const span = { mix, seed, speedup, durationMs: options.duration === undefined ? null : durationMs };
  const plan = tracePlan(text, span);
  return plan.ok ? plan : fail(`${options.trace}: ${plan.error}`);
}

function byLane<Value>(of: (lane: Lane) => Value): ByLane<Value> {
  return { vip: of('vip'), standard: of('standard'), batch: of('batch') };
}

/** `vip=…,standard=…,batch=…`. */
function pairsOf(option: string, text: string): Result<ReadonlyMap<Lane, string>, string> {
  const pairs = new Map<Lane, string>();
  for (const part of text.split(',')) {
    const at = part.indexOf('=');
    const lane = lanes.find((name) => name === part.slice(0, at).trim());
    if (at < 0 || lane === undefined) {
      return fail(`${option} takes ${lanes.map((name) => `${name}=…`).join(',')}, not ${part}`);
    }
    pairs.set(lane, part.slice(at + 1).trim());
  }
  return ok(pairs);
}

// `spillway conduct`: how does a gateway behave when its provider does not? Runs the suite against a Spillway of its own, or
// with --url against any OpenAI-compatible gateway that has the suite's models configured (--print-config shows them).
import { configurationFor } from '../apps/conduct/configuration.ts';
import { startOwnGateway } from '../apps/conduct/own-gateway.ts';
import { type Case, casesOf, isPlain, type Pair, pairs, scenarios } from '../apps/conduct/scenarios.ts';
import { leftovers, runStorm, stormCases, type StormOptions } from '../apps/conduct/storm.ts';
import { type Finding, markdownOf, pairsMarkdownOf, runSuite } from '../apps/conduct/suite.ts';
import { healthyCall, healthyText } from '../wall/known-text.ts';
import { startWall } from '../wall/wall.ts';
import { exitCodes } from './exit-codes.ts';
import type { Output } from './output.ts';

export interface ConductOptions {
  readonly url?: string;
  readonly key: string;
  readonly wallPort: string;
  readonly only?: string;
  readonly pair: string;
  readonly json?: boolean;
  readonly markdown?: boolean;
  readonly printConfig?: boolean;
  readonly storm?: string;
  readonly lane?: boolean;
}

export async function conduct(options: ConductOptions, version: string, output: Output): Promise<number> {
  const chosen = scenarios.filter(({ behaviour }) => options.only === undefined || behaviour.includes(options.only));
  if (chosen.length === 0) {
    output.err(`spillway: no scenario is named like ${options.only}`);
    return exitCodes.usage;
  }
  const asked = pairs.filter((pair) => isAsked(pair, options.pair));
  if (asked.length === 0) {
    const known = pairs.map((pair) => nameOf(pair)).join(', ');
    output.err(`spillway: no pair is called ${options.pair}; there are ${known}, and all`);
    return exitCodes.usage;
  }
  const cases = asked.flatMap((pair) => casesOf(chosen, pair));
  const port = Number(options.wallPort);
  if (options.printConfig) {
    output.out(configurationFor(cases, `http://127.0.0.1:${port}/v1`));
    return exitCodes.done;
  }
  const wall = await startWall({ host: '127.0.0.1', port: options.url === undefined ? 0 : port });
  const own =
    options.url === undefined
      ? await startOwnGateway(`lane: ${options.lane ? 'on' : 'off'}\n${configurationFor(cases, wall.url)}`, version)
      : null;
  const url = own?.url ?? (options.url ?? '').replace(/\/+$/, '');
  const answers = { text: healthyText, toolArguments: healthyCall.arguments };
  try {
    if (options.storm !== undefined) return await storm(cases, { url, apiKey: options.key, answers }, options, output);
    const findings = await runSuite(cases, {
      url,
      apiKey: options.key,
      wall,
      answers,
      onFinding: (finding) => output.err(lineOf(finding)),
    });
    const failed = findings.filter(({ passed }) => !passed).length;
    if (options.json) output.out(JSON.stringify(findings, null, 2));
    if (options.markdown) output.out(asked.length === 1 ? markdownOf(findings) : pairsMarkdownOf(findings));
    output.err(`${findings.length - failed} of ${findings.length} passed`);
    return failed === 0 ? exitCodes.done : exitCodes.failed;
  } finally {
    await own?.stop();
    await wall.stop();
  }
}

const nameOf = ({ tongue, far }: Pair): string => `${tongue}-${far}`;
const isAsked = (pair: Pair, name: string): boolean => name === 'all' || nameOf(pair) === name;

const STORM_AT_ONCE = 200;

async function storm(
  cases: readonly Case[],
  asking: Pick<StormOptions, 'url' | 'apiKey' | 'answers'>,
  options: ConductOptions,
  output: Output,
): Promise<number> {
  const requests = Number(options.storm);
  if (!Number.isInteger(requests) || requests < 1) {
    output.err('spillway: --storm takes a number of requests, e.g. --storm 10000');
    return exitCodes.usage;
  }
  const { asked, failures } = await runStorm(stormCases(cases), {
    ...asking,
    requests,
    atOnce: STORM_AT_ONCE,
    onProgress: (done) => output.err(`${done} of ${requests}`),
  });
  for (const { model, verdict, detail } of failures) output.err(`✗ ${model}: ${verdict}: ${detail}`);
  const left = await leftovers(asking.url.replace(/\/v1$/, '')).catch(() => ['no metrics to look at']);
  for (const line of left) output.err(`left: ${line}`);
  output.err(`${asked - failures.length} of ${asked} answered whole, ${left.length} things left behind`);
  return failures.length === 0 && left.length === 0 ? exitCodes.done : exitCodes.failed;
}

function lineOf({ passed, scenario, form, pair, verdict, expected, sends, ms, detail }: Finding): string {
  const who = isPlain(pair) ? '' : `${nameOf(pair)}: `;
  const what = `${who}${scenario.title} (${form.stream ? 'stream' : 'whole'}, ${form.targets === 1 ? 'alone' : `then ${scenario.second}`})`;
  const why = passed ? '' : ` — expected ${expected}`;
  const words = detail === '' ? '' : `: ${detail}`;
  return `${passed ? '✓' : '✗'} ${what}: ${verdict}, ${sends} sends, ${Math.round(ms)} ms${why}${words}`;
}

// Storm: every fault at random, many at once, against a gateway that always has a healthy target beside the failing one.
// Each answer must be whole, and afterwards nothing may be left: no exchange, no ticket, no bytes.
import { systemChance } from '../../adapters/system.ts';
import { ask, type Reply } from './ask.ts';
import { type Case, expectationOf } from './scenarios.ts';

export interface StormOptions {
  readonly url: string;
  readonly apiKey: string;
  readonly requests: number;
  readonly atOnce: number;
  readonly answers: { readonly text: string; readonly toolArguments: string };
  readonly onProgress: (done: number) => void;
}

export interface StormResult {
  readonly asked: number;
  /** Answers that were not whole, with the case they belong to. */
  readonly failures: readonly (Reply & { readonly model: string })[];
}

const ASK_MS_MAX = 60_000;
const FAILURES_KEPT = 100;

/** Only cases that a gateway can save: another target at hand, and an answer expected. */
export const stormCases = (cases: readonly Case[]): Case[] =>
  cases.filter((one) => one.form.targets === 2 && expectationOf(one) === 'answer');

export async function runStorm(cases: readonly Case[], options: StormOptions): Promise<StormResult> {
  const failures: (Reply & { model: string })[] = [];
  let asked = 0;
  const work = async (): Promise<void> => {
    while (asked < options.requests) {
      asked++;
      const one = cases[Math.floor(systemChance.draw() * cases.length)];
      if (one === undefined) return;
      const expected = one.scenario.tool ? options.answers.toolArguments : options.answers.text;
      const { model, form, scenario, pair } = one;
      const { url, apiKey } = options;
      const reply = await ask({
        url,
        apiKey,
        tongue: pair.tongue,
        model,
        stream: form.stream,
        expected,
        tool: scenario.tool,
        timeoutMs: ASK_MS_MAX,
      });
      if (reply.verdict !== 'answer' && failures.length < FAILURES_KEPT) failures.push({ ...reply, model });
      if (asked % 500 === 0) options.onProgress(asked);
    }
  };
  await Promise.all(Array.from({ length: options.atOnce }, work));
  return { asked, failures };
}

/** What the gateway's own metrics say is still held; empty when nothing is. */
export async function leftovers(origin: string): Promise<string[]> {
  const metrics = await (await fetch(`${origin}/metrics`)).text();
  const watched =
    /^spillway_(?:exchanges_in_flight|target_in_flight|upstream_in_flight|queue_depth|body_bytes_in_flight)\b.*$/gm;
  return [...metrics.matchAll(watched)].map(([line]) => line).filter((line) => !line.endsWith(' 0'));
}

// Suite: every scenario in its four forms against one gateway, judged by the answer and by what the wall saw.
import { dialectNames } from '../../kernel/dialect-name.ts';
import type { Wall } from '../../wall/wall.ts';
import { ask, type Reply } from './ask.ts';
import { tongueNames } from './tongues.ts';
import { type Case, type Expectation, expectationOf, type Form, type Pair, type Scenario } from './scenarios.ts';

export interface Finding extends Reply {
  readonly scenario: Scenario;
  readonly form: Form;
  readonly pair: Pair;
  readonly expected: Expectation;
  /** What the wall saw, all targets together. */
  readonly sends: number;
  readonly passed: boolean;
}

export interface SuiteOptions {
  readonly url: string;
  readonly apiKey: string;
  readonly wall: Wall;
  readonly answers: { readonly text: string; readonly toolArguments: string };
  readonly onFinding: (finding: Finding) => void;
}

/** The suite's clocks end everything within 12 s; a gateway with longer ones hangs as far as its caller is concerned. */
const ASK_MS_MAX = 30_000;
/** Cases have nothing in common, and most of their time is waiting. */
const AT_ONCE = 48;

/** Findings in the order of the cases. */
export async function runSuite(cases: readonly Case[], options: SuiteOptions): Promise<Finding[]> {
  options.wall.reset();
  const findings: Finding[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < cases.length; at = next++) {
      const one = cases[at];
      if (one === undefined) return;
      const finding = await runOne(one, options);
      findings[at] = finding;
      options.onFinding(finding);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return findings;
}

async function runOne(one: Case, options: SuiteOptions): Promise<Finding> {
  const { scenario, form, pair, model, mark } = one;
  const { wall, url, apiKey, answers } = options;
  const sent = (): number => wall.log.filter((entry) => entry.model.startsWith(`${mark}:`)).length;
  const before = sent();
  const reply = await ask({
    url,
    apiKey,
    tongue: pair.tongue,
    model,
    stream: form.stream,
    expected: scenario.tool ? answers.toolArguments : answers.text,
    tool: scenario.tool,
    timeoutMs: ASK_MS_MAX,
  });
  const expected = expectationOf(one);
  const sends = sent() - before;
  const honest = reply.verdict === 'answer' || reply.verdict === 'error';
  const passed = (expected === 'either' ? honest : reply.verdict === expected) && sends <= scenario.sendsMax;
  return { ...reply, scenario, form, pair, expected, sends, passed };
}

/** Every scenario as a row with a verdict per form; the same for the same conduct, so that it can be kept in a page. */
export function markdownOf(findings: readonly Finding[]): string {
  const rows = new Map<Scenario, string[]>();
  for (const finding of findings) {
    // Where both are honest, the instant decides.
    const told = finding.passed && finding.expected === 'either' ? 'answer or error' : finding.verdict;
    const cell = `${finding.passed ? '✓' : '✗'} ${told}`;
    rows.set(finding.scenario, [...(rows.get(finding.scenario) ?? []), cell]);
  }
  return [
    '| a provider that … | alone, stream | alone, whole | with another, stream | with another, whole |',
    '|---|---|---|---|---|',
    ...[...rows].map(([scenario, cells]) => `| ${scenario.title} | ${cells.join(' | ')} |`),
  ].join('\n');
}

/** Every caller's dialect as a row, every far side's as a column: how many cases ended as they should. */
export function pairsMarkdownOf(findings: readonly Finding[]): string {
  const cell = (tongue: string, far: string): string => {
    const own = findings.filter(({ pair }) => pair.tongue === tongue && pair.far === far);
    return `${own.filter(({ passed }) => passed).length} of ${own.length}`;
  };
  return [
    `| caller speaks | ${dialectNames.join(' | ')} |`,
    `|---|${dialectNames.map(() => '---|').join('')}`,
    ...tongueNames.map((tongue) => `| ${tongue} | ${dialectNames.map((far) => cell(tongue, far)).join(' | ')} |`),
  ].join('\n');
}

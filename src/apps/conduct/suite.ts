// Suite: every scenario in its four forms against one gateway, judged by the answer and by what the wall saw.
import type { Wall } from '../../wall/wall.ts';
import { ask, type Reply } from './ask.ts';
import { type Expectation, modelOf, type Scenario } from './scenarios.ts';

export interface Form {
  readonly stream: boolean;
  readonly targets: 1 | 2;
}

export const forms: readonly Form[] = [
  { stream: true, targets: 1 },
  { stream: false, targets: 1 },
  { stream: true, targets: 2 },
  { stream: false, targets: 2 },
];

export interface Finding extends Reply {
  readonly scenario: Scenario;
  readonly form: Form;
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

/** The suite's clocks end everything within 15 s; a gateway with longer ones hangs as far as its caller is concerned. */
const ASK_MS_MAX = 25_000;

export async function runSuite(scenarios: readonly Scenario[], options: SuiteOptions): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const scenario of scenarios) {
    for (const form of forms) {
      const finding = await runOne(scenario, form, options);
      findings.push(finding);
      options.onFinding(finding);
    }
  }
  return findings;
}

async function runOne(scenario: Scenario, form: Form, options: SuiteOptions): Promise<Finding> {
  const { wall, url, apiKey, answers } = options;
  wall.reset();
  const reply = await ask({
    url,
    apiKey,
    model: modelOf(scenario, form.targets),
    stream: form.stream,
    expected: scenario.tool ? answers.toolArguments : answers.text,
    tool: scenario.tool,
    timeoutMs: ASK_MS_MAX,
  });
  const expected = form.targets === 1 ? scenario.alone : scenario.withAnother;
  const sends = wall.log.length;
  const honest = reply.verdict === 'answer' || reply.verdict === 'error';
  const passed = (expected === 'either' ? honest : reply.verdict === expected) && sends <= scenario.sendsMax + 1;
  return { ...reply, scenario, form, expected, sends, passed };
}

/** Every scenario as a row with a verdict per form; the same for the same conduct, so that it can be kept in a page. */
export function markdownOf(findings: readonly Finding[]): string {
  const rows = new Map<Scenario, string[]>();
  for (const finding of findings) {
    const cell = `${finding.passed ? '✓' : '✗'} ${finding.verdict}`;
    rows.set(finding.scenario, [...(rows.get(finding.scenario) ?? []), cell]);
  }
  return [
    '| a provider that … | alone, stream | alone, whole | with another, stream | with another, whole |',
    '|---|---|---|---|---|',
    ...[...rows].map(([scenario, cells]) => `| ${scenario.title} | ${cells.join(' | ')} |`),
  ].join('\n');
}

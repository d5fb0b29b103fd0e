// Configuration of a gateway under test: every case has upstreams and a model of its own, so that what one does to a
// gateway's memory (breakers, resting credentials) does not colour the next. Written for Spillway; other gateways need the
// same models with the same targets.
import type { DialectName } from '../../kernel/dialect-name.ts';
import type { Case } from './scenarios.ts';

/** Clocks short enough not to take minutes, and long enough that a busy machine is not taken for a silent provider. */
const CLOCKS = `timeouts: { connectMs: 1000, firstTokenMs: 2500, idleMs: 2500, totalMs: 12000, queueMs: 6000, commitAfterMs: 12000 }
retry: { maxAttempts: 5, backoffMs: 50, backoffMsMax: 500 }`;

/** How a far side of each dialect is configured; `origin` is the wall's, without a path. */
const fars: Readonly<Record<DialectName, (origin: string) => string>> = {
  openai: (origin) => `provider: vllm, baseUrl: '${origin}/v1'`,
  anthropic: (origin) => `provider: anthropic, baseUrl: '${origin}/v1'`,
  responses: (origin) => `provider: openai-compatible, baseUrl: '${origin}/v1', account: { api: responses }`,
  converse: (origin) => `provider: bedrock, baseUrl: '${origin}', account: { region: us-east-1, api: converse }`,
};

export function configurationFor(cases: readonly Case[], wallUrl: string): string {
  const upstreams: string[] = [];
  const models = new Map<string, string>();
  const { origin } = new URL(wallUrl);
  for (const { scenario, form, pair, model, mark } of cases) {
    // A scenario may stand in the table twice with the same first target: alone it is the same case.
    if (models.has(model)) continue;
    const at = models.size;
    const targets = [`c${at}a/${mark}:${scenario.behaviour}`];
    if (form.targets === 2) targets.push(`c${at}b/${mark}:${scenario.second}`);
    for (const [place, tier] of [['a', 'base'] as const, ['b', 'peak'] as const].slice(0, form.targets)) {
      const where = fars[pair.far](origin);
      upstreams.push(`  c${at}${place}: { ${where}, discover: false, apiKey: k-${at}${place}, tier: ${tier} }`);
    }
    models.set(model, `['${targets.join("', '")}']`);
  }
  const rows = [...models].map(([name, targets]) => `  ${name}: { targets: ${targets} }`);
  return ['upstreams:', ...upstreams, 'models:', ...rows, CLOCKS, ''].join('\n');
}

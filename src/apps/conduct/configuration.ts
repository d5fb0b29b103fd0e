// Configuration of a gateway under test: every scenario has upstreams of its own, so that what one does to a gateway's
// memory (breakers, resting credentials) does not colour the next. Written for Spillway; other gateways need the same models.
import { modelOf, type Scenario } from './scenarios.ts';

/** Short clocks: a scenario shall not take minutes to show what it shows in seconds. */
const CLOCKS = `timeouts: { connectMs: 1000, firstTokenMs: 1000, idleMs: 1000, totalMs: 15000, queueMs: 5000, commitAfterMs: 15000 }
retry: { maxAttempts: 5, backoffMs: 50, backoffMsMax: 500 }`;

export function configurationFor(scenarios: readonly Scenario[], wallUrl: string): string {
  const upstreams: string[] = [];
  const models = new Map<string, string>();
  for (const [at, scenario] of scenarios.entries()) {
    for (const place of ['a', 'b']) {
      const tier = place === 'a' ? 'base' : 'peak';
      upstreams.push(
        `  s${at}${place}: { provider: vllm, baseUrl: '${wallUrl}', apiKey: k-${at}${place}, tier: ${tier} }`,
      );
    }
    const first = `s${at}a/${scenario.behaviour}`;
    if (!models.has(modelOf(scenario, 1))) models.set(modelOf(scenario, 1), `[${first}]`);
    models.set(modelOf(scenario, 2), `[${first}, s${at}b/${scenario.second}]`);
  }
  const rows = [...models].map(([name, targets]) => `  ${name}: { targets: ${targets} }`);
  return ['upstreams:', ...upstreams, 'models:', ...rows, CLOCKS, ''].join('\n');
}

// Exposure: who can reach what, given where we listen. Known only after HOST and PORT have had their say, so it is checked
// on the finished configuration. Refuses what would serve strangers by accident.
import { isLoopback } from '../../kernel/loopback.ts';
import type { Config } from '../../ports/config.ts';
import type { Path } from './problems.ts';

export function exposureProblems(config: Config): { readonly path: Path; readonly message: string }[] {
  const problems: { path: Path; message: string }[] = [];
  const exposed = !isLoopback(config.host);
  if (exposed && config.keys.length === 0 && !config.open) {
    const message = `host ${config.host} is reachable from other machines and nobody needs a key: list \`keys\`, say \`open: true\`, or listen on 127.0.0.1`;
    problems.push({ path: ['host'], message });
  }
  if (exposed && config.adminPort !== null && config.adminKeySha256 === null) {
    const message = `\`adminPort\` would be reachable from other machines without a key: set \`adminKey\` too`;
    problems.push({ path: ['adminPort'], message });
  }
  if (config.adminPort !== null && config.adminPort !== 0 && config.adminPort === config.port) {
    problems.push({ path: ['adminPort'], message: `\`adminPort\` is the same as \`port\`: leave it out to share one` });
  }
  return problems;
}

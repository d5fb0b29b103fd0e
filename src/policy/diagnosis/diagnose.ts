// Diagnose: the first question in an overload, why is it busy, answered from figures by rules that each know one cause. It
// must never guess: a cause without figures that speak for it is not named, and where nobody suffers it says so.
import { burst, noisyTenant, retries, shortage } from './demand-rules.ts';
import { brokenUpstream, deadCredential, saturated, slowUpstream, upstreamLimit } from './far-side-rules.ts';
import type { Figures, UpstreamFigures } from './figures.ts';
import type { Finding } from './finding.ts';
import { gatewayItself, keyLimits, upstreamLimits } from './own-rules.ts';
import { isStrained } from './strain.ts';

const rules: readonly ((figures: Figures) => Finding | null)[] = [
  burst,
  shortage,
  noisyTenant,
  retries,
  keyLimits,
  upstreamLimits,
  gatewayItself,
];
const upstreamRules: readonly ((upstream: UpstreamFigures) => Finding | null)[] = [
  saturated,
  slowUpstream,
  brokenUpstream,
  upstreamLimit,
  deadCredential,
];

export interface Diagnosis {
  /** Somebody waits or is refused for want of room. */
  readonly strained: boolean;
  /** What explains most of it first. */
  readonly findings: readonly Finding[];
}

export function diagnose(figures: Figures): Diagnosis {
  const found = [
    ...rules.map((rule) => rule(figures)),
    ...figures.upstreams.flatMap((upstream) => upstreamRules.map((rule) => rule(upstream))),
  ].filter((finding) => finding !== null);
  return { strained: isStrained(figures), findings: found.toSorted((one, other) => other.weight - one.weight) };
}

// Demand: what an exchange asks of whoever answers it, in tokens. Known once its limits are reserved, the same for every
// target; what it costs at one depends on what kind of far side that is.
import type { Lane } from '../kernel/lane.ts';
import { apiCost, engineCost } from '../policy/window.ts';
import type { WindowSettings } from '../policy/window-settings.ts';

export interface Demand {
  readonly lane: Lane;
  /** Who shares fairly with others: a key. */
  readonly tenant: string;
  /** Prompt and answer as limits per minute count them. */
  readonly tokens: number;
  readonly promptTokens: number;
  /** What answers like it come to on average, and what four in five stay under. */
  readonly answerTokensMean: number;
  readonly answerTokensQ80: number;
  /** Null: the caller did not say. */
  readonly answerTokensMax: number | null;
  /** An answer in one piece tells nothing until it is over. */
  readonly streamed: boolean;
}

export const noDemand: Demand = {
  lane: 'standard',
  tenant: '',
  tokens: 0,
  promptTokens: 0,
  answerTokensMean: 0,
  answerTokensQ80: 0,
  answerTokensMax: 0,
  streamed: false,
};

/** Of fairness and of queues: writing a token costs about twice as much as reading one. */
export const serviceTokens = ({ promptTokens, answerTokensMean }: Demand): number =>
  promptTokens + 2 * answerTokensMean;

/** Tokens it holds of a target's window. */
export function windowCost(demand: Demand, kind: WindowSettings['kind']): number {
  const { promptTokens, answerTokensMean, answerTokensQ80, answerTokensMax } = demand;
  return kind === 'engine'
    ? engineCost(promptTokens, Math.min(answerTokensMean, answerTokensMax ?? answerTokensMean))
    : apiCost(promptTokens, answerTokensMax, answerTokensQ80);
}

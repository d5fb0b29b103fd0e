// Trials: from a seed, one message (or a connection of them) and how it is cut. One seed is always the same trial.
import { answerMessage } from './answer-messages.ts';
import { pieces } from './bytes.ts';
import { Dice } from './dice.ts';
import { requestStream } from './request-messages.ts';

export interface Trial {
  readonly text: string;
  readonly parts: readonly Buffer[];
}

export function requestTrialOf(seed: number): Trial {
  const dice = new Dice(seed);
  const text = requestStream(dice);
  return { text, parts: pieces(text, dice) };
}

export function answerTrialOf(seed: number): Trial {
  const dice = new Dice(seed);
  const text = answerMessage(dice);
  return { text, parts: pieces(text, dice) };
}

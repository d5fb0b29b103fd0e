// Rescue: what can still be done for an answer that broke off after the client began to read it. The client must never read
// the same thing twice, nor two answers glued together, nor half of one that looks whole.
//
//   only reasoning was shown   restart: another target answers anew, its reasoning is kept back
//   text was shown             resume: a target that continues a prefix goes on from there, where the form allows a seam
//   a tool call was shown      none: arguments cannot be continued, and a second call would be made twice

export type Rescue = 'restart' | 'resume' | 'none';

export interface RescueSituation {
  /** Characters of text that the client has read. */
  readonly shownCharacters: number;
  readonly shownToolCall: boolean;
  /** One answer of free text: no JSON, schema, log probabilities, audio or several choices, which cannot be spliced. */
  readonly splicable: boolean;
  /** One answer was asked for. */
  readonly oneChoice: boolean;
}

export function rescueOf(situation: RescueSituation): Rescue {
  if (situation.shownToolCall || !situation.oneChoice) return 'none';
  if (situation.shownCharacters === 0) return 'restart';
  return situation.splicable ? 'resume' : 'none';
}

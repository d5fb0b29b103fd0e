// Answers agree: whether two answers say the same, as far as letters can tell. The same words in the same places, case, space
// and marks aside; or nearly the same words, mostly in the same order, with every number, name and negation of either also
// in the other. It must err by saying no: a wrong no costs a call that would have been spared, a wrong yes an error nobody sees.
// What it cannot see: the same words that mean another thing in another order.
import { isCommon, particularsOf, plainOf, wordsOf } from './words.ts';

/** Of the words that say something, counted on both sides. */
const WORDS_ALIKE = 0.9;
/** Of all pairs of words: another order is another thing said. */
const PAIRS_ALIKE = 0.5;
const CHARACTERS_MAX = 8_192;

/** Of two that are comparable. */
export function answersAgree(first: string, second: string): boolean {
  const [one, other] = [unmarked(first), unmarked(second)];
  if (bare(one) === bare(other)) return true;
  const words = wordsOf(one);
  const others = wordsOf(other);
  if (words.length + others.length === 0) return false;
  const said = alike(words.filter(saysSomething), others.filter(saysSomething));
  if (said < WORDS_ALIKE || alike(pairsOf(words), pairsOf(others)) < PAIRS_ALIKE) return false;
  return holds(other, others, particularsOf(one)) && holds(one, words, particularsOf(other));
}

/** Short enough to be compared while requests wait. */
export const isComparable = (answer: string): boolean => answer.length <= CHARACTERS_MAX;

/** Without Markdown's marks of headings, lists and emphasis; a star between numbers or a sharp after a letter says something. */
const unmarked = (text: string): string =>
  text
    .replaceAll(/^[ \t]*(?:#{1,6}|>|[*-])[ \t]+/gm, '')
    .replaceAll(/(?<![\p{L}\p{N}*_])([*_]{1,3})(?=[^\s*_])([^*_\n]{1,400}?)(?<=\S)\1(?![\p{L}\p{N}*_])/gu, '$2');

const bare = (text: string): string =>
  plainOf(text)
    .toLowerCase()
    .replaceAll(/[\s`"'“”’]+/g, ' ')
    .replace(/(?<![\s.!])[\s.!]+$/, '')
    .trim();

const saysSomething = (word: string): boolean => !isCommon(word);

function pairsOf(words: readonly string[]): string[] {
  const pairs: string[] = [];
  for (let at = 1; at < words.length; at++) pairs.push(`${words[at - 1]} ${words[at]}`);
  return pairs;
}

/** Dice's coefficient of two bags: 1 where both hold the same. */
function alike(some: readonly string[], others: readonly string[]): number {
  if (some.length + others.length === 0) return 1;
  const counts = new Map<string, number>();
  for (const one of some) counts.set(one, (counts.get(one) ?? 0) + 1);
  let shared = 0;
  for (const one of others) {
    const left = counts.get(one) ?? 0;
    if (left === 0) continue;
    shared++;
    counts.set(one, left - 1);
  }
  return (2 * shared) / (some.length + others.length);
}

/** A name may stand first in one sentence and last in the other: it counts wherever it stands, in whatever case. */
function holds(text: string, words: readonly string[], particulars: readonly string[]): boolean {
  const known = new Set(words);
  const lower = plainOf(text).toLowerCase();
  return particulars.every((one) => {
    const bareOne = one.replace(/^"/, '').toLowerCase();
    return known.has(bareOne) || (/[^\p{L}\p{M}]/u.test(bareOne) && lower.includes(bareOne));
  });
}

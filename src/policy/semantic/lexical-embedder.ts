// Lexical embedder: a text as a vector, by its letters alone: words, pairs of words and groups of three letters are hashed
// into so many dimensions (Weinberger et al., ICML 2009), each with a weight that stands for how rare it is: what is common
// weighs little, numbers and long words weigh more. It knows no meanings: it finds the same question asked in nearly the
// same words, in another order, with other endings or a slip of the pen; never a synonym. Pure, and the same on every machine.
import { isCommon, wordsOf } from './words.ts';

export const LEXICAL_DIMENSIONS = 256;

const COMMON_WEIGHT = 0.15;
const NUMBER_WEIGHT = 2;
const PAIR_SHARE = 0.5;
/** Of a word's weight, over all its groups together. */
const GROUPS_SHARE = 0.8;
const GROUP = 3;
const LETTERS_MAX = 10;

/** Of unit length; null: there is nothing in it to go by. */
export function lexicalVector(text: string): Float32Array<ArrayBuffer> | null {
  const vector = new Float32Array(LEXICAL_DIMENSIONS);
  let before = '';
  let beforeWeight = 0;
  for (const word of wordsOf(text)) {
    const weight = weightOf(word);
    add(vector, hashOf(word, 0, word.length, 0x811c9dc5), weight);
    if (before !== '') {
      const pair = `${before} ${word}`;
      add(vector, hashOf(pair, 0, pair.length, 0x811c9dc5), PAIR_SHARE * Math.sqrt(weight * beforeWeight));
    }
    if (weight > COMMON_WEIGHT) addGroups(vector, word, weight);
    before = word;
    beforeWeight = weight;
  }
  return normalized(vector);
}

/** Null: it has no length, or is no vector at all. */
export function normalized(vector: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> | null {
  let sum = 0;
  for (const value of vector) sum += value * value;
  if (!(sum > 0 && sum < Infinity)) return null;
  const scale = 1 / Math.sqrt(sum);
  for (let at = 0; at < vector.length; at++) vector[at] = (vector[at] ?? 0) * scale;
  return vector;
}

function weightOf(word: string): number {
  if (isCommon(word)) return COMMON_WEIGHT;
  return /\p{N}/u.test(word) ? NUMBER_WEIGHT : 1 + Math.min(word.length, LETTERS_MAX) / LETTERS_MAX;
}

function addGroups(vector: Float32Array, word: string, weight: number): void {
  const framed = `^${word}$`;
  const count = framed.length - GROUP + 1;
  const each = (GROUPS_SHARE * weight) / Math.sqrt(Math.max(1, Math.min(count, LETTERS_MAX)));
  for (let at = 0; at < count; at++) add(vector, hashOf(framed, at, at + GROUP, 0x9747b28c), each);
}

/** The sign keeps what collides from only ever adding up. */
function add(vector: Float32Array, hash: number, weight: number): void {
  const at = hash % LEXICAL_DIMENSIONS;
  vector[at] = (vector[at] ?? 0) + (hash & 0x8000_0000 ? -weight : weight);
}

/** FNV-1a over UTF-16, with its bits mixed at the end (its last ones alone are poor). */
function hashOf(text: string, from: number, to: number, seed: number): number {
  let hash = seed;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x0100_0193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b_3c6d);
  return (hash ^ (hash >>> 12)) >>> 0;
}

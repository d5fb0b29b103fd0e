// Answer text: token n is always the same four characters. So an answer that was cut off can be gone on with from its text
// alone, and whoever reads it sees whether a part was repeated or left out.

export const TOKEN_CHARACTERS = 4;
const DIGITS = 36;
const TOKENS_KNOWN = DIGITS ** 3;

const known = `${Array.from({ length: TOKENS_KNOWN }, (_, at) => at.toString(DIGITS).padStart(3, '0')).join(' ')} `;

/** Tokens `from` up to `from + count`; after the last known one it begins again. */
export function tokensText(from: number, count: number): string {
  const start = from % TOKENS_KNOWN;
  const text = known.slice(start * TOKEN_CHARACTERS, (start + count) * TOKEN_CHARACTERS);
  const missing = count - text.length / TOKEN_CHARACTERS;
  return missing > 0 ? text + tokensText(0, missing) : text;
}

/** How many tokens a text that an assistant has begun is long; 0 when it is not one of ours. */
export function tokensIn(text: string): number {
  const count = Math.floor(text.length / TOKEN_CHARACTERS);
  return text.startsWith(tokensText(0, Math.min(count, 1))) ? count : 0;
}

// The known text: what every healthy answer of the wall says, letter for letter. Whoever asked can compare exactly, so an
// answer that lost, doubled or damaged a piece on its way is found, whatever the fault in between.

/** Holds what gateways are known to break: astral and joined emoji, CJK, quotes, backslashes, newlines, spaces at seams. */
export const healthyText = [
  'A wall stands in the rain, and it does not mind. 🌧️ "Who goes there?" it asks;',
  '',
  '  – „Nobody“, says the river: 水は低きに流れる, 你好，世界。',
  '\tThe naïve engineer 👩‍💻 counts to 3.14 and writes C:\\temp\\new — it is fine.',
  'So the water rises, the gate opens 🚪, and everything arrives: 42 drops, not one lost. ✅',
].join('\n');

/** What a behaviour that thinks aloud thinks. */
export const healthyReasoning =
  'The user wants the known text. I must say all of it, 一字一句, and nothing else. 🤔 Let me begin at the beginning.';

/** The proof that comes with thoughts in dialects that sign them; only this wall would take it back. */
export const healthySignature = 'd2FsbC1zaWduYXR1cmU=';

/** The call a behaviour with tools makes. */
export const healthyCall = {
  name: 'look_up',
  arguments: '{"place":"Nürnberg 🏰","unit":"°C","days":3,"note":"say \\"hello\\""}',
} as const;

const PIECE_LETTERS = [3, 7, 5, 1, 8] as const;

/** The text in small pieces of a few letters, as models stream it; a code point is never split. */
export function pieces(text: string): string[] {
  const letters = Array.from(text);
  const found: string[] = [];
  for (let at = 0; at < letters.length;) {
    const length = PIECE_LETTERS[found.length % PIECE_LETTERS.length] ?? 1;
    found.push(letters.slice(at, at + length).join(''));
    at += length;
  }
  return found;
}

/** The first half of a text, never splitting a code point. */
export function firstHalf(text: string): string {
  const letters = Array.from(text);
  return letters.slice(0, Math.ceil(letters.length / 2)).join('');
}

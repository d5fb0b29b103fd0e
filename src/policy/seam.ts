// Seam: where a second leg of an answer joins what the client has already read. A target that continues a prefix should go
// on right after it, but some repeat the whole prefix first (Mistral), and some the last words. The seam drops what is
// repeated and passes the rest on untouched: no text is added, no white space changed, no code point split. Of a target
// that is not known to repeat, what looks like a repetition is most likely the answer's own: a refrain, a row of a table.
//
//   listening ──text differs from the prefix, or the prefix is over──▶ open (everything passes)
//
// It holds text back only while the beginning could still be a repetition, so a clean continuation is delayed by a few
// dozen characters at most.

/** Shorter coincidences are speech ("ha ha"), not repetition. */
const OVERLAP_MIN = 12;
/** A repetition of last words longer than this is not looked for. */
const OVERLAP_MAX = 256;
/** Of targets that do not repeat prefixes, only so long a repetition of all that was shown is taken for one. */
const ECHO_MIN = 64;

export class Seam {
  readonly #shown: string;
  readonly #echoes: boolean;
  /** The first half of a code point that was cut in two: the client has it already. */
  #half: string;
  /** What has come of the second leg, not yet passed on; null once the seam is open. */
  #held: string | null = '';

  /** `shown` is what the client has read so far. `echoes`: the target is known to repeat the prefix. */
  constructor(shown: string, echoes: boolean) {
    this.#half = /[\uD800-\uDBFF]$/.test(shown) ? shown.slice(-1) : '';
    this.#shown = this.#half === '' ? shown : shown.slice(0, -1);
    this.#echoes = echoes;
    if (!echoes && this.#shown.length < ECHO_MIN) this.#held = null;
  }

  /** The part of `text` that the client may read now. */
  pass(text: string): string {
    if (this.#held === null) return this.#withoutHalf(text);
    this.#held += text;
    if (this.#held.length < this.#shown.length && this.#shown.startsWith(this.#held)) return '';
    if (this.#held.startsWith(this.#shown)) return this.#open(this.#held.slice(this.#shown.length));
    if (this.#echoes && this.#mayOverlap(this.#held)) return '';
    return this.end();
  }

  /** The leg is over: what is still held and was no repetition. */
  end(): string {
    if (this.#held === null) return '';
    const held = this.#held;
    // Nothing but a part of what was shown: the target said it again and had no more to say.
    if (this.#echoes && held !== '' && this.#shown.startsWith(held)) return this.#open('');
    return this.#open(this.#echoes ? held.slice(overlapOf(this.#shown, held)) : held);
  }

  #open(text: string): string {
    this.#held = null;
    return this.#withoutHalf(text);
  }

  #withoutHalf(text: string): string {
    if (this.#half === '' || text === '') return text;
    const rest = text.startsWith(this.#half) ? text.slice(1) : text;
    this.#half = '';
    return rest;
  }

  /** True while everything held stands at some place near the end of what was shown: more may still decide. */
  #mayOverlap(held: string): boolean {
    if (held.length > OVERLAP_MAX) return false;
    const tail = this.#shown.slice(-OVERLAP_MAX);
    for (let at = tail.indexOf(held); at !== -1; at = tail.indexOf(held, at + 1)) {
      if (at + held.length < tail.length) return true;
    }
    return false;
  }
}

/**
 * Length of the longest beginning of `next` that `shown` ends with; 0 when it is too short to mean anything, or when it had
 * been said twice before: then the text repeats itself (a refrain, a list of zeros), and so may its continuation.
 */
function overlapOf(shown: string, next: string): number {
  for (let length = Math.min(shown.length, next.length, OVERLAP_MAX); length >= OVERLAP_MIN; length--) {
    const start = next.slice(0, length);
    if (shown.endsWith(start) && shown.indexOf(start) === shown.length - length) return length;
  }
  return 0;
}

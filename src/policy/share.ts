// Share: how a whole number of places is divided among several that do not see each other. Whoever wants little gets what it
// wants, the rest is divided evenly among those who want more; and what nobody wants lies ready everywhere, so that the
// first to want it need not ask.
// The shares must never come to more than the whole.

/** `wanted`: what each could use now. As many shares as there are wishes, whole numbers, at most `whole` together. */
export function shares(whole: number, wanted: readonly number[]): number[] {
  const given = wanted.map(() => 0);
  let left = Math.max(0, Math.floor(whole));
  const modestFirst = wanted.map((_, at) => at).toSorted((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
  for (const [done, at] of modestFirst.entries()) {
    const share = Math.min(wishOf(wanted[at]), Math.floor(left / (wanted.length - done)));
    given[at] = share;
    left -= share;
  }
  // Either all wishes are met, or nothing is left.
  for (const [done, at] of modestFirst.toReversed().entries()) {
    const spare = Math.ceil(left / (wanted.length - done));
    given[at] = (given[at] ?? 0) + spare;
    left -= spare;
  }
  return given;
}

const wishOf = (wanted: number | undefined): number => Math.max(0, Math.floor(wanted ?? 0) || 0);

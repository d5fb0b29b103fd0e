// Binomial: what so many errors in so many trials say of the true share. Exact (Clopper and Pearson, 1934), one-sided, 95 %.

const ERROR = 0.05;
const STEPS = 40;

/** With 95 % confidence the true share is no higher. 1 where nothing was tried. */
export function upperBound(wrong: number, trials: number): number {
  if (trials === 0 || wrong >= trials) return 1;
  return bisect((share) => atMost(wrong, trials, share) > ERROR);
}

/** With 95 % confidence the true share is no lower. */
export function lowerBound(wrong: number, trials: number): number {
  if (wrong === 0) return 0;
  return bisect((share) => 1 - atMost(wrong - 1, trials, share) < ERROR);
}

/** Where it stops holding, from 0 on. */
function bisect(holds: (share: number) => boolean): number {
  let low = 0;
  let high = 1;
  for (let step = 0; step < STEPS; step++) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return high;
}

/** P(at most so many errors), summed in logarithms: the first term alone may be too small to be a number. */
function atMost(wrong: number, trials: number, share: number): number {
  const odds = Math.log(share) - Math.log1p(-share);
  let logTerm = trials * Math.log1p(-share);
  let sum = Math.exp(logTerm);
  for (let at = 1; at <= wrong; at++) {
    logTerm += Math.log((trials - at + 1) / at) + odds;
    sum += Math.exp(logTerm);
  }
  return Math.min(1, sum);
}

// Chance: every random draw is an argument, so that one seed replays one run.

export interface Chance {
  /** Uniform in [0, 1). */
  draw(): number;
  /** `digits` random lower-case hex digits; unpredictable in production. */
  hex(digits: number): string;
}

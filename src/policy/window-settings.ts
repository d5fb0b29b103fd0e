// Window settings: what differs between far sides, as data. An engine of one's own fills up gradually and shows it in its
// first-token and inter-token times; an API in the network has a noisy first token that mostly tells of others' load, and
// says 429 when one's own share is used up.
// It must never hold what an operator should measure by hand: whatever can be learned is learned, these are where it begins.

export interface WindowSettings {
  readonly kind: 'engine' | 'api';
  /** Tokens in flight to begin with. */
  readonly tokensInitial: number;
  /** The window never shrinks below it: about one large request. */
  readonly tokensMin: number;
  /** Prompt tokens sent and not yet answered by a first token, to begin with and at least. */
  readonly prefillTokensInitial: number;
  readonly prefillTokensMin: number;
  /** A first token later than base by this much is waiting at the far side; by twice as much it is congestion. */
  readonly slowMs: number;
  /** Time after a cut until the window is back where the trouble was. */
  readonly regrowthMs: number;
  /** A first token later than this after its base is congestion, even before it has come. */
  readonly firstTokenObjectiveMs: number;
  readonly interTokenObjectiveMs: number;
}

export const windowDefaults: Readonly<Record<WindowSettings['kind'], WindowSettings>> = {
  engine: {
    kind: 'engine',
    tokensInitial: 20_000,
    tokensMin: 4_000,
    prefillTokensInitial: 8_192,
    prefillTokensMin: 2_048,
    slowMs: 150,
    regrowthMs: 25_000,
    firstTokenObjectiveMs: 1_500,
    interTokenObjectiveMs: 100,
  },
  api: {
    kind: 'api',
    tokensInitial: 50_000,
    tokensMin: 8_000,
    prefillTokensInitial: 65_536,
    prefillTokensMin: 65_536,
    slowMs: 1_000,
    regrowthMs: 4_000,
    firstTokenObjectiveMs: 10_000,
    interTokenObjectiveMs: 250,
  },
};

/** Each of several that send to the same far side, and do not see each other, begins with its part, and shrinks to it. */
export const dividedAmong = (members: number, settings: WindowSettings): WindowSettings =>
  members === 1
    ? settings
    : {
        ...settings,
        tokensInitial: settings.tokensInitial / members,
        tokensMin: settings.tokensMin / members,
        prefillTokensInitial: settings.prefillTokensInitial / members,
        prefillTokensMin: settings.prefillTokensMin / members,
      };

// Figures: what a gateway and its engines told of themselves over some seconds, and of the minutes before: all that a diagnosis
// is made from. Plain data, with null where something was not told. Types only.

export interface Figures {
  /** Between the two looks. */
  readonly seconds: number;
  /** Of the exchanges that ended in between. */
  readonly ended: number;
  readonly answered: number;
  /** By kind of rejection. */
  readonly rejections: Readonly<Record<string, number>>;
  /** In the waiting room, at the first look and at the second. */
  readonly waitingBefore: number;
  readonly waitingNow: number;
  /** Exchanges under way, those in the waiting room among them. */
  readonly inFlight: number;
  /** Sends, and those among them that went to another target, or to the same one again, after a fault. */
  readonly attempts: number;
  readonly failovers: number;
  readonly resends: number;
  readonly history: HistoryFigures | null;
  readonly upstreams: readonly UpstreamFigures[];
  readonly process: ProcessFigures;
}

/** From the exchanges that the gateway still remembers; without its admin pages there are none. */
export interface HistoryFigures {
  /** How far back it reaches before the first look. */
  readonly secondsBefore: number;
  readonly arrivalsPerSecondNow: number;
  /** Null: it does not reach far enough back to say. */
  readonly arrivalsPerSecondBefore: number | null;
  /** Of those that came before the first look: waited for long, or were refused for want of room. */
  readonly strainedShareBefore: number;
  /** Of those remembered: a client's own second or later try. */
  readonly clientRetryShare: number;
  /** Heaviest first; not more than a hundred. */
  readonly callers: readonly CallerFigures[];
}

export interface CallerFigures {
  readonly name: string;
  readonly exchanges: number;
  /** Of all tokens of those remembered. */
  readonly tokenShare: number;
  readonly exchangeShare: number;
  /** Refused by a limit of the key. */
  readonly limited: number;
}

export interface UpstreamFigures {
  readonly name: string;
  readonly tier: string | null;
  readonly inFlight: number;
  /** Null: no limit. */
  readonly concurrentMax: number | null;
  /** Of its windows, the fuller look; null: it has found no bound yet. */
  readonly windowShare: number | null;
  readonly attempts: number;
  /** By kind of fault. */
  readonly faults: Readonly<Record<string, number>>;
  readonly keepAlives: number;
  readonly firstTokenMs: number | null;
  /** Until the first look. */
  readonly firstTokenMsUsual: number | null;
  readonly perTokenMs: number | null;
  readonly perTokenMsUsual: number | null;
  readonly credentials: number | null;
  readonly credentialsResting: number;
  readonly breakerOpen: boolean;
  readonly healthy: boolean;
  /** What a self-hosted engine tells of itself. */
  readonly engine: EngineFigures | null;
}

export interface EngineFigures {
  readonly running: number;
  readonly waiting: number;
  /** 0 to 1. */
  readonly kvShare: number | null;
  readonly preemptions: number;
}

export interface ProcessFigures {
  readonly lagMs: number | null;
  readonly heapShare: number | null;
  readonly socketShare: number | null;
  /** Of one core. */
  readonly cpuShare: number | null;
  readonly shedLanes: readonly string[];
  readonly overheadMsMean: number | null;
  readonly bugs: number;
}

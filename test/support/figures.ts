// Figures of a gateway where all is well; a test changes what it is about.
import type { Figures, HistoryFigures, UpstreamFigures } from '../../src/policy/diagnosis/figures.ts';

export function wellUpstream(change: Partial<UpstreamFigures> = {}): UpstreamFigures {
  return {
    name: 'gpu',
    tier: 'base',
    inFlight: 4,
    concurrentMax: null,
    windowShare: 0.4,
    attempts: 20,
    faults: {},
    keepAlives: 0,
    firstTokenMs: 200,
    firstTokenMsUsual: 180,
    perTokenMs: 30,
    perTokenMsUsual: 30,
    credentials: 1,
    credentialsResting: 0,
    breakerOpen: false,
    healthy: true,
    engine: null,
    ...change,
  };
}

export function wellHistory(change: Partial<HistoryFigures> = {}): HistoryFigures {
  return {
    secondsBefore: 120,
    arrivalsPerSecondNow: 5,
    arrivalsPerSecondBefore: 5,
    strainedShareBefore: 0,
    clientRetryShare: 0,
    callers: [],
    ...change,
  };
}

export function wellFigures(change: Partial<Figures> = {}): Figures {
  return {
    seconds: 4,
    ended: 20,
    answered: 20,
    rejections: {},
    waitingBefore: 0,
    waitingNow: 0,
    inFlight: 4,
    attempts: 20,
    failovers: 0,
    resends: 0,
    history: wellHistory(),
    upstreams: [wellUpstream()],
    process: {
      lagMs: 2,
      heapShare: 0.1,
      socketShare: 0.01,
      cpuShare: 0.2,
      shedLanes: [],
      overheadMsMean: 1,
      bugs: 0,
    },
    ...change,
  };
}

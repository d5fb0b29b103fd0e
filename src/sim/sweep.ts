// Sweep: the metastability matrix. Something bad happens for a while and ends; the load is what it was. Whether all is well
// again, and how soon, is asked for every trigger, load and kind of client: a state that outlasts its cause is metastable.
// Each cell is a scenario of its own, so that one of them can be run alone: `--scenario burst/0.85/endless`.
import { healthy } from '../engine/batch-engine.ts';
import { assert } from '../kernel/result.ts';
import { type Manners, politeManners, rudeManners } from './clients.ts';
import { ailing, BASE_UTILISATION, type Plan, type Scenario, troubled } from './scenarios.ts';

const BEFORE_S = 60;
const AFTER_S = 120;

interface Trigger {
  readonly what: string;
  readonly seconds: number;
  readonly strike: (plan: Parts, load: number) => Plan;
}

type Parts = ReturnType<typeof troubled>;

export const triggers: Readonly<Record<string, Trigger>> = {
  burst: {
    what: 'ten times the load for 30 s',
    seconds: 30,
    strike: (plan, load) => ({ ...plan, load: (atMs) => (plan.during(atMs) ? 10 * load : load) }),
  },
  third: {
    what: 'a third of the speed for 20 s',
    seconds: 20,
    strike: (plan, load) => ailing(plan, load, { ...healthy, speed: 1 / 3 }),
  },
  outage: {
    what: '503 for all for 10 s',
    seconds: 10,
    strike: (plan, load) => ailing(plan, load, { ...healthy, refusesWith: 503 }),
  },
  slow: {
    what: 'first tokens 5 s later for 30 s',
    seconds: 30,
    strike: (plan, load) => ailing(plan, load, { ...healthy, delayMs: 5_000 }),
  },
};

/** Of what the far side can do. */
export const utilisations = [0.5, 0.7, 0.85, 0.95] as const;

export const clientKinds: Readonly<Record<string, Manners>> = {
  'no-retry': { ...politeManners, attemptsMax: 1 },
  'three-fast': { ...rudeManners, attemptsMax: 3 },
  endless: { ...rudeManners, attemptsMax: Number.POSITIVE_INFINITY },
};

export interface Cell {
  readonly trigger: string;
  readonly utilisation: number;
  readonly clients: string;
}

export const cells: readonly Cell[] = Object.keys(triggers).flatMap((trigger) =>
  Object.keys(clientKinds).flatMap((clients) => utilisations.map((utilisation) => ({ trigger, utilisation, clients }))),
);

export const cellName = ({ trigger, utilisation, clients }: Cell): string => `${trigger}/${utilisation}/${clients}`;

export const sweepScenarios: Readonly<Record<string, Scenario>> = Object.fromEntries(
  cells.map((cell) => [cellName(cell), scenarioOf(cell)]),
);

function scenarioOf({ trigger, utilisation, clients }: Cell): Scenario {
  const [cause, manners] = [triggers[trigger], clientKinds[clients]];
  assert(cause !== undefined && manners !== undefined, 'a cell is made of what there is');
  const { what, seconds, strike } = cause;
  return {
    what: `at ${utilisation} of what the engine can do, ${what}; clients: ${clients}`,
    load: utilisation / BASE_UTILISATION,
    plan: (load, scale) => ({ ...strike(troubled(BEFORE_S, seconds, AFTER_S, scale), load), clients: manners }),
  };
}

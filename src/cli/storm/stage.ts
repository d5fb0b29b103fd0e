// Stage: the far sides of a storm and the gateway in front of them, each in a process of its own, on free ports of this machine
// only. What they did is read from their own pages. It must leave no process behind.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lanes, type Tier, tiers } from '../../kernel/lane.ts';
import type { ByLane } from '../../load/order.ts';
import { expectations } from '../../sim/workload.ts';
import type { Ailment } from '../../wall/engine/ailment.ts';
import { manners } from '../../wall/engine/manner.ts';
import { type Child, startChild } from '../child.ts';
import { readJson, readPage } from '../page-reader.ts';
import { Samples } from '../samples.ts';
import { type ByTier, farSides, MODEL, stormMix } from './setting.ts';

/** What a wall has done since it began. */
export interface WallCount {
  readonly received: number;
  readonly refused: number;
  readonly answered: number;
  /** Of those whose answer was begun: what a provider would charge. */
  readonly promptTokens: number;
  readonly answerTokens: number;
}

const CONTROL_MS_MAX = 3_000;
const nothingDone: WallCount = { received: 0, refused: 0, answered: 0, promptTokens: 0, answerTokens: 0 };

export interface Stage {
  readonly walls: ByTier<string>;
  readonly gateway: string;
  counts(): Promise<ByTier<WallCount>>;
  ail(tier: Tier, ailment: Ailment): Promise<void>;
  metrics(): Promise<Samples | null>;
  end(): Promise<void>;
}

/** As the load sends them: the lane and the tenant's number. */
export const keys: ByLane<string> = {
  vip: 'storm-vip-{tenant}',
  standard: 'storm-standard-{tenant}',
  batch: 'storm-batch-{tenant}',
};

export async function buildStage(): Promise<Stage> {
  const children: Child[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'spillway-storm-'));
  const end = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const started = await Promise.all(tiers.map(startWall));
    children.push(...started);
    const [base = '', peak = '', standby = ''] = started.map(({ said }) => said);
    const walls = { base, peak, standby };
    const file = join(folder, 'spillway.yaml');
    writeFileSync(file, gatewayConfig(walls));
    const gateway = await startChild(['up', '--config', file], /answers on (http:\/\/\S+)/);
    children.push(gateway);
    return stageOf(walls, gateway, end);
  } catch (error) {
    await end();
    throw error;
  }
}

function startWall(tier: Tier): Promise<Child> {
  const { capacity, manner } = farSides[tier];
  const options = ['--port', '0', '--capacity', String(capacity), '--style', manner, '--model', MODEL, '--json'];
  return startChild(['wall', '--engine', ...options], /"url":"(http:[^"]+)"/);
}

function stageOf(walls: ByTier<string>, gateway: Child, end: () => Promise<void>): Stage {
  return {
    walls,
    gateway: gateway.said,
    counts: async () => {
      const [base, peak, standby] = await Promise.all(tiers.map((tier) => countOf(walls[tier])));
      return { base: base ?? nothingDone, peak: peak ?? nothingDone, standby: standby ?? nothingDone };
    },
    ail: async (tier, ailment) => {
      const signal = AbortSignal.timeout(CONTROL_MS_MAX);
      await fetch(new URL('/control', walls[tier]), { method: 'POST', body: JSON.stringify(ailment), signal });
    },
    metrics: async () => {
      const page = await readPage(`${gateway.said}/metrics`);
      return page === null ? null : new Samples(page.text);
    },
    end,
  };
}

async function countOf(wall: string): Promise<WallCount> {
  const [state, page] = await Promise.all([
    readJson(new URL('/control', wall).href),
    readPage(new URL('/metrics', wall).href),
  ]);
  // A zero in its place would be a figure.
  if (state === null || page === null) throw new Error(`the far side at ${wall} does not say what it has done`);
  const samples = new Samples(page.text);
  const received = Number(state['received']);
  const refused = Number(state['refused']);
  const taken = received - refused;
  const begun = samples.sum('vllm:time_to_first_token_seconds_count');
  return {
    received,
    refused,
    answered: Number(state['answered']),
    promptTokens: taken <= 0 ? 0 : Math.round((samples.sum('vllm:prompt_tokens_total') * begun) / taken),
    answerTokens: samples.sum('vllm:generation_tokens_total'),
  };
}

/** As an operator would write it: three tiers, a key for each lane and tenant, how soon an answer should begin. Nothing is tuned. */
function gatewayConfig(walls: ByTier<string>): string {
  const upstreams = tiers.map((tier) => {
    const { manner, capacity } = farSides[tier];
    const inFlightMax = manners[manner].inFlightMaxAt(capacity);
    const known = inFlightMax === null ? '' : `, apiKey: storm, maxConcurrent: ${inFlightMax}`;
    return `  ${tier}: { provider: ${manner}, baseUrl: '${walls[tier]}', tier: ${tier}${known} }`;
  });
  const named = lanes.flatMap((lane) =>
    Array.from({ length: stormMix.tenants }, (_, tenant) => {
      const key = keys[lane].replace('{tenant}', String(tenant));
      return `  - { key: ${key}, name: ${lane}-${tenant}, lane: ${lane} }`;
    }),
  );
  return [
    'host: 127.0.0.1',
    'port: 0',
    'stateDir: null',
    'log: { level: silent }',
    'upstreams:',
    ...upstreams,
    'models:',
    `  ${MODEL}: { targets: [${tiers.map((tier) => `${tier}/${MODEL}`).join(', ')}] }`,
    'lanes:',
    ...lanes.map((lane) => `  ${lane}: { firstTokenMs: ${expectations[lane].firstTokenMs} }`),
    'keys:',
    ...named,
    '',
  ].join('\n');
}

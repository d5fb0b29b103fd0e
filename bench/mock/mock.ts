// The mock upstream as a process beside the load (mock-upstream.ts is the program), and its own count of what reached it:
// a gateway that answered from a cache, or sent twice, would show there.
import { startWorker } from '../worker.ts';
import type { Upstream } from '../subjects/subject.ts';
import type { MockOrder, MockState } from './mock-upstream.ts';

export interface Mock extends Upstream {
  order(order: MockOrder): Promise<MockState>;
  /** Requests that reached it so far. */
  served(): Promise<number>;
  stop(): Promise<void>;
}

export async function startMock(): Promise<Mock> {
  const worker = startWorker('mock', 'mock/mock-upstream.ts');
  const order = (given: MockOrder): Promise<MockState> => worker.ask<MockState>(given);
  const { port } = await order({ state: true });
  const served = async (): Promise<number> => (await order({ state: true })).served;
  return { port, caFile: null, order, served, stop: () => worker.stop() };
}

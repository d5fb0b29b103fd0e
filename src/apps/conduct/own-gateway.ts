// A Spillway of the suite's own: configured for the scenarios, silent, on any free port, gone afterwards.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../adapters/config/load.ts';
import { environmentOf } from '../../adapters/environment.ts';
import { catalogue } from '../../providers/catalogue.ts';
import { type RunningGateway, startGateway } from '../gateway.ts';

export interface OwnGateway {
  /** With `/v1`. */
  readonly url: string;
  /** Without `/v1`. */
  readonly origin: string;
  stop(): Promise<void>;
}

export async function startOwnGateway(configuration: string, version: string): Promise<OwnGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-conduct-'));
  const file = join(folder, 'spillway.yaml');
  writeFileSync(file, `port: 0\nlog: { level: silent }\ndrainMs: 2000\n${configuration}`);
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  let gateway: RunningGateway;
  try {
    gateway = await startGateway({
      configFile: null,
      version,
      announce: () => {},
      loadConfig: () =>
        loadConfig({ file, environment: environmentOf({}), providers: catalogue, host: null, port: null }),
    });
  } catch (error) {
    remove();
    throw error;
  }
  return {
    url: `${gateway.url}/v1`,
    origin: gateway.url,
    stop: async () => {
      await gateway.stop('end of the suite');
      remove();
    },
  };
}

// A real gateway on a private port, from a configuration file as a user would write it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/adapters/config/load.ts';
import { environmentOf } from '../../src/adapters/environment.ts';
import { type RunningGateway, startGateway } from '../../src/apps/gateway.ts';
import { catalogue } from '../../src/providers/catalogue.ts';

export interface Running extends RunningGateway {
  readonly file: string;
  rewrite(yaml: string): void;
  /** Stops and tidies up. */
  end(): Promise<void>;
}

/** `yaml` without listener and log settings: any free port, and silence. */
export async function runGateway(yaml: string): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-test-'));
  const file = join(folder, 'spillway.yaml');
  const rewrite = (text: string): void => writeFileSync(file, `port: 0\nlog: { level: silent }\n${text}`);
  rewrite(yaml);
  const gateway = await startGateway({
    configFile: file,
    version: 'test',
    announce: () => {},
    loadConfig: () =>
      loadConfig({ file, environment: environmentOf({}), providers: catalogue, host: null, port: null }),
  });
  return {
    ...gateway,
    file,
    rewrite,
    end: async () => {
      await gateway.stop('end of test');
      rmSync(folder, { recursive: true });
    },
  };
}

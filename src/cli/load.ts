// Load: the configuration as the commands want it, with the providers' facts from the catalogue.
import { findConfigFile, loadConfig } from '../adapters/config/load.ts';
import type { Environment } from '../adapters/environment.ts';
import type { Result } from '../kernel/result.ts';
import type { Config } from '../ports/config.ts';
import { catalogue } from '../providers/catalogue.ts';

export interface Loader {
  /** Null: there is none; environment and defaults. */
  readonly file: string | null;
  /** May be called again and again: reads the file anew each time. */
  load(): Result<Config, readonly string[]>;
}

export interface Wishes {
  readonly file: string | null;
  readonly host: string | null;
  readonly port: string | null;
  readonly workers?: string | null;
}

export function loader({ file: asked, host, port, workers = null }: Wishes, environment: Environment): Loader {
  const file = findConfigFile(asked, environment, process.cwd());
  return { file, load: () => loadConfig({ file, environment, providers: catalogue, host, port, workers }) };
}

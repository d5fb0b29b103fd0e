// `spillway cache sign FILE`: a request as an address, signed with the configuration's first key; no gateway is needed.
import { readFileSync } from 'node:fs';
import type { Environment } from '../../adapters/environment.ts';
import { nodeHmac } from '../../adapters/digest.ts';
import { systemClock } from '../../adapters/system.ts';
import { compile } from '../../gateway/compile.ts';
import { ModelResolver } from '../../gateway/resolve.ts';
import { signedPath } from '../../gateway/signed-visit.ts';
import { signedUntil } from '../../policy/signed-request.ts';
import { readWarmLine } from '../../policy/warm-file.ts';
import { exitCodes } from '../exit-codes.ts';
import { loader } from '../load.ts';
import { numberIn } from '../numbers.ts';
import type { Output } from '../output.ts';
import { rootOf, type WhereOptions, whyOf } from './admin-client.ts';

export interface SignOptions extends WhereOptions {
  readonly seconds: string;
}

const SECONDS_MAX = 31_536_000;
const STANDARD_INPUT = 0;

export function sign(file: string, options: SignOptions, environment: Environment, output: Output): number {
  const seconds = numberIn('--seconds', options.seconds, 1, SECONDS_MAX);
  if (!seconds.ok) return refuse(seconds.error, exitCodes.usage, output);
  const config = loader({ file: options.config ?? null, host: null, port: null }, environment).load();
  if (!config.ok) {
    for (const line of config.error) output.err(line);
    return exitCodes.failed;
  }
  let text: string;
  try {
    text = readFileSync(file === '-' ? STANDARD_INPUT : file, 'utf8');
  } catch (error) {
    return refuse(`cannot read ${file}: ${whyOf(error)}`, exitCodes.usage, output);
  }
  const line = readWarmLine(text);
  if (line === null || !line.ok) return refuse(`${file} ${line?.error ?? 'is empty'}`, exitCodes.failed, output);
  const snapshot = compile(config.value, 1, '');
  const resolver = new ModelResolver(snapshot, ({ provider }) => provider.knownModels);
  const until = signedUntil(systemClock.wall() / 1000, Math.floor(seconds.value));
  const path = signedPath(line.value, until, { snapshot, resolver }, nodeHmac);
  if (!path.ok) return refuse(`the request ${path.error}`, exitCodes.failed, output);
  output.out(`${rootOf(options.url ?? '')}${path.value}`);
  return exitCodes.done;
}

function refuse(why: string, code: number, output: Output): number {
  output.err(`spillway: ${why}`);
  return code;
}

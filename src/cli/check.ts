// `spillway check [file]`: reads a configuration as `up` would and says everything that is wrong with it.
import { isAbsent } from '../adapters/config/load.ts';
import type { Environment } from '../adapters/environment.ts';
import { exitCodes } from './exit-codes.ts';
import { loader } from './load.ts';
import type { Output } from './output.ts';

/** Answers the exit code: 0 good, 1 problems, 2 no such file. */
export function check(asked: string | null, environment: Environment, output: Output): number {
  const source = loader({ file: asked, host: null, port: null }, environment);
  const result = source.load();
  if (result.ok) {
    const { upstreams, models, keys } = result.value;
    const counted = [
      count(Object.keys(upstreams).length, 'upstream'),
      count(Object.keys(models).length, 'model'),
      count(keys.length, 'key'),
    ];
    output.out(`ok: ${counted.join(', ')} (${result.value.source})`);
    return exitCodes.done;
  }
  for (const line of result.error) output.err(line);
  return source.file !== null && isAbsent(source.file) ? exitCodes.usage : exitCodes.failed;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

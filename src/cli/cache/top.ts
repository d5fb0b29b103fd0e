// `spillway cache top`: what would be worth having ready, from the traffic of a running gateway: hashes, counts and tokens.
// Words only into a file, and only where the model's operator had them remembered.
import { writeFileSync } from 'node:fs';
import type { Environment } from '../../adapters/environment.ts';
import { exitCodes } from '../exit-codes.ts';
import { numberIn } from '../numbers.ts';
import type { Output } from '../output.ts';
import { adminOf, configOf, type WhereOptions } from './admin-client.ts';

export interface TopOptions extends WhereOptions {
  readonly count: string;
  readonly save?: string;
  readonly json?: boolean;
}

const COUNT_MAX = 10_000;

interface Question {
  readonly key: string;
  readonly model: string;
  readonly tenant: string | null;
  readonly hits: number;
  readonly misses: number;
  readonly tokens: number;
  readonly hasRequest: boolean;
}

export async function top(options: TopOptions, environment: Environment, output: Output): Promise<number> {
  const count = numberIn('--count', options.count, 1, COUNT_MAX);
  if (!count.ok) {
    output.err(`spillway: ${count.error}`);
    return exitCodes.usage;
  }
  const config = configOf(options, environment);
  if (!config.ok) {
    for (const line of config.error) output.err(line);
    return exitCodes.failed;
  }
  const admin = adminOf(options, config.value, environment);
  const path = `/admin/cache/top?count=${Math.floor(count.value)}`;
  const told = await admin.json('GET', path);
  if (!told.ok) {
    output.err(`spillway: ${told.error}`);
    return exitCodes.failed;
  }
  const questions = told.value['questions'] as readonly Question[];
  if (options.json === true) output.out(JSON.stringify(questions));
  else for (const line of tableOf(questions)) output.out(line);
  if (options.save === undefined) return exitCodes.done;
  const lines = await admin.ask('GET', `${path}&requests=true`);
  if (!lines.ok) {
    output.err(`spillway: ${lines.error}`);
    return exitCodes.failed;
  }
  // They may hold what is nobody else's business.
  writeFileSync(options.save, lines.value, { mode: 0o600 });
  const saved = lines.value.split('\n').length - 1;
  const without = saved < questions.length ? '; of the others no words are remembered (`cache.saveRequests`)' : '';
  output.err(`${saved} requests saved to ${options.save}${without}`);
  return exitCodes.done;
}

const KEY_DIGITS = 16;

function tableOf(questions: readonly Question[]): string[] {
  if (questions.length === 0) return ['nothing was asked yet of a model that keeps its answers'];
  const rows = questions.map(({ key, model, tenant, hits, misses, tokens }) => {
    const worth = (hits + misses) * tokens;
    return [key.slice(0, KEY_DIGITS), model, tenant ?? '', `${hits}`, `${misses}`, `${tokens}`, `${worth}`];
  });
  const table = [['question', 'model', 'key', 'hits', 'misses', 'tokens', 'worth'], ...rows];
  const widths = (table[0] ?? []).map((_, at) => Math.max(...table.map((row) => row[at]?.length ?? 0)));
  return table.map((row) =>
    row
      .map((cell, at) => (at < 3 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

// `spillway cache …`: the commands about kept answers, their options and help. Each is loaded when it is asked for.
import type { Command } from 'commander';
import { readEnvironment } from '../../adapters/environment.ts';
import type { Output } from '../output.ts';
import type { PurgeOptions } from './purge.ts';
import type { SignOptions } from './sign.ts';
import type { TopOptions } from './top.ts';
import type { WarmOptions } from './warm.ts';

export function addCache(program: Command, output: Output, finish: (code: number) => void): void {
  const cache = program.command('cache').description('fill, forget and look at kept answers');
  where(cache.command('warm'))
    .description(
      'have answers ready before anybody asks: requests are sent, pairs with their answer are kept as they are',
    )
    .argument('<file>', 'JSON Lines: requests, pairs {"request", "answer"}, or a batch file')
    .option('--key <key>', 'API key to ask with; NAME=KEY for the lines of one key; may be repeated', collect, [])
    .option('--rate <requests>', 'requests per second', '10')
    .option('--concurrency <requests>', 'requests at once', '4')
    .action(async (file: string, options: WarmOptions) => {
      const { warm } = await import('./warm.ts');
      finish(await warm(file, options, readEnvironment(), output));
    });
  where(cache.command('purge'))
    .description('forget kept answers, at every gateway that shares them')
    .option('--all', 'all of them')
    .option('--model <name>', 'what a model answered')
    .option('--tenant <name>', 'what the key of this name was answered')
    .option('--namespace <name>', 'what was kept in this name space')
    .action(async (options: PurgeOptions) => {
      const { purge } = await import('./purge.ts');
      finish(await purge(options, readEnvironment(), output));
    });
  where(cache.command('top'))
    .description('what would be worth having ready: the questions asked most of late, by what an answer takes')
    .option('--count <number>', 'how many', '20')
    .option('--save <file>', 'write those whose model says `saveRequests` to a file for `cache warm`')
    .option('--json', 'as JSON on standard output')
    .action(async (options: TopOptions) => {
      const { top } = await import('./top.ts');
      finish(await top(options, readEnvironment(), output));
    });
  where(cache.command('sign'))
    .description('a request as an address that any CDN can keep (`signing` in the configuration)')
    .argument('<file>', 'the request as JSON, or - for standard input')
    .option('--seconds <seconds>', 'how long the address holds at least', '600')
    .action(async (file: string, options: SignOptions) => {
      const { sign } = await import('./sign.ts');
      finish(sign(file, options, readEnvironment(), output));
    });
  cache.helpOption('-h, --help', 'print this help');
}

const collect = (one: string, others: readonly string[]): string[] => [...others, one];

/** The options by which every one of them finds its gateway. */
const where = (command: Command): Command =>
  command
    .option('-c, --config <file>', 'configuration of the gateway (default: the one `up` would use)')
    .option('--url <url>', 'a running gateway (default: where the configuration says)')
    .option('--admin-key <key>', 'its admin key (default: the variable SPILLWAY_ADMIN_KEY)')
    .helpOption('-h, --help', 'print this help')
    .exitOverride();

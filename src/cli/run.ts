// Run: the commands, their options and help. Each command is loaded when it is asked for, so `--version` loads nothing.
import { Command, CommanderError } from 'commander';
import { readEnvironment } from '../adapters/environment.ts';
import { exitCodes } from './exit-codes.ts';
import { ignoreBrokenPipes, type Output, terminal } from './output.ts';
import type { ConductOptions } from './conduct.ts';
import type { SimOptions } from './sim.ts';
import type { UpOptions } from './up.ts';
import { version } from './version.ts';
import type { WallCommandOptions } from './wall.ts';

/** Runs one command line to its end and answers the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  ignoreBrokenPipes();
  const environment = readEnvironment();
  const output = terminal(environment.known.NO_COLOR !== null);
  let code: number = exitCodes.done;
  const program = build(output, (exit) => {
    code = exit;
  });
  if (args.length === 0) {
    output.err(program.helpInformation());
    return exitCodes.usage;
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    output.err(`spillway: ${error instanceof Error ? error.message : String(error)}`);
    return exitCodes.failed;
  }
}

function build(output: Output, finish: (code: number) => void): Command {
  const program = new Command('spillway')
    .description('An LLM gateway that keeps answering when the model says "server is busy".')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(oneLine(text)) })
    .showSuggestionAfterError(true);
  program
    .command('up')
    .description('serve (what `npm start` runs)')
    .option('-c, --config <file>', 'configuration file (default: spillway.yaml, or the variable SPILLWAY_CONFIG)')
    .option('-p, --port <port>', 'port to listen on (default: 4000)')
    .option('--host <host>', 'address to listen on (default: 127.0.0.1)')
    .action(async (options: UpOptions) => {
      const { up } = await import('./up.ts');
      finish(await up(options, readEnvironment(), output));
    });
  program
    .command('check')
    .description('read a configuration and say everything that is wrong with it')
    .argument('[file]', 'configuration file (default: the one `up` would use)')
    .action(async (file: string | undefined) => {
      const { check } = await import('./check.ts');
      finish(check(file ?? null, readEnvironment(), output));
    });
  program
    .command('schema')
    .description('print the JSON schema of the configuration file')
    .action(async () => {
      const { schema } = await import('./schema.ts');
      schema(output);
    });
  program
    .command('wall')
    .description('start a fake provider that misbehaves on command: the model name picks the fault')
    .option('-p, --port <port>', 'port to listen on', '8401')
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--json', 'print the address and the behaviours as one line of JSON')
    .option('--markdown', 'print docs/wall.md and start nothing')
    .action(async (options: WallCommandOptions) => {
      const { wall } = await import('./wall.ts');
      finish(await wall(options, output));
    });
  program
    .command('conduct')
    .description('how does a gateway behave when its provider does not? (a Spillway of its own, or --url)')
    .option('--url <url>', 'base URL with /v1 of a gateway that has the models of --print-config')
    .option('--key <key>', 'API key for it', 'sk-conduct')
    .option('--wall-port <port>', 'where the wall listens for a gateway given by --url', '8401')
    .option('--only <name>', 'only scenarios whose name holds this')
    .option('--pair <name>', "a caller's dialect and a far side's, like anthropic-converse, or all", 'openai-openai')
    .option('--json', 'findings as JSON on standard output')
    .option('--markdown', 'findings as a Markdown table on standard output')
    .option('--storm <requests>', 'instead: that many requests, every fault at random, 200 at once')
    .option('--print-config', 'only print the configuration that a gateway needs')
    .action(async (options: ConductOptions) => {
      const { conduct } = await import('./conduct.ts');
      finish(await conduct(options, version(), output));
    });
  addSim(program, output, finish);
  for (const command of program.commands) command.helpOption('-h, --help', 'print this help').exitOverride();
  return program;
}

function addSim(program: Command, output: Output, finish: (code: number) => void): void {
  program
    .command('sim')
    .description('what would an overload do? the gateway in virtual time, and published limiters to compare with')
    .option('-s, --scenario <names>', 'scenarios, with commas between them, or all (--list shows them)', 'spike')
    .option('--policy <names>', 'spillway, pass-through, static, aimd, gradient2, envoy, or all', 'spillway')
    .option('--seeds <seeds>', 'one seed, a range (1..20) or a list (1,5,9)', '1..5')
    .option('--load <multiple>', 'height of the load; 1 is 0.7 of what the far side can do (default: by scenario)')
    .option('--scale <factor>', 'of the times of the scenario: 0.25 makes a short run', '1')
    .option('--trace <file>', 'replay this trace (Azure CSV or Mooncake JSON lines) instead')
    .option('--speedup <factor>', 'replay it so many times as fast', '1')
    .option('--json', 'one line of JSON per run')
    .option('--quiet', 'only the summary')
    .option('--list', 'only list scenarios and policies')
    .action(async (options: SimOptions) => {
      const { sim } = await import('./sim.ts');
      finish(sim(options, output));
    });
}

/** `error: unknown command 'chekc'\n(Did you mean check?)` on one line, with our name and a way out. */
function oneLine(text: string): string {
  const words = text
    .trim()
    .replace(/^error: /, '')
    .replaceAll(/\s*\n\s*/g, ' ');
  return `spillway: ${words}; see spillway --help\n`;
}

// Run: the commands, their options and help. Each command is loaded when it is asked for, so `--version` loads nothing.
import { Command, CommanderError } from 'commander';
import { readEnvironment } from '../adapters/environment.ts';
import { addCache } from './cache/commands.ts';
import { exitCodes } from './exit-codes.ts';
import { ignoreBrokenPipes, type Output, terminal } from './output.ts';
import type { ConductOptions } from './conduct.ts';
import type { DiagnoseOptions } from './diagnose/diagnose.ts';
import type { LoadOptions } from './load-options.ts';
import type { SimOptions } from './sim-job.ts';
import type { SoakOptions } from './soak/soak.ts';
import type { StormOptions } from './storm/storm.ts';
import type { UpOptions } from './up.ts';
import { version } from './version.ts';
import type { WallCommandOptions } from './wall.ts';
import type { WallEngineOptions } from './wall-engine.ts';

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
    .option('--workers <count>', 'processes behind the port, or auto: one per core (default: 1)')
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
  addCache(program, output, finish);
  addWall(program, output, finish);
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
    .option('--lane', 'with the express lane on in a Spillway of its own')
    .option('--print-config', 'only print the configuration that a gateway needs')
    .action(async (options: ConductOptions) => {
      const { conduct } = await import('./conduct.ts');
      finish(await conduct(options, version(), output));
    });
  addSim(program, output, finish);
  addLoad(program, output, finish);
  addStorm(program, output, finish);
  addSoak(program, output, finish);
  addDiagnose(program, output, finish);
  for (const command of program.commands) command.helpOption('-h, --help', 'print this help').exitOverride();
  return program;
}

function addSim(program: Command, output: Output, finish: (code: number) => void): void {
  program
    .command('sim')
    .description('what would an overload do? the gateway in virtual time, and published limiters to compare with')
    .option(
      '-s, --scenario <names>',
      'scenarios with commas between them, or all; --list shows them (default: "spike")',
    )
    .option('--sweep', 'instead: does all get well again? every trigger at every load with every kind of client')
    .option('--policy <names>', 'spillway, pass-through, static, aimd, gradient2, envoy, or all', 'spillway')
    .option('--seeds <seeds>', 'one seed, a range (1..20) or a list (1,5,9)', '1..5')
    .option('--load <multiple>', 'height of the load; 1 is 0.7 of what the far side can do (default: by scenario)')
    .option('--scale <factor>', 'of the times of the scenario: 0.25 makes a short run', '1')
    .option('--tenants <number>', 'fewer or more tenants than the scenario has')
    .option('--trace <file>', 'replay this trace (Azure CSV or Mooncake JSON lines) instead')
    .option('--speedup <factor>', 'replay it so many times as fast', '1')
    .option('--jobs <threads>', 'run on so many threads (default: one per core); the output is the same')
    .option('--json', 'one line of JSON per run, or per cell of a sweep')
    .option('--quiet', 'only the summary')
    .option('--list', 'only list scenarios and policies')
    .action(async (options: SimOptions) => {
      const { sim } = await import('./sim.ts');
      finish(await sim(options, output));
    });
}

function addWall(program: Command, output: Output, finish: (code: number) => void): void {
  program
    .command('wall')
    .description('start a fake provider that misbehaves on command: the model name picks the fault')
    .option('-p, --port <port>', 'port to listen on', '8401')
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--json', 'print the address and the behaviours as one line of JSON')
    .option('--markdown', 'print docs/wall.md and start nothing')
    .option('--engine', 'instead: a modelled batch engine in real time, which overloads as real ones do')
    .option('--capacity <times>', 'with --engine: 1 is one accelerator, 0.1 a tenth of it', '1')
    .option('--style <name>', 'with --engine: how it keeps people waiting, deepseek or vllm', 'vllm')
    .option('--concurrent <requests>', 'with --engine: in flight above which it refuses (default: by style)')
    .option('--model <name>', 'with --engine: the one model it serves', 'engine')
    .action(async (options: WallCommandOptions & WallEngineOptions & { readonly engine?: boolean }) => {
      if (options.engine === true) {
        const { wallEngine } = await import('./wall-engine.ts');
        return finish(await wallEngine(options, output));
      }
      const { wall } = await import('./wall.ts');
      finish(await wall(options, output));
    });
}

function addLoad(program: Command, output: Output, finish: (code: number) => void): void {
  program
    .command('load')
    .description('put an open load on any OpenAI-compatible endpoint and see what becomes of it')
    .requiredOption('--url <url>', 'base URL, like http://127.0.0.1:4000/v1')
    .requiredOption('--model <name>', 'model to ask for')
    .option('--rate <requests>', 'requests per second')
    .option('--trace <file>', 'instead: replay this trace (Azure CSV or Mooncake JSON lines)')
    .option('--speedup <factor>', 'replay it so many times as fast', '1')
    .option('--duration <seconds>', 'how long to send (default: 60, or the whole trace)')
    .option('--lanes <shares>', 'who asks', 'vip=.05,standard=.7,batch=.25')
    .option('--tenants <count>', 'tenants, the busier ones first', '40')
    .option('--key <key>', 'API key; {tenant} in it stands for the number of the tenant')
    .option('--keys <keys>', 'a key for each lane: vip=…,standard=…,batch=…')
    .option('--slo <seconds>', 'until the first token, by lane (default: vip=1.5,standard=4,batch=10)')
    .option('--patience <times>', 'whoever has no first token after so many times the SLO leaves', '2')
    .option('--retries <count>', 'further tries after a refusal or fault, as SDKs make them', '0')
    .option('--deadline', 'tell Spillway the SLO of each request (x-spillway-deadline-ms)')
    .option('--prompt <tokens>', 'median length of a prompt', '490')
    .option('--answer <tokens>', 'mean length of an answer', '280')
    .option('--burstiness <cv>', 'of the gaps between requests; 1: Poisson', '1')
    .option('--seed <number>', 'the same seed asks the same questions at the same instants', '1')
    .option('--workers <count>', 'threads that send', '1')
    .option('--open <requests>', 'open at once; what exceeds it is not sent, and counted', '9000')
    .option('--json', 'the figures as JSON on standard output')
    .option('--report <file>', 'write a page with plots')
    .action(async (options: LoadOptions) => {
      const { load } = await import('./load-command.ts');
      finish(await load(options, output));
    });
}

function addStorm(program: Command, output: Output, finish: (code: number) => void): void {
  program
    .command('storm')
    .description('see it hold: ten times what an engine can take, first straight at it, then through Spillway')
    .option('--seconds <seconds>', 'how long the storm rages, each time', '40')
    .option('--load <times>', 'height of the storm; 1 is what the base can do', '10')
    .option('--chaos', 'break the far sides meanwhile: slow, dead, 429, flapping')
    .option('--seed <number>', 'the same seed asks the same questions at the same instants', '1')
    .option('--json', 'the figures as JSON on standard output')
    .option('--report <file>', 'where the page with plots goes (default: storm.html; with --json none)')
    .action(async (options: StormOptions) => {
      const { storm } = await import('./storm/storm.ts');
      finish(await storm(options, output));
    });
}

function addSoak(program: Command, output: Output, finish: (code: number) => void): void {
  program
    .command('soak')
    .description('does anything grow? a gateway under load and faults for a long time')
    .option('--minutes <minutes>', 'how long', '20')
    .option('--load <times>', '1 is what the base can do', '0.8')
    .option('--seed <number>', 'the same seed asks the same questions at the same instants', '1')
    .option('--json', 'figures and samples as JSON on standard output')
    .action(async (options: SoakOptions) => {
      const { soak } = await import('./soak/soak.ts');
      finish(await soak(options, output));
    });
}

function addDiagnose(program: Command, output: Output, finish: (code: number) => void): void {
  program
    .command('diagnose')
    .description(
      'why is it busy? looks at a running gateway and its engines, and names causes, evidence and what helps',
    )
    .option('--url <url>', 'where the gateway is', 'http://127.0.0.1:4000')
    .option('--seconds <seconds>', 'between its two looks', '5')
    .option('--json', 'diagnosis and figures as JSON on standard output')
    .action(async (options: DiagnoseOptions) => {
      const { diagnose } = await import('./diagnose/diagnose.ts');
      finish(await diagnose(options, readEnvironment(), output));
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

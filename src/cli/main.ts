// The command line's entry: running this file runs the command. Everything else is in run.ts, so that tests can call it.
import { run } from './run.ts';

process.exitCode = await run(process.argv.slice(2));

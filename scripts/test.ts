// Runs the checks and the tests and ends with `N passed, N failed`, the one line CI reads.
// With paths only the tests below them run; `--test-name-pattern=TEXT` narrows by name.
import { spawnSync } from 'node:child_process';
import { globSync, statSync } from 'node:fs';
import { delimiter, dirname } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { installMissingTools, tools } from './tools.ts';

const root = dirname(import.meta.dirname);
const testTimeoutMs = 120_000;
// A test stuck in a loop cannot be ended by a timer of its own process; this ends the whole run.
const runTimeoutMs = 45 * 60_000;
const testFilesAtOnce = 2;

const checks = [
  { name: 'typecheck', command: ['node_modules/typescript/bin/tsc', '-b'] },
  { name: 'lint', command: ['node_modules/oxlint/bin/oxlint', '--deny-warnings'] },
  { name: 'format', command: ['node_modules/oxfmt/bin/oxfmt', '--check'] },
  { name: 'unused code', command: ['node_modules/knip/bin/knip.js', '--no-config-hints'] },
] as const;

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  process.chdir(root);
  // Children that say `node` must get this one, not the machine's.
  process.env['PATH'] = [dirname(process.execPath), process.env['PATH']].join(delimiter);
  for (const tool of installMissingTools(heading)) heading(`absent: ${tool} (Debian package ${tools[tool]})`);

  const paths = args.filter((arg) => !arg.startsWith('-'));
  const options = args.filter((arg) => arg.startsWith('-'));
  const failedChecks = args.length > 0 ? [] : runChecks();
  const counts = await runTests(testFiles(paths), options);

  for (const name of failedChecks) heading(`failed: ${name}`);
  const passed = counts.passed + (args.length > 0 ? 0 : checks.length - failedChecks.length);
  const failed = counts.failed + failedChecks.length;
  console.log(`${passed} passed, ${failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
}

function runChecks(): string[] {
  const failed: string[] = [];
  for (const check of checks) {
    heading(check.name);
    if (runNode(check.command) !== 0) failed.push(check.name);
  }
  return failed;
}

function testFiles(paths: readonly string[]): string[] {
  const wanted = paths.length > 0 ? paths : ['src', 'test', 'bench', 'clients'];
  return wanted.flatMap((path) => (isFolder(path) ? globSync(`${path}/**/*.test.ts`).toSorted() : [path]));
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function runTests(files: string[], options: readonly string[]): Promise<Counts> {
  heading(`tests (${files.length} files)`);
  const { promise, resolve } = Promise.withResolvers<Counts>();
  if (files.length === 0) resolve({ passed: 0, failed: 1, skipped: 0 });
  else {
    let counts: Counts = { passed: 0, failed: 1, skipped: 0 };
    const events = run({
      files,
      concurrency: testFilesAtOnce,
      timeout: testTimeoutMs,
      execArgv: ['--import', import.meta.resolve('./test-watchdog.ts')],
      signal: AbortSignal.timeout(runTimeoutMs),
      ...namePatterns(options),
    });
    events.on('test:summary', (summary) => {
      // One summary comes per file; the last one, without a file, is for the whole run.
      if (summary.file === undefined) counts = countsOf(summary.counts);
    });
    const report = events.compose(new spec());
    report.once('end', () => resolve(counts));
    report.pipe(process.stdout);
  }
  return promise;
}

function countsOf(counts: { passed: number; cancelled: number; skipped: number; todo: number; tests: number }): Counts {
  const skipped = counts.skipped + counts.todo;
  return { passed: counts.passed, failed: counts.tests - counts.passed - skipped, skipped };
}

function namePatterns(options: readonly string[]): { testNamePatterns?: string[] } {
  const prefix = '--test-name-pattern=';
  const patterns = options.filter((option) => option.startsWith(prefix)).map((option) => option.slice(prefix.length));
  return patterns.length > 0 ? { testNamePatterns: patterns } : {};
}

function runNode(args: readonly string[]): number {
  return spawnSync(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status ?? 1;
}

function heading(text: string): void {
  console.log(`\n== ${text}`);
}

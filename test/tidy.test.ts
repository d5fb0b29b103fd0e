// The rules of the house that the compiler cannot check. Each rule is a test; its failure lists every place.
// Function length, `any`, floating promises and the like are the linter's, which has a real parser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SourceFile } from './source-text.ts';
import {
  codeOnly,
  findInCode,
  findInText,
  importsOf,
  readRepositoryFile,
  repositoryFiles,
  resolveImport,
} from './source-text.ts';

const LINES_MAX = 400;
const FUNCTION_LINES_MAX = 70;
const TEXT_BYTES_MAX = 1_000_000;

const SYSTEM = 'src/adapters/system.ts';
const ENVIRONMENT = 'src/adapters/environment.ts';
const WORLD_LAYERS = new Set(['adapters', 'wall', 'load', 'apps', 'cli', 'console']);

const paths = repositoryFiles();
const typescript = load(paths.filter((path) => /^(src|test|scripts|bench)\/.*\.ts$/.test(path)));
const source = typescript.filter((file) => file.path.startsWith('src/'));
const production = source.filter((file) => !isTest(file.path));
const layers = [...new Set(production.map((file) => layerOf(file.path)))].toSorted();

function load(wanted: readonly string[]): SourceFile[] {
  return wanted.map((path) => ({ path, text: readRepositoryFile(path) }));
}

function isTest(path: string): boolean {
  return path.endsWith('.test.ts');
}

function layerOf(path: string): string {
  return path.split('/')[1] ?? '';
}

function none(found: readonly string[], rule: string): void {
  assert.ok(found.length === 0, `${rule}\n  ${found.join('\n  ')}`);
}

// Words a rule forbids must not stand in this file either, so they are put together here.
function anyOf(...words: string[][]): RegExp {
  return new RegExp(words.map((parts) => parts.join('')).join('|'));
}

test('only the system adapter reads the clock, sets timers or draws random numbers', () => {
  const raw =
    /\bDate\.now\b|\bperformance\.now\b|\bhrtime\b|\bMath\.random\b|\bset(Timeout|Interval|Immediate)\b|\bnew Date\(\s*\)|\brandom(UUID|Bytes|Int)\b/;
  none(findInCode(except(production, SYSTEM), raw), `time and chance are arguments; only ${SYSTEM} may take them`);
  const timed = except(production, SYSTEM).filter((file) =>
    importsOf(file).some((name) => name.startsWith('node:timers')),
  );
  none(names(timed), 'these import node:timers');
});

test('only one file reads the environment', () => {
  none(findInCode(except(production, ENVIRONMENT), /\bprocess\.env\b/), `only ${ENVIRONMENT} reads process.env`);
});

test('nothing is typed any', () => {
  none(findInCode(typescript, /[:<|&]\s*any\b|\bas\s+any\b|,\s*any\s*[>,\]]/), 'use unknown and narrow it');
});

test('nothing is exported as default', () => {
  none(findInCode(typescript, /^\s*export\s+default\b|\bas\s+default\b/), 'one thing has one name everywhere');
});

test('no file only passes on what others export', () => {
  const barrels = production.filter((file) => file.path.endsWith('/index.ts') || isBarrel(file.text));
  none(names(barrels), 'import a thing from where it is made');
});

function isBarrel(text: string): boolean {
  const rest = codeOnly(text)
    .replaceAll(/\b(?:import|export)\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s*from\s*'[^']*'\s*;?/g, '')
    .replaceAll(/\bexport\s+(?:type\s+)?\{[^}]*\}\s*;?/g, '');
  return rest.trim() === '' && /\bexport\b/.test(codeOnly(text));
}

test('no source file is longer than 400 lines', () => {
  const long = typescript.filter((file) => !isTest(file.path) && file.text.split('\n').length - 1 > LINES_MAX);
  none(names(long), `a file is one noun; split what has more than ${LINES_MAX} lines`);
});

test('the linter keeps functions at 70 lines', () => {
  const config: { rules: Record<string, unknown> } = JSON.parse(readRepositoryFile('.oxlintrc.json'));
  const rule = ['error', { max: FUNCTION_LINES_MAX, skipBlankLines: true, skipComments: true }];
  assert.deepEqual(config.rules['max-lines-per-function'], rule);
});

test('the source holds no declaration files and no JavaScript', () => {
  none(
    paths.filter(
      (path) => /^src\/.*(\.d\.ts|\.[cm]?js|\.[jt]sx?\.map)$/.test(path) && !path.startsWith('src/console/'),
    ),
    'the compiler writes to .types, never beside the source',
  );
});

test('every source file is reached from the command line, a bench, a script or a test helper', () => {
  const byPath = new Map(typescript.map((file) => [file.path, file]));
  const queue = [...byPath.keys()].filter(isEntry);
  const reached = new Set(queue);
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const file = byPath.get(path);
    if (file === undefined) continue;
    for (const specifier of importsOf(file)) {
      const target = specifier.startsWith('.') ? resolveImport(path, specifier) : specifier;
      if (reached.has(target) || !byPath.has(target)) continue;
      reached.add(target);
      queue.push(target);
    }
  }
  none(names(production.filter((file) => !reached.has(file.path))), 'nothing uses these files: wire them in or delete');
});

function isEntry(path: string): boolean {
  return path === 'src/cli/main.ts' || !path.startsWith('src/');
}

test('every relative import names its file with its ending', () => {
  const known = new Set(paths);
  const wrong = typescript.flatMap((file) =>
    importsOf(file)
      .filter((specifier) => specifier.startsWith('.') && !known.has(resolveImport(file.path, specifier)))
      .map((specifier) => `${file.path}: ${specifier}`),
  );
  none(wrong, 'no such file');
});

test('every layer imports only the layers its tsconfig references', () => {
  const wrong = production.flatMap((file) => {
    const from = layerOf(file.path);
    const allowed = referencesOf(from);
    return importsOf(file)
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => resolveImport(file.path, specifier))
      .filter((target) => layerOf(target) !== from || !target.startsWith('src/'))
      .filter((target) => !target.startsWith('src/') || !allowed.includes(layerOf(target)))
      .map((target) => `${file.path} → ${target}`);
  });
  none(wrong, 'the import table in ARCHITECTURE.md says who may import whom');
});

test('pure layers import nothing but layers', () => {
  const pure = production.filter((file) => !WORLD_LAYERS.has(layerOf(file.path)));
  const wrong = pure.flatMap((file) =>
    importsOf(file)
      .filter((specifier) => !specifier.startsWith('.'))
      .map((specifier) => `${file.path}: ${specifier}`),
  );
  none(wrong, 'pure code runs in the simulator: no packages, no Node');
});

test('every layer has a tsconfig, and only world layers see the world', () => {
  const wrong = layers.filter((layer) => {
    const config = layerConfig(layer);
    const { types, lib } = config.compilerOptions ?? {};
    const seesWorld = (types ?? []).length > 0 || lib !== undefined;
    return (seesWorld && !WORLD_LAYERS.has(layer)) || !rootReferences().includes(`./src/${layer}`);
  });
  none(wrong, 'these layers are not in the root tsconfig, or are pure and have types or lib set');
});

test('every layer stands in ARCHITECTURE.md with the layers it may import', () => {
  const rows = readRepositoryFile('ARCHITECTURE.md')
    .split('\n')
    .filter((line) => line.startsWith('|'));
  const wrong = layers.filter((layer) => !rows.some((row) => isRowOf(row, layer)));
  const expected = wrong.map((layer) => `| ${layer} | … | ${referencesOf(layer).join(', ') || '–'} | …`);
  none(expected, 'the table of ARCHITECTURE.md needs these rows (cells: layer, what it is, may import)');
});

/** A row names the layer in its first cell and, in another cell, exactly the layers its tsconfig references. */
function isRowOf(row: string, layer: string): boolean {
  const [name, ...cells] = row
    .slice(1)
    .split('|')
    .map((cell) => cell.replaceAll('`', '').trim());
  if (name !== layer) return false;
  const wanted = referencesOf(layer).toSorted().join(' ');
  return cells.some((cell) => (cell === '–' ? '' : cell.split(/,\s*/).toSorted().join(' ')) === wanted && cell !== '');
}

test('every kind of rejection and fault is explained in docs/errors.md', async () => {
  const { rejections } = (await import('../src/kernel/rejection.ts')) satisfies { rejections: object };
  const { faults } = (await import('../src/kernel/fault.ts')) satisfies { faults: object };
  const page = readRepositoryFile('docs/errors.md');
  const missing = [...Object.keys(rejections), ...Object.keys(faults)].filter((kind) => !page.includes(`\`${kind}\``));
  none(missing, 'docs/errors.md does not explain these kinds (write each as `kind`)');
});

test('every policy has a test beside it', () => {
  const policies = production.filter((file) => layerOf(file.path) === 'policy' && hasCode(file.text));
  const untested = policies.filter((file) => !paths.includes(file.path.replace(/\.ts$/, '.test.ts')));
  none(names(untested), 'a decision without a test is a guess');
});

function hasCode(text: string): boolean {
  return /\b(?:function|class|const)\b/.test(codeOnly(text));
}

test('nothing is left for later', () => {
  const words = anyOf(
    [String.raw`\bTO`, String.raw`DO\b`],
    [String.raw`\bFIX`, String.raw`ME\b`],
    [String.raw`\bXX`, String.raw`X\b`],
    [String.raw`\bHA`, String.raw`CK\b`],
    ['[nN]ot ', 'implemented'],
  );
  none(findInText(textFiles(), words), 'do it or open an issue');
});

test('the lockfile holds no download addresses', () => {
  none(findInText(load(['package-lock.json']), /"resolved"/), 'set omit-lockfile-registry-resolved and install again');
});

test('every dependency is pinned to one version', () => {
  const manifest: Record<string, Record<string, string> | undefined> = JSON.parse(readRepositoryFile('package.json'));
  const all = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((field) =>
    Object.entries(manifest[field] ?? {}),
  );
  const loose = all.filter(([, version]) => !/^(npm:(@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version));
  none(
    loose.map(([name, version]) => `${name} ${version}`),
    'write exact versions',
  );
});

test('no tracked file names a package registry or a folder of somebody’s machine', () => {
  const hosts = anyOf(
    ['registry\\.', 'npmjs\\.org'],
    ['registry\\.', 'yarnpkg\\.com'],
    ['deb\\.', 'debian\\.org'],
    ['archive\\.', 'ubuntu\\.com'],
    ['files\\.', 'pythonhosted\\.org'],
  );
  const folders = anyOf(['(^|[^\\w.)}/-])/', 'work/'], ['(^|[^\\w.)}/-])/', 'root/'], ['(^|[^\\w.)}/-])/', 'Users/']);
  none([...findInText(textFiles(), hosts), ...findInText(textFiles(), folders)], 'it must work on any machine');
});

function textFiles(): SourceFile[] {
  return load(paths.filter((path) => path !== 'package-lock.json' && !/(^|\/)golden(?:-pairs)?\//.test(path))).filter(
    (file) => file.text.length < TEXT_BYTES_MAX && !file.text.includes('\0'),
  );
}

function except(files: readonly SourceFile[], path: string): SourceFile[] {
  return files.filter((file) => file.path !== path);
}

function names(files: readonly SourceFile[]): string[] {
  return files.map((file) => file.path);
}

interface TypescriptConfig {
  readonly compilerOptions?: { readonly types?: string[]; readonly lib?: string[] };
  readonly references?: readonly { readonly path: string }[];
}

function layerConfig(layer: string): TypescriptConfig {
  const config: TypescriptConfig = JSON.parse(readRepositoryFile(`src/${layer}/tsconfig.json`));
  return config;
}

function referencesOf(layer: string): string[] {
  return (layerConfig(layer).references ?? []).map((reference) => reference.path.replace('../', ''));
}

function rootReferences(): string[] {
  const config: TypescriptConfig = JSON.parse(readRepositoryFile('tsconfig.json'));
  return (config.references ?? []).map((reference) => reference.path);
}

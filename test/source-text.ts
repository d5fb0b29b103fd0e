// The repository as text, for the rules of the house: files, their code without comments and strings, their imports.
// Text only: the compiler checks types, this checks manners, and it must stay fast enough to run with every test.
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

export const root = dirname(import.meta.dirname);

export interface SourceFile {
  /** Path from the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** Files that git tracks or would track, as git lists them. */
export function repositoryFiles(): string[] {
  const listing = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return listing.split('\0').filter((path) => path !== '' && isFile(path));
}

// A file deleted but not yet committed is still listed.
function isFile(path: string): boolean {
  return statSync(join(root, path), { throwIfNoEntry: false })?.isFile() ?? false;
}

export function readRepositoryFile(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/**
 * The code with comments and the insides of strings blanked, line breaks kept, so that line numbers stay true.
 * Template strings are blanked whole, their `${…}` parts included.
 */
export function codeOnly(text: string): string {
  return text.replace(LEXEME, (lexeme: string, before: string | undefined) => {
    if (before !== undefined) return before + blank(lexeme.slice(before.length));
    const quote = lexeme[0] ?? '';
    return quote === '/' ? blank(lexeme) : quote + blank(lexeme.slice(1, -1)) + quote;
  });
}

// A comment, a string, a template, or a regular expression (which can hold quotes) after a token that cannot end a value.
const LEXEME = new RegExp(
  [
    String.raw`\/\/[^\n]*`,
    String.raw`\/\*[\s\S]*?\*\/`,
    String.raw`'(?:[^'\\\n]|\\.)*'`,
    String.raw`"(?:[^"\\\n]|\\.)*"`,
    String.raw`${'`'}(?:[^${'`'}\\]|\\[\s\S])*${'`'}`,
    String.raw`([=(,:[!&|?{};]\s*|\breturn\s+)\/(?![*\/])(?:[^\/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*`,
  ].join('|'),
  'g',
);

function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, ' ');
}

/** Module names a file imports: static, type-only, re-exports, dynamic, and worker files named by URL. */
export function importsOf(file: SourceFile): string[] {
  const withoutComments = file.text.replaceAll(/^\s*(?:\/\/|\*|\/\*).*$/gm, '');
  const forms = [
    /\b(?:import|export)\s(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]/g,
    /\bimport\(\s*['"]([^'"]+)['"]/g,
    /\bnew URL\(\s*['"](\.[^'"]+)['"]\s*,\s*import\.meta\.url/g,
  ];
  return forms.flatMap((form) => [...withoutComments.matchAll(form)].map((match) => match[1] ?? ''));
}

/** Path from the root of what a relative import names. */
export function resolveImport(from: string, specifier: string): string {
  return posix.normalize(posix.join(posix.dirname(from), specifier));
}

/** `path:line: text` of each place where the pattern matches the code (not comments or strings). */
export function findInCode(files: readonly SourceFile[], pattern: RegExp): string[] {
  return files.flatMap((file) => findLines(file.path, codeOnly(file.text), pattern, file.text));
}

/** The same in the whole text, comments and strings included. */
export function findInText(files: readonly SourceFile[], pattern: RegExp): string[] {
  return files.flatMap((file) => findLines(file.path, file.text, pattern, file.text));
}

function findLines(path: string, searched: string, pattern: RegExp, shown: string): string[] {
  const shownLines = shown.split('\n');
  return searched.split('\n').flatMap((line, index) => {
    return pattern.test(line) ? [`${path}:${index + 1}: ${(shownLines[index] ?? '').trim().slice(0, 100)}`] : [];
  });
}

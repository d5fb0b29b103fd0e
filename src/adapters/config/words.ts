// Words: what zod found, said the way a person would say it, with the nearest right name. Never shows a value except the
// ones written in the file for settings with a fixed choice.
import type { z } from 'zod';
import { isObject } from '../../kernel/json.ts';
import { hint, nearest } from './nearest.ts';
import { type Path, pathText } from './problems.ts';
import { allNames, placesOf, settingsAt, shapeAt } from './shape.ts';

export interface Complaint {
  readonly path: Path;
  readonly part: 'name' | 'value';
  readonly message: string;
  /** What to take out so that the rest can be checked. */
  readonly prune: Path;
  /** The setting that was probably meant: it is not missing, only misspelt. */
  readonly meant: Path;
}

/** `written` is the file before secrets were put in. */
export function complaintsOf(issues: readonly z.core.$ZodIssue[], written: (path: Path) => unknown): Complaint[] {
  return issues.flatMap((issue) => complain(issue, issue.path as Path, written));
}

function complain(issue: z.core.$ZodIssue, path: Path, written: (path: Path) => unknown): Complaint[] {
  const value = written(path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((name) => {
      const place = [...path, name];
      const near = nearest(name, settingsAt(path));
      const meant = near === null ? place : [...path, near];
      return { path: place, part: 'name', message: unknownSetting(name, path), prune: place, meant };
    });
  }
  if (issue.code === 'invalid_union') {
    // The branch that fits the kind of value; its complaints are the ones that help.
    const branch = issue.errors.find(
      (errors) => !errors.some((error) => error.path.length === 0 && isKindError(error)),
    );
    if (branch !== undefined) {
      return branch.flatMap((inner) => complain(inner, [...path, ...(inner.path as Path)], written));
    }
  }
  return [{ path, part: 'value', message: invalidValue(issue, path, value), prune: path, meant: path }];
}

function isKindError(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'invalid_type';
}

function unknownSetting(name: string, parent: Path): string {
  const shown = showable(name);
  const known = settingsAt(parent);
  const near = nearest(name, known);
  if (near !== null) return `unknown setting ${shown} — did you mean \`${near}\`?`;
  const elsewhere = placesOf(name);
  const here = parent.length === 0 ? '' : ` in \`${pathText(parent)}\``;
  if (elsewhere.length > 0) return `${shown} has no effect${here} — it belongs in ${elsewhere.join(' or ')}`;
  const ours = nearest(name, allNames());
  if (ours !== null)
    return `unknown setting ${shown}${here} — did you mean \`${ours}\` in ${placesOf(ours).join(' or ')}?`;
  return `unknown setting ${shown}${here}${hint(name, known, 12)}`;
}

/** A misplaced secret can stand where a name belongs. */
function showable(name: string): string {
  return /^[A-Za-z_$][\w-]{0,39}$/.test(name) && !/^(sk|pk|key)-/i.test(name) ? `\`${name}\`` : '(not shown)';
}

function invalidValue(issue: z.core.$ZodIssue, path: Path, value: unknown): string {
  const name = `\`${pathText(path)}\``;
  if (value === null) return `${name} has no value: give it one, or remove it`;
  if (issue.code === 'invalid_type') {
    // Zod says "number" of a text where a whole number belongs; the schema knows better.
    return wrongKind(shapeAt(path)?.['type'] === 'integer' ? 'int' : issue.expected, name, value);
  }
  if (issue.code === 'invalid_value') return notAChoice(issue.values.map(String), path, name, value);
  if (issue.code === 'too_small') return tooSmall(issue, path, name, value);
  if (issue.code === 'too_big') {
    return `${name} ${issue.origin === 'array' ? 'can have' : 'must be'} at most ${issue.maximum}`;
  }
  if (issue.code === 'invalid_union') return `${name} must be a text or a group of settings, not ${kindOf(value)}`;
  return `${name} is not valid`;
}

function notAChoice(choices: readonly string[], path: Path, name: string, value: unknown): string {
  if (typeof value !== 'string') return `${name} must be one of ${choices.join(', ')}`;
  const setting = String(path.at(-1));
  return `unknown ${setting} \`${value}\`${hint(value, choices)}${setting === 'provider' ? otherProvider : ''}`;
}

const otherProvider = '; any other OpenAI-style API is `openai-compatible` with a `baseUrl`';

function tooSmall(issue: z.core.$ZodIssueTooSmall, path: Path, name: string, value: unknown): string {
  if (issue.origin === 'string') return `${name} is empty: give it a value, or remove it`;
  if (issue.origin === 'array') return `${name} is an empty list: add an entry, or remove it`;
  if (value !== 0) return `${name} must be at least ${issue.minimum}`;
  // Zero and unset are different things: a zero is never quietly read as "the default" or "no limit".
  const { default: byDefault } = shapeAt(path) ?? {};
  const instead = typeof byDefault === 'number' ? `the default, ${byDefault}` : 'no limit';
  return `${name} cannot be 0 (at least ${issue.minimum}): leave it out for ${instead}`;
}

const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of settings',
  record: 'a group of settings',
};

function wrongKind(expected: string, name: string, value: unknown): string {
  const wanted = kinds[expected] ?? expected;
  if (expected === 'string' && (typeof value === 'number' || typeof value === 'boolean')) {
    return `${name} must be a text: put it in quotes`;
  }
  if (
    (expected === 'int' || expected === 'number') &&
    typeof value === 'string' &&
    /^\d+(\.\d+)?\s*(ms|s|m|h)$/.test(value)
  ) {
    return `${name} must be a whole number, without unit${/Ms(Max)?$/.test(name.slice(0, -1)) ? ': milliseconds' : ''}`;
  }
  return `${name} must be ${wanted}, not ${kindOf(value)}`;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (isObject(value)) return 'a group of settings';
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : 'a fraction';
  return typeof value === 'string' ? 'a text' : 'true or false';
}

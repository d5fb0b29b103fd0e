// Checks of JSON values, for saying precisely what is wrong with a request. A check answers null or a problem whose path is
// relative to the value; paths are only built when something is wrong. Null counts as absent, as in OpenAI's API.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';

export interface Problem {
  /** Below the value checked: `[2].type`; empty: the value itself. */
  readonly path: string;
  /** What it must be: `must be a string`. */
  readonly must: string;
}

export type Check = (value: JsonValue) => Problem | null;

export const problem = (must: string, path = ''): Problem => ({ path, must });

export const text: Check = (value) => (typeof value === 'string' ? null : problem('must be a string'));
export const bool: Check = (value) => (typeof value === 'boolean' ? null : problem('must be true or false'));
export const object: Check = (value) => (isObject(value) ? null : problem('must be an object'));

export const number =
  (min: number, max: number): Check =>
  (value) =>
    typeof value === 'number' && value >= min && value <= max
      ? null
      : problem(`must be a number between ${min} and ${max}`);

export const integer =
  (min: number, max: number): Check =>
  (value) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return null;
    return problem(
      max === Infinity ? `must be an integer of at least ${min}` : `must be an integer between ${min} and ${max}`,
    );
  };

export const anyInteger: Check = (value) =>
  typeof value === 'number' && Number.isInteger(value) ? null : problem('must be an integer');

export const oneOf =
  (...allowed: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && allowed.includes(value) ? null : problem(`must be one of ${allowed.join(', ')}`);

/** A list whose items pass; the first bad item is named. */
export const list =
  (item: Check, min = 0): Check =>
  (value) => {
    if (!Array.isArray(value)) return problem('must be an array');
    if (value.length < min) return problem('must not be empty');
    for (const [index, entry] of value.entries()) {
      const found = item(entry);
      if (found !== null) return { ...found, path: `[${index}]${found.path}` };
    }
    return null;
  };

/** Either form; `must` names both, unless one form had the right type and is wrong further in. */
export const either =
  (first: Check, second: Check, must: string): Check =>
  (value) => {
    const one = first(value);
    if (one === null) return null;
    const two = second(value);
    if (two === null) return null;
    if (two.path !== '') return two;
    return one.path === '' ? problem(must) : one;
  };

/** An object with these fields, if they are there; `required` ones must be. Other fields are not looked at. */
export const fields =
  (checks: Readonly<Record<string, Check>>, required: readonly string[] = []): Check =>
  (value) => {
    if (!isObject(value)) return problem('must be an object');
    return firstProblem(value, checks, required);
  };

export function firstProblem(
  value: JsonObject,
  checks: Readonly<Record<string, Check>>,
  required: readonly string[] = [],
): Problem | null {
  for (const name of required) {
    if (value[name] === undefined || value[name] === null) return { path: `.${name}`, must: 'is required' };
  }
  for (const [name, entry] of Object.entries(value)) {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (check === undefined || entry === undefined || entry === null) continue;
    const found = check(entry);
    if (found !== null) return { ...found, path: `.${name}${found.path}` };
  }
  return null;
}

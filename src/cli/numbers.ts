// Numbers: options of the command line that are numbers, with their bounds told when they are not kept.
import { fail, ok, type Result } from '../kernel/result.ts';

const PORT_MAX = 65_535;

export function numberIn(option: string, text: string, min: number, max: number): Result<number, string> {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= min && value <= max) return ok(value);
  return fail(`${option} must be a number from ${min} to ${max}, not ${text}`);
}

type Asked = readonly [option: string, text: string, min: number, max: number];

/** Several at once; the first that does not keep its bounds is told. */
export function numbersIn<Name extends string>(
  asked: Readonly<Record<Name, Asked>>,
): Result<Record<Name, number>, string> {
  const numbers = {} as Record<Name, number>;
  for (const name of Object.keys(asked) as Name[]) {
    const value = numberIn(...(asked[name] as Asked));
    if (!value.ok) return value;
    numbers[name] = value.value;
  }
  return ok(numbers);
}

export function portIn(option: string, text: string): Result<number, string> {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= PORT_MAX) return ok(port);
  return fail(`${option} must be a whole number from 0 to ${PORT_MAX}, not ${text}`);
}

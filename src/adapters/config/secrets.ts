// Secrets: `${NAME}`, `$NAME`, `env.NAME` and `os.environ/NAME` in the file become the value of that variable.
// A message names the variable and the place, never the value.
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import type { Path } from './problems.ts';

export interface Expansion {
  readonly path: Path;
  /** The whole text was one reference, so it may stand for a number or a boolean. */
  readonly whole: boolean;
  /** What it became: never shown. */
  readonly text: string;
}

export interface Expanded {
  readonly value: JsonObject;
  /** Texts that held references; their values must not be shown. */
  readonly expansions: readonly Expansion[];
  readonly problems: readonly { readonly path: Path; readonly message: string }[];
}

type Lookup = (name: string) => string | undefined;

const WHOLE = /^(?:\$([A-Za-z_]\w*)|env\.([A-Za-z_]\w*)|os\.environ\/([A-Za-z_]\w*))$/;
const INSIDE = /\$\$|\$\{([^}]*)(\}?)/g;
const NAME = /^([A-Za-z_]\w*)(?::-(.*))?$/s;

/** Expands every text of the document. `$$` is a plain `$`; `${NAME:-text}` has a fallback. */
export function expandSecrets(document: JsonObject, lookup: Lookup): Expanded {
  const expansions: Expansion[] = [];
  const problems: { path: Path; message: string }[] = [];
  const visit = (value: JsonValue | undefined, path: Path): JsonValue => {
    if (typeof value === 'string') {
      const text = expandText(value, lookup, (message) => problems.push({ path, message }));
      if (text !== value) expansions.push({ path, whole: isWhole(value), text });
      return text;
    }
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, index]));
    if (typeof value !== 'object' || value === null) return value ?? null;
    const copy = Object.create(null) as JsonObject;
    for (const [name, inner] of Object.entries(value)) copy[name] = visit(inner, [...path, name]);
    return copy;
  };
  const value = visit(document, []) as JsonObject;
  return { value, expansions, problems };
}

function isWhole(text: string): boolean {
  return WHOLE.test(text) || /^\$\{[^}]*\}$/.test(text);
}

function expandText(text: string, lookup: Lookup, refuse: (message: string) => void): string {
  const whole = WHOLE.exec(text);
  const name = whole?.[1] ?? whole?.[2] ?? whole?.[3];
  if (name !== undefined) return valueOf(name, undefined, lookup, refuse);
  return text.replaceAll(INSIDE, (found: string, inside: string | undefined, closing: string | undefined) => {
    if (found === '$$') return '$';
    const parts = closing === '}' ? NAME.exec(inside ?? '') : null;
    if (parts?.[1] !== undefined) return valueOf(parts[1], parts[2], lookup, refuse);
    refuse('`${` begins the name of an environment variable, like `${NAME}`; for a plain `$` write `$$`');
    return found;
  });
}

function valueOf(
  name: string,
  fallback: string | undefined,
  lookup: Lookup,
  refuse: (message: string) => void,
): string {
  const value = lookup(name);
  // A blank variable is a forgotten one; sent as a key it would only fail later and less clearly.
  if (value !== undefined && value.trim() !== '') return value;
  if (fallback !== undefined) return fallback;
  refuse(`the environment variable ${name} is ${value === undefined ? 'not set' : 'empty'}`);
  // Anything that is a valid text: the problem above refuses the file anyway.
  return `unset-${name}`;
}

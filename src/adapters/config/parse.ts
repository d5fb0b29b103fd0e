// Parse: the text of a configuration file → Config, or every problem in it as `file:line:column: message`.
// The steps: document (syntax, positions) → secrets → shape (zod) → sections (what settings mean to each other).
// A part with a wrong shape is taken out and the rest is still checked, so that one reading finds everything.
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import { isObject } from '../../kernel/json.ts';
import { fail, ok, type Result } from '../../kernel/result.ts';
import type { Config } from '../../ports/config.ts';
import type { Environment } from '../environment.ts';
import { stateDirOf } from './state-dir.ts';
import type { Automatic } from './automatic.ts';
import { defaultServer } from './defaults.ts';
import { type ConfigDocument, readDocument } from './document.ts';
import { type Path, problemLines, Problems } from './problems.ts';
import type { ProviderFacts, Reading } from './reading.ts';
import { type FileConfig, fileSchema } from './schema.ts';
import { type Expanded, type Expansion, expandSecrets } from './secrets.ts';
import { readSections } from './sections.ts';
import { settingsAt, shapeAt } from './shape.ts';
import { complaintsOf } from './words.ts';

export interface ParseOptions {
  /** As shown in messages and in Config.source. */
  readonly file: string;
  readonly environment: Environment;
  readonly providers: ProviderFacts;
  /** Upstreams and models of the environment, for a file that lists no upstreams. */
  readonly automatic: (port: number) => Result<Automatic, readonly string[]>;
  resolvePath(path: string): string;
  whyUnreadable(path: string): string | null;
}

export interface ParsedConfig {
  readonly config: Config;
  /** `file:line:column` of a setting, for what is found out later. */
  placeOf(path: Path): string;
}

export function parseConfig(text: string, options: ParseOptions): Result<ParsedConfig, readonly string[]> {
  const document = readDocument(text);
  if (!document.ok) return fail(problemLines(options.file, document.error));
  const written = withoutAnchors(document.value.value);
  const problems = new Problems(document.value);
  const expanded = expandSecrets(written, (name) => options.environment.lookup(name));
  for (const { path, message } of expanded.problems) problems.addPruned(path, { path, message, part: 'value' });
  const file = shaped(written, expanded, problems);
  const reading: Reading = {
    problems,
    providers: options.providers,
    stateDir: stateDirOf(options.environment),
    redisUrl: options.environment.known.REDIS_URL,
    upstreamNames: isObject(written['upstreams']) ? Object.keys(written['upstreams']) : [],
    resolvePath: (path) => options.resolvePath(path),
    whyUnreadable: (path) => options.whyUnreadable(path),
  };
  const automatic =
    file.upstreams === undefined && written['upstreams'] === undefined
      ? options.automatic(file.port ?? defaultServer.port)
      : null;
  const config = readSections(file, options.file, automatic?.ok === true ? automatic.value : null, reading);
  const lines = [...problems.lines(options.file), ...(automatic?.ok === false ? automatic.error : [])];
  if (lines.length > 0) return fail(lines.map((line) => redact(line, expanded.expansions)));
  return ok({ config, placeOf: (path) => placeText(options.file, document.value, path) });
}

function placeText(file: string, document: ConfigDocument, path: Path): string {
  const { line, column } = document.valueAt(path);
  return `${file}:${line}:${column}`;
}

/** Top-level names that begin with `x-` are the user's: a place for YAML anchors. */
function withoutAnchors(value: JsonObject): JsonObject {
  const kept = Object.create(null) as JsonObject;
  for (const [name, inner] of Object.entries(value)) if (!name.startsWith('x-')) kept[name] = inner;
  return kept;
}

const PASSES_MAX = 20;

/** The file in its right shape; what has not is reported and left out. */
function shaped(written: JsonObject, expanded: Expanded, problems: Problems): FileConfig {
  const value = withKinds(expanded);
  const writtenAt = (path: Path): unknown => valueAt(written, path);
  // Each pass takes out what the last one found; a union may show its troubles one after the other.
  for (let pass = 0; pass < PASSES_MAX; pass++) {
    const result = fileSchema.safeParse(value);
    if (result.success) return result.data;
    const complaints = complaintsOf(result.error.issues, writtenAt);
    for (const complaint of complaints) {
      problems.addPruned(complaint.meant, complaint);
      takeOut(value, complaint.prune);
    }
  }
  return {};
}

/** A reference that is a whole value may stand for a number or a boolean: `port: ${PORT}`. */
function withKinds({ value, expansions }: Expanded): JsonObject {
  for (const { path, whole, text } of expansions) {
    const kind = whole ? shapeAt(path)?.['type'] : undefined;
    const parent = valueAt(value, path.slice(0, -1));
    const name = path.at(-1);
    if (!isObject(parent) || name === undefined) continue;
    if ((kind === 'integer' || kind === 'number') && Number.isFinite(Number(text))) parent[name] = Number(text);
    if (kind === 'boolean' && (text === 'true' || text === 'false')) parent[name] = text === 'true';
  }
  return value;
}

/** Takes out what is wrong, without renumbering a list: a wrong entry becomes an empty one, or its whole list goes. */
function takeOut(value: JsonObject, path: Path): void {
  const parent = valueAt(value, path.slice(0, -1));
  const name = path.at(-1);
  if (isObject(parent) && name !== undefined) delete parent[name];
  else if (Array.isArray(parent) && typeof name === 'number' && settingsAt(path).length > 0) parent[name] = {};
  else if (path.length > 0) takeOut(value, path.slice(0, -1));
}

function valueAt(value: JsonObject, path: Path): JsonValue | undefined {
  let here: JsonValue | undefined = value;
  for (const step of path) {
    if (Array.isArray(here)) here = typeof step === 'number' ? here[step] : undefined;
    else here = isObject(here) && Object.hasOwn(here, step) ? here[step] : undefined;
  }
  return here;
}

/** Shorter ones are no secrets, but words that messages need (`true`, `openai`). */
const SECRET_LENGTH_MIN = 8;

/** The last guard: whatever a message quotes, it does not quote what came from the environment. */
function redact(line: string, expansions: readonly Expansion[]): string {
  let safe = line;
  for (const { text } of expansions) if (text.length >= SECRET_LENGTH_MIN) safe = safe.replaceAll(text, '(not shown)');
  return safe;
}

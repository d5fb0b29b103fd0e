// Document: the configuration file as plain data that remembers where each part stands. YAML and JSON alike (JSON is YAML).
// Own wording for syntax errors: the library's messages may quote the text, and the text may be a secret.
// Never trusts the file: size, depth, and what aliases grow into are bounded.
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import { isObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';
import { fail, ok, type Result } from '../../kernel/result.ts';
import type { Path, Position, Problem } from './problems.ts';

export interface ConfigDocument {
  readonly value: JsonObject;
  /** Where a setting's name stands; of a missing one, its nearest parent. */
  nameAt(path: Path): Position;
  valueAt(path: Path): Position;
}

const BYTES_MAX = 1_048_576;
const DEPTH_MAX = 64;
const PARTS_MAX = 100_000;
const SYNTAX_PROBLEMS_MAX = 5;
const FIRST: Position = { line: 1, column: 1 };

export function readDocument(text: string): Result<ConfigDocument, readonly Problem[]> {
  if (text.length > BYTES_MAX) return refuse(FIRST, 'the file is larger than 1 MiB');
  if (text.includes('\0')) return refuse(FIRST, 'this is no text file');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false, logLevel: 'error' });
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  if (document.errors.length > 0) return fail(syntaxProblems(document, text, at));
  if (document.contents === null) return refuse(FIRST, 'the file is empty');
  const walk = new Walk(document, at);
  try {
    const value = walk.value(document.contents, [], 0);
    if (value === null) return refuse(FIRST, 'the file is empty');
    if (!isObject(value)) return refuse(FIRST, 'the file must hold settings, like `port: 4000`');
    return ok({ value, nameAt: (path) => walk.find(path, 'name'), valueAt: (path) => walk.find(path, 'value') });
  } catch (error) {
    if (error instanceof Refused) return refuse(error.position, error.message);
    throw error;
  }
}

const refuse = ({ line, column }: Position, message: string): Result<never, readonly Problem[]> =>
  fail([{ line, column, message }]);

const syntaxWords: Partial<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab cannot indent: use spaces',
  DUPLICATE_KEY: 'this setting was given before',
  MULTIPLE_DOCS: 'the file holds more than one document (`---`)',
  BAD_DQ_ESCAPE: 'no such escape in a "quoted" text: double the backslash, or use single quotes',
  BAD_SCALAR_START: 'this character cannot begin a plain text: put the text in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'two `name: value` on one line: break the line, or put a text with `: ` in quotes',
  BAD_INDENT: 'the indentation does not fit, or a bracket is never closed',
  BAD_ALIAS: 'a `*` begins an alias here: put a name with `*` in quotes',
  RESOURCE_EXHAUSTION: 'nested too deeply',
};

function syntaxProblems(document: Document, text: string, at: (offset: number) => Position): Problem[] {
  const lines = new Set<number>();
  const problems: Problem[] = [];
  for (const error of document.errors) {
    const position = at(error.pos[0]);
    if (lines.has(position.line) || problems.length >= SYNTAX_PROBLEMS_MAX) continue;
    lines.add(position.line);
    problems.push({ ...position, message: syntaxMessage(error.code, error.message, text, error.pos[0]) });
    if (error.code === 'RESOURCE_EXHAUSTION') break;
  }
  return problems;
}

function syntaxMessage(code: string, message: string, text: string, offset: number): string {
  const words = syntaxWords[code];
  if (words !== undefined) return words;
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1).split('\n', 1)[0] ?? '';
  if (/[{[,].*\$\{/.test(line)) return 'inside `{ }` or `[ ]` write "${NAME}" in quotes';
  if (/^\s*(?:-\s+)?\*/.test(line)) return 'put a name with `*` in quotes';
  if (code === 'MISSING_CHAR' && message.startsWith('Missing closing')) return 'a quote is never closed';
  if (code === 'MISSING_CHAR') return 'a `name: value` is expected here';
  return 'this is not valid YAML: look at the indentation, quotes and brackets here and above';
}

class Refused extends Error {
  readonly position: Position;

  constructor(position: Position, message: string) {
    super(message);
    this.position = position;
  }
}

interface Place {
  readonly name: Position;
  readonly value: Position;
}

/** Turns nodes into data and notes where each part stands. What came through an alias stands where the alias stands. */
class Walk {
  readonly #document: Document;
  readonly #at: (offset: number) => Position;
  readonly #places = new Map<string, Place>();
  #parts = 0;

  constructor(document: Document, at: (offset: number) => Position) {
    this.#document = document;
    this.#at = at;
  }

  find(path: Path, part: keyof Place): Position {
    for (let length = path.length; length > 0; length--) {
      const place = this.#places.get(JSON.stringify(path.slice(0, length)));
      if (place !== undefined) return length === path.length ? place[part] : place.name;
    }
    return FIRST;
  }

  value(node: Node | null, path: Path, depth: number): JsonValue {
    const position = this.#positionOf(node);
    if (++this.#parts > PARTS_MAX) throw new Refused(position, 'aliases make this file too large');
    if (depth > DEPTH_MAX) throw new Refused(position, 'nested too deeply');
    if (node === null) return null;
    if (isAlias(node)) return this.value(this.#resolve(node), path, depth + 1);
    if (isMap(node)) return this.#object(node, path, depth);
    if (isSeq(node)) {
      return node.items.map((item, index) => {
        const place = this.#positionOf(item as Node);
        this.#places.set(JSON.stringify([...path, index]), { name: place, value: place });
        return this.value(item as Node, [...path, index], depth + 1);
      });
    }
    return scalarValue(node);
  }

  #object(map: YAMLMap, path: Path, depth: number): JsonObject {
    // Without a prototype, so that no name a user writes can mean something else.
    const object: JsonObject = Object.create(null) as JsonObject;
    const merged: Node[] = [];
    for (const { key, value } of map.items) {
      const name = scalarName(key);
      if (name === null) throw new Refused(this.#positionOf(key as Node), 'a name must be a plain text');
      if (name === '__proto__') throw new Refused(this.#positionOf(key as Node), '`__proto__` cannot be a name');
      if (name === '<<') {
        merged.push(value as Node);
        continue;
      }
      const inner = [...path, name];
      const nameAt = this.#positionOf(key as Node);
      const hasPlace = value !== null && (value as Node).range?.[0] !== undefined;
      this.#places.set(JSON.stringify(inner), {
        name: nameAt,
        value: hasPlace ? this.#positionOf(value as Node) : nameAt,
      });
      object[name] = this.value(value as Node | null, inner, depth + 1);
    }
    for (const node of merged) this.#merge(object, node, path, depth);
    return object;
  }

  /** `<<`: what is not said here comes from there; earlier sources win. */
  #merge(object: JsonObject, node: Node, path: Path, depth: number): void {
    const source = isAlias(node) ? this.#resolve(node) : node;
    if (isSeq(source)) {
      for (const item of source.items) this.#merge(object, item as Node, path, depth + 1);
      return;
    }
    if (!isMap(source)) throw new Refused(this.#positionOf(node), '`<<` needs a map, or an alias of one');
    const before = new Map(this.#places);
    const extra = this.value(source, path, depth + 1) as JsonObject;
    // Names given here keep their own places.
    for (const [place, where] of before) this.#places.set(place, where);
    for (const [name, value] of Object.entries(extra)) if (!(name in object)) object[name] = value;
  }

  #resolve(alias: Node & { source?: string }): Node {
    const target = isAlias(alias) ? alias.resolve(this.#document) : undefined;
    if (target !== undefined) return target;
    throw new Refused(
      this.#positionOf(alias),
      'no `&` anchor of this name stands above (a name with `*` needs quotes)',
    );
  }

  #positionOf(node: Node | null): Position {
    return this.#at(node?.range?.[0] ?? 0);
  }
}

function scalarName(key: unknown): string | null {
  if (!isScalar(key)) return null;
  if (typeof key.value === 'symbol') return '<<';
  const { value } = key;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}

function scalarValue(node: Node): JsonValue {
  const value: unknown = isScalar(node) ? node.value : null;
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

// State file: what was learned, in one JSON file that outlives the process. Written aside and renamed, so that a crash leaves
// the old one whole; at most once a minute, and at the end. Nothing here is worth an outage: what cannot be read or written
// is told once and done without. Two processes must not share a directory: the last to write would win.
import { existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import type { Timer, Timers } from '../ports/clock.ts';
import type { StateStore } from '../ports/state.ts';

const WRITE_EVERY_MS = 60_000;
const BYTES_MAX = 16 * 1024 * 1024;
const VERSION = 1;

export interface StateFileOptions {
  readonly directory: string;
  readonly timers: Timers;
  /** Something is wrong with the file, in words for an operator; told once for each thing. */
  onTrouble(why: string): void;
}

export class StateFile implements StateStore {
  readonly path: string;
  readonly #options: StateFileOptions;
  readonly #values: JsonObject;
  readonly #told = new Set<string>();
  #timer: Timer | null = null;
  #isDirty = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: StateFileOptions) {
    this.#options = options;
    this.path = join(options.directory, 'state.json');
    this.#values = this.#read();
  }

  load(name: string): JsonValue | null {
    return (Object.hasOwn(this.#values, name) ? this.#values[name] : null) ?? null;
  }

  save(name: string, value: JsonValue): void {
    this.#values[name] = value;
    this.#isDirty = true;
    this.#timer ??= this.#options.timers.after(WRITE_EVERY_MS, () => {
      this.#timer = null;
      this.#writing = this.#writing.then(() => this.#write());
    });
  }

  /** Writes what is not written yet. */
  close(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    return (this.#writing = this.#writing.then(() => this.#write()));
  }

  #read(): JsonObject {
    try {
      if (!existsSync(this.path)) return {};
      if (statSync(this.path).size > BYTES_MAX) return this.#setAside('it is larger than 16 MiB');
      const file = parse(readFileSync(this.path, 'utf8'));
      if (!isObject(file) || file['version'] !== VERSION || !isObject(file['values'])) {
        return this.#setAside('it does not hold what Spillway writes');
      }
      return { ...file['values'] };
    } catch (error) {
      this.#tell(`${this.path} cannot be read: ${wordsOf(error)}`);
      return {};
    }
  }

  /** Kept for a person to look at; the next one takes its place. */
  #setAside(why: string): JsonObject {
    renameSync(this.path, `${this.path}.bad`);
    this.#tell(`${this.path} was set aside as state.json.bad: ${why}; what it held is learned anew`);
    return {};
  }

  async #write(): Promise<void> {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    const text = `${JSON.stringify({ version: VERSION, values: this.#values })}\n`;
    if (text.length > BYTES_MAX) return this.#tell(`${this.path} is not written: it would be larger than 16 MiB`);
    const aside = `${this.path}.new`;
    try {
      await mkdir(this.#options.directory, { recursive: true, mode: 0o700 });
      await writeFile(aside, text, { mode: 0o600 });
      await rename(aside, this.path);
    } catch (error) {
      this.#tell(`${this.path} cannot be written: ${wordsOf(error)}`);
    }
  }

  #tell(why: string): void {
    if (this.#told.has(why)) return;
    this.#told.add(why);
    this.#options.onTrouble(why);
  }
}

function parse(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return null;
  }
}

const wordsOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);

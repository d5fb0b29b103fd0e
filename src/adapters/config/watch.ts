// Watch: notices that the configuration file changed, whichever way it was changed: edited in place, replaced by a rename
// (editors), reached through a swapped symlink (Kubernetes' `..data`), deleted and brought back. Compares content, so what
// did not change does nothing. Never throws and never decides what to do with a configuration: it reports.
//
// Two ways to notice: fs.watch on the folder (fast, but misses changes behind symlinks and does not exist on every file
// system) and a slow poll of the file's identity (never misses for long).
import { createHash } from 'node:crypto';
import { type FSWatcher, readFileSync, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Result } from '../../kernel/result.ts';
import type { Timer, Timers } from '../../ports/clock.ts';
import type { Config } from '../../ports/config.ts';

export interface ConfigWatchOptions {
  readonly file: string;
  readonly timers: Timers;
  /** Reads the file again, whole; an error holds one line per problem. */
  loadConfig(): Result<Config, readonly string[]>;
  onConfig(config: Config): void;
  /** The file is bad or gone; whatever runs keeps running. */
  onRefused(problems: readonly string[]): void;
}

export const POLL_MS = 2_000;
/** Editors and Kubernetes change files in several steps; a check between two of them would see half a file. */
export const SETTLE_MS = 100;
const ABSENT = 'absent';

export class ConfigWatch {
  readonly #options: ConfigWatchOptions;
  /** Digest of the content last reported on. */
  #content: string;
  /** Cheap signs of a change: which file it is, how long, how old. */
  #identity: string;
  #watcher: FSWatcher | null = null;
  #poll: Timer | null = null;
  #settle: Timer | null = null;
  #stopped = false;

  /** What the file holds now counts as known. */
  constructor(options: ConfigWatchOptions) {
    this.#options = options;
    this.#identity = identityOf(options.file);
    this.#content = contentOf(options.file);
  }

  start(): void {
    this.#watchFolder();
    this.#schedulePoll();
  }

  stop(): void {
    this.#stopped = true;
    this.#poll?.cancel();
    this.#settle?.cancel();
    this.#watcher?.close();
    this.#watcher = null;
  }

  /** Looks at once. `always` loads the file even when it did not change: what SIGHUP asks for. */
  check(always = false): void {
    if (this.#stopped) return;
    this.#identity = identityOf(this.#options.file);
    const content = contentOf(this.#options.file);
    if (content === this.#content && !always) return;
    // Noted before it is loaded: a change in between is seen as one more change, never missed.
    this.#content = content;
    this.#report();
  }

  #report(): void {
    let result: Result<Config, readonly string[]>;
    try {
      result = this.#options.loadConfig();
    } catch (error) {
      result = {
        ok: false,
        error: [`${this.#options.file}: ${error instanceof Error ? error.message : 'cannot be read'}`],
      };
    }
    if (result.ok) this.#options.onConfig(result.value);
    else this.#options.onRefused(result.error);
  }

  #watchFolder(): void {
    const name = basename(this.#options.file);
    try {
      this.#watcher = watch(dirname(this.#options.file), { persistent: false }, (_event, changed) => {
        // Names that begin with `..` are how Kubernetes swaps a volume; null is "something changed".
        if (changed === null || changed === name || changed.startsWith('..')) this.#soon();
      });
      this.#watcher.on('error', () => this.#loseWatcher());
    } catch {
      this.#watcher = null;
    }
  }

  /** The folder went away, or the system has no watches left: the poll goes on, and tries to watch again. */
  #loseWatcher(): void {
    this.#watcher?.close();
    this.#watcher = null;
  }

  #soon(): void {
    this.#settle?.cancel();
    if (this.#stopped) return;
    this.#settle = this.#options.timers.after(SETTLE_MS, () => {
      this.#settle = null;
      this.check();
    });
  }

  #schedulePoll(): void {
    if (this.#stopped) return;
    this.#poll = this.#options.timers.after(POLL_MS, () => {
      const identity = identityOf(this.#options.file);
      if (identity !== this.#identity) {
        this.#identity = identity;
        this.#soon();
      }
      if (this.#watcher === null) this.#watchFolder();
      this.#schedulePoll();
    });
  }
}

function identityOf(file: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(':');
  } catch {
    return ABSENT;
  }
}

function contentOf(file: string): string {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch {
    return ABSENT;
  }
}

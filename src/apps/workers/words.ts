// Words: what the primary and its workers say to each other. Plain data that JSON carries.
import type { Config } from '../../ports/config.ts';
import type { PageAnswer } from '../../ports/page.ts';
import type { BurstCircumstances } from '../../policy/burst.ts';
import type { LimitLevels, LimitRefusal } from '../../policy/key-limits.ts';

/** Of a configuration. */
export interface Refusal {
  readonly source: string;
  readonly problems: readonly string[];
}

export interface WorkerTask {
  readonly members: number;
  /** Its ports are the ones to be taken: none is 0. */
  readonly config: Config;
  /** Counted from 1, by all workers alike. */
  readonly configVersion: number;
  /** Why a later one was not accepted; null: there is none. */
  readonly refused: Refusal | null;
  readonly version: string;
  /** False: the system cannot deal connections out; the primary does. */
  readonly reusePort: boolean;
  /** It tells people what all of them would tell. */
  readonly announces: boolean;
}

/** Pages that only all workers together can answer. */
export type PageName = 'metrics' | 'admin';

/** A request for a page, as far as pages look at it. */
export interface PageOrder {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
}

/** Primary to worker. */
export type Order =
  | { readonly kind: 'begin'; readonly task: WorkerTask }
  | { readonly kind: 'config'; readonly config: Config }
  | ({ readonly kind: 'refused' } & Refusal)
  | { readonly kind: 'stop'; readonly why: string }
  /** Are you there? */
  | { readonly kind: 'ping' }
  /** What became of `reserve`; null: it may. */
  | {
      readonly kind: 'verdict';
      readonly id: number;
      readonly refusal: LimitRefusal | null;
      readonly levels: LimitLevels | null;
    }
  | {
      readonly kind: 'share';
      readonly name: string;
      readonly serial: number;
      readonly share: number;
      /** Of so many. */
      readonly whole: number;
    }
  | { readonly kind: 'drawn'; readonly name: string; readonly amount: number; readonly waitMs: number }
  /** Your part of a page, please. */
  | { readonly kind: 'part'; readonly id: number; readonly page: PageName; readonly order: PageOrder }
  /** The whole page you asked for. */
  | { readonly kind: 'page'; readonly id: number; readonly answer: PageAnswer };

/** Worker to primary: of its own life. */
export type LifeReport =
  | { readonly kind: 'hello' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'pong' }
  | { readonly kind: 'failed'; readonly message: string; readonly code: string | null; readonly port: number | null }
  | { readonly kind: 'announce'; readonly line: string }
  | { readonly kind: 'reload' };

/** Worker to primary: of what all workers have together. */
export type SharedReport =
  | {
      readonly kind: 'reserve';
      readonly id: number;
      readonly key: string;
      readonly tokens: number;
      readonly circumstances: BurstCircumstances;
    }
  /** `tokens` null: nothing was sent. */
  | { readonly kind: 'settle'; readonly id: number; readonly tokens: number | null }
  | {
      readonly kind: 'slots';
      readonly name: string;
      readonly whole: number;
      readonly serial: number;
      readonly held: number;
      readonly wanted: number;
    }
  | { readonly kind: 'draw'; readonly name: string; readonly perMinute: number; readonly need: number }
  /** Below zero: more was spent than was drawn. */
  | { readonly kind: 'giveBack'; readonly name: string; readonly amount: number }
  | { readonly kind: 'ask'; readonly id: number; readonly page: PageName; readonly order: PageOrder }
  | { readonly kind: 'part'; readonly id: number; readonly answer: PageAnswer };

export type Report = LifeReport | SharedReport;

/** How each side speaks. */
export type Say<Word> = (word: Word) => void;

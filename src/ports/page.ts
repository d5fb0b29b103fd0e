// Page: something served whole that is no exchange with a model (metrics, admin). The door checks who asks; a page answers.
import type { HeaderRecord } from '../kernel/headers.ts';

export interface PageRequest {
  readonly method: string;
  readonly path: string;
  /** Query without `?`. */
  readonly query: string;
  readonly headers: HeaderRecord;
  readonly body: Uint8Array;
}

export interface PageAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface Page {
  /** Calls `done` exactly once, at once or later. */
  serve(request: PageRequest, done: (answer: PageAnswer) => void): void;
}

// Lookup: a small GET to an upstream (its models, its health, the account's balance), gathered whole, within a deadline.
import type { HeaderList } from '../kernel/headers.ts';
import { limits } from '../kernel/limits.ts';
import { concatBytes } from '../kernel/web.ts';
import type { Kit } from './kit.ts';
import type { Upstream } from './snapshot.ts';

export interface LookupReading {
  readonly accept: string;
  readonly bytesMax: number;
  /** Of what is longer the beginning is enough; else it is trouble. */
  readonly cuts: boolean;
}

const whole: LookupReading = { accept: 'application/json', bytesMax: limits.eventBytesMax, cuts: false };

export interface LookupAnswer {
  /** Null: no answer at all. */
  readonly status: number | null;
  readonly body: Uint8Array;
  /** What went wrong on the wire; null when an answer came. */
  readonly trouble: string | null;
}

/** Calls `done` exactly once. The returned function gives up quietly. */
export function lookup(
  kit: Kit,
  upstream: Upstream,
  path: string,
  timeoutMs: number,
  done: (answer: LookupAnswer) => void,
  { accept, bytesMax, cuts }: LookupReading = whole,
): () => void {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  let status: number | null = null;
  let open = true;
  const finish = (trouble: string | null): void => {
    if (!open) return;
    open = false;
    timer.cancel();
    done({ status: trouble === null ? status : null, body: concatBytes(parts), trouble });
  };
  const authorization: HeaderList = upstream.authorizations[0] ?? [];
  const call = kit.transport(upstream.provider.name).send(
    {
      route: upstream.route,
      method: 'GET',
      path,
      headers: ['accept', accept, ...upstream.headers, ...authorization, ...(upstream.provider.lookupHeaders ?? [])],
      body: null,
      auth: upstream.auth,
    },
    {
      onHead: (code) => (status = code),
      onBytes: (chunk) => {
        const room = bytesMax - bytes;
        bytes += chunk.length;
        parts.push(chunk.subarray(0, room));
        if (bytes <= bytesMax) return;
        call.cancel();
        finish(cuts ? null : 'the answer is too large');
      },
      onEnd: () => finish(null),
      onTrouble: (trouble) => finish(trouble.message),
    },
  );
  const timer = kit.timers.after(timeoutMs, () => {
    call.cancel();
    finish(`no answer within ${timeoutMs} ms`);
  });
  return () => {
    open = false;
    timer.cancel();
    call.cancel();
  };
}

// Upstreams: the far sides of one simulation by name. Every send of every front goes through here and is witnessed, so that
// what reaches the far sides is counted outside the code under test.
import { BatchEngine } from '../engine/batch-engine.ts';
import type { FarSide, Job, JobCall, JobSink } from '../engine/far-side.ts';
import { assert } from '../kernel/result.ts';
import type { EventTime } from './event-time.ts';
import type { Ask, SendRecord, Witness } from './front.ts';

/** One way over the network. */
const NETWORK_MS = 1;

export class Upstreams {
  readonly #sides: ReadonlyMap<string, FarSide>;
  readonly #witnesses: readonly Witness[];
  readonly #time: EventTime;

  constructor(sides: ReadonlyMap<string, FarSide>, witnesses: readonly Witness[], time: EventTime) {
    this.#sides = sides;
    this.#witnesses = witnesses;
    this.#time = time;
  }

  get names(): readonly string[] {
    return [...this.#sides.keys()];
  }

  /** What an engine tells of itself at `/metrics`; null: it is none. */
  metricsOf(upstream: string): string | null {
    const side = this.#sides.get(upstream);
    if (!(side instanceof BatchEngine)) return null;
    const lines = [
      ['num_requests_waiting', side.waiting],
      ['num_requests_running', side.running],
      ['kv_cache_usage_perc', side.kvTokens / side.constants.kvTokensMax],
    ];
    return lines.map(([name, value]) => `vllm:${name} ${value}\n`).join('');
  }

  /** `tokensSaid`: tokens of the answer that the far side goes on after; 0 makes it begin anew. */
  send(upstream: string, ask: Ask, tokensSaid: number, sink: JobSink): JobCall {
    const side = this.#sides.get(upstream);
    assert(side !== undefined, `there is an upstream ${upstream}`);
    const { promptTokens, outputTokens } = ask.wish;
    const record: SendRecord = {
      ask,
      upstream,
      sentAt: this.#time.now(),
      tokensReadBefore: ask.tokensRead,
      resumes: tokensSaid > 0,
      refusedWith: null,
      began: false,
      broke: false,
    };
    ask.sends++;
    for (const witness of this.#witnesses) witness.onSend?.(record);
    let open = true;
    const close = (): void => {
      if (!open) return;
      open = false;
      for (const witness of this.#witnesses) witness.onSendEnded?.(record);
    };
    const job: Job = {
      promptTokens: promptTokens + tokensSaid,
      outputTokens: Math.max(1, outputTokens - tokensSaid),
    };
    let call: JobCall | null = null;
    const travel = this.#time.after(NETWORK_MS, () => (call = side.submit(job, closing(sink, record, close))));
    return {
      cancel: () => {
        close();
        travel.cancel();
        call?.cancel();
      },
    };
  }
}

/** The sink, told after the send has been closed. */
function closing(sink: JobSink, record: SendRecord, close: () => void): JobSink {
  return {
    onKeepAlive: () => sink.onKeepAlive(),
    onFirstToken: () => {
      record.began = true;
      sink.onFirstToken();
    },
    onTokens: (count) => sink.onTokens(count),
    onRefused: (refusal) => {
      record.refusedWith = refusal.status;
      close();
      sink.onRefused(refusal);
    },
    onDone: () => {
      close();
      sink.onDone();
    },
    onBroken: () => {
      record.broke = true;
      close();
      sink.onBroken();
    },
  };
}

// Constants of the modelled far sides, all in one place, so that fitting the model to a real engine is a change to this file
// alone. Source of the batch engine's numbers: the overload study this project starts from (its §1.3: one engine on one
// accelerator, uncalibrated). They must never be tuned to make a policy look good.

/** A continuous-batching engine (vLLM, SGLang, TGI): what one iteration costs and what fits into memory. */
export interface BatchConstants {
  /** Tokens that the key-value memory holds. */
  readonly kvTokensMax: number;
  /** Sequences in one batch. */
  readonly slotsMax: number;
  /** Prompt tokens read per iteration, over all sequences (chunked prefill). */
  readonly prefillChunkTokens: number;
  /** An iteration takes base + decoding·perDecode + prompt tokens·perPrefill + memory in use·perKvToken. */
  readonly iterationBaseMs: number;
  readonly perDecodeMs: number;
  readonly perPrefillTokenMs: number;
  readonly perKvTokenMs: number;
  /** Share of the memory kept free when a sequence is let in, so that the running ones can grow (vLLM's watermark). */
  readonly watermark: number;
}

export const batchEngine: BatchConstants = {
  kvTokensMax: 150_000,
  slotsMax: 256,
  prefillChunkTokens: 2_048,
  iterationBaseMs: 15,
  perDecodeMs: 0.1,
  perPrefillTokenMs: 0.03,
  perKvTokenMs: 0.000_05,
  watermark: 0.01,
};

/** A model's context does not shrink with the machine: the smallest engine still holds one long conversation. */
const KV_TOKENS_MIN = 16_384;

/**
 * An engine with `capacity` times the throughput: so many times the memory, slots and prompt tokens per iteration, each at a
 * proportionally smaller cost, so that a full batch takes as long as before and one request alone about as long.
 */
export function scaled(constants: BatchConstants, capacity: number): BatchConstants {
  const times = (count: number): number => Math.max(1, Math.round(count * capacity));
  return {
    ...constants,
    kvTokensMax: Math.max(KV_TOKENS_MIN, times(constants.kvTokensMax)),
    slotsMax: times(constants.slotsMax),
    prefillChunkTokens: times(constants.prefillChunkTokens),
    perDecodeMs: constants.perDecodeMs / capacity,
    perPrefillTokenMs: constants.perPrefillTokenMs / capacity,
    perKvTokenMs: constants.perKvTokenMs / capacity,
  };
}

/** A hosted API: the answer's pace does not depend on the load; refusals and queueing do. */
export interface RemotePace {
  readonly firstTokenBaseMs: number;
  readonly perPromptTokenMs: number;
  readonly perAnswerTokenMs: number;
  /** Between keep-alives to a request that waits (DeepSeek). */
  readonly keepAliveMs: number;
}

export const remotePace: RemotePace = {
  firstTokenBaseMs: 250,
  perPromptTokenMs: 0.05,
  perAnswerTokenMs: 20,
  keepAliveMs: 1_000,
};

/** Token events are told in lots: the first at once, then when so many have gathered, or so much time has passed. */
export const eventTokensMax = 16;
export const eventGapMsMax = 1_000;

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

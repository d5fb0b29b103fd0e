// DeepSeek's models: which ids mean what, and what their accounts and windows allow. Source: api-docs.deepseek.com,
// quick_start/pricing, newest copy of 2026-11. Ids that are not here are newer than this page: nothing is assumed of them.

export const FLASH = 'deepseek-flash';
export const PRO = 'deepseek-v4-pro';

export interface KnownModel {
  /** What is sent. Older v4 ids are still accepted by DeepSeek, and served by flash. */
  readonly id: string;
  readonly family: 'flash' | 'pro';
  /** Retired ids stood for a mode; null: thinks unless told otherwise, the default since V4. */
  readonly thinking: 'enabled' | 'disabled' | null;
}

const flash = (id: string, thinking: KnownModel['thinking'] = null): KnownModel => ({ id, family: 'flash', thinking });

const known: ReadonlyMap<string, KnownModel> = new Map([
  [FLASH, flash(FLASH)],
  ['deepseek-v4-flash', flash('deepseek-v4-flash')],
  ['deepseek-v4-flash-vision-exp', flash('deepseek-v4-flash-vision-exp')],
  // Scheduled for retirement on 2026-07-24 15:59 UTC (several third parties), and still sent by clients.
  ['deepseek-chat', flash(FLASH, 'disabled')],
  ['deepseek-reasoner', flash(FLASH, 'enabled')],
  [PRO, { id: PRO, family: 'pro', thinking: null }],
]);

export const knownModel = (model: string): KnownModel | null => known.get(model) ?? null;

/** Both take a million tokens and answer with up to 384 thousand. */
export const CONTEXT_TOKENS = 1_000_000;
export const OUTPUT_TOKENS = 384_000;

/** Requests in flight per account, not per key; one counts from send to completion, and over the limit is 429. */
export const concurrency: Readonly<Record<KnownModel['family'], number>> = { flash: 2_500, pro: 500 };

// DeepSeek's list prices, in millionths of a US dollar per million tokens, and when which of them holds.
// Source: api-docs.deepseek.com/quick_start/pricing, newest copy of 2026-11. Since 2026-08-16 16:00 UTC the peak costs
// double: Monday to Friday, 09:00–12:00 and 14:00–18:00 in Beijing (UTC+8, no daylight saving). Chinese public holidays are
// off-peak; they are announced year by year and not known here, so on those days costs are told up to twice too high.
import type { WallMs } from '../kernel/brands.ts';
import type { KnownModel } from './deepseek-models.ts';
import type { Price } from './provider.ts';

interface Tariff {
  readonly offPeak: Price;
  readonly peak: Price;
}

const tariffs: Readonly<Record<KnownModel['family'], Tariff>> = {
  flash: {
    offPeak: { inputMicroUsd: 150_000, cachedInputMicroUsd: 3_000, outputMicroUsd: 600_000 },
    peak: { inputMicroUsd: 300_000, cachedInputMicroUsd: 6_000, outputMicroUsd: 1_200_000 },
  },
  pro: {
    offPeak: { inputMicroUsd: 660_000, cachedInputMicroUsd: 22_000, outputMicroUsd: 1_980_000 },
    peak: { inputMicroUsd: 1_320_000, cachedInputMicroUsd: 44_000, outputMicroUsd: 3_960_000 },
  },
};

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const BEIJING_AHEAD_MS = 8 * HOUR_MS;
/** 1970-01-01 was a Thursday; 0 is Sunday. */
const EPOCH_WEEKDAY = 4;

export function isPeak(at: WallMs): boolean {
  const beijing = at + BEIJING_AHEAD_MS;
  const weekday = (Math.floor(beijing / DAY_MS) + EPOCH_WEEKDAY) % 7;
  const hour = Math.floor(beijing / HOUR_MS) % 24;
  const isWorkday = weekday >= 1 && weekday <= 5;
  return isWorkday && ((hour >= 9 && hour < 12) || (hour >= 14 && hour < 18));
}

export function deepseekPrice(family: KnownModel['family'], at: WallMs): Price {
  return tariffs[family][isPeak(at) ? 'peak' : 'offPeak'];
}

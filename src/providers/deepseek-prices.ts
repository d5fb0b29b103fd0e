// DeepSeek's list prices, in millionths of a US dollar per million tokens, and when which of them holds.
// Source: api-docs.deepseek.com/quick_start/pricing as of 2026-11. Peak is Monday to Friday, 09:00–12:00 and 14:00–18:00 in
// Beijing (UTC+8, no daylight saving), and costs twice as much. Chinese public holidays count as off-peak; they move every
// year and are not known here, so on those days costs are told up to twice too high.
import type { WallMs } from '../kernel/brands.ts';
import type { Price } from './provider.ts';

const offPeak: Readonly<Record<string, Price>> = {
  'deepseek-flash': { inputMicroUsd: 150_000, cachedInputMicroUsd: 3_000, outputMicroUsd: 600_000 },
  'deepseek-v4-pro': { inputMicroUsd: 660_000, cachedInputMicroUsd: 22_000, outputMicroUsd: 1_980_000 },
};
const PEAK_FACTOR = 2;
const HOUR_MS = 3_600_000;
const BEIJING_OFFSET_MS = 8 * HOUR_MS;

export function isPeak(at: WallMs): boolean {
  const beijing = at + BEIJING_OFFSET_MS;
  // Day 0 of the epoch was a Thursday.
  const weekday = (Math.floor(beijing / (24 * HOUR_MS)) + 4) % 7;
  const hour = Math.floor(beijing / HOUR_MS) % 24;
  return weekday >= 1 && weekday <= 5 && ((hour >= 9 && hour < 12) || (hour >= 14 && hour < 18));
}

export function deepseekPrice(model: string, at: WallMs): Price | null {
  const price = offPeak[model];
  if (price === undefined) return null;
  const factor = isPeak(at) ? PEAK_FACTOR : 1;
  return {
    inputMicroUsd: price.inputMicroUsd * factor,
    cachedInputMicroUsd: price.cachedInputMicroUsd * factor,
    outputMicroUsd: price.outputMicroUsd * factor,
  };
}

// Schema parts: the kinds of settings that a configuration file has, each with its words for editors and its bounds.
import { z } from 'zod';

// Timers overflow above 2^31 ms; a day is more than anybody waits for an answer.
export const MS_MAX = 86_400_000;
const PORT_MAX = 65_535;

export const text = (description: string) => z.string().min(1).meta({ description }).optional();
export const flag = (description: string, byDefault?: boolean) =>
  z
    .boolean()
    .meta(byDefault === undefined ? { description } : { description, default: byDefault })
    .optional();
export const whole = (description: string, range: { min: number; max: number }, byDefault?: number) =>
  z
    .int()
    .min(range.min)
    .max(range.max)
    .meta(byDefault === undefined ? { description } : { description, default: byDefault })
    .optional();
export const count = (description: string, byDefault?: number) => whole(description, { min: 1, max: 1e12 }, byDefault);
export const ms = (description: string, byDefault: number, min = 1) =>
  whole(description, { min, max: MS_MAX }, byDefault);
export const percent = (description: string, byDefault: number, min: number) =>
  whole(description, { min, max: 100 }, byDefault);
export const names = (description: string) => z.array(z.string().min(1)).min(1).meta({ description }).optional();
export const port = (description: string, byDefault?: number) =>
  whole(description, { min: 0, max: PORT_MAX }, byDefault);

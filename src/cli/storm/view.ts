// View: a storm while it rages: one bar over both runs, and what each has come to so far. Pure: figures in, lines out; always
// the same number of lines, so that they can be drawn over each other.
import type { Summary } from '../../load/summary.ts';
import { clockTime, milliseconds, percent, whole } from '../../load/words.ts';
import type { Trouble } from './chaos.ts';
import type { Setting, Timeline } from './setting.ts';
import type { Ink } from './table.ts';

export interface Look {
  readonly setting: Setting;
  readonly troubles: readonly Trouble[];
  readonly elapsedMs: number;
  readonly expectedMs: number;
  readonly through: boolean;
  readonly direct: Summary | null;
  readonly spillway: Summary | null;
}

const BAR_WIDTH = 48;

export function viewLines(look: Look, ink: Ink): string[] {
  const { setting, elapsedMs, expectedMs } = look;
  const share = Math.min(1, elapsedMs / expectedMs);
  const filled = Math.round(share * BAR_WIDTH);
  return [
    '',
    ink.bold(`  Storm: ${setting.load} times what the base can do`),
    '',
    `  ${ink.good('█'.repeat(filled))}${ink.faint('░'.repeat(BAR_WIDTH - filled))} ${clockTime(elapsedMs)} of ${clockTime(expectedMs)}`,
    `  ${ink.faint(phaseWords(look))}`,
    '',
    ink.faint('                        asked  answered    in SLO  first token p50       p99'),
    lineOf('direct', look.direct, ink, !look.through),
    lineOf('through Spillway', look.spillway, ink, look.through),
    '',
  ];
}

/** One line, for logs and pipes. */
export function plainLine(look: Look): string {
  const { through, direct, spillway, elapsedMs } = look;
  const summary = through ? spillway : direct;
  const words = [clockTime(elapsedMs), through ? 'through Spillway' : 'direct', phaseWords(look)];
  if (summary === null) return words.join('  ');
  const { all, open } = summary;
  return [
    ...words,
    `asked ${all.offered}`,
    `answered ${all.answered}`,
    `in SLO ${all.inSlo}`,
    `lost ${all.shed + all.limited + all.failed + all.left}`,
    `open ${open}`,
  ].join('  ');
}

function phaseWords({ setting, troubles, through, direct, spillway }: Look): string {
  const summary = through ? spillway : direct;
  if (summary === null) return 'starting';
  const atMs = summary.elapsedMs;
  const trouble = troubles.find(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs);
  return trouble?.words ?? calmOrStorm(atMs, setting.timeline);
}

function calmOrStorm(atMs: number, { stormFromMs, stormToMs, endMs }: Timeline): string {
  if (atMs < stormFromMs) return 'calm before the storm';
  if (atMs < stormToMs) return 'storm';
  return atMs < endMs ? 'calm after the storm' : 'the last answers';
}

function lineOf(name: string, summary: Summary | null, ink: Ink, active: boolean): string {
  const start = `  ${name.padEnd(18)}`;
  if (summary === null) return ink.faint(`${start}${'–'.padStart(9)}`);
  const { all, isOver } = summary;
  const ended = all.answered + all.shed + all.limited + all.failed + all.left + all.unsent;
  const line = [
    start,
    whole(all.offered).padStart(9),
    percent(ended === 0 ? null : all.answered / ended).padStart(10),
    percent(ended === 0 ? null : all.inSlo / ended).padStart(10),
    milliseconds(all.feltMs.p50).padStart(17),
    milliseconds(all.feltMs.p99).padStart(10),
  ].join('');
  return active && !isOver ? ink.bold(line) : line;
}

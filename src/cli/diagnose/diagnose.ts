// `spillway diagnose`: why is it busy? Looks twice at a running gateway and the engines behind it, some seconds apart, and says
// what the figures speak for, with the evidence and what helps. It only reads.
import type { Environment } from '../../adapters/environment.ts';
import { systemTimers } from '../../adapters/system.ts';
import { diagnose as diagnoseFigures, type Diagnosis } from '../../policy/diagnosis/diagnose.ts';
import type { Figures } from '../../policy/diagnosis/figures.ts';
import { causes } from '../../policy/diagnosis/finding.ts';
import { awake } from '../awake.ts';
import { exitCodes } from '../exit-codes.ts';
import { numberIn } from '../numbers.ts';
import { type Output, refuse } from '../output.ts';
import { figuresOf } from './figures-of.ts';
import { type Look, lookAt } from './look.ts';

export interface DiagnoseOptions {
  readonly url: string;
  readonly seconds: string;
  readonly json?: boolean;
}

const SECONDS_MAX = 300;

export async function diagnose(options: DiagnoseOptions, environment: Environment, output: Output): Promise<number> {
  const seconds = numberIn('--seconds', options.seconds, 0.5, SECONDS_MAX);
  if (!seconds.ok) return refuse(seconds.error, output);
  if (!URL.canParse(options.url)) return refuse(`--url must be like http://127.0.0.1:4000, not ${options.url}`, output);
  const gateway = options.url.replace(/\/(?:v1\/?)?$/, '');
  const looked = { gateway, adminKey: environment.lookup('SPILLWAY_ADMIN_KEY')?.trim() || null };
  const before = await lookAt(looked);
  if (before === null) return unreachable(gateway, output);
  if (options.json !== true) output.err(`spillway: watching ${gateway} for ${seconds.value} s`);
  await awake(() => new Promise<void>((resolve) => systemTimers.after(seconds.value * 1_000, resolve)));
  const now = await lookAt(looked);
  if (now === null) return unreachable(gateway, output);
  const figures = figuresOf(before, now);
  const diagnosis = diagnoseFigures(figures);
  if (options.json === true) output.out(JSON.stringify({ gateway, ...diagnosis, figures }));
  else for (const line of asWords(diagnosis, figures, now)) output.out(line);
  return exitCodes.done;
}

function unreachable(gateway: string, output: Output): number {
  output.err(`spillway: no Spillway answers at ${gateway}/metrics: say where it is with --url`);
  return exitCodes.failed;
}

function asWords({ strained, findings }: Diagnosis, figures: Figures, { exchanges }: Look): string[] {
  const { ended, answered, seconds, waitingNow, inFlight } = figures;
  const state = `${ended} requests ended in ${Math.round(seconds)} s, ${answered} of them answered; ${inFlight} under way, ${waitingNow} of them waiting for room.`;
  const blind =
    exchanges === null
      ? ['The admin pages were not shown (SPILLWAY_ADMIN_KEY), so bursts, callers and retries stay unseen.', '']
      : [];
  if (findings.length === 0) {
    return [
      ...blind,
      strained
        ? 'Some wait or are refused, but no figure says why: watch longer (--seconds 30).'
        : 'Nothing is busy that would be seen from here.',
      state,
    ];
  }
  return [
    ...blind,
    ...findings.flatMap(({ cause, about, evidence, measure }, at) => [
      `${at + 1}. ${causes[cause]}${about === null ? '' : ` (${about})`}`,
      ...evidence.map((line) => `     ${line}`),
      `   → ${measure}`,
      '',
    ]),
    state,
  ];
}

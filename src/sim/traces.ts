// Traces: recorded traffic to replay instead of a drawn workload. Two public formats are read: Azure's CSV
// (`TIMESTAMP,ContextTokens,GeneratedTokens`) and Mooncake's JSON lines (`timestamp`, `input_length`, `output_length`).
// Traces name no tenants and no lanes: those are drawn from the mix.
import { isObject, type JsonValue } from '../kernel/json.ts';
import { fail, ok, type Result } from '../kernel/result.ts';
import type { Mix, Wish } from './workload.ts';
import { Workload } from './workload.ts';

export interface TraceRow {
  readonly atMs: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
}

const AZURE_HEADER = 'TIMESTAMP,ContextTokens,GeneratedTokens';

/** Rows by time, the first at 0. The error says which line is wrong. */
export function readTrace(text: string): Result<readonly TraceRow[], string> {
  const lines = text.split(/\r?\n/).filter((line) => line !== '');
  const first = lines[0];
  if (first === undefined) return fail('the trace is empty');
  const isCsv = first === AZURE_HEADER;
  if (!isCsv && !first.startsWith('{')) {
    return fail(`line 1 is neither \`${AZURE_HEADER}\` nor a JSON object`);
  }
  const rows: TraceRow[] = [];
  for (const [at, line] of lines.entries()) {
    if (isCsv && at === 0) continue;
    const row = isCsv ? azureRow(line) : mooncakeRow(line);
    if (row === null) return fail(`line ${at + 1} cannot be read`);
    rows.push(row);
  }
  if (rows.length === 0) return fail('the trace holds no requests');
  rows.sort((a, b) => a.atMs - b.atMs);
  const start = rows[0]?.atMs ?? 0;
  return ok(rows.map((row) => ({ ...row, atMs: row.atMs - start })));
}

/** `2023-11-16 18:17:03.9799600,4808,10`: seven digits of a second, in UTC. */
function azureRow(line: string): TraceRow | null {
  const [time, prompt, output] = line.split(',');
  const match = /^(\d+)-(\d+)-(\d+) (\d+):(\d+):(\d+(?:\.\d+)?)$/.exec(time ?? '');
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  const atMs =
    Date.UTC(year ?? 0, (month ?? 1) - 1, day ?? 1, hour ?? 0, minute ?? 0) + Math.round((second ?? 0) * 1000);
  return cleanRow(atMs, Number(prompt), Number(output));
}

function mooncakeRow(line: string): TraceRow | null {
  let parsed: JsonValue;
  try {
    parsed = JSON.parse(line) as JsonValue;
  } catch {
    return null;
  }
  if (!isObject(parsed)) return null;
  return cleanRow(Number(parsed['timestamp']), Number(parsed['input_length']), Number(parsed['output_length']));
}

function cleanRow(atMs: number, promptTokens: number, outputTokens: number): TraceRow | null {
  if (!Number.isFinite(atMs) || !(promptTokens >= 0) || !(outputTokens >= 0)) return null;
  return { atMs, promptTokens: Math.max(1, promptTokens), outputTokens: Math.max(1, outputTokens) };
}

/** Wishes of a trace replayed `speedup` times as fast; tenants and lanes from `mix`. */
export function replay(rows: readonly TraceRow[], mix: Mix, seed: number, speedup: number): Wish[] {
  const drawn = new Workload(mix, seed, () => 1);
  return rows.map(({ atMs, promptTokens, outputTokens }) => ({
    ...drawn.draw(atMs / speedup),
    promptTokens,
    outputTokens,
  }));
}

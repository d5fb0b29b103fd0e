// Headers as the pure zone sees them: inbound as a record with lower-case names (repeated headers joined by ", "),
// outbound as a flat list [name, value, name, value, …], the cheapest form to build and to write.

export type HeaderRecord = Readonly<Record<string, string | undefined>>;
export type HeaderList = string[];

const MILLISECONDS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** Go durations as OpenAI writes them: `6m0s`, `120ms`, `1.5s`. Null when it is none. */
export function parseGoDurationMs(text: string): number | null {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text)) return null;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    total += Number(amount) * MILLISECONDS[unit as keyof typeof MILLISECONDS];
  }
  return total;
}

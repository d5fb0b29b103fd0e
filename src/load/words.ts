// Words: figures as people read them, the same in the terminal and in the report.

export function milliseconds(value: number | null): string {
  if (value === null) return '–';
  if (value < 10) return `${value.toFixed(1)} ms`;
  if (value < 1_000) return `${Math.round(value)} ms`;
  return value < 100_000 ? `${(value / 1_000).toFixed(2)} s` : `${Math.round(value / 1_000)} s`;
}

export function percent(share: number | null): string {
  if (share === null) return '–';
  const hundreds = share * 100;
  // 99.97 must not become 100.
  const digits = hundreds === 100 || hundreds === 0 ? 0 : hundreds > 99 ? 2 : 1;
  return `${(Math.floor(hundreds * 10 ** digits) / 10 ** digits).toFixed(digits)} %`;
}

export function whole(count: number): string {
  return String(Math.round(count)).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

export function perSecond(count: number, ms: number): string {
  const rate = ms <= 0 ? 0 : (count * 1_000) / ms;
  return `${rate < 100 ? rate.toFixed(1) : whole(rate)}/s`;
}

export function clockTime(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}

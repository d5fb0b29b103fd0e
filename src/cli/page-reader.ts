// Page reader: asks a page of a gateway or an engine, with a deadline. What cannot be had is null: whoever watches goes on
// without it.

const PAGE_MS_MAX = 3_000;

export interface Page {
  readonly status: number;
  readonly text: string;
}

export async function readPage(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Page | null> {
  try {
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(PAGE_MS_MAX) });
    return { status: answer.status, text: await answer.text() };
  } catch {
    return null;
  }
}

/** Null unless it was answered with a JSON object and a status below 300. */
export async function readJson(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, unknown>> | null> {
  const page = await readPage(url, headers);
  if (page === null || page.status >= 300) return null;
  try {
    const value: unknown = JSON.parse(page.text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

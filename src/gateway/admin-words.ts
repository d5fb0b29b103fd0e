// Admin words: how admin pages read a query and write an answer.
import type { PageAnswer } from '../ports/page.ts';

/** Exchanges, and questions most often asked, on a page whose `count` is not said. */
export const EXCHANGES_DEFAULT = 50;
export const TOP_DEFAULT = 20;

export const json = (status: number, body: unknown): PageAnswer => ({
  status,
  contentType: 'application/json; charset=utf-8',
  body: `${JSON.stringify(body, null, 2)}\n`,
});

export const problem = (status: number, message: string): PageAnswer =>
  json(status, { error: { message, type: 'admin_error' } });

/** A name without a value has the empty one. */
export const parametersOf = (query: string): Map<string, string> =>
  new Map(
    (query === '' ? [] : query.split('&')).map((pair) => {
      const [name = '', value = ''] = pair.split('=', 2);
      return [name, decoded(value)];
    }),
  );

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

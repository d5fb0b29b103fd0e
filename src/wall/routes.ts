// Routes: which path speaks which dialect.
import type { DialectName } from '../kernel/dialect-name.ts';
import type { Surface } from './turn.ts';

export interface Route {
  readonly dialect: DialectName;
  readonly surface: Surface;
  /** What the path says; null: the body says it. */
  readonly model: string | null;
  readonly stream: boolean | null;
}

const route = (dialect: DialectName, surface: Surface = 'chat'): Route => ({
  dialect,
  surface,
  model: null,
  stream: null,
});

const routes = new Map<string, Route>([
  ['/v1/chat/completions', route('openai')],
  ['/beta/chat/completions', route('openai')],
  ['/v1/beta/chat/completions', route('openai')],
  ['/v1/completions', route('openai', 'text')],
  ['/v1/embeddings', route('openai', 'embeddings')],
  ['/v1/messages', route('anthropic')],
  ['/anthropic/v1/messages', route('anthropic')],
  ['/v1/messages/count_tokens', route('anthropic', 'count')],
  ['/anthropic/v1/messages/count_tokens', route('anthropic', 'count')],
  ['/v1/responses', route('responses')],
  ['/responses', route('responses')],
]);

const CONVERSE = /^\/model\/([^/]+)\/converse(-stream)?$/;

export function routeOf(path: string): Route | null {
  const found = routes.get(path);
  if (found !== undefined) return found;
  const [, model, stream] = CONVERSE.exec(path) ?? [];
  if (model === undefined) return null;
  return { ...route('converse'), model: decoded(model), stream: stream !== undefined };
}

/** What cannot be decoded is taken as it stands: it will be the name of no behaviour. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

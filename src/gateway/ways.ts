// Ways: where exchanges are asked for, and in which dialect.
import { anthropicDoor } from '../dialects/anthropic/dialect.ts';
import type { DoorDialect } from '../dialects/dialect.ts';
import { openaiDoor } from '../dialects/openai/dialect.ts';
import { responsesDoor } from '../dialects/responses/dialect.ts';
import type { Surface } from '../kernel/lane.ts';

export interface Way {
  readonly surface: Surface;
  readonly dialect: DoorDialect;
}

/** Below `/v1`, or without it. */
const ways: Readonly<Record<string, Way>> = {
  '/chat/completions': { surface: 'chat', dialect: openaiDoor },
  '/completions': { surface: 'completions', dialect: openaiDoor },
  '/embeddings': { surface: 'embeddings', dialect: openaiDoor },
  '/responses': { surface: 'chat', dialect: responsesDoor },
  '/messages': { surface: 'chat', dialect: anthropicDoor },
  '/messages/count_tokens': { surface: 'countTokens', dialect: anthropicDoor },
};

/** In the spellings that clients use; each takes POST. */
export const exchangePaths: readonly string[] = Object.keys(ways).flatMap((bare) =>
  ['/v1', '', '/anthropic/v1', '/anthropic'].map((before) => before + bare),
);

/** `/v1/messages`, `/messages`, and `/anthropic/v1/messages` for those who come from DeepSeek's endpoint. */
export function bareOf(path: string): string {
  const own = path.startsWith('/anthropic/') ? path.slice('/anthropic'.length) : path;
  return own.startsWith('/v1/') ? own.slice('/v1'.length) : own;
}

/** `path` in any spelling; null: no exchange is asked for there. */
export function wayOf(path: string): Way | null {
  const bare = bareOf(path);
  return Object.hasOwn(ways, bare) ? (ways[bare] ?? null) : null;
}

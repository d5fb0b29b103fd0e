// Model list: the public names as `GET /v1/models` tells them, in OpenAI's shape or, to those who name an Anthropic version, in
// Anthropic's.
import type { JsonObject } from '../kernel/json.ts';
import type { ModelResolver } from './resolve.ts';

/** Both dialects want a creation time; ours have none that means anything. */
const CREATED_SECONDS = 1_735_689_600;
const CREATED = '2025-01-01T00:00:00Z';

export interface Lists {
  one(id: string, owner: string): JsonObject;
  all(models: readonly JsonObject[]): JsonObject;
}

export const openaiLists: Lists = {
  one: (id, owner) => ({ id, object: 'model', created: CREATED_SECONDS, owned_by: owner }),
  all: (data) => ({ object: 'list', data: [...data] }),
};

/** The list is never cut into pages. */
export const anthropicLists: Lists = {
  one: (id) => ({ type: 'model', id, display_name: id, created_at: CREATED }),
  all: (data) => ({
    data: [...data],
    has_more: false,
    first_id: data[0]?.['id'] ?? null,
    last_id: data.at(-1)?.['id'] ?? null,
  }),
};

export function modelList(resolver: ModelResolver, mayUse: (model: string) => boolean, lists: Lists): JsonObject {
  const names = [...resolver.names()].filter(([id]) => mayUse(id));
  return lists.all(names.map(([id, owner]) => lists.one(id, owner)));
}

/** Also names that are not listed but would be served (`provider/model`, patterns). */
export function oneModel(resolver: ModelResolver, id: string, lists: Lists): JsonObject | null {
  const owner = resolver.resolve(id)?.targets[0]?.upstream.name;
  return owner === undefined ? null : lists.one(id, owner);
}

// Model list: the public names as `GET /v1/models` tells them, in OpenAI's shape.
import type { ModelResolver } from './resolve.ts';

/** OpenAI wants a creation time; ours have none that means anything. */
const CREATED = 1_735_689_600;

interface ListedModel {
  readonly id: string;
  readonly object: 'model';
  readonly created: number;
  readonly owned_by: string;
}

const listed = (id: string, owner: string): ListedModel => ({ id, object: 'model', created: CREATED, owned_by: owner });

export function modelList(
  resolver: ModelResolver,
  mayUse: (model: string) => boolean,
): { object: 'list'; data: ListedModel[] } {
  const names = [...resolver.names()].filter(([id]) => mayUse(id));
  return { object: 'list', data: names.map(([id, owner]) => listed(id, owner)) };
}

/** Also names that are not listed but would be served (`provider/model`, patterns). */
export function oneModel(resolver: ModelResolver, id: string): ListedModel | null {
  const owner = resolver.resolve(id)?.targets[0]?.upstream.name;
  return owner === undefined ? null : listed(id, owner);
}

// Merge admin: several workers' answers to one admin request as the one that the operator is given. A trouble of one is the
// trouble of all; where all is well, figures are added up and lists are put together.
import { isObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';
import type { PageAnswer } from '../../ports/page.ts';
import { EXCHANGES_DEFAULT, json, parametersOf, TOP_DEFAULT } from '../../gateway/admin-words.ts';
import type { PageOrder } from './words.ts';

/** Any worker alone can answer these. */
const ownPages = [/^\/admin\/(reload|config)\b/, /^\/admin\/upstreams\/[^/]+\/balance$/, /^\/admin\/cache\/sign$/];
const NDJSON = 'application/x-ndjson';

export const asksAll = ({ path }: PageOrder): boolean => !ownPages.some((page) => page.test(path));

/** The first answer is of the worker that was asked. Throws nothing: what it does not know it takes from the first. */
export function mergeAdmin(order: PageOrder, answers: readonly PageAnswer[]): PageAnswer {
  const [first] = answers;
  if (first === undefined) return json(503, { error: { message: 'No worker answered.', type: 'admin_error' } });
  const [, , section, name = ''] = order.path.split('/');
  if (section === 'exchanges' && name !== '') return answers.find(({ status }) => status === 200) ?? first;
  const trouble = answers.find(({ status }) => status >= 400);
  if (trouble !== undefined) return trouble;
  const bodies = answers.map(({ body }) => parsed(body)).filter(isObject);
  if (section === 'upstreams') return json(first.status, { upstreams: mergeUpstreams(bodies) });
  if (section === 'exchanges')
    return json(first.status, { exchanges: mergeExchanges(bodies, countOf(order, EXCHANGES_DEFAULT)) });
  if (section === 'cache' && name === 'top') return mergeTop(order, answers, bodies);
  return first;
}

function parsed(body: string): JsonValue {
  try {
    return JSON.parse(body) as JsonValue;
  } catch {
    return null;
  }
}

const listOf = (body: JsonObject, name: string): JsonObject[] => {
  const list = body[name];
  return Array.isArray(list) ? list.filter(isObject) : [];
};

const countOf = ({ query }: PageOrder, otherwise: number): number =>
  Number(parametersOf(query).get('count') ?? otherwise);

/** How one field of several becomes one; what is not named is the first one's. */
type Join = (values: readonly JsonValue[]) => JsonValue;

const sum: Join = (values) => values.reduce((total: number, value) => total + numberOf(value), 0);
const most: Join = (values) => Math.max(...values.map(numberOf));
const every: Join = (values) => values.every((value) => value === true);
const firstKnown: Join = (values) => values.find((value) => value !== null && value !== undefined) ?? null;
const breakers = ['closed', 'half-open', 'open'];
const worst: Join = (values) =>
  breakers[Math.max(...values.map((value) => breakers.indexOf(wordsOf(value))), 0)] ?? 'closed';

const joinTarget = { inFlight: sum, breaker: worst, restingMs: most };
const joinCredential = { restingMs: most };
const joinUpstream: Readonly<Record<string, Join>> = {
  inFlight: sum,
  healthy: every,
  listedModels: firstKnown,
  engine: firstKnown,
  credentials: (lists) => mergeLists(lists, 'ordinal', joinCredential),
  targets: (lists) => mergeLists(lists, 'id', joinTarget),
};

const mergeUpstreams = (bodies: readonly JsonObject[]): JsonObject[] =>
  mergeLists(
    bodies.map((body) => listOf(body, 'upstreams')),
    'name',
    joinUpstream,
  );

/** Entries with the same `key` become one. */
function mergeLists(lists: readonly JsonValue[], key: string, joins: Readonly<Record<string, Join>>): JsonObject[] {
  const byKey = new Map<string, JsonObject[]>();
  for (const entry of lists.flatMap((list) => (Array.isArray(list) ? list.filter(isObject) : []))) {
    const name = wordsOf(entry[key]);
    const same = byKey.get(name);
    if (same === undefined) byKey.set(name, [entry]);
    else same.push(entry);
  }
  return [...byKey.values()].map((same) => {
    const entry: JsonObject = { ...same[0] };
    for (const [field, join] of Object.entries(joins)) {
      if (same.some((other) => field in other)) entry[field] = join(same.map((other) => other[field] ?? null));
    }
    return entry;
  });
}

const endedAt = (exchange: JsonObject): number => numberOf(exchange['startedAt']) + numberOf(exchange['durationMs']);

/** Newest first, as each worker tells them. */
function mergeExchanges(bodies: readonly JsonObject[], count: number): JsonObject[] {
  return bodies
    .flatMap((body) => listOf(body, 'exchanges'))
    .toSorted((left, right) => endedAt(right) - endedAt(left))
    .slice(0, count);
}

const asked = (question: JsonObject): number => numberOf(question['hits']) + numberOf(question['misses']);

function mergeTop(order: PageOrder, answers: readonly PageAnswer[], bodies: readonly JsonObject[]): PageAnswer {
  const [first] = answers;
  if (first?.contentType === NDJSON) {
    // Lines of a file: each once.
    const lines = new Set(answers.flatMap(({ body }) => body.split('\n').filter((line) => line !== '')));
    const body = [...lines].slice(0, countOf(order, TOP_DEFAULT)).map((line) => `${line}\n`);
    return { status: 200, contentType: NDJSON, body: body.join('') };
  }
  const keyed = bodies.map((body) => listOf(body, 'questions'));
  const joins = { hits: sum, misses: sum, hasRequest: (values: readonly JsonValue[]) => values.includes(true) };
  const questions = mergeLists(keyed, 'key', joins).toSorted((left, right) => asked(right) - asked(left));
  return json(200, { questions: questions.slice(0, countOf(order, TOP_DEFAULT)) });
}

const numberOf = (value: JsonValue | undefined): number => (typeof value === 'number' ? value : 0);
const wordsOf = (value: JsonValue | undefined): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

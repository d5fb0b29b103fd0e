// Cache admin: what an operator may do to kept answers. It tells questions by their hashes; words only where the model's
// operator had them remembered. Answers are taken in, never given out.
//   POST /admin/cache/purge[?model=|tenant=|namespace=]   forget, here and at every gateway that shares them
//   GET  /admin/cache/top[?count=&requests=true]          what would be worth having ready; as lines of a file with `requests`
//   POST /admin/cache/entries[?key=NAME]                  JSON Lines of request and answer, to be kept
//   POST /admin/cache/sign?seconds=                       a request (a line of such a file) as an address
import type { WallMs } from '../kernel/brands.ts';
import { limits } from '../kernel/limits.ts';
import { utf8Decode } from '../kernel/web.ts';
import type { PurgeScope } from '../ports/cache.ts';
import type { PageAnswer, PageRequest } from '../ports/page.ts';
import { signedUntil } from '../policy/signed-request.ts';
import { readWarmLine } from '../policy/warm-file.ts';
import { json, parametersOf, problem, TOP_DEFAULT } from './admin-words.ts';
import type { AnswerCache } from './answer-cache.ts';
import type { Kit } from './kit.ts';
import { tagOfKey } from './question.ts';
import type { ModelResolver } from './resolve.ts';
import { signedPath } from './signed-visit.ts';
import type { Key, Snapshot } from './snapshot.ts';
import { keyNamed, pairOf, type WarmTools } from './warm.ts';

const TOP_MAX = 10_000;
const SIGNED_SECONDS_DEFAULT = 600;
const SIGNED_SECONDS_MAX = 31_536_000;
const TROUBLES_TOLD = 20;
const MS_PER_SECOND = 1_000;

export interface CacheAdminSurroundings {
  readonly kit: Kit;
  readonly answers: AnswerCache;
  snapshot(): Snapshot;
  resolver(): ModelResolver;
}

type Done = (answer: PageAnswer) => void;

export class CacheAdmin {
  readonly #around: CacheAdminSurroundings;

  constructor(around: CacheAdminSurroundings) {
    this.#around = around;
  }

  serve(request: PageRequest, name: string | undefined, done: Done): void {
    const isPost = request.method === 'POST';
    if (name === 'purge') return isPost ? this.#purge(request, done) : done(problem(405, 'Purging takes POST.'));
    if (name === 'entries') return done(isPost ? this.#fill(request) : problem(405, 'Filling takes POST.'));
    if (name === 'sign') return done(isPost ? this.#sign(request) : problem(405, 'Signing takes POST.'));
    if (name === 'top') return done(request.method === 'GET' ? this.#top(request) : problem(405, 'It takes GET.'));
    done(problem(404, 'There is /admin/cache/purge, /admin/cache/top, /admin/cache/entries and /admin/cache/sign.'));
  }

  #tools(): WarmTools {
    return { snapshot: this.#around.snapshot(), resolver: this.#around.resolver(), digest: this.#around.kit.digest };
  }

  #purge({ query }: PageRequest, done: Done): void {
    const scope = this.#scopeOf(parametersOf(query));
    if (typeof scope === 'string') return done(problem(400, scope));
    this.#around.answers.purge(scope, (reached) =>
      done(reached ? json(200, { purged: scope }) : problem(502, 'Forgotten here; the shared cache did not answer.')),
    );
  }

  /** Or why there is none. */
  #scopeOf(wanted: ReadonlyMap<string, string>): PurgeScope | string {
    const { kit } = this.#around;
    const [model, tenant, namespace] = ['model', 'tenant', 'namespace'].map((name) => wanted.get(name));
    if ([model, tenant, namespace].filter((value) => value !== undefined).length > 1) {
      return 'Purge by `model`, by `tenant` or by `namespace`: one at a time.';
    }
    if (model !== undefined) return { kind: 'model', model };
    if (namespace !== undefined) return { kind: 'namespace', namespace };
    if (tenant === undefined) return { kind: 'all' };
    const key = keyNamed(this.#around.snapshot(), tenant);
    if (key === null) return `No key has the name \`${tenant.slice(0, 100)}\`.`;
    return { kind: 'tenant', tenant: tagOfKey(key, kit.digest) };
  }

  #top({ query }: PageRequest): PageAnswer {
    const wanted = parametersOf(query);
    const count = Number(wanted.get('count') ?? TOP_DEFAULT);
    if (!Number.isInteger(count) || count < 1 || count > TOP_MAX) {
      return problem(400, `\`count\` must be a whole number from 1 to ${TOP_MAX}.`);
    }
    const top = this.#around.answers.top(count);
    if (wanted.get('requests') === 'true') {
      const lines = top.flatMap(({ line }) => (line === null ? [] : [`${line}\n`]));
      return { status: 200, contentType: 'application/x-ndjson', body: lines.join('') };
    }
    return json(200, {
      questions: top.map(({ line, hits, misses, ...question }) => ({
        ...question,
        hits: Math.round(hits),
        misses: Math.round(misses),
        hasRequest: line !== null,
      })),
    });
  }

  #fill({ body, query }: PageRequest): PageAnswer {
    const { kit, answers } = this.#around;
    const tools = this.#tools();
    const name = parametersOf(query).get('key');
    const fallback = name === undefined ? null : keyNamed(tools.snapshot, name);
    if (name !== undefined && fallback === null) return problem(400, `No key has the name \`${name.slice(0, 100)}\`.`);
    const lines = utf8Decode(body).split('\n');
    if (lines.length > limits.cacheFillLinesMax) {
      return problem(413, `At most ${limits.cacheFillLinesMax} lines at a time.`);
    }
    const troubles: string[] = [];
    let kept = 0;
    for (const [at, text] of lines.entries()) {
      const trouble = fillLine(text, tools, fallback, kit.clock.wall(), answers);
      if (trouble === null) kept++;
      else if (trouble !== '') troubles.push(`line ${at + 1} ${trouble}`);
    }
    return json(200, { kept, refused: troubles.length, troubles: troubles.slice(0, TROUBLES_TOLD) });
  }

  #sign({ body, query }: PageRequest): PageAnswer {
    const { kit } = this.#around;
    const seconds = Number(parametersOf(query).get('seconds') ?? SIGNED_SECONDS_DEFAULT);
    if (!(seconds >= 1 && seconds <= SIGNED_SECONDS_MAX)) {
      return problem(400, `\`seconds\` must be from 1 to ${SIGNED_SECONDS_MAX}.`);
    }
    const line = readWarmLine(utf8Decode(body));
    if (line === null || !line.ok) return problem(400, `The request ${line?.error ?? 'is empty'}.`);
    if (kit.hmac === undefined) return problem(404, 'Nothing is signed here.');
    const expiresAt = signedUntil(kit.clock.wall() / MS_PER_SECOND, seconds);
    const path = signedPath(line.value, expiresAt, this.#tools(), kit.hmac);
    return path.ok ? json(200, { path: path.value, expiresAt }) : problem(400, `The request ${path.error}.`);
  }
}

/** Null: kept; ``: there was nothing to keep; else why it is not. */
function fillLine(
  text: string,
  tools: WarmTools,
  fallback: Key | null,
  now: WallMs,
  answers: AnswerCache,
): string | null {
  const line = readWarmLine(text);
  if (line === null) return '';
  if (!line.ok) return line.error;
  const { answer } = line.value;
  if (answer === null) return 'has no `answer`';
  const pair = pairOf({ ...line.value, answer }, tools, fallback, now);
  if (!pair.ok) return pair.error;
  answers.fill(pair.value.key, pair.value.entry);
  return null;
}

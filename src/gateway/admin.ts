// Admin: what an operator may look at and do, as JSON. It shows state; secrets and prompts it never holds.
//   GET  /admin/config                     the configuration in force, and why the last one was refused if it was
//   POST /admin/reload                     read the configuration again
//   …    /admin/cache/…                    what is kept (cache-admin.ts)
//   GET  /admin/upstreams                  what is in flight, who rests, which breakers are open
//   GET  /admin/upstreams/{name}/balance   what the provider says about the account
//   GET  /admin/exchanges[?outcome=&model=&count=]   the last exchanges, newest first
//   GET  /admin/exchanges/{id}             one exchange with its attempts and decision trail
import type { ExchangeFact, Outcome } from '../kernel/facts.ts';
import { utf8Decode } from '../kernel/web.ts';
import type { Page, PageAnswer, PageRequest } from '../ports/page.ts';
import type { Config } from '../ports/config.ts';
import { EXCHANGES_DEFAULT, json, parametersOf, problem } from './admin-words.ts';
import { CacheAdmin, type CacheAdminSurroundings } from './cache-admin.ts';
import type { Fleet } from './fleet.ts';
import { lookup } from './lookup.ts';
import type { Upstream } from './snapshot.ts';

const BALANCE_TIMEOUT_MS = 5_000;

/** Past exchanges, as the trail store keeps them. */
export interface Trails {
  get(id: string): unknown;
  recent(filter: { outcome?: Outcome; model?: string }, count: number): readonly ExchangeFact[];
}

export interface AdminSurroundings extends CacheAdminSurroundings {
  readonly fleet: Fleet;
  readonly trails: Trails;
  /** Why the last configuration was refused; empty when it was accepted. */
  refused(): readonly string[];
  reload(): void;
}

type Done = (answer: PageAnswer) => void;

export class AdminPage implements Page {
  readonly #around: AdminSurroundings;
  readonly #cache: CacheAdmin;

  constructor(around: AdminSurroundings) {
    this.#around = around;
    this.#cache = new CacheAdmin(around);
  }

  serve(request: PageRequest, done: Done): void {
    const [, , section, name, detail] = request.path.split('/');
    if (section === 'reload') {
      if (request.method !== 'POST') return done(problem(405, 'Reloading takes POST.'));
      this.#around.reload();
      return done(json(202, { reloading: true }));
    }
    if (section === 'cache') return this.#cache.serve(request, name, done);
    if (request.method !== 'GET' && request.method !== 'HEAD') return done(problem(405, 'Admin pages take GET.'));
    if (section === 'config') return done(json(200, this.#config()));
    if (section === 'upstreams' && name === undefined) return done(json(200, this.#upstreams()));
    if (section === 'upstreams' && detail === 'balance') return this.#balance(name ?? '', done);
    if (section === 'exchanges') return done(this.#exchanges(name, request.query));
    done(problem(404, 'There is no such admin page. Try /admin/config, /admin/upstreams or /admin/exchanges.'));
  }

  #config(): Record<string, unknown> {
    const { config, version } = this.#around.snapshot();
    const refused = this.#around.refused();
    return { version, source: config.source, accepted: refused.length === 0, refused, config: withoutSecrets(config) };
  }

  #upstreams(): Record<string, unknown> {
    const { upstreams } = this.#around.snapshot();
    const described = [...upstreams.values()].map((upstream) => ({
      name: upstream.name,
      provider: upstream.provider.name,
      origin: upstream.route.origin,
      tier: upstream.tier,
      region: upstream.region,
      maxConcurrent: upstream.maxConcurrent,
      ...this.#around.fleet.describe(upstream),
    }));
    return { upstreams: described };
  }

  #balance(name: string, done: Done): void {
    const upstream: Upstream | undefined = this.#around.snapshot().upstreams.get(name);
    if (upstream === undefined) return done(problem(404, `There is no upstream \`${name.slice(0, 100)}\`.`));
    const { accountPage } = upstream.provider;
    if (accountPage === null) return done(problem(404, `${upstream.provider.name} has no balance to ask for.`));
    const path = accountPage.fromOrigin ? accountPage.path : upstream.basePath + accountPage.path;
    lookup(this.#around.kit, upstream, path, BALANCE_TIMEOUT_MS, (answer) => {
      if (answer.status === null) return done(problem(502, answer.trouble ?? 'No answer.'));
      const contentType = 'application/json; charset=utf-8';
      done({ status: answer.status, contentType, body: utf8Decode(answer.body) });
    });
  }

  #exchanges(id: string | undefined, query: string): PageAnswer {
    const { trails } = this.#around;
    if (id !== undefined && id !== '') {
      const found = trails.get(id);
      return found === null ? problem(404, 'This exchange is not kept (any more).') : json(200, found);
    }
    const wanted = parametersOf(query);
    const outcome = wanted.get('outcome') as Outcome | undefined;
    const model = wanted.get('model');
    const count = Number(wanted.get('count') ?? EXCHANGES_DEFAULT);
    if (!Number.isInteger(count) || count < 1) return problem(400, '`count` must be a whole number above 0.');
    const filter = { ...(outcome && { outcome }), ...(model && { model }) };
    return json(200, { exchanges: trails.recent(filter, count) });
  }
}

function withoutSecrets(config: Config): unknown {
  const upstreams = Object.entries(config.upstreams).map(([name, upstream]) => [
    name,
    {
      ...upstream,
      apiKeys: upstream.apiKeys.map(() => '[set]'),
      // A header may carry a secret, and a proxy URL a password.
      headers: Object.fromEntries(Object.keys(upstream.headers).map((header) => [header, '[set]'])),
      // AWS keys and service accounts stand there.
      account: Object.fromEntries(Object.keys(upstream.account ?? {}).map((setting) => [setting, '[set]'])),
      proxy: upstream.proxy === null ? null : upstream.proxy.replace(/\/\/[^@/]*@/, '//[set]@'),
    },
  ]);
  return {
    ...config,
    adminKeySha256: config.adminKeySha256 === null ? null : '[set]',
    upstreams: Object.fromEntries(upstreams),
    redis: config.redis === null ? null : { ...config.redis, password: config.redis.password && '[set]' },
    signing: config.signing && {
      ...config.signing,
      keys: config.signing.keys.map(({ id }) => ({ id, secret: '[set]' })),
    },
    keys: config.keys.map((key) => ({ ...key, sha256: `${key.sha256.slice(0, 8)}…` })),
  };
}

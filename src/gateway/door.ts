// Door: which request goes where. Exchanges enter the pipeline; models, health and pages are answered here. It also keeps
// out what must not come in: foreign web pages on an open gateway, and anybody without the admin key on admin pages.
import { anthropicDoor } from '../dialects/anthropic/dialect.ts';
import type { DoorDialect } from '../dialects/dialect.ts';
import { openaiDoor } from '../dialects/openai/dialect.ts';
import type { HeaderList, HeaderRecord } from '../kernel/headers.ts';
import type { GatewayState } from '../kernel/facts.ts';
import { reject, type Rejection } from '../kernel/rejection.ts';
import { isLoopback } from '../kernel/loopback.ts';
import { parseUrl, utf8Encode } from '../kernel/web.ts';
import type { Digest } from '../ports/digest.ts';
import type { Door, InboundHead, Reply, Visit } from '../ports/door.ts';
import type { Page } from '../ports/page.ts';
import { presentedSecret } from './authenticate.ts';
import { corsHeaders, isPreflight, preflightHeaders } from './cors.ts';
import { sendRejection } from './egress.ts';
import { anthropicLists, modelList, oneModel, openaiLists } from './model-list.ts';
import type { Pipeline } from './pipeline.ts';
import type { ModelResolver } from './resolve.ts';
import { enterSigned, SIGNED_PREFIX, type SigningTools } from './signed-visit.ts';
import type { Snapshot } from './snapshot.ts';
import { bareOf, type Way, wayOf } from './ways.ts';

/** OpenAI's other endpoints: told apart from typing errors. */
const notServed = [
  'audio',
  'images',
  'rerank',
  'moderations',
  'files',
  'batches',
  'realtime',
  'assistants',
  'threads',
  'vector_stores',
  'fine_tuning',
  'uploads',
  'videos',
];

export interface DoorSurroundings {
  readonly pipeline: Pipeline;
  readonly digest: Digest;
  /** For requests that are addresses. */
  readonly signing: SigningTools;
  snapshot(): Snapshot;
  resolver(): ModelResolver;
  state(): GatewayState;
  readonly metrics: Page;
  readonly admin: Page;
}

type Handler = (head: InboundHead, reply: Reply, headers: HeaderList) => Visit | null;

export class GatewayDoor implements Door {
  readonly #around: DoorSurroundings;

  constructor(around: DoorSurroundings) {
    this.#around = around;
  }

  enter(head: InboundHead, reply: Reply): Visit | null {
    const { cors, keys } = this.#around.snapshot();
    const { origin } = head.headers;
    let headers: HeaderList = [];
    if (origin !== undefined) {
      const allowed = corsHeaders(cors, origin);
      if (isPreflight(head.method, head.headers)) return preflight(head, reply, cors, allowed);
      if (allowed === null && keys.size === 0 && !sameOrigin(origin, head.headers)) {
        // Without keys, any page in the user's browser could spend the user's money.
        return refuse(
          head,
          reply,
          reject('forbidden', 'Web pages may not use this gateway. Allow them with `cors.origins`.'),
          [],
        );
      }
      headers = allowed ?? [];
    }
    return this.#route(head)(head, reply, headers);
  }

  #route(head: InboundHead): Handler {
    const { path, method, listener } = head;
    const reading = method === 'GET' || method === 'HEAD';
    if (path.startsWith('/admin/') || path === '/admin') return this.#adminPage(listener);
    if (path === '/metrics') return reading ? page(this.#around.metrics) : wrongMethod('GET');
    if (path.startsWith('/health')) return reading ? this.#health : wrongMethod('GET');
    if (listener === 'admin') return notFound;
    const way = wayOf(path);
    if (way !== null) return method === 'POST' ? this.#exchange(way) : wrongMethod('POST');
    const bare = bareOf(path);
    if (bare.startsWith(SIGNED_PREFIX)) return method === 'GET' ? this.#signed : wrongMethod('GET');
    if (bare === '/models' || bare.startsWith('/models/')) return reading ? this.#models(bare) : wrongMethod('GET');
    if (path === '/' && reading) return this.#welcome;
    return notFound;
  }

  #exchange({ surface, dialect }: Way): Handler {
    return (head, reply, doorHeaders) => {
      if (this.#around.state() === 'draining') {
        return refuse(head, reply, reject('draining', 'The server is shutting down.'), doorHeaders);
      }
      return this.#around.pipeline.enter(head, reply, { surface, dialect, doorHeaders });
    };
  }

  #signed: Handler = (head, reply, doorHeaders) => {
    const { pipeline, signing } = this.#around;
    // Caches keep what they are not told about, refusals too.
    const headers: HeaderList = [...doorHeaders, 'cache-control', 'no-store'];
    if (this.#around.state() === 'draining') {
      return refuse(head, reply, reject('draining', 'The server is shutting down.'), headers);
    }
    const entered = enterSigned({ head, reply, doorHeaders }, pipeline, this.#around.snapshot(), signing);
    return entered.ok ? entered.value : refuse(head, reply, entered.error, headers);
  };

  #models(bare: string): Handler {
    return (head, reply, headers) => {
      const { keys } = this.#around.snapshot();
      const secret = presentedSecret(head.headers);
      const key = secret === null ? undefined : keys.get(this.#around.digest.sha256(secret));
      if (keys.size > 0 && key === undefined) {
        return refuse(head, reply, reject('unauthenticated', 'Listing models needs an API key.'), headers);
      }
      const mayUse = key?.mayUse ?? (() => true);
      const lists = head.headers['anthropic-version'] === undefined ? openaiLists : anthropicLists;
      if (bare === '/models') return sendJson(reply, 200, modelList(this.#around.resolver(), mayUse, lists), headers);
      const id = bare.slice('/models/'.length);
      const model = mayUse(id) ? oneModel(this.#around.resolver(), id, lists) : null;
      if (model !== null) return sendJson(reply, 200, model, headers);
      return refuse(
        head,
        reply,
        reject('unknownModel', `The model \`${id.slice(0, 100)}\` does not exist here.`),
        headers,
      );
    };
  }

  #health: Handler = (head, reply, headers) => {
    if (head.path === '/health/liveness' || head.path === '/health/liveliness') {
      return sendJson(reply, 200, { status: 'alive' }, headers);
    }
    if (head.path !== '/health/readiness' && head.path !== '/health') return notFound(head, reply, headers);
    const state = this.#around.state();
    return sendJson(reply, state === 'ready' ? 200 : 503, { status: state }, headers);
  };

  #welcome: Handler = (_head, reply, headers) =>
    sendJson(
      reply,
      200,
      {
        name: 'spillway',
        chat: '/v1/chat/completions',
        responses: '/v1/responses',
        messages: '/v1/messages',
        models: '/v1/models',
        health: '/health/readiness',
        metrics: '/metrics',
      },
      headers,
    );

  #adminPage(listener: InboundHead['listener']): Handler {
    return (head, reply, headers) => {
      const { config } = this.#around.snapshot();
      if (config.adminPort !== null && listener === 'main') return notFound(head, reply, headers);
      const stranger = this.#adminStranger(head, config.adminKeySha256);
      return stranger === null
        ? page(this.#around.admin)(head, reply, headers)
        : refuse(head, reply, stranger, headers);
    };
  }

  /** With an admin key: whoever shows it. Without one: only the same machine, and no web page (not even through DNS tricks). */
  #adminStranger(head: InboundHead, sha256: string | null): Rejection | null {
    if (sha256 !== null) {
      const secret = presentedSecret(head.headers);
      if (secret !== null && this.#around.digest.sha256(secret) === sha256) return null;
      return reject('unauthenticated', 'Admin pages need the admin key: `Authorization: Bearer <adminKey>`.');
    }
    const host = parseUrl(`http://${head.headers['host'] ?? ''}`)?.hostname ?? '';
    // A proxy on this machine speaks for strangers.
    const proxied = ['origin', 'x-forwarded-for', 'x-real-ip', 'forwarded', 'via'].some((name) => head.headers[name]);
    const local = isLoopback(head.remote) && isLoopback(host) && !proxied;
    return local ? null : reject('forbidden', 'Admin pages are for this machine only until `adminKey` is set.');
  }
}

function sameOrigin(origin: string, headers: HeaderRecord): boolean {
  return parseUrl(origin)?.host === headers['host'] && isLoopback(parseUrl(origin)?.hostname ?? '');
}

function preflight(head: InboundHead, reply: Reply, cors: Snapshot['cors'], allowed: HeaderList | null): Visit | null {
  if (cors === null || allowed === null) {
    return refuse(head, reply, reject('forbidden', 'This origin is not listed in `cors.origins`.'), []);
  }
  reply.head(204, [...allowed, ...preflightHeaders(cors, head.headers['access-control-request-headers'])]);
  reply.end();
  return null;
}

/** Whose words a caller reads who is refused before its request was anything. */
function dialectOf({ path, headers }: InboundHead): DoorDialect {
  const way = wayOf(path);
  if (way !== null) return way.dialect;
  return headers['anthropic-version'] === undefined ? openaiDoor : anthropicDoor;
}

function refuse(head: InboundHead, reply: Reply, rejection: Rejection, headers: HeaderList): null {
  sendRejection(reply, dialectOf(head), rejection, headers);
  return null;
}

const wrongMethod =
  (right: string): Handler =>
  (head, reply, headers) =>
    refuse(head, reply, reject('wrongMethod', `${head.path} takes ${right}, not ${head.method}.`), [
      'allow',
      right,
      ...headers,
    ]);

const notFound: Handler = (head, reply, headers) => {
  const name = notServed.find((known) => new RegExp(`^(?:/v1)?/${known}(?:/|$)`).test(head.path));
  const shown = head.path.slice(0, 200);
  const message = name
    ? `Spillway does not serve ${shown} yet. It serves /v1/chat/completions, /v1/responses, /v1/messages, /v1/completions, /v1/embeddings and /v1/models.`
    : `There is nothing at ${shown}. The API lives below /v1, e.g. /v1/chat/completions.`;
  return refuse(head, reply, reject('notFound', message), headers);
};

/** A page is served once its (small) body is there. */
function page(served: Page): Handler {
  return (head, reply, headers) => ({
    onBody: (body) => {
      const { method, path, query } = head;
      served.serve({ method, path, query, headers: head.headers, body }, (answer) => {
        sendText(reply, answer.status, answer.contentType, answer.body, headers);
      });
    },
    onBodyRefused: (rejection) => refuse(head, reply, rejection, headers),
    onDrain: () => {},
    onGone: () => {},
  });
}

function sendJson(reply: Reply, status: number, body: unknown, headers: HeaderList): null {
  return sendText(reply, status, 'application/json; charset=utf-8', JSON.stringify(body), headers);
}

function sendText(reply: Reply, status: number, contentType: string, text: string, headers: HeaderList): null {
  const body = utf8Encode(text);
  reply.head(status, ['content-type', contentType, 'content-length', String(body.length), ...headers]);
  reply.end(body);
  return null;
}

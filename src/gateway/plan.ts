// Plan: model → the targets that may answer this request, in the order they are asked. Compliance and capabilities are
// checked here, once; whether a target has room now is the dispatcher's question. Every target left out says why.
import { patchObject } from '../dialects/json-patch.ts';
import type { CanonicalRequest, Need } from '../kernel/chat.ts';
import type { MonotonicMs } from '../kernel/brands.ts';
import type { JsonObject } from '../kernel/json.ts';
import { limits } from '../kernel/limits.ts';
import { reject, type Rejection } from '../kernel/rejection.ts';
import { drawRanks } from '../policy/routing.ts';
import type { Chance } from '../ports/chance.ts';
import type { Prepared } from '../providers/provider.ts';
import type { Exchange } from './exchange.ts';
import type { ModelResolver } from './resolve.ts';
import type { Model, Target } from './snapshot.ts';

/** The token estimate may be 15 % off: only a prompt that cannot possibly fit is kept from a target. */
const ESTIMATE_SLACK = 0.8;

interface Misfit {
  readonly kind: 'region' | 'surface' | 'capability' | 'context' | 'parameter';
  readonly why: string;
  readonly param: string | null;
}

export function plan(exchange: Exchange, resolver: ModelResolver, chance: Chance, now: MonotonicMs): Rejection | null {
  const request = exchange.request;
  if (request === null) return null;
  const forbidden = mayUse(exchange, request.model);
  if (forbidden !== null) return forbidden;
  const model = resolver.resolve(request.model);
  if (model === null)
    return reject('unknownModel', unknownModelMessage(exchange, request.model, resolver), { param: 'model' });
  exchange.model = model;
  exchange.outbound = request;
  const misfits: Misfit[] = [];
  for (const name of [request.model, ...request.fallbackModels]) {
    const rejection = mayUse(exchange, name);
    if (rejection !== null) return rejection;
    const candidate = name === request.model ? model : resolver.resolve(name);
    if (candidate === null)
      return reject('unknownModel', unknownModelMessage(exchange, name, resolver), { param: 'fallbacks' });
    misfits.push(...addTargets(exchange, candidate, request, chance, now));
  }
  // Where no target counts, the gateway's own estimate is the answer.
  if (exchange.plan.length === 0 && request.surface === 'countTokens') return null;
  if (exchange.plan.length === 0) return refusal(request, misfits);
  if (exchange.plan.length > 1 && mayGather(request)) gather(exchange, request);
  return null;
}

/** Forms that a stream carries as a whole answer does. */
const mayGather = (request: CanonicalRequest): boolean =>
  request.surface === 'chat' &&
  !request.stream &&
  request.choices === 1 &&
  !request.needs.includes('logprobs') &&
  !request.needs.includes('audio');

/**
 * A whole answer says nothing until it is done: a silent target would be noticed after minutes. Where another target could
 * answer instead, a stream is asked for and gathered, so that the clocks of streams tell early.
 */
function gather(exchange: Exchange, request: CanonicalRequest): void {
  const outbound = { ...streamed(request), native: request.native === null ? null : streamed(request.native) };
  exchange.outbound = outbound;
  exchange.plan = exchange.plan.map((planned) => ({
    ...planned,
    prepared: prepareFor(outbound, planned.target, planned.model.dropParams),
  }));
}

function streamed<T extends { readonly body: JsonObject; readonly bytes: Uint8Array }>(asked: T): T & { stream: true } {
  const { body, bytes } = asked;
  return { ...asked, stream: true, body: { ...body, stream: true }, bytes: patchObject(bytes, body, { stream: true }) };
}

function mayUse(exchange: Exchange, name: string): Rejection | null {
  const allowed = exchange.key?.mayUse ?? null;
  if (allowed === null || allowed(name)) return null;
  return reject('forbidden', `This key may not use the model \`${name}\`.`, { param: 'model' });
}

/** Adds those of a model's targets that may answer, after the ones planned already. Answers why others may not. */
export function addTargets(
  exchange: Exchange,
  model: Model,
  request: CanonicalRequest,
  chance: Chance,
  now: MonotonicMs,
): Misfit[] {
  const misfits: Misfit[] = [];
  for (const members of drawRanks(model.targets, chance)) {
    const rank = (exchange.plan.at(-1)?.rank ?? -1) + 1;
    for (const target of members) {
      if (exchange.plan.length >= limits.targetsPerModelMax) break;
      if (exchange.plan.some((planned) => planned.target.id === target.id)) continue;
      const prepared = prepareFor(request, target, model.dropParams);
      const misfit = misfitOf(exchange, request, target, prepared, model.dropParams);
      if (misfit === null) {
        exchange.plan.push({ target, model, prepared, rank, tried: false, resends: 0 });
        const dropped = (prepared.dropped ?? []).join(', ');
        if (dropped !== '') exchange.note(now, 'dropped', target.id, dropped);
      } else {
        misfits.push(misfit);
        exchange.note(now, 'skipped', target.id, misfit.why);
      }
    }
  }
  return misfits;
}

/** The provider's own preparation, with the target's defaults under it and, if so configured, what it cannot take dropped. */
export function prepareFor(request: CanonicalRequest, target: Target, dropParams: boolean): Prepared {
  const { defaults } = target;
  const missing = Object.keys(defaults).filter((field) => request.body[field] === undefined);
  const completed =
    missing.length === 0
      ? request
      : {
          ...request,
          body: { ...Object.fromEntries(missing.map((field) => [field, defaults[field]])), ...request.body },
        };
  const { provider, account } = target.upstream;
  const prepared = provider.prepare(completed, target.model, account);
  // A body that passes through untranslated is the caller's own to the end; one written anew has the defaults in it.
  const gone = dropParams ? unsaid(completed, prepared) : [];
  if (prepared.body !== 'canonical') return withDropped(prepared, gone);
  const added = Object.fromEntries(missing.map((field) => [field, defaults[field]]));
  if (dropParams) {
    const lacking = lacks(request, target).flatMap((need) =>
      needParams[need].droppable ? needParams[need].params : [],
    );
    gone.push(...lacking.filter((param) => request.body[param] !== undefined && !gone.includes(param)));
  }
  const dropped = Object.fromEntries(gone.map((param) => [param, undefined]));
  return withDropped({ ...prepared, patch: { ...added, ...prepared.patch, ...dropped } }, gone);
}

/** What cannot be said to this target. */
function unsaid({ native }: CanonicalRequest, { body, unsupported }: Prepared): string[] {
  const untranslatable = body === 'native' ? [] : (native?.untranslatable ?? []);
  return [...untranslatable, ...unsupported].map(({ param }) => param);
}

/** The caller is told what was left out. */
function withDropped(prepared: Prepared, more: readonly string[]): Prepared {
  return more.length === 0 ? prepared : { ...prepared, dropped: [...(prepared.dropped ?? []), ...more] };
}

const lacks = (request: CanonicalRequest, target: Target): Need[] =>
  request.needs.filter((need) => !target.capabilities.can[need]);

function misfitOf(
  exchange: Exchange,
  request: CanonicalRequest,
  target: Target,
  prepared: Prepared,
  dropParams: boolean,
): Misfit | null {
  const { capabilities, upstream } = target;
  const regions = exchange.key?.regions ?? null;
  if (regions !== null && (upstream.region === null || !regions.includes(upstream.region))) {
    return { kind: 'region', why: `region ${upstream.region ?? 'unknown'} is not allowed for this key`, param: null };
  }
  if (!capabilities.surfaces.includes(request.surface)) {
    return { kind: 'surface', why: `does not serve ${request.surface}`, param: 'model' };
  }
  const isNative = prepared.body === 'native';
  const lacking = lacks(request, target).find(
    (need) => !(dropParams && needParams[need].droppable) && !(isNative && !deniable.has(need)),
  );
  if (lacking !== undefined) {
    return { kind: 'capability', why: `cannot do ${lacking}`, param: needParams[lacking].params[0] };
  }
  const context = isNative && asksForLongContext(exchange) ? null : capabilities.contextTokens;
  if (context !== null && request.promptTokens * ESTIMATE_SLACK > context) {
    const why = `about ${Math.round(request.promptTokens)} prompt tokens do not fit into ${context}`;
    return { kind: 'context', why, param: 'messages' };
  }
  const untranslatable = isNative ? [] : (request.native?.untranslatable ?? []);
  const unsupported = dropParams ? undefined : [...untranslatable, ...prepared.unsupported][0];
  return unsupported === undefined ? null : { kind: 'parameter', why: unsupported.why, param: unsupported.param };
}

/** Of a request that passes as it came the far side is the judge; these the config may deny, or a fallback can do instead. */
const deniable: ReadonlySet<Need> = new Set(['tools', 'vision', 'prefix']);

/** Older Claudes read a million tokens for those who ask (beta `context-1m-…`), and 200,000 else. */
function asksForLongContext({ head, request }: Exchange): boolean {
  const own = request?.native?.body;
  const betas = [head.headers['anthropic-beta'], ...[own?.['anthropic_beta'], own?.['betas']].flat()];
  return betas.some((beta) => typeof beta === 'string' && beta.includes('context-1m-'));
}

/** Which parameters express a need, and whether an answer without it is still an answer (then `dropParams` drops them). */
const needParams: Readonly<
  Record<Need, { readonly params: readonly [string, ...string[]]; readonly droppable: boolean }>
> = {
  tools: { params: ['tools'], droppable: false },
  vision: { params: ['messages'], droppable: false },
  audio: { params: ['messages'], droppable: false },
  jsonObject: { params: ['response_format'], droppable: true },
  jsonSchema: { params: ['response_format'], droppable: true },
  logprobs: { params: ['logprobs', 'top_logprobs'], droppable: true },
  manyChoices: { params: ['n'], droppable: true },
  prefix: { params: ['messages'], droppable: false },
};

function refusal(request: CanonicalRequest, misfits: readonly Misfit[]): Rejection {
  // What the caller can mend easiest is told: a parameter before a capability, and so on up to compliance.
  const order: readonly Misfit['kind'][] = ['parameter', 'capability', 'context', 'surface', 'region'];
  const told = misfits.toSorted((left, right) => order.indexOf(left.kind) - order.indexOf(right.kind))[0];
  if (told === undefined) return reject('upstreamUnavailable', `No target is configured for \`${request.model}\`.`);
  if (told.kind === 'context') {
    return reject('contextTooLong', `The prompt is too long for \`${request.model}\`: ${told.why}.`, {
      param: 'messages',
    });
  }
  if (told.kind === 'region') {
    return reject('forbidden', `No target of \`${request.model}\` is in a region that this key may use.`);
  }
  const hint = told.kind === 'parameter' ? ' Remove it, or set `dropParams: true` for the model.' : '';
  return reject('unsupported', `\`${request.model}\` cannot take \`${told.param}\`: ${told.why}.${hint}`, {
    param: told.param,
  });
}

function unknownModelMessage(exchange: Exchange, name: string, resolver: ModelResolver): string {
  const allowed = exchange.key?.mayUse ?? ((): boolean => true);
  const known = [...resolver.names().keys()]
    .filter(allowed)
    .slice(0, 8)
    .map((model) => `\`${model}\``);
  const shown = name.length > 100 ? `${name.slice(0, 99)}…` : name;
  return `The model \`${shown}\` does not exist here. ${known.length > 0 ? `Try ${known.join(', ')}.` : 'No models are configured.'}`;
}

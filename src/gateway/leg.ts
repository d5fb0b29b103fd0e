// Leg: one attempt as part of an answer that may have begun already. The first leg is the request as it came; a later one
// continues what was shown (resume) or begins again without repeating it (restart), spelled as if the first had gone on.
import { speller, type Speller } from '../dialects/openai/speller.ts';
import type { CanonicalRequest } from '../kernel/chat.ts';
import { isObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import { utf8Encode } from '../kernel/web.ts';
import { rescueOf } from '../policy/rescue.ts';
import { Seam } from '../policy/seam.ts';
import { estimateTokens } from '../dialects/tokens.ts';
import type { AnswerTap } from './answer-reader.ts';
import type { AttemptOrder } from './attempt.ts';
import type { Exchange, PlannedTarget } from './exchange.ts';
import { passedOn } from './passed-on.ts';
import { prepareFor } from './plan.ts';
import type { Runner } from './race.ts';

/** Forms of an answer that cannot be put together from two halves. */
const unsplicable = new Set(['jsonObject', 'jsonSchema', 'logprobs', 'manyChoices', 'audio']);
/** Left to a resumed answer however much was said: a target must be able to finish its sentence. */
const ANSWER_TOKENS_LEFT_MIN = 16;

/** What could be done if the attempt under way broke off now. */
export function rescueFor(exchange: Exchange): ReturnType<typeof rescueOf> {
  const { request, transcript } = exchange;
  if (request === null || request.surface !== 'chat') return 'none';
  return rescueOf({
    shownCharacters: transcript.text.length,
    shownToolCall: transcript.toolCall,
    splicable:
      !request.needs.some((need) => unsplicable.has(need)) && (request.native?.untranslatable ?? []).length === 0,
    oneChoice: request.choices === 1,
  });
}

interface Leg {
  readonly request: CanonicalRequest;
  readonly planned: PlannedTarget;
  /** Spells the leg's chunks; null: nothing came before. */
  readonly speller: Speller | null;
}

/** What the next attempt is to do at `planned`. `tap`: who reads along. */
export function orderOf(
  exchange: Exchange,
  { request, outbound }: { readonly request: CanonicalRequest; readonly outbound: CanonicalRequest },
  { planned, ticket }: Runner,
  tap: AnswerTap | null,
): AttemptOrder {
  const leg = legOf(exchange, outbound, planned);
  return {
    request: leg.request,
    planned: leg.planned,
    sentAt: ticket.sentAt,
    credential: ticket.credential,
    gathers: outbound.stream && !request.stream,
    door: exchange.dialect,
    rewrite: (answer) => exchange.dialect.writeAnswer(answer, exchange.identity),
    terms: {
      answer: () => exchange.answer,
      speller: leg.speller,
      transcript: exchange.transcript,
      tap,
      holdsToolCalls: () => planned.model.holdToolCalls && exchange.candidates().length > 0,
    },
    extraHeaders: passedOn(exchange, leg.planned),
    timeouts: planned.model.timeouts,
  };
}

function legOf(exchange: Exchange, request: CanonicalRequest, planned: PlannedTarget): Leg {
  const { rescue, transcript } = exchange;
  if (rescue === null) return { request, planned, speller: null };
  if (rescue === 'restart') return { request, planned, speller: speller(null, !transcript.reasoning) };
  const { capabilities } = planned.target;
  const continued = continuation(request, transcript.text, capabilities.resumeFields);
  const prepared = prepareFor(continued, planned.target, planned.model.dropParams);
  const seam = new Seam(transcript.text, capabilities.echoesPrefix);
  return { request: continued, planned: { ...planned, prepared }, speller: speller(seam, false) };
}

/** The request with what was shown as the beginning of the answer. */
function continuation(request: CanonicalRequest, shown: string, resumeFields: JsonObject): CanonicalRequest {
  const messages = Array.isArray(request.body['messages']) ? request.body['messages'] : [];
  // Half of a surrogate pair cannot be sent; the other half comes again, and the seam joins them.
  const whole = /[\uD800-\uDBFF]$/.test(shown) ? shown.slice(0, -1) : shown;
  const body: JsonObject = {
    ...request.body,
    ...merged(request.body, resumeFields),
    messages: withAnswerSoFar(messages, whole),
  };
  const said = Math.ceil(estimateTokens(shown));
  for (const field of ['max_tokens', 'max_completion_tokens']) {
    const most = request.body[field];
    if (typeof most === 'number') body[field] = Math.max(ANSWER_TOKENS_LEFT_MIN, most - said);
  }
  const bytes = utf8Encode(JSON.stringify(body));
  // Every dialect is asked through the canonical chat: only there a prefix is said the same way to all.
  return { ...request, body, bytes, native: null, needs: [...request.needs, 'prefix'] };
}

/** The caller may have begun the answer itself: what was shown goes on from there, in one message. */
function withAnswerSoFar(messages: readonly JsonValue[], shown: string): JsonValue[] {
  const last = messages.at(-1);
  const begun = isObject(last) && last['role'] === 'assistant' && typeof last['content'] === 'string' ? last : null;
  const before = begun === null ? messages : messages.slice(0, -1);
  const content = typeof begun?.['content'] === 'string' ? begun['content'] + shown : shown;
  return [...before, { ...begun, role: 'assistant', content, prefix: true }];
}

/** Fields laid over the caller's own; objects (`chat_template_kwargs`) keep what else the caller put into them. */
function merged(body: JsonObject, fields: JsonObject): JsonObject {
  const entries = Object.entries(fields).map(([field, value]) => {
    const own = body[field];
    return [field, isObject(own) && isObject(value) ? { ...own, ...value } : value];
  });
  return Object.fromEntries(entries) as JsonObject;
}

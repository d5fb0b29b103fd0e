// Trouble: what AWS's exceptions mean, by name first and by their words only where one name stands for many things
// (ValidationException is a bad request, a prompt that is too long and an unknown model). Used for error answers and for
// exceptions inside a 200 stream alike.
import { type Fault, type FaultKind, fault } from '../../kernel/fault.ts';
import { isObject, type JsonValue } from '../../kernel/json.ts';
import { classify } from '../openai/trouble.ts';

interface Meaning {
  readonly kind: FaultKind;
  readonly status: number;
}

/** By name in lower case, without `Exception`. Names and statuses: Bedrock's runtime API and AWS's common errors. */
const meanings: ReadonlyMap<string, Meaning> = new Map(
  Object.entries({
    throttling: { kind: 'rateLimited', status: 429 },
    toomanyrequests: { kind: 'rateLimited', status: 429 },
    servicequotaexceeded: { kind: 'rateLimited', status: 400 },
    modelnotready: { kind: 'overloaded', status: 429 },
    serviceunavailable: { kind: 'overloaded', status: 503 },
    internalserver: { kind: 'serverError', status: 500 },
    internalfailure: { kind: 'serverError', status: 500 },
    modelerror: { kind: 'serverError', status: 424 },
    modelstreamerror: { kind: 'inBand', status: 424 },
    modeltimeout: { kind: 'serverError', status: 408 },
    resourcenotfound: { kind: 'unknownModel', status: 404 },
    accessdenied: { kind: 'credential', status: 403 },
    expiredtoken: { kind: 'credential', status: 403 },
    unrecognizedclient: { kind: 'credential', status: 403 },
    invalidsignature: { kind: 'credential', status: 403 },
    signaturedoesnotmatch: { kind: 'credential', status: 403 },
    missingauthenticationtoken: { kind: 'credential', status: 403 },
    incompletesignature: { kind: 'credential', status: 400 },
    invalidclienttokenid: { kind: 'credential', status: 403 },
    notauthorized: { kind: 'credential', status: 400 },
    optinrequired: { kind: 'credential', status: 403 },
    requestexpired: { kind: 'credential', status: 400 },
    validation: { kind: 'badRequest', status: 400 },
    validationerror: { kind: 'badRequest', status: 400 },
  } satisfies Record<string, Meaning>),
);

/** Bedrock's words for a model that is not there, not in this region, or not to be called by this name. */
const MODEL_WORDS =
  /model identifier is invalid|on-demand throughput isn.t supported|doesn.t support (?:the model|on-demand throughput)|model (?:version )?(?:has reached|is at) (?:the )?end of (?:its )?life/i;
const PAYMENT_WORDS = /INVALID_PAYMENT_INSTRUMENT|valid payment instrument/;

/** `com.amazon.coral.service#ThrottlingException`, `ThrottlingException:http://internal…/`: the bare name. */
export function exceptionName(text: JsonValue | undefined): string | null {
  if (typeof text !== 'string') return null;
  const bare = text.split(':', 1)[0]?.split('#').at(-1)?.trim() ?? '';
  return bare === '' ? null : bare;
}

/** The words of an exception's payload; some services write `Message`. */
export function messageOf(value: JsonValue): string {
  if (!isObject(value)) return '';
  const told = [value['message'], value['Message'], value['originalMessage']].find(
    (text) => typeof text === 'string' && text !== '',
  );
  return typeof told === 'string' ? told : '';
}

export interface Exception {
  readonly name: string;
  readonly message: string;
  /** Null: it came inside a 200. */
  readonly status: number | null;
  readonly retryAfterMs: number | null;
}

/** Null: a name that means nothing here. */
export function faultOf({ name, message, status, retryAfterMs }: Exception): Fault | null {
  const meaning = meanings.get(name.toLowerCase().replace(/exception$/, ''));
  if (meaning === undefined) return null;
  return fault(refined(meaning, message), message === '' ? `The upstream failed with ${name}.` : message, {
    quoted: message !== '',
    status: status ?? meaning.status,
    type: name,
    retryAfterMs,
  });
}

function refined({ kind }: Meaning, message: string): FaultKind {
  if (kind === 'credential') return PAYMENT_WORDS.test(message) ? 'exhausted' : kind;
  if (kind !== 'badRequest') return kind;
  if (MODEL_WORDS.test(message)) return 'unknownModel';
  return classify(400, { message, type: null, code: null, param: null, status: null }, null).kind;
}

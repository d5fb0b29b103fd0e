// Scenarios: what a gateway shall make of each way a provider fails. One row per behaviour of the wall; each is asked four
// times: stream and whole, with that target alone and with a healthy one beside it. A gateway may answer whole or admit the
// trouble; it may never hang, show half an answer as a whole one, or show other text than was said.

import { type DialectName, dialectNames } from '../../kernel/dialect-name.ts';
import { isSpokenIn } from '../../wall/behaviour.ts';
import { findBehaviour } from '../../wall/behaviours.ts';
import { type TongueName, tongueNames } from './tongues.ts';

/**
 * `answer`: the whole text, exactly. `error`: trouble that the client can see. `either`: both are honest. `filtered`: what
 * was said before the policy stopped it, with the finish reason that says so.
 */
export type Expectation = 'answer' | 'error' | 'either' | 'filtered';

export interface Scenario {
  /** The wall's model. */
  readonly behaviour: string;
  readonly title: string;
  readonly alone: Expectation;
  readonly withAnother: Expectation;
  /** Sends that the wall may see with another target at hand, both targets together. */
  readonly sendsMax: number;
  /** What the second target does; `healthy` unless said. */
  readonly second: string;
  /** The answer is a tool call. */
  readonly tool: boolean;
  /** It breaks off in the middle of a text: only a target that continues a prefix saves what was streamed. */
  readonly midway: boolean;
}

type Row = readonly [
  behaviour: string,
  title: string,
  alone: Expectation,
  withAnother: Expectation,
  more?: Partial<Scenario>,
];

const rows: readonly Row[] = [
  ['healthy', 'a healthy provider', 'answer', 'answer', { sendsMax: 1 }],
  ['slow-first-token-700', 'a slow first token', 'answer', 'answer', { sendsMax: 1 }],
  ['keep-alive-then-answer', 'keep-alives, then the answer', 'answer', 'answer', { sendsMax: 2 }],
  ['keep-alive-then-empty', 'keep-alives, then an empty body', 'error', 'answer'],
  ['rate-limit-once-seconds', '429 once, Retry-After in seconds', 'answer', 'answer'],
  ['rate-limit-once-date', '429 once, Retry-After as a date', 'answer', 'answer'],
  ['rate-limit-once-ms', '429 once, retry-after-ms', 'answer', 'answer'],
  ['rate-limit-once-reset-header', '429 once, x-ratelimit-reset', 'answer', 'answer'],
  ['rate-limit-for-ever', '429 for ever', 'error', 'answer'],
  ['fail-500-once', '500 once', 'answer', 'answer'],
  ['fail-503-for-ever', '503 for ever', 'error', 'answer'],
  ['no-balance-402', '402, no balance', 'error', 'answer'],
  ['bad-key-401', '401, a bad key', 'error', 'answer'],
  ['forbidden-model-403', '403 for this model', 'error', 'answer'],
  ['html-502', 'an HTML page with 502', 'error', 'answer'],
  ['flat-error', '503 with a flat error body (SGLang)', 'error', 'answer'],
  ['string-error', '429 with a string for an error (TGI)', 'error', 'answer'],
  ['reset-before-head', 'a reset before the head', 'error', 'answer'],
  ['silence', 'silence', 'error', 'answer'],
  ['cut', 'a reset in the middle', 'either', 'answer'],
  ['cut-clean', 'a clean end without finish reason', 'either', 'answer'],
  ['stall', 'content stops, keep-alives go on', 'error', 'answer'],
  ['no-done', 'complete, without [DONE]', 'answer', 'answer', { sendsMax: 1 }],
  ['cut-once', 'a reset in the middle, once', 'either', 'answer'],
  ['giant-event-late', 'an event of 8 MiB, after content', 'either', 'answer'],
  ['flapping-0.5-60', 'down for half a second, then up', 'either', 'answer'],
  ['malformed-event', 'an event that is no JSON', 'either', 'answer'],
  ['giant-event', 'an event of 8 MiB', 'either', 'answer'],
  ['line-endings-cr', 'CR line endings', 'answer', 'answer', { sendsMax: 1 }],
  ['line-endings-crlf', 'CRLF line endings', 'answer', 'answer', { sendsMax: 1 }],
  ['byte-by-byte', 'one byte at a time', 'answer', 'answer', { sendsMax: 1 }],
  ['error-in-band', 'an error inside a 200', 'error', 'answer'],
  ['error-in-band-late', 'an error inside a 200, after content', 'either', 'answer'],
  ['overloaded-in-band', 'an overload told inside a 200', 'error', 'answer'],
  ['overloaded-in-band-late', 'an overload told after content', 'either', 'answer'],
  ['throttled-in-band', 'throttled inside a 200', 'error', 'answer'],
  ['throttled-in-band-late', 'throttled after content', 'either', 'answer'],
  ['overloaded-529', '529, overloaded (Anthropic)', 'error', 'answer'],
  ['overloaded-529-once', '529 once (Anthropic)', 'answer', 'answer'],
  ['model-error-in-band', 'a model error inside a 200 (Bedrock)', 'error', 'answer'],
  ['model-error-in-band-late', 'a model error after content (Bedrock)', 'either', 'answer'],
  ['bad-checksum', 'a frame with a wrong checksum (Bedrock)', 'either', 'answer'],
  ['torn-frame', 'a frame cut in two (Bedrock)', 'either', 'answer'],
  ['response-failed', 'response.failed (Responses)', 'error', 'answer'],
  ['response-failed-late', 'response.failed after content (Responses)', 'either', 'answer'],
  ['no-completed', 'no response.completed (Responses)', 'either', 'answer'],
  ['no-resources', 'insufficient_system_resource', 'error', 'answer'],
  ['no-resources-late', 'insufficient_system_resource, after content', 'either', 'answer'],
  ['empty', 'finished, but nothing said', 'error', 'answer'],
  ['context-too-long', 'context too long', 'error', 'answer'],
  ['content-filter', 'a content policy says no', 'error', 'error', { sendsMax: 1 }],
  ['content-filter-finish', 'a content policy stops the answer', 'filtered', 'filtered', { sendsMax: 1 }],
  ['cut', 'a cut, then a target that repeats the prefix', 'either', 'answer', { second: 'echoes-prefix' }],
  ['cut', 'a cut, then a target that begins again', 'either', 'answer', { second: 'ignores-prefix' }],
  ['cut', 'a cut, then a target that refuses prefixes', 'either', 'either', { second: 'rejects-prefix' }],
  ['tool-call', 'a tool call', 'answer', 'answer', { tool: true, sendsMax: 1, second: 'tool-call' }],
  ['tool-call-cut', 'a tool call cut in its arguments', 'error', 'answer', { tool: true, second: 'tool-call' }],
  ['reasoning', 'reasoning, then the answer', 'answer', 'answer', { sendsMax: 1 }],
  ['reasoning-cut', 'a cut while reasoning', 'error', 'answer'],
  ['reasoning-then-cut', 'a cut after reasoning', 'either', 'answer'],
  ['usage-own-event', 'usage in an event of its own', 'answer', 'answer', { sendsMax: 1 }],
  ['usage-on-finish', 'usage on the finish event', 'answer', 'answer', { sendsMax: 1 }],
  ['usage-everywhere', 'usage on every event', 'answer', 'answer', { sendsMax: 1 }],
  ['usage-none', 'no usage at all', 'answer', 'answer', { sendsMax: 1 }],
];

const midway = new Set([
  'cut',
  'cut-clean',
  'cut-once',
  'stall',
  'giant-event-late',
  'malformed-event',
  'error-in-band-late',
  'overloaded-in-band-late',
  'throttled-in-band-late',
  'model-error-in-band-late',
  'no-resources-late',
  'reasoning-then-cut',
  'response-failed-late',
  'no-completed',
  'bad-checksum',
  'torn-frame',
]);

/** As many as a gateway may try by default. */
const SENDS_MAX = 5;

export const scenarios: readonly Scenario[] = rows.map(([behaviour, title, alone, withAnother, more]) => ({
  behaviour,
  title,
  alone,
  withAnother,
  sendsMax: SENDS_MAX,
  second: 'healthy',
  tool: false,
  midway: midway.has(behaviour),
  ...more,
}));

/** One way to ask: streamed or in one piece, the target alone or with another beside it. */
export interface Form {
  readonly stream: boolean;
  readonly targets: 1 | 2;
}

const forms: readonly Form[] = [
  { stream: true, targets: 1 },
  { stream: false, targets: 1 },
  { stream: true, targets: 2 },
  { stream: false, targets: 2 },
];

/** Who speaks what: the caller's dialect, and the far side's. */
export interface Pair {
  readonly tongue: TongueName;
  readonly far: DialectName;
}

/** Every caller's dialect with every far side's. */
export const pairs: readonly Pair[] = tongueNames.flatMap((tongue) => dialectNames.map((far) => ({ tongue, far })));

export const isPlain = ({ tongue, far }: Pair): boolean => tongue === 'openai' && far === 'openai';

/** A scenario in one form. Each has a model, upstreams and a name of its own, so that none colours the next. */
export interface Case {
  readonly scenario: Scenario;
  readonly form: Form;
  readonly pair: Pair;
  /** The public model that the gateway serves it under. */
  readonly model: string;
  /** Goes before the wall's model names, so that its log tells the cases apart. */
  readonly mark: string;
}

/** Only what the far side's dialect can say. */
export const casesOf = (chosen: readonly Scenario[], pair: Pair = { tongue: 'openai', far: 'openai' }): Case[] =>
  chosen
    .filter(({ behaviour, second }) => [behaviour, second].every((name) => isSaid(name, pair.far)))
    .flatMap((scenario) =>
      forms.map((form) => {
        const kind = form.targets === 1 ? 'alone' : `then-${scenario.second}`;
        const words = isPlain(pair) ? '' : `${pair.tongue}-${pair.far}-`;
        const model = `conduct-${words}${scenario.behaviour}-${kind}-${form.stream ? 'stream' : 'whole'}`;
        return { scenario, form, pair, model, mark: model.replace('conduct-', '') };
      }),
    );

function isSaid(name: string, far: DialectName): boolean {
  const found = findBehaviour(name);
  return found !== null && isSpokenIn(found.behaviour, far);
}

/** Far sides that continue a prefix, as the suite configures them. */
const continues: ReadonlySet<DialectName> = new Set(['openai']);

/** What must come of a case. */
export function expectationOf({ scenario, form, pair }: Case): Expectation {
  if (form.targets === 1) return scenario.alone;
  const isLost = scenario.midway && form.stream && !continues.has(pair.far);
  return isLost && scenario.withAnother === 'answer' ? 'either' : scenario.withAnother;
}

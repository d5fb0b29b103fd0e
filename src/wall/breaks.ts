// Breaks: the answer begins, or seems to, and then goes wrong. Without a stream each has its nearest equivalent.
import type { FaultKind } from '../kernel/fault.ts';
import type { Behaviour, Play } from './behaviour.ts';
import { either, once, onlyIn, remedies } from './behaviour.ts';
import { blankLines, healthy, keepAlives, wholeBody } from './calm.ts';
import { spoiled } from './frames.ts';
import { firstHalf, healthyCall, healthyReasoning, pieces } from './known-text.ts';
import { answer, bytes, head, reset, wait } from './script.ts';
import type { Ending, Part, Script } from './script.ts';
import { Speech } from './speech.ts';
import type { Finish, TroubleKind, Whole } from './tongues/tongue.ts';
import type { Turn } from './turn.ts';

/** How far a stream gets before it goes wrong. */
type Reach = 'nothing' | 'half';

/** Says what comes before the fault, then the rest is the caller's. */
const broken = (reach: Reach, rest: (speech: Speech, turn: Turn) => Script): Play =>
  function* play(turn) {
    const speech = new Speech(turn);
    yield* speech.open();
    if (reach === 'half') yield* speech.text(firstHalf(turn.text));
    return yield* rest(speech, turn);
  };

const restOf = (turn: Turn): string => turn.text.slice(firstHalf(turn.text).length);

/** Half the body of an answer; `length` false: nothing says how much was to come. */
function* halfBody(body: string, length: boolean): Part {
  const content = Buffer.from(body);
  yield head(200, {
    'content-type': 'application/json',
    ...(length ? { 'content-length': String(content.length) } : {}),
  });
  yield bytes(content.subarray(0, Math.floor(content.length / 2)));
}

const halfThenReset = (whole: Whole = {}): Play =>
  function* play(turn) {
    yield* halfBody(wholeBody(turn, whole), true);
    return yield* reset();
  };

function* halfThenEnd(turn: Turn): Script {
  yield* halfBody(wholeBody(turn), false);
  return 'end';
}

function* halfThenHang(turn: Turn): Script {
  yield* halfBody(wholeBody(turn), true);
  return 'hang';
}

const cut: Play = either(
  broken('half', () => reset()),
  halfThenReset(),
);

const KEEP_ALIVE_MS = 500;

function* onlyKeepAlives(speech: Speech): Script {
  for (;;) {
    yield wait(KEEP_ALIVE_MS);
    yield* speech.keepAlive();
  }
}

/** The event breaks off in the middle; the text goes on after it, so whoever skips the event loses a piece unseen. */
function* malformedEvent(speech: Speech, turn: Turn): Script {
  const [lost = '', ...others] = pieces(restOf(turn));
  yield* speech.malformed(lost);
  yield* speech.text(others.join(''));
  return yield* speech.close();
}

const GIANT_BYTES = 8 * 1024 * 1024;
const padding = { padding: 'x'.repeat(GIANT_BYTES) };

/** A gateway without a limit to the size of an event passes the text on whole; both are right. */
const giantEvent = (textOf: (turn: Turn) => string) =>
  function* play(speech: Speech, turn: Turn): Script {
    yield* speech.padded(padding);
    yield* speech.text(textOf(turn));
    return yield* speech.close();
  };

/** An error in the stream's own words; without a stream its body, with the status of a success. */
const troubled = (kind: TroubleKind, reach: Reach): Play =>
  either(
    broken(reach, function* rest(speech) {
      yield* speech.trouble(kind);
      return 'end';
    }),
    ({ tongue }) => answer(200, tongue.refusal(kind).body),
  );

/** The answer says of itself that it failed. */
const failed = (reach: Reach): Play =>
  either(
    broken(reach, function* rest(speech) {
      yield* speech.fail('inBand');
      return 'end';
    }),
    (turn) => answer(200, turn.tongue.failed(turn, 'inBand')),
  );

const endsWith =
  (reason: Finish) =>
  (speech: Speech): Script =>
    speech.close(reason);

const wholeEnding =
  (reason: Finish, reach: Reach): Play =>
  (turn) =>
    answer(200, wholeBody(turn, { text: reach === 'half' ? firstHalf(turn.text) : '', finish: reason }));

function* keepAliveThenEnd(turn: Turn): Script {
  const speech = new Speech(turn);
  yield* speech.head();
  yield* keepAlives(() => speech.keepAlive());
  return 'end';
}

function* blankLinesThenEnd(): Script {
  yield* blankLines();
  return 'end';
}

function* reasoningCut(speech: Speech): Script {
  yield* speech.thoughts(firstHalf(healthyReasoning));
  return yield* reset();
}

function* reasoningThenCut(speech: Speech, turn: Turn): Script {
  // A continued answer has been thought through already.
  if (turn.asked.prefix === null) yield* speech.thoughts(healthyReasoning);
  yield* speech.text(firstHalf(turn.text));
  return yield* reset();
}

function* callCut(speech: Speech): Script {
  yield* speech.call(firstHalf(healthyCall.arguments));
  return yield* reset();
}

/** All of the text and the end of its item, but not of the answer. */
function* noCompleted(speech: Speech, turn: Turn): Script {
  yield* speech.text(restOf(turn));
  yield* speech.settle();
  return 'end';
}

function* badChecksum(speech: Speech, turn: Turn): Script {
  const [lost = '', ...others] = pieces(restOf(turn));
  yield bytes(spoiled(yield* speech.bytesOf(lost)));
  yield* speech.text(others.join(''));
  return yield* speech.close();
}

function* tornFrame(speech: Speech, turn: Turn): Script {
  const frame = yield* speech.bytesOf(restOf(turn));
  yield bytes(frame.subarray(0, Math.floor(frame.length / 2)));
  return 'end';
}

// oxlint-disable-next-line require-yield -- a script without a step: it only ends
function* nothingMore(ending: Ending): Script {
  return ending;
}

const headless =
  (ending: Ending): Play =>
  () =>
    nothingMore(ending);

const breaks = (name: string, title: string, fault: FaultKind, spillway: string, play: Play): Behaviour => ({
  name,
  title,
  fault,
  spillway,
  play,
});

const { elsewhere, otherOnly, resumes, restarts } = remedies;

/** The same trouble before anything was said, and in the middle of the text. */
const inBand = (name: string, title: string, fault: FaultKind, kind: TroubleKind): Behaviour[] => [
  breaks(name, `status 200, then ${title}`, fault, elsewhere, troubled(kind, 'nothing')),
  breaks(`${name}-late`, `${title} in the middle of the text`, fault, resumes, troubled(kind, 'half')),
];

const silences: readonly Behaviour[] = [
  breaks('reset-before-head', 'resets the connection before any head', 'reset', elsewhere, headless('reset')),
  breaks('silence', 'takes the request and never says anything', 'silent', otherOnly, headless('hang')),
  breaks(
    'keep-alive-then-empty',
    'keep-alives for 0.5 s, then ends without an answer',
    'empty',
    elsewhere,
    either(keepAliveThenEnd, blankLinesThenEnd),
  ),
  breaks(
    'empty',
    'finishes properly, but says nothing',
    'empty',
    elsewhere,
    either(broken('nothing', endsWith('stop')), wholeEnding('stop', 'nothing')),
  ),
];

const cuts: readonly Behaviour[] = [
  breaks('cut', 'resets the connection in the middle of the text', 'cut', resumes, cut),
  breaks(
    'cut-clean',
    'ends cleanly in the middle of the text, without finish reason or end mark',
    'cut',
    resumes,
    either(
      broken('half', () => nothingMore('end')),
      halfThenEnd,
    ),
  ),
  breaks('cut-once', 'as `cut`, once; then good answers', 'cut', resumes, once(cut, healthy)),
  breaks(
    'stall',
    'stops in the middle of the text; keep-alives go on (without a stream: nothing more)',
    'stalled',
    resumes,
    either(broken('half', onlyKeepAlives), halfThenHang),
  ),
  {
    name: 'no-done',
    title: 'the whole text and a finish reason, but not what comes last: `[DONE]`, `message_stop`, metadata',
    dialects: ['openai', 'anthropic', 'converse'],
    fault: null,
    spillway: 'takes it for complete and adds what is missing',
    play: either(
      broken('half', function* rest(speech, turn) {
        yield* speech.text(restOf(turn));
        yield* speech.finish('stop');
        return 'end';
      }),
      healthy,
    ),
  },
  breaks(
    'reasoning-cut',
    'resets the connection while it thinks',
    'cut',
    restarts,
    either(broken('nothing', reasoningCut), halfThenReset({ thinks: true })),
  ),
  breaks(
    'reasoning-then-cut',
    'thinks to the end, then resets the connection in the middle of the text',
    'cut',
    resumes,
    either(broken('nothing', reasoningThenCut), halfThenReset({ thinks: true })),
  ),
  breaks(
    'tool-call-cut',
    "resets the connection in the middle of a tool call's arguments",
    'cut',
    restarts,
    either(broken('nothing', callCut), halfThenReset({ calls: true })),
  ),
];

const wrongs: readonly Behaviour[] = [
  breaks(
    'malformed-event',
    'an event in the middle is no JSON; the text goes on after it',
    'malformed',
    resumes,
    either(broken('half', malformedEvent), (turn) => answer(200, wholeBody(turn).slice(0, -8))),
  ),
  breaks(
    'giant-event',
    'the first event has 8 MiB (without a stream: the body)',
    'malformed',
    `${elsewhere}; a body may be that large and is passed on`,
    either(
      broken(
        'nothing',
        giantEvent((turn) => turn.text),
      ),
      (turn) => answer(200, wholeBody(turn, { more: padding })),
    ),
  ),
  breaks(
    'giant-event-late',
    'an event in the middle has 8 MiB (without a stream: the body)',
    'malformed',
    `${resumes}; a body may be that large and is passed on`,
    either(broken('half', giantEvent(restOf)), (turn) => answer(200, wholeBody(turn, { more: padding }))),
  ),
  ...inBand('error-in-band', 'an error', 'inBand', 'inBand'),
  ...inBand('overloaded-in-band', 'an error that says overloaded', 'overloaded', 'overloaded'),
  ...inBand('throttled-in-band', 'an error that says too many requests', 'rateLimited', 'rateLimit'),
  ...onlyIn(
    ['openai'],
    [
      breaks(
        'no-resources',
        'finishes with `insufficient_system_resource`, having said nothing',
        'overloaded',
        elsewhere,
        either(
          broken('nothing', endsWith('insufficient_system_resource')),
          wholeEnding('insufficient_system_resource', 'nothing'),
        ),
      ),
      breaks(
        'no-resources-late',
        'finishes with `insufficient_system_resource` in the middle of the text',
        'overloaded',
        resumes,
        either(
          broken('half', endsWith('insufficient_system_resource')),
          wholeEnding('insufficient_system_resource', 'half'),
        ),
      ),
    ],
  ),
  {
    name: 'content-filter-finish',
    title: 'finishes with `content_filter` in the middle of the text',
    fault: null,
    spillway: remedies.none,
    play: either(broken('half', endsWith('content_filter')), wholeEnding('content_filter', 'half')),
  },
];

const ofConverse = onlyIn(
  ['converse'],
  [
    ...inBand('model-error-in-band', 'a modelStreamErrorException', 'serverError', 'modelError'),
    breaks(
      'bad-checksum',
      'a frame in the middle has a checksum that does not fit; the text goes on after it (without a stream: as `cut`)',
      'malformed',
      resumes,
      either(broken('half', badChecksum), halfThenReset()),
    ),
    breaks(
      'torn-frame',
      'ends cleanly in the middle of a frame (without a stream: of the body)',
      'cut',
      resumes,
      either(broken('half', tornFrame), halfThenEnd),
    ),
  ],
);

const ofResponses = onlyIn(
  ['responses'],
  [
    breaks('response-failed', '`response.failed`, having said nothing', 'inBand', elsewhere, failed('nothing')),
    breaks('response-failed-late', '`response.failed` in the middle of the text', 'inBand', resumes, failed('half')),
    breaks(
      'no-completed',
      'the whole text, but no `response.completed` (without a stream: a good answer)',
      'cut',
      resumes,
      either(broken('half', noCompleted), healthy),
    ),
  ],
);

export const breakBehaviours: readonly Behaviour[] = [...silences, ...cuts, ...wrongs, ...ofConverse, ...ofResponses];

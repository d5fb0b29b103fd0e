// Breaks: the answer begins, or seems to, and then goes wrong. Without a stream each has its nearest equivalent.
import type { FaultKind } from '../kernel/fault.ts';
import type { Behaviour, Play } from './behaviour.ts';
import { either, once, remedies } from './behaviour.ts';
import { callPieces, healthy, keptAlive, wholeCall } from './calm.ts';
import { firstHalf, healthyCall, healthyReasoning, pieces } from './known-text.ts';
import { errorBody } from './refusals.ts';
import { answer, bytes, head, reset, wait } from './script.ts';
import type { Ending, Part, Script } from './script.ts';
import { Speech, wholeBody } from './speech.ts';
import type { Turn } from './turn.ts';

/** How far a stream gets before it goes wrong. */
type Reach = 'nothing' | 'half';

/** Says what comes before the fault, then the rest is the caller's. */
const broken = (reach: Reach, rest: (speech: Speech, turn: Turn) => Script): Play =>
  function* play(turn) {
    const speech = new Speech(turn);
    yield* speech.open();
    if (reach === 'half') yield* speech.say(firstHalf(turn.text));
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

const halfThenReset = (bodyOf: (turn: Turn) => string): Play =>
  function* play(turn) {
    yield* halfBody(bodyOf(turn), true);
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
  halfThenReset((turn) => wholeBody(turn)),
);

const KEEP_ALIVE_MS = 500;

function* onlyComments(speech: Speech): Script {
  for (;;) {
    yield wait(KEEP_ALIVE_MS);
    yield* speech.comment();
  }
}

/** The event breaks off in the middle; the text goes on after it, so whoever skips the event loses a piece unseen. */
function* malformedEvent(speech: Speech, turn: Turn): Script {
  const [lost = '', ...others] = pieces(restOf(turn));
  const event = speech.event({ content: lost });
  yield* speech.data(event.slice(0, Math.floor(event.length / 2)));
  yield* speech.say(others.join(''));
  return yield* speech.close();
}

const GIANT_BYTES = 8 * 1024 * 1024;
const padding = { padding: 'x'.repeat(GIANT_BYTES) };

/** A gateway without a limit to the size of an event passes the text on whole; both are right. */
const giantEvent = (textOf: (turn: Turn) => string) =>
  function* play(speech: Speech, turn: Turn): Script {
    yield* speech.delta({ content: '' }, null, padding);
    yield* speech.say(textOf(turn));
    return yield* speech.close();
  };

const trouble = errorBody('The server is busy, please try again later.', 'server_error', null);

function* errorEvent(speech: Speech): Script {
  yield* speech.data(trouble);
  return 'end';
}

const endsWith =
  (reason: string) =>
  (speech: Speech): Script =>
    speech.close(reason);

const wholeEnding =
  (reason: string, reach: Reach): Play =>
  (turn) =>
    answer(200, wholeBody(turn, { content: reach === 'half' ? firstHalf(turn.text) : '', finish: reason }));

function* keepAliveThenEmpty(turn: Turn): Script {
  yield* keptAlive(turn, new Speech(turn));
  return 'end';
}

function* reasoningCut(speech: Speech): Script {
  yield* speech.say(firstHalf(healthyReasoning), 'reasoning_content');
  return yield* reset();
}

function* reasoningThenCut(speech: Speech, turn: Turn): Script {
  // A continued answer has been thought through already.
  if (turn.asked.prefix === null) yield* speech.say(healthyReasoning, 'reasoning_content');
  yield* speech.say(firstHalf(turn.text));
  return yield* reset();
}

const reasoned = (turn: Turn): string => wholeBody(turn, { message: { reasoning_content: healthyReasoning } });

function* callCut(speech: Speech): Script {
  yield* callPieces(speech, pieces(firstHalf(healthyCall.arguments)));
  return yield* reset();
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

const silences: readonly Behaviour[] = [
  breaks('reset-before-head', 'resets the connection before any head', 'reset', elsewhere, headless('reset')),
  breaks('silence', 'takes the request and never says anything', 'silent', otherOnly, headless('hang')),
  breaks(
    'keep-alive-then-empty',
    'keep-alives for 0.5 s, then ends without an answer',
    'empty',
    elsewhere,
    keepAliveThenEmpty,
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
    'ends cleanly in the middle of the text, without finish reason or `[DONE]`',
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
    either(broken('half', onlyComments), halfThenHang),
  ),
  {
    name: 'no-done',
    title: 'the whole text and a finish reason, but no `[DONE]`',
    fault: null,
    spillway: 'takes it for complete and adds `[DONE]`',
    play: either(
      broken('half', function* rest(speech, turn) {
        yield* speech.say(restOf(turn));
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
    either(broken('nothing', reasoningCut), halfThenReset(reasoned)),
  ),
  breaks(
    'reasoning-then-cut',
    'thinks to the end, then resets the connection in the middle of the text',
    'cut',
    resumes,
    either(broken('nothing', reasoningThenCut), halfThenReset(reasoned)),
  ),
  breaks(
    'tool-call-cut',
    "resets the connection in the middle of a tool call's arguments",
    'cut',
    restarts,
    either(broken('nothing', callCut), halfThenReset(wholeCall)),
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
  breaks(
    'error-in-band',
    'status 200, then an error',
    'inBand',
    elsewhere,
    either(broken('nothing', errorEvent), () => answer(200, trouble)),
  ),
  breaks(
    'error-in-band-late',
    'an error in the middle of the text',
    'inBand',
    resumes,
    either(broken('half', errorEvent), () => answer(200, trouble)),
  ),
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
  {
    name: 'content-filter-finish',
    title: 'finishes with `content_filter` in the middle of the text',
    fault: null,
    spillway: remedies.none,
    play: either(broken('half', endsWith('content_filter')), wholeEnding('content_filter', 'half')),
  },
];

export const breakBehaviours: readonly Behaviour[] = [...silences, ...cuts, ...wrongs];

// Calm behaviours: nothing is wrong in the end, but the way there differs from what gateways expect.
import { either, onlyIn, remedies } from './behaviour.ts';
import type { Behaviour, Play } from './behaviour.ts';
import { healthyCall, healthyReasoning } from './known-text.ts';
import { answer, bytes, head, wait } from './script.ts';
import type { Part, Script } from './script.ts';
import type { Manner } from './speech.ts';
import { Speech } from './speech.ts';
import type { Whole } from './tongues/tongue.ts';
import type { Turn } from './turn.ts';

function* streamed(turn: Turn, manner: Manner = {}): Script {
  const speech = new Speech(turn, manner);
  yield* speech.open();
  yield* speech.text(turn.text);
  return yield* speech.close();
}

/** The body of an answer that is not streamed. */
export const wholeBody = (turn: Turn, whole: Whole = {}): string => JSON.stringify(turn.tongue.whole(turn, whole));

const whole: Play = (turn) => answer(200, wholeBody(turn));

export const healthy: Play = either((turn) => streamed(turn), whole);

const mannered = (manner: Manner): Play => either((turn) => streamed(turn, manner), whole);

const SLOW_MS = 3_000;

function* slow(turn: Turn): Script {
  const ms = turn.numbers[0] ?? SLOW_MS;
  if (!turn.asked.stream) {
    yield wait(ms);
    return yield* whole(turn);
  }
  const speech = new Speech(turn);
  yield* speech.open();
  yield wait(ms);
  yield* speech.text(turn.text);
  return yield* speech.close();
}

const KEEP_ALIVES = 5;
const KEEP_ALIVE_MS = 100;

/** What DeepSeek sends while a request waits for its turn. The status is out before anybody knows how it ends. */
export function* keepAlives(keepAlive: () => Part): Part {
  for (let count = 0; count < KEEP_ALIVES; count++) {
    yield* keepAlive();
    yield wait(KEEP_ALIVE_MS);
  }
}

/** The same without a stream: blank lines before the body. */
export function* blankLines(): Part {
  yield head(200, { 'content-type': 'application/json' });
  yield* keepAlives(function* blankLine() {
    yield bytes('\n');
  });
}

function* keepAliveThenText(turn: Turn): Script {
  const speech = new Speech(turn);
  yield* speech.open(() => keepAlives(() => speech.keepAlive()));
  yield* speech.text(turn.text);
  return yield* speech.close();
}

function* keepAliveThenBody(turn: Turn): Script {
  yield* blankLines();
  yield bytes(wholeBody(turn));
  return 'end';
}

function* streamedReasoning(turn: Turn): Script {
  const speech = new Speech(turn);
  yield* speech.open();
  if (turn.text.length > 0) yield* speech.thoughts(healthyReasoning);
  yield* speech.text(turn.text);
  return yield* speech.close();
}

const wholeReasoning: Play = (turn) => answer(200, wholeBody(turn, { thinks: true }));

function* streamedCall(turn: Turn): Script {
  const speech = new Speech(turn);
  yield* speech.open();
  yield* speech.call(healthyCall.arguments);
  return yield* speech.close('tool_calls');
}

const calm = (name: string, title: string, play: Play, spillway: string = remedies.none): Behaviour => ({
  name,
  title,
  fault: null,
  spillway,
  play,
});

const oneBlock = 'passes on one usage block, where the client asked for one, and bills by it';

export const calmBehaviours: readonly Behaviour[] = [
  calm('healthy', 'a good answer: the known text', healthy),
  {
    ...calm('slow-first-token', 'silent for 3 s, then a good answer', slow, remedies.waits),
    fault: 'silent',
    spillway:
      'waits `timeouts.firstTokenMs`; after that asks another target, as long as one has room, and never this one again',
  },
  {
    ...calm('slow-first-token-<ms>', 'silent for that many milliseconds, then a good answer', slow),
    example: 'slow-first-token-500',
    fault: 'silent',
    spillway: 'the same',
  },
  calm(
    'keep-alive-then-answer',
    'keep-alives (blank lines without a stream) for 0.5 s, then a good answer',
    either(keepAliveThenText, keepAliveThenBody),
    'counts keep-alives as life, not as progress, and passes on the answer',
  ),
  ...onlyIn(
    ['openai', 'anthropic', 'responses'],
    [
      calm('line-endings-cr', 'events end with CR CR', mannered({ lineEnd: '\r' })),
      calm('line-endings-crlf', 'events end with CR LF CR LF', mannered({ lineEnd: '\r\n' })),
    ],
  ),
  calm('byte-by-byte', 'every byte comes alone', mannered({ byteByByte: true })),
  calm('reasoning', 'thinks aloud, then a good answer', either(streamedReasoning, wholeReasoning)),
  calm(
    'tool-call',
    'a good tool call',
    either(streamedCall, (turn) => answer(200, wholeBody(turn, { calls: true }))),
  ),
  ...onlyIn(
    ['openai'],
    [
      calm(
        'usage-on-finish',
        'usage stands in the event with the finish reason',
        mannered({ usage: 'finish' }),
        oneBlock,
      ),
      calm(
        'usage-own-event',
        'usage comes in its own event, asked for or not',
        mannered({ usage: 'ownEvent' }),
        oneBlock,
      ),
      calm('usage-everywhere', 'every event has running usage', mannered({ usage: 'everywhere' }), oneBlock),
    ],
  ),
  calm(
    'usage-none',
    'usage is never said',
    either(
      (turn) => streamed(turn, { usage: 'none' }),
      (turn) => answer(200, wholeBody(turn, { usage: false })),
    ),
    'counts what was delivered and bills by that, marked as an estimate',
  ),
  {
    ...calm('echoes-prefix', 'repeats the prefix, then continues', healthy),
    prefix: 'echoes',
    spillway: 'drops the repetition',
  },
  {
    ...calm('ignores-prefix', 'begins again, whatever the prefix', healthy),
    prefix: 'ignores',
    spillway: 'drops what was said already, where it is the same',
  },
];

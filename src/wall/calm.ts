// Calm behaviours: nothing is wrong in the end, but the way there differs from what gateways expect.
import { either } from './behaviour.ts';
import type { Behaviour, Play } from './behaviour.ts';
import { remedies } from './behaviour.ts';
import { healthyCall, healthyReasoning, pieces } from './known-text.ts';
import { answer, bytes, head, wait } from './script.ts';
import type { Part, Script } from './script.ts';
import type { Manner } from './speech.ts';
import { Speech, wholeBody } from './speech.ts';
import type { Turn } from './turn.ts';

function* streamed(turn: Turn, manner: Manner = {}): Script {
  const speech = new Speech(turn, manner);
  yield* speech.open();
  yield* speech.say(turn.text);
  return yield* speech.close();
}

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
  yield* speech.say(turn.text);
  return yield* speech.close();
}

const KEEP_ALIVES = 5;
const KEEP_ALIVE_MS = 100;

/** What DeepSeek sends while a request waits for its turn. The status is out before anybody knows how it ends. */
export function* keptAlive(turn: Turn, speech: Speech): Part {
  if (turn.asked.stream) yield* speech.head();
  else yield head(200, { 'content-type': 'application/json' });
  for (let count = 0; count < KEEP_ALIVES; count++) {
    if (turn.asked.stream) yield* speech.comment();
    else yield bytes('\n');
    yield wait(KEEP_ALIVE_MS);
  }
}

function* keepAliveThenAnswer(turn: Turn): Script {
  const speech = new Speech(turn);
  yield* keptAlive(turn, speech);
  if (!turn.asked.stream) {
    yield bytes(wholeBody(turn));
    return 'end';
  }
  yield* speech.delta({ role: 'assistant', content: '' });
  yield* speech.say(turn.text);
  return yield* speech.close();
}

function* streamedReasoning(turn: Turn): Script {
  const speech = new Speech(turn);
  yield* speech.open();
  if (turn.text.length > 0) yield* speech.say(healthyReasoning, 'reasoning_content');
  yield* speech.say(turn.text);
  return yield* speech.close();
}

const wholeReasoning: Play = (turn) =>
  answer(200, wholeBody(turn, { message: { reasoning_content: healthyReasoning } }));

/** The pieces of the arguments, after the event that names the call. */
export function* callPieces(speech: Speech, parts: readonly string[]): Part {
  const call = { index: 0, id: 'call_wall', type: 'function', function: { name: healthyCall.name, arguments: '' } };
  yield* speech.piece({ tool_calls: [call] });
  for (const part of parts) yield* speech.piece({ tool_calls: [{ index: 0, function: { arguments: part } }] });
}

function* streamedCall(turn: Turn): Script {
  const speech = new Speech(turn);
  yield* speech.open();
  yield* callPieces(speech, pieces(healthyCall.arguments));
  return yield* speech.close('tool_calls');
}

export const wholeCall = (turn: Turn): string =>
  wholeBody(turn, {
    content: null,
    finish: 'tool_calls',
    message: { tool_calls: [{ id: 'call_wall', type: 'function', function: healthyCall }] },
  });

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
    'comments (blank lines without a stream) for 0.5 s, then a good answer',
    keepAliveThenAnswer,
    'counts keep-alives as life, not as progress, and passes on the answer',
  ),
  calm('line-endings-cr', 'events end with CR CR', mannered({ lineEnd: '\r' })),
  calm('line-endings-crlf', 'events end with CR LF CR LF', mannered({ lineEnd: '\r\n' })),
  calm('byte-by-byte', 'every byte comes alone', mannered({ byteByByte: true })),
  calm('reasoning', 'thinks in `reasoning_content`, then a good answer', either(streamedReasoning, wholeReasoning)),
  calm(
    'tool-call',
    'a good tool call',
    either(streamedCall, (turn) => answer(200, wholeCall(turn))),
  ),
  calm('usage-on-finish', 'usage stands in the event with the finish reason', mannered({ usage: 'finish' }), oneBlock),
  calm('usage-own-event', 'usage comes in its own event, asked for or not', mannered({ usage: 'ownEvent' }), oneBlock),
  calm('usage-everywhere', 'every event has running usage', mannered({ usage: 'everywhere' }), oneBlock),
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

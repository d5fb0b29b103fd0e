// Attentive: says back, as JSON, what it understood of the request. So a client's round trip proves that the system prompt,
// tools, results, images and formats arrive in the far side's own form. Given a tool and no result yet, it calls it first.
import type { Behaviour, Play } from './behaviour.ts';
import { either, remedies } from './behaviour.ts';
import { wholeBody } from './calm.ts';
import type { Understood } from './ears/ear.ts';
import { ears } from './ears/ears.ts';
import { healthyCall } from './known-text.ts';
import { answer } from './script.ts';
import type { Script } from './script.ts';
import { Speech } from './speech.ts';
import type { Turn } from './turn.ts';

const understoodBy = ({ tongue, asked }: Turn): Understood => ears[tongue.name](asked.body);

const wantsCall = ({ toolNames, toolResults }: Understood): boolean => toolNames.length > 0 && toolResults.length === 0;

function* streamed(turn: Turn): Script {
  const understood = understoodBy(turn);
  const speech = new Speech(turn);
  yield* speech.open();
  if (wantsCall(understood)) {
    yield* speech.call(healthyCall.arguments);
    return yield* speech.close('tool_calls');
  }
  yield* speech.text(JSON.stringify(understood));
  return yield* speech.close();
}

const whole: Play = (turn) => {
  const understood = understoodBy(turn);
  const said = wantsCall(understood) ? { calls: true } : { text: JSON.stringify(understood) };
  return answer(200, wholeBody(turn, said));
};

export const attentiveBehaviours: readonly Behaviour[] = [
  {
    name: 'attentive',
    title: 'says back, as JSON, what it understood of the request; with tools, it calls one first',
    fault: null,
    spillway: remedies.none,
    play: either(streamed, whole),
  },
];

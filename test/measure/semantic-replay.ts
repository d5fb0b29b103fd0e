// What the semantic cache gives, and how often it is wrong: made-up traffic of paraphrases through the whole gateway in virtual
// time. What is asked is an intent about a thing; each intent can be put in eight ways, and there are others that sound alike;
// things are lower-case words, names and numbers. An answer is right where it is the intent's about the thing.
//   node test/measure/semantic-replay.ts [requests, 30,000]
//
// exact, similar: of all requests, those that were given their own kept answer, or a similar question's. wrong: of the latter,
// those whose answer was another's. compared: answers compared, and of those that would have been given, the wrong ones as the
// gateway saw them. given from: the first request that could have been given a similar question's answer.
import { defaultSemantic } from '../../src/adapters/config/defaults.ts';
import { MemoryVectors } from '../../src/memory/memory-vectors.ts';
import type { SemanticConfig } from '../../src/ports/config.ts';
import { seededChance } from '../support/chance.ts';
import { type Client, completion, config, keeping, model, Rig, target, upstream } from '../support/rig.ts';

const REQUESTS = Number(process.argv[2] ?? 30_000);
const STEP_MS = 100;
const MIB = 1024 * 1024;
const DIMENSIONS = 64;

/** Of each the first four are one intent in nearly the same words, the next four in others. */
const intents: readonly (readonly string[])[] = [
  [
    'How do I reset my {}?',
    'How can I reset my {}?',
    'how do i reset the {}, please',
    'Please tell me how to reset my {}',
    'What are the steps to reset a {}?',
    'My {} needs a reset, what do I do?',
    'Resetting the {}: how?',
    'reset {}',
  ],
  [
    'How do I restart my {}?',
    'How can I restart my {}?',
    'how do i restart the {}, please',
    'Please tell me how to restart my {}',
    'What are the steps to restart a {}?',
    'My {} needs a restart, what do I do?',
    'Restarting the {}: how?',
    'restart {}',
  ],
  [
    'How long is the warranty of the {}?',
    'how long is the warranty of my {}',
    'Tell me how long the warranty of the {} is',
    'How long is the warranty of the {}, please?',
    'For how long does the warranty cover the {}?',
    'warranty period of the {}',
    'Until when is my {} under warranty?',
    'How many years of warranty does the {} have?',
  ],
  [
    'Can I return the {} after opening the box?',
    'can I return a {} after opening the box',
    'Can I return my {} after opening the box, please?',
    'May I return the {} after opening the box?',
    'Is an opened {} returnable?',
    'I opened the box of the {}: may I send it back?',
    'return of an opened {}',
    'Do you take back a {} that was opened?',
  ],
  [
    'Can I return the {} before opening the box?',
    'can I return a {} before opening the box',
    'Can I return my {} before opening the box, please?',
    'May I return the {} before opening the box?',
    'Is an unopened {} returnable?',
    'The box of the {} is closed: may I send it back?',
    'return of a {} that is unopened',
    'Do you take back a {} as it came?',
  ],
  [
    'What is the price of the {}?',
    "what's the price of the {}",
    'Tell me the price of the {}',
    'Please tell me the price of a {}',
    'How much does the {} cost?',
    'cost of the {}',
    'What do I have to pay for a {}?',
    'Is the {} expensive?',
  ],
];
const things: readonly string[] = [
  ...'router printer scanner camera laptop monitor keyboard doorbell thermostat dishwasher freezer toaster projector speaker tablet'.split(
    ' ',
  ),
  ...'Aurora 7,Aurora 9,Borealis,Borealis Mini,Cirrus 100,Cirrus 200,Delta,Delta Pro'.split(','),
  ...'garden hose,garden chair,garden table,office chair,office table,washing machine,sewing machine'.split(','),
];

interface Question {
  readonly text: string;
  /** What it is about: the truth. */
  readonly truth: string;
  readonly intent: number;
  readonly thing: number;
}

interface Scenario {
  readonly name: string;
  readonly semantic?: Partial<SemanticConfig>;
  /** Ways of putting it that are used. */
  readonly ways: number;
  /** Share of answers that say the same in other words. */
  readonly reworded: number;
  /** From here on, in shares of all requests, every answer is another one. */
  readonly changesAt?: number;
  readonly vectorOf?: (question: Question, chance: () => number) => number[];
}

const scenarios: readonly Scenario[] = [
  { name: 'lexical, nearly the same words', ways: 4, reworded: 0 },
  { name: 'lexical, all ways of putting it', ways: 8, reworded: 0 },
  { name: 'lexical, 2 % of answers reworded', ways: 4, reworded: 0.02 },
  { name: 'lexical, 0.4 % of answers reworded', ways: 4, reworded: 0.004 },
  { name: 'lexical, δ = 5 %, 1 % reworded', ways: 4, reworded: 0.01, semantic: { errorPercent: 5 } },
  { name: 'lexical, the world changes halfway', ways: 4, reworded: 0, changesAt: 0.5 },
  { name: 'a model that knows meanings', ways: 8, reworded: 0, vectorOf: (asked, chance) => meaning(asked, 1, chance) },
  {
    name: 'a model that confuses things',
    ways: 8,
    reworded: 0,
    vectorOf: (asked, chance) => meaning(asked, 0.05, chance),
  },
  {
    name: 'a model to which all is one',
    ways: 8,
    reworded: 0,
    vectorOf: () => Array.from({ length: DIMENSIONS }, () => 1),
  },
];

/** One direction for the intent, one for the thing, and some noise. */
function meaning({ intent, thing }: Question, ofThing: number, chance: () => number): number[] {
  const vector = Array.from({ length: DIMENSIONS }, () => (chance() - 0.5) * 0.05);
  vector[intent] = (vector[intent] ?? 0) + 1;
  vector[10 + thing] = (vector[10 + thing] ?? 0) + ofThing;
  return vector;
}

function replay(scenario: Scenario): void {
  const { ways, reworded, changesAt = Infinity, vectorOf } = scenario;
  const chance = seededChance(5);
  const draw = (): number => chance.draw();
  const semantic = { ...defaultSemantic, ...scenario.semantic, ...(vectorOf && { model: 'embedder' }) };
  const rig = new Rig(
    config({
      upstreams: { a: upstream({ baseUrl: 'http://a.test/v1' }), e: upstream({ baseUrl: 'http://e.test/v1' }) },
      models: {
        m: model([target('a')], { cache: keeping({ ttlSeconds: 600, semantic }) }),
        embedder: model([target('e')]),
      },
    }),
    { vectors: new MemoryVectors({ vectorsMax: 20_000, bytesMax: 64 * MIB }) },
  );
  let [exact, similar, wrong, from] = [0, 0, 0, -1];
  for (let at = 0; at < REQUESTS; at++) {
    rig.time.advance(STEP_MS);
    // No stamp of the time in the text: what repeats word for word is an exact hit.
    const asked = pick(ways, draw);
    const isNewWorld = at / REQUESTS >= changesAt;
    const answer = isNewWorld ? `${asked.text} is answered by number ${at}.` : answerTo(asked.truth, draw() < reworded);
    const client = ask(rig, asked, answer, vectorOf === undefined ? null : vectorOf(asked, draw));
    const label = client.headers['x-spillway-cache'];
    if (label === 'hit') exact++;
    if (label === 'semantic') {
      similar++;
      if (isNewWorld || !client.text.includes(asked.truth)) wrong++;
      if (from < 0) from = at;
    }
  }
  tell(scenario.name, rig, { exact, similar, wrong, from });
}

function pick(ways: number, draw: () => number): Question {
  // Things by popularity; intents and ways as they come.
  const thing = Math.min(things.length - 1, Math.floor(things.length ** draw()) - 1);
  const intent = Math.floor(draw() * intents.length);
  // Callers write what they want in front: few ask in the very same words.
  const greeting = ['', 'Hi, ', 'Hello. ', 'Hey, '][Math.floor(draw() * 4)] ?? '';
  const ending = ['', ' Thanks!', ' Thank you.'][Math.floor(draw() * 3)] ?? '';
  const wording = intents[intent]?.[Math.floor(draw() * ways)] ?? '';
  const text = `${greeting}${wording.replace('{}', things[thing] ?? '')}${ending}`;
  return { text, truth: `<${intent} ${things[thing] ?? ''}>`, intent, thing };
}

const answerTo = (truth: string, isReworded: boolean): string =>
  isReworded
    ? `Certainly! What you are after can be found under the heading ${truth} in our handbook.`
    : `Please see the section ${truth} of the manual that came in the box.`;

function ask(rig: Rig, { text }: Question, answer: string, vector: number[] | null): Client {
  let sends = rig.sends.length;
  const client = rig.chat({ temperature: 0, messages: [{ role: 'user', content: text }] });
  if (vector !== null && rig.sends.length > sends && rig.last.host === 'e') {
    sends = rig.sends.length;
    rig.last.answer(200, { object: 'list', data: [{ object: 'embedding', index: 0, embedding: vector }], model: 'e' });
  }
  if (rig.sends.length > sends || (rig.last.host === 'a' && client.status === null))
    rig.last.answer(200, completion(answer));
  return client;
}

interface Counted {
  readonly exact: number;
  readonly similar: number;
  readonly wrong: number;
  readonly from: number;
}

const share = (count: number, of: number): string => (of === 0 ? '–' : `${((100 * count) / of).toFixed(2)} %`);

function tell(name: string, rig: Rig, { exact, similar, wrong, from }: Counted): void {
  const compared = rig.facts.flatMap((fact) => (fact.kind === 'comparison' ? [fact] : []));
  const would = compared.filter(({ wouldBeGiven }) => wouldBeGiven);
  const states = rig.facts.flatMap((fact) => (fact.kind === 'semantic' ? [fact.state] : []));
  process.stdout.write(
    `${name.padEnd(36)} exact ${share(exact, REQUESTS)}  similar ${share(similar, REQUESTS)}  wrong ${wrong} (${share(wrong, similar)})  ` +
      `compared ${compared.length} (${would.filter(({ agreed }) => !agreed).length} of ${would.length})  ` +
      `given from ${from < 0 ? 'never' : from}  ${states.join(' → ') || 'shadow'}  bugs ${rig.bugs.length}\n`,
  );
}

for (const scenario of scenarios) replay(scenario);

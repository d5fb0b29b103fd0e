// Similar questions: when one is given what another was answered, and when it never is. The whole gateway under virtual time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Client,
  completion,
  config,
  degrading,
  keeping,
  model,
  Rig,
  target,
  upstream,
} from '../../test/support/rig.ts';
import { seededChance } from '../../test/support/chance.ts';
import { as, key } from '../../test/support/rig-keys.ts';
import { defaultSemantic } from '../adapters/config/defaults.ts';
import { MemoryCacheStore } from '../memory/memory-cache.ts';
import { MemoryVectors } from '../memory/memory-vectors.ts';
import { VirtualTime } from '../memory/virtual-time.ts';
import type { CachePort } from '../ports/cache.ts';
import type { CacheConfig, Config, DegradeConfig, SemanticConfig } from '../ports/config.ts';
import type { VectorIndex } from '../ports/vectors.ts';

/** So lax that twenty comparisons without an error are enough. */
const lax: SemanticConfig = { ...defaultSemantic, errorPercent: 20, verifyFirst: 20, samplePercent: 0 };

interface Terms {
  readonly semantic?: Partial<SemanticConfig>;
  readonly cache?: Partial<CacheConfig>;
  readonly degrade?: Partial<DegradeConfig>;
  readonly over?: Partial<Config>;
}

const settings = ({ semantic = {}, cache = {}, degrade = {}, over = {} }: Terms = {}): Config =>
  config({
    upstreams: { a: upstream({ baseUrl: 'http://a.test/v1' }), e: upstream({ baseUrl: 'http://e.test/v1' }) },
    models: {
      m: model([target('a')], {
        cache: keeping({ ...cache, semantic: { ...lax, ...semantic } }),
        degrade: degrading(degrade),
      }),
      embedder: model([target('e', { model: 'e5' })]),
    },
    retry: { maxAttempts: 1, budgetPercent: 10, hedgePercent: 2, backoffMs: 500, backoffMsMax: 20_000 },
    ...over,
  });

const memory = (): VectorIndex => new MemoryVectors({ vectorsMax: 1_000, bytesMax: 64 * 1024 * 1024 });
const begin = (terms: Terms = {}, vectors = memory(), cache?: CachePort): Rig =>
  new Rig(settings(terms), { vectors, ...(cache && { cache }) });

const labelOf = (client: Client): string | undefined => client.headers['x-spillway-cache'];
const textOf = (client: Client): string => {
  const [choice] = client.json['choices'] as unknown as { message: { content: string } }[];
  return choice?.message.content ?? '';
};

/** Asks, and answers where it is asked. */
function ask(rig: Rig, content: string, answer: string, more: Record<string, unknown> = {}, headers = {}): Client {
  const sends = rig.sends.length;
  const client = rig.chat({ temperature: 0, messages: [{ role: 'user', content }], ...more }, headers);
  if (rig.sends.length > sends) rig.last.answer(200, completion(answer));
  return client;
}

const nouns =
  'router printer scanner heating camera watch laptop monitor keyboard doorbell thermostat dishwasher freezer toaster ' +
  'microphone projector speaker tablet console turntable amplifier lawnmower drill sewing-machine bicycle';
const things = nouns.split(' ');
const plain = (thing: string): string => `How do I reset my ${thing} to the settings of the factory?`;
const polite = (thing: string): string => `How can I reset the ${thing} to the settings of the factory, please?`;
const steps = (thing: string): string => `Hold the button of the ${thing} until it blinks.`;

/** Two ways to ask the same of each thing; afterwards the model serves. */
function taught(rig: Rig): Rig {
  for (let round = 0; round < 4; round++) {
    const namespace = `round ${round}`;
    for (const thing of things) {
      ask(rig, plain(thing), steps(thing), { cache: { namespace } });
      ask(rig, polite(thing), steps(thing), { cache: { namespace } });
      if (stateOf(rig) === 1) return rig;
    }
  }
  return rig;
}

const stateOf = (rig: Rig): number => rig.gauge('semantic_state');

test('a similar question is compared at first, and given the answer when the comparisons have shown that it is right', () => {
  const rig = begin();
  ask(rig, plain('router'), steps('router'));
  const compared = ask(rig, polite('router'), steps('router'));
  assert.deepEqual(
    [labelOf(compared), rig.sends.length, stateOf(rig)],
    ['miss', 2, 0],
    'its caller gets what was made',
  );
  taught(rig);
  assert.equal(stateOf(rig), 1);
  ask(rig, plain('kettle'), 'Unplug it.');
  rig.time.advance(5_000);
  const sends = rig.sends.length;
  const near = ask(rig, polite('kettle'), 'never asked');
  assert.deepEqual([labelOf(near), textOf(near), near.headers['age']], ['semantic', 'Unplug it.', '5']);
  assert.equal(near.headers['cache-control'], 'no-store', 'no cache outside may keep it for this question');
  assert.equal(rig.sends.length, sends);
  const fact = rig.exchanges.at(-1);
  assert.deepEqual([fact?.attempts, fact?.cache?.status, fact?.cache?.savedTokens], [0, 'semantic', 7]);
  const streamed = rig.stream({
    temperature: 0,
    messages: [{ role: 'user', content: polite('kettle') }],
    stream_options: { include_usage: true },
  });
  assert.deepEqual([labelOf(streamed), streamed.said], ['semantic', 'Unplug it.']);
  assert.deepEqual(rig.bugs, []);
});

test('what it learns is told: comparisons one by one, the change of state once', () => {
  const rig = taught(begin());
  const states = rig.facts.flatMap((fact) => (fact.kind === 'semantic' ? [fact] : []));
  assert.deepEqual(
    states.map(({ state, compared, wrong }) => [state, compared, wrong]),
    [['serving', 20, 0]],
  );
  const comparisons = rig.facts.flatMap((fact) => (fact.kind === 'comparison' ? [fact] : []));
  for (const { likeness, agreed } of comparisons) assert.equal(agreed, likeness > 0.95, `at ${likeness}`);
  assert.ok(comparisons.filter(({ wouldBeGiven }) => wouldBeGiven).length >= 20);
  assert.ok(rig.gauge('semantic_error_bound') <= 0.2);
  assert.ok(rig.gauge('semantic_vectors') > 0);
});

test('where similar questions have different answers, none is ever given', () => {
  const rig = begin();
  let made = 0;
  for (let round = 0; round < 3; round++)
    for (const thing of things)
      for (const words of [plain(thing), polite(thing)])
        ask(rig, words, `Answer number ${made++}.`, { cache: { namespace: `round ${round}` } });
  assert.equal(rig.sends.length, made);
  assert.equal(stateOf(rig), 0);
});

test('when the measured error may be too large nothing more is given: all are compared again', () => {
  const terms = { semantic: { samplePercent: 100 } };
  const rig = taught(begin(terms));
  assert.equal(stateOf(rig), 1);
  ask(rig, plain('kettle'), steps('kettle'));
  ask(rig, polite('kettle'), 'The world has changed.');
  const last = rig.facts.findLast((fact) => fact.kind === 'semantic');
  assert.ok(last?.kind === 'semantic');
  assert.deepEqual([last.state, last.compared, last.wrong], ['shadow', 21, 1]);
  const told = rig.facts.filter((fact) => fact.kind === 'semantic').length;
  assert.equal(told, 2, 'a line when it began, and one when it ended');
  assert.equal(stateOf(rig), 0);
});

test('another number, name, negation or earlier turn is another question, however alike', () => {
  const rig = taught(begin());
  const cases: [string, string][] = [
    ['How far is it from Paris to London by train?', 'How far is it from London to Paris by train?'],
    [
      'How do I reset my router with 2 buttons to the factory settings?',
      'How do I reset my router with 3 buttons to the factory settings?',
    ],
    [
      'Is it safe to open the router while it is running at home?',
      'Is it not safe to open the router while it is running at home?',
    ],
    [
      'What does the flag `--all` do when the router is reset?',
      'What does the flag `--any` do when the router is reset?',
    ],
    ['When does the router at home reset itself again?', 'Why does the router at home reset itself again?'],
  ];
  for (const [first, second] of cases) {
    ask(rig, first, 'A.');
    assert.equal(labelOf(ask(rig, second, 'B.')), 'miss', second);
  }
  const turn = (content: string, system: string): Client =>
    ask(rig, '', 'C.', {
      messages: [
        { role: 'system', content: system },
        { role: 'user', content },
      ],
    });
  turn(plain('kettle'), 'Be brief.');
  assert.equal(labelOf(turn(polite('kettle'), 'Be thorough.')), 'miss');
  assert.equal(labelOf(turn(polite('kettle'), 'Be brief.')), 'semantic');
  ask(rig, plain('mixer'), 'D.', { max_tokens: 50 });
  assert.equal(labelOf(ask(rig, polite('mixer'), 'D.', { max_tokens: 60 })), 'miss');
});

test('never for tools, agents, pictures, several choices, nor who says no', () => {
  const rig = taught(begin({ cache: { tools: true } }));
  const place = 'THE QUESTION';
  const tools = [{ type: 'function', function: { name: 'f', parameters: {} } }];
  const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } };
  const cases: [Record<string, unknown>, Record<string, string>?][] = [
    [{ tools }],
    [{ n: 2 }],
    [{ cache: { semantic: false } }],
    [{}, { 'x-spillway-cache': 'no-semantic' }],
    [{ cache: { 'no-store': true } }],
    [
      {
        messages: [
          { role: 'user', content: 'Look.' },
          { role: 'assistant', content: null, tool_calls: [call] },
          { role: 'tool', tool_call_id: 'c', content: 'Done.' },
          { role: 'user', content: place },
        ],
      },
    ],
    [
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: place },
              { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } },
            ],
          },
        ],
      },
    ],
  ];
  for (const [at, [body, headers]] of cases.entries()) {
    const thing = `kettle${'abcdefg'[at]}`;
    const worded = (words: string): Record<string, unknown> =>
      JSON.parse(JSON.stringify({ ...body, user: String(at) }).replaceAll(place, words)) as Record<string, unknown>;
    const vectors = rig.gauge('semantic_vectors');
    ask(rig, plain(thing), 'Unplug it.', worded(plain(thing)), headers);
    assert.equal(rig.gauge('semantic_vectors'), vectors, 'it is nobody’s neighbour');
    ask(rig, plain(thing), 'Unplug it.', { user: String(at) });
    const label = labelOf(ask(rig, polite(thing), 'Unplug it.', worded(polite(thing)), headers));
    assert.notEqual(label, 'semantic', JSON.stringify(body));
  }
});

test('no key is given what another key was answered', () => {
  const keys = [key('one'), key('two')];
  const rig = begin({ over: { keys } });
  for (const name of ['one', 'two']) {
    for (let round = 0; round < 4; round++)
      for (const thing of things)
        for (const words of [plain(thing), polite(thing)])
          ask(rig, words, steps(thing), { cache: { namespace: `${name} ${round}` } }, as(name));
  }
  assert.equal(stateOf(rig), 1);
  ask(rig, plain('kettle'), 'Of one.', {}, as('one'));
  assert.equal(labelOf(ask(rig, polite('kettle'), 'Of two.', {}, as('two'))), 'miss');
  assert.equal(labelOf(ask(rig, polite('kettle'), '', {}, as('one'))), 'semantic');
});

test('purging forgets neighbours, and so does running out', () => {
  for (const query of ['', 'model=m', 'namespace=n']) {
    const rig = taught(begin({ over: { adminKeySha256: null } }));
    const more = { cache: { namespace: 'n' } };
    ask(rig, plain('kettle'), 'Unplug it.', more);
    assert.equal(labelOf(ask(rig, polite('kettle'), '', more)), 'semantic');
    const vectors = rig.gauge('semantic_vectors');
    rig.time.advance(10);
    const page = rig.request('/admin/cache/purge', '', { query });
    assert.equal(page.status, 200, page.text);
    assert.ok(rig.gauge('semantic_vectors') < vectors);
    rig.time.advance(10);
    assert.equal(labelOf(ask(rig, polite('kettle'), 'New.', more)), 'miss', query);
  }
  const rig = taught(begin({ cache: { ttlSeconds: 60 } }));
  ask(rig, plain('kettle'), 'Unplug it.');
  rig.time.advance(61_000);
  assert.equal(labelOf(ask(rig, polite('kettle'), 'New.')), 'miss');
});

test('when nobody can answer, a neighbour’s answer stands in, labelled, and is kept for nobody', () => {
  const rig = taught(begin({ degrade: { semantic: true } }));
  ask(rig, plain('kettle'), 'Unplug it.');
  const learned = rig.chat({ temperature: 0, messages: [{ role: 'user', content: polite('kettle') }] });
  assert.deepEqual([labelOf(learned), learned.headers['x-spillway-degraded']], ['semantic', undefined]);
  const shadow = begin({ degrade: { semantic: true } });
  ask(shadow, 'what is the opening hour of the shop', 'Nine.');
  const client = shadow.chat({
    temperature: 0,
    messages: [{ role: 'user', content: 'What is the opening hour of the shop?' }],
  });
  shadow.last.answer(503, { error: { message: 'busy' } });
  assert.deepEqual([client.status, client.headers['x-spillway-cache'], textOf(client)], [200, 'semantic', 'Nine.']);
  const fact = shadow.exchanges.at(-1);
  assert.deepEqual([fact?.degraded, fact?.outcome, fact?.cache?.status], [['semantic'], 'answered', 'semantic']);
  const again = shadow.chat({
    temperature: 0,
    messages: [{ role: 'user', content: 'What is the opening hour of the shop?' }],
  });
  assert.equal(again.status, null, 'it is asked again');
  const refused = begin();
  ask(refused, 'what is the opening hour of the shop', 'Nine.');
  const plainly = refused.chat({
    temperature: 0,
    messages: [{ role: 'user', content: 'What is the opening hour of the shop?' }],
  });
  refused.last.answer(503, { error: { message: 'busy' } });
  assert.equal(plainly.status, 503, 'only where the operator said so');
});

test('who asks the same meanwhile is told what its leader was given', () => {
  const slow: VectorIndex & { release: () => void } = Object.assign(memory(), { release: () => {} });
  const rig = taught(begin({}, slow));
  ask(rig, plain('kettle'), 'Unplug it.');
  const search = slow.nearest.bind(slow);
  slow.nearest = (sought, budgetMs, done) => {
    slow.release = () => search(sought, budgetMs, done);
    return { cancel: () => {} };
  };
  const body = { temperature: 0, messages: [{ role: 'user', content: polite('kettle') }] };
  const [leader, follower] = [rig.chat(body), rig.chat(body)];
  slow.release();
  assert.deepEqual([labelOf(leader), labelOf(follower)], ['semantic', 'semantic']);
  assert.equal(textOf(follower), 'Unplug it.');
});

test('a search that does not come back holds a request up no longer than its budget, and is given up with its client', () => {
  const stuck = memory();
  let cancelled = 0;
  stuck.nearest = () => ({ cancel: () => cancelled++ });
  const rig = begin({ semantic: { timeoutMs: 40 } }, stuck);
  const client = rig.chat({ temperature: 0 });
  assert.equal(rig.sends.length, 0);
  rig.time.advance(40);
  assert.deepEqual([rig.sends.length, cancelled], [1, 1]);
  rig.last.answer(200, completion('Hi.'));
  assert.equal(labelOf(client), 'miss');
  const gone = rig.chat({ temperature: 0, user: 'x' });
  gone.leave();
  assert.deepEqual([rig.sends.length, cancelled], [1, 2]);
  rig.time.advance(1_000);
  assert.equal(rig.sends.length, 1);
  assert.deepEqual(rig.bugs, []);
});

test('an embeddings model of the gateway says what is similar; without its word in time the question goes on', () => {
  const vectors = memory();
  const rig = begin({ semantic: { model: 'embedder', timeoutMs: 100 } }, vectors);
  const embed = (embedding: readonly number[]): void =>
    rig.last.answer(200, { object: 'list', data: [{ object: 'embedding', index: 0, embedding }], model: 'e5' });
  const question = (content: string): Client => rig.chat({ temperature: 0, messages: [{ role: 'user', content }] });
  question('how tall is the tower');
  assert.deepEqual([rig.last.host, rig.last.body], ['e', { model: 'e5', input: 'how tall is the tower' }]);
  embed([3, 4, 0]);
  assert.equal(rig.last.host, 'a');
  rig.last.answer(200, completion('300 m.'));
  question('how high is the tower');
  embed([3, 4.1, 0]);
  rig.last.answer(200, completion('300 m.'));
  assert.equal(rig.facts.filter((fact) => fact.kind === 'comparison').length, 0, 'tall and high: particulars of form');
  question('the height of the tower is what');
  embed([3, 4.1, 0]);
  rig.last.answer(200, completion('300 m.'));
  question('what is the height of the tower');
  embed([3, 4, 0.1]);
  rig.last.answer(200, completion('300 m.'));
  assert.equal(rig.facts.filter((fact) => fact.kind === 'comparison').length, 2);
  const late = question('is there a lift in the tower');
  rig.time.advance(100);
  assert.equal(rig.last.host, 'a');
  rig.last.answer(200, completion('Yes.'));
  assert.equal(labelOf(late), 'miss');
  for (const bad of [[0, 0, 0], ['x'], [null, 1, 1]]) {
    question(`is there ${JSON.stringify(bad)} in the tower`);
    embed(bad as number[]);
    assert.equal(rig.last.host, 'a');
    rig.last.answer(200, completion('Yes.'));
  }
  assert.deepEqual(rig.bugs, []);
});

test('a model that says nothing of similar questions makes no vector and looks for none', () => {
  const vectors = memory();
  let calls = 0;
  vectors.nearest = () => {
    calls++;
    return { cancel: () => {} };
  };
  vectors.put = () => calls++;
  const { m } = settings().models;
  const { semantic: _none, ...plainly } = keeping();
  const rig = new Rig(settings({ over: { models: { m: { ...(m ?? model([])), cache: plainly } } } }), { vectors });
  ask(rig, plain('router'), 'A.');
  ask(rig, polite('router'), 'A.');
  assert.deepEqual([calls, rig.sends.length], [0, 2]);
});

test('a model that was switched off makes no vector any more, until the configuration is loaded again', () => {
  const terms: Terms = { semantic: { errorPercent: 0.1, verifyFirst: 2, samplePercent: 100 } };
  const vectors = memory();
  const rig = begin({ semantic: { samplePercent: 100 } }, vectors);
  // One in eight is wrong: within the fifth that is allowed, but nobody can be sure of it.
  for (let round = 0; stateOf(rig) !== 2 && round < 500; round++) {
    const thing = `${things[round % things.length]}${'abcdefghij'[round % 10]}${'klmnopqrst'[Math.floor(round / 10) % 10]}`;
    const more = { cache: { namespace: `n${round}` } };
    ask(rig, plain(thing), steps(thing), more);
    ask(rig, polite(thing), round % 8 === 7 ? 'Quite another answer.' : steps(thing), more);
  }
  assert.equal(stateOf(rig), 2);
  const told = rig.facts.findLast((fact) => fact.kind === 'semantic');
  assert.equal(told?.kind === 'semantic' && told.state, 'off');
  let looked = 0;
  const search = vectors.nearest.bind(vectors);
  vectors.nearest = (...given) => {
    looked++;
    return search(...given);
  };
  ask(rig, plain('kettle'), 'A.');
  assert.equal(looked, 0);
  rig.gateway.apply(settings(terms));
  ask(rig, plain('mixer'), 'A.');
  assert.deepEqual([looked, stateOf(rig)], [1, 0]);
});

test('an answer that is made anew for its readers stays a neighbour', () => {
  const rig = taught(begin({ cache: { ttlSeconds: 60, staleWhileRevalidateSeconds: 60 } }));
  ask(rig, plain('kettle'), 'Unplug it.');
  rig.time.advance(70_000);
  assert.equal(labelOf(ask(rig, plain('kettle'), 'Unplug it.')), 'stale');
  rig.time.advance(20_000);
  assert.equal(labelOf(ask(rig, polite('kettle'), 'x')), 'semantic');
});

test('a neighbour’s answer is read from the shared cache where memory has none, and one that is silent is not waited for', () => {
  const store = new MemoryCacheStore(new VirtualTime()).join();
  const rig = taught(begin({ semantic: { timeoutMs: 40 } }, memory(), store));
  ask(rig, plain('kettle'), 'Unplug it.');
  // Copies are trusted for a minute.
  rig.time.advance(61_000);
  assert.equal(labelOf(ask(rig, polite('kettle'), 'x')), 'semantic');
  assert.equal(rig.exchanges.at(-1)?.cache?.level, 'remote');
  const vectors = rig.gauge('semantic_vectors');
  const body = { temperature: 0, user: 'x' };
  ask(rig, plain('mixer'), 'Wait.', body);
  rig.time.advance(61_000);
  // Of its own answer it is told at once that there is none, of its neighbour's nothing.
  const get = store.get.bind(store);
  let asked = 0;
  store.get = (wanted, budgetMs, done) => (asked++ === 0 ? get(wanted, budgetMs, done) : { cancel: () => {} });
  const sends = rig.sends.length;
  const client = rig.chat({ ...body, messages: [{ role: 'user', content: polite('mixer') }] });
  assert.equal(rig.sends.length, sends);
  rig.time.advance(40);
  assert.deepEqual([asked, rig.sends.length], [2, sends + 1]);
  rig.last.answer(200, completion('Wait.'));
  assert.equal(labelOf(client), 'miss');
  assert.ok(rig.gauge('semantic_vectors') > vectors, 'silence says nothing of what is kept');
  assert.deepEqual(rig.bugs, []);
});

test('who asks in another dialect is given it too, in his own words', () => {
  const rig = taught(begin());
  ask(rig, plain('kettle'), 'Unplug it.', { max_tokens: 9 });
  const client = rig.request('/v1/messages', {
    model: 'm',
    max_tokens: 9,
    temperature: 0,
    messages: [{ role: 'user', content: polite('kettle') }],
  });
  assert.equal(labelOf(client), 'semantic');
  assert.deepEqual(client.json['content'], [{ type: 'text', text: 'Unplug it.' }]);
});

test('whoever asks what, everybody is only ever given his own: 2,000 questions of four keys in two name spaces', () => {
  const names = ['one', 'two', 'three', 'four'];
  const rig = begin({ over: { keys: names.map((name) => key(name)) } });
  const chance = seededChance(23);
  const pick = (some: readonly string[]): string => some[Math.floor(chance.draw() * some.length)] ?? '';
  let near = 0;
  for (let step = 0; step < 2_000; step++) {
    const [name, namespace, thing] = [pick(names), pick(['a', 'b']), pick(things.slice(0, 12))];
    const greeting = pick(['', 'Hi, ', 'Hello. ', 'Hey, ', 'Thanks! ']);
    const words = `${greeting}${chance.draw() < 0.5 ? plain(thing) : polite(thing)}`;
    const own = `${name} ${namespace} ${thing}`;
    const client = ask(rig, words, own, { cache: { namespace } }, as(name));
    assert.equal(textOf(client), own);
    if (labelOf(client) === 'semantic') near++;
  }
  assert.ok(near > 200, `${near} were given`);
});

test('what was flagged, or made for nobody else, is given to nobody else, though its question was a neighbour before', () => {
  const flagged = { index: 0, message: { role: 'assistant', content: 'Beat it.' }, finish_reason: 'stop' };
  const filters = { violence: { filtered: false, severity: 'medium' } };
  const cases: [Record<string, unknown>, Record<string, unknown>][] = [
    [{ 'no-cache': true }, { choices: [{ ...flagged, content_filter_results: filters }] }],
    [{ 'no-cache': true, semantic: false }, {}],
    [{ 'no-cache': true }, { choices: [{ ...flagged, message: { role: 'assistant', content: 'x'.repeat(9_000) } }] }],
  ];
  for (const [cache, over] of cases) {
    const vectors = memory();
    const rig = taught(begin({}, vectors));
    // What another gateway has kept in its place nobody tells this one.
    if (cache['semantic'] !== false) vectors.remove = () => {};
    ask(rig, plain('kettle'), 'Unplug it.');
    assert.equal(labelOf(ask(rig, polite('kettle'), '')), 'semantic');
    rig.chat({ temperature: 0, messages: [{ role: 'user', content: plain('kettle') }], cache });
    rig.last.answer(200, { ...completion('Beat it.'), ...over });
    assert.equal(labelOf(ask(rig, polite('kettle'), 'Unplug it.')), 'miss', JSON.stringify(cache));
    assert.deepEqual(rig.bugs, []);
  }
});

test('an answer too long to be compared is given to nobody else, and one made where another would be given is an error', () => {
  const rig = taught(begin({ semantic: { samplePercent: 100 } }));
  const long = 'word '.repeat(2_000);
  ask(rig, plain('kettle'), long);
  assert.equal(labelOf(ask(rig, polite('kettle'), long)), 'miss');
  assert.equal(stateOf(rig), 1);
  ask(rig, plain('mixer'), steps('mixer'));
  ask(rig, polite('mixer'), long);
  const last = rig.facts.findLast((fact) => fact.kind === 'semantic');
  assert.deepEqual(last?.kind === 'semantic' && [last.state, last.wrong], ['shadow', 1]);
});

test('who wants no similar question’s answer, or none so old, does not read along while one is looked for', () => {
  const words: Record<string, unknown>[] = [{ semantic: false }, { 'no-store': true }, { 'max-age': 1 }];
  for (const cache of words) {
    const slow: VectorIndex & { release: () => void } = Object.assign(memory(), { release: () => {} });
    const rig = taught(begin({}, slow));
    ask(rig, plain('kettle'), 'Unplug it.');
    rig.time.advance(5_000);
    const search = slow.nearest.bind(slow);
    slow.nearest = (sought, budgetMs, done) => {
      slow.release = () => search(sought, budgetMs, done);
      return { cancel: () => {} };
    };
    const body = { temperature: 0, messages: [{ role: 'user', content: polite('kettle') }] };
    const leader = rig.chat(body);
    const releaseLeader = slow.release;
    const sends = rig.sends.length;
    const other = rig.chat({ ...body, cache });
    if (slow.release !== releaseLeader) slow.release();
    releaseLeader();
    assert.equal(labelOf(leader), 'semantic');
    assert.equal(rig.sends.length, sends + 1, JSON.stringify(cache));
    rig.last.answer(200, completion('Its own.'));
    assert.equal(textOf(other), 'Its own.');
  }
});

test('a neighbour that was wrong does not stand in, however alike', () => {
  const rig = begin({ degrade: { semantic: true } });
  const stoodIn = (): Client => {
    const messages = [{ role: 'user', content: 'what is the opening hour of the shop!' }];
    const client = rig.chat({ temperature: 0, messages });
    rig.last.answer(503, { error: { message: 'busy' } });
    return client;
  };
  ask(rig, 'what is the opening hour of the shop', 'Nine.');
  assert.equal(textOf(stoodIn()), 'Nine.', 'nothing is known of it');
  ask(rig, 'what is the opening hour of the shop?', 'Ten.');
  assert.equal(stoodIn().status, 503);
});

test('where a question belongs takes as little room whatever it says', () => {
  const vectors = memory();
  const partitions: string[] = [];
  const put = vectors.put.bind(vectors);
  vectors.put = (entry) => {
    partitions.push(entry.partition);
    put(entry);
  };
  const rig = begin({}, vectors);
  ask(rig, Array.from({ length: 800 }, (_, at) => `${at}`).join(' '), 'Numbers.');
  assert.deepEqual(
    partitions.map(({ length }) => length),
    [64],
  );
});

test('a model whose operator has turned it off is in no gauge any more', () => {
  const rig = taught(begin());
  assert.equal(stateOf(rig), 1);
  const { m } = settings().models;
  const { semantic: _none, ...plainly } = keeping();
  rig.gateway.apply(settings({ over: { models: { m: { ...(m ?? model([])), cache: plainly } } } }));
  assert.deepEqual(
    rig.gateway.read().filter(({ name }) => name === 'semantic_state'),
    [],
  );
  assert.ok(rig.gauge('semantic_vectors') > 0, 'what is held is told all the same');
});

test('clients that leave are no reason to leave the embeddings model alone, answers that never come are', () => {
  const rig = begin({ semantic: { model: 'embedder', timeoutMs: 100 } });
  const question = (user: string): Client => rig.chat({ temperature: 0, user });
  for (let at = 0; at < 6; at++) {
    const client = question(`leaves ${at}`);
    assert.equal(rig.last.host, 'e');
    client.leave();
  }
  for (let at = 0; at < 5; at++) {
    question(`waits ${at}`);
    assert.equal(rig.last.host, 'e');
    rig.time.advance(100);
    rig.last.answer(200, completion('Hi.'));
  }
  question('goes on at once');
  assert.equal(rig.last.host, 'a');
});

// The express lane against llhttp: whatever it takes, node:http and undici read alike. The long run is `npm run fuzz`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { abortExchanges } from './fuzz/aborted.ts';
import { compareAnswers } from './fuzz/answer-trial.ts';
import { smugglers } from './fuzz/corpus.ts';
import { RequestTrial } from './fuzz/request-trial.ts';
import { answerTrialOf, requestTrialOf } from './fuzz/trials.ts';

const REQUESTS = 5_000;
const ANSWERS = 5_000;
const ABORTS = 600;
// A new piece of the field each day, and the same one all day.
const firstSeed = Math.floor(Date.now() / 86_400_000) * 100_000;

test(`${REQUESTS} connections from seed ${firstSeed}: the door sees nothing that llhttp did not read so`, async () => {
  const trial = new RequestTrial();
  let served = 0;
  for (let seed = firstSeed; seed < firstSeed + REQUESTS; seed++) {
    const { text, parts } = requestTrialOf(seed);
    const { disagreement, course } = await trial.compare(parts);
    assert.equal(disagreement, null, `npm run fuzz -- --only ${seed}: ${JSON.stringify(text)}`);
    if (course === 'served') served++;
  }
  assert.ok(served > REQUESTS / 10, `the lane itself served only ${served}`);
  assert.deepEqual(trial.leftovers, { connections: 0, exchanges: 0, bodyBytesInFlight: 0 });
});

test(`${ANSWERS} answers from seed ${firstSeed}: whole for the lane is whole for undici, and the same`, async () => {
  let whole = 0;
  for (let seed = firstSeed; seed < firstSeed + ANSWERS; seed++) {
    const { text, parts } = answerTrialOf(seed);
    const verdict = await compareAnswers(parts);
    assert.equal(verdict.disagreement, null, `npm run fuzz -- --only ${seed}: ${JSON.stringify(text)}`);
    if (verdict.whole) whole++;
  }
  assert.ok(whole > ANSWERS / 10, `only ${whole} were whole`);
});

test('what smuggling lives of is read as llhttp reads it, handed over or refused, at every split', async () => {
  const trial = new RequestTrial();
  for (const [name, text] of smugglers) {
    const bytes = Buffer.from(text, 'latin1');
    for (let cut = 0; cut < bytes.length; cut++) {
      const parts = cut === 0 ? [bytes] : [bytes.subarray(0, cut), bytes.subarray(cut)];
      const { disagreement } = await trial.compare(parts);
      assert.equal(disagreement, null, `${name}, cut at ${cut}`);
    }
  }
});

test('exchanges broken off anywhere leave no socket, timer, send or byte behind', async () => {
  const left = await abortExchanges(ABORTS, () => {});
  assert.deepEqual(
    Object.entries(left).filter(([, count]) => count > 0),
    [],
  );
});

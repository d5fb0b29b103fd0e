// `npm run fuzz -- --count 1000000`: the long run of the differential fuzzing that `npm test` does a little of. Half of the trials
// are connections of requests, half are answers. `--seed` begins elsewhere; a disagreement prints the seed of its own that
// `--only SEED` runs again alone. `--aborts 100000` instead: so many exchanges broken off, and what they leave behind.
import { parseArgs } from 'node:util';
import { compareAnswers } from './answer-trial.ts';
import { abortExchanges } from './aborted.ts';
import { RequestTrial } from './request-trial.ts';
import { answerTrialOf, requestTrialOf, type Trial } from './trials.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    aborts: { type: 'string' },
  },
});

const PROGRESS_EVERY = 100_000;
const DISAGREEMENTS_MAX = 10;
const requests = new RequestTrial();
const sums = { requests: 0, served: 0, handedOver: 0, refused: 0, answers: 0, whole: 0, stricter: 0 };
const disagreements: string[] = [];

/** Both of a seed: a connection of requests, and an answer. */
async function tryBoth(seed: number): Promise<void> {
  const asked = requestTrialOf(seed);
  const request = await requests.compare(asked.parts);
  sums.requests++;
  sums[request.course]++;
  tell(seed, asked, request.disagreement);
  const answered = answerTrialOf(seed);
  const answer = await compareAnswers(answered.parts);
  sums.answers++;
  sums.whole += Number(answer.whole);
  sums.stricter += Number(request.stricter) + Number(answer.stricter);
  tell(seed, answered, answer.disagreement);
}

function tell(seed: number, { text, parts }: Trial, disagreement: string | null): void {
  if (disagreement === null) return;
  disagreements.push(disagreement);
  console.log(`seed ${seed}: ${JSON.stringify(text)} in ${parts.length} pieces\n  ${disagreement}`);
}

async function fuzz(first: number, count: number): Promise<void> {
  for (let seed = first; seed < first + count / 2; seed++) {
    await tryBoth(seed);
    if (disagreements.length >= DISAGREEMENTS_MAX) break;
    const done = 2 * (seed - first + 1);
    if (done % PROGRESS_EVERY === 0) console.error(`${done} of ${count}, ${disagreements.length} disagreements`);
  }
  console.log(JSON.stringify({ seed: first, ...sums, disagreements: disagreements.length, left: requests.leftovers }));
  if (disagreements.length > 0) process.exitCode = 1;
}

if (values.aborts !== undefined) {
  const left = await abortExchanges(Number(values.aborts), (done) => console.error(`${done} of ${values.aborts}`));
  console.log(JSON.stringify(left));
  if (Object.values(left).some((count) => count > 0)) process.exitCode = 1;
} else if (values.only !== undefined) await fuzz(Number(values.only), 2);
else await fuzz(Number(values.seed) * 10_000_000, Number(values.count));

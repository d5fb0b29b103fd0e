// Ask: one request to a gateway as a careful client makes it, and what it got: the whole answer, a visible error, or one of
// the things that no gateway may do. Compared exactly: the wall's answers are known texts.
import { systemClock, systemTimers } from '../../adapters/system.ts';
import { isObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';
import { type TongueName, tongues } from './tongues.ts';

/**
 * answer: exactly the known answer. error: trouble the client can see. filtered: stopped by a policy, and says so. half: part of the answer, ended as if whole.
 * wrong: other text than was said. hang: neither within the time.
 */
export type Verdict = 'answer' | 'error' | 'filtered' | 'half' | 'wrong' | 'hang';

export interface Question {
  /** With `/v1`. */
  readonly url: string;
  readonly apiKey: string;
  readonly tongue: TongueName;
  readonly model: string;
  readonly stream: boolean;
  /** The known answer: text, or the arguments of the tool call. */
  readonly expected: string;
  readonly tool: boolean;
  readonly timeoutMs: number;
}

export interface Reply {
  readonly verdict: Verdict;
  /** For people: the status or the error's words. */
  readonly detail: string;
  readonly ms: number;
}

export async function ask(question: Question): Promise<Reply> {
  const startedAt = systemClock.now();
  const abort = new AbortController();
  const timer = systemTimers.after(question.timeoutMs, () => abort.abort());
  const { verdict, detail } = await attempt(question, abort.signal).catch((error: unknown) => ({
    // Aborted by us: it hung. Otherwise the connection broke, which a client sees.
    verdict: abort.signal.aborted ? ('hang' as const) : ('error' as const),
    detail: error instanceof Error ? error.message : String(error),
  }));
  timer.cancel();
  return { verdict, detail, ms: systemClock.now() - startedAt };
}

type Judged = Pick<Reply, 'verdict' | 'detail'>;

async function attempt(question: Question, signal: AbortSignal): Promise<Judged> {
  const { url, apiKey, stream, tongue } = question;
  const spoken = tongues[tongue];
  const response = await fetch(`${url}${spoken.path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...spoken.headers(apiKey) },
    body: JSON.stringify(spoken.body(question)),
    signal,
  });
  const text = await response.text();
  if (!response.ok) return { verdict: 'error', detail: `status ${response.status}` };
  return stream ? judgeStream(text, question) : judgeWhole(text, question);
}

function judgeWhole(body: string, question: Question): Judged {
  const answer = parse(body.trim());
  if (answer === null) return { verdict: 'half', detail: 'status 200 without an answer' };
  const { said, finish, error } = tongues[question.tongue].whole(answer, question.tool);
  // A success status with an error in it looks like an answer to every SDK.
  if (error !== null) return { verdict: 'half', detail: `status 200 with an error: ${error}` };
  return compare(said, question, finish);
}

function judgeStream(body: string, question: Question): Judged {
  let said = '';
  let finish: string | null = null;
  let done = false;
  for (const block of body.split(/\r\n\r\n|\n\n|\r\r/)) {
    const data = block
      .split(/\r\n|\n|\r/)
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice(5).replace(/^ /, ''))
      .join('\n');
    if (data === '') continue;
    if (data === '[DONE]') {
      done = true;
      continue;
    }
    const event = parse(data);
    if (event === null) return { verdict: 'wrong', detail: 'an event that is no JSON' };
    const heard = tongues[question.tongue].event(event, question.tool);
    if (heard.error !== null) return { verdict: 'error', detail: `in-band: ${heard.error}` };
    said += heard.said;
    finish = heard.finish ?? finish;
    done ||= heard.done;
  }
  return compare(said, question, done ? finish : null);
}

/** `finish` null: it did not end as an answer does. */
function compare(said: string, { expected, tool }: Question, finish: string | null): Judged {
  if (finish === 'content_filter' && expected.startsWith(said)) return { verdict: 'filtered', detail: '' };
  if (finish !== null && (tool ? sameJson(said, expected) : said === expected))
    return { verdict: 'answer', detail: '' };
  if (expected.startsWith(said))
    return { verdict: 'half', detail: `${said.length} of ${expected.length} characters, no error` };
  return { verdict: 'wrong', detail: `other text: ${JSON.stringify(said.slice(-60))}` };
}

/** Arguments may be spelled anew on the way (Anthropic's are an object). */
function sameJson(left: string, right: string): boolean {
  const [one, other] = [parse(left), parse(right)];
  return one !== null && other !== null && JSON.stringify(one) === JSON.stringify(other);
}

function parse(text: string): JsonObject | null {
  try {
    const value = JSON.parse(text) as JsonValue;
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

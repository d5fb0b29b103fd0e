// Ask: one request to a gateway as a careful client makes it, and what it got: the whole answer, a visible error, or one of
// the things that no gateway may do. Compared exactly: the wall's answers are known texts.
import { systemClock, systemTimers } from '../../adapters/system.ts';
import { isObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';

/**
 * answer: exactly the known answer. error: trouble the client can see. filtered: stopped by a policy, and says so. half: part of the answer, ended as if whole.
 * wrong: other text than was said. hang: neither within the time.
 */
export type Verdict = 'answer' | 'error' | 'filtered' | 'half' | 'wrong' | 'hang';

export interface Question {
  /** With `/v1`. */
  readonly url: string;
  readonly apiKey: string;
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

const look = { name: 'look_up', parameters: { type: 'object', properties: { place: { type: 'string' } } } };
const tools = [{ type: 'function', function: look }];

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
  const { url, apiKey, model, stream, tool } = question;
  const messages = [{ role: 'user', content: 'Go on.' }];
  const response = await fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` },
    body: JSON.stringify({ model, messages, stream, ...(tool && { tools }) }),
    signal,
  });
  const body = await response.text();
  if (!response.ok) return { verdict: 'error', detail: `status ${response.status}` };
  return stream ? judgeStream(body, question) : judgeWhole(body, question);
}

function judgeWhole(body: string, question: Question): Judged {
  const answer = parse(body.trim());
  // A success status with an error in it looks like an answer to every SDK.
  if (answer === null || answer['error'] !== undefined)
    return { verdict: 'half', detail: 'status 200 without an answer' };
  const choice = firstOf(answer['choices']);
  const said = saidIn(isObject(choice?.['message']) ? choice['message'] : {}, question.tool);
  return compare(said, question.expected, finishOf(choice));
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
    if (event['error'] !== undefined)
      return { verdict: 'error', detail: `in-band: ${JSON.stringify(event['error']).slice(0, 100)}` };
    const choice = firstOf(event['choices']);
    said += saidIn(isObject(choice?.['delta']) ? choice['delta'] : {}, question.tool);
    finish = finishOf(choice) ?? finish;
  }
  return compare(said, question.expected, done ? finish : null);
}

const finishOf = (choice: JsonObject | null): string | null =>
  typeof choice?.['finish_reason'] === 'string' ? choice['finish_reason'] : null;

/** `finish` null: it did not end as an answer does. */
function compare(said: string, expected: string, finish: string | null): Judged {
  if (finish === 'content_filter' && expected.startsWith(said)) return { verdict: 'filtered', detail: '' };
  if (said === expected && finish !== null) return { verdict: 'answer', detail: '' };
  if (expected.startsWith(said))
    return { verdict: 'half', detail: `${said.length} of ${expected.length} characters, no error` };
  return { verdict: 'wrong', detail: `other text: ${JSON.stringify(said.slice(-60))}` };
}

function saidIn(message: JsonObject, tool: boolean): string {
  if (!tool) return typeof message['content'] === 'string' ? message['content'] : '';
  const call = firstOf(message['tool_calls']);
  const called = isObject(call?.['function']) ? call['function'] : {};
  return typeof called['arguments'] === 'string' ? called['arguments'] : '';
}

function firstOf(list: JsonValue | undefined): JsonObject | null {
  const first = Array.isArray(list) ? list[0] : undefined;
  return isObject(first) ? first : null;
}

function parse(text: string): JsonObject | null {
  try {
    const value = JSON.parse(text) as JsonValue;
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

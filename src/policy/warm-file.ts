// Warm file: JSON Lines of what to have answered before anybody asks. A line is a request as a client would send it, a pair
// `{"request": …, "answer": …}` with the answer already known (a whole `chat.completion`), or a line of OpenAI's batch files
// `{"custom_id", "method", "url", "body"}`. `url` says where it is asked, where the fields leave that open. `key` names the key in whose name it is kept, where that matters.
// It only reads the form; what a request means is for the dialects to say. It must never quote a line: it may be a prompt.
import { isObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import { fail, ok, type Result } from '../kernel/result.ts';

export interface WarmLine {
  /** Where a client would send it. */
  readonly path: string;
  readonly request: JsonObject;
  /** Null: ask for it. */
  readonly answer: JsonObject | null;
  /** Name of a configured key; null: the file's reader decides. */
  readonly keyName: string | null;
}

/** Null: the line is blank. Troubles end the sentence “line 7 …”. */
export function readWarmLine(line: string): Result<WarmLine, string> | null {
  if (line.trim() === '') return null;
  const value = parse(line);
  if (!isObject(value)) return fail('is no JSON object');
  const pair = isObject(value['request']) ? value : null;
  const request = pair?.['request'] ?? value['body'] ?? value;
  if (!isObject(request)) return fail('has a `body` that is no object');
  if (typeof request['model'] !== 'string') return fail('has a request without `model`');
  if (request['messages'] === undefined && request['input'] === undefined && request['prompt'] === undefined) {
    return fail('has a request without `messages`, `input` or `prompt`');
  }
  const answer = pair?.['answer'] ?? null;
  if (answer !== null && !isObject(answer)) return fail('has an `answer` that is no object');
  if (answer !== null && answer['object'] !== 'chat.completion')
    return fail('has an `answer` that is no whole `chat.completion`');
  const path = pathOf(value['url'] ?? null, request);
  if (path === null) return fail('has a request with `input`, and no `url` like `/v1/embeddings`');
  const keyName = value['key'] ?? null;
  if (keyName !== null && typeof keyName !== 'string') return fail('has a `key` that is no name');
  return ok({ path, request, answer, keyName });
}

/** The same request by somebody who wants its answer in one piece. */
export function unstreamed(request: JsonObject): JsonObject {
  const whole = { ...request };
  delete whole['stream'];
  delete whole['stream_options'];
  return whole;
}

/** Null: an `input` may be for embeddings or for a response. */
function pathOf(url: JsonValue, request: JsonObject): string | null {
  if (typeof url === 'string' && url.startsWith('/')) return url;
  if (request['messages'] !== undefined) return '/v1/chat/completions';
  return request['prompt'] === undefined ? null : '/v1/completions';
}

function parse(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return null;
  }
}

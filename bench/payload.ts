// Payload: the requests, answers and events that every scenario sends, so that figures of different runs and gateways
// compare. Shapes and sizes are fixed: changing a byte here starts a new history.
export const benchModel = 'bench-model';
export const chatPath = '/v1/chat/completions';

/** Stands in every request and is overwritten with a number of as many digits: no two requests are the same. */
export const requestMark = '#000000000000';

/** Below this the messages leave out what they need not have. */
const LEAN_BELOW_BYTES = 1_000;

// Prose rather than one repeated letter: token estimates and compressors treat the two differently.
const sentence = 'The spillway carries what the dam cannot hold, and the valley below stays dry. ';

/** What clients post: an ordinary chat request of so many bytes. */
export function chatRequest(bytes: number, stream = false): string {
  const options = stream ? { stream: true, stream_options: { include_usage: true } } : {};
  const system = { role: 'system', content: 'You are a terse assistant. Answer in one short paragraph.' };
  return filled(bytes, (prose) =>
    JSON.stringify({
      model: benchModel,
      messages: [...(bytes < LEAN_BELOW_BYTES ? [] : [system]), { role: 'user', content: requestMark + prose }],
      max_tokens: 256,
      temperature: 0.7,
      ...options,
    }),
  );
}

/** What the mock upstream answers: an OpenAI chat completion of so many bytes. */
export function chatAnswer(bytes: number): string {
  const lean = bytes < LEAN_BELOW_BYTES;
  return filled(bytes, (content) =>
    JSON.stringify({
      id: lean ? 'chatcmpl-0' : 'chatcmpl-0123456789abcdef01234567',
      object: 'chat.completion',
      created: 1_760_000_000,
      model: benchModel,
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content, ...(lean ? {} : { refusal: null }) },
          ...(lean ? {} : { logprobs: null }),
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 187, completion_tokens: 112, total_tokens: 299 },
      ...(lean ? {} : { system_fingerprint: 'fp_bench' }),
    }),
  );
}

function filled(bytes: number, wrap: (prose: string) => string): string {
  const room = bytes - wrap('').length;
  if (room <= 0) throw new RangeError(`no chat message fits into ${bytes} bytes`);
  return wrap(proseOf(room));
}

function proseOf(length: number): string {
  return sentence.repeat(Math.ceil(length / sentence.length)).slice(0, length);
}

/**
 * Begins the content of every content event; then come 13 digits, a comma, 6 digits: when it was sent (µs of the
 * machine's monotonic clock) and its number in the stream.
 */
export const eventMark = '@#';
export const EVENT_TIME_DIGITS = 13;
export const EVENT_NUMBER_DIGITS = 6;
const EVENT_BYTES = 250;

/** A content event before and after its time and number; 250 bytes in all. */
export const eventParts: { readonly before: string; readonly after: string } = partsOfEvent();

/** The events around the content: the role, and at the end the reason, the usage and `[DONE]`. */
export const roleEvent = event([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }]);
export const lastEvents =
  event([{ index: 0, delta: {}, logprobs: null, finish_reason: 'stop' }]) +
  event([], { usage: { prompt_tokens: 187, completion_tokens: 112, total_tokens: 299 } }) +
  'data: [DONE]\n\n';

function partsOfEvent(): { before: string; after: string } {
  const digits = EVENT_TIME_DIGITS + 1 + EVENT_NUMBER_DIGITS;
  const whole = filled(EVENT_BYTES - digits, (words) =>
    event([{ index: 0, delta: { content: eventMark + words }, logprobs: null, finish_reason: null }]),
  );
  const at = whole.indexOf(eventMark) + eventMark.length;
  return { before: whole.slice(0, at), after: whole.slice(at) };
}

function event(choices: readonly object[], more: object = {}): string {
  const chunk = { id: 'chatcmpl-0123456789abcdef01234567', object: 'chat.completion.chunk', created: 1_760_000_000 };
  return `data: ${JSON.stringify({ ...chunk, model: benchModel, choices, ...more })}\n\n`;
}

/** The machine's monotonic clock in µs: the same in every process, unlike `performance.now()`. */
export function machineMicros(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000_000 + nanoseconds / 1_000;
}

// Payload: the request and the answer that every scenario sends, so that figures of different runs and gateways compare.
// Shapes and sizes are fixed: changing a byte here starts a new history.
export const benchModel = 'bench-model';
export const chatPath = '/v1/chat/completions';

/** The size that both messages are brought to by the length of their prose, in bytes. */
const MESSAGE_BYTES = 1_024;

/** What clients post: an ordinary chat request of 1,024 bytes. */
export const chatRequest: string = fill((prose) =>
  JSON.stringify({
    model: benchModel,
    messages: [
      { role: 'system', content: 'You are a terse assistant. Answer in one short paragraph.' },
      { role: 'user', content: prose },
    ],
    max_tokens: 256,
    temperature: 0.7,
  }),
);

/** What the mock upstream answers: an OpenAI chat completion of 1,024 bytes. */
export const chatAnswer: string = fill((prose) =>
  JSON.stringify({
    id: 'chatcmpl-0123456789abcdef01234567',
    object: 'chat.completion',
    created: 1_760_000_000,
    model: benchModel,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: prose, refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: { prompt_tokens: 187, completion_tokens: 112, total_tokens: 299 },
    system_fingerprint: 'fp_bench',
  }),
);

// Prose rather than one repeated letter: token estimates and compressors treat the two differently.
function fill(wrap: (prose: string) => string): string {
  const sentence = 'The spillway carries what the dam cannot hold, and the valley below stays dry. ';
  const room = MESSAGE_BYTES - wrap('').length;
  return wrap(sentence.repeat(Math.ceil(room / sentence.length)).slice(0, room));
}

// The wall's Responses as the official SDK reads them, both majors in use: what it takes for an answer is one.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import OpenAI6 from 'openai-6';
import OpenAI7 from 'openai-7';
import { firstHalf, healthyCall, healthyReasoning, healthyText } from './known-text.ts';
import { startWall } from './wall.ts';
import type { Wall } from './wall.ts';

// The surface used here is the same in both majors; their private fields keep the types apart.
const majors: readonly [string, typeof OpenAI7][] = [
  ['openai 6', OpenAI6 as unknown as typeof OpenAI7],
  ['openai 7', OpenAI7],
];

for (const [name, OpenAI] of majors) {
  describe(name, () => {
    let wall: Wall;
    let client: OpenAI7;
    before(async () => {
      wall = await startWall({ host: '127.0.0.1', port: 0 });
      client = new OpenAI({ baseURL: wall.url, apiKey: 'k', maxRetries: 0 });
    });
    after(() => wall.stop());

    test('responses come whole, in one piece and as a stream', async () => {
      const whole = await client.responses.create({ model: 'healthy', input: 'Hello' });
      assert.deepEqual([whole.output_text, whole.status], [healthyText, 'completed']);
      const stream = client.responses.stream({ model: 'reasoning', input: 'Hello' });
      const final = await stream.finalResponse();
      assert.equal(final.output_text, healthyText);
      const [thought] = final.output;
      assert.equal(thought?.type === 'reasoning' && thought.summary[0]?.text, healthyReasoning);
      const called = await client.responses.stream({ model: 'tool-call', input: 'Hello' }).finalResponse();
      const [call] = called.output;
      assert.equal(call?.type === 'function_call' && call.arguments, healthyCall.arguments);
    });

    test('trouble in the middle is an error, and a failed answer says so', async () => {
      let said = '';
      const stream = await client.responses.create({ model: 'error-in-band-late', input: 'Hello', stream: true });
      await assert.rejects(async () => {
        for await (const event of stream) {
          if (event.type === 'response.output_text.delta') said += event.delta;
          if (event.type === 'error') throw new Error(event.message);
        }
      });
      assert.equal(said, firstHalf(healthyText));
      const failed = await client.responses.create({ model: 'response-failed', input: 'Hello' });
      assert.deepEqual([failed.status, failed.error?.code], ['failed', 'server_error']);
      const refused = client.responses.create({ model: 'bad-key-401', input: 'Hello' });
      await assert.rejects(async () => refused, OpenAI.AuthenticationError);
    });
  });
}

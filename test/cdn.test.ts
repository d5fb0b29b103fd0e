// The configurations in deploy/cdn in a real nginx and a real Varnish, in front of a server that says what a gateway says.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type Cdn, cdns } from './support/cdn.ts';
import { completion, delta, FarSide, json } from './support/far-side.ts';
import { until } from './support/redis.ts';

for (const [name, start] of cdns) {
  describe(name, () => {
    let gateway: FarSide;
    let cdn: Cdn;
    let headers: Record<string, string> = {};
    before(async () => {
      gateway = await FarSide.start();
      cdn = await start(Number(new URL(gateway.baseUrl).port));
    });
    after(async () => {
      await cdn.stop();
      await gateway.stop();
    });
    beforeEach(() => {
      gateway.seen.length = 0;
      headers = { 'cache-control': 'public, max-age=60, s-maxage=600' };
      gateway.answer = (response) => json(response, 200, completion(`answer ${gateway.seen.length}`), headers);
    });

    const post = async (content: string, more: Record<string, string> = {}, path = '/v1/chat/completions') => {
      const response = await fetch(cdn.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...more },
        body: JSON.stringify({ model: 'public', messages: [{ role: 'user', content }] }),
      });
      const body = (await response.json()) as { choices: [{ message: { content: string } }] };
      return { response, said: body.choices[0].message.content, how: response.headers.get('x-cdn-cache') };
    };

    test('the same body is answered once, whoever asks; another body is another question', async () => {
      const first = await post('one', { authorization: 'Bearer a' });
      const again = await post('one', { authorization: 'Bearer b' });
      assert.deepEqual([again.said, again.how], [first.said, 'HIT']);
      assert.notEqual((await post('two')).said, first.said);
      assert.notEqual((await post('one', {}, '/v1/responses')).said, first.said);
      assert.equal(gateway.seen.length, 3);
      assert.equal(gateway.seen[0]?.body['model'], 'public');
      assert.ok(Number(again.response.headers.get('age') ?? 0) >= 0);
    });

    test('what is not marked for shared caches is not kept', async () => {
      for (const said of ['private, max-age=60', 'no-store', 'max-age=60, private', 'max-age=60', '']) {
        headers = said === '' ? {} : { 'cache-control': said };
        const first = await post(`not kept: ${said}`);
        const again = await post(`not kept: ${said}`);
        assert.notEqual(again.said, first.said, said);
        assert.notEqual(again.how, 'HIT');
      }
    });

    test('errors are not kept', async () => {
      gateway.answer = (response) => json(response, 503, completion('busy'), { 'retry-after': '1' });
      assert.equal((await post('error')).response.status, 503);
      gateway.answer = (response) => json(response, 200, completion('better'), headers);
      assert.equal((await post('error')).said, 'better');
    });

    test('other words in the head that matter are another question', async () => {
      headers = { 'cache-control': 'public, s-maxage=600', vary: 'x-tone' };
      const first = await post('vary', { 'x-tone': 'dry' });
      assert.equal((await post('vary', { 'x-tone': 'dry' })).said, first.said);
      assert.notEqual((await post('vary', { 'x-tone': 'warm' })).said, first.said);
    });

    test('who wants a new answer gets one', async () => {
      const first = await post('new');
      const anew = await post('new', { 'cache-control': 'no-cache' });
      assert.notEqual(anew.said, first.said);
    });

    test('what has run out is asked about with its ETag', async () => {
      headers = { 'cache-control': 'public, s-maxage=1', etag: '"v1"' };
      const first = await post('etag');
      gateway.answer = (response, { headers: asked }) => {
        if (asked['if-none-match'] !== '"v1"') return json(response, 200, completion('changed'), headers);
        response.writeHead(304, { etag: '"v1"', 'cache-control': 'public, s-maxage=600' }).end();
      };
      await until(async () => {
        const again = await post('etag');
        assert.equal(again.said, first.said);
        return gateway.seen.length > 1;
      });
      assert.equal(gateway.seen[1]?.headers['if-none-match'], '"v1"');
    });

    test('many at once are one at the gateway', async () => {
      gateway.answer = (response) => {
        setTimeout(() => json(response, 200, completion(`answer ${gateway.seen.length}`), headers), 50);
      };
      const said = await Promise.all(Array.from({ length: 20 }, () => post('crowd')));
      assert.equal(new Set(said.map((answer) => answer.said)).size, 1);
      assert.equal(gateway.seen.length, 1);
    });

    test('a stream is passed on as it comes, and who stops reading ends it at the gateway', async () => {
      gateway.answer = (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' }).flushHeaders();
        // Varnish sees that nobody reads when it next has something to say.
        const speaking = setInterval(() => delta(response, 'on'), 20);
        response.once('close', () => clearInterval(speaking));
      };
      const controller = new AbortController();
      const response = await fetch(`${cdn.url}/v1/chat/completions`, {
        method: 'POST',
        body: JSON.stringify({ model: 'public', stream: true }),
        signal: controller.signal,
      });
      const reader = response.body?.getReader();
      const { value } = (await reader?.read()) ?? {};
      assert.match(new TextDecoder().decode(value), /"on"/);
      controller.abort();
      await gateway.seen[0]?.aborted;
    });

    test('a long body goes through, unkept and whole', async () => {
      const long = 'x'.repeat(400_000);
      await post(long);
      await post(long);
      assert.equal(gateway.seen.length, 2);
      assert.equal(JSON.stringify(gateway.seen[1]?.body['messages']).includes(long), true);
    });
  });
}

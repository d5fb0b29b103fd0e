import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attemptWith, exchangeWith, stateFacts } from '../../../test/sample-facts.ts';
import { exchangeId, keyName, modelName, targetId, upstreamName } from '../../kernel/brands.ts';
import type { Fact } from '../../kernel/facts.ts';
import type { GaugeReading } from '../../ports/gauges.ts';
import type { PageAnswer } from '../../ports/page.ts';
import { PrometheusPage } from './prometheus.ts';

const noGauges = { read: (): GaugeReading[] => [] };
const ask = { method: 'GET', path: '/metrics', query: '', headers: {}, body: new Uint8Array() };

async function scrape(facts: readonly Fact[], page = new PrometheusPage(noGauges)): Promise<Map<string, number>> {
  for (const fact of facts) page.accept(fact);
  const samples = new Map<string, number>();
  for (const line of (await page.text()).split('\n')) {
    const [, series, value] = /^([^#].*) (\S+)$/.exec(line) ?? [];
    if (series !== undefined) samples.set(series, Number(value));
  }
  return samples;
}

function serve(page: PrometheusPage, method = 'GET'): Promise<PageAnswer> {
  return new Promise((resolve) => page.serve({ ...ask, method }, resolve));
}

const other = targetId(upstreamName('reserve'), 'deepseek-chat');

test('the page has the content type of the text format and says what each metric is', async () => {
  const answer = await serve(new PrometheusPage(noGauges, { version: '0.1.0' }));
  assert.equal(answer.status, 200);
  assert.equal(answer.contentType, 'text/plain; version=0.0.4; charset=utf-8');
  assert.match(answer.body, /^# HELP gen_ai_client_token_usage .+\n# TYPE gen_ai_client_token_usage histogram$/m);
  assert.match(answer.body, /^# TYPE spillway_exchanges_total counter$/m);
  assert.match(answer.body, /^# TYPE process_cpu_seconds_total counter$/m);
  assert.match(answer.body, /^spillway_build_info\{version="0\.1\.0",node="v\d+/m);
  assert.ok(answer.body.endsWith('\n'));
  assert.equal((await serve(new PrometheusPage(noGauges), 'POST')).status, 405);
});

test('an answered exchange is counted under GenAI names and our own', async () => {
  const samples = await scrape([attemptWith({}), exchangeWith({})]);
  const genAi = 'gen_ai_operation_name="chat",gen_ai_provider_name="deepseek",gen_ai_request_model="chat"';
  const expected = {
    [`gen_ai_client_token_usage_sum{${genAi},gen_ai_token_type="input"}`]: 812,
    [`gen_ai_client_token_usage_sum{${genAi},gen_ai_token_type="output"}`]: 97,
    [`gen_ai_client_token_usage_bucket{${genAi},gen_ai_token_type="input",le="256"}`]: 0,
    [`gen_ai_client_token_usage_bucket{${genAi},gen_ai_token_type="input",le="1024"}`]: 1,
    [`gen_ai_client_token_usage_bucket{${genAi},gen_ai_token_type="input",le="+Inf"}`]: 1,
    [`gen_ai_server_request_duration_sum{${genAi}}`]: 1.24025,
    [`gen_ai_server_request_duration_bucket{${genAi},le="0.64"}`]: 0,
    [`gen_ai_server_request_duration_bucket{${genAi},le="1.28"}`]: 1,
    [`gen_ai_server_time_to_first_token_sum{${genAi}}`]: 0.3105,
    [`gen_ai_server_time_per_output_token_count{${genAi}}`]: 1,
    'spillway_exchanges_total{model="chat",lane="standard",surface="chat",outcome="answered",status="200"}': 1,
    'spillway_attempts_total{upstream="deepseek",result="delivered"}': 1,
    'spillway_attempts_total{upstream="deepseek",result="fault"}': 0,
    'spillway_upstream_first_token_seconds_sum{upstream="deepseek"}': 0.306,
    'spillway_queue_seconds_sum{lane="standard"}': 0.0035,
    spillway_overhead_seconds_count: 1,
    'spillway_cost_usd_total{upstream="deepseek"}': 0.000264,
    'spillway_rejections_total{kind="overloaded"}': 0,
  };
  for (const [series, value] of Object.entries(expected)) assert.equal(samples.get(series), value, series);
  const perToken = samples.get(`gen_ai_server_time_per_output_token_sum{${genAi}}`) ?? 0;
  assert.ok(Math.abs(perToken - (1.24025 - 0.3105) / 96) < 1e-9);
});

test('a failover and a resend are told apart', async () => {
  const id = exchangeId('sx_2');
  const samples = await scrape([
    attemptWith({ exchange: id, number: 1, fault: 'overloaded' }),
    attemptWith({ exchange: id, number: 2, fault: 'serverError' }),
    attemptWith({ exchange: id, number: 3, target: other, upstream: upstreamName('reserve') }),
    exchangeWith({ id, attempts: 3 }),
    // The same id once more: nothing of it may have been remembered.
    attemptWith({ exchange: id, number: 2 }),
  ]);
  assert.equal(samples.get('spillway_resends_total{upstream="deepseek"}'), 1);
  assert.equal(samples.get('spillway_failovers_total{model="chat"}'), 1);
  assert.equal(samples.get('spillway_faults_total{upstream="deepseek",kind="overloaded"}'), 1);
  assert.equal(samples.get('spillway_faults_total{upstream="deepseek",kind="serverError"}'), 1);
});

test('hedges are counted by who was first, and are neither failovers nor resends', async () => {
  const id = exchangeId('sx_3');
  const reserve = { target: other, upstream: upstreamName('reserve') };
  const samples = await scrape([
    attemptWith({ exchange: id, number: 1, firstTokenMs: null, overtaken: true }),
    attemptWith({ exchange: id, number: 2, hedge: true, ...reserve }),
    exchangeWith({ id, attempts: 2 }),
    attemptWith({ exchange: id, number: 1, firstTokenMs: null, fault: 'reset' }),
    attemptWith({ exchange: id, number: 2, firstTokenMs: null, hedge: true, fault: 'overloaded', ...reserve }),
    exchangeWith({ id, attempts: 2, outcome: 'failed' }),
  ]);
  const expected = {
    'spillway_hedges_total{upstream="reserve",result="won"}': 1,
    'spillway_hedges_total{upstream="reserve",result="lost"}': 1,
    'spillway_attempts_total{upstream="deepseek",result="overtaken"}': 1,
    'spillway_attempts_total{upstream="deepseek",result="delivered"}': 0,
    'spillway_attempts_total{upstream="reserve",result="delivered"}': 1,
    'spillway_failovers_total{model="chat"}': 0,
    'spillway_resends_total{upstream="deepseek"}': 0,
  };
  for (const [series, value] of Object.entries(expected)) assert.equal(samples.get(series), value, series);
});

test('a refusal before any upstream counts as that and spoils no latency', async () => {
  const samples = await scrape([
    exchangeWith({
      outcome: 'rejected',
      status: 401,
      rejection: 'unauthenticated',
      model: null,
      surface: null,
      provider: null,
      upstream: null,
      target: null,
      attempts: 0,
      queueMs: 0,
      usage: null,
      costMicroUsd: null,
    }),
  ]);
  assert.equal(
    samples.get(
      'spillway_exchanges_total{model="none",lane="standard",surface="none",outcome="rejected",status="401"}',
    ),
    1,
  );
  assert.equal(samples.get('spillway_rejections_total{kind="unauthenticated"}'), 1);
  assert.equal(samples.get('spillway_queue_seconds_count{lane="standard"}'), 0);
  assert.ok([...samples.keys()].every((series) => !series.startsWith('gen_ai_')));
});

test('trouble has its own duration series, and a client that left has none', async () => {
  const trouble = { outcome: 'failed', status: 502, fault: 'stalled', usage: null, firstTokenMs: null } as const;
  const samples = await scrape([
    exchangeWith(trouble),
    exchangeWith({ outcome: 'abandoned', status: 499, usage: null }),
  ]);
  const counts = [...samples].filter(([series]) => series.startsWith('gen_ai_server_request_duration_count'));
  assert.deepEqual(
    counts.map(([series, count]) => [series.includes('error_type="stalled"'), count]),
    [
      [false, 0],
      [true, 1],
    ],
  );
});

test('changes of state are counted and the present state is shown', async () => {
  const samples = await scrape(stateFacts);
  const expected = {
    'spillway_state{state="ready"}': 1,
    'spillway_state{state="starting"}': 0,
    'spillway_config_loads_total{accepted="true"}': 1,
    'spillway_config_loads_total{accepted="false"}': 1,
    spillway_config_version: 1,
    spillway_config_last_load_accepted: 0,
    spillway_config_last_accepted_timestamp_seconds: 2,
    'spillway_breaker_transitions_total{target="deepseek/deepseek-chat",to="open"}': 1,
    'spillway_credential_rests_total{upstream="deepseek"}': 1,
    'spillway_semantic_comparisons_total{model="chat",result="agreed",would_be_given="true"}': 1,
    spillway_bugs_total: 1,
  };
  for (const [series, value] of Object.entries(expected)) assert.equal(samples.get(series), value, series);
});

const reading = (name: string, labels: Record<string, string>, value: number): GaugeReading => ({
  name,
  help: `help of ${name}`,
  labels,
  value,
});

test('gauges are read at scrape time and stand under one head per name', async () => {
  let depth = 1;
  const page = new PrometheusPage({
    read: () => [
      reading('queue_depth', { lane: 'vip' }, depth++),
      reading('open_connections', {}, 7),
      reading('queue_depth', { lane: 'batch' }, 9),
    ],
  });
  assert.equal((await scrape([], page)).get('spillway_queue_depth{lane="vip"}'), 1);
  assert.equal((await scrape([], page)).get('spillway_queue_depth{lane="vip"}'), 2);
  const { body } = await serve(page);
  assert.match(
    body,
    /# TYPE spillway_queue_depth gauge\nspillway_queue_depth\{lane="vip"\} 3\nspillway_queue_depth\{lane="batch"\} 9\n/,
  );
  assert.match(body, /^spillway_open_connections 7$/m);
});

test('a gauge with the name of a counted metric does not spoil the page', async () => {
  const page = new PrometheusPage({ read: () => [reading('bugs_total', {}, 5)] });
  const { body } = await serve(page);
  assert.equal(body.match(/# TYPE spillway_bugs_total/g)?.length, 1);
  assert.match(body, /^spillway_bugs_total 0$/m);
});

test('a gauge that cannot be read makes the scrape fail visibly, once', async () => {
  const page = new PrometheusPage({
    read: () => {
      throw new Error('no gauge');
    },
  });
  const answer = await serve(page);
  assert.equal(answer.status, 500);
  assert.match(answer.body, /no gauge/);
});

const exchangeFor = (name: string, outcome: 'answered' | 'rejected'): Fact =>
  exchangeWith({ model: modelName(name), modelAsked: name, outcome, key: keyName(name) });

test('model names without end become `other`, and names somebody answered to keep their own room', async () => {
  const page = new PrometheusPage(noGauges, { labelValuesMax: 10 });
  for (let i = 0; i < 50; i++) page.accept(exchangeFor(`random-${i}`, 'rejected'));
  for (let i = 0; i < 50; i++) page.accept(exchangeFor(`real-${i}`, 'answered'));
  const models = new Set([...(await page.text()).matchAll(/model="([^"]*)"/g)].map((match) => match[1] ?? ''));
  assert.equal(models.size, 11);
  assert.ok(models.has('random-4') && !models.has('random-5'));
  assert.ok(models.has('real-4') && !models.has('real-5'));
  assert.ok(models.has('other'));
});

test('neither key names nor ids nor prompts of any kind become labels', async () => {
  const page = new PrometheusPage(noGauges);
  page.accept(exchangeWith({ key: keyName('secret-team'), requestId: 'secret-request' }));
  assert.doesNotMatch(await page.text(), /secret|sx_0|0af765/);
});

test('hostile names and figures leave a page that still reads', async () => {
  const page = new PrometheusPage(noGauges);
  const name = 'a"b\\c\nd\uD800\u001B' + 'x'.repeat(1e6);
  const usage = { promptTokens: Infinity, completionTokens: -5, cachedTokens: null, reasoningTokens: null } as const;
  page.accept(
    exchangeWith({
      model: modelName(name),
      status: 1e9,
      usage: { ...usage, source: 'provider' },
      costMicroUsd: Infinity,
      durationMs: NaN,
    }),
  );
  const text = await page.text();
  assert.ok(text.length < 100_000);
  assert.match(text, /model="a\\"b\\\\c\\nd\uFFFD\p{Cc}x+…"/u);
  assert.match(text, /status="other"/);
  assert.doesNotMatch(text, /NaN|\} \+Inf/);
});

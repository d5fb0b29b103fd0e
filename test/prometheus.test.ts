// What Prometheus itself says about our metrics, scrape configuration and alerts: promtool is its own checker.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { toolPath } from '../scripts/tools.ts';
import { PrometheusPage } from '../src/adapters/observe/prometheus.ts';
import { exchangeId, targetId, upstreamName } from '../src/kernel/brands.ts';
import type { GaugeReading } from '../src/ports/gauges.ts';
import { attemptWith, exchangeWith, stateFacts } from './sample-facts.ts';
import { readRepositoryFile, root } from './source-text.ts';

const deploy = join(root, 'deploy/prometheus');

/** The gauges that docs/observability.md and the alerts count on the gateway to tell. */
const gaugeNames = {
  queue_depth: { lane: 'vip' },
  queue_capacity: { lane: 'vip' },
  target_in_flight: { target: 'deepseek/deepseek-chat' },
  upstream_in_flight: { upstream: 'deepseek' },
  upstream_max_concurrent: { upstream: 'deepseek' },
  upstream_healthy: { upstream: 'deepseek' },
  upstream_credentials_resting: { upstream: 'deepseek' },
  upstream_resend_tokens_left: { upstream: 'deepseek' },
  upstream_engine_waiting: { upstream: 'gpu' },
  upstream_engine_running: { upstream: 'gpu' },
  upstream_engine_kv_share: { upstream: 'gpu' },
  breaker_state: { target: 'deepseek/deepseek-chat' },
  model_targets: { model: 'chat' },
  exchanges_in_flight: {},
  open_connections: {},
  body_bytes_in_flight: {},
} as const satisfies Record<string, Record<string, string>>;

const gauges = {
  read: (): GaugeReading[] =>
    Object.entries(gaugeNames).map(([name, labels]) => ({ name, help: `The ${name}.`, labels, value: 1 })),
};

async function sampleScrape(): Promise<string> {
  const page = new PrometheusPage(gauges, { version: '0.1.0' });
  const id = exchangeId('sx_2');
  const reserve = upstreamName('reserve');
  page.accept(attemptWith({}));
  page.accept(exchangeWith({}));
  page.accept(attemptWith({ exchange: id, fault: 'overloaded', keepAlives: 4 }));
  page.accept(attemptWith({ exchange: id, number: 2, upstream: reserve, target: targetId(reserve, 'm\n"\\') }));
  page.accept(exchangeWith({ id, attempts: 2, outcome: 'failed', status: 502, fault: 'cut', surface: 'embeddings' }));
  page.accept(
    exchangeWith({ outcome: 'rejected', status: 401, rejection: 'unauthenticated', model: null, surface: null }),
  );
  for (const fact of stateFacts) page.accept(fact);
  return page.text();
}

function promtool(args: readonly string[], options: { readonly cwd?: string; readonly input?: string } = {}) {
  const result = spawnSync(toolPath('promtool'), args, { cwd: deploy, encoding: 'utf8', ...options });
  return { status: result.status, output: result.stdout + result.stderr };
}

function passes(args: readonly string[], input?: string): void {
  const { status, output } = promtool(args, input === undefined ? {} : { input });
  assert.equal(status, 0, output);
}

let scrape = '';
before(async () => {
  scrape = await sampleScrape();
});

test('promtool finds nothing to complain about in a scrape', () => {
  passes(['check', 'metrics'], scrape);
});

test('the scrape configuration and the rules it loads are valid', () => {
  passes(['check', 'config', 'prometheus.yml']);
  passes(['check', 'rules', '--lint-fatal', 'alerts.yml']);
});

test('the alerts fire when they should and not when they should not', () => {
  passes(['test', 'rules', 'alerts.test.yml']);
});

test('each alert has a unit test that misses it when it is gone', () => {
  const alerts = readFileSync(join(deploy, 'alerts.yml'), 'utf8');
  const names = [...alerts.matchAll(/- alert: (\w+)/g)].map((match) => match[1] ?? '');
  assert.ok(names.length > 10);
  const folder = mkdtempSync(join(tmpdir(), 'spillway-alerts-'));
  try {
    cpSync(join(deploy, 'alerts.test.yml'), join(folder, 'alerts.test.yml'));
    writeFileSync(join(folder, 'alerts.yml'), alerts.replaceAll(/- alert: \w+/g, '$&Gone'));
    const { status, output } = promtool(['test', 'rules', 'alerts.test.yml'], { cwd: folder });
    assert.notEqual(status, 0);
    assert.deepEqual(
      names.filter((name) => !output.includes(name)),
      [],
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('alerts ask only for metrics that exist, and each alert says what to do', () => {
  const alerts = readRepositoryFile('deploy/prometheus/alerts.yml');
  const known = new Set([...scrape.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1] ?? ''));
  const asked = [...alerts.matchAll(/\b(?:spillway|gen_ai|nodejs|process)_[a-z0-9_]+/g)]
    .map((match) => match[0].replace(/_(bucket|count|sum)$/, ''))
    // The labels of the gen_ai metrics look like metric names.
    .filter((name) => !/^gen_ai_(request_model|token_type|provider_name|operation_name)$/.test(name));
  assert.deepEqual(
    [...new Set(asked)].filter((name) => !known.has(name)),
    [],
  );
  const rules = alerts.split('- alert: ').slice(1);
  const silent = rules.filter((rule) => !/summary:[^]*description:[^]*runbook:/.test(rule));
  assert.deepEqual(silent, []);
});

test('every metric of ours and every alert stands in docs/observability.md', () => {
  const page = readRepositoryFile('docs/observability.md');
  const metrics = [...scrape.matchAll(/^# TYPE ((?:spillway|gen_ai)_\S+)/gm)].map((match) => match[1] ?? '');
  const alerts = [...readRepositoryFile('deploy/prometheus/alerts.yml').matchAll(/- alert: (\w+)/g)].map(
    (match) => match[1] ?? '',
  );
  assert.deepEqual(
    [...metrics, ...alerts].filter((name) => !page.includes(`\`${name}\``)),
    [],
  );
});

// The load report in a real browser: it is there to be looked at, so a browser looks at it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { toolPath } from '../scripts/tools.ts';
import { lanes } from '../src/kernel/lane.ts';
import type { LoadOrder } from '../src/load/order.ts';
import { planOf } from '../src/load/plan.ts';
import { reportPage } from '../src/load/report.ts';
import { type Summary, summarize } from '../src/load/summary.ts';
import { Tally } from '../src/load/tally.ts';
import { expectations } from '../src/sim/workload.ts';

const folder = mkdtempSync(join(tmpdir(), 'spillway-report-'));
const keys = { vip: null, standard: null, batch: null };
const order: LoadOrder = {
  address: { host: '127.0.0.1', port: 4000, tls: false },
  path: '/v1/chat/completions',
  model: 'chat <&"> model',
  keys,
  expectations,
  patience: 2,
  answerMsMax: 60_000,
  retries: 0,
  tellsDeadline: false,
  answerTokensMax: 100,
  openMax: 100,
  workers: 1,
};

/** Twenty seconds in which the second half is half refused. */
function sampleSummary(unsent: number): Summary {
  const wish = { number: 0, atMs: 0, tenant: 0, lane: 'vip', promptTokens: 1, outputTokens: 1 } as const;
  const plan = planOf([wish], 20_000);
  assert.ok(plan.ok);
  const tally = new Tally(1_000);
  for (let at = 0; at < 2_000; at++) {
    const atMs = at * 10;
    const lane = lanes[at % 3] ?? 'vip';
    const shed = at >= 1_000 && at % 2 === 0;
    const ms = 50 + (at % 100) * 10 * (at < 1_000 ? 1 : 3);
    tally.count(lane, 'offered');
    tally.countIn(atMs, lane, 'offered');
    const ending = shed ? 'shed' : 'answered';
    tally.count(lane, ending);
    tally.countIn(atMs, lane, ending);
    if (shed) continue;
    tally.count(lane, 'inSlo');
    tally.countIn(atMs, lane, 'inSlo');
    tally.measure(lane, 'firstToken').add(ms);
    tally.firstTokenIn(atMs, ms);
  }
  tally.count('batch', 'unsent', unsent);
  return summarize({
    order,
    plan: plan.value,
    whole: tally,
    parts: [tally],
    elapsedMs: 20_500,
    isOver: true,
    isStopped: false,
  });
}

let browser: Browser;
before(async () => {
  browser = await chromium.launch({ executablePath: toolPath('chromium'), args: ['--no-sandbox'] });
});
after(async () => {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(summary: Summary): Promise<{ page: Page; complaints: string[] }> {
  const file = join(folder, 'report.html');
  writeFileSync(file, reportPage(summary));
  const page = await browser.newPage({ viewport: { width: 1_100, height: 900 } });
  const complaints: string[] = [];
  page.on('pageerror', (error) => void complaints.push(error.message));
  page.on('console', (message) => void complaints.push(message.text()));
  page.on('request', (request) => {
    if (request.url() !== pathToFileURL(file).href) complaints.push(`asks for ${request.url()}`);
  });
  await page.goto(pathToFileURL(file).href);
  return { page, complaints };
}

test('the report shows its plots and its figures in a browser, and asks nobody for anything', async () => {
  const summary = sampleSummary(0);
  const { page, complaints } = await open(summary);
  assert.equal(await page.locator('h1').textContent(), 'Load on chat <&"> model');
  assert.equal(await page.locator('[data-of="all.offered"]').first().textContent(), '2,000');
  assert.equal(await page.locator('td[data-of="all.shed"]').textContent(), '500');
  assert.equal(await page.locator('td[data-of="all.answeredShare"]').textContent(), '75.0 %');
  const p50 = Number.parseFloat((await page.locator('td[data-of="vip.firstTokenMs.p50"]').textContent()) ?? '');
  assert.ok(Math.abs(p50 - (summary.lanes.vip.firstTokenMs.p50 ?? 0)) < 1);

  assert.equal(await page.locator('svg').count(), 3);
  for (const path of await page.locator('svg path').all()) {
    const box = await path.boundingBox();
    assert.ok(box !== null && box.width > 300 && box.height > 0, `${await path.textContent()} is drawn`);
  }
  const shed = await page.locator('svg path:has(title:text("shed"))').boundingBox();
  const whole = await page.locator('svg').first().boundingBox();
  assert.ok(shed !== null && whole !== null && shed.height > whole.height / 4, 'half of the last ten seconds is shed');
  const colours = await inkOf(page);
  assert.ok(colours > 20, `the plots are painted: ${colours} colours`);
  assert.equal(await page.locator('.warning').count(), 0);
  assert.deepEqual(complaints, []);
  const told = JSON.parse((await page.locator('#summary').textContent()) ?? '') as Summary;
  assert.deepEqual(told, JSON.parse(JSON.stringify(summary)));
});

test('a generator that could not keep up says so on top of its report', async () => {
  const { page } = await open(sampleSummary(7));
  assert.match((await page.locator('.warning').textContent()) ?? '', /7 requests were not sent/);
});

/** Distinct colours in the picture of the first plot, as the browser painted it. */
async function inkOf(page: Page): Promise<number> {
  const picture = await page.locator('figure').first().screenshot();
  const source = `data:image/png;base64,${picture.toString('base64')}`;
  return page.evaluate<number>(`(async (source) => {
    const image = new Image();
    image.src = source;
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const words = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
    return new Set(words).size;
  })(${JSON.stringify(source)})`);
}

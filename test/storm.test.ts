// `npm run storm` as a visitor runs it, only small: both runs on real sockets, the table, and the page in a real browser.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { toolPath } from '../scripts/tools.ts';
import type { StormResult } from '../src/cli/storm/result.ts';
import { plainInk, tableLines } from '../src/cli/storm/table.ts';
import { percent, whole } from '../src/load/words.ts';

const main = join(import.meta.dirname, '..', 'src', 'cli', 'main.ts');

const spillway = (...args: readonly string[]) =>
  spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });

test('a small storm plays both runs on real sockets, and its table adds up', { timeout: 90_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-storm-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const report = join(folder, 'storm.html');
  const storm = spillway('storm', '--seconds', '1', '--load', '3', '--seed', '2', '--json', '--report', report);
  const [out, err, [code]] = await Promise.all([text(storm.stdout), text(storm.stderr), once(storm, 'close')]);
  assert.equal(code, 0, err);
  const result = JSON.parse(out) as StormResult;
  const { direct, spillway: through, summaries, targets } = result;

  assert.ok(direct.offered > 5 && direct.offered === through.offered, 'the same requests twice');
  for (const side of [direct, through]) {
    const lost = Object.values(side.unanswered).reduce((sum, count) => sum + count, 0);
    assert.equal(side.answered + lost, side.offered);
    assert.equal(side.answeredShare, side.answered / side.offered);
    assert.ok(side.inSloShare <= side.answeredShare);
    assert.ok((side.sendsPerAnswer ?? 0) >= 1 && (side.costUsdPerAnswer ?? 0) > 0);
  }
  assert.ok(through.answered > 0);
  assert.equal(summaries.direct.all.answered, direct.answered);
  assert.equal(summaries.spillway.all.feltMs.count, through.offered, 'whoever was not answered counts as well');
  assert.equal(direct.answersByTier.peak + direct.answersByTier.standby, 0, 'direct is direct');
  const byTier = Object.values(through.answersByTier).reduce((sum, count) => sum + count, 0);
  assert.ok(byTier >= through.answered, `${byTier} answers of the far sides for ${through.answered}`);
  assert.equal(targets[0]?.met, through.answeredShare >= 0.999);

  const lines = tableLines(result, plainInk);
  assert.match(
    lines.join('\n'),
    /answered .* %.*≥ 99\.9 %\n[\s\S]*vip[\s\S]*sends per answer[\s\S]*requests +\d+ +\d+\n/,
  );
  const embedded = /id="result">(.*?)<\/script>/s.exec(readFileSync(report, 'utf8'))?.[1];
  assert.deepEqual(JSON.parse(embedded ?? ''), result);
  assert.match(err, /through Spillway/);
  await lookAtPage(report, result);
});

async function lookAtPage(file: string, { direct, spillway: through }: StormResult): Promise<void> {
  const browser = await chromium.launch({ executablePath: toolPath('chromium'), args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage({ viewport: { width: 1_440, height: 900 } });
    const complaints: string[] = [];
    page.on('pageerror', (error) => void complaints.push(error.message));
    await page.goto(pathToFileURL(file).href);
    const shown = (of: string): Promise<string | null> => page.locator(`td[data-of="${of}"]`).textContent();
    assert.equal(await shown('direct.offered'), whole(direct.offered));
    assert.equal(await shown('spillway.answeredShare'), percent(through.answeredShare));
    assert.equal(await page.locator('svg').count(), 4);
    for (const plot of await page.locator('svg').all()) {
      assert.ok(((await plot.locator('path').first().boundingBox())?.width ?? 0) > 100, 'something is drawn');
      assert.equal(await plot.locator('.band text').first().textContent(), '3 × base');
    }
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
  }
}

test('what cannot be played is refused in a line', async () => {
  for (const [args, wanted] of [
    [['--seconds', '0'], /--seconds must be a number from 1/],
    [['--load', 'much'], /--load must be/],
    [['--chaos', '--seconds', '2'], /--chaos needs a storm of 10 seconds/],
  ] as const) {
    const storm = spillway('storm', ...args);
    const [err, [code]] = await Promise.all([text(storm.stderr), once(storm, 'close')]);
    assert.equal(code, 2);
    assert.match(err, wanted);
  }
});

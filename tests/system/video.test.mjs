// A browser's <video> plays a sealed clip and seeks in it; the custody shows
// one viewing, not one for each range.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { clips, indexAtEnd } from './lib/clips.mjs';
import { until } from './lib/site.mjs';
import { siteSuite } from './lib/suite.mjs';

const PAGE = (src) => `<!doctype html><title>player</title>
<video id=v muted preload=auto width=640 src="${src}"></video>`;

siteSuite('video', { args: ['--viewing-idle', '2'] }, (context) => {
  /** A headless Chromium with the token on every request. */
  async function browser(t) {
    const profile = mkdtempSync(join(tmpdir(), 'sallyport-chromium-'));
    const it = await chromium.launchPersistentContext(profile, {
      executablePath: '/usr/bin/chromium',
      headless: true,
      ignoreHTTPSErrors: true,
      extraHTTPHeaders: { authorization: `Bearer ${context.site.token()}` },
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
        '--disable-background-networking', '--disable-component-update', '--disable-sync',
        '--autoplay-policy=no-user-gesture-required'],
    });
    t.after(async () => {
      await it.close();
      rmSync(profile, { recursive: true, force: true });
    });
    return it;
  }

  async function play(t, id) {
    const { site } = context;
    const page = await (await browser(t)).newPage();
    const ranges = [];
    page.on('response', (r) => {
      if (r.url().endsWith('/content')) ranges.push([r.status(), r.request().headers().range]);
    });
    await page.route('**/player.html', (route) => route.fulfill({ contentType: 'text/html',
      body: PAGE(`/v1/agencies/harbor-pd/evidence/${id}/content`) }));
    await page.goto(`${site.url}/player.html`);
    const seek = (part) => page.evaluate((p) => new Promise((ok, no) => {
      const v = document.getElementById('v');
      const fail = () => no(new Error(`media error ${v.error?.code} ${v.error?.message}`));
      if (v.error) fail();
      v.onerror = fail;
      const go = () => {
        v.onseeked = () => ok({ at: v.currentTime, duration: v.duration, ready: v.readyState, wide: v.videoWidth });
        v.currentTime = v.duration * p;
      };
      if (v.readyState >= 1) go();
      else v.onloadedmetadata = go;
    }), part);
    return { page, ranges, seek };
  }

  test('it seeks to and fro; the custody has one opened and one closed', async (t) => {
    const { site } = context;
    const bytes = indexAtEnd(readFileSync(clips()[0]));
    const id = await site.put(bytes, { filename: 'drive.mp4', filetype: 'video/mp4' });
    const { page, ranges, seek } = await play(t, id);
    for (const part of [0.8, 0.1, 0.95, 0.5, 0.05]) {
      const got = await seek(part);
      assert.ok(Math.abs(got.at - got.duration * part) < 0.5, `${got.at} of ${got.duration}`);
      assert.ok(got.ready >= 2, 'there is a picture');
      assert.ok(got.wide > 0);
    }
    const moved = await page.evaluate(() => new Promise((ok) => {
      const v = document.getElementById('v');
      const from = v.currentTime;
      v.ontimeupdate = () => v.currentTime > from + 0.3 && ok(v.currentTime - from);
      v.play();
    }));
    assert.ok(moved > 0.3);
    assert.ok(ranges.some(([status, range]) => status === 206 && /^bytes=[1-9]/.test(range ?? '')),
      `no seek was a range: ${JSON.stringify(ranges)}`);
    await page.close();
    const acts = async () => (await site.custody(id)).map((e) => e.act).filter((a) => /^evidence\.(opened|closed)$/.test(a));
    await until('the viewing is closed', async () => (await acts()).includes('evidence.closed'), 60);
    assert.deepEqual(await acts(), ['evidence.opened', 'evidence.closed']);
    const closed = (await site.custody(id)).find((e) => e.act === 'evidence.closed');
    assert.ok(closed.detail.bytes > 0);
  });

  test('a page with script that was taken in as evidence is never run', async (t) => {
    const { site } = context;
    const id = await site.put(Buffer.from('<script>document.title = "RUN"</script>'),
      { filename: 'page.html', filetype: 'text/html' });
    const page = await (await browser(t)).newPage();
    const download = page.waitForEvent('download');
    await page.goto(`${site.url}/v1/agencies/harbor-pd/evidence/${id}/content`).catch(() => {});
    assert.equal((await download).suggestedFilename(), 'page.html');
    assert.notEqual(await page.title(), 'RUN');
  });
});

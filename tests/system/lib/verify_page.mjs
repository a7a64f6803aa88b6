// verify.html in a real Chromium, opened from a file as a lawyer would.
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { patience } from './paths.mjs';
import { processesBelow } from './site.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export function launch() {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });
}

/** What all processes of the browser hold, in MiB; shared pages count once. */
export function memory() {
  const of = (pid) => {
    try {
      return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) / 1024;
    } catch {
      return 0; // it has ended
    }
  };
  const own = processesBelow(process.pid).filter((p) => /chromium/.test(p.args[0] ?? ''));
  return own.reduce((sum, p) => sum + of(p.pid), 0);
}

export class VerifyPage {
  /** Open the page at `path`; the test's end closes it and looks at what it asked for. */
  static async open(t, browser, path, { colorScheme = 'light', before, more = {} } = {}) {
    const it = new VerifyPage();
    it.context = await browser.newContext({ viewport: { width: 1100, height: 900 }, colorScheme, ...more });
    it.page = await it.context.newPage();
    it.page.setDefaultTimeout(60_000 * patience);
    it.requests = [];
    it.errors = [];
    it.context.on('request', (r) => it.requests.push(r));
    it.page.on('pageerror', (e) => it.errors.push(String(e)));
    it.page.on('console', (m) => m.type() === 'error' && it.errors.push(m.text()));
    if (before) await it.page.addInitScript(before);
    await it.page.goto(pathToFileURL(path).href);
    t.after(async () => {
      await it.context.close();
      assert.deepEqual(it.errors, [], 'the page has no errors');
      // What its own policy stopped never left the page.
      const asked = it.requests.filter((r) => !/^(file|blob):/.test(r.url()) && r.failure()?.errorText !== 'csp');
      assert.deepEqual(asked.map((r) => r.url()), [], 'nothing is asked of a network');
    });
    return it;
  }

  /** Give it an archive or a folder by its buttons' inputs, and wait for the result. */
  async check(path) {
    await this.give(path);
    return this.result();
  }

  give(path) {
    return this.page.setInputFiles(statSync(path).isDirectory() ? '#folder-input' : '#file-input', path);
  }

  /** Drop it onto the page, as from a file manager. */
  async drop(...files) {
    const cdp = await this.context.newCDPSession(this.page);
    const box = await this.page.locator('#drop').boundingBox();
    const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    for (const type of ['dragEnter', 'dragOver', 'drop'])
      await cdp.send('Input.dispatchDragEvent', { type, ...at, data: { items: [], files, dragOperationsMask: 1 } });
  }

  /** What it shows, once it shows a result. */
  async result() {
    await this.page.waitForSelector('#result:not([hidden]) .verdict');
    return this.page.evaluate(() => {
      const text = (e) => e?.textContent ?? '';
      const findings = [...document.querySelectorAll('.findings li')].map((li) => ({
        place: text(li.querySelector('.place')).replace(/^At /, ''),
        exact: text(li.querySelector('.exact')).replace(/^.*?: /, ''),
      }));
      return {
        verdict: document.querySelector('.verdict').className.replace('verdict ', ''),
        title: text(document.querySelector('#result-title')),
        first: findings[0],
        findings,
        checks: [...document.querySelectorAll('.check')].map((li) => li.className.replace('check ', '')),
        items: [...document.querySelectorAll('.item')].map((item) => ({
          name: text(item.querySelector('h4')),
          state: item.className.replace('item ', ''),
          text: text(item),
          events: item.querySelectorAll('tbody tr').length,
        })),
        log: text(document.querySelector('[aria-labelledby=log]')),
      };
    });
  }

  /** The rules of WCAG 2.2 A and AA that a machine can check, and axe's own advice. */
  async violations() {
    // Not a script of the page's: its policy would refuse one.
    await this.page.evaluate(axe);
    const { violations } = await this.page.evaluate(() => globalThis.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
    return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' | ').slice(0, 300)}`);
  }
}

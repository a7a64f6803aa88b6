// The sign-in page in a real Chromium, with an authenticator of its own (the
// WebAuthn domain of its debugging protocol).
import assert from 'node:assert/strict';
import { X509Certificate, createHash, createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { patience } from './paths.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Of the site's own certificate: what Chromium is told to trust.  WebAuthn asks
 * for a certificate without errors, so that ignoring them does not do. */
function fingerprint(site) {
  const key = new X509Certificate(readFileSync(join(site.dir, 'tls/server.pem'))).publicKey;
  return createHash('sha256').update(key.export({ type: 'spki', format: 'der' })).digest('base64');
}

/** RFC 6238: the code of a secret now, `steps` later. */
export function totp(secret, steps = 0) {
  const bits = [...secret.replace(/[= ]/g, '')].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const count = Buffer.alloc(8);
  count.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const mac = createHmac('sha1', key).update(count).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

export class SigninPage {
  /** A browser of its own, at the page of this agency. */
  static async open(t, site, { agency = 'harbor-pd', path = `/signin/${agency}`, passkeys = true, host = 'localhost', more = {} } = {}) {
    const it = new SigninPage();
    const profile = mkdtempSync(join(tmpdir(), 'sallyport-chromium-'));
    it.site = site;
    it.context = await chromium.launchPersistentContext(profile, {
      executablePath: '/usr/bin/chromium',
      headless: true,
      viewport: { width: 1000, height: 900 },
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', `--ignore-certificate-errors-spki-list=${fingerprint(site)}`,
        '--host-resolver-rules=MAP *.test 127.0.0.1'],
      ...more,
    });
    t.after(async () => {
      await it.context.close();
      rmSync(profile, { recursive: true, force: true });
    });
    it.page = it.context.pages()[0] ?? await it.context.newPage();
    it.page.setDefaultTimeout(20_000 * patience);
    it.errors = [];
    it.asked = [];
    it.page.on('pageerror', (e) => it.errors.push(String(e)));
    it.context.on('request', (r) => it.asked.push(r.url()));
    it.cdp = await it.context.newCDPSession(it.page);
    if (passkeys) await it.plug();
    it.url = `https://${host}:${site.port}`;
    await it.page.goto(it.url + path);
    t.after(() => assert.deepEqual(it.errors, [], 'the page has no errors'));
    return it;
  }

  /** An authenticator: of the device, by default, that asks for a PIN and is right. */
  async plug(options = {}) {
    await this.cdp.send('WebAuthn.enable');
    const { authenticatorId } = await this.cdp.send('WebAuthn.addVirtualAuthenticator', { options: {
      protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true,
      isUserVerified: true, automaticPresenceSimulation: true, ...options } });
    this.authenticator = authenticatorId;
  }

  verified(isUserVerified) {
    return this.cdp.send('WebAuthn.setUserVerified', { authenticatorId: this.authenticator, isUserVerified });
  }

  async credentials() {
    return (await this.cdp.send('WebAuthn.getCredentials', { authenticatorId: this.authenticator })).credentials;
  }

  title() {
    return this.page.textContent('#step h2');
  }

  /** The step of this name is shown. */
  async at(title) {
    await this.page.waitForFunction((want) => document.querySelector('#step h2')?.textContent === want, title)
      .catch(async (e) => {
        throw new Error(`not at “${title}” but at “${await this.title()}”: ${await this.problem()}\n${e.message}`);
      });
    await this.page.waitForFunction(() => document.querySelector('#step').getAttribute('aria-busy') === 'false');
  }

  click(name) {
    return this.page.getByRole('button', { name, exact: true }).click();
  }

  type(label, text) {
    return this.page.getByLabel(label, { exact: true }).fill(text);
  }

  async problem() {
    return (await this.page.isVisible('#problem')) ? this.page.textContent('#problem') : '';
  }

  /** What it says is wrong. */
  async says(pattern) {
    await this.page.waitForSelector('#problem:not([hidden])');
    assert.match(await this.page.textContent('#problem'), pattern);
  }

  async agree() {
    await this.at('Before you sign in');
    await this.click('I have read this and agree');
    await this.at('Sign in');
  }

  async password(login, password) {
    await this.type('Login', login);
    await this.type('Password', password);
    await this.click('Continue');
  }

  async accept(invitation, password) {
    await this.click('I have an invitation code');
    await this.at('Use your invitation');
    await this.type('Invitation code', invitation);
    await this.type('New password', password);
    await this.type('New password, once more', password);
    await this.click('Continue');
    await this.at('Add your second step');
  }

  /** Recovery codes, and on. */
  async keep() {
    await this.at('Keep your recovery codes');
    const codes = await this.page.$$eval('.codes li', (all) => all.map((li) => li.textContent));
    await this.page.getByLabel('I have kept them in a safe place').check();
    await this.click('Continue');
    return codes;
  }

  /** What axe finds fault with. */
  async violations() {
    // The page's own policy keeps a script that is put into it from running.
    await this.page.evaluate(axe);
    const { violations } = await this.page.evaluate(() => globalThis.axe.run());
    return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`);
  }

  async shot(name) {
    if (process.env.SALLYPORT_TEST_SHOTS)
      await this.page.screenshot({ path: join(process.env.SALLYPORT_TEST_SHOTS, `${name}.png`), fullPage: true });
  }
}

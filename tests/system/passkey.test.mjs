// Signing in by the page in a real browser: invitation, passkey, password, codes,
// sessions; and whatever must not let anybody in.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SigninPage, totp } from './lib/signin_page.mjs';
import { run } from './lib/site.mjs';
import { siteSuite } from './lib/suite.mjs';

const PASSWORD = 'correct horse battery staple 7';

siteSuite('passkey', { agencies: ['harbor-pd', 'mesa-so'] }, (context) => {
  let count = 0;

  /** A new person of the agency, and their invitation. */
  async function invited(agency = 'harbor-pd') {
    const login = `officer${++count}`;
    const made = await context.site.must(['person', 'add', `Officer ${count}`, '--role', 'officer', '--login', login,
      '--agency', agency, '--json'], agency);
    const { id } = JSON.parse(made.stdout);
    const answer = await context.site.request('POST', `persons/${id}/invitations`, { agency,
      headers: { 'content-type': 'application/json' }, body: Buffer.from('{}') });
    assert.equal(answer.status, 201, String(answer.body));
    return { id, login, invitation: answer.json().invitation };
  }

  /** Through the page, to the passkey that is enrolled first. */
  async function enrolled(t, options) {
    const person = await invited();
    const page = await SigninPage.open(t, context.site, options);
    await page.agree();
    await page.accept(person.invitation, PASSWORD);
    await page.click('Add a passkey');
    person.codes = await page.keep();
    await page.at('You are signed in');
    return { page, person };
  }

  async function out(page) {
    await page.click('Sign out');
    await page.agree();
  }

  test('an invitation, a password, a passkey; then in by the passkey alone', async (t) => {
    const person = await invited();
    const page = await SigninPage.open(t, context.site);
    await page.at('Before you sign in');
    assert.match(await page.page.textContent('h1'), /Harbor Police Department/);
    assert.match(await page.page.textContent('.notice'), /monitored, recorded/);
    assert.deepEqual(await page.violations(), []);
    await page.shot('notice');
    await page.agree();
    assert.deepEqual(await page.violations(), []);
    await page.shot('start');
    await page.click('I have an invitation code');
    await page.at('Use your invitation');
    assert.deepEqual(await page.violations(), []);
    await page.shot('invited');
    await page.click('Back to sign-in');
    await page.at('Sign in');
    await page.accept(person.invitation, PASSWORD);
    assert.deepEqual(await page.violations(), []);
    await page.shot('enrol');
    await page.click('Add a passkey');
    await page.at('Keep your recovery codes');
    assert.deepEqual(await page.violations(), []);
    await page.shot('codes');
    assert.equal((await page.keep()).length, 10);
    await page.at('You are signed in');
    assert.match(await page.page.textContent('.facts'), new RegExp(person.login));
    assert.deepEqual(await page.violations(), []);
    await page.shot('open');
    const [credential] = await page.credentials();
    assert.equal(credential.rpId, 'localhost');
    assert.equal(credential.isResidentCredential, true);
    assert.notEqual(Buffer.from(credential.userHandle, 'base64').toString('hex'), person.id.replace(/-/g, ''));
    await out(page);
    await page.click('Sign in with a passkey');
    await page.at('You are signed in');
    assert.match(await page.page.textContent('.facts'), /passkey/);
    // Nothing was asked of anybody else, and no script can read the session.
    for (const url of page.asked) assert.equal(new URL(url).origin, page.url, url);
    assert.equal(await page.page.evaluate(() => document.cookie), '');
    const cookies = await page.context.cookies();
    assert.equal(cookies.length, 1);
    assert.deepEqual([cookies[0].httpOnly, cookies[0].secure, cookies[0].sameSite], [true, true, 'Strict']);
  });

  test('a passkey that did not verify its user wants the password first', async (t) => {
    const { page, person } = await enrolled(t);
    await out(page);
    await page.verified(false);
    await page.click('Sign in with a passkey');
    await page.says(/sign in with your password/);
    assert.equal(await page.title(), 'Sign in');
    await page.shot('no-passkey');
    await page.password(person.login, PASSWORD);
    await page.at('Second step');
    await page.shot('factor');
    assert.deepEqual(await page.violations(), []);
    await page.click('Use my passkey');
    await page.at('You are signed in');
    assert.match(await page.page.textContent('.facts'), /password and passkey/);
  });

  test('an authenticator app; its code, and a recovery code in its place', async (t) => {
    const person = await invited();
    const page = await SigninPage.open(t, context.site, { passkeys: false });
    await page.agree();
    await page.accept(person.invitation, PASSWORD);
    await page.click('Set up an app');
    await page.at('Set up an authenticator app');
    assert.deepEqual(await page.violations(), []);
    await page.shot('app');
    const uri = new URL(await page.page.getAttribute('#step a', 'href'));
    const secret = (await page.page.textContent('#step code')).replace(/ /g, '');
    assert.equal(uri.protocol, 'otpauth:');
    assert.equal(uri.searchParams.get('secret'), secret);
    assert.ok(await page.page.isVisible('.qr'));
    await page.type('Code that the app shows now', '000000');
    await page.click('Finish');
    await page.says(/not the code/);
    await page.shot('app-wrong');
    const first = totp(secret);
    await page.type('Code that the app shows now', first);
    await page.click('Finish');
    const codes = await page.keep();
    await page.at('You are signed in');
    await out(page);
    await page.password(person.login, PASSWORD);
    await page.at('Second step');
    await page.shot('factor-app');
    // The code that enrolled it is used up.
    await page.type('Code from your authenticator app', first);
    await page.click('Continue');
    await page.says(/not right/);
    await page.click('Use a recovery code instead');
    await page.type('Recovery code', codes[3].toUpperCase());
    await page.click('Continue');
    await page.at('You are signed in');
    await out(page);
    await page.password(person.login, PASSWORD);
    await page.at('Second step');
    await page.type('Code from your authenticator app', totp(secret, 1));
    await page.click('Continue');
    await page.at('You are signed in');
  });

  test('wrong passwords and codes are told alike, whoever it is', async (t) => {
    const { person, page } = await enrolled(t);
    await out(page);
    const told = [];
    for (const login of [person.login, 'nobody.at.all']) {
      await page.password(login, 'wrong password 77');
      await page.says(/administrator can release it/);
      told.push(await page.problem());
    }
    assert.equal(told[0], told[1]);
    await page.shot('refused');
    await page.click('I have an invitation code');
    await page.type('Invitation code', 'spe_nonsense');
    await page.type('New password', PASSWORD);
    await page.type('New password, once more', `${PASSWORD}x`);
    await page.click('Continue');
    assert.match(await page.page.textContent('.field:nth-of-type(3) .error'), /not the same/);
    await page.shot('differs');
    await page.type('New password, once more', PASSWORD);
    await page.click('Continue');
    await page.says(/invitation code is not valid/);
  });

  test('an answer that was sent once is refused the second time', async (t) => {
    const { page } = await enrolled(t);
    await out(page);
    const sent = page.page.waitForRequest((r) => r.method() === 'POST' && r.url().endsWith('/signin/passkey'));
    await page.click('Sign in with a passkey');
    const body = (await sent).postData();
    await page.at('You are signed in');
    const again = (change) => context.site.request('POST', 'signin/passkey', { token: '',
      headers: { host: `localhost:${context.site.port}`, 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify({ ...JSON.parse(body), cookie: false, ...change })) });
    for (const change of [{}, { for: '019430d2-0000-7000-8000-000000000000' }]) {
      const answer = await again(change);
      assert.equal(answer.status, 401, String(answer.body));
      assert.equal(answer.json().reason, 'challenge.unknown');
    }
  });

  test('a copy of a passkey is found out by its counter, and disables it', async (t) => {
    const { page, person } = await enrolled(t);
    await out(page);
    const [old] = await page.credentials();
    await page.click('Sign in with a passkey');
    await page.at('You are signed in');
    await out(page);
    await page.cdp.send('WebAuthn.removeCredential', { authenticatorId: page.authenticator, credentialId: old.credentialId });
    await page.cdp.send('WebAuthn.addCredential', { authenticatorId: page.authenticator, credential: old });
    await page.click('Sign in with a passkey');
    await page.says(/seems to be a copy/);
    await page.click('Sign in with a passkey');
    await page.says(/disabled/);
    // In by a recovery code: it says so there, too.
    await page.password(person.login, PASSWORD);
    await page.at('Second step');
    await page.click('Use a recovery code instead');
    await page.type('Recovery code', person.codes[0]);
    await page.click('Continue');
    await page.at('You are signed in');
    assert.match(await page.page.textContent('.list:last-of-type'), /there may be a copy/);
    await page.shot('open-disabled');
  });

  test('passkeys are this site\'s by its name, and nobody else\'s', async (t) => {
    const { page } = await enrolled(t);
    // A page elsewhere that asks for it: the browser refuses.
    await page.context.route('https://evil.test/**', (route) => route.fulfill({ contentType: 'text/html', body: '<title>evil</title>' }));
    await page.page.goto('https://evil.test/');
    const refused = await page.page.evaluate(() => navigator.credentials.get({ publicKey: { challenge: new Uint8Array(32), rpId: 'localhost' } })
      .then(() => 'taken', (e) => e.name));
    assert.equal(refused, 'SecurityError');
    // The site by a name that it does not go by, and by its address.
    for (const host of ['other.test', '127.0.0.1']) {
      const there = await SigninPage.open(t, context.site, { host });
      await there.agree();
      await there.click('Sign in with a passkey');
      await there.says(/open the site by the name/);
    }
    // One that says it was asked elsewhere, as a thief in between would have it.
    const { site } = context;
    const headers = { host: `localhost:${site.port}`, 'content-type': 'application/json' };
    const asked = (await site.request('POST', 'signin/passkey/options', { token: '', headers })).json();
    assert.equal(asked.publicKey.rpId, 'localhost');
    const client = { type: 'webauthn.get', challenge: asked.publicKey.challenge, origin: `https://evil.test:${site.port}`, crossOrigin: false };
    const [{ credentialId, userHandle }] = await page.credentials();
    const text = (base64) => Buffer.from(base64, 'base64').toString('base64url');
    const answer = await site.request('POST', 'signin/passkey', { token: '', headers, body: Buffer.from(JSON.stringify({ for: asked.for,
      credential: { id: text(credentialId), rawId: text(credentialId), type: 'public-key', response: {
        clientDataJSON: Buffer.from(JSON.stringify(client)).toString('base64url'), userHandle: text(userHandle),
        authenticatorData: Buffer.alloc(37, 1).toString('base64url'), signature: Buffer.alloc(70, 1).toString('base64url') } } })) });
    assert.equal(answer.status, 403, String(answer.body));
    assert.equal(answer.json().reason, 'passkey.origin');
  });

  test('another agency does not know it', async (t) => {
    const { page } = await enrolled(t);
    await page.page.goto(`${page.url}/signin/mesa-so`);
    await page.agree();
    await page.click('Sign in with a passkey');
    await page.says(/not known in this agency/);
    await page.page.goto(`${page.url}/signin/no-such-agency`).catch(() => {});
    assert.equal((await context.site.get('/signin/no-such-agency', { token: '' })).status, 404);
  });

  test('sessions are listed and ended; who is signed out has to sign in', async (t) => {
    const { page, person } = await enrolled(t);
    const other = await SigninPage.open(t, context.site, { passkeys: false });
    await other.agree();
    await other.password(person.login, PASSWORD);
    await other.at('Second step');
    // What began is seen when the page is loaded anew, notice and all.
    await other.page.reload();
    await other.at('Second step');
    await other.click('Use a recovery code instead');
    await other.type('Recovery code', person.codes[1]);
    await other.click('Continue');
    await other.at('Before you sign in');
    await other.click('I have read this and agree');
    await other.at('You are signed in');
    await page.page.reload();
    await page.at('You are signed in');
    assert.equal(await page.page.locator('.list').first().locator('li').count(), 2);
    await page.shot('open-two');
    await page.page.getByRole('button', { name: /^End/ }).click();
    await page.page.waitForSelector('#said:not([hidden])');
    assert.equal(await page.page.locator('.list').first().locator('li').count(), 1);
    await other.page.reload();
    await other.agree();
    await out(page);
    await page.page.reload();
    await page.agree();
  });

  test('one\'s own factors: another app, new codes, one removed, another password', async (t) => {
    const { page, person } = await enrolled(t);
    await page.page.getByRole('button', { name: /^Remove/ }).click();
    await page.says(/only second step/);
    await page.click('Add an authenticator app');
    await page.at('Set up an authenticator app');
    const secret = (await page.page.textContent('#step code')).replace(/ /g, '');
    await page.type('Code that the app shows now', totp(secret));
    await page.click('Finish');
    await page.at('You are signed in');
    assert.equal(await page.page.locator('.list').last().locator('li').count(), 2);
    await page.click('Make new recovery codes');
    assert.notDeepEqual(await page.keep(), person.codes);
    await page.at('You are signed in');
    await page.click('Change the password');
    await page.at('Choose a new password');
    await page.shot('change');
    await page.type('Password until now', PASSWORD);
    await page.type('New password', `${PASSWORD} new`);
    await page.type('New password, once more', `${PASSWORD} new`);
    await page.click('Change the password');
    await page.at('You are signed in');
    await page.page.getByRole('button', { name: 'Remove: Authenticator app' }).click();
    await page.page.waitForSelector('#said:not([hidden])');
    assert.equal(await page.page.locator('.list').last().locator('li').count(), 1);
    await out(page);
    await page.password(person.login, `${PASSWORD} new`);
    await page.at('Second step');
  });

  /** While the server is away: so many minutes pass for this person's sessions. */
  async function minutesLater(person, minutes, columns) {
    const { site } = context;
    await site.kill();
    const set = columns.map((c) => `${c} = ${c} - ${minutes * 60e6}`).join(', ');
    const got = await run('sqlite3', [join(site.dir, 'agencies/harbor-pd/agency.db'),
      `UPDATE signin_session SET ${set} WHERE hex(person) = upper('${person.id.replaceAll('-', '')}')`]);
    assert.equal(got.code, 0, got.stderr);
    await site.start();
  }

  /** As it is on a desk, and on a telephone in the dark. */
  async function look(page, name) {
    for (const [what, width, colorScheme] of [['wide', 1000, 'light'], ['narrow', 360, 'dark']]) {
      await page.page.setViewportSize({ width, height: width === 360 ? 640 : 900 });
      await page.page.emulateMedia({ colorScheme });
      const over = await page.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(over, 0, `${name}, ${what}: nothing sticks out`);
      assert.deepEqual(await page.violations(), [], `${name}, ${what}`);
      await page.shot(`${name}-${what}`);
    }
    await page.page.setViewportSize({ width: 1000, height: 900 });
    await page.page.emulateMedia({ colorScheme: 'light' });
  }
  const focused = (page) => page.page.evaluate(() => document.activeElement?.tagName);

  test('proofs that grew old, a session that locked, a password that leaked: asked again', async (t) => {
    const { page, person } = await enrolled(t);
    const { site } = context;
    await page.click('Add an authenticator app');
    await page.at('Set up an authenticator app');
    const secret = (await page.page.textContent('#step code')).replace(/ /g, '');
    await page.type('Code that the app shows now', totp(secret));
    await page.click('Finish');
    await page.at('You are signed in');
    await look(page, 'open');

    // What is privileged asks for both steps anew; by passkey, and by the rest.
    await minutesLater(person, 20, ['proved']);
    await page.click('Make new recovery codes');
    await page.at('Prove again that it is you');
    assert.equal(await focused(page), 'H2');
    await look(page, 'renew');
    await page.click('Use my passkey');
    const codes = await page.keep(); // what was wanted is done then
    await page.at('You are signed in');
    await minutesLater(person, 20, ['proved']);
    await page.click('Change the password');
    await page.type('Password until now', PASSWORD);
    await page.type('New password', `${PASSWORD} new`);
    await page.type('New password, once more', `${PASSWORD} new`);
    await page.click('Change the password');
    await page.at('Prove again that it is you');
    await page.type('Password', 'wrong password 77');
    await page.type('Code from your authenticator app', '000000');
    await page.click('Continue');
    await page.says(/not right/);
    await look(page, 'renew-wrong');
    await page.type('Password', PASSWORD);
    await page.type('Code from your authenticator app', totp(secret, 1));
    await page.click('Continue');
    // What was wanted is done then; and what the site has against it is said.
    await page.at('You are signed in');
    assert.match(await page.page.textContent('#said'), /password is changed/);
    person.password = `${PASSWORD} new`;
    await minutesLater(person, 20, ['proved']);
    await page.click('Change the password');
    await page.type('Password until now', 'not that one 77');
    await page.type('New password', 'short');
    await page.type('New password, once more', 'short');
    await page.click('Change the password');
    await page.at('Prove again that it is you');
    await page.click('Use my passkey');
    await page.at('You are signed in');
    assert.notEqual(await page.problem(), '');
    await look(page, 'renew-problem');
    await minutesLater(person, 20, ['proved']);
    await page.click('Make new recovery codes');
    await page.at('Prove again that it is you');
    await page.click('Back');
    await page.at('You are signed in');

    // Not used for half an hour: locked, and nothing of it is shown.
    await minutesLater(person, 35, ['used']);
    await page.page.reload();
    await page.at('Your session is locked');
    assert.equal(await focused(page), 'H2');
    assert.doesNotMatch(await page.page.textContent('main'), new RegExp(person.login));
    await look(page, 'locked');
    await page.type('Password', person.password);
    await page.click('Continue');
    assert.match(await page.page.textContent('.field:nth-of-type(2) .error'), /Fill in/);
    await look(page, 'locked-empty');
    // The phone is not at hand: a recovery code does, too.
    await page.click('Use a recovery code instead');
    await page.at('Your session is locked');
    await page.type('Password', person.password);
    await page.type('Recovery code', codes[0]);
    await look(page, 'locked-recovery');
    await page.click('Continue');
    await page.at('You are signed in');

    // The password turns up in a list of leaked ones.
    mkdirSync(join(site.dir, 'policy'), { recursive: true });
    writeFileSync(join(site.dir, 'policy/banned-passwords.txt'), `${person.password}\n`);
    await site.kill();
    await site.start();
    await out(page);
    await page.password(person.login, person.password);
    await page.at('Second step');
    await page.click('Use my passkey');
    await page.at('Choose a new password');
    assert.equal(await focused(page), 'H2');
    await look(page, 'change');
    await page.click('Sign in as someone else');
    await page.agree();
    await page.password(person.login, person.password);
    await page.at('Second step');
    await page.click('Use my passkey');
    await page.at('Choose a new password');
    const change = async (fresh) => {
      await page.type('Password until now', person.password);
      await page.type('New password', fresh);
      await page.type('New password, once more', fresh);
      await page.click('Change the password');
    };
    await change(person.password);
    await page.says(/easy to guess/);
    await look(page, 'change-refused');
    await change('quite another one 55');
    await page.at('You are signed in');
    rmSync(join(site.dir, 'policy/banned-passwords.txt'));
    await site.kill();
    await site.start();
  });

  test('it goes on to a path of this site, and to nothing else', async (t) => {
    const { page } = await enrolled(t);
    await page.page.goto(`${page.url}/signin/harbor-pd?next=${encodeURIComponent('/v1/agencies/harbor-pd/signin/notice?a=b')}`);
    await page.at('You are signed in');
    await out(page);
    await page.click('Sign in with a passkey');
    await page.page.waitForURL('**/signin/notice?a=b');
    for (const next of ['//evil.test', '/\\evil.test', 'https:evil.test', 'https://evil.test/', 'javascript:alert(1)', '/\t/evil.test',
      '/\n/evil.test', '\\\\evil.test', '/.//evil.test', 'data:text/html,x']) {
      await page.page.goto(`${page.url}/signin/harbor-pd?next=${encodeURIComponent(next)}`);
      await page.at('You are signed in');
      assert.equal(await page.page.locator('.next').count(), 0, next);
    }
    await out(page);
    await page.click('Sign in with a passkey');
    await page.at('You are signed in');
    assert.equal(new URL(page.page.url()).pathname, '/signin/harbor-pd');
  });

  test('by keyboard alone, on a narrow screen, in the dark', async (t) => {
    const person = await invited();
    const page = await SigninPage.open(t, context.site, { more: { viewport: { width: 360, height: 640 }, colorScheme: 'dark' } });
    const narrow = async (name) => {
      const over = await page.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(over, 0, `${name}: nothing sticks out`);
      assert.deepEqual(await page.violations(), [], name);
      const small = await page.page.$$eval('button, input, .check', (all) => all.filter((e) => e.type !== 'checkbox'
        && e.getBoundingClientRect().height < 44).map((e) => e.outerHTML));
      assert.deepEqual(small, [], `${name}: large enough to touch`);
      await page.shot(`narrow-${name}`);
    };
    const press = async (...keys) => {
      for (const key of keys) await page.page.keyboard.press(key);
    };
    await page.at('Before you sign in');
    await narrow('notice');
    await press('Tab', 'Enter'); // the heading has the focus, then the button
    await page.at('Sign in');
    await narrow('start');
    await press('Tab', 'Tab');
    await page.page.keyboard.type(person.login);
    await press('Tab');
    await page.page.keyboard.type('wrong');
    await press('Enter');
    await page.says(/administrator/);
    await press('Tab', 'Tab', 'Tab', 'Enter'); // show, continue, invitation
    await page.at('Use your invitation');
    await narrow('invited');
    await press('Tab');
    await page.page.keyboard.type(person.invitation);
    await press('Tab');
    await page.page.keyboard.type(PASSWORD);
    await press('Tab');
    await page.page.keyboard.type(PASSWORD);
    await press('Enter');
    await page.at('Add your second step');
    await narrow('enrol');
    await press('Tab', 'Tab', 'Enter');
    await page.at('Set up an authenticator app');
    await narrow('app');
    const secret = (await page.page.textContent('#step code')).replace(/ /g, '');
    await press('Tab', 'Tab');
    await page.page.keyboard.type(totp(secret));
    await press('Enter');
    await page.at('Keep your recovery codes');
    await narrow('codes');
    await press('Tab', 'Tab', 'Tab', 'Space', 'Tab', 'Enter');
    await page.at('You are signed in');
    await narrow('open');
  });

  test('the page stands in nobody\'s frame and runs nobody else\'s script', async (t) => {
    const { site } = context;
    const answer = await site.get('/signin/harbor-pd', { token: '' });
    const csp = answer.headers['content-security-policy'];
    assert.match(csp, /default-src 'none'/);
    assert.match(csp, /frame-ancestors 'none'/);
    assert.doesNotMatch(csp, /unsafe|\*|https?:/);
    assert.equal(answer.headers['x-frame-options'], 'DENY');
    assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8');
    const page = await SigninPage.open(t, site);
    await page.at('Before you sign in');
    const stopped = await page.page.evaluate(async () => {
      const kinds = [];
      document.addEventListener('securitypolicyviolation', (e) => kinds.push(e.effectiveDirective));
      await fetch('https://example.com/').catch(() => {});
      const script = document.createElement('script');
      script.textContent = 'globalThis.ran = true';
      document.body.append(script);
      document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="globalThis.ran = true">');
      await new Promise((ok) => setTimeout(ok, 50));
      return { kinds, ran: globalThis.ran === true };
    });
    assert.equal(stopped.ran, false);
    assert.ok(stopped.kinds.includes('connect-src') && stopped.kinds.includes('script-src-elem'), stopped.kinds.join());
    await page.context.route('https://evil.test/**', (route) => route.fulfill({ contentType: 'text/html',
      body: `<iframe src="${page.url}/signin/harbor-pd"></iframe>` }));
    await page.page.goto('https://evil.test/');
    await page.page.waitForTimeout(200);
    const frame = page.page.frames().find((f) => f !== page.page.mainFrame());
    assert.equal(await frame.evaluate(() => document.querySelector('#step')?.tagName ?? 'none').catch(() => 'none'), 'none');
  });
});

// Signing in at an identity provider elsewhere: a real one in a real browser, and
// one that lies.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Liar, realProvider } from './lib/idp.mjs';
import { SigninPage } from './lib/signin_page.mjs';
import { siteSuite } from './lib/suite.mjs';

siteSuite('federation', { args: ['--idp-on-loopback'] }, (context) => {
  const origin = () => `https://localhost:${context.site.port}`;

  async function person(login, role = 'officer', agency = 'harbor-pd') {
    const made = await context.site.must(['person', 'add', `Person ${login}`, '--role', role, '--login', login, '--agency', agency, '--json'], agency);
    return JSON.parse(made.stdout).id;
  }

  async function provider(name, issuer, more = {}, agency = 'harbor-pd') {
    const answer = await context.site.request('POST', 'providers', { agency,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify({ name, issuer, client_id: 'sallyport', origin: origin(), auth: 'none',
        login_claim: 'preferred_username', amr_two_factors: 'mfa', ...more })) });
    assert.equal(answer.status, 201, String(answer.body));
    return answer.json();
  }

  /** Begin as a browser would: {cookie, state, nonce, url}. */
  async function begin(name, query = '', agency = 'harbor-pd') {
    const answer = await context.site.get(`signin/oidc/${name}${query}`, { token: '', agency });
    assert.equal(answer.status, 303, String(answer.body));
    const [cookie] = answer.headers['set-cookie'] ?? [''];
    const url = new URL(answer.headers.location, origin());
    return { answer, url, cookie: cookie.split(';')[0], attributes: cookie,
      state: url.searchParams.get('state'), nonce: url.searchParams.get('nonce') };
  }

  /** Come back: where the browser is sent, and with which session. */
  async function back(name, query, cookie, agency = 'harbor-pd') {
    const answer = await context.site.get(`signin/oidc/${name}/callback?${new URLSearchParams(query)}`,
      { token: '', agency, headers: cookie ? { cookie } : {} });
    assert.equal(answer.status, 303, String(answer.body));
    const session = (answer.headers['set-cookie'] ?? []).map((c) => c.split(';')[0]).find((c) => c.startsWith('__Host-sallyport='));
    const to = new URL(answer.headers.location, origin());
    assert.equal(to.origin, origin());
    assert.equal(to.pathname, `/signin/${agency}`);
    return { problem: to.searchParams.get('problem'), next: to.searchParams.get('next'), session };
  }

  const me = async (session, agency = 'harbor-pd') =>
    (await context.site.get('session', { token: '', agency, headers: { cookie: session } })).json();

  test('a real provider, a real browser: two factors there, in here', async (t) => {
    const real = await realProvider(t, [`${origin()}/v1/agencies/harbor-pd/signin/oidc/county/callback`]);
    await provider('county', real.issuer, { title: 'County', auth: 'client_secret_basic', secret: 'a secret & more: 100%' });
    const id = await person('ann');
    const page = await SigninPage.open(t, context.site, { passkeys: false });
    await page.agree();
    await page.click('Sign in with County');
    await page.page.waitForURL((url) => url.origin === real.issuer);
    await page.page.getByLabel('Name').fill('ann+mfa');
    await page.page.getByRole('button').click();
    await page.at('Before you sign in');
    await page.click('I have read this and agree');
    await page.at('You are signed in');
    assert.match(await page.page.textContent('.facts'), /your agency’s own sign-in/);
    assert.match(await page.page.textContent('.facts'), /ann/);
    assert.equal(new URL(page.page.url()).search, '');
    // No script can read what it holds.
    assert.equal(await page.page.evaluate(() => document.cookie), '');
    for (const hidden of ['sub-of-ann', 'a secret', id]) assert.ok(!context.site.log.includes(hidden), hidden);
  });

  test('one factor there: the second is asked for here', async (t) => {
    const real = await realProvider(t, [`${origin()}/v1/agencies/harbor-pd/signin/oidc/single/callback`]);
    await provider('single', real.issuer, { title: 'Single', auth: 'client_secret_basic', secret: 'a secret & more: 100%' });
    await person('bob');
    const page = await SigninPage.open(t, context.site, { passkeys: false });
    await page.agree();
    await page.click('Sign in with Single');
    await page.page.getByLabel('Name').fill('bob');
    await page.page.getByRole('button').click();
    await page.at('Add your second step');
    // Somebody whom nobody here knows is told so, by the page.
    await page.context.clearCookies();
    await page.page.goto(`${page.url}/signin/harbor-pd`);
    await page.agree();
    await page.click('Sign in with Single');
    await page.page.getByLabel('Name').fill('nobody');
    await page.page.getByRole('button').click();
    await page.at('Before you sign in');
    await page.says(/nobody here is known by that account/);
  });

  test('what comes back decides nothing by itself', async (t) => {
    const liar = await Liar.start(t);
    await provider('lie', liar.issuer('good'));
    await person('carl');
    const good = (flow, more) => liar.token('good', flow.nonce, 'carl', { claims: { amr: ['mfa'], ...more?.claims }, ...more });

    // The way it should be, first.
    const one = await begin('lie', '?next=/v1/agencies/harbor-pd/session');
    assert.match(one.attributes, /^__Host-sallyport-oidc=[\w-]{43}; Max-Age=600; Secure; HttpOnly; SameSite=Lax; Path=\/$/);
    assert.equal(one.url.searchParams.get('code_challenge_method'), 'S256');
    assert.equal(one.url.searchParams.get('response_type'), 'code');
    assert.equal(one.url.searchParams.get('redirect_uri'), `${origin()}/v1/agencies/harbor-pd/signin/oidc/lie/callback`);
    liar.codes.set('c1', good(one));
    const in1 = await back('lie', { code: 'c1', state: one.state, session_state: 'x', scope: 'openid' }, one.cookie);
    assert.deepEqual({ problem: in1.problem, next: in1.next }, { problem: null, next: '/v1/agencies/harbor-pd/session' });
    const who = await me(in1.session);
    assert.equal(who.login, 'carl');
    assert.equal(who.session.stage, 'notice');
    const post = new URLSearchParams(liar.asked.find((r) => r.url.endsWith('/token')).body);
    assert.equal(post.get('grant_type'), 'authorization_code');
    assert.equal(post.get('code_verifier').length, 43);

    // Again: the state is gone, whatever the code would give.
    liar.codes.set('c1', good(one));
    assert.equal((await back('lie', { code: 'c1', state: one.state }, one.cookie)).problem, 'flow.unknown');

    // Tokens that lie.
    const cases = [
      ['jwt.algorithm', (f) => good(f, { header: { alg: 'HS256' }, sign: 'HS256' })],
      ['jwt.malformed', (f) => good(f, { header: { alg: 'none' }, sign: 'none' })],
      ['jwt.signature', (f) => good(f).replace(/.{8}$/, 'AAAAAAAA')],
      ['jwt.kid', (f) => good(f, { header: { kid: 'k2' } })],
      ['jwt.header', (f) => good(f, { header: { jwk: liar.jwk } })],
      ['jwt.header', (f) => good(f, { header: { jku: `${liar.origin}/keys` } })],
      ['jwt.issuer', (f) => good(f, { claims: { iss: 'https://id.example.gov' } })],
      ['jwt.audience', (f) => good(f, { claims: { aud: 'another' } })],
      ['jwt.azp', (f) => good(f, { claims: { aud: ['sallyport', 'another'] } })],
      ['jwt.nonce', (f) => good(f, { claims: { nonce: one.nonce } })],
      ['jwt.expired', (f) => good(f, { at: Date.now() - 130_000 })],
      ['jwt.issued', (f) => good(f, { at: Date.now() + 90_000 })],
      ['jwt.early', (f) => good(f, { claims: { nbf: Math.floor(Date.now() / 1000) + 90 } })],
      ['jwt.proved', (f) => good(f, { claims: { auth_time: 1 } })],
      ['identity.unknown', (f) => liar.token('good', f.nonce, 'nobody')],
      ['identity.other', (f) => good(f, { claims: { sub: 'somebody else' } })],
      [null, (f) => good(f, { at: Date.now() - 50_000 })], // a clock that is behind
      [null, (f) => good(f, { at: Date.now() + 50_000 })], // and ahead
    ];
    for (const [problem, make] of cases) {
      const flow = await begin('lie');
      liar.codes.set('c', make(flow));
      const got = await back('lie', { code: 'c', state: flow.state }, flow.cookie);
      assert.equal(got.problem, problem, String(make));
      assert.equal(got.session === undefined, problem !== null);
    }
    assert.ok((await me(in1.session)).login === 'carl', 'sessions go on');
  });

  test('an invitation puts out whoever had linked an account of theirs', async (t) => {
    const liar = await Liar.start(t);
    await provider('link', liar.issuer('good'));
    const id = await person('thea');
    const comes = async (login, sub) => {
      const flow = await begin('link');
      liar.codes.set('d', liar.token('good', flow.nonce, login, { claims: { sub, amr: ['mfa'] } }));
      return back('link', { code: 'd', state: flow.state }, flow.cookie);
    };
    const first = await comes('thea', 'of-a-thief');
    assert.equal(first.problem, null);
    assert.equal((await comes('not-thea', 'of-a-thief')).problem, null, 'the subject decides');
    const post = (path, body, token) => context.site.request('POST', path, { token,
      headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(body)) });
    const made = await post(`persons/${id}/invitations`, {});
    assert.equal(made.status, 201, String(made.body));
    assert.equal((await comes('not-thea', 'of-a-thief')).problem, null, 'not by the invitation alone');
    const used = await post('signin/accept', { invitation: made.json().invitation, password: 'seven wide rivers' }, null);
    assert.equal(used.status, 200, String(used.body));
    assert.equal((await comes('not-thea', 'of-a-thief')).problem, 'identity.unknown');
    assert.equal((await me(first.session)).status, 401);
    assert.ok((await context.site.entries()).some((e) => e.act === 'identity.unlinked' && e.object.id === id));
    assert.equal((await comes('thea', 'of-thea')).problem, null, 'and she links her own');
  });

  test('only the browser that began comes back, and only from there', async (t) => {
    const liar = await Liar.start(t);
    await provider('first', liar.issuer('good'));
    await provider('second', liar.issuer('says'));
    await person('dora');
    const mine = await begin('first');
    const theirs = await begin('first');
    const token = (mode, flow) => liar.token(mode, flow.nonce, 'dora');
    liar.codes.set('c', token('good', mine));
    const tries = [
      ['first', { code: 'c', state: mine.state }, undefined],
      ['first', { code: 'c', state: mine.state }, theirs.cookie],
      ['first', { code: 'c', state: theirs.state }, mine.cookie],
      ['first', { code: 'c', state: mine.state }, `${mine.cookie}; ${theirs.cookie}`],
      ['first', { code: 'c' }, mine.cookie],
      ['first', { code: 'c', state: 'A'.repeat(43) }, mine.cookie],
      ['second', { code: 'c', state: mine.state }, mine.cookie],
    ];
    for (const [name, query, cookie] of tries)
      assert.equal((await back(name, query, cookie)).problem, 'flow.unknown');
    // It is still whose it was.  One who says to be another provider is no good.
    assert.equal((await back('first', { code: 'c', state: mine.state, iss: liar.issuer('says') }, mine.cookie)).problem, 'exchange.issuer');
    const silent = await begin('second');
    liar.codes.set('c', token('says', silent));
    assert.equal((await back('second', { code: 'c', state: silent.state }, silent.cookie)).problem, 'exchange.issuer');
    const said = await begin('second');
    liar.codes.set('c', token('says', said));
    assert.equal((await back('second', { code: 'c', state: said.state, iss: liar.issuer('says') }, said.cookie)).problem, null);
    const no = await begin('first');
    assert.equal((await back('first', { error: 'access_denied', error_description: 'x'.repeat(500), state: no.state }, no.cookie)).problem, 'exchange.denied');
    const stale = await begin('first');
    assert.equal((await back('first', { code: 'used before', state: stale.state }, stale.cookie)).problem, 'exchange.refused');
    // Another agency knows neither the provider nor the flow.
    const other = await context.site.get(`signin/oidc/first/callback?code=c&state=${theirs.state}`,
      { token: '', agency: 'mesa-so', headers: { cookie: theirs.cookie } });
    assert.equal(other.status, 404);
  });

  test('nobody is sent to another site afterwards', async (t) => {
    const liar = await Liar.start(t);
    await provider('open', liar.issuer('good'));
    await person('emil');
    for (const next of ['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)', '/\tx', 'x', '\\\\evil.example', '/%0d%0aSet-Cookie:a=b']) {
      const flow = await begin('open', `?next=${encodeURIComponent(next)}`);
      liar.codes.set('c', liar.token('good', flow.nonce, 'emil'));
      const got = await back('open', { code: 'c', state: flow.state }, flow.cookie);
      assert.equal(got.problem, null);
      assert.equal(got.next, next.startsWith('/%') ? next : null, next);
    }
    const twice = await context.site.get('signin/oidc/open?next=/a&next=/b', { token: '' });
    assert.equal(twice.status, 400);
    const unknown = await context.site.get('signin/oidc/open?redirect_uri=https://evil.example', { token: '' });
    assert.equal(unknown.status, 400);
  });

  test('a provider that is not what it says keeps nobody waiting for long', async (t) => {
    const liar = await Liar.start(t);
    const modes = { other: 'discovery.issuer', elsewhere: 'discovery.endpoint', twice: 'discovery.malformed', html: 'discovery.malformed',
      redirect: 'source.away', endless: 'source.away', hang: 'source.away' };
    for (const name of ['county', 'single', 'lie', 'first', 'second', 'open'])
      await context.site.request('DELETE', `providers/${name}`);
    for (const mode of Object.keys(modes)) await provider(mode, liar.issuer(mode));
    const began = Date.now();
    await Promise.all(Object.entries(modes).map(async ([mode, problem]) => {
      const { url } = await begin(mode);
      assert.equal(url.pathname, '/signin/harbor-pd');
      assert.equal(url.searchParams.get('problem'), problem, mode);
    }));
    assert.ok(Date.now() - began < 30_000);
    assert.equal(liar.asked.filter((r) => r.url.includes('/good/')).length, 0, 'redirects are not followed');
    assert.equal((await context.site.get('evidence')).status, 200);
  });

  test('who may configure one, and what is told', async (t) => {
    const liar = await Liar.start(t);
    const officer = JSON.parse((await context.site.must(['token', 'add', '--role', 'officer', '--label', 'x', '--json'])).stdout).token;
    const wish = { name: 'mine', issuer: liar.issuer('good'), client_id: 'x', origin: origin(), login_claim: 'sub', secret: 'hush hush' };
    const send = (body, token) => context.site.request('POST', 'providers', { token, agency: 'mesa-so',
      headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(body)) });
    assert.equal((await context.site.request('POST', 'providers', { token: officer,
      headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(wish)) })).status, 403);
    assert.equal((await send(wish, '')).status, 401);
    assert.equal((await send({ ...wish, issuer: 'http://id.example.gov' })).status, 400);
    assert.equal((await send({ ...wish, provision_role: 'administrator' })).status, 400);
    const made = await send(wish);
    assert.equal(made.status, 201);
    const all = await context.site.get('providers', { agency: 'mesa-so' });
    assert.ok(!String(made.body).includes('hush') && !String(all.body).includes('hush'));
    const shown = (await context.site.get('signin/oidc', { token: '', agency: 'mesa-so' })).json();
    assert.deepEqual(shown, { items: [{ name: 'mine', title: 'mine' }] });
    assert.ok(!context.site.log.includes('hush'));
  });

  test('by the command line', async () => {
    const added = JSON.parse((await context.site.must(['idp', 'add', 'state', '--issuer', 'https://id.example.gov/realm',
      '--client', 'sallyport', '--origin', 'https://evidence.example.gov', '--login-claim', 'upn', '--secret-file', '-', '--json'],
    'mesa-so', { input: 'from stdin\n' })).stdout);
    assert.equal(added.name, 'state');
    assert.equal(added.auth, 'client_secret_basic');
    const list = (await context.site.must(['idp', 'list'], 'mesa-so')).stdout;
    assert.match(list, /state.*https:\/\/id\.example\.gov\/realm/);
    await context.site.must(['idp', 'remove', 'state'], 'mesa-so');
    assert.notEqual((await context.site.cli(['idp', 'remove', 'state'], 'mesa-so')).code, 0);
  });
});

// Service accounts: a real client (curl) gets tokens by OAuth 2.0 client
// credentials, and everything that is tried with what it has, or has lost.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { enrol, asks } from './lib/cameras.mjs';
import { follow } from './lib/events.mjs';
import { People } from './lib/people.mjs';
import { run, until } from './lib/site.mjs';
import { siteSuite } from './lib/suite.mjs';

const secrets = new Set();

async function add(site, more = [], scope = 'evidence.list,evidence.show') {
  const made = await site.must(['service', 'add', 'a program', '--scope', scope, '--json', ...more]);
  const { client_id: id, client_secret: secret, service } = JSON.parse(made.stdout);
  secrets.add(secret);
  return { id, secret, service };
}

/** Ask for a token with curl: {status, headers, json}. */
async function ask(site, args, agency = 'harbor-pd') {
  const got = await run('curl', ['-sS', '-i', '--cacert', site.caPath, ...args,
    `${site.url}/v1/agencies/${agency}/oauth/token`]);
  assert.equal(got.code, 0, got.stderr);
  const [head, body] = got.stdout.split('\r\n\r\n').slice(-2);
  const json = JSON.parse(body);
  if (json.access_token) secrets.add(json.access_token);
  return { status: Number(head.split(' ')[1]), head, json };
}

const basic = (site, s, more = [], agency = 'harbor-pd') =>
  ask(site, ['--user', `${s.id}:${s.secret}`, '-d', 'grant_type=client_credentials', ...more], agency);
const post = (site, s, more = []) => ask(site, ['-d', 'grant_type=client_credentials', '-d', `client_id=${s.id}`,
  '--data-urlencode', `client_secret=${s.secret}`, ...more]);

siteSuite('service accounts', {}, (context) => {
  test('curl gets a token by header and by body, and uses it for its scope', async () => {
    const { site } = context;
    const s = await add(site);
    for (const way of [basic, post]) {
      const got = await way(site, s);
      assert.equal(got.status, 200);
      assert.match(got.head, /cache-control: no-store/i);
      assert.match(got.json.access_token, /^spa_/);
      assert.equal(got.json.token_type, 'Bearer');
      assert.equal(got.json.expires_in, 3600);
      assert.equal(got.json.scope, 'evidence.list evidence.show');
      const token = got.json.access_token;
      assert.equal((await site.get('evidence', { token })).status, 200);
      for (const [method, path] of [['GET', 'tokens'], ['GET', 'services'], ['GET', 'log/tile/entries/000']])
        assert.equal((await site.request(method, path, { token })).status, 403, path);
      // Another agency has nothing for it, and does not know of it.
      assert.equal((await site.get('evidence', { token, agency: 'mesa-so' })).status, 404);
    }
    const elsewhere = await ask(site, ['--user', `${s.id}:${s.secret}`, '-d', 'grant_type=client_credentials'], 'mesa-so');
    assert.equal(elsewhere.status, 401);
  });

  test('the scope only narrows', async () => {
    const { site } = context;
    const s = await add(site, [], 'evidence.list,evidence.show,evidence.view');
    const id = await site.put(Buffer.from('a video'));
    const narrow = (await basic(site, s, ['-d', 'scope=evidence.show'])).json;
    assert.equal(narrow.scope, 'evidence.show');
    assert.equal((await site.get(`evidence/${id}`, { token: narrow.access_token })).status, 200);
    assert.equal((await site.get('evidence', { token: narrow.access_token })).status, 403);
    assert.equal((await site.content(id, { token: narrow.access_token })).status, 403);
    const all = (await basic(site, s)).json.access_token;
    assert.equal((await site.content(id, { token: all })).body.toString(), 'a video');
    for (const wide of ['evidence.export', 'evidence.view token.manage', 'lockbox.approve', '*', 'role.assign']) {
      const got = await basic(site, s, ['--data-urlencode', `scope=${wide}`]);
      assert.equal(got.status, 400);
      assert.equal(got.json.error, 'invalid_scope');
      assert.equal(got.json.access_token, undefined);
    }
    // Nor can one be made with what is not for services.
    for (const scope of ['lockbox.approve', 'recovery.begin', 'token.manage', 'service.manage', 'person.add']) {
      const got = await site.cli(['service', 'add', '--label', 'x', '--scope', scope]);
      assert.equal(got.code, 3, scope);
      assert.match(got.stderr, /not open to services/);
    }
  });

  test('a token or secret that is shown from elsewhere is worth nothing', async () => {
    const { site } = context;
    const s = await add(site, ['--from', '127.0.0.0/8']);
    assert.deepEqual(s.service.ranges, ['127.0.0.0/8']);
    const token = (await basic(site, s)).json.access_token;
    assert.equal((await site.get('evidence', { token })).status, 200);
    const far = await add(site, ['--from', '192.0.2.0/24,2001:db8::/32']);
    const refused = await basic(site, far);
    assert.equal(refused.status, 401);
    assert.deepEqual(refused.json, (await basic(site, { ...far, id: '01890a5d-ac96-774b-bcce-b302099a8057' })).json);
    // The proxy's word for an address is nobody's word.
    const spoofed = await basic(site, far, ['-H', 'X-Forwarded-For: 192.0.2.7', '-H', 'Forwarded: for=192.0.2.7']);
    assert.equal(spoofed.status, 401);
    await until('the ledger has it', async () =>
      (await site.entries()).some((e) => e.act === 'service.refused' && e.object.id === far.id &&
        e.detail.code === 'address' && e.outcome === 'refused'), 30);
  });

  test('a token got with a client certificate is worth nothing without it', async () => {
    const { site } = context;
    const s = await add(site);
    const pem = join(site.dir, 'client');
    const made = await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
      '-keyout', `${pem}.key`, '-out', `${pem}.crt`, '-days', '2', '-subj', '/CN=a program']);
    assert.equal(made.code, 0, made.stderr);
    const cert = ['--cert', `${pem}.crt`, '--key', `${pem}.key`];
    const token = (await basic(site, s, cert)).json.access_token;
    const bare = await site.get('evidence', { token });
    assert.equal(bare.status, 401);
    assert.equal(bare.json().reason, 'token.certificate');
    const got = await run('curl', ['-sS', '-o', '/dev/null', '-w', '%{http_code}', '--cacert', site.caPath, ...cert,
      '-H', `Authorization: Bearer ${token}`, `${site.url}/v1/agencies/harbor-pd/evidence`]);
    assert.equal(got.stdout, '200', got.stderr);
    // A thief has one of their own, which is another's.
    const thief = `${pem}-thief`;
    const theirs = await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
      '-keyout', `${thief}.key`, '-out', `${thief}.crt`, '-days', '2', '-subj', '/CN=a program']);
    assert.equal(theirs.code, 0, theirs.stderr);
    const stolen = await run('curl', ['-sS', '--cacert', site.caPath, '--cert', `${thief}.crt`, '--key', `${thief}.key`,
      '-H', `Authorization: Bearer ${token}`, `${site.url}/v1/agencies/harbor-pd/evidence`]);
    assert.equal(JSON.parse(stolen.stdout).reason, 'token.certificate');
  });

  test('two secrets while one is changed; with no overlap the old is void, with its tokens', async () => {
    const { site } = context;
    const s = await add(site);
    const early = (await basic(site, s)).json.access_token;
    const two = JSON.parse((await site.must(['service', 'rotate', s.id, '--json'])).stdout);
    secrets.add(two.client_secret);
    assert.equal((await basic(site, s)).status, 200);
    assert.equal((await basic(site, { id: s.id, secret: two.client_secret })).status, 200);
    const three = JSON.parse((await site.must(['service', 'rotate', s.id, '--overlap', '0', '--json'])).stdout);
    secrets.add(three.client_secret);
    assert.equal(three.service.secrets.length, 1);
    assert.equal((await basic(site, s)).status, 401);
    assert.equal((await basic(site, { id: s.id, secret: two.client_secret })).status, 401);
    assert.equal((await site.get('evidence', { token: early })).json().reason, 'token.expired');
    assert.equal((await basic(site, { id: s.id, secret: three.client_secret })).status, 200);
  });

  test('revoked is revoked at once: token, secret, stream', async () => {
    const { site } = context;
    const s = await add(site, [], 'events.follow,evidence.list');
    const token = (await basic(site, s)).json.access_token;
    const stream = await follow(site, { token });
    const began = Date.now();
    await site.must(['service', 'revoke', s.id]);
    await until('the stream ends', () => stream.events().some((e) => e.event === 'over'), 10);
    assert.ok(Date.now() - began < 5000);
    const replay = await site.get('evidence', { token });
    assert.equal(replay.status, 401);
    assert.equal(replay.json().reason, 'token.revoked');
    assert.equal((await basic(site, s)).status, 401);
    assert.equal((await site.cli(['service', 'revoke', s.id])).code, 3);
    assert.equal((await site.cli(['service', 'rotate', s.id])).code, 3);
    const listed = (await site.must(['service', 'list', '--json'])).stdout.trim().split('\n').map((l) => JSON.parse(l));
    assert.ok(listed.find((l) => l.id === s.id).revoked_at);
    assert.ok(!listed.some((l) => JSON.stringify(l).includes('spc_')));
  });

  test('what could be read in two ways is refused, and not just ignored', async () => {
    const { site } = context;
    const s = await add(site);
    const user = ['--user', `${s.id}:${s.secret}`];
    const good = 'grant_type=client_credentials';
    for (const body of [`${good}&${good}`, `${good}&scope=evidence.list&scope=evidence.show`, `${good}&`, `&${good}`,
      `${good}&x=a=b`, `${good}&a=%zz`, `${good}&a=%00`, `${good}&%67rant_type=password`, '',
      `${good}&client_secret=${s.secret}`, `${good}&client_id=other`]) {
      const got = await ask(site, [...user, '--data-binary', body]);
      assert.equal(got.status, 400, body);
      assert.equal(got.json.error, 'invalid_request', body);
    }
    const json = await ask(site, [...user, '-H', 'Content-Type: application/json', '-d', '{"grant_type":"client_credentials"}']);
    assert.equal(json.json.error, 'invalid_request');
    for (const type of ['password', 'refresh_token', 'authorization_code'])
      assert.equal((await ask(site, [...user, '-d', `grant_type=${type}`])).json.error, 'unsupported_grant_type');
    // Not in the URL, where logs would have it.
    const url = await site.request('POST', `oauth/token?${good}&client_id=${s.id}&client_secret=x`,
      { token: '', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: Buffer.from(good) });
    assert.equal(url.status, 400);
    assert.match((await ask(site, ['-d', good])).head, /www-authenticate: basic/i);
    // A secret or a code is no bearer.
    assert.equal((await site.get('evidence', { token: s.secret })).status, 401);
  });

  test('guessing: the same answer for every id, and after five no answer at all', async () => {
    const { site } = context;
    const real = await add(site);
    const none = '01890a5d-ac96-774b-bcce-b302099a8058';
    for (let i = 0; i < 7; i++) {
      const a = await basic(site, { id: real.id, secret: `guess${i}` });
      const b = await basic(site, { id: none, secret: `guess${i}` });
      assert.equal(a.status, i < 5 ? 401 : 429);
      assert.equal(b.status, a.status);
      assert.deepEqual(b.json, a.json);
      const plain = (r) => r.head.replace(/^(date|retry-after):.*\r?\n/gim, '');
      assert.equal(plain(a), plain(b));
    }
    assert.equal((await basic(site, real)).status, 429); // right, and not heard
  });

  test('a service is the doing of whoever gave it its secret, and ends with them', async (t) => {
    const { site } = context;
    const agency = 'mesa-so';
    const people = new People(site, agency);
    const clip = await site.put(Buffer.from('a clip nobody uncleared may see'), undefined, { agency });
    const clean = { states: ['CO'] };
    // What the site itself had made, before anybody could sign in.
    const scope = ['evidence.show', 'evidence.view', 'training.record'];
    const add = (token, label = 'records') => people.post('services', { label, scope, expires_in_days: 30 }, token);
    const token = async (made) => {
      const got = await basic(site, { id: made.client_id, secret: made.client_secret }, [], agency);
      secrets.add(made.client_secret);
      return got.status === 200 ? got.json.access_token : got.status;
    };
    const view = async (bearer) => (await site.content(clip, { token: bearer, agency })).status;
    const train = async (bearer, id) => (await site.request('POST', `persons/${id}/trainings`, { agency, token: bearer,
      headers: { 'content-type': 'application/json' }, body: Buffer.from('{"course":"level4"}') })).status;
    const list = async (bearer, id) => (await site.get('services', { agency, token: bearer })).json().items.find((s) => s.id === id);
    const officer = await people.post('persons', { name: 'Ann Lee', role: 'officer' });
    const sites = await add(site.token(agency), 'of the site');
    const old = await token(sites);
    assert.equal(await view(old), 200);
    assert.equal(await train(old, officer.id), 201);

    // An administrator whom nobody has screened: not by a service either.
    const two = await people.hire('Kim Roe', 'administrator', clean);
    const invited = await people.post(`persons/${two.id}/invitations`, {});
    const eve = await people.post('persons', { name: 'Eve Poe', role: 'administrator' });
    const bob = await people.post('persons', { name: 'Bob Lee', role: 'officer' });
    const session = await people.signIn(eve);
    const made = await add(session);
    assert.equal(made.service.issuer, eve.id);
    const hers = await token(made);
    assert.equal(await view(session), 403);
    assert.equal(await view(hers), 403);
    assert.equal(await train(hers, eve.id), 403, 'her own training');
    assert.equal(await train(hers, officer.id), 201);
    // The site's says no more who is who, now that there is somebody who can; it works on.
    assert.equal(await train(old, eve.id), 403);
    assert.equal(await view(old), 200);

    // She leaves: an invitation for another whose code she knows, a camera's code, the service.
    const { invitation } = await people.post(`persons/${bob.id}/invitations`, {}, session);
    const camera = await people.post('devices', { label: 'Camera 9' }, session);
    const lapse = await people.accept(invited.invitation);
    const stream = await follow(site, { agency, token: session });
    assert.equal((await people.post(`persons/${eve.id}/terminate`, {}, lapse)).state, 'terminated');
    await until('her stream ends', () => stream.events().some((e) => e.event === 'over'), 10);
    const gone = await site.get(`evidence/${clip}`, { token: hers, agency });
    assert.equal(gone.status, 401);
    assert.equal(gone.json().reason, 'token.void');
    assert.match(gone.body.toString(), /rotating its secret/);
    assert.equal(await token(made), 401);
    const accepted = await site.request('POST', 'signin/accept', { agency, token: null,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify({ invitation, password: 'seven wide rivers' })) });
    assert.equal(accepted.status, 401);
    assert.equal(accepted.json().reason, 'invite.unknown');
    const { csr } = await asks(site);
    const enrolled = await enrol(site, camera.code, csr, agency);
    assert.equal(enrolled.status, 401, String(enrolled.body));
    assert.equal(enrolled.json().reason, 'code.unknown');

    // Another administrator takes it over; what she knows does not come back by it.
    assert.equal((await list(lapse, made.client_id)).void, true);
    assert.equal((await list(lapse, sites.client_id)).void, false);
    const taken = await people.post(`services/${made.client_id}/secrets`, { overlap_hours: 24 }, lapse);
    assert.deepEqual([taken.service.issuer, taken.service.void], [two.id, false]);
    assert.equal(await token(made), 401);
    assert.equal(await view(hers), 401);
    const now = await token(taken);
    const seen = await site.content(clip, { token: now, agency });
    assert.equal(seen.status, 200, seen.body.toString());
    await until('the ledger says why', async () => (await site.entries(agency)).some((e) =>
      e.act === 'service.refused' && e.object.id === made.client_id && e.detail.code === 'issuer'), 30);
  });

  test('the ledger has each token, as the service\'s; nothing has the secrets', async () => {
    const { site } = context;
    const s = await add(site);
    const token = (await basic(site, s)).json.access_token;
    assert.equal((await site.get('log/tile/entries/000', { token })).status, 403);
    const all = await site.entries();
    const issued = all.find((e) => e.act === 'service.token' && e.object.id === s.id);
    assert.deepEqual(issued.actor, { id: s.id, kind: 'service' });
    assert.deepEqual(issued.detail.scope, ['evidence.list', 'evidence.show']);
    assert.ok(all.some((e) => e.act === 'gate.denied' && e.actor.kind === 'service' && e.actor.id === s.id));
    assert.ok(secrets.size > 10);
    const texts = [site.log, JSON.stringify(all)];
    const folder = join(site.dir, 'agencies/harbor-pd');
    for (const name of readdirSync(folder).filter((n) => n.startsWith('agency.db')))
      texts.push(readFileSync(join(folder, name), 'latin1'));
    for (const secret of secrets)
      for (const text of texts) assert.ok(!text.includes(secret.slice(27)));
  });
});

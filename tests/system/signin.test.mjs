// Signing in, as a program does it, and as an attacker tries it: the whole
// ceremony against the real server, then stuffing, replay, CSRF, fixation, and
// what a change of the account does in mid-session.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { People } from './lib/people.mjs';
import { freshId } from './lib/adversary.mjs';
import { program, Site, until } from './lib/site.mjs';

const PASSWORD = 'seven wide rivers';
const OTHER = 'nine narrow bridges';

/** RFC 6238 by node's own HMAC: the code of `step` (0: now, -1: before). */
function totp(secret, step = 0) {
  const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c)
    .toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + step));
  const mac = createHmac('sha1', key).update(counter).digest();
  const at = mac[mac.length - 1] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1e6).padStart(6, '0');
}

describe('signing in', () => {
  const cleanups = [];
  let site;

  before(async () => {
    site = await Site.make({ after: (f) => cleanups.push(f) }, { agencies: ['harbor-pd', 'mesa-so'] });
  });
  after(async () => {
    for (const f of cleanups) await f();
  });

  const post = (path, body, { token = null, headers = {}, agency } = {}) =>
    site.request('POST', path, { token, agency,
      headers: { 'content-type': 'application/json', ...headers },
      body: body === undefined ? undefined : JSON.stringify(body) });

  async function person(name, role = 'officer') {
    const made = await post('persons', { name, role }, { token: site.token() });
    assert.equal(made.status, 201, made.body.toString());
    const { id } = made.json();
    return { id, login: (await site.get(`persons/${id}`)).json().login };
  }
  async function invite(id) {
    const a = await post(`persons/${id}/invitations`, {}, { token: site.token() });
    assert.equal(a.status, 201, a.body.toString());
    return a.json().invitation;
  }
  const ok = (a, stage) => {
    assert.equal(a.status, 200, a.body.toString());
    const step = a.json();
    assert.equal(step.stage, stage);
    return step;
  };
  async function acknowledge(text) {
    const { sha256 } = (await site.get('signin/notice', { token: null })).json();
    return ok(await post('signin/notice', { sha256 }, { token: text }), 'open');
  }
  /** From an invitation to a session that is open. */
  async function enrol(who, password = PASSWORD) {
    who.password = password;
    who.invitation = await invite(who.id);
    const first = ok(await post('signin/accept', { invitation: who.invitation, password }), 'enrol');
    const offer = await site.request('POST', 'signin/enrol', { token: first.session });
    assert.equal(offer.status, 200, offer.body.toString());
    who.secret = offer.json().secret;
    assert.match(offer.json().uri, /^otpauth:\/\/totp\/harbor-pd:/);
    who.used = totp(who.secret);
    const second = ok(await post('signin/enrol/confirm', { code: who.used, label: 'phone' },
      { token: first.session }), 'notice');
    assert.equal(second.recovery_codes.length, 10);
    who.codes = second.recovery_codes;
    who.steps = [first.session, second.session];
    who.session = (await acknowledge(second.session)).session;
    return who;
  }
  /** Signed in once more, by a recovery code: no waiting for the next step of the clock. */
  async function again(who) {
    const first = ok(await post('signin', { login: who.login, password: who.password }), 'factor');
    const second = ok(await post('signin/recovery', { code: who.codes.pop() }, { token: first.session }), 'notice');
    return (await acknowledge(second.session)).session;
  }
  const status = async (token, path = 'session') => (await site.get(path, { token })).status;
  const entries = async (act) => (await site.entries()).filter((e) => e.act === act);

  test('the whole ceremony, and nothing of it twice', async () => {
    const who = await enrol(await person('Ada Quill'));
    assert.equal(await status(who.session), 200);
    const own = (await site.get('session', { token: who.session })).json();
    assert.equal(own.session.method, 'invitation password totp');
    assert.equal(own.role, 'officer');
    // Every text from before a rise is nobody's (session fixation).
    for (const text of who.steps) assert.equal(await status(text), 401);
    // The invitation was for once.
    const replay = await post('signin/accept', { invitation: who.invitation, password: OTHER });
    assert.equal(replay.status, 401);
    assert.equal(replay.json().reason, 'invite.unknown');
    // So was the code that enrolled the app, and so is a recovery code.
    const first = ok(await post('signin', { login: who.login.toUpperCase(), password: PASSWORD }), 'factor');
    const used = await post('signin/totp', { code: who.used }, { token: first.session });
    assert.equal(used.status, 401);
    const code = who.codes.pop();
    const second = ok(await post('signin/recovery', { code: code.toUpperCase() }, { token: first.session }), 'notice');
    const third = ok(await post('signin', { login: who.login, password: PASSWORD }), 'factor');
    assert.equal((await post('signin/recovery', { code }, { token: third.session })).status, 401);
    // Not open before the notice of use is acknowledged, and then by its version.
    assert.equal((await site.get('evidence', { token: second.session })).status, 403);
    const stale = await post('signin/notice', { sha256: '0'.repeat(64) }, { token: second.session });
    assert.equal(stale.json().reason, 'notice.other');
    await acknowledge(second.session);
    assert.equal((await entries('session.opened')).length, 2);
    assert.equal((await entries('notice.acknowledged')).length, 2);
    // Another agency knows nothing of it.
    assert.equal((await site.get('session', { token: who.session, agency: 'mesa-so' })).status, 404);
  });

  test('passwords that may not be', async () => {
    const who = await person('Bertram Fallow');
    const invitation = await invite(who.id);
    for (const [password, reason] of [['short', 'password.length'], ['Passw0rd!!', 'password.banned'],
      ['fallow-2026', 'password.banned'], ['12345678', 'password.banned'], ['harbor-pd-1', 'password.banned'],
      ['tab\tcharacter', 'password.characters']]) {
      const a = await post('signin/accept', { invitation, password });
      assert.equal(a.status, 400, password);
      assert.equal(a.json().reason, reason, password);
      assert.ok(!a.body.includes(password), 'never repeated');
    }
    ok(await post('signin/accept', { invitation, password: PASSWORD }), 'enrol');
  });

  test('one answer for whoever is turned away; stuffing locks the account, over a kill -9', async () => {
    const who = await enrol(await person('Cora Vance'));
    const off = await enrol(await person('Dora Lint'));
    const disabled = await post(`persons/${off.id}/disable`, { reason: 'requested' }, { token: site.token() });
    assert.ok(disabled.status < 300, disabled.body.toString());
    const wrong = await post('signin', { login: who.login, password: OTHER });
    const nobody = await post('signin', { login: 'no.such.login', password: OTHER });
    const closed = await post('signin', { login: off.login, password: PASSWORD });
    for (const a of [wrong, nobody, closed]) {
      assert.equal(a.status, 401);
      assert.deepEqual(a.json(), wrong.json());
      const { date: _, ...headers } = a.headers;
      const { date: __, ...first } = wrong.headers;
      assert.deepEqual(headers, first);
    }
    for (let i = 0; i < 2; i++) assert.equal((await post('signin', { login: who.login, password: OTHER })).status, 401);
    // Three so far: a server that is killed forgets none of them.
    await site.kill();
    await site.start();
    assert.equal(await status(who.session), 200);
    for (let i = 0; i < 2; i++) assert.equal((await post('signin', { login: who.login, password: OTHER })).status, 401);
    const right = await post('signin', { login: who.login, password: PASSWORD });
    assert.equal(right.status, 401, 'locked');
    assert.deepEqual(right.json(), wrong.json());
    assert.equal(await status(who.session), 200, 'who guesses ends nobody’s session');
    const locked = (await entries('person.disabled')).find((e) => e.object.id === who.id);
    assert.equal(locked.detail.reason, 'locked');
    const refused = (await entries('session.refused')).filter((e) => e.object.id === who.id);
    assert.ok(refused.length >= 5 && refused.length <= 6, `${refused.length} entries`);
    // An administrator releases it.
    const enabled = await site.request('POST', `persons/${who.id}/enable`);
    assert.ok(enabled.status < 300, enabled.body.toString());
    ok(await post('signin', { login: who.login, password: PASSWORD }), 'factor');
  });

  test('a cookie counts only from a page of this site, and only without a bearer', async () => {
    const who = await enrol(await person('Edda Marsh'));
    const own = { origin: site.url };
    const first = await post('signin', { login: who.login, password: PASSWORD, cookie: true }, { headers: own });
    assert.equal(first.status, 200);
    assert.equal(first.json().session, undefined, 'not in the body');
    const of = (a) => a.headers['set-cookie'][0];
    assert.match(of(first), /^__Host-sallyport=sps_[^;]+; Secure; HttpOnly; SameSite=Strict; Path=\/$/);
    const cookie = (a) => of(a).split(';')[0];
    const forged = await post('signin/recovery', { code: who.codes[0] },
      { headers: { cookie: cookie(first), origin: 'https://evil.example' } });
    assert.equal(forged.status, 403);
    assert.equal(forged.json().reason, 'csrf');
    const second = await post('signin/recovery', { code: who.codes.pop() },
      { headers: { cookie: cookie(first), ...own } });
    assert.equal(second.status, 200, second.body.toString());
    const { sha256 } = (await site.get('signin/notice', { token: null })).json();
    const open = await post('signin/notice', { sha256 }, { headers: { cookie: cookie(second), ...own } });
    assert.equal(open.status, 200);
    const jar = cookie(open);
    const asks = (method, headers, token = null) => site.request(method, 'session', { token, headers });
    assert.equal((await asks('GET', { cookie: jar })).status, 200);
    for (const headers of [{}, { origin: 'null' }, { origin: `${site.url}1` }, { origin: 'http://127.0.0.1' },
      { 'sec-fetch-site': 'same-site' }, { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }]) {
      const a = await asks('DELETE', { cookie: jar, ...headers });
      assert.equal(a.status, 403, JSON.stringify(headers));
      assert.equal(a.json().reason, 'csrf');
    }
    // Two cookies of the name: nobody's.  A bearer that is wrong is not helped by a cookie.
    assert.equal((await asks('GET', { cookie: `${jar}; ${jar}` })).status, 401);
    assert.equal((await asks('GET', { cookie: jar }, who.session.slice(0, -4) + 'AAAA')).status, 401);
    assert.equal((await asks('DELETE', { cookie: jar, 'sec-fetch-site': 'same-origin' })).status, 204);
    assert.equal((await asks('GET', { cookie: jar })).status, 401);
    // Signing somebody in from another's page is refused too.
    const login = await post('signin', { login: who.login, password: PASSWORD, cookie: true },
      { headers: { origin: 'https://evil.example' } });
    assert.equal(login.json().reason, 'csrf');
  });

  test('sessions are listed and end at once; a change of the account is felt by the next request', async () => {
    const who = await enrol(await person('Flora Reed', 'supervisor'));
    const second = await again(who);
    const list = (await site.get('sessions', { token: second })).json().items;
    assert.equal(list.length, 2);
    assert.deepEqual(list.map((s) => s.current), [true, false]);
    const ended = await site.request('DELETE', `sessions/${list[1].id}`, { token: second });
    assert.equal(ended.status, 204);
    assert.equal(await status(who.session), 401);
    assert.equal(await status(second), 200);
    // Another officer may not see or end it.
    const other = await enrol(await person('Gale Ortiz'), OTHER);
    assert.equal((await site.request('DELETE', `sessions/${list[0].id}`, { token: other.session })).status, 403);
    assert.equal((await site.get('sessions?of=all', { token: other.session })).status, 403);
    assert.equal((await site.get('sessions?of=all')).json().items.length >= 2, true);
    // Nobody invites themselves, nor is a supervisor an administrator.
    assert.equal((await post(`persons/${who.id}/invitations`, {}, { token: second })).status, 403);
    // Another role: the session is void with the next request, and the right is gone.
    const role = await post(`persons/${who.id}/role`, { role: 'officer' }, { token: site.token() });
    assert.ok(role.status < 300, role.body.toString());
    assert.equal(await status(second), 401);
    const third = await again(who);
    assert.equal((await site.get('session', { token: third })).json().role, 'officer');
    // Termination in mid-session.
    const gone = await post(`persons/${who.id}/terminate`, {}, { token: site.token() });
    assert.ok(gone.status < 300, gone.body.toString());
    assert.equal(await status(third), 401);
    assert.equal((await post('signin', { login: who.login, password: PASSWORD })).status, 401);
    await until('the site has written it down', async () =>
      (await entries('session.ended')).some((e) => e.detail.reason === 'void' && e.detail.person === who.id));
  });

  /** Somebody who may view, cleared, signed in. */
  async function cleared(name) {
    const admin = (path, body) => post(path, body, { token: site.token() });
    const who = await person(name, 'custodian');
    for (const [path, body] of [['agreements', {}], [`persons/${who.id}/screenings`, {}],
      [`persons/${who.id}/trainings`, { course: 'level4' }], [`persons/${who.id}/trainings`, { course: 'pii' }],
      [`persons/${who.id}/signatures`, {}]]) assert.equal((await admin(path, body)).status, 201, path);
    return enrol(who);
  }

  test('whoever loses the account keeps nothing that is under way', async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'cut-'));
    t.after(() => rmSync(dir, { recursive: true, force: true }));
    const who = await cleared('Una Voss');
    const other = await cleared('Cyd Bell');
    const size = 48 << 20;
    const item = await site.put(Buffer.alloc(size, 'evidence '), { filename: 'long.mp4' });
    writeFileSync(join(dir, 'body'), Buffer.alloc(4 << 20, 'more'));
    const base = `${site.url}/v1/agencies/harbor-pd`;
    const curl = (token, ...args) => {
      const child = spawn('curl', ['-sS', '-N', '--cacert', site.caPath, '-H', `Authorization: Bearer ${token}`, ...args],
        { stdio: ['ignore', 'pipe', 'ignore'] });
      const run = { said: '', ended: null };
      child.stdout.on('data', (d) => { run.said += d.length < 4096 ? d : ''; });
      child.on('exit', (code) => { run.ended = { code, at: performance.now() }; });
      t.after(() => child.exitCode ?? child.kill());
      return run;
    };
    const begin = async (token, rate) => {
      const made = await site.request('POST', 'uploads', { token, headers: { 'tus-resumable': '1.0.0',
        'upload-length': String(4 << 20), 'upload-metadata': `filename ${Buffer.from('a.mp4').toString('base64')}` } });
      assert.equal(made.status, 201, made.body.toString());
      const upload = new URL(made.headers.location, site.url).href;
      return {
        upload,
        download: curl(token, '--limit-rate', rate, '-o', '/dev/null', `${base}/evidence/${item}/content`),
        stream: curl(token, `${base}/events`),
        body: curl(token, '-X', 'PATCH', '-H', 'Tus-Resumable: 1.0.0', '-H', 'Upload-Offset: 0', '-H', 'Expect:',
          '-H', 'Content-Type: application/offset+octet-stream', '--limit-rate', '200k', '-T', join(dir, 'body'), upload),
      };
    };
    const opened = async () => (await site.custody(item)).filter((e) => e.act === 'evidence.opened').length;
    const before = await opened();
    // A reader ends with its next segment of 1 MiB: this one asks for it several times a second.
    const lost = await begin(who.session, '4m'), kept = await begin(other.session, '1m');
    await until('both views are open', async () => await opened() === before + 2);
    await until('both streams are', () => lost.stream.said.includes('retry') && kept.stream.said.includes('retry'));
    for (const { upload } of [lost, kept]) {
      await until('the body is under way', async () => (await site.tus('HEAD', upload)).status === 423);
    }

    const from = performance.now();
    const gone = await post(`persons/${who.id}/disable`, { reason: 'requested' }, { token: site.token() });
    assert.equal(gone.status, 200, gone.body.toString());
    const closed = await until('the viewing is closed', async () =>
      (await site.custody(item)).find((e) => e.act === 'evidence.closed'), 10);
    const times = { viewing: performance.now() - from };
    await until('all of it is over', () => lost.stream.ended && lost.body.ended, 10);
    times.stream = lost.stream.ended.at - from;
    times.upload = lost.body.ended.at - from;
    t.diagnostic(Object.entries(times).map(([name, ms]) => `${name} ${ms.toFixed(0)} ms`).join(', '));
    for (const [name, ms] of Object.entries(times)) assert.ok(ms < 1000, `${name}: ${ms} ms`);
    assert.equal(closed.detail.cut, true);
    assert.ok(closed.detail.bytes < size);
    assert.match(lost.stream.said, /event: over\ndata: \{"why":"token"\}/);
    await until('the download is over', () => lost.download.ended, 30);
    assert.notEqual(lost.download.ended.code, 0);
    // Others go on: nothing of theirs has ended.
    for (const one of ['download', 'stream', 'body']) assert.equal(kept[one].ended, null, one);
    assert.equal(await status(other.session), 200);
  });

  test('a person’s own tokens go with their sessions, do nothing privileged, and are theirs to revoke', async () => {
    const who = await cleared('Noor Lindt');
    const own = async (token) => {
      const made = await post('tokens/own', { label: 'drill', expires_in_days: 1 }, { token });
      assert.equal(made.status, 201, made.body.toString());
      return made.json();
    };
    const one = await own(who.session), two = await own(who.session);
    assert.equal(await status(one.token, 'evidence'), 200);
    // However new: what is privileged wants a session.
    const again1 = await post('tokens/own', { label: 'more', expires_in_days: 1 }, { token: one.token });
    assert.equal(again1.status, 403, again1.body.toString());
    assert.equal(again1.json().reason, 'factor');
    // One's own are listed and revoked, also by themselves; nobody else's.
    const listed = (await site.get('tokens/own', { token: one.token })).json().items;
    assert.deepEqual(new Set(listed.map((x) => x.id)), new Set([one.id, two.id]));
    assert.equal((await site.get('tokens/own')).status, 403, 'a machine has none');
    const stranger = await enrol(await person('Sol Park'));
    assert.equal((await site.request('DELETE', `tokens/${one.id}`, { token: stranger.session })).status, 403);
    assert.equal((await site.request('DELETE', `tokens/${one.id}`, { token: two.token })).status, 204);
    assert.equal(await status(one.token, 'evidence'), 401);
    // Another password; all sessions ended; enrolled anew.
    const before = (await entries('token.revoked')).length;
    const changed = await post('password', { old: PASSWORD, password: OTHER }, { token: who.session });
    assert.equal(changed.status, 200, changed.body.toString());
    who.password = OTHER;
    assert.equal(await status(who.session), 200);
    assert.equal(await status(two.token, 'evidence'), 401);
    const three = await own(who.session);
    assert.equal((await site.request('DELETE', 'persons/~/sessions', { token: who.session })).status, 204);
    assert.equal(await status(three.token, 'evidence'), 401);
    const four = await own(await again(who));
    const invitation = await invite(who.id);
    assert.equal(await status(four.token, 'evidence'), 200, 'not by the invitation alone');
    ok(await post('signin/accept', { invitation, password: PASSWORD }), 'enrol');
    assert.equal(await status(four.token, 'evidence'), 401);
    assert.equal((await entries('token.revoked')).length, before + 3);
  });

  test('an invitation ends with another role of whoever made it', async (t) => {
    const other = await Site.make(t, { agencies: ['harbor-pd'] });
    const people = new People(other, 'harbor-pd');
    const accept = (invitation) => other.request('POST', 'signin/accept', { token: null,
      headers: { 'content-type': 'application/json' }, body: JSON.stringify({ invitation, password: PASSWORD }) });
    const [eve, kim, bob, joe] = await Promise.all(['administrator', 'administrator', 'officer', 'officer']
      .map((role, i) => people.post('persons', { name: `Person ${'ABCD'[i]}`, role })));
    const kims = await people.post(`persons/${kim.id}/invitations`, {});
    const session = await people.signIn(eve);
    const own = await people.post('tokens', { role: 'administrator', label: 'cron', expires_in_days: 1 }, session);
    const made = [await people.post(`persons/${bob.id}/invitations`, {}, session),
      await people.post(`persons/${joe.id}/invitations`, {}, own.token)];
    const admin = await people.accept(kims.invitation);
    await people.post(`persons/${eve.id}/role`, { role: 'officer' }, admin);
    for (const { invitation } of made) {
      const answer = await accept(invitation);
      assert.equal(answer.status, 401);
      const guess = await accept('spe_nothing');
      assert.deepEqual(answer.json(), guess.json(), 'one answer for any bad code');
    }
    const fresh = await people.post(`persons/${bob.id}/invitations`, {}, admin);
    assert.equal((await accept(fresh.invitation)).status, 200);
  });

  test('what a role gave is gone with a transfer, by whatever credential', async () => {
    const admin = (path, body) => post(path, body, { token: site.token() });
    const who = await person('Ivo Stern', 'custodian');
    for (const [path, body] of [['agreements', {}], [`persons/${who.id}/screenings`, {}],
      [`persons/${who.id}/trainings`, { course: 'level4' }], [`persons/${who.id}/trainings`, { course: 'pii' }],
      [`persons/${who.id}/signatures`, {}]]) assert.equal((await admin(path, body)).status, 201, path);
    await enrol(who);
    const second = await again(who);
    const own = await post('tokens/own', { label: 'drill', expires_in_days: 1 }, { token: second });
    assert.equal(own.status, 201, own.body.toString());
    const given = await admin('tokens', { person: who.id, label: 'desk', expires_in_days: 1 });
    assert.equal(given.status, 201, given.body.toString());
    const item = await site.put(Buffer.from('of the case'), { filename: 'a.txt' });
    const reads = (token) => site.get(`evidence/${item}/custody`, { token });
    const exports = (token) => post('exports', { items: [item], format: 'zip' }, { token });
    const all = [who.session, second, own.json().token, given.json().token];
    // What somebody else gave them is one factor only, and goes all the same.
    for (const token of all) assert.equal((await reads(token)).status, token === given.json().token ? 403 : 200);

    // Moved to the night shift, as an officer.
    assert.equal((await admin(`persons/${who.id}/transfer`, { unit: 'Night', role: 'officer' })).status, 200);
    for (const token of all) for (const a of [await reads(token), await exports(token)]) assert.equal(a.status, 401);

    // In again: an officer, and nothing more; not by any other way either.
    const third = await again(who);
    assert.equal((await site.get('session', { token: third })).json().role, 'officer');
    assert.equal((await site.get(`evidence/${item}`, { token: third })).status, 200);
    for (const a of [await reads(third), await exports(third)]) {
      assert.equal(a.status, 403, a.body.toString());
      assert.equal(a.json().reason, 'role');
    }
    const fresh = await post('tokens/own', { label: 'again', expires_in_days: 1 }, { token: third });
    assert.equal((await exports(fresh.json().token)).status, 403);
    // And back: what was void stays so.
    assert.equal((await admin(`persons/${who.id}/transfer`, { unit: 'Day', role: 'custodian' })).status, 200);
    for (const token of [...all, third, fresh.json().token]) assert.equal((await reads(token)).status, 401);
  });

  test('another password and other factors', async () => {
    const who = await enrol(await person('Hugh Tarn'));
    const second = await again(who);
    const changed = await post('password', { old: PASSWORD, password: OTHER }, { token: second });
    assert.equal(changed.status, 200, changed.body.toString());
    assert.equal(await status(who.session), 401, 'other sessions end');
    assert.equal(await status(second), 200);
    assert.equal((await post('signin', { login: who.login, password: PASSWORD })).status, 401);
    const factors = (await site.get('factors', { token: second })).json();
    assert.deepEqual(factors.items.map((f) => [f.kind, f.label]), [['totp', 'phone']]);
    const last = await site.request('DELETE', `factors/${factors.items[0].id}`, { token: second });
    assert.equal(last.json().reason, 'factor.last');
    const offer = await site.request('POST', 'totp', { token: second });
    const bad = await post('totp/confirm', { code: '000000x' }, { token: second });
    assert.equal(bad.json().reason, 'totp.code');
    const more = await post('totp/confirm', { code: totp(offer.json().secret), label: 'desk' }, { token: second });
    assert.equal(more.status, 204, more.body.toString());
    assert.equal((await site.request('DELETE', `factors/${factors.items[0].id}`, { token: second })).status, 204);
    const renewed = ok(await post('session/renew', { password: OTHER, recovery: who.codes.pop() },
      { token: second }), 'open');
    assert.equal(await status(second), 401);
    assert.equal(await status(renewed.session), 200);
    assert.equal((await site.request('DELETE', 'session', { token: renewed.session })).status, 204);
    assert.equal(await status(renewed.session), 401);
    // Nothing secret is in the log.
    for (const s of [PASSWORD, OTHER, who.secret, ...who.codes, renewed.session])
      assert.ok(!site.log.includes(s));
  });

  test('the same from the command line, which keeps the session for its owner alone', async (t) => {
    const home = mkdtempSync(join(tmpdir(), 'sallyport-home-'));
    t.after(() => rmSync(home, { recursive: true, force: true }));
    const env = { ...process.env, HOME: home, SALLYPORT_SITE: site.url, SALLYPORT_CA: site.caPath,
      SALLYPORT_AGENCY: 'harbor-pd' };
    delete env.SALLYPORT_TOKEN;
    delete env.XDG_CONFIG_HOME;
    const secret = (name, text) => {
      writeFileSync(join(home, name), `${text}\n`, { mode: 0o600 });
      return `file:${join(home, name)}`;
    };
    const who = await person('Ines Brook');
    const invited = await site.must(['session', 'invite', who.login]);
    const invitation = secret('invitation', invited.stdout.trim());
    const password = secret('password', PASSWORD);
    /** Runs it; what it asks for as fd:3 is given when `when` has been said. */
    const cli = (args, when, what) => new Promise((done) => {
      const child = spawn(program, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
      const got = { stdout: '', stderr: '' };
      const give = () => {
        const m = when?.exec(got.stderr);
        if (!m) return;
        when = null;
        child.stdio[3].end(what(m));
      };
      child.stdout.on('data', (b) => { got.stdout += b; });
      child.stderr.on('data', (b) => { got.stderr += b; give(); });
      child.on('close', (code) => done({ code, ...got }));
    });
    // Without a terminal (a group of its own) what would be asked for later is found first: the
    // invitation is still good.
    for (const [rest, says] of [[[], /no terminal to ask on/], [['--code', 'fd:9'], /fd:9/],
      [['--code', 'fd:3'], /--acknowledge/], [['--code', `file:${join(home, 'none')}`], /none/]]) {
      const early = await cli(['session', 'enrol', '--invitation', invitation, '--password', password, ...rest]);
      assert.equal(early.code, 1, early.stderr);
      assert.match(early.stderr, says);
      assert.doesNotMatch(early.stderr, /secret:/);
    }
    let seed;
    const enrolled = await cli(['session', 'enrol', '--invitation', invitation, '--password', password,
      '--code', 'fd:3', '--acknowledge'], /secret:\n {2}([A-Z2-7]+)\n/, (m) => {
      seed = m[1];
      return totp(seed, -1);
    });
    assert.equal(enrolled.code, 0, enrolled.stderr);
    assert.match(enrolled.stderr, /restricted information system/);
    const codes = enrolled.stdout.trim().split('\n');
    assert.equal(codes.length, 10);
    const kept = join(home, '.config/sallyport/token');
    assert.equal(statSync(kept).mode & 0o777, 0o600);
    const first = readFileSync(kept, 'utf8');
    assert.match(first, /^sps_/);
    const own = await cli(['session', 'whoami', '--json']);
    assert.equal(JSON.parse(own.stdout).session.person, who.id);
    assert.match((await cli(['session', 'whoami'])).stdout, /^ines\.brook officer open {2}Ines Brook, /);
    // Oneself is "me", as the shell leaves it alone; what it makes of ~ is told.
    assert.match((await cli(['person', 'show', 'me'])).stdout, /^login +ines\.brook$/m);
    const expanded = await cli(['person', 'show', home]);
    assert.equal(expanded.code, 2);
    assert.match(expanded.stderr, /is a path and nobody: for yourself say me, or '~' in quotes/);
    assert.equal((await cli(['session', 'end', '--all'])).code, 2);
    const out = await cli(['session', 'end']);
    assert.equal(out.code, 0, out.stderr);
    assert.equal(out.stdout, `${JSON.parse(own.stdout).session.id} ended\n`);
    assert.equal(await status(first), 401);
    assert.notEqual((await cli(['session', 'whoami'])).code, 0);
    // What speaks in a session that is over is told how to begin another.
    writeFileSync(kept, first, { mode: 0o600 });
    const over = await cli(['list']);
    assert.equal(over.code, 3);
    assert.match(over.stderr, /401: .*sallyport session login/);
    assert.doesNotMatch(over.stderr, /SALLYPORT_TOKEN/);
    // In again, by a code of the app; a secret that others may read is refused.
    const login = ['session', 'login', who.login, '--password', password, '--acknowledge'];
    const again = await cli([...login, '--code', secret('code', totp(seed, 0)), '--json']);
    assert.equal(again.code, 0, again.stderr);
    const opened = JSON.parse(again.stdout);
    assert.deepEqual(Object.keys(opened).sort(), ['expires_at', 'session']);
    assert.equal(opened.session, JSON.parse((await cli(['session', 'whoami', '--json'])).stdout).session.id);
    const renewed = await cli(['session', 'renew', '--password', password, '--recovery',
      '--code', secret('code', codes[0])]);
    assert.equal(renewed.code, 0, renewed.stderr);
    assert.match((await cli(['session', 'list'])).stdout, /ines\.brook .*password recovery/);
    // An object a line, as everywhere.
    const lines = (await cli(['session', 'list', '--json'])).stdout.trim().split('\n').map((l) => JSON.parse(l));
    assert.deepEqual(lines.map((s) => s.person), [who.id]);
    // A denial has its code, and how to ask why.
    const denied = await cli(['show', freshId()]);
    assert.equal(denied.code, 3);
    assert.match(denied.stderr, /403: evidence\.show: .*\(screening\.missing\); see: sallyport explain '~' evidence\.show [0-9a-f-]{36}$/m);
    assert.equal((await cli(denied.stderr.match(/sallyport (explain .*)$/m)[1].replaceAll("'", '').split(' '))).code, 0);
    // Whoever ends all of somebody's is told so.
    assert.match((await site.must(['session', 'end', '--all', who.login])).stdout, /^ines\.brook: all sessions, .*ended$/m);
    // Each subcommand has its own options; a wrong password says nothing of tokens.
    for (const args of [['list', '--invitation', 'prompt'], ['whoami', '--all'], ['end', '--code', 'prompt'], ['renew', '--acknowledge']])
      assert.equal((await cli(['session', ...args])).code, 2, args.join(' '));
    assert.doesNotMatch((await cli(['session', 'list', '--help'])).stdout, /password|--code/);
    const wrong = await cli(['session', 'login', who.login, '--password', secret('wrong', 'six wide rivers')]);
    assert.equal(wrong.code, 3);
    assert.doesNotMatch(wrong.stderr, /TOKEN/);
    writeFileSync(join(home, 'open'), PASSWORD, { mode: 0o644 });
    const open = await cli(['session', 'login', who.login, '--password', `file:${join(home, 'open')}`]);
    assert.match(open.stderr, /others may read/);
  });
});

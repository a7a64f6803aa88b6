// A hundred kill -9s of server and keeper at random moments, under parallel
// uploads.  At the end: every acknowledged byte is readable and right, every
// receipt ever given still verifies and is part of the log's history, no file
// is left that the database does not know; and every share, grant and session
// is as was last acknowledged: what was taken back stays so.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as tlog from './lib/tlog.mjs';
import { agentOf, camera } from './lib/cameras.mjs';
import { sha256 } from './lib/clips.mjs';
import { People } from './lib/people.mjs';
import { seeded } from './lib/random.mjs';
import { Site, killHard, metadata, sleep, until } from './lib/site.mjs';
import { House } from './lib/visitors.mjs';

const A = 'harbor-pd';
const B = 'mesa-so';
const P = 'keystone';
const KILLS = Number(process.env.SALLYPORT_TEST_KILLS ?? 100);
const CLIENTS = 5;
const SEGMENT = 1048560;
/** Answers that a client meets while something is down. */
const AWAY = new Set([0, 423, 502, 503]);

class Client {
  /** `credential`: options of a request; the agency's first token when there are none. */
  constructor(site, random, told, credential = {}) {
    this.site = site;
    this.random = random;
    this.told = told;
    this.credential = credential;
    this.stop = false;
    this.open = null;
  }

  /** A request that may find nobody: status 0. */
  async ask(method, path, options) {
    return this.site.tus(method, path, { timeout: 20000, ...this.credential, ...options })
      .catch(() => ({ status: 0, headers: {} }));
  }

  /** Ask until somebody answers. */
  async answered(method, path, options) {
    for (;;) {
      const a = await this.ask(method, path, options);
      if (!AWAY.has(a.status)) return a;
      if (this.over) throw new Error('the test is over');
      await sleep(20);
    }
  }

  async create(bytes, headers) {
    const a = await this.answered('POST', 'uploads', { headers: {
      ...(this.random.next() < 0.3 && !headers['upload-concat']
        ? { 'upload-defer-length': '1' } : { 'upload-length': bytes.length }),
      ...headers } });
    assert.equal(a.status, 201, `create: ${a.status} ${a.body}`);
    return { url: new URL(a.headers.location, `${this.site.url}/v1/agencies/harbor-pd/uploads`).href, bytes, at: 0,
      deferred: headers['upload-concat'] === undefined };
  }

  /** Where to go on; never before what was acknowledged. */
  async resume(up) {
    const a = await this.answered('HEAD', up.url);
    assert.ok(a.status === 200 || a.status === 204, `HEAD: ${a.status}`);
    const offset = Number(a.headers['upload-offset']);
    assert.ok(offset >= up.at, `acknowledged ${up.at}, now ${offset}`);
    up.at = offset;
    return a.headers['sallyport-evidence'];
  }

  /** Send all of an upload, in pieces: the evidence id, or undefined. */
  async send(up) {
    const { random } = this;
    let id;
    while (up.at < up.bytes.length || (id === undefined && !up.partial)) {
      if (up.at === up.bytes.length) return this.resume(up);
      const piece = up.bytes.subarray(up.at, up.at + random.pick([random.int(1, 5000), random.int(1, SEGMENT),
        random.int(1, 3 * SEGMENT)]));
      const headers = { 'content-type': 'application/offset+octet-stream', 'upload-offset': up.at };
      if (up.deferred) headers['upload-length'] = up.bytes.length;
      if (random.next() < 0.4) {
        const kind = random.pick(['sha1', 'sha256']);
        headers['upload-checksum'] = `${kind} ${createHash(kind).update(piece).digest('base64')}`;
      }
      const a = await this.ask('PATCH', up.url, { headers, body: piece });
      if (a.status === 204) {
        up.at += piece.length;
        assert.equal(Number(a.headers['upload-offset']), up.at);
        id = a.headers['sallyport-evidence'];
        up.deferred = false;
        continue;
      }
      assert.ok(AWAY.has(a.status) || a.status === 409 || a.status === 400, `PATCH: ${a.status} ${a.body}`);
      // A length that was declared before the answer was lost is declared.
      if (a.status === 400) up.deferred = false;
      id = await this.resume(up);
      if (this.stop && random.next() < 0.3) return undefined;
    }
    return id;
  }

  async sealed(id, bytes) {
    const text = async (path) => (await this.answered('GET', path)).body;
    this.told.evidence.set(id, sha256(bytes));
    this.told.receipts.push({ id, proof: (await text(`evidence/${id}/receipt`)).toString(),
      entry: await text(`evidence/${id}/receipt/entry`) });
  }

  async single() {
    const bytes = this.random.bytes(this.random.pick([this.random.int(1, 20000), this.random.int(1, 2 * SEGMENT),
      SEGMENT - 40, this.random.int(SEGMENT, 4 * SEGMENT)]));
    const up = await this.create(bytes, { 'upload-metadata': metadata({ filename: 'crash.bin' }) });
    this.told.uploads.add(up);
    const id = await this.send(up);
    if (id === undefined) return;
    this.told.uploads.delete(up);
    await this.sealed(id, bytes);
  }

  async joined() {
    const bytes = this.random.bytes(this.random.int(3, 2 * SEGMENT));
    const cut = this.random.int(1, bytes.length - 1);
    const parts = [];
    for (const piece of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
      const up = await this.create(piece, { 'upload-concat': 'partial' });
      up.partial = true;
      this.told.uploads.add(up);
      await this.send(up);
      if (up.at < piece.length) return;
      parts.push(up);
    }
    const headers = { 'upload-concat': `final;${parts.map((p) => new URL(p.url).pathname).join(' ')}`,
      'upload-metadata': metadata({ filename: 'joined.bin' }) };
    for (;;) {
      const a = await this.ask('POST', 'uploads', { headers });
      let id = a.headers['sallyport-evidence'];
      if (a.status !== 201 && AWAY.has(a.status)) {
        await sleep(20);
      }
      if (a.status !== 201 && id === undefined) {
        // Perhaps it was done and only the answer was lost.
        const list = await this.answered('GET', `evidence?sha256=${sha256(bytes)}`);
        id = list.json().items[0]?.id;
      }
      if (id === undefined && AWAY.has(a.status)) continue;
      assert.ok(id, `join: ${a.status} ${a.body}`);
      for (const p of parts) this.told.uploads.delete(p);
      await this.sealed(id, bytes);
      return;
    }
  }

  async run() {
    while (!this.stop) {
      if (this.random.next() < 0.25) await this.joined();
      else await this.single();
    }
  }
}

/** A camera: it sends what it has and asks for nothing. */
class Camera extends Client {
  async run() {
    while (!this.stop) {
      await this.single();
      await sleep(this.random.int(0, 300));
    }
  }
}

/**
 * Shares, grants of the lockbox and sessions: given and taken back; what was
 * acknowledged is `told`, and holds from then on, whatever is killed.
 */
class Gate extends Client {
  static async make(site, random, told) {
    const it = new Gate(site, random, told);
    const house = await House.make(site, P, [A]);
    const [ours, theirs] = [A, B].map((agency) => new People(site, agency));
    const kept = {};
    const [custodian, guest, officer] = await Promise.all([ours.add('Cy Custodian', 'custodian', { states: ['FL'] }),
      theirs.add('Ira Partner', 'custodian', { states: ['CO', 'FL'] }), ours.hire('Oz Officer', 'officer', { states: ['FL'] })]);
    const { invitation } = await ours.post(`persons/${officer.id}/invitations`, {});
    const { login } = (await site.get(`persons/${officer.id}`)).json();
    const sessions = [await ours.accept(invitation, undefined, kept)];
    while (sessions.length < 6) {
      const first = await ours.post('signin', { login, password: 'seven wide rivers' }, null);
      const second = await ours.post('signin/recovery', { code: kept.codes.pop() }, first.session);
      sessions.push(await ours.acknowledge(second.session));
    }
    const { items } = (await site.get(`sessions?person=${officer.id}`)).json();
    const ids = items.reverse().map((s) => s.id);
    told.sessions = await Promise.all(sessions.map(async (token) => ({ token, on: true,
      id: (await site.get('session', { token })).json().session.id })));
    assert.deepEqual(told.sessions.map((s) => s.id).sort(), ids.sort());
    const item = await site.put(Buffer.from('shared'), { filename: 'shared.txt' });
    told.evidence.set(item, sha256(Buffer.from('shared')));
    return Object.assign(it, { house, custodian, guest, item });
  }

  /** JSON, asked until somebody answers. */
  json(method, path, body, { agency = A, token, key } = {}) {
    return this.answered(method, path, { agency, token, body: body === undefined ? undefined : JSON.stringify(body),
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...(key ? { 'idempotency-key': key } : {}) } });
  }

  /** A step that may have been done before its answer was lost: then it is in conflict with itself. */
  async step(path, { body, ...options } = {}) {
    const a = await this.json('POST', path, body, options);
    assert.ok(a.status === 200 || a.status === 409, `${path}: ${a.status} ${a.body}`);
  }

  /** What is given is there (the other house may be told a little later); what was taken back never is. */
  async holds(one) {
    const look = async () => (await one.look()).status;
    if (one.on) await until(`${one.what} ${one.id}`, async () => (await look()) === one.yes, 60);
    else assert.ok([401, 403].includes(await look()), `${one.what} ${one.id} was taken back`);
  }

  async share() {
    const made = await this.json('POST', 'shares', { to: { agency: B }, evidence: [this.item], reason: 'joint' },
      { key: `share-${this.told.shares.length}` });
    assert.equal(made.status, 201, String(made.body));
    const { id } = made.json();
    const one = { what: 'share', id, on: true, yes: 200, look: () =>
      this.json('GET', `shares/${id}/evidence/${this.item}/content`, undefined, { agency: B, token: this.guest.token }) };
    this.told.shares.push(one);
    await this.holds(one);
    if (this.random.next() < 0.3) return;
    await this.step(`shares/${id}/revoke`);
    one.on = false;
    await this.holds(one);
  }

  async lockbox() {
    const { operator, security } = this.house;
    const made = await this.json('POST', 'lockbox', { agency: A, evidence: [this.item], ticket: 'T-77',
      why: 'the player stops at 3:10', minutes: 60 }, { agency: P, token: operator.token, key: `lockbox-${this.told.grants.length}` });
    assert.equal(made.status, 201, String(made.body));
    const { id } = made.json();
    await this.step(`lockbox/${id}/approve`, { agency: P, token: security.token });
    const own = { token: this.custodian.token };
    await until('the agency is asked', async () => (await this.json('GET', `lockbox/${id}`, undefined, own)).status === 200, 60);
    await this.step(`lockbox/${id}/approve`, own);
    const one = { what: 'grant', id, on: true, yes: 200, look: () =>
      this.json('GET', `lockbox/${id}/evidence/${this.item}/content`, undefined, { agency: P, token: operator.token }) };
    this.told.grants.push(one);
    await this.holds(one);
    if (this.random.next() < 0.3) return;
    await this.step(`lockbox/${id}/revoke`, { ...own, body: {} });
    one.on = false;
    await this.holds(one);
  }

  async session() {
    const one = this.told.sessions.find((s) => s.on);
    if (this.told.sessions.filter((s) => s.on).length <= 2) return;
    Object.assign(one, { what: 'session', yes: 200, look: () => this.json('GET', 'session', undefined, { token: one.token }) });
    await this.holds(one);
    const a = await this.json('DELETE', `sessions/${one.id}`);
    assert.ok(a.status === 204 || a.status === 404 || a.status === 409, `${a.status} ${a.body}`);
    one.on = false;
    await this.holds(one);
  }

  async run() {
    while (!this.stop) {
      for (const act of ['share', 'lockbox', 'session']) {
        await this[act]();
        await sleep(this.random.int(0, 300));
      }
    }
  }

  async all() {
    const { sessions, shares, grants } = this.told;
    for (const one of [...shares, ...grants, ...sessions.filter((s) => s.look)]) await this.holds(one);
  }
}

/** Kill at random moments until it has been done often enough. */
async function killer(site, random, count) {
  for (let n = 0; n < KILLS;) {
    await sleep(random.int(0, 500));
    const who = random.next();
    const keeper = site.keeper();
    const server = site.server();
    const victims = who < 0.4 ? [server] : who < 0.7 ? [keeper] : who < 0.8 ? [server, keeper] : [site.child.pid];
    if (victims.some((pid) => pid === undefined)) continue;
    victims.forEach(killHard);
    n += 1;
    for (const pid of victims) {
      if (pid === site.child.pid) count.site++;
      else if (pid === keeper) count.keeper++;
      else count.server++;
    }
    if (victims.includes(site.child.pid) || site.child.over) {
      await site.child.exited;
      await site.kill();
      await site.start();
    } else if (random.next() < 0.7) {
      await until('it serves again', async () => (await site.get('/readyz', { token: '', timeout: 5000 })
        .catch(() => ({ status: 0 }))).status === 200, 30);
    }
  }
}

test(`${KILLS} kills under parallel uploads`, { timeout: 420000 }, async (t) => {
  const site = await Site.make(t, { agencies: [A, B] });
  const random = seeded(t);
  const told = { evidence: new Map(), receipts: [], uploads: new Set(), shares: [], grants: [] };
  const count = { server: 0, keeper: 0, site: 0 };
  const gate = await Gate.make(site, random, told);
  const film = new Camera(site, random, { ...told, uploads: new Set() },
    { token: null, agent: agentOf(site, await camera(site)) });
  const clients = [...Array.from({ length: CLIENTS }, () => new Client(site, random, told)), gate, film];
  const working = Promise.all(clients.map((c) => c.run()));
  working.catch(() => {});
  t.after(() => clients.forEach((c) => Object.assign(c, { stop: true, over: true })));

  await Promise.race([killer(site, random, count), working]);
  for (const c of clients) c.stop = true;
  await working;
  t.diagnostic(`killed ${JSON.stringify(count)}; ${told.evidence.size} items, ${told.uploads.size} uploads open`);
  for (const [what, list] of [['shares', told.shares], ['grants', told.grants], ['sessions', told.sessions]])
    t.diagnostic(`${list.length} ${what}, ${list.filter((one) => !one.on).length} of them taken back`);
  assert.ok(told.evidence.size >= KILLS / 2, `only ${told.evidence.size} items came through`);

  await t.test('every acknowledged byte is there and right', async () => {
    const last = clients[0];
    for (const up of told.uploads) {
      const id = await last.send(up);
      if (!up.partial) told.evidence.set(id, sha256(up.bytes));
      else assert.equal((await site.tus('DELETE', up.url)).status, 204);
    }
    for (const [id, sum] of told.evidence) {
      const a = await site.content(id);
      assert.equal(a.status, 200, id);
      assert.equal(sha256(a.body), sum, id);
    }
  });

  await t.test('what was given holds, what was taken back stays so, also after one more', async () => {
    for (const list of [told.shares, told.grants, told.sessions]) {
      assert.ok(list.length >= KILLS / 20, `${list.length} of ${list[0]?.what}`);
      assert.ok(list.some((one) => !one.on));
    }
    await gate.all();
    await site.kill();
    await site.start();
    await gate.all();
    // Both houses say so.
    for (const one of told.shares)
      for (const agency of [A, B])
        await until('both know', async () => (await gate.json('GET', `shares/${one.id}`, undefined, { agency })).json().state ===
          (one.on ? 'active' : 'revoked'), 60);
    for (const [agency, token] of [[A, gate.custodian.token], [P, gate.house.security.token]])
      for (const one of told.grants)
        await until('both know', async () => (await gate.json('GET', `lockbox/${one.id}`, undefined, { agency, token })).json().state ===
          (one.on ? 'Approved' : 'Revoked'), 60);
  });

  await t.test('every receipt ever given verifies and is in the log\'s history', async () => {
    const get = async (path) => (await site.get(`log/${path}`, { token: '' })).body;
    const key = tlog.verifierKey((await get('key')).toString());
    const now = tlog.checkpoint((await get('checkpoint')).toString(), key);
    const tiles = new tlog.Tiles(now.size, get);
    assert.ok((await tiles.root()).equals(now.root));
    for (const r of told.receipts) {
      const then = tlog.checkProof(r.proof, r.entry, key);
      assert.equal(JSON.parse(r.entry).object.id, r.id);
      tlog.checkConsistency(then, now, await tiles.consistency(then.size));
    }
    assert.ok(told.receipts.length > 0);
  });

  await t.test('after a restart no file is left that the database does not know', async () => {
    await site.stop();
    await site.start();
    await site.stop();
    const room = join(site.dir, 'agencies', 'harbor-pd');
    const sql = (q) => execFileSync('sqlite3', [join(room, 'agency.db'), q]).toString().trim().split('\n').filter(Boolean);
    const known = (table, column = 'object') =>
      new Set(sql(`SELECT lower(hex(${column})) FROM ${table} WHERE ${column} IS NOT NULL`));
    const files = (name) => readdirSync(join(room, name), { recursive: true, withFileTypes: true })
      .filter((f) => f.isFile()).map((f) => basename(f.name));
    const hex = (name) => name.replace(/-/g, '').toLowerCase();
    const kept = known('evidence');
    const staged = known('upload');
    const posters = known('media', 'poster');
    for (const f of files('objects'))
      assert.ok(kept.has(hex(f)) || staged.has(hex(f)) || posters.has(hex(f)), `objects/${f} belongs to nothing`);
    for (const f of files('staging')) assert.ok(staged.has(hex(f)), `staging/${f} belongs to nothing`);
    const there = new Set(files('objects').map(hex));
    for (const object of kept) assert.ok(there.has(object), `object ${object} is missing`);
    assert.ok(kept.size >= told.evidence.size);
    assert.equal(sql('PRAGMA integrity_check').join(), 'ok');
  });
});

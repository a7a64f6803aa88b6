// A hundred kill -9s of server and keeper at random moments, under parallel
// uploads.  At the end: every acknowledged byte is readable and right, every
// receipt ever given still verifies and is part of the log's history, no file
// is left that the database does not know.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as tlog from './lib/tlog.mjs';
import { sha256 } from './lib/clips.mjs';
import { seeded } from './lib/random.mjs';
import { Site, killHard, metadata, sleep, until } from './lib/site.mjs';

const KILLS = Number(process.env.SALLYPORT_TEST_KILLS ?? 100);
const CLIENTS = 5;
const SEGMENT = 1048560;
/** Answers that a client meets while something is down. */
const AWAY = new Set([0, 423, 502, 503]);

class Client {
  constructor(site, random, told) {
    this.site = site;
    this.random = random;
    this.told = told;
    this.stop = false;
    this.open = null;
  }

  /** A request that may find nobody: status 0. */
  async ask(method, path, options) {
    return this.site.tus(method, path, { timeout: 20000, ...options })
      .catch(() => ({ status: 0, headers: {} }));
  }

  /** Ask until somebody answers. */
  async answered(method, path, options) {
    for (;;) {
      const a = await this.ask(method, path, options);
      if (!AWAY.has(a.status)) return a;
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
  const site = await Site.make(t, { agencies: ['harbor-pd'] });
  const random = seeded(t);
  const told = { evidence: new Map(), receipts: [], uploads: new Set() };
  const count = { server: 0, keeper: 0, site: 0 };
  const clients = Array.from({ length: CLIENTS }, () => new Client(site, random, told));
  const working = Promise.all(clients.map((c) => c.run()));
  working.catch(() => {});

  await Promise.race([killer(site, random, count), working]);
  for (const c of clients) c.stop = true;
  await working;
  t.diagnostic(`killed ${JSON.stringify(count)}; ${told.evidence.size} items, ${told.uploads.size} uploads open`);
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

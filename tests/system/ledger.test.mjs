// The ledger, checked by code that is not this project's: npm @sigstore/verify
// reads the notes and inclusion proofs; lib/tlog.mjs, from the RFCs, the rest.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { closeSync, existsSync, openSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs';
import * as tlog from './lib/tlog.mjs';
import { seeded } from './lib/random.mjs';
import { siteSuite } from './lib/suite.mjs';

const require = createRequire(import.meta.url);
const sigstore = dirname(require.resolve('@sigstore/verify/package.json'));
const { verifyCheckpoint } = require(join(sigstore, 'dist/tlog/checkpoint.js'));
const { verifyMerkleInclusion } = require(join(sigstore, 'dist/tlog/merkle.js'));

siteSuite('ledger', { args: ['--no-media'] }, (context) => {
  const text = async (path, options) => {
    const a = await context.site.get(path, options);
    assert.equal(a.status, 200, `${path}: ${a.status}`);
    return a.body;
  };
  const note = async () => (await text('log/checkpoint', { token: '' })).toString();
  const vkey = async () => tlog.verifierKey((await text('log/key', { token: '' })).toString());
  const tiles = (size) => new tlog.Tiles(size, (path) => text(`log/${path}`, { token: '' }));
  const receipt = async (id) => ({
    proof: (await text(`evidence/${id}/receipt`)).toString(),
    entry: await text(`evidence/${id}/receipt/entry`),
  });

  async function grow(t, n) {
    const random = seeded(t);
    const ids = [];
    for (let i = 0; i < n; i += 20)
      ids.push(...await Promise.all(Array.from({ length: Math.min(20, n - i) }, () =>
        context.site.put(random.bytes(random.int(1, 500))))));
    return ids;
  }

  test('@sigstore/verify reads the checkpoint and the receipt', async (t) => {
    const [id] = await grow(t, 5);
    const key = await vkey();
    const { proof, entry } = await receipt(id);
    const parsed = tlog.parseProof(proof);
    const material = (body) => ({
      canonicalizedBody: body,
      inclusionProof: {
        checkpoint: { envelope: parsed.note },
        logIndex: parsed.index.toString(),
        hashes: parsed.path,
      },
    });
    const logs = [{ logID: Buffer.from(key.id.padEnd(64, '0'), 'hex'), publicKey: key.key, baseURL: key.name }];
    const head = verifyCheckpoint(material(entry), logs);
    verifyMerkleInclusion(material(entry), head);
    const lie = Buffer.from(entry);
    lie[10] ^= 1;
    assert.throws(() => verifyMerkleInclusion(material(lie), head), /root hash/);
    const forged = material(entry);
    forged.inclusionProof.checkpoint.envelope = parsed.note.replace(/\n\d+\n/, (m) => `\n${Number(m) + 1}\n`);
    assert.throws(() => verifyCheckpoint(forged, logs), /signature/);
  });

  test('every receipt covers its item, in canonical JSON', async (t) => {
    const key = await vkey();
    for (const id of await grow(t, 30)) {
      const { proof, entry } = await receipt(id);
      tlog.checkProof(proof, entry, key);
      const parsed = JSON.parse(entry);
      assert.equal(parsed.act, 'evidence.sealed');
      assert.equal(parsed.object.id, id);
      const item = (await context.site.get(`evidence/${id}`)).json();
      assert.ok(entry.toString().includes(item.sha256), 'the entry names the hash');
      const sorted = (v) => (v && typeof v === 'object' && !Array.isArray(v)
        ? Object.fromEntries(Object.keys(v).sort().map((k) => [k, sorted(v[k])])) : v);
      assert.equal(entry.toString(), JSON.stringify(sorted(parsed)), 'RFC 8785');
      for (const k of ['act', 'actor', 'agency', 'at', 'object', 'outcome', 'source']) assert.ok(parsed[k], k);
      const changed = Buffer.from(entry);
      changed[changed.length >> 1] ^= 1;
      assert.throws(() => tlog.checkProof(proof, changed, key), /tlog/);
    }
  });

  test('checkpoints of two times are consistent, from the tiles alone', async (t) => {
    const key = await vkey();
    const heads = [tlog.checkpoint(await note(), key)];
    for (const n of [1, 2, 3, 40, 300]) {
      await grow(t, n);
      heads.push(tlog.checkpoint(await note(), key));
    }
    for (let i = 0; i < heads.length; i++) {
      const all = tiles(heads[i].size);
      assert.ok((await all.root()).equals(heads[i].root), `root of ${heads[i].size}`);
      for (const older of heads.slice(0, i))
        tlog.checkConsistency(older, heads[i], await all.consistency(older.size));
    }
    assert.ok(heads.at(-1).size > 512n, 'more than two tiles were read');
    const forked = { ...heads[1], root: heads[0].root };
    const path = await tiles(heads.at(-1).size).consistency(forked.size);
    assert.throws(() => tlog.checkConsistency(forked, heads.at(-1), path), /rewritten/);
  });

  test('entry bundles hold what the leaves say; only the agency reads them', async (t) => {
    const key = await vkey();
    await grow(t, 3);
    const head = tlog.checkpoint(await note(), key);
    let index = 0n;
    for (let n = 0n; n * 256n < head.size; n++) {
      const width = head.size - n * 256n < 256n ? head.size - n * 256n : 256n;
      const suffix = `${tlog.tileName(n)}${width < 256n ? `.p/${width}` : ''}`;
      const entries = tlog.parseBundle(await text(`log/tile/entries/${suffix}`));
      const leaves = await text(`log/tile/0/${suffix}`, { token: '' });
      assert.equal(BigInt(entries.length), width);
      entries.forEach((e, i) => {
        assert.ok(tlog.leafHash(e).equals(leaves.subarray(i * 32, i * 32 + 32)), `leaf ${index}`);
        index++;
      });
      assert.equal((await context.site.get(`log/tile/entries/${suffix}`, { token: '' })).status, 401);
    }
    assert.equal(index, head.size);
  });

  test('tiles of every size that was ever published stay', async (t) => {
    await grow(t, 2);
    const key = await vkey();
    const before = tlog.checkpoint(await note(), key);
    await grow(t, 2);
    assert.ok((await tiles(before.size).root()).equals(before.root));
    const past = tlog.checkpoint(await note(), key).size + 1n;
    const missing = await context.site.get(`log/tile/0/${tlog.tileName(past / 256n)}.p/${past % 256n}`, { token: '' });
    assert.equal(missing.status, 404);
  });

  test('no name and no free text is in any entry', async () => {
    const { site } = context;
    await site.put(Buffer.from('x'), { filename: 'SECRETNAME.mp4', title: 'SECRETTITLE', device: 'SECRETDEVICE' });
    const key = await vkey();
    const head = tlog.checkpoint(await note(), key);
    for (let n = 0n; n * 256n < head.size; n++) {
      const width = head.size - n * 256n;
      const bundle = await text(`log/tile/entries/${tlog.tileName(n)}${width < 256n ? `.p/${width}` : ''}`);
      assert.ok(!/SECRET/.test(bundle.toString()));
    }
  });

  test('each agency has a log of its own', async () => {
    const { site } = context;
    const mine = await vkey();
    const other = tlog.verifierKey((await site.get('log/key', { agency: 'mesa-so', token: '' })).body.toString());
    assert.notEqual(mine.name, other.name);
    const theirs = (await site.get('log/checkpoint', { agency: 'mesa-so', token: '' })).body.toString();
    tlog.checkpoint(theirs, other);
    assert.throws(() => tlog.checkpoint(theirs, mine), /tlog/);
  });

  test('sallyport log check and prove agree', async (t) => {
    const { site } = context;
    const [id] = await grow(t, 1);
    const checked = await site.cli(['log', 'check', '--agency', 'harbor-pd']);
    assert.equal(checked.code, 0, checked.stderr);
    assert.ok(id);
  });

  test('the derived hashes are made again when missing, short or wrong', async () => {
    const { site } = context;
    const key = await vkey();
    const head = tlog.checkpoint(await note(), key);
    const log = join(site.dir, 'agencies', 'harbor-pd', 'log');
    const hashes = readdirSync(log).map((f) => join(log, f)).filter((f) => statSync(f).isFile() && /hashes/.test(f))[0];
    assert.ok(hashes && existsSync(hashes));
    const flip = (at) => {
      const fd = openSync(hashes, 'r+');
      writeSync(fd, Buffer.from('XXXX'), 0, 4, at);
      closeSync(fd);
    };
    for (const harm of [() => rmSync(hashes), () => truncateSync(hashes, 100), () => flip(64),
      () => flip(statSync(hashes).size - 40), () => truncateSync(hashes, 0)]) {
      await site.stop();
      harm();
      await site.start();
      assert.ok((await tiles(head.size).root()).equals(head.root));
      assert.ok(readFileSync(hashes).length > 0);
    }
  });

  test('a log that was rewritten in the database is refused at start', async () => {
    const { site } = context;
    const { execFileSync } = await import('node:child_process');
    await site.put(Buffer.from('x'));
    await site.stop();
    const db = join(site.dir, 'agencies', 'harbor-pd', 'agency.db');
    const sql = (q) => execFileSync('sqlite3', [db, q]).toString().trim();
    const columns = sql('SELECT group_concat(name) FROM pragma_table_info(\'ledger_entry\')').split(',');
    const body = columns.find((c) => /body|entry|bytes/.test(c));
    assert.ok(body, `columns ${columns}`);
    const row = sql('SELECT max(rowid) FROM ledger_entry');
    const change = `UPDATE ledger_entry SET ${body} = CAST(replace(${body}, 'done', 'dona') AS BLOB) WHERE rowid = ${row}`;
    assert.throws(() => sql(change), /only grows/, 'a slip of the hand is refused by the database');
    const triggers = sql('SELECT group_concat(sql, \';\') FROM sqlite_master WHERE type = \'trigger\'');
    for (const name of sql('SELECT group_concat(name) FROM sqlite_master WHERE type = \'trigger\'').split(','))
      sql(`DROP TRIGGER ${name}`);
    const was = sql(`SELECT hex(${body}) FROM ledger_entry WHERE rowid = ${row}`);
    sql(change);
    assert.notEqual(sql(`SELECT hex(${body}) FROM ledger_entry WHERE rowid = ${row}`), was);
    // Found by the audit of the log in any case, and at the latest there.
    let found = false;
    try {
      await site.start();
      const checked = await site.cli(['log', 'check', '--agency', 'harbor-pd']);
      found = checked.code === 1;
    } catch {
      found = true;
    }
    await site.kill();
    sql(`UPDATE ledger_entry SET ${body} = X'${was}' WHERE rowid = ${row}; ${triggers}`);
    assert.ok(found, 'nobody noticed');
    await site.start();
    assert.equal((await site.cli(['log', 'check', '--agency', 'harbor-pd'])).code, 0);
  });
});

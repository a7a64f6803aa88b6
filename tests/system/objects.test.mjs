// Sealed objects that someone with the disk has changed: reading says
// "corrupt", an alert is in the ledger, and other items are unharmed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closeSync, copyFileSync, openSync, readFileSync, readSync, readdirSync, renameSync, statSync,
  truncateSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from './lib/clips.mjs';
import { seeded } from './lib/random.mjs';
import { siteSuite } from './lib/suite.mjs';

const SIZE = 3 * 1048560 + 777;

siteSuite('objects', { args: ['--no-media'] }, (context) => {
  const folder = () => join(context.site.dir, 'agencies', 'harbor-pd', 'objects');
  const objects = () => readdirSync(folder(), { recursive: true }).map((f) => join(folder(), f))
    .filter((f) => statSync(f).isFile());

  /** Take one in and find the object that it made. */
  async function taken(bytes) {
    const before = new Set(objects());
    const id = await context.site.put(bytes, { filename: 'x.bin' });
    const [path, ...more] = objects().filter((f) => !before.has(f));
    assert.ok(path && more.length === 0);
    return { id, path, bytes };
  }

  async function corrupt(item, range) {
    const { site } = context;
    const a = await site.content(item.id, range ? { headers: { range } } : {}).catch((e) => ({ status: 0, error: e }));
    // Once bytes have left, the connection breaks; before, there is a problem.
    if (a.status !== 0 && a.status !== 200 && a.status !== 206) {
      assert.ok(a.status >= 500, `${a.status}`);
      assert.match(a.json().type, /corrupt/);
    }
    if (a.status === 200 || a.status === 206) assert.fail('all of it was served');
    const state = (await site.get(`evidence/${item.id}`)).json().state;
    assert.equal(state, 'corrupt');
    const alerts = (await site.custody(item.id)).filter((e) => e.outcome === 'failed');
    assert.ok(alerts.length > 0, 'no alert in the custody');
  }

  async function whole(item) {
    const a = await context.site.content(item.id);
    assert.equal(a.status, 200);
    assert.equal(sha256(a.body), sha256(item.bytes));
  }

  function flip(path, at) {
    const fd = openSync(path, 'r+');
    const b = Buffer.alloc(1);
    readSync(fd, b, 0, 1, at);
    b[0] ^= 0x40;
    writeSync(fd, b, 0, 1, at);
    closeSync(fd);
  }

  test('no plaintext lies on the disk', async (t) => {
    const mark = Buffer.from('THIS PLAIN TEXT MUST NOT BE ON THE DISK');
    const bytes = Buffer.concat([mark, seeded(t).bytes(2000000), mark]);
    const item = await taken(bytes);
    const { site } = context;
    for (const f of readdirSync(site.dir, { recursive: true })) {
      const path = join(site.dir, f);
      if (statSync(path).isFile()) assert.ok(!readFileSync(path).includes(mark), path);
    }
    await whole(item);
  });

  test('the same content is sealed differently each time', async (t) => {
    const bytes = seeded(t).bytes(5000);
    const a = await taken(bytes);
    const b = await taken(bytes);
    const x = readFileSync(a.path);
    const y = readFileSync(b.path);
    assert.ok(!x.subarray(40, 1000).equals(y.subarray(40, 1000)));
  });

  for (const [what, at] of [['the header', 3], ['the salt', 20], ['the first segment', 5000],
    ['a segment in the middle', 1048576 + 99], ['a tag', 2097151], ['the last byte', 'last']])
    test(`flipped in ${what}: corrupt, others unharmed`, async (t) => {
      const random = seeded(t);
      const item = await taken(random.bytes(SIZE));
      const other = await taken(random.bytes(1000));
      flip(item.path, at === 'last' ? statSync(item.path).size - 1 : at);
      await corrupt(item);
      await whole(other);
    });

  test('a flipped segment harms no other range of the same item', async (t) => {
    const item = await taken(seeded(t).bytes(SIZE));
    flip(item.path, 2 * 1048576 + 5);
    const a = await context.site.content(item.id, { headers: { range: 'bytes=0-999' } });
    if (a.status === 206) assert.ok(a.body.equals(item.bytes.subarray(0, 1000)));
    await corrupt(item, `bytes=${2 * 1048576 + 10}-${2 * 1048576 + 20}`);
  });

  test('found in the first segment asked for, it is said before a byte is served', async (t) => {
    const item = await taken(seeded(t).bytes(SIZE));
    flip(item.path, 1048576 + 99);
    for (const range of ['bytes=1200000-', 'bytes=1200000-1200009']) {
      const a = await context.site.content(item.id, { headers: { range } });
      assert.equal(a.status, 500);
      assert.equal(a.json().type, 'urn:sallyport:problem:corrupt');
    }
    await corrupt(item);
  });

  for (const [what, cut] of [['by a byte', (n) => n - 1], ['to a whole segment', () => 2 << 20],
    ['by its last segment', () => 3 << 20], ['to its header', () => 40], ['to nothing', () => 0]])
    test(`truncated ${what}: corrupt`, async (t) => {
      const item = await taken(seeded(t).bytes(SIZE));
      truncateSync(item.path, cut(statSync(item.path).size));
      await corrupt(item);
    });

  test('lengthened: corrupt', async (t) => {
    const item = await taken(seeded(t).bytes(SIZE));
    const fd = openSync(item.path, 'a');
    writeSync(fd, Buffer.alloc(4096));
    closeSync(fd);
    await corrupt(item);
  });

  test('two segments exchanged: corrupt', async (t) => {
    const item = await taken(seeded(t).bytes(SIZE));
    const all = readFileSync(item.path);
    const fd = openSync(item.path, 'r+');
    writeSync(fd, all, 1 << 20, 1 << 20, 2 << 20);
    writeSync(fd, all, 2 << 20, 1 << 20, 1 << 20);
    closeSync(fd);
    await corrupt(item);
  });

  test('swapped with the object of another item: both corrupt', async (t) => {
    const random = seeded(t);
    const a = await taken(random.bytes(SIZE));
    const b = await taken(random.bytes(SIZE));
    renameSync(a.path, `${a.path}.x`);
    renameSync(b.path, a.path);
    renameSync(`${a.path}.x`, b.path);
    await corrupt(a);
    await corrupt(b);
  });

  test('replaced by an older copy of another item: corrupt', async (t) => {
    const random = seeded(t);
    const a = await taken(random.bytes(5000));
    const b = await taken(random.bytes(5000));
    copyFileSync(a.path, b.path);
    await corrupt(b);
    await whole(a);
  });

  test('gone: corrupt, not a crash', async (t) => {
    const random = seeded(t);
    const a = await taken(random.bytes(5000));
    const b = await taken(random.bytes(5000));
    unlinkSync(a.path);
    const got = await context.site.content(a.id).catch(() => ({ status: 0 }));
    assert.ok(got.status === 0 || got.status >= 400, `${got.status}`);
    await whole(b);
  });
});

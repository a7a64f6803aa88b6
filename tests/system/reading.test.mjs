// Reading: ranges, names, headers, and what a viewing leaves in the custody.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFileSync } from 'node:fs';
import { clips, sha256 } from './lib/clips.mjs';
import { seeded } from './lib/random.mjs';
import { run, until } from './lib/site.mjs';
import { siteSuite } from './lib/suite.mjs';

const SEGMENT_0 = 1048520;
const SEGMENT = 1048560;

siteSuite('reading', { args: ['--no-media'] }, (context) => {
  let bytes;
  let id;

  async function taken(t) {
    if (!id) {
      bytes = seeded(t).bytes(4 * SEGMENT + 321);
      id = await context.site.put(bytes, { filename: 'clip.mp4', filetype: 'video/mp4' });
    }
    return id;
  }

  const range = (value, headers = {}) =>
    context.site.content(id, { headers: { range: value, ...headers } });

  test('the whole of it, with what a client needs to know', async (t) => {
    await taken(t);
    const a = await context.site.content(id);
    assert.equal(a.status, 200);
    assert.equal(sha256(a.body), sha256(bytes));
    assert.equal(Number(a.headers['content-length']), bytes.length);
    assert.equal(a.headers['accept-ranges'], 'bytes');
    assert.equal(a.headers.etag, `"${sha256(bytes)}"`);
    assert.equal(a.headers['content-type'], 'video/mp4');
    assert.equal(a.headers['x-content-type-options'], 'nosniff');
    assert.match(a.headers['cache-control'], /private|no-store/);
    assert.match(a.headers['content-security-policy'] ?? '', /default-src 'none'/);
  });

  test('any range is exactly those bytes', async (t) => {
    await taken(t);
    const random = seeded(t);
    const size = bytes.length;
    const edges = [[0, 0], [0, 1], [size - 1, size - 1], [SEGMENT_0 - 1, SEGMENT_0], [SEGMENT_0, SEGMENT_0],
      [SEGMENT_0 - 1, SEGMENT_0 + SEGMENT], [0, size - 1], [SEGMENT_0 + SEGMENT - 1, SEGMENT_0 + 2 * SEGMENT]];
    for (let i = 0; i < 40; i++) {
      const first = random.int(0, size - 1);
      edges.push([first, Math.min(size - 1, first + random.int(0, 2 * SEGMENT))]);
    }
    for (const [first, last] of edges) {
      const a = await range(`bytes=${first}-${last}`);
      assert.equal(a.status, 206, `${first}-${last}`);
      assert.equal(a.headers['content-range'], `bytes ${first}-${last}/${size}`);
      assert.ok(a.body.equals(bytes.subarray(first, last + 1)), `${first}-${last}`);
    }
  });

  test('open, suffix and overlong ranges', async (t) => {
    await taken(t);
    const size = bytes.length;
    for (const [value, from, to] of [['bytes=100-', 100, size], ['bytes=-100', size - 100, size],
      [`bytes=-${size * 2}`, 0, size], [`bytes=10-${size * 9}`, 10, size]]) {
      const a = await range(value);
      assert.equal(a.status, 206, value);
      assert.ok(a.body.equals(bytes.subarray(from, to)), value);
    }
  });

  test('ranges outside are 416, nonsense is ignored', async (t) => {
    await taken(t);
    for (const value of [`bytes=${bytes.length}-`, 'bytes=99999999999-', 'bytes=-0']) {
      const a = await range(value);
      assert.equal(a.status, 416, value);
      assert.equal(a.headers['content-range'], `bytes */${bytes.length}`);
    }
    for (const value of ['bytes=5-1', 'bytes=a-b', 'items=0-1', 'bytes=', 'bytes=0-1,5-6', 'bytes=18446744073709551616-']) {
      const a = await range(value);
      assert.ok([200, 206, 416].includes(a.status), `${value}: ${a.status}`);
      if (a.status === 200) assert.equal(a.body.length, bytes.length);
    }
  });

  test('If-Range, If-None-Match, If-Match', async (t) => {
    await taken(t);
    const etag = `"${sha256(bytes)}"`;
    const { site } = context;
    assert.equal((await range('bytes=0-9', { 'if-range': etag })).status, 206);
    assert.equal((await range('bytes=0-9', { 'if-range': '"other"' })).status, 200);
    assert.equal((await range('bytes=0-9', { 'if-range': `W/${etag}` })).status, 200);
    assert.equal((await site.content(id, { headers: { 'if-none-match': etag } })).status, 304);
    assert.equal((await site.content(id, { headers: { 'if-none-match': '"x"' } })).status, 200);
    assert.equal((await site.content(id, { headers: { 'if-match': '"x"' } })).status, 412);
  });

  test('HEAD is GET without the body and without an entry', async (t) => {
    await taken(t);
    const { site } = context;
    const before = (await site.custody(id)).length;
    const a = await site.request('HEAD', `evidence/${id}/content`);
    assert.equal(a.status, 200);
    assert.equal(Number(a.headers['content-length']), bytes.length);
    assert.equal(a.headers.etag, `"${sha256(bytes)}"`);
    assert.equal(a.body.length, 0);
    assert.equal((await site.custody(id)).length, before);
  });

  test('a name survives whatever it is; nothing active is shown inline', async () => {
    const { site } = context;
    const names = ['plain.mp4', 'with space.mp4', 'näme “q”.mp4', '日本語.mp4', 'a"b\\c.mp4', 'a;b=c.mp4',
      '%41.mp4', "it's.mp4", 'x'.repeat(255), '😀.mp4', 'a\\..\\b.mp4'];
    for (const filename of names) {
      const it = await site.put(Buffer.from('x'), { filename, filetype: 'video/mp4' });
      const a = await site.content(it);
      const value = a.headers['content-disposition'];
      const star = /filename\*=UTF-8''([^;\s]+)/i.exec(value)?.[1];
      const plain = /filename="((?:[^"\\]|\\.)*)"/.exec(value)?.[1].replace(/\\(.)/g, '$1');
      assert.equal(star !== undefined ? decodeURIComponent(star) : plain, filename, value);
      assert.ok(!/[\r\n]/.test(value));
    }
    for (const filetype of ['text/html', 'image/svg+xml', 'application/pdf', 'text/javascript',
      'application/xhtml+xml', 'text/xml', 'application/octet-stream', 'multipart/form-data']) {
      const it = await site.put(Buffer.from('<script>alert(1)</script>'), { filename: 'a.html', filetype });
      const a = await site.content(it);
      assert.match(a.headers['content-disposition'], /^attachment/, filetype);
      assert.equal(a.headers['x-content-type-options'], 'nosniff');
    }
  });

  test('many ranges are one viewing: one opened, one closed with the bytes', async (t) => {
    const { site } = context;
    const random = seeded(t);
    const mine = random.bytes(3 * SEGMENT);
    const it = await site.put(mine, { filename: 'seek.mp4', filetype: 'video/mp4' });
    let served = 0;
    for (let i = 0; i < 12; i++) {
      const first = random.int(0, mine.length - 5000);
      const a = await site.content(it, { headers: { range: `bytes=${first}-${first + 4999}` } });
      served += a.body.length;
    }
    const open = (await site.custody(it)).map((e) => e.act);
    assert.equal(open.filter((a) => a === 'evidence.opened').length, 1, open.join());
    await site.stop();
    await site.start();
    const events = await site.custody(it);
    const closed = events.filter((e) => e.act === 'evidence.closed');
    assert.equal(events.filter((e) => e.act === 'evidence.opened').length, 1);
    assert.equal(closed.length, 1);
    assert.equal(closed[0].detail.bytes, served);
  });

  test('a viewing that is over for a while is closed; the next one is another', async (t) => {
    const { site } = context;
    const it = await site.put(seeded(t).bytes(1000));
    await site.stop();
    site.args = ['--no-media', '--viewing-idle', '1'];
    await site.start();
    await site.content(it);
    const acts = async () => (await site.custody(it)).map((e) => e.act).filter((a) => /^evidence\.(opened|closed)$/.test(a));
    await until('the viewing is closed', async () => (await acts()).join() === 'evidence.opened,evidence.closed', 30);
    await site.content(it);
    assert.deepEqual((await acts()).slice(0, 3), ['evidence.opened', 'evidence.closed', 'evidence.opened']);
  });

  test('two viewers are two viewings; one who may not view is none', async (t) => {
    const { site } = context;
    const it = await site.put(seeded(t).bytes(1000));
    const token = async (role) => {
      const made = await site.request('POST', 'tokens', { headers: { 'content-type': 'application/json' },
        body: Buffer.from(JSON.stringify({ role, label: `a second ${role}`, expires_in_days: 1 })) });
      assert.equal(made.status, 201, `${made.body}`);
      return made.json().token;
    };
    const officer = await token('officer');
    const auditor = await token('auditor');
    assert.equal((await site.content(it)).status, 200);
    assert.equal((await site.content(it, { token: officer })).status, 200);
    const denied = await site.content(it, { token: auditor });
    assert.equal(denied.status, 403);
    const events = await site.custody(it);
    assert.equal(events.filter((e) => e.act === 'evidence.opened').length, 2);
    assert.equal(events.filter((e) => e.act === 'gate.denied' && e.outcome === 'refused').length, 1);
  });

  test('the custody tells the whole story in order', async (t) => {
    const { site } = context;
    const it = await site.put(seeded(t).bytes(1000));
    await site.content(it);
    const events = await site.custody(it);
    assert.deepEqual(events.map((e) => e.act), ['upload.created', 'evidence.sealed', 'evidence.opened']);
    const indices = events.map((e) => e.index);
    assert.deepEqual(indices, [...indices].sort((a, b) => a - b));
    for (const e of events) {
      assert.match(e.at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
      assert.equal(e.object.id, it);
      assert.ok(e.actor.id && e.outcome && e.source);
    }
    assert.equal(events.find((e) => e.act === 'evidence.opened').address, '127.0.0.1');
  });

  test('curl goes on with a broken download', async () => {
    const { site } = context;
    const clip = readFileSync(clips()[0]);
    const it = await site.put(clip, { filename: 'c.mp4', filetype: 'video/mp4' });
    const out = `${site.dir}/../part.mp4`;
    const url = `${site.url}/v1/agencies/harbor-pd/evidence/${it}/content`;
    const args = ['-s', '--cacert', site.caPath, '-H', `Authorization: Bearer ${site.token()}`, '-o', out];
    const first = await run('curl', [...args, '--range', '0-999999', url]);
    assert.equal(first.code, 0);
    const rest = await run('curl', [...args, '--continue-at', '-', url]);
    assert.equal(rest.code, 0);
    assert.equal(sha256(readFileSync(out)), sha256(clip));
  });
});

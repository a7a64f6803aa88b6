// Uploads by clients that are not ours: tus-js-client and curl, on a wire
// that breaks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import tus from 'tus-js-client';
import { clips, sha256 } from './lib/clips.mjs';
import { cuttingProxy } from './lib/net.mjs';
import { seeded } from './lib/random.mjs';
import { metadata, patience, run } from './lib/site.mjs';
import { siteSuite } from './lib/suite.mjs';

/** Sizes at which the sealed stream turns over (docs/sealed-object.md). */
const SEGMENT_0 = 1048520;
const SEGMENT = 1048560;

siteSuite('tus', {}, (context) => {
  /** Run a tus-js-client upload to its end: {id, upload}. */
  function upload(source, options = {}) {
    const { site } = context;
    const base = options.base ?? site.url;
    let id;
    return new Promise((ok, no) => {
      const u = new tus.Upload(source, {
        endpoint: `${base}/v1/agencies/harbor-pd/uploads`,
        headers: { Authorization: `Bearer ${site.token()}` },
        httpStack: new tus.DefaultHttpStack({ ca: site.ca }),
        metadata: { filename: 'clip.mp4', filetype: 'video/mp4' },
        retryDelays: Array(40).fill(20),
        onAfterResponse: (_req, res) => {
          id = res.getHeader('Sallyport-Evidence') ?? id;
        },
        onError: no,
        onSuccess: () => ok({ id, upload: u }),
        ...options,
      });
      u.start();
    });
  }

  async function sameContent(id, bytes) {
    const got = await context.site.content(id);
    assert.equal(got.status, 200);
    assert.equal(sha256(got.body), sha256(bytes));
    const item = (await context.site.get(`evidence/${id}`)).json();
    assert.equal(item.sha256, sha256(bytes));
    assert.equal(item.size, bytes.length);
  }

  test('OPTIONS tells the protocol without a token', async () => {
    const a = await context.site.request('OPTIONS', 'uploads', { token: '' });
    assert.ok([200, 204].includes(a.status), `${a.status}`);
    assert.equal(a.headers['tus-version'], '1.0.0');
    assert.deepEqual(a.headers['tus-extension'].split(',').sort(), ['checksum', 'concatenation',
      'creation', 'creation-defer-length', 'creation-with-upload', 'expiration', 'termination']);
    assert.deepEqual(a.headers['tus-checksum-algorithm'].split(',').sort(), ['sha1', 'sha256']);
    assert.ok(Number(a.headers['tus-max-size']) > 0);
  });

  test('tus-js-client uploads a real clip', async () => {
    const bytes = readFileSync(clips()[0]);
    const { id } = await upload(bytes);
    await sameContent(id, bytes);
  });

  test('tus-js-client resumes over a wire cut at random bytes', async (t) => {
    const random = seeded(t);
    const bytes = random.bytes(9 * SEGMENT + random.int(0, SEGMENT));
    const proxy = await cuttingProxy(context.site, () => random.int(1, 2 << 20));
    try {
      const { id } = await upload(bytes, { base: proxy.url });
      assert.ok(proxy.cuts > 3, `only ${proxy.cuts} cuts`);
      await sameContent(id, bytes);
    } finally {
      await proxy.close();
    }
  });

  test('a second client goes on where a crashed one stopped', async () => {
    const { site } = context;
    const bytes = readFileSync(clips()[0]);
    const url = await new Promise((ok, no) => {
      const u = new tus.Upload(bytes, {
        endpoint: `${site.url}/v1/agencies/harbor-pd/uploads`,
        headers: { Authorization: `Bearer ${site.token()}` },
        httpStack: new tus.DefaultHttpStack({ ca: site.ca }),
        metadata: { filename: 'clip.mp4' },
        chunkSize: 300001,
        retryDelays: null,
        onError: no,
        onChunkComplete: (_n, accepted) => {
          if (accepted > bytes.length / 3) u.abort().then(() => ok(u.url), no);
        },
      });
      u.start();
    });
    assert.ok(await site.offset(url) > bytes.length / 3);
    const { id } = await upload(bytes, { uploadUrl: url });
    await sameContent(id, bytes);
  });

  test('parallel parts are joined into one original', async (t) => {
    const bytes = seeded(t).bytes(5 * SEGMENT + 12345);
    const { id } = await upload(bytes, { parallelUploads: 3 });
    assert.ok(id, 'the final creation names the evidence');
    await sameContent(id, bytes);
  });

  test('parallel parts over a wire that is cut', async (t) => {
    const random = seeded(t);
    const bytes = random.bytes(6 * SEGMENT + 1);
    const proxy = await cuttingProxy(context.site, () => random.int(200000, 3 << 20));
    try {
      const { id } = await upload(bytes, { base: proxy.url, parallelUploads: 4 });
      await sameContent(id, bytes);
    } finally {
      await proxy.close();
    }
  });

  test('the length may be told at the end', async () => {
    const bytes = readFileSync(clips()[0]);
    const { id } = await upload(bytes, { uploadLengthDeferred: true, chunkSize: 777777 });
    await sameContent(id, bytes);
  });

  test('data may come with the creation', async (t) => {
    const bytes = seeded(t).bytes(SEGMENT + 5);
    const { id } = await upload(bytes, { uploadDataDuringCreation: true });
    await sameContent(id, bytes);
  });

  test('a client may end its upload: gone, nothing kept', async (t) => {
    const { site } = context;
    const url = await site.create(5000);
    await site.patch(url, 0, seeded(t).bytes(4000));
    const ended = await site.tus('DELETE', url);
    assert.equal(ended.status, 204);
    const after = await site.tus('HEAD', url);
    assert.ok([404, 410].includes(after.status));
    assert.equal(after.headers['upload-offset'], undefined);
  });

  test('HEAD says what is kept and is never cached', async () => {
    const { site } = context;
    const meta = { filename: 'näme “with” signs.mp4', title: 'Stop 41' };
    const url = await site.create(10, meta);
    const a = await site.tus('HEAD', url);
    assert.equal(a.headers['upload-offset'], '0');
    assert.equal(a.headers['upload-length'], '10');
    assert.equal(a.headers['upload-metadata'], metadata(meta));
    assert.match(a.headers['cache-control'], /no-store/);
    assert.equal(a.headers['tus-resumable'], '1.0.0');
    assert.ok(Date.parse(a.headers['upload-expires']) > Date.now());
    const deferred = await site.create(undefined);
    const b = await site.tus('HEAD', deferred);
    assert.equal(b.headers['upload-defer-length'], '1');
    assert.equal(b.headers['upload-length'], undefined);
  });

  test('an empty file is evidence at once', async () => {
    const id = await context.site.put(Buffer.alloc(0), { filename: 'empty.txt' });
    await sameContent(id, Buffer.alloc(0));
  });

  test('X-HTTP-Method-Override stands in for PATCH', async () => {
    const { site } = context;
    const url = await site.create(3);
    const a = await site.tus('POST', url, { body: Buffer.from('abc'), headers: {
      'x-http-method-override': 'PATCH', 'upload-offset': 0,
      'content-type': 'application/offset+octet-stream' } });
    assert.equal(a.status, 204);
    await sameContent(a.headers['sallyport-evidence'], Buffer.from('abc'));
  });

  test('the same content twice: two items that know of each other', async (t) => {
    const { site } = context;
    const bytes = seeded(t).bytes(70000);
    const first = await site.put(bytes, { filename: 'a.bin' });
    const second = await site.put(bytes, { filename: 'b.bin' });
    assert.notEqual(first, second);
    const list = (await site.get(`evidence?sha256=${sha256(bytes)}`)).json();
    assert.deepEqual(list.items.map((i) => i.id).sort(), [first, second].sort());
    await sameContent(first, bytes);
    await sameContent(second, bytes);
  });

  // -- curl ------------------------------------------------------------------

  function curl(args, options) {
    const { site } = context;
    return run('curl', ['--silent', '--show-error', '--http1.1', '--cacert', site.caPath,
      '--max-time', String(60 * patience), '--header', 'Tus-Resumable: 1.0.0',
      '--header', `Authorization: Bearer ${site.token()}`, ...args], options);
  }

  function scratch(bytes) {
    const path = join(context.site.dir, '..', randomUUID());
    writeFileSync(path, bytes);
    return path;
  }

  async function curlPatch(url, offset, bytes, more = []) {
    const got = await curl(['--request', 'PATCH', '--data-binary', `@${scratch(bytes)}`,
      '--header', 'Content-Type: application/offset+octet-stream',
      '--header', `Upload-Offset: ${offset}`, '--dump-header', '-', '--output', '/dev/null', ...more, url]);
    const status = Number([...got.stdout.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].at(-1)?.[1] ?? 0);
    const header = (name) => new RegExp(`^${name}: (.*)\r$`, 'im').exec(got.stdout)?.[1];
    return { status, header, code: got.code };
  }

  test('curl uploads, resuming at every kind of byte', async (t) => {
    const { site } = context;
    const random = seeded(t);
    const size = 3 * SEGMENT + 17;
    const bytes = random.bytes(size);
    const stops = new Set([1, 2, 15, 16, 17, 4095, 4096, 4097, SEGMENT_0 - 1, SEGMENT_0,
      SEGMENT_0 + 1, SEGMENT_0 + SEGMENT - 16, SEGMENT_0 + SEGMENT, size - 1, size]);
    while (stops.size < 25) stops.add(random.int(1, size));
    const url = await site.create(size);
    let at = 0;
    let last;
    for (const stop of [...stops].sort((a, b) => a - b)) {
      last = await curlPatch(url, at, bytes.subarray(at, stop));
      assert.equal(last.status, 204, `at ${at}`);
      assert.equal(Number(last.header('Upload-Offset')), stop);
      at = stop;
      if (stop < size) assert.equal(await site.offset(url), stop);
    }
    await sameContent(last.header('Sallyport-Evidence'), bytes);
  });

  test('curl cut in the middle of a body: what came is kept', async (t) => {
    const { site } = context;
    const bytes = seeded(t).bytes(4 * SEGMENT);
    const url = await site.create(bytes.length);
    const cut = await curl(['--request', 'PATCH', '--data-binary', `@${scratch(bytes)}`,
      '--header', 'Content-Type: application/offset+octet-stream', '--header', 'Upload-Offset: 0',
      '--limit-rate', '3M', '--max-time', '0.7', url]);
    assert.notEqual(cut.code, 0);
    const at = await site.offset(url);
    assert.ok(at > 0 && at < bytes.length, `offset ${at}`);
    const rest = await curlPatch(url, at, bytes.subarray(at));
    assert.equal(rest.status, 204);
    await sameContent(rest.header('Sallyport-Evidence'), bytes);
  });

  for (const [name, kind] of [['sha1', 'sha1'], ['sha256', 'sha256']])
    test(`curl with a ${name} checksum: met, missed, met again`, async (t) => {
      const { site } = context;
      const bytes = seeded(t).bytes(SEGMENT + 999);
      const half = 600000;
      const url = await site.create(bytes.length);
      const sum = (b) => ['--header', `Upload-Checksum: ${name} ${createHash(kind).update(b).digest('base64')}`];
      const first = bytes.subarray(0, half);
      const good = await curlPatch(url, 0, first, sum(first));
      assert.equal(good.status, 204);
      const rest = bytes.subarray(half);
      const missed = await curlPatch(url, half, rest, sum(first));
      assert.equal(missed.status, 460);
      assert.equal(await site.offset(url), half, 'a chunk that misses its sum is not kept');
      const met = await curlPatch(url, half, rest, sum(rest));
      assert.equal(met.status, 204);
      await sameContent(met.header('Sallyport-Evidence'), bytes);
    });

  test('a declared sha256 that differs: refused, kept nowhere, recorded', async (t) => {
    const { site } = context;
    const bytes = seeded(t).bytes(200000);
    const before = (await site.get('evidence')).json().items.length;
    const size = async () => Number((await site.get('log/checkpoint', { token: '' })).body.toString().split('\n')[1]);
    const entries = await size();
    const url = await site.create(bytes.length, { filename: 'x.bin', sha256: '0'.repeat(64) });
    const a = await site.patch(url, 0, bytes);
    assert.equal(a.status, 460);
    assert.match(a.headers['content-type'], /^application\/problem\+json/);
    assert.equal((await site.get('evidence')).json().items.length, before);
    assert.ok(await size() > entries, 'the refusal is in the log');
    const b = await site.tus('HEAD', url);
    assert.ok([404, 410].includes(b.status), `${b.status}`);
  });

  test('a declared sha256 that agrees is kept', async (t) => {
    const bytes = seeded(t).bytes(200000);
    const id = await context.site.put(bytes, { filename: 'x.bin', sha256: sha256(bytes) });
    await sameContent(id, bytes);
  });

  test('parts are parts only: no evidence until joined, joined once', async (t) => {
    const { site } = context;
    const bytes = seeded(t).bytes(30000);
    const urls = [];
    for (const [from, to] of [[0, 10000], [10000, 30000]]) {
      const url = await site.create(to - from, null, { headers: { 'upload-concat': 'partial' } });
      const a = await site.patch(url, 0, bytes.subarray(from, to));
      assert.equal(a.status, 204);
      assert.equal(a.headers['sallyport-evidence'], undefined);
      urls.push(new URL(url).pathname);
    }
    const joined = await site.tus('POST', 'uploads', { headers: {
      'upload-concat': `final;${urls.join(' ')}`, 'upload-metadata': metadata({ filename: 'j.bin' }) } });
    assert.equal(joined.status, 201);
    await sameContent(joined.headers['sallyport-evidence'], bytes);
    const written = await site.patch(new URL(joined.headers.location, site.url).href, 0, Buffer.from('x'));
    assert.ok([403, 404, 409].includes(written.status), `${written.status}`);
  });

  test('parts that are missing or unfinished are not joined', async () => {
    const { site } = context;
    const open = new URL(await site.create(10, null, { headers: { 'upload-concat': 'partial' } })).pathname;
    for (const list of [open, `${open}x`, '/v1/agencies/harbor-pd/uploads/../..', '']) {
      const a = await site.tus('POST', 'uploads', { headers: {
        'upload-concat': `final;${list}`, 'upload-metadata': metadata({ filename: 'j.bin' }) } });
      assert.ok(a.status >= 400 && a.status < 500, `${list}: ${a.status}`);
    }
  });
});


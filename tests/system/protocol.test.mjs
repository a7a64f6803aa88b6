// Bad input: what a hostile or broken client sends, and that nothing comes of
// it but a plain refusal.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from './lib/clips.mjs';
import { Raw } from './lib/net.mjs';
import { seeded } from './lib/random.mjs';
import { metadata, run, until } from './lib/site.mjs';
import { siteSuite } from './lib/suite.mjs';

const PATCH = { 'content-type': 'application/offset+octet-stream' };

siteSuite('bad input', {}, (context) => {
  const create = (headers, options = {}) =>
    context.site.tus('POST', 'uploads', { ...options, headers });

  function refused(answer, status, what) {
    const want = [status].flat();
    assert.ok(want.includes(answer.status), `${what}: ${answer.status} ${answer.body}`);
    assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json/, what);
    const problem = answer.json();
    assert.equal(problem.status, answer.status, what);
    assert.ok(problem.type && problem.title, what);
  }

  /** The upload is as if nothing had been asked. */
  async function untouched(url, offset) {
    assert.equal(await context.site.offset(url), offset);
  }

  // -- names and metadata ----------------------------------------------------

  const NUL = '\u0000';
  for (const [what, filename] of [
    ['a way up', '../../etc/passwd'], ['an absolute path', '/etc/passwd'],
    ['dot', '.'], ['dot dot', '..'], ['a slash inside', 'a/b.mp4'],
    ['a NUL', `a${NUL}.mp4`], ['a line break', 'a\nb.mp4'], ['a carriage return', 'a\rb.mp4'],
    ['256 bytes', 'x'.repeat(256)], ['an escape', 'a\u001b[31m.mp4'],
    ['DEL', 'a\u007f.mp4'],
  ])
    test(`a file name that is ${what} is refused`, async () => {
      const a = await create({ 'upload-length': 1, 'upload-metadata': metadata({ filename }) });
      refused(a, 400, what);
    });

  test('names that only look odd are kept as they are, and hurt nobody', async () => {
    const { site } = context;
    for (const filename of ['...', ' a ', '-rf', '~root', 'a\\..\\b', 'C:evil', '%2e%2e%2f', 'é'.repeat(127),
      'x'.repeat(255), '"; rm -rf .mp4', '$(id).mp4', 'a;filename=b.html', '\u202egpj.exe', 'CON', '._x']) {
      const id = await site.put(Buffer.from(filename), { filename });
      assert.equal((await site.get(`evidence/${id}`)).json().filename, filename);
    }
  });

  for (const [what, value] of [
    ['not base64', 'filename !!!'], ['base64 without padding', 'filename YQ'],
    ['base64 with spare bits', 'filename YR=='], ['the key twice', 'filename YQ==,filename Yg=='],
    ['two spaces', 'filename  YQ=='], ['an empty pair', 'filename YQ==,,title YQ=='],
    ['a trailing comma', 'filename YQ==,'], ['not UTF-8', `filename ${Buffer.from([0xff, 0xfe]).toString('base64')}`],
    ['overlong UTF-8', `filename ${Buffer.from([0xc0, 0xaf]).toString('base64')}`],
    ['a surrogate', `filename ${Buffer.from([0xed, 0xa0, 0x80]).toString('base64')}`],
  ])
    test(`metadata: ${what} is refused`, async () => {
      refused(await create({ 'upload-length': 1, 'upload-metadata': value }), 400, what);
    });

  test('metadata over its limits is refused', async () => {
    const base = { filename: 'a.mp4' };
    for (const more of [{ title: 'x'.repeat(201) }, { filetype: `a/${'x'.repeat(127)}` },
      { filetype: 'not a type' }, { category: 'Upper Case' }, { category: 'x'.repeat(65) },
      { device: 'x'.repeat(101) }, { captured_at: 'yesterday' }, { captured_at: '2026-13-01T00:00:00Z' },
      { sha256: 'abc' }, { sha256: 'g'.repeat(64) }, { extra: 'x'.repeat(1001) },
      { 'bad/name': 'x' }, { [`n${'x'.repeat(40)}`]: 'x' },
      Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`k${i}`, 'v']))]) {
      const a = await create({ 'upload-length': 1, 'upload-metadata': metadata({ ...base, ...more }) });
      refused(a, [400, 413], JSON.stringify(more).slice(0, 60));
    }
  });

  test('what plain tus clients send is taken: no metadata at all, keys and types of their own', async () => {
    const { site } = context;
    const none = await create({ 'upload-length': 0 });
    assert.equal(none.status, 201);
    const bare = (await site.get(`evidence/${none.headers['sallyport-evidence']}`)).json();
    assert.deepEqual([bare.filename, bare.media_type, bare.title], ['unnamed', 'application/octet-stream', null]);

    // What Uppy adds, and what a browser's recorder says of its blobs.
    const id = await site.put(Buffer.from('x'), { relativePath: 'null', name: 'clip.webm', type: 'video/webm',
      filename: 'clip.webm', filetype: 'video/webm;codecs=vp9,opus', category: 'use-of-force' });
    const item = (await site.get(`evidence/${id}`)).json();
    assert.equal(item.media_type, 'video/webm');
    assert.equal(item.category, 'use-of-force');
    assert.deepEqual(item.extra, { name: 'clip.webm', relativePath: 'null', type: 'video/webm' });
  });

  // -- lengths and offsets ---------------------------------------------------

  test('lengths that are no lengths are refused', async () => {
    for (const length of ['-1', '1e3', '0x10', '01', '+5', ' ', '1.0', '18446744073709551616',
      '9223372036854775808', 'ten', '1,1', '1 2']) {
      const a = await create({ 'upload-length': length, 'upload-metadata': metadata({ filename: 'a' }) });
      refused(a, [400, 413], length);
    }
    refused(await create({ 'upload-metadata': metadata({ filename: 'a' }) }), 400, 'none');
    refused(await create({ 'upload-length': 1, 'upload-defer-length': '1',
      'upload-metadata': metadata({ filename: 'a' }) }), 400, 'both');
    refused(await create({ 'upload-defer-length': '2', 'upload-metadata': metadata({ filename: 'a' }) }), 400, 'defer 2');
  });

  test('more than the site takes is 413', async () => {
    refused(await create({ 'upload-length': '9007199254740991', 'upload-metadata': metadata({ filename: 'a' }) }),
      413, 'too large');
  });

  test('a wrong offset changes nothing', async (t) => {
    const { site } = context;
    const bytes = seeded(t).bytes(1000);
    const url = await site.create(2000);
    await site.patch(url, 0, bytes);
    for (const offset of [0, 999, 1001, 2000, 4000000000])
      refused(await site.patch(url, offset, bytes), 409, `${offset}`);
    for (const offset of ['-1', 'x', '1e3', '0x3e8', '01000'])
      refused(await site.patch(url, offset, bytes), 400, offset);
    refused(await site.tus('PATCH', url, { headers: PATCH, body: bytes }), 400, 'no offset');
    await untouched(url, 1000);
  });

  test('a body that is longer than the upload is refused before a byte is kept', async (t) => {
    const { site } = context;
    const url = await site.create(1000);
    refused(await site.patch(url, 0, seeded(t).bytes(1001)), [400, 413], 'too long');
    await untouched(url, 0);
    refused(await site.patch(url, 0, seeded(t).bytes(3000000)), [400, 413], 'far too long');
    await untouched(url, 0);
  });

  test('a deferred length is told once, and never below what came', async (t) => {
    const { site } = context;
    const bytes = seeded(t).bytes(1000);
    const url = await site.create(undefined);
    assert.equal((await site.patch(url, 0, bytes)).status, 204);
    refused(await site.patch(url, 1000, Buffer.from('x'), { headers: { 'upload-length': 999 } }), [400, 413], 'below');
    await untouched(url, 1000);
    assert.equal((await site.patch(url, 1000, Buffer.from('x'), { headers: { 'upload-length': 1002 } })).status, 204);
    refused(await site.patch(url, 1001, Buffer.from('x'), { headers: { 'upload-length': 1003 } }), 400, 'twice');
    const last = await site.patch(url, 1001, Buffer.from('y'));
    assert.equal(last.status, 204);
    const got = await site.content(last.headers['sallyport-evidence']);
    assert.equal(sha256(got.body), sha256(Buffer.concat([bytes, Buffer.from('xy')])));
  });

  test('the wrong media type is 415, the wrong version 412', async () => {
    const { site } = context;
    const url = await site.create(10);
    refused(await site.tus('PATCH', url, { body: Buffer.from('a'), headers: { 'upload-offset': 0,
      'content-type': 'application/octet-stream' } }), 415, 'type');
    const old = await site.request('PATCH', url, { body: Buffer.from('a'),
      headers: { ...PATCH, 'upload-offset': 0, 'tus-resumable': '0.2.2' } });
    assert.equal(old.status, 412);
    assert.equal(old.headers['tus-version'], '1.0.0');
    await untouched(url, 0);
  });

  // -- checksums -------------------------------------------------------------

  test('unknown and malformed checksums are refused, nothing kept', async () => {
    const { site } = context;
    const url = await site.create(10);
    const md5 = createHash('md5').update('a').digest('base64');
    const sha1 = createHash('sha1').update('a').digest('base64');
    for (const sum of [`md5 ${md5}`, `SHA512 ${sha1}`, 'sha1', `sha1 ${md5}`, `sha1  ${sha1}`, `sha256 ${sha1}`,
      `sha1 ${sha1.slice(0, -1)}`, 'sha1 !!!!', `sha1 ${sha1},sha1 ${sha1}`, ''])
      refused(await site.patch(url, 0, Buffer.from('a'), { headers: { 'upload-checksum': sum } }), 400, sum);
    await untouched(url, 0);
  });

  // -- framing, by hand ------------------------------------------------------

  function head(url, lines) {
    const { pathname } = new URL(url);
    return [`PATCH ${pathname} HTTP/1.1`, 'Host: 127.0.0.1', 'Tus-Resumable: 1.0.0',
      `Authorization: Bearer ${context.site.token()}`,
      'Content-Type: application/offset+octet-stream', ...lines, '', ''].join('\r\n');
  }

  test('a request that comes a byte at a time is understood', async () => {
    const { site } = context;
    const url = await site.create(5);
    const raw = await Raw.open(site);
    const text = `${head(url, ['Upload-Offset: 0', 'Content-Length: 5'])}hello`;
    for (const byte of text) await raw.send(byte);
    assert.equal(await raw.status(), 204);
    raw.end();
  });

  for (const [what, lines] of [
    ['two offsets', ['Upload-Offset: 0', 'Upload-Offset: 1', 'Content-Length: 5']],
    ['two lengths', ['Upload-Offset: 0', 'Content-Length: 5', 'Content-Length: 6']],
    ['two equal lengths', ['Upload-Offset: 0', 'Content-Length: 5', 'Content-Length: 5']],
    ['length and chunked', ['Upload-Offset: 0', 'Content-Length: 5', 'Transfer-Encoding: chunked']],
    ['an unknown coding', ['Upload-Offset: 0', 'Transfer-Encoding: gzip, chunked']],
    ['two tokens', ['Upload-Offset: 0', 'Content-Length: 5', 'Authorization: Bearer x']],
    ['a negative length', ['Upload-Offset: 0', 'Content-Length: -5']],
    ['a length with a sign', ['Upload-Offset: 0', 'Content-Length: +5']],
    ['a length in hex', ['Upload-Offset: 0', 'Content-Length: 0x5']],
    ['two checksums', ['Upload-Offset: 0', 'Content-Length: 5', 'Upload-Checksum: sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=', 'Upload-Checksum: sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=']],
    ['a space before the colon', ['Upload-Offset : 0', 'Content-Length: 5']],
    ['a folded line', ['Upload-Offset:', '  0', 'Content-Length: 5']],
  ])
    test(`${what}: refused, nothing kept`, async () => {
      const { site } = context;
      const url = await site.create(5);
      const raw = await Raw.open(site);
      await raw.send(`${head(url, lines)}hello`);
      const status = await raw.status();
      assert.ok(status === 0 || (status >= 400 && status < 600 && status !== 500), `${status}`);
      raw.end();
      await untouched(url, 0);
    });

  test('chunked bodies are taken, however they are cut', async (t) => {
    const { site } = context;
    const random = seeded(t);
    const bytes = random.bytes(1500000);
    const url = await site.create(bytes.length);
    const raw = await Raw.open(site);
    await raw.send(head(url, ['Upload-Offset: 0', 'Transfer-Encoding: chunked']));
    for (let at = 0; at < bytes.length;) {
      const n = Math.min(random.int(1, 90000), bytes.length - at);
      await raw.send(`${n.toString(16)}\r\n`);
      await raw.send(bytes.subarray(at, at + n));
      await raw.send('\r\n');
      at += n;
    }
    await raw.send('0\r\n\r\n');
    assert.equal(await raw.status(), 204);
    const id = /sallyport-evidence: (\S+)/i.exec(raw.received)[1];
    raw.end();
    assert.equal(sha256((await site.content(id)).body), sha256(bytes));
  });

  test('a chunked body that exceeds the upload is refused', async () => {
    const { site } = context;
    const url = await site.create(5);
    const raw = await Raw.open(site);
    await raw.send(`${head(url, ['Upload-Offset: 0', 'Transfer-Encoding: chunked'])}a\r\n0123456789\r\n0\r\n\r\n`);
    const status = await raw.status();
    assert.ok(status === 0 || status === 400 || status === 413, `${status}`);
    raw.end();
    const at = await site.offset(url);
    assert.ok(at <= 5, `${at}`);
    assert.equal((await site.patch(url, at, Buffer.from('01234').subarray(at))).status, at < 5 ? 204 : 409);
  });

  test('a malformed chunk ends the connection, not the server', async () => {
    const { site } = context;
    for (const body of ['zz\r\nhello\r\n', '-5\r\nhello\r\n', 'ffffffffffffffffff\r\nhello', '5\r\nhelloXX0\r\n\r\n']) {
      const url = await site.create(5);
      const raw = await Raw.open(site);
      await raw.send(head(url, ['Upload-Offset: 0', 'Transfer-Encoding: chunked']) + body);
      const status = await raw.status().catch(() => 0);
      assert.ok(status === 0 || status >= 400 || status === 204, `${body}: ${status}`);
      raw.end();
    }
    assert.equal((await site.get('/healthz', { token: '' })).status, 200);
  });

  test('a body that stops: what came is kept, and the upload goes on', async (t) => {
    const { site } = context;
    const bytes = seeded(t).bytes(400000);
    const url = await site.create(bytes.length);
    const raw = await Raw.open(site);
    await raw.send(head(url, ['Upload-Offset: 0', `Content-Length: ${bytes.length}`]));
    await raw.send(bytes.subarray(0, 250000));
    raw.end();
    const at = await until('the stopped body is kept', async () => {
      const a = await site.tus('HEAD', url);
      return a.status === 200 && Number(a.headers['upload-offset']) > 0 && Number(a.headers['upload-offset']);
    });
    assert.ok(at <= 250000, `${at}`);
    const rest = await site.patch(url, at, bytes.subarray(at));
    assert.equal(rest.status, 204);
    assert.equal(sha256((await site.content(rest.headers['sallyport-evidence'])).body), sha256(bytes));
  });

  test('a body that hangs does not keep a second client out for good', async (t) => {
    const { site } = context;
    const bytes = seeded(t).bytes(300000);
    const url = await site.create(bytes.length);
    const raw = await Raw.open(site);
    await raw.send(head(url, ['Upload-Offset: 0', `Content-Length: ${bytes.length}`]));
    await raw.send(bytes.subarray(0, 100000));
    const at = await until('the hanging session is cut', async () => {
      const a = await site.tus('HEAD', url);
      return a.status === 200 && Number(a.headers['upload-offset']);
    }, 30);
    assert.equal((await site.patch(url, at, bytes.subarray(at))).status, 204);
    raw.end();
  });

  test('two writers on one upload: one writes, nothing is mixed', async (t) => {
    const { site } = context;
    const random = seeded(t);
    const a = random.bytes(3000000);
    const b = random.bytes(3000000);
    for (let round = 0; round < 5; round++) {
      const url = await site.create(a.length);
      const answers = await Promise.all([site.patch(url, 0, a), site.patch(url, 0, b)]
        .map((p) => p.catch(() => ({ status: 0, headers: {} }))));
      const won = answers.findIndex((x) => x.status === 204);
      assert.ok(won >= 0, answers.map((x) => x.status).join());
      const lost = answers[1 - won];
      assert.ok([0, 404, 409, 410, 423].includes(lost.status), `${lost.status}`);
      const id = answers[won].headers['sallyport-evidence'];
      assert.equal(sha256((await site.content(id)).body), sha256([a, b][won]));
    }
  });

  test('a writer that comes while another is sending is told 423 or 409', async (t) => {
    const { site } = context;
    const bytes = seeded(t).bytes(50000);
    const url = await site.create(bytes.length);
    const raw = await Raw.open(site);
    await raw.send(head(url, ['Upload-Offset: 0', `Content-Length: ${bytes.length}`]));
    let live = true;
    const drip = (async () => {
      for (let at = 0; live && at < 40000; at += 100) {
        await raw.send(bytes.subarray(at, at + 100));
        await new Promise((ok) => setTimeout(ok, 20));
      }
    })();
    await until('the first is at work', async () =>
      (await site.request('HEAD', url, { headers: { 'tus-resumable': '1.0.0' } })).status === 423);
    const second = await site.patch(url, 0, bytes);
    live = false;
    await drip;
    assert.ok([409, 423].includes(second.status), `${second.status}`);
    raw.end();
  });

  test('headers without end are refused', async () => {
    const { site } = context;
    const raw = await Raw.open(site);
    await raw.send(`GET /healthz HTTP/1.1\r\nHost: a\r\nX-Big: ${'a'.repeat(200000)}\r\n\r\n`);
    assert.ok([0, 400, 413, 431].includes(await raw.status()));
    raw.end();
    const many = await Raw.open(site);
    await many.send(`GET /healthz HTTP/1.1\r\nHost: a\r\n${'X-A: b\r\n'.repeat(1000)}\r\n`);
    assert.ok([0, 400, 413, 431].includes(await many.status()));
    many.end();
    assert.equal((await site.get('/healthz', { token: '' })).status, 200);
  });

  test('noise in place of HTTP, and HTTP in place of TLS, hurt nobody', async (t) => {
    const { site } = context;
    const random = seeded(t);
    for (let i = 0; i < 20; i++) {
      const raw = await Raw.open(site);
      await raw.send(random.bytes(random.int(1, 3000)));
      await raw.send('\r\n\r\n');
      const status = await raw.status(5).catch(() => 0);
      assert.ok(status === 0 || status >= 400, `${status}`);
      raw.end();
    }
    const plain = await run('curl', ['-s', '--max-time', '5', `http://127.0.0.1:${site.port}/healthz`]);
    assert.notEqual(plain.code, 0);
    assert.equal((await site.get('/healthz', { token: '' })).status, 200);
  });

  test('paths that climb lead nowhere', async () => {
    const { site } = context;
    for (const path of ['/v1/agencies/harbor-pd/../mesa-so/evidence', '/v1/agencies/../../etc/passwd',
      '/v1/agencies/harbor-pd/log/tile/0/../../../agency.db', '/v1/agencies/harbor-pd%2fevidence',
      '/v1/agencies/harbor-pd/evidence/%2e%2e', '//v1/agencies/harbor-pd/evidence',
      '/v1/agencies/harbor-pd/log/tile/0/x001', '/v1/agencies/harbor-pd/log/tile/0/000.p/0',
      '/v1/agencies/harbor-pd/log/tile/0/0', '/v1/agencies/harbor-pd/log/tile/64/000']) {
      const raw = await Raw.open(site);
      await raw.send(`GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${site.token()}\r\nConnection: close\r\n\r\n`);
      const status = await raw.status();
      assert.ok([400, 404].includes(status), `${path}: ${status}`);
      raw.end();
    }
  });

  // -- another agency ---------------------------------------------------------

  test('with the token of another agency there is nothing', async (t) => {
    const { site } = context;
    const id = await site.put(seeded(t).bytes(1000));
    const url = await site.create(1000);
    const other = site.token('mesa-so');
    const nothing = await site.get('evidence/01890a5d-ac96-774b-bcce-b302099a8057', { token: other });
    assert.equal(nothing.status, 404);
    const same = (a, what) => {
      assert.equal(a.status, 404, what);
      assert.deepEqual(a.json().type, nothing.json().type, what);
    };
    for (const path of ['evidence', `evidence/${id}`, `evidence/${id}/content`, `evidence/${id}/receipt`,
      `evidence/${id}/receipt/entry`, `evidence/${id}/custody`, 'tokens'])
      same(await site.get(path, { token: other }), path);
    assert.equal((await site.tus('HEAD', url, { token: other })).status, 404);
    same(await site.patch(url, 0, Buffer.from('x'), { token: other }), 'PATCH');
    same(await site.tus('DELETE', url, { token: other }), 'DELETE');
    same(await create({ 'upload-length': 1, 'upload-metadata': metadata({ filename: 'a' }) }, { token: other }), 'POST');
    same(await site.get('log/tile/entries/000.p/1', { token: other }), 'entries');
    // And its own agency knows nothing of the item.
    assert.equal((await site.get(`evidence/${id}`, { agency: 'mesa-so' })).status, 404);
    await untouched(url, 0);
  });

  test('an agency that is not there answers like one that is not yours', async () => {
    const { site } = context;
    const a = await site.get('/v1/agencies/no-such/evidence', { token: site.token() });
    const b = await site.get('/v1/agencies/mesa-so/evidence', { token: site.token() });
    assert.equal(a.status, 404);
    assert.deepEqual(a.json(), { ...b.json(), ...(a.json().instance ? { instance: a.json().instance } : {}) });
  });

  test('without a token, with a wrong one, with half of one: 401', async () => {
    const { site } = context;
    const good = site.token();
    for (const token of ['', good.slice(0, -1), `${good}x`, `${good.slice(0, -3)}${good.at(-3) === 'A' ? 'B' : 'A'}${good.slice(-2)}`, 'spt_', 'x', good.toUpperCase()]) {
      const a = await site.get('evidence', { token });
      assert.ok(a.status === 401 || (a.status === 404 && token !== ''), `${token.length}: ${a.status}`);
    }
    const none = await site.get('evidence', { token: '' });
    assert.equal(none.status, 401);
    assert.match(none.headers['www-authenticate'] ?? '', /^Bearer/);
    const basic = await site.get('evidence', { token: '',
      headers: { authorization: `Basic ${Buffer.from(`x:${good}`).toString('base64')}` } });
    assert.equal(basic.status, 401);
  });

  test('an agency\'s data lies in its own folder only', async (t) => {
    const { site } = context;
    const count = () => readdirSync(join(site.dir, 'agencies', 'mesa-so'), { recursive: true }).length;
    const before = count();
    await site.put(seeded(t).bytes(100000));
    assert.equal(count(), before);
  });
});

// The description that the server gives of itself is valid OpenAPI 3.1, and
// every route in it is there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { siteSuite } from './lib/suite.mjs';

siteSuite('api', {}, (context) => {
  let api;
  async function described() {
    api ??= (await context.site.get('/v1/openapi.json', { token: '' })).json();
    return api;
  }

  test('a public validator takes /v1/openapi.json', async () => {
    const result = await new Validator().validate(await described());
    assert.ok(result.valid, JSON.stringify(result.errors)?.slice(0, 2000));
    assert.match(api.openapi, /^3\.1\./);
  });

  test('every route in it answers as itself', async () => {
    const { site } = context;
    const id = await site.put(Buffer.from('hello'));
    const fill = (path) => path.replace('{agency}', 'harbor-pd').replace('{level}', '0')
      .replace(/\{(index|tile|n|N)[^}]*\}/, '000.p/1')
      .replace(/\{(id|evidence|upload|token)[^}]*\}/, id);
    let asked = 0;
    for (const [path, methods] of Object.entries((await described()).paths)) {
      for (const method of Object.keys(methods).filter((m) => /^(get|put|post|patch|delete|head|options)$/.test(m))) {
        const a = await site.request(method.toUpperCase(), fill(path), { headers: { 'tus-resumable': '1.0.0' } });
        assert.ok(a.status !== 405 && a.status !== 501 && a.status !== 500, `${method} ${path}: ${a.status} ${a.body}`);
        const known = Object.keys(methods[method].responses);
        assert.ok(known.includes(String(a.status)) || known.includes('default') ||
          known.includes(`${String(a.status)[0]}XX`), `${method} ${path}: ${a.status} is not described (${known})`);
        asked++;
      }
    }
    assert.ok(asked >= 15, `only ${asked} routes`);
  });

  test('a method that a route does not have is 405 with Allow', async () => {
    const { site } = context;
    for (const path of ['evidence', 'log/checkpoint', '/healthz']) {
      const a = await site.request('DELETE', path);
      assert.equal(a.status, 405, path);
      assert.match(a.headers.allow, /GET/);
    }
  });

  test('every problem has a stable type of its own', async () => {
    const { site } = context;
    const types = new Set();
    for (const [method, path, token] of [['GET', 'evidence/01890a5d-ac96-774b-bcce-b302099a8057'],
      ['GET', 'evidence', ''], ['DELETE', 'evidence'], ['POST', 'uploads']]) {
      const a = await site.request(method, path, { token, headers: { 'tus-resumable': '1.0.0' } });
      assert.match(a.headers['content-type'], /^application\/problem\+json/);
      types.add(a.json().type);
    }
    assert.equal(types.size, 4, [...types].join());
  });

  test('health, readiness and numbers', async () => {
    const { site } = context;
    assert.equal((await site.get('/healthz', { token: '' })).status, 200);
    assert.equal((await site.get('/readyz', { token: '' })).status, 200);
    const metrics = (await site.get('/metrics', { token: '' })).body.toString();
    for (const line of metrics.trim().split('\n'))
      assert.match(line, /^(# (HELP|TYPE) .*|[a-z_:]+(\{[^}]*\})? [-+0-9.eE]+)$/, line);
    assert.ok(!/harbor-pd.*clip/.test(metrics));
  });

  test('lists come in pages, newest first', async () => {
    const { site } = context;
    const ids = [];
    for (let i = 0; i < 7; i++) ids.push(await site.put(Buffer.from(`page ${i}`), { filename: 'p.txt', category: 'paging' }));
    const seen = [];
    for (let cursor = ''; cursor !== null;) {
      const page = (await site.get(`evidence?limit=3&category=paging${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`)).json();
      assert.ok(page.items.length <= 3);
      seen.push(...page.items.map((i) => i.id));
      cursor = page.next;
    }
    assert.deepEqual(seen, [...ids].reverse());
    for (const bad of ['limit=0', 'limit=1001', 'limit=x', 'cursor=zzz'])
      assert.equal((await site.get(`evidence?${bad}`)).status, 400, bad);
  });

  test('Idempotency-Key: the same creation makes nothing more', async () => {
    const { site } = context;
    const create = (key, length) => site.request('POST', 'uploads', { headers: { 'tus-resumable': '1.0.0',
      'idempotency-key': key, 'upload-length': String(length), 'upload-metadata': 'filename YS5tcDQ=' } });
    const first = await create('clip-7', 5);
    assert.equal(first.status, 201);
    const again = await create('clip-7', 5);
    assert.equal(again.status, 201);
    assert.equal(again.headers.location, first.headers.location);
    assert.equal((await create('clip-7', 6)).status, 409);
    assert.notEqual((await create('clip-8', 5)).headers.location, first.headers.location);
  });

  test('Idempotency-Key: a creation with a body, asked for again', async () => {
    const { site } = context;
    const create = (key, length, body, more) => site.request('POST', 'uploads', { headers: {
      'tus-resumable': '1.0.0', 'idempotency-key': key, 'upload-length': String(length),
      'content-type': 'application/offset+octet-stream', 'upload-metadata': 'filename YS5tcDQ=', ...more }, body });
    const first = await create('whole', 5, 'hello');
    assert.equal(first.status, 201);
    const again = await create('whole', 5, 'hello');
    assert.equal(again.status, 201);
    for (const name of ['location', 'upload-offset', 'sallyport-evidence'])
      assert.equal(again.headers[name], first.headers[name], name);
    assert.equal((await create('part', 9, 'hello')).headers['upload-offset'], '5');
    assert.equal((await create('part', 9, 'hello')).headers['upload-offset'], '5');
    // One whose body failed is not gone for whoever can name it.
    const failed = await create('sum', 5, 'hello', { 'upload-checksum': `sha1 ${'A'.repeat(27)}=` });
    assert.equal(failed.status, 460);
    const third = await create('sum', 5, 'hello');
    assert.equal(third.status, 201);
    assert.equal(third.headers['upload-offset'], '0');
  });

  test('Idempotency-Key: a token is issued once', async () => {
    const { site } = context;
    const issue = (key) => site.request('POST', 'tokens', { headers: { 'content-type': 'application/json',
      'idempotency-key': key }, body: JSON.stringify({ role: 'device', label: 'dock', expires_in_days: 1 }) });
    const before = (await site.get('tokens')).json().items.length;
    assert.equal((await issue('t-1')).status, 201);
    assert.equal((await issue('t-1')).status, 409);
    const after = (await site.get('tokens')).json().items.length;
    assert.equal(after, before + 1);
  });
});

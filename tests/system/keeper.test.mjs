// The keeper is killed: a clear answer, then everything works again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFileSync } from 'node:fs';
import { sha256 } from './lib/clips.mjs';
import { seeded } from './lib/random.mjs';
import { killHard, patience, until } from './lib/site.mjs';
import { siteSuite } from './lib/suite.mjs';

siteSuite('keeper', {}, (context) => {
  const keeper = () => until('there is a keeper', () => context.site.keeper());

  test('killed: 503 with a reason at worst, then all works; nothing is lost', async (t) => {
    const { site } = context;
    const random = seeded(t);
    const bytes = random.bytes(300000);
    const id = await site.put(bytes);
    for (let round = 0; round < 3; round++) {
      const before = await keeper();
      killHard(before);
      const during = await Promise.all(Array.from({ length: 20 }, () =>
        site.request('POST', 'uploads', { headers: { 'tus-resumable': '1.0.0', 'upload-length': 1,
          'upload-metadata': `filename ${Buffer.from('a').toString('base64')}` } })));
      for (const a of during) {
        assert.ok(a.status === 201 || a.status === 503, `${a.status} ${a.body}`);
        if (a.status === 503) {
          assert.match(a.headers['content-type'], /^application\/problem\+json/);
          assert.match(a.json().type, /keeper/);
          assert.ok(Number(a.headers['retry-after']) >= 0);
        }
      }
      await until('the site writes again', async () => {
        const a = await site.tus('POST', 'uploads', { headers: { 'upload-length': 1,
          'upload-metadata': `filename ${Buffer.from('a').toString('base64')}` } });
        return a.status === 201;
      });
      assert.notEqual(await keeper(), before);
      assert.equal(sha256((await site.content(id)).body), sha256(bytes));
      const more = random.bytes(1000);
      const next = await site.put(more);
      assert.equal(sha256((await site.content(next)).body), sha256(more));
    }
  });

  test('while it cannot start, readiness says so and stored facts are still told', async (t) => {
    const { site } = context;
    const id = await site.put(seeded(t).bytes(10));
    let stop = false;
    const killing = (async () => {
      while (!stop) {
        const pid = site.keeper();
        if (pid) killHard(pid);
        await new Promise((ok) => setTimeout(ok, 5));
      }
    })();
    try {
      await until('readyz is 503', async () => (await site.get('/readyz', { token: '' })).status === 503);
      assert.equal((await site.get('/healthz', { token: '' })).status, 200);
      assert.equal((await site.get(`evidence/${id}`)).status, 200);
      assert.equal((await site.get('log/checkpoint', { token: '' })).status, 200);
    } finally {
      stop = true;
      await killing;
    }
    await until('ready again', async () => (await site.get('/readyz', { token: '' })).status === 200, 60);
    await site.put(Buffer.from('x'));
  });

  test('it has no network, no privileges to gain, no dump, a filter', async () => {
    const pid = await keeper();
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    assert.match(status, /^NoNewPrivs:\s+1$/m);
    // Sanitizers' runtimes make calls of their own: their builds filter none.
    if (patience === 1) assert.match(status, /^Seccomp:\s+2$/m);
    assert.match(readFileSync(`/proc/${pid}/limits`, 'utf8'), /^Max core file size\s+0\s+0\s/m);
  });
});

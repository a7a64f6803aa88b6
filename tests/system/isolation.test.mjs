// Two statements define isolation (SECURITY.md): no request of agency B obtains
// anything of A's, and none affects A's access.  An adversary tries both: every
// route, with every id of A's, in A's name and in B's own.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { bare, freshId, idOfText, idsIn, requestFor, routesOf, toldApart } from './lib/adversary.mjs';
import { Site, sleep, until } from './lib/site.mjs';

const A = 'harbor-pd';
const B = 'mesa-so';
const NOBODY = 'no-such-agency';
const ROLES = ['administrator', 'custodian', 'officer', 'auditor', 'device'];
/** Put into whatever A has, to be looked for everywhere else. */
const MARK = 'QUARTZLANTERN';

describe('isolation', () => {
  const cleanups = [];
  const tokens = { [A]: {}, [B]: {} };
  let site, api, routes, secrets, agencyOfA;

  async function tokenFor(agency, role) {
    const a = await site.request('POST', 'tokens', { agency,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ role, label: `${agency === A ? MARK : 'b'} ${role}`, expires_in_days: 1 }) });
    assert.equal(a.status, 201);
    return a.json();
  }

  /** Something of each kind in A. */
  async function furnish() {
    const ids = [];
    for (let i = 0; i < 4; i++)
      ids.push(await site.put(Buffer.from(`${MARK} content ${i}`),
        { filename: `${MARK}-${i}.txt`, title: MARK, category: MARK.toLowerCase(), device: MARK, note: MARK }));
    await site.create(1000, { filename: `${MARK}.mp4` });
    await site.content(ids[0]);
    const bag = await site.request('POST', 'exports', { headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ items: [ids[1]], format: 'tar' }) });
    assert.equal(bag.status, 200);
    await furnishWithPeople();
  }

  /** People and what hangs on them, through whatever of it this server has. */
  async function furnishWithPeople() {
    if (!routes.some((r) => r.path.endsWith('/persons') && r.method === 'POST')) return;
    const made = await site.cli(['person', 'add', `${MARK} Person`, '--role', 'officer', '--agency', A, '--json'], A);
    assert.equal(made.code, 0, made.stderr);
    const { id } = JSON.parse(made.stdout);
    for (const args of [['screening', 'add', id], ['training', 'add', id], ['addendum', 'sign', id],
      ['agreement', 'add']]) {
      const got = await site.cli([...args, '--agency', A, '--json'], A);
      assert.equal(got.code, 0, `${args}: ${got.stderr}`);
    }
  }

  /** All that A's administrator can read, and every id in it. */
  async function harvest() {
    const ids = new Set();
    const asked = new Set();
    for (let round = 0; round < 3; round++) {
      const known = round === 0 ? [freshId()] : [...ids].slice(0, 40);
      for (const route of routes.filter((r) => r.method === 'GET' && r.params.includes('agency')))
        for (const id of route.params.length > 1 ? known : [freshId()]) {
          const q = requestFor(api, route, A, id);
          if (asked.has(q.path) || /events$/.test(route.path)) continue;
          asked.add(q.path);
          const a = await site.request(q.method, q.path, { agency: A, headers: q.headers });
          if (a.status < 300 && a.body.length < 1 << 20)
            for (const found of idsIn(a.body.toString('latin1'))) ids.add(found);
        }
    }
    return [...ids];
  }

  before(async () => {
    site = await Site.make({ after: (f) => cleanups.push(f) }, { agencies: [A, B] });
    api = (await site.get('/v1/openapi.json', { token: '' })).json();
    routes = routesOf(api);
    await furnish();
    for (const role of ROLES) {
      tokens[A][role] = await tokenFor(A, role);
      tokens[B][role] = await tokenFor(B, role);
    }
    await site.put(Buffer.from('b'), { filename: 'b.txt' }, { agency: B });
    agencyOfA = idOfText(tokens[A].auditor.token);
    secrets = await harvest();
  });
  after(async () => {
    for (const f of cleanups.reverse()) await f();
  });

  const closed = () => routes.filter((r) => r.closed && r.params.includes('agency'));
  const logSize = async (agency) =>
    Number((await site.get('log/checkpoint', { agency })).body.toString().split('\n')[1]);
  /** A's log once nothing works there by itself any more. */
  async function atRest() {
    let size = -1;
    await until('A is at rest', async () => {
      await sleep(200);
      const was = size;
      size = await logSize(A);
      const items = (await site.get('evidence')).json().items;
      const media = await Promise.all(items.map((i) => site.get(`evidence/${i.id}/media`)));
      return was === size && media.every((m) => !/queued|working/.test(m.json().state));
    });
    return size;
  }
  const leaks = (text) => text.includes(MARK) || text.includes(MARK.toLowerCase());

  test('the adversary is armed', (t) => {
    t.diagnostic(`${closed().length} closed routes, ${secrets.length} ids of A`);
    assert.ok(closed().length >= 20 && secrets.length >= 10);
  });

  /** In B's files, the site's, the keeper's. */
  function lookElsewhere(needles) {
    const files = [join(site.dir, 'site.db')];
    for (const place of [join(site.dir, 'agencies', B), join(site.dir, 'keeper')])
      files.push(...readdirSync(place, { recursive: true }).map((f) => join(place, f)).filter((f) => statSync(f).isFile()));
    assert.ok(files.length > 5);
    for (const file of files) {
      const bytes = readFileSync(file);
      for (const needle of needles) assert.equal(bytes.indexOf(needle), -1, `${file}: ${needle.toString('latin1')}`);
    }
    assert.ok(!leaks(site.log), 'the server’s log');
  }

  test('nothing of A’s is in B’s files, in the site’s, or in its log', () => {
    lookElsewhere([MARK, MARK.toLowerCase(), ...secrets.filter((s) => s !== agencyOfA)]
      .flatMap((s) => [Buffer.from(s), ...(s.includes('-') ? [Buffer.from(s.replaceAll('-', ''), 'hex')] : [])]));
  });

  test('in A’s name: as if there were no such agency, on every route with every id', async (t) => {
    const before = await atRest();
    let asked = 0;
    for (const role of ROLES) {
      const { token } = tokens[B][role];
      for (const route of closed()) {
        const ids = route.params.length > 1 ? (role === 'administrator' ? secrets : secrets.slice(0, 6)) : secrets.slice(0, 1);
        for (const id of ids) {
          const q = requestFor(api, route, A, id);
          const none = requestFor(api, route, NOBODY, id);
          const got = await site.request(q.method, q.path, { token, headers: q.headers, body: q.body });
          const like = await site.request(none.method, none.path, { token, headers: none.headers, body: none.body });
          assert.equal(got.status, 404, `${role}: ${q.method} ${q.path}: ${got.status} ${got.body}`);
          assert.equal(bare(got, [[A, '*']]), bare(like, [[NOBODY, '*']]), `${role}: ${q.method} ${q.path}`);
          asked += 2;
        }
      }
    }
    assert.equal(await logSize(A), before, 'nothing of it stands in A’s ledger');
    t.diagnostic(`${asked} requests`);
  });

  test('in its own name: A’s ids are ids of nothing', async (t) => {
    const before = await atRest();
    const { token } = tokens[B].administrator;
    let asked = 0;
    for (const route of closed().filter((r) => r.params.length > 1 || /json|form/.test(r.media ?? '') || r.query.length > 0))
      for (const id of secrets) {
        const none = freshId();
        const q = requestFor(api, route, B, id);
        const like = requestFor(api, route, B, none);
        // A stream of events of an object that is not there is empty, and open.
        if (/events$/.test(route.path)) continue;
        const got = await site.request(q.method, q.path, { token, headers: q.headers, body: q.body });
        const other = await site.request(like.method, like.path, { token, headers: like.headers, body: like.body });
        assert.equal(got.status, other.status, `${q.method} ${q.path}: ${got.body}`);
        if (got.status >= 400)
          assert.equal(bare(got, [[id, '*']]), bare(other, [[none, '*']]), `${q.method} ${q.path}`);
        assert.ok(!leaks(got.body.toString('latin1')), `${q.method} ${q.path}`);
        asked += 2;
        if (route.params.length === 1 && asked > 400) break;
      }
    assert.equal(await logSize(A), before);
    t.diagnostic(`${asked} requests`);
  });

  test('lists, searches, counts and events of B tell of B alone', async () => {
    const { token } = tokens[B].administrator;
    for (const path of ['evidence', `evidence?category=${MARK.toLowerCase()}`, 'tokens', 'log/tile/entries/000.p/1',
      ...routes.filter((r) => r.method === 'GET' && r.params.length === 1 && r.closed && !/events$|entries/.test(r.path))
        .map((r) => requestFor(api, r, B, freshId()).path)]) {
      const a = await site.get(path, { agency: B, token });
      assert.ok(!leaks(a.body.toString('latin1')), path);
      for (const id of idsIn(a.body.toString('latin1')))
        assert.ok(!secrets.includes(id), `${path}: ${id}`);
    }
    const digest = (await site.get('evidence')).json().items[0].sha256;
    assert.deepEqual((await site.get(`evidence?sha256=${digest}`, { agency: B, token })).json().items, []);
    // The same bytes in B are another item, and say nothing of A's.
    const id = await site.put(Buffer.from(`${MARK} content 0`), { filename: 'same.txt' }, { agency: B });
    const custody = await site.custody(id, { agency: B });
    assert.equal(custody.filter((e) => e.object.kind === 'evidence').length, custody.length);
    assert.ok(!secrets.includes(id));
  });

  test('tokens of A open nothing elsewhere, and altered ones nothing anywhere', async () => {
    const a = tokens[A].administrator.token;
    const b = tokens[B].administrator.token;
    const [, ofA, keyA] = a.match(/^spt_(.{22})_(.+)$/);
    const [, ofB, keyB] = b.match(/^spt_(.{22})_(.+)$/);
    for (const [token, agency] of [[`spt_${ofA}_${keyB}`, A], [`spt_${ofB}_${keyA}`, B], [`spt_${ofA}_${keyB}`, B],
      [`spt_${ofB}_${keyA}`, A], [a, B], [b, A]]) {
      const got = await site.get('evidence', { agency, token });
      assert.ok(got.status === 401 || got.status === 404, `${got.status}`);
      assert.ok(!leaks(got.body.toString()));
    }
  });

  test('time does not tell A’s ids from ids of nothing', async (t) => {
    const { token } = tokens[B].administrator;
    const there = [];
    const none = [];
    const item = (await site.get('evidence')).json().items[0].id;
    for (let i = 0; i < 300; i++)
      for (const [sample, id] of i % 2 ? [[there, item], [none, freshId()]] : [[none, freshId()], [there, item]]) {
        const began = process.hrtime.bigint();
        await site.get(`evidence/${id}`, { agency: i % 3 === 0 ? A : B, token });
        if (i >= 20) sample.push(Number(process.hrtime.bigint() - began));
      }
    const apart = toldApart(there, none);
    t.diagnostic(`told apart in ${(100 * apart).toFixed(1)} of 100 (50: a guess)`);
    assert.ok(Math.abs(apart - 0.5) < 0.2, `${apart}`);
  });

  test('nor is it there after all these attempts', () => {
    // But ids, which the adversary itself has put into its requests.
    lookElsewhere([Buffer.from(MARK), Buffer.from(MARK.toLowerCase())]);
  });

  test('A’s plaintext is nowhere at all but under seal and in A’s database', () => {
    const place = join(site.dir, 'agencies', A, 'objects');
    for (const f of readdirSync(place, { recursive: true }).map((f) => join(place, f)).filter((f) => statSync(f).isFile()))
      assert.equal(readFileSync(f).indexOf(MARK), -1, f);
  });

  test('none affects A: B in a rage, and A works on', async () => {
    const { token } = tokens[B].administrator;
    const before = await logSize(A);
    let raging = true;
    const rage = async (make) => {
      while (raging) await make().catch(() => sleep(20));
    };
    const storms = [
      () => site.get('evidence?limit=1000', { agency: B, token }),
      () => site.get(`evidence/${secrets[0]}/content`, { agency: A, token }),
      () => site.request('POST', 'tokens', { agency: B, token, headers: { 'content-type': 'application/json' }, body: '{' }),
      () => site.put(Buffer.alloc(300000), { filename: 'flood' }, { agency: B, token }),
      () => site.create(1 << 20, { filename: 'left' }, { agency: B, token }),
      () => site.get('evidence', { agency: B, token: `spt_${'A'.repeat(22)}_${'A'.repeat(43)}` }),
    ].flatMap((f) => [rage(f), rage(f)]);
    try {
      for (let i = 0; i < 8; i++) {
        const id = await site.put(Buffer.from(`in the storm ${i}`), { filename: `storm-${i}.txt` });
        assert.equal((await site.content(id)).body.toString(), `in the storm ${i}`);
        assert.equal((await site.get(`evidence/${id}/receipt`)).status, 200);
      }
    } finally {
      raging = false;
      await Promise.all(storms);
    }
    // Eight uploads, sealings and viewings of A's own, and no entry besides.
    const own = await logSize(A);
    assert.ok(own - before <= 8 * 5, `${own - before} entries`);
    const doctor = await site.cli(['doctor', site.dir]);
    assert.equal(doctor.code, 0, doctor.stdout);
  });
});

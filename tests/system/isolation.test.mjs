// Two statements define isolation (SECURITY.md): no request of agency B obtains
// anything of A's, and none affects A's access.  An adversary tries both: every
// route, with ids of all that A has, by every kind of credential that B can
// have, in A's name and in B's own; then it rages, and A works on.
import assert from 'node:assert/strict';
import https from 'node:https';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { bare, freshId, idOfText, idsIn, inParallel, parameterOf, requestFor, routesOf, toldApart } from './lib/adversary.mjs';
import { Canaries, changed, filesIn, found, foundIn, pictureOf } from './lib/canaries.mjs';
import { follow } from './lib/events.mjs';
import { Furnished, JSON_TYPE, accessToken, must } from './lib/furnished.mjs';
import { Raw } from './lib/net.mjs';
import { Site, sleep, until } from './lib/site.mjs';
import { House, visitorsOf } from './lib/visitors.mjs';

const A = 'harbor-pd'; // FL
const B = 'mesa-so'; // CO
const C = 'ridge-pd'; // FL; A shares with it
const P = 'keystone'; // the provider's house
const NOBODY = 'no-such-agency';
/** What is no id at all. */
const MALFORMED = ['x', '%00', '%2e%2e%2f%2e%2e', '0', `${'f'.repeat(8)}-ffff-ffff-ffff-${'f'.repeat(12)}`, 'ü'.repeat(40), '~', 'null'];
/** Of oneself, without any id: would end what the adversary comes with. */
const OF_ONESELF = /^(DELETE \/v1\/agencies\/\{agency\}\/session|POST \/v1\/agencies\/\{agency\}\/(password|recovery-codes|totp))$/;

describe('isolation', () => {
  const cleanups = [];
  const canaries = new Canaries();
  let site, api, routes, a, b, house, visitors, agencyOfA, secrets;
  /** The share with B that A has revoked, and what it was of. */
  let ended, lent;

  const folder = (agency) => join(site.dir, 'agencies', agency);
  /** But where the daily round of clearances is, which comes at midnight. */
  const picture = () => {
    const all = pictureOf(folder(A));
    all.delete('agency.db clearance_round');
    all.delete('agency.db clearance_look');
    return all;
  };
  const closed = () => routes.filter((r) => r.closed && r.params.includes('agency'));
  const ask = (agency, token, method, path, body) => site.request(method, path, { agency, token,
    headers: body === undefined ? {} : JSON_TYPE, body: body === undefined ? undefined : JSON.stringify(body) });

  before(async () => {
    site = await Site.make({ after: (f) => cleanups.push(f) }, { agencies: [A, B, C] });
    api = (await site.get('/v1/openapi.json', { token: '' })).json();
    routes = routesOf(api);
    house = await House.make(site, P, [A, B]);
    a = new Furnished(site, A, canaries);
    await a.furnish({ house, guest: C });
    b = new Furnished(site, B, new Canaries());
    await b.furnish({ house, guest: C, state: 'CO', clip: false });
    await b.person('guest', 'custodian', {}, ['CO', 'FL']);
    // Lent to B, seen there, and taken back: nothing secret is in this one.
    lent = await site.put(Buffer.from('lent to B'), { filename: 'lent.txt' });
    ended = (await must(site, A, undefined, 'POST', 'shares', { to: { agency: B }, evidence: [lent], reason: 'joint' })).id;
    assert.equal((await ask(B, b.who.guest.token, 'GET', `shares/${ended}/evidence/${lent}/content`)).status, 200);
    await must(site, A, undefined, 'POST', `shares/${ended}/revoke`);
    visitors = await visitorsOf(site, b, house);
    agencyOfA = idOfText(site.token(A));
    secrets = Object.values(a.ids).flat().filter((id) => idsIn(id).size > 0);
  });
  after(async () => {
    for (const f of cleanups.reverse()) await f();
  });

  /** A once nothing works there by itself any more. */
  const atRest = () => {
    let last;
    return until('A is at rest', async () => {
      const now = picture();
      const same = last && changed(last, now).length === 0;
      last = now;
      if (!same) await sleep(150);
      return same && now;
    });
  };
  /** One id of A's for each parameter: the n-th of each kind. */
  const ofA = (n) => (parameter) => a.ids[parameter][n % a.ids[parameter].length];
  const ofB = (n) => (parameter) => b.ids[parameter][n % b.ids[parameter].length];
  /** The same with ids of nothing where A's were ids, and words where they were words. */
  const ofNothing = (parameter) => (idsIn(a.ids[parameter][0]).size > 0 || parameter.includes('provider') ? freshId() : a.ids[parameter][0]);
  /** Each id is asked about alike, so that answers differ by it only. */
  const once = (of) => {
    const said = new Map();
    const take = (parameter) => said.get(parameter) ?? said.set(parameter, of(parameter)).get(parameter);
    take.all = () => [...said.values()].sort((x, y) => y.length - x.length);
    return take;
  };
  const tells = (answer, what) => {
    const text = answer.body.toString('latin1') + JSON.stringify(answer.headers);
    assert.equal(canaries.in(text), undefined, what);
  };
  /** An answer without the ids that were asked about, and the agency's name. */
  const shape = (answer, ids, agency) => bare(answer, [...ids.all().map((id) => [id, '*']), [agency, '@']]);

  test('the adversary is armed', (t) => {
    const wanted = new Set(routes.flatMap((r) => r.params.filter((p) => p !== 'agency').map((p) => parameterOf(r, p))));
    // A parameter that a route gets later wants something of A's to try there.
    assert.deepEqual([...wanted].sort(), Object.keys(a.ids).sort());
    const store = filesIn(folder(A));
    for (const id of secrets) {
      const bytes = [Buffer.from(id.replaceAll('-', ''), 'hex'), Buffer.from(id)].map((x) => ({ where: id, bytes: x }));
      assert.ok(foundIn(bytes, store), `${id} is not A’s`);
    }
    for (const [text, where] of canaries.made)
      if (!/content|password/.test(where))
        assert.ok(/seal|number|secret/.test(where) || foundIn([{ where, bytes: Buffer.from(text) }], store), `${where} is nowhere`);
    assert.ok(closed().length >= 120 && canaries.made.size >= 70 && secrets.length >= 40 && visitors.length >= 13);
    t.diagnostic(`${routes.length} routes, ${closed().length} of them closed; ${wanted.size} parameters, ${secrets.length} ids of A; `
      + `${canaries.made.size} words and ${canaries.others.length} secrets of A; ${visitors.length} kinds of credential`);
  });

  /** In the files of B, of the site and of the keeper, and in the log. */
  function lookElsewhere(needles) {
    const files = filesIn(join(site.dir, 'site.db'), folder(B), join(site.dir, 'keeper'));
    assert.ok(files.length > 5);
    assert.equal(foundIn(needles, files), undefined);
    assert.equal(found(needles, 'the server’s log', Buffer.from(site.log)), undefined);
  }

  test('nothing of A’s is in B’s files, in the site’s, or in its log', () => {
    lookElsewhere([...canaries.needles(), ...secrets.flatMap((id) => [Buffer.from(id), Buffer.from(id.replaceAll('-', ''), 'hex')]
      .map((bytes) => ({ where: id, bytes })))]);
  });

  test('in A’s name: as if there were no such agency, on every route, by every credential', async (t) => {
    const before = await atRest();
    let asked = 0;
    const jobs = [];
    for (const [v, visitor] of visitors.entries())
      for (const [r, route] of closed().entries()) {
        const malformed = () => MALFORMED[(r + v) % MALFORMED.length];
        const tries = route.params.length === 1 ? [ofA(0)] : [ofA(r + v), ofA(r + v + 1), ofB(r + v), ofNothing, malformed];
        for (const ids of tries)
          jobs.push(async () => {
            const of = once(ids);
            const q = requestFor(api, route, A, of);
            const none = requestFor(api, route, NOBODY, of);
            const got = await visitor.send(q.method, q.path, q);
            const like = await visitor.send(none.method, none.path, none);
            const what = `${visitor.name}: ${q.method} ${q.path}: ${got.status} ${got.body}`;
            assert.equal(bare(got, [[A, '@']]), bare(like, [[NOBODY, '@']]), what);
            assert.ok(got.status === (/^(device|nobody)$/.test(visitor.name) ? 401 : 404) || (ids === malformed && got.status >= 400), what);
            tells(got, what);
            asked += 2;
          });
      }
    await inParallel(jobs);
    assert.deepEqual(changed(before, picture()), [], 'and A is as it was, to the byte');
    t.diagnostic(`${asked} requests`);
  });

  /** Two of the adversary's own at once, with one upload's id, wait for each other. */
  const unlocked = async (visitor, q) => {
    for (;;) {
      const got = await visitor.send(q.method, q.path, q);
      if (got.status !== 423) return got;
      await sleep(10);
    }
  };

  test('in its own name: A’s ids are ids of nothing', async (t) => {
    const before = await atRest();
    let asked = 0;
    const jobs = [];
    for (const [v, visitor] of visitors.entries())
      for (const [r, route] of closed().entries()) {
        if (OF_ONESELF.test(`${route.method} ${route.path}`)) continue;
        // What is asked of A by the house is the house's too.
        if (visitor.agency === P && /lockbox/.test(route.path)) continue;
        for (const n of route.params.length > 1 ? [r + v, r + v + 1] : [r + v])
          jobs.push(async () => {
            const [ids, none] = [once(ofA(n)), once(ofNothing)];
            const q = requestFor(api, route, visitor.agency, ids);
            const like = requestFor(api, route, visitor.agency, none);
            const got = await unlocked(visitor, q);
            const other = await unlocked(visitor, like);
            const what = `${visitor.name}: ${q.method} ${q.path}: ${got.status} ${got.body}`;
            assert.equal(got.status, other.status, what);
            if (got.status >= 400) assert.equal(shape(got, ids, visitor.agency), shape(other, none, visitor.agency), what);
            tells(got, what);
            asked += 2;
          });
      }
    await inParallel(jobs, 4);
    assert.deepEqual(changed(before, picture()), []);
    t.diagnostic(`${asked} requests`);
  });

  test('in a body, a query or a header of its own: likewise', async (t) => {
    const before = await atRest();
    const [own] = b.ids['evidence/{id}'];
    const share = (more) => ['POST', 'shares', { to: { agency: C }, evidence: [own], reason: 'x', ...more }];
    const upload = (url) => ['POST', 'uploads', undefined, { 'tus-resumable': '1.0.0', 'upload-concat': `final;${url}` }];
    const tries = {
      'evidence/{id}': [
        (id) => ['POST', 'exports', { items: [id], format: 'tar' }],
        (id) => ['POST', 'exports', { items: [own, id], format: 'zip' }],
        (id) => share({ evidence: [id] }), (id) => share({ evidence: [own, id] }),
        (id) => ['GET', `explain?person=${b.who.owner.id}&act=evidence.view&object=${id}`]],
      'shares/{id}': [(id) => share({ parent: id })],
      'groups/{id}': [(id) => share({ to: { group: id } })],
      'persons/{person}': [(id) => share({ to: { person: id } }),
        (id) => ['PUT', `groups/${b.ids['groups/{id}'][0]}/persons`, { persons: [id] }],
        (id) => ['POST', 'recovery/shares', { custodians: [b.who.owner.id, id] }],
        (id) => ['POST', 'tokens', { person: id, label: 'x', expires_in_days: 1 }],
        (id) => ['GET', `explain?person=${id}&act=evidence.view&object=${own}`], (id) => ['GET', `sessions?person=${id}`]],
      'uploads/{id}': [(id) => upload(`/v1/agencies/${A}/uploads/${id}`), (id) => upload(`/v1/agencies/${B}/uploads/${id}`),
        (id) => upload(`${site.url}/v1/agencies/${A}/uploads/${id}`)],
    };
    // Of each kind by acts that are about it, and by one about evidence; of A's people and
    // machines also whether they may.
    const acts = { 'devices/{id}': 'device.revoke', 'services/{id}': 'service.manage', 'tokens/{id}': 'token.manage',
      'groups/{id}': 'group.manage', 'shares/{id}': 'share.revoke', 'lockbox/{id}': 'lockbox.approve', 'persons/{person}': 'role.assign',
      'agreements/{id}': 'agreement.record', 'recovery/{id}': 'recovery.confirm', 'sessions/{id}': 'session.end' };
    for (const kind of Object.keys(a.ids).filter((kind) => idsIn(a.ids[kind][0]).size > 0))
      (tries[kind] ??= []).push(
        ...[acts[kind] ?? 'person.show', 'evidence.export', 'lockbox.approve', 'recovery.confirm']
          .map((act) => (id) => ['GET', `explain?person=~&act=${act}&object=${id}`]),
        (id) => ['GET', `explain?person=${b.who.owner.id}&act=${acts[kind] ?? 'log.entries'}&object=${id}`],
        (id) => ['GET', `explain?person=${id}&act=evidence.upload`]);
    let asked = 0;
    for (const by of [b.who.chief, b.who.owner, b.who.guest, { token: site.token(B) }])
      for (const [parameter, makers] of Object.entries(tries))
        for (const make of makers)
          for (const id of a.ids[parameter].slice(0, 2)) {
            const none = freshId();
            const send = async (x) => {
              const [method, path, body, headers] = make(x);
              return site.request(method, path, { agency: B, token: by.token,
                headers: { ...(body ? JSON_TYPE : {}), ...headers }, body: body && JSON.stringify(body) });
            };
            const [one, two] = [await send(id), await send(none)];
            const what = `${make(id).slice(0, 2).join(' ')}: ${one.status} ${one.body}`;
            assert.equal(bare(one, [[id, '*']]), bare(two, [[none, '*']]), what);
            tells(one, what);
            asked += 2;
          }
    assert.deepEqual(changed(before, picture()), []);
    t.diagnostic(`${asked} requests`);
  });

  test('where a page of A’s ended says nothing to B', async () => {
    for (const path of ['evidence', 'persons', 'shares', 'lockbox', 'devices']) {
      const { next } = (await ask(A, a.who.chief.token, 'GET', `${path}?limit=1`)).json();
      assert.ok(next, path);
      const got = await ask(B, b.who.chief.token, 'GET', `${path}?cursor=${encodeURIComponent(next)}`);
      tells(got, path);
      for (const id of idsIn(got.body.toString())) assert.ok(!secrets.includes(id), `${path}: ${id}`);
    }
    // Nor does the key under which A asked for something.
    const made = [];
    for (const agency of [A, B]) {
      const got = await site.request('POST', 'tokens', { agency, token: (agency === A ? a : b).who.chief.token,
        headers: { ...JSON_TYPE, 'idempotency-key': 'the-very-same' },
        body: JSON.stringify({ role: 'officer', label: 'the very same', expires_in_days: 1 }) });
      assert.equal(got.status, 201, String(got.body));
      made.push(got.json().id);
    }
    assert.notEqual(made[0], made[1]);
  });

  test('lists, searches, counts and events of B tell of B alone', async () => {
    const heard = await follow(site, { agency: B, token: b.who.owner.token });
    const object = await follow(site, { agency: B, token: b.who.owner.token, query: `?object=${a.items[0]}` });
    const category = (await ask(A, undefined, 'GET', `evidence/${a.items[0]}`)).json();
    const paths = ['evidence?limit=1000', `evidence?category=${category.category}`, `evidence?sha256=${category.sha256}`,
      'shares?received=true', 'sessions?of=all', 'log/tile/entries/000.p/1', '/healthz', '/readyz', '/v1/openapi.json',
      ...routes.filter((r) => r.method === 'GET' && r.params.length === 1 && r.closed && !/events$|explain/.test(r.path))
        .map((r) => requestFor(api, r, B, freshId).path)];
    for (const visitor of visitors)
      for (const path of paths) {
        // What A answered the house about the lockbox is the house's.
        if (visitor.agency === P && /lockbox/.test(path)) continue;
        const got = await visitor.send('GET', path.startsWith('/') ? path.replace(`/${B}/`, `/${visitor.agency}/`)
          : `/v1/agencies/${visitor.agency}/${path}`);
        const what = `${visitor.name}: ${path}`;
        tells(got, what);
        for (const id of idsIn(got.body.toString('latin1'))) assert.ok(!secrets.includes(id) && id !== agencyOfA, `${what}: ${id}`);
        if (/category=|sha256=/.test(path) && got.status === 200) assert.deepEqual(got.json(), { items: [], next: null }, what);
      }
    // As many as B has, whatever A has.
    const count = async (path) => (await ask(B, b.who.chief.token, 'GET', path)).json().items.length;
    const sealed = (await site.entries(B)).filter((e) => e.act === 'evidence.sealed');
    assert.equal(await count('evidence?limit=1000'), sealed.length);
    assert.equal(await count('lockbox'), b.ids['lockbox/{id}'].length);
    assert.equal(await count('services'), 1);
    assert.equal(await count('shares?received=true'), 1);
    // The same bytes in B are another item, and say nothing of A's.
    const { body } = await site.content(lent);
    const same = await site.put(body, { filename: 'same.txt' }, { agency: B });
    assert.deepEqual((await ask(B, undefined, 'GET', `evidence/${same}`)).json().same_content, []);
    const custody = await site.custody(same, { agency: B });
    assert.ok(custody.every((e) => e.object.id === same));
    // What happens in A is not heard in B; what happens in B is.
    await site.put(Buffer.from('unheard'), { filename: `${canaries.word('a later filename')}.txt` });
    await ask(A, a.who.officer.token, 'GET', `evidence/${a.items[0]}/content`);
    const mine = await site.put(Buffer.from('heard'), { filename: 'heard.txt' }, { agency: B });
    await heard.wait('B hears of its own', (e) => e.event === 'evidence.sealed' && JSON.stringify(e.data).includes(mine));
    for (const e of heard.events()) for (const id of idsIn(JSON.stringify(e.data))) assert.ok(!secrets.includes(id), e.event);
    assert.deepEqual(object.events(), []);
    heard.close();
    object.close();
  });

  test('what A’s people hold opens nothing elsewhere, and altered nothing anywhere', async () => {
    const all = Object.entries(a.who).filter(([, who]) => who.token !== null);
    for (const [name, { token }] of all)
      for (const agency of [B, C, P, NOBODY]) {
        const got = await ask(agency, token, 'GET', 'evidence');
        assert.equal(got.status, 404, `${name} at ${agency}: ${got.status}`);
        tells(got, name);
      }
    for (const [, one] of all)
      for (const other of [b.who.chief, b.who.own, b.who.service]) {
        const [head, , key] = one.token.match(/^(sp._.{22})(_)(.+)$/).slice(1);
        const [headB, , keyB] = other.token.match(/^(sp._.{22})(_)(.+)$/).slice(1);
        for (const token of [`${head}_${keyB}`, `${headB}_${key}`])
          for (const agency of [A, B]) {
            const got = await ask(agency, token, 'GET', 'evidence');
            assert.ok(got.status === 401 || got.status === 404, `${got.status}`);
          }
      }
  });

  test('what is counted for those who run the site names nobody, and is for the machine itself', async () => {
    const got = await site.get('/metrics', { token: '' });
    assert.equal(got.status, 200);
    tells(got, 'metrics');
    assert.equal(idsIn(got.body.toString()).size, 0);
    for (const field of ['forwarded', 'x-forwarded-for'])
      for (const { send, name } of visitors)
        assert.equal((await send('GET', '/metrics', { headers: { [field]: field === 'forwarded' ? 'for=192.0.2.7' : '192.0.2.7' } })).status, 404, name);
  });

  test('time does not tell A’s ids from ids of nothing', async (t) => {
    const { token } = b.who.chief;
    const paths = [(id) => `/v1/agencies/${A}/evidence/${id}`, (id) => `/v1/agencies/${B}/evidence/${id}`,
      (id) => `/v1/agencies/${B}/persons/${id}`, (id) => `/v1/agencies/${B}/shares/${id}`, (id) => `/v1/agencies/${B}/lockbox/${id}`,
      (id) => `/v1/agencies/${B}/devices/${id}`];
    const kinds = ['evidence/{id}', 'evidence/{id}', 'persons/{person}', 'shares/{id}', 'lockbox/{id}', 'devices/{id}'];
    const told = [];
    for (const [p, path] of paths.entries()) {
      const [there, none] = [[], []];
      const [real] = a.ids[kinds[p]];
      for (let i = 0; i < 200; i++)
        for (const [sample, id] of i % 2 ? [[there, real], [none, freshId()]] : [[none, freshId()], [there, real]]) {
          const began = process.hrtime.bigint();
          await site.get(path(id), { token });
          if (i >= 20) sample.push(Number(process.hrtime.bigint() - began));
        }
      told.push(toldApart(there, none));
    }
    t.diagnostic(`told apart in ${told.map((x) => (100 * x).toFixed(0)).join(', ')} of 100 (50: a guess)`);
    for (const [p, apart] of told.entries()) assert.ok(Math.abs(apart - 0.5) < 0.2, `${paths[p]('ID')}: ${apart}`);
  });

  /** Passkeys are for names, not for addresses. */
  const challenges = (agency) => `https://localhost:${site.port}/v1/agencies/${agency}/signin/passkey/options`;

  /** Of what B does, what anybody may do to A, and what A writes down of it. */
  const AT_A = { 'guesses at what A’s service shows, at A’s door': 'service.refused', 'challenges at A’s door': '', 'a share with A': 'share.granted' };

  /** B in a rage, from another address: everything at once, again and again. */
  function rage(atA) {
    const away = new https.Agent({ ca: site.ca, keepAlive: true, maxSockets: 80, localAddress: '127.0.0.2' });
    const chief = b.who.chief.token;
    const from = (method, path, more = {}) => site.request(method, path, { agency: B, token: chief, agent: away, ...more });
    const json = (path, body, more = {}) => from('POST', path, { ...more, headers: JSON_TYPE, body: JSON.stringify(body) });
    const guess = (login) => json('signin', { login, password: `guess ${Math.random()}` }, { token: '' });
    const token = site.token(B);
    const acts = {
      'guesses at its own': () => guess('olga.nobody'),
      'guesses at names of A’s': () => guess(a.who.officer.login),
      'guesses at what A’s service shows, at A’s door': () => from('POST', 'oauth/token', { agency: A, token: '',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: Buffer.from(`grant_type=client_credentials&client_id=${a.service.id}&client_secret=x`) }),
      challenges: () => from('POST', challenges(B), { token: '' }),
      'challenges at A’s door': () => from('POST', challenges(A), { token: '' }),
      lists: () => from('GET', 'evidence?limit=1000'),
      'A’s content': () => from('GET', `evidence/${a.items[0]}/content`, { agency: A }),
      uploads: () => site.put(Buffer.alloc(300000), { filename: 'flood' }, { agency: B, token, agent: away }),
      'uploads never ended': () => site.create(1 << 20, { filename: 'left' }, { agency: B, token, agent: away }),
      streams: () => follow(site, { agency: B, token: b.who.owner.token, localAddress: '127.0.0.2' }).then((s) => streams.push(s)),
      exports: () => json('exports', { items: b.items, format: 'zip' }),
      'a share with A': () => json('shares', { to: { agency: A }, evidence: [b.items[0]], reason: 'take it', days: 1 }),
      'the house asks B': () => site.request('POST', 'lockbox', { agency: P, token: house.operator.token, agent: away, headers: JSON_TYPE,
        body: JSON.stringify({ agency: B, evidence: [b.items[0]], ticket: 'T', why: 'again and again', minutes: 5 }) }),
      'bodies that are too big': () => from('POST', 'tokens', { headers: JSON_TYPE, body: Buffer.alloc(1 << 20, '[') }),
      'bodies that are none': () => from('POST', 'tokens', { headers: JSON_TYPE, body: '{' }),
      'nobody’s token': () => from('GET', 'evidence', { token: `spt_${'A'.repeat(22)}_${'A'.repeat(43)}` }),
    };
    const streams = [];
    const halves = Array.from({ length: 100 }, () => Raw.open(site, { localAddress: '127.0.0.2' })
      .then((raw) => raw.send(`GET /v1/agencies/${A}/evi`).then(() => raw), () => undefined));
    const told = {};
    let on = true;
    const chosen = Object.entries(acts).filter(([name]) => atA || !(name in AT_A));
    const all = chosen.map(async ([name, act]) => {
      while (on) {
        const got = await act().then((x) => x?.status ?? 'done', (e) => e.code ?? e.message.slice(0, 12));
        const tally = (told[name] ??= {});
        tally[got] = (tally[got] ?? 0) + 1;
        if (got !== 'done' && !(got < 300)) await sleep(5);
      }
    });
    const stop = async () => {
      on = false;
      await Promise.all(all);
      for (const s of streams) s.close();
      for (const raw of await Promise.all(halves)) raw?.end();
      away.destroy();
      return told;
    };
    return { stop, told, blows: () => until('the storm blows', () => chosen.every(([name]) => told[name])) };
  }

  test('B in a rage, and A is as it was, to the byte', async () => {
    const before = await atRest();
    const storm = rage(false);
    try {
      await storm.blows();
      await sleep(500);
    } finally {
      await storm.stop();
    }
    assert.deepEqual(changed(before, picture()), []);
  });

  test('none affects A: B in a rage, and A works on', async (t) => {
    await atRest();
    const before = await site.logSize(A);
    const { officer } = a.who;
    const heard = await follow(site, { agency: A, token: officer.token });
    const storm = rage(true);
    const times = [];
    const took = async (make) => {
      const began = performance.now();
      const got = await make();
      times.push(performance.now() - began);
      return got;
    };
    const mine = new Set();
    try {
      await storm.blows();
      const step = async (path, body, token = '') => {
        const got = await took(() => ask(A, token, 'POST', path, body));
        assert.equal(got.status, 200, `${path}: ${got.body}`);
        return got.json();
      };
      for (let i = 0; i < 2; i++) {
        const first = await step('signin', { login: officer.login, password: officer.password });
        const second = await step('signin/recovery', { code: officer.codes.pop() }, first.session);
        const { sha256 } = (await site.get('signin/notice', { token: null })).json();
        const { session } = await step('signin/notice', { sha256 }, second.session);
        assert.equal((await took(() => ask(A, session, 'GET', 'session'))).status, 200);
        for (let n = 0; n < 2; n++) {
          const id = await took(() => site.put(Buffer.from(`in the storm ${i} ${n}`), { filename: 'storm.txt' }, { token: session }));
          mine.add(id);
          const got = await took(() => site.content(id, { token: session }));
          assert.equal(got.body.toString(), `in the storm ${i} ${n}`);
          assert.equal((await took(() => ask(A, session, 'GET', `evidence/${id}/receipt`))).status, 200);
          await heard.wait('the officer hears of it', (e) => e.event === 'evidence.sealed' && e.data.evidence === id);
        }
        assert.equal((await accessToken(site, A, a.service)).slice(0, 4), 'spa_');
        // What is limited is A's own: streams, challenges, unfinished uploads.
        for (const f of await Promise.all([1, 2, 3].map(() => follow(site, { agency: A, token: session })))) {
          assert.equal(f.status, 200);
          f.close();
        }
        assert.equal((await ask(A, '', 'POST', challenges(A))).status, 200);
        await site.create(1000, { filename: 'still.mp4' }, { token: session });
      }
    } finally {
      await storm.stop();
      heard.close();
    }
    times.sort((x, y) => x - y);
    t.diagnostic(`A: ${times.length} requests, half within ${times[times.length >> 1].toFixed(0)} ms, the slowest ${times.at(-1).toFixed(0)} ms`);
    for (const [name, answers] of Object.entries(storm.told)) t.diagnostic(`B: ${name}: ${JSON.stringify(answers)}`);
    for (const e of heard.events()) for (const id of idsIn(JSON.stringify(e.data))) assert.ok(!b.ids['evidence/{id}'].includes(id));
    // A's log has what A did, what anybody may try at its door, and no more; and
    // of what B shares in its rage no more than the pace lets through.
    const since = (await site.entries(A)).slice(before);
    assert.ok(since.filter((e) => e.act === 'share.granted').length <= 200);
    assert.deepEqual(Object.keys(storm.told['a share with A']).filter((got) => !['201', '429'].includes(got)), []);
    for (const e of since)
      assert.ok(Object.values(AT_A).includes(e.act) || [officer.id, a.service.id].includes(e.actor.id) || mine.has(e.object.id), JSON.stringify(e));
    const doctor = await site.cli(['doctor', site.dir]);
    assert.equal(doctor.code, 0, doctor.stdout);
  });

  // Tries are A's to write down, some of them a minute later: from here on its
  // log grows by itself.

  test('a share that is over and a grant that was revoked lead to nothing, whatever is asked for', async () => {
    const guest = (path) => ask(B, b.who.guest.token, 'GET', `shares/${ended}/${path}`);
    const operator = (id, path) => ask(P, house.operator.token, 'GET', `lockbox/${id}/${path}`);
    const under = routes.filter((r) => r.method === 'GET' && /\{(share|request)\}\/evidence\/\{id\}/.test(r.path));
    assert.ok(under.length >= 12);
    for (const route of under) {
      const rest = (id) => route.path.split(/\{share\}\/|\{request\}\//)[1].replace('{id}', id);
      const over = route.path.includes('{share}') ? [guest]
        : ['Pending', 'Denied', 'Revoked'].map((state) => (path) => operator(a.requests[state], path));
      for (const [n, visit] of over.entries())
        for (const id of [lent, a.items[0], a.items[2], b.items[0]]) {
          const none = freshId();
          const [got, like] = [await visit(rest(id)), await visit(rest(none))];
          const what = `${n}: ${rest(id)}: ${got.status} ${got.body}`;
          assert.equal(got.status, 403, what);
          assert.equal(bare(got, [[id, '*']]), bare(like, [[none, '*']]), what);
        }
    }
    // Under a grant that is in force, too, what it is not for is nothing.
    const none = freshId();
    const [got, like] = [await operator(a.requests.Approved, `evidence/${a.items[2]}`), await operator(a.requests.Approved, `evidence/${none}`)];
    assert.equal(bare(got, [[a.items[2], '*']]), bare(like, [[none, '*']]));
    // And it opens nothing to B, who knows of it.
    for (const id of Object.values(a.requests))
      assert.equal((await ask(B, b.who.chief.token, 'GET', `lockbox/${id}`)).status, 404);
  });

  test('on routes that are open to all: what nobody in particular is told, and no more', async (t) => {
    const open = routes.filter((r) => !r.closed && r.params.includes('agency'));
    let asked = 0;
    for (const route of open) {
      const plain = requestFor(api, route, A, ofA(0));
      // Signing in is anybody's to try; each try is A's to write down.
      const like = await site.request(plain.method, plain.path, { ...plain, token: '' });
      for (const visitor of visitors) {
        const got = await visitor.send(plain.method, plain.path, plain);
        const what = `${visitor.name}: ${plain.method} ${plain.path}: ${got.status} ${got.body}`;
        tells(got, what);
        if (like.status < 300 && got.status < 300 && plain.method === 'GET') assert.deepEqual(got.body, like.body, what);
        else assert.ok(got.status >= 300 || /options$/.test(plain.path), what);
        asked++;
      }
    }
    t.diagnostic(`${asked} requests on ${open.length} routes`);
  });

  test('after all of it: nothing of A’s in what B has, stored or brought home', async () => {
    const needles = canaries.needles();
    // Ids the adversary itself has put into its requests.
    lookElsewhere(needles);
    const chief = b.who.chief.token;
    const [own] = b.items;
    const home = [...['tar', 'zip'].map((format) => ['POST', 'exports', { items: b.items, format }]),
      ...[`evidence/${own}/custody`, `evidence/${own}/custody.pdf`, 'roster.csv', 'roster.json', 'shares?received=true', `shares/${ended}`,
        `shares/${ended}/proof`, 'agreements', 'groups', 'lockbox'].map((path) => ['GET', path])];
    for (const [method, path, body] of home) {
      const got = await ask(B, chief, method, path, body);
      assert.equal(got.status, 200, `${path}: ${got.body}`);
      assert.equal(found(needles, path, got.body), undefined);
    }
    // Who A shares with, and the house that asked A, know what A told them.
    const told = (agency) => [...canaries.made].filter(([text]) => foundIn([{ where: '', bytes: Buffer.from(text) }], filesIn(folder(agency))))
      .map(([, where]) => where);
    assert.deepEqual([...new Set(told(C))].sort(), ['a group’s name', 'a share’s reason']);
    assert.deepEqual([...new Set(told(P))].sort(), ['a refusal’s reason', 'a revocation’s reason']);
    // What opens A is in no file in the clear, not in A's either.
    const keys = canaries.needles().filter((n) => n.where !== 'the mark');
    const sealed = [...canaries.made].filter(([, where]) => /password|content|secret|number/.test(where))
      .flatMap(([text, where]) => [text, text.toUpperCase()].map((x) => ({ where, bytes: Buffer.from(x) })));
    assert.ok(keys.length >= 80 && sealed.length >= 20);
    assert.equal(foundIn([...keys, ...sealed], filesIn(site.dir)), undefined);
  });
});

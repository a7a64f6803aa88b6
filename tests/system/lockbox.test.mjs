// The lockbox, lived through: how the provider's staff come to see an agency's
// evidence, that nothing else lets them, that the agency's ledger has all of it,
// and that each side proves the other's entries to a stranger.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { freshId, requestFor, routesOf } from './lib/adversary.mjs';
import { follow } from './lib/events.mjs';
import { People } from './lib/people.mjs';
import { program, run, until } from './lib/site.mjs';
import { siteSuite } from './lib/suite.mjs';
import { checkProof, leafHash, verifierKey } from './lib/tlog.mjs';

const A = 'harbor-pd'; // FL
const B = 'mesa-so'; // CO
const P = 'keystone';
const COMPANY = 'Keystone Hosting';
const JSON_TYPE = { 'content-type': 'application/json' };

siteSuite('lockbox', { agencies: [A, B] }, (context) => {
  let site;
  const who = {};
  const items = [];
  const texts = ['the first item', 'the second item', 'the third item'];

  const ask = (agency, by, method, path, body) => site.request(method, path, { agency,
    token: typeof by === 'string' ? by : by.token,
    headers: body === undefined ? {} : JSON_TYPE, body: body === undefined ? undefined : JSON.stringify(body) });
  const must = async (agency, by, path, body) => {
    const a = await ask(agency, by, 'POST', path, body);
    assert.ok(a.status < 300, `${path}: ${a.status} ${a.body}`);
    return a.json();
  };
  const denied = (a, code) => {
    assert.equal(a.status, 403, a.body.toString());
    assert.equal(a.json().reason, code, a.body.toString());
  };
  const wish = (more = {}) => ({ agency: A, evidence: items.slice(0, 2), ticket: 'T-77',
    why: 'the player stops at 3:10 in both', minutes: 60, ...more });
  const request = (more, by = who.op) => must(P, by, 'lockbox', wish(more));
  const granted = async (more) => {
    const { id } = await request(more);
    await must(P, who.sec, `lockbox/${id}/approve`);
    await must(A, who.cust, `lockbox/${id}/approve`);
    return id;
  };
  const visit = (id, item, rest = '', by = who.op) => ask(P, by, 'GET', `lockbox/${id}/evidence/${item}${rest}`);
  const of = async (agency, id, by) => (await ask(agency, by, 'GET', `lockbox/${id}`)).json();
  const under = async (agency, id) => (await site.entries(agency))
    .filter((e) => e.object.id === id || e.detail.via?.id === id);

  // The visit and explain say the same: null for a permit.
  async function told(id, item, code, by = who.op) {
    const real = await visit(id, item, '/content', by);
    if (code === null) assert.equal(real.status, 200, real.body.toString());
    else denied(real, code);
    const e = (await ask(P, site.token(P), 'GET', `explain?person=${by.id}&act=evidence.view&object=${item}`)).json();
    assert.equal(e.code, code, JSON.stringify(e));
    return e.path[2].via?.id;
  }

  test('people on both sides', async () => {
    site = context.site;
    const made = await run(program, ['agency', 'add', site.dir, P, '--provider', '--name', COMPANY,
      '--state', 'FL', '--geography', 'us', '--json']);
    assert.equal(made.code, 0, made.stderr);
    site.agencies[P] = JSON.parse(made.stdout);
    for (const text of texts) items.push(await site.put(Buffer.from(text), { filename: 'a.txt', category: 'theft' }));
    const [a, p] = [A, P].map((agency) => new People(site, agency));
    await a.post('signatures', { company: COMPANY, signer: 'C. Stone' });
    // At home there is no agreement to be had with a CSA, and none is asked for.
    [who.op, who.op2, who.sec, who.again, who.cust, who.laso, who.officer] = await Promise.all([
      p.add('Olga Operator', 'operator', { states: ['FL'], more: { human: 'E-1' } }),
      p.add('Otto Operator', 'operator', { more: { human: 'E-2' } }),
      p.add('Sid Security', 'provider-security', { more: { human: 'E-3' } }),
      p.add('O. Operator', 'provider-security', { more: { human: 'E-1' } }),
      a.add('Cy Custodian', 'custodian', { states: ['FL'] }),
      a.add('Lea Officer', 'laso', { states: ['FL'] }),
      a.add('Oz Officer', 'officer', { states: ['FL'] })]);
  });

  test('nothing of an agency’s is open to the provider’s house', async () => {
    for (const by of [who.op, who.sec, site.token(P)]) {
      for (const path of ['evidence', `evidence/${items[0]}`, `evidence/${items[0]}/content`, 'lockbox', 'persons'])
        assert.equal((await ask(A, by, 'GET', path)).status, 404, path);
      const own = await ask(P, by, 'GET', `evidence/${items[0]}/content`);
      assert.equal(own.status, 403, own.body.toString());
    }
    denied(await ask(P, who.op, 'GET', `evidence/${items[0]}/content`), 'lockbox');
    // Not cleared in Colorado; the other operator nowhere.
    denied(await ask(P, who.op, 'POST', 'lockbox', wish({ agency: B })), 'screening.missing');
    denied(await ask(P, who.op2, 'POST', 'lockbox', wish()), 'screening.missing');
    denied(await ask(P, who.sec, 'POST', 'lockbox', wish()), 'role');
    assert.equal((await ask(A, who.cust, 'POST', 'lockbox', wish())).status, 404);
    const long = await ask(P, who.op, 'POST', 'lockbox', wish({ minutes: 481 }));
    assert.equal(long.status, 400);
    assert.equal(long.json().reason, 'lockbox.minutes');
    denied(await ask(A, who.cust, 'POST', 'persons', { name: 'Q', role: 'custodian' }), 'role');
    const stray = await ask(A, site.token(A), 'POST', 'persons', { name: 'Q', role: 'operator' });
    assert.equal(stray.status, 400);
    assert.equal(stray.json().reason, 'person.role');
  });

  test('a request is lived through to its revocation', async () => {
    const { id, state } = await request();
    assert.equal(state, 'Initializing');
    denied(await visit(id, items[0]), 'lockbox');
    denied(await ask(P, who.again, 'POST', `lockbox/${id}/approve`), 'role'); // Olga by another account
    denied(await ask(P, who.op, 'POST', `lockbox/${id}/approve`), 'role');
    assert.equal((await ask(A, who.cust, 'GET', `lockbox/${id}`)).status, 404);
    await must(P, who.sec, `lockbox/${id}/approve`);
    const pending = await of(A, id, who.cust);
    assert.equal(pending.state, 'Pending');
    assert.equal(pending.asked.why, wish().why);
    assert.equal(pending.asked.requester.name, 'Olga Operator');
    assert.equal(pending.clearance, 'ok');
    denied(await visit(id, items[0]), 'lockbox');
    denied(await ask(A, who.officer, 'POST', `lockbox/${id}/approve`), 'role');
    denied(await ask(A, site.token(A), 'POST', `lockbox/${id}/approve`), 'role'); // a machine's token
    assert.equal((await must(A, who.laso, `lockbox/${id}/approve`)).state, 'Approved');

    assert.equal((await visit(id, items[0])).json().filename, 'a.txt');
    assert.equal((await visit(id, items[0], '/content')).body.toString(), texts[0]);
    const part = await site.get(`lockbox/${id}/evidence/${items[1]}/content`,
      { agency: P, token: who.op.token, headers: { range: 'bytes=4-9' } });
    assert.equal(part.status, 206);
    assert.equal(part.body.toString(), 'second');
    assert.equal((await visit(id, items[1], '/media')).status, 200);
    denied(await visit(id, items[2]), 'lockbox');
    denied(await visit(id, items[2], '/content'), 'lockbox');
    denied(await visit(id, freshId()), 'lockbox');
    denied(await visit(id, items[0], '', who.op2), 'lockbox');
    denied(await visit(id, items[0], '', site.token(P)), 'other-agency');
    assert.equal((await visit(freshId(), items[0])).status, 404);

    await must(A, who.cust, `lockbox/${id}/revoke`, { reason: 'enough' });
    denied(await visit(id, items[0]), 'lockbox');
    denied(await visit(id, items[0], '/content'), 'lockbox');
    for (const [agency, by] of [[A, who.cust], [P, who.sec]]) {
      const now = await of(agency, id, by);
      assert.equal(now.state, 'Revoked');
      assert.equal(now.reason, 'enough');
      assert.deepEqual(now.touched.map((t) => t.evidence).sort(), items.slice(0, 2).sort());
    }
    // Every touched object is in the agency's ledger, under the grant.
    const mine = await under(A, id);
    for (const item of items.slice(0, 2)) {
      const acts = mine.filter((e) => e.object.id === item && e.act !== 'gate.denied').map((e) => e.act);
      assert.equal(acts[0], 'lockbox.used');
      assert.ok(acts.includes('evidence.opened') && acts.includes('lockbox.touched'), acts.join());
      assert.ok((await site.custody(item)).some((e) => e.act === 'evidence.opened' && e.detail.via?.id === id));
    }
    // Tries, too; a flood of one kind is one entry a minute.
    assert.ok(mine.some((e) => e.act === 'gate.denied' && e.detail.act === 'lockbox.use' && e.detail.code === 'lockbox'));
    assert.deepEqual(mine.filter((e) => e.object.id === id && !/^(twin.joined|gate.denied)$/.test(e.act)).map((e) => e.act),
      ['lockbox.asked', 'lockbox.approved', 'lockbox.revoked']);
    const theirs = await under(P, id);
    assert.deepEqual(theirs.filter((e) => e.act === 'lockbox.used').map((e) => e.detail.evidence), items.slice(0, 2));
    // Ids only.
    assert.doesNotMatch(JSON.stringify([mine, theirs]), /Olga|player|T-77|enough/);
  });

  test('explained as the visit is answered', async () => {
    const { id } = await request();
    assert.equal(await told(id, items[0], 'lockbox'), id);
    await must(P, who.sec, `lockbox/${id}/approve`);
    assert.equal(await told(id, items[0], 'lockbox'), id);
    await must(A, who.cust, `lockbox/${id}/approve`);
    assert.equal(await told(id, items[0], null), id);
    assert.equal(await told(id, items[2], 'lockbox'), undefined);
    assert.equal(await told(id, items[0], 'lockbox', who.op2), undefined);
    await must(A, who.cust, `lockbox/${id}/revoke`, {});
    assert.equal(await told(id, items[0], 'lockbox'), id);
  });

  test('each house proves the other’s entries to a stranger', async () => {
    const id = await granted();
    for (const [agency, by, other] of [[A, who.cust, P], [P, who.sec, A]]) {
      const key = verifierKey((await site.get('log/key', { agency: other, token: '' })).body.toString().trim());
      const { twins, sha256, asked } = await of(agency, id, by);
      assert.equal(twins.length, 2);
      for (const twin of twins) {
        assert.equal(twin.state, 'whole');
        const proven = checkProof(twin.other.proof, Buffer.from(twin.other.body), key);
        assert.equal(Number(proven.index), twin.other.index);
        assert.equal(leafHash(Buffer.from(twin.other.body)).toString('hex'), twin.other.leaf);
        assert.equal(JSON.parse(twin.other.body).detail.sha256, sha256);
        assert.throws(() => checkProof(twin.other.proof, Buffer.from(`${twin.other.body} `), key));
      }
      // What was asked is in canonical form already.
      assert.equal(createHash('sha256').update(JSON.stringify(asked)).digest('hex'), sha256);
    }
    await must(P, who.op, `lockbox/${id}/complete`);
    assert.equal((await of(A, id, who.cust)).state, 'Completed');
  });

  test('revoked during a slow download: cut', async () => {
    const big = randomBytes(48 << 20);
    const item = await site.put(big, { filename: 'long.bin' });
    const id = await granted({ evidence: [item] });
    const got = await new Promise((ok, no) => {
      const req = https.request(new URL(`/v1/agencies/${P}/lockbox/${id}/evidence/${item}/content`, site.url),
        { agent: new https.Agent({ ca: site.ca }), headers: { authorization: `Bearer ${who.op.token}` } }, (res) => {
          let bytes = 0;
          res.on('data', (part) => {
            bytes += part.length;
            if (bytes === part.length) {
              res.pause();
              must(A, who.laso, `lockbox/${id}/revoke`, {}).then(() => res.resume()).catch(no);
            }
          });
          const over = () => ok({ status: res.statusCode, bytes, whole: res.complete && bytes === big.length });
          res.on('end', over);
          res.on('error', over);
        });
      req.on('error', no);
      req.end();
    });
    assert.equal(got.status, 200);
    assert.ok(!got.whole && got.bytes < big.length, `${got.bytes} of ${big.length}`);
    await until('the viewing closed as cut', async () =>
      (await site.custody(item)).some((e) => e.act === 'evidence.closed' && e.detail.cut === true));
  });

  test('glass: two people, the agency told at once, reviewed afterwards', async () => {
    const heard = await follow(site, { agency: A });
    const { id } = await request({ glass: true });
    denied(await ask(P, who.again, 'POST', `lockbox/${id}/confirm`), 'role');
    denied(await visit(id, items[0]), 'lockbox');
    await must(P, who.sec, `lockbox/${id}/confirm`);
    await heard.wait('the agency is told', (e) => e.event === 'glass.broken' && e.data.lockbox === id);
    heard.close();
    assert.equal((await visit(id, items[0], '/content')).body.toString(), texts[0]);
    const seen = await of(A, id, who.cust);
    assert.equal(seen.state, 'Approved');
    assert.ok(seen.glass);
    assert.ok(Date.parse(seen.until) - Date.parse(seen.started_at) <= 3600e3);
    const acts = (await under(A, id)).map((e) => e.act);
    assert.ok(acts.indexOf('glass.broken') < acts.indexOf('lockbox.used'), acts.join());
    await must(A, who.laso, `lockbox/${id}/review`, { finding: 'unjustified', note: 'could wait' });
    assert.equal((await of(P, id, who.sec)).review.finding, 'unjustified');
    await must(A, who.cust, `lockbox/${id}/revoke`, {});
    denied(await visit(id, items[0]), 'lockbox');
  });

  test('glass that was dropped is not broken, nor told of', async () => {
    const { id } = await request({ glass: true });
    await must(P, who.sec, `lockbox/${id}/deny`, {});
    assert.equal((await ask(P, who.sec, 'POST', `lockbox/${id}/confirm`)).status, 409);
    assert.equal((await of(P, id, who.sec)).state, 'Denied');
    assert.equal((await ask(A, who.cust, 'GET', `lockbox/${id}`)).status, 404);
    for (const agency of [A, P]) assert.ok(!(await under(agency, id)).some((e) => /glass\.(confirmed|broken)/.test(e.act)), agency);
  });

  test('one of security alone makes no two halves', async () => {
    const p = new People(site, P);
    const add = async (by, name, role, human) => {
      const { id } = await p.post('persons', { name, role, ...(human === undefined ? {} : { human }) }, by.token);
      await p.post(`persons/${id}/screenings`, { state: 'FL' }, by.token);
      for (const course of ['level4', 'pii']) await p.post(`persons/${id}/trainings`, { course }, by.token);
      const { invitation } = await p.post(`persons/${id}/invitations`, {}, by.token);
      const token = await p.accept(invitation);
      await p.post(`persons/${id}/signatures`, {}, token);
      return { id, name, token };
    };
    // Founded by the site like Sid, whom nobody of the house is behind.
    const sue = await p.add('Sue Security', 'provider-security', { more: { human: 'E-8' } });
    const fake = await add(who.sec, 'Nobody At All', 'operator', 'E-77');
    const puppet = await add(who.sec, 'Nor This One', 'provider-security', 'E-78');
    const nameless = await add(sue, 'Who Is It', 'operator');
    const refusedBy = async (by, id, glass, why) => {
      const a = await ask(P, by, 'POST', `lockbox/${id}/${glass ? 'confirm' : 'approve'}`);
      denied(a, 'role');
      assert.match(a.json().detail, why);
    };
    for (const glass of [false, true]) {
      const { id } = await request({ glass }, fake);
      await refusedBy(who.sec, id, glass, /one account made the other/);
      await refusedBy(puppet, id, glass, /made both/);
      await must(P, sue, `lockbox/${id}/${glass ? 'confirm' : 'approve'}`);
      await must(P, sue, `lockbox/${id}/${glass ? 'revoke' : 'deny'}`, {});
      const own = await request({ glass });
      await must(P, who.sec, `lockbox/${own.id}/${glass ? 'confirm' : 'approve'}`);
      await must(P, who.sec, `lockbox/${own.id}/${glass ? 'revoke' : 'deny'}`, {});
    }
    const { id } = await request({}, nameless);
    await refusedBy(who.sec, id, false, /--human/);
  });

  test('the provider’s people try every route of the agency', async () => {
    const api = (await site.get('/v1/openapi.json', { token: null })).json();
    let tried = 0;
    for (const route of routesOf(api).filter((r) => r.closed && r.params.includes('agency'))) {
      for (const by of [who.op.token, who.sec.token, site.token(P)]) {
        const { method, path, headers, body } = requestFor(api, route, A, items[0]);
        const a = await site.request(method, path, { headers, body, token: by });
        assert.ok([401, 404].includes(a.status), `${route.id}: ${a.status} ${a.body}`);
        tried++;
      }
    }
    assert.ok(tried > 100, `${tried} tries`);
  });

  test('by the command line', async () => {
    const cli = (by, args) => run(program, args, { env: { ...process.env, SALLYPORT_SITE: site.url,
      SALLYPORT_CA: site.caPath, SALLYPORT_TOKEN: by.token, SALLYPORT_AGENCY: by.agency, HOME: site.dir } });
    const op = { ...who.op, agency: P };
    const sec = { ...who.sec, agency: P };
    const cust = { ...who.cust, agency: A };
    const TIME = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d';
    const must = async (by, ...args) => {
      const got = await cli(by, ['lockbox', ...args]);
      assert.equal(got.code, 0, `${args.join(' ')}: ${got.stdout}${got.stderr}`);
      return got.stdout;
    };
    const made = JSON.parse(await must(op, 'request', A, items[0], '--reason', 'the player stops at 3:10',
      '--ticket', 'T-1', '--minutes', '30', '--json'));
    // Only the provider's house requests.
    assert.match((await cli(cust, ['lockbox', 'request', A, items[0], '--reason', 'the wrong house asks'])).stderr,
      /'harbor-pd' is not the provider's house: only that requests \(--agency/);
    const early = await cli(op, ['lockbox', 'get', made.id, items[0], '-o', join(site.dir, 'early.txt')]);
    assert.match(early.stderr, /the request is Initializing, not approved yet; .*\(lockbox\)/);
    assert.match(await must(sec, 'approve', made.id), new RegExp(`^${made.id} approved: Pending, 0 of 1 `));
    assert.match(await must(cust, 'list', '--state', 'Pending'), new RegExp(`^${made.id} +Pending +harbor-pd`, 'm'));
    assert.match(await must(cust, 'show', made.id), /^why +the player stops at 3:10$/m);
    assert.equal(await must(cust, 'approve', made.id), `${made.id} approved: Approved\n`);
    assert.match(await must(cust, 'list'), new RegExp(`^${made.id} +Approved +harbor-pd +${TIME} +${TIME} +request`, 'm'));
    const to = join(site.dir, 'got.txt');
    await must(op, 'get', made.id, items[0], '-o', to);
    assert.equal(readFileSync(to, 'utf8'), texts[0]);
    const shown = await must(cust, 'show', made.id);
    assert.match(shown, new RegExp(`^touched +${items[0]} +${TIME} to ${TIME}$`, 'm'));
    assert.match(shown, /^glass +no$/m);
    assert.match(await must(cust, 'list'), new RegExp(`^${made.id} .* request +Olga Operator`, 'm'));
    const absent = await cli(cust, ['lockbox', 'show', freshId()]);
    assert.match(absent.stderr, /'lockbox\/[0-9a-f-]{36}' is not there, or it is not for this credential/);
    assert.match((await cli(cust, ['lockbox', 'approve', 'made-up'])).stderr, /'made-up' is no id/);
    await must(cust, 'revoke', made.id, '--reason', 'done');
    const gone = await cli(op, ['lockbox', 'get', made.id, items[0], '-o', `${to}.2`]);
    assert.equal(gone.code, 3, gone.stdout + gone.stderr);
    assert.match(gone.stderr, /the request is Revoked; /);
    // No access has no end.
    assert.match(await must(cust, 'list'), new RegExp(`^${made.id} +Revoked +harbor-pd +${TIME} +- +request`, 'm'));
    const ended = await must(cust, 'show', made.id);
    assert.match(ended, /^ended by +agency harbor-pd$/m);
    assert.match(ended, /^approved by +\S+, Cy Custodian, [0-9a-f-]{36}$/m);
    assert.doesNotMatch(ended, /^until/m);
    const second = JSON.parse(await must(op, 'request', A, '--category', 'theft', '--reason',
      'all of them stop somewhere', '--json'));
    await must(sec, 'approve', second.id);
    await must(cust, 'deny', second.id, '--reason', 'too many');
    assert.equal(JSON.parse(await must(op, 'show', second.id, '--json')).state, 'Denied');
    assert.equal((await cli(op, ['lockbox', 'request', A, items[0]])).code, 2);
    // Broken glass waited for nobody; what was found of it is told whole.
    const glass = JSON.parse(await must(op, 'request', A, items[0], '--reason', 'a fire at the house', '--glass', '--json'));
    await must(sec, 'confirm', glass.id);
    const broken = await must(sec, 'show', glass.id);
    assert.match(broken, /^confirmed by +\S+, /m);
    assert.doesNotMatch(broken, /^(approved|needed)/m);
    await must(cust, 'revoke', glass.id);
    await must(cust, 'review', glass.id, '--finding', 'justified', '--note', 'there was smoke');
    assert.match(await must(cust, 'show', glass.id), /^review +justified\nreview note +there was smoke$/m);
  });

  // The examples of sallyport-lockbox(1), as they are printed there.
  test('the manual\'s examples', async () => {
    const page = readFileSync(new URL('../../packaging/man/sallyport-lockbox.1', import.meta.url), 'utf8')
      .replace(/^[^]*\.Sh EXAMPLES/, '').replaceAll('\\e\n', '');
    const blocks = [...page.matchAll(/\.Bd [^\n]*\n([^]*?)\.Ed/g)].map(([, text]) => text.trim().split('\n')
      .map((line) => [...line.replace('$ sallyport ', '').matchAll(/"([^"]*)"|(\S+)/g)].map((m) => m[1] ?? m[2])));
    const [, house, agency, ask3, look] = blocks;
    assert.deepEqual(blocks.map((b) => b.length), [1, 7, 2, 3, 3]);
    const invited = [];
    for (const args of house) {
      const { stdout } = await site.must(args, P);
      if (args[1] === 'invite') invited.push(stdout.trim());
    }
    for (const args of agency) await site.must(args, A);
    const p = new People(site, P);
    const [olga, sid] = await Promise.all(invited.map((text) => p.accept(text)));
    let id = 'ID';
    const as = async (slug, token, args) => {
      const got = await run(program, args.map((a) => ({ ID: id, ITEM: items[0], 'clip.mp4': join(site.dir, 'clip.mp4') }[a] ?? a)),
        { env: { ...site.cliEnv(slug), SALLYPORT_AGENCY: slug, SALLYPORT_TOKEN: token } });
      assert.equal(got.code, 0, `${args.join(' ')}: ${got.stdout}${got.stderr}`);
      return got.stdout;
    };
    id = (await as(P, olga, ask3[0])).split(' ')[0];
    await as(P, sid, ask3[1]);
    await as(A, who.cust.token, ask3[2]);
    await as(P, olga, look[0]);
    assert.equal(readFileSync(join(site.dir, 'clip.mp4'), 'utf8'), texts[0]);
    assert.match(await as(A, who.cust.token, look[1]), /^touched/m);
    await as(A, who.cust.token, look[2]);
    assert.equal((await of(P, id, sid)).state, 'Revoked');
  });

  test('a bag of what was touched proves itself', async () => {
    const bag = await ask(A, who.cust, 'POST', 'exports', { items: [items[0]], format: 'zip' });
    assert.equal(bag.status, 200, bag.body.toString());
    const file = join(site.dir, 'touched.zip');
    writeFileSync(file, bag.body);
    const got = await run(program, ['verify', file]);
    assert.equal(got.code, 0, got.stdout + got.stderr);
  });

  test('killed, and everything is as it was said', async () => {
    const id = await granted();
    assert.equal((await visit(id, items[0])).status, 200);
    await site.kill();
    await site.start();
    assert.equal((await of(A, id, who.cust)).state, 'Approved');
    assert.equal((await visit(id, items[0], '/content')).status, 200);
    await must(A, who.cust, `lockbox/${id}/revoke`, {});
    await site.kill();
    await site.start();
    denied(await visit(id, items[0], '/content'), 'lockbox');
    assert.equal((await of(P, id, who.sec)).state, 'Revoked');
  });
});

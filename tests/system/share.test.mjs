// Sharing between two agencies of different states, as their people live it and
// as others try it: what is seen, what is not, how it ends, and that each ledger
// proves the other's entry to a stranger.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { People } from './lib/people.mjs';
import { until } from './lib/site.mjs';
import { siteSuite } from './lib/suite.mjs';
import { checkProof, leafHash, verifierKey } from './lib/tlog.mjs';

const A = 'harbor-pd'; // FL
const B = 'mesa-so'; // CO
const C = 'ridge-pd'; // FL
const JSON_TYPE = { 'content-type': 'application/json' };

siteSuite('share', { agencies: [A, B, C] }, (context) => {
  let site;
  const items = [];
  const who = {};

  const ask = (agency, token, method, path, body) => site.request(method, path, { agency, token,
    headers: body === undefined ? {} : JSON_TYPE, body: body === undefined ? undefined : JSON.stringify(body) });
  async function share(wish, by = who.owner, agency = A) {
    const a = await ask(agency, by.token, 'POST', 'shares', { reason: 'joint case 26-118', ...wish });
    assert.equal(a.status, 201, a.body.toString());
    return a.json();
  }
  const toB = () => ({ evidence: [items[0]], to: { agency: B } });
  const seen = (id, item, rest = '', by = who.partner, agency = B) =>
    ask(agency, by.token, 'GET', `shares/${id}/evidence${item ? `/${item}` : ''}${rest}`);
  const denied = (a, code) => {
    assert.equal(a.status, 403, a.body.toString());
    assert.equal(a.json().reason, code, a.body.toString());
  };
  const about = async (agency, id, act) =>
    (await site.entries(agency)).filter((e) => e.object.id === id && e.act === act);

  // What explain says of the first item, beside what the real request says.
  async function told(id, code, by = who.partner, agency = B) {
    const real = await seen(id, items[0], '/content', by, agency);
    if (code === null) assert.equal(real.status, 200, real.body.toString());
    else denied(real, code);
    const e = (await ask(agency, site.token(agency), 'GET',
      `explain?person=${by.id}&act=evidence.view&object=${items[0]}`)).json();
    assert.equal(e.code, code, JSON.stringify(e));
    return e.path[2].via?.id;
  }

  test('people and evidence', async () => {
    site = context.site;
    for (const text of ['first', 'second'])
      items.push(await site.put(Buffer.from(`the ${text} item`), { filename: `${text}.txt`, category: 'joint' }));
    const [a, b, c] = [A, B, C].map((agency) => new People(site, agency));
    [who.owner, who.prosecutor, who.partner, who.local, who.third] = await Promise.all([
      a.add('Olive Owner', 'custodian', { states: ['FL'] }),
      a.add('Pat Attorney', 'prosecutor', { states: ['FL'], more: { kind: 'outside', employer: 'State Attorney' } }),
      b.add('Ira Partner', 'custodian', { states: ['CO', 'FL'] }),
      b.add('Lou Local', 'custodian', { states: ['CO'] }),
      c.add('Una Third', 'custodian', { states: ['FL'] })]);
  });

  test('shared to view: seen, not downloaded, and nothing beside it', async () => {
    const { id, state } = await share(toB());
    assert.equal(state, 'active');
    assert.deepEqual((await seen(id)).json().items.map((i) => i.id), [items[0]]);
    assert.equal((await seen(id, items[0])).json().filename, 'first.txt');
    const content = await seen(id, items[0], '/content');
    assert.equal(content.status, 200);
    assert.equal(content.body.toString(), 'the first item');
    for (const rest of ['/custody', '/media', '/receipt', '/receipt/entry'])
      assert.equal((await seen(id, items[0], rest)).status, 200, rest);
    denied(await ask(B, who.partner.token, 'POST', `shares/${id}/exports`, { items: [items[0]], format: 'zip' }), 'other-agency');
    // What is not shared looks like what there is not, on every path.
    const nothing = items[0].replace(/.{8}$/, '00000000');
    const bare = (r, item) => `${r.status} ${r.body.toString().replaceAll(item, '*')}`;
    for (const rest of ['', '/content', '/custody', '/media', '/receipt', '/poster.jpg']) {
      const hidden = await seen(id, items[1], rest);
      assert.equal(hidden.status, 404, rest);
      assert.equal(bare(hidden, items[1]), bare(await seen(id, nothing, rest), nothing), rest);
    }
    assert.equal((await ask(B, who.partner.token, 'GET', `evidence/${items[0]}`)).status, 404);
    // Opened: in the owner's ledger with the way in, at home as used.
    const [used] = await about(B, id, 'share.used');
    assert.deepEqual(used.detail.evidence, [items[0]]);
    assert.equal(used.actor.id, who.partner.id);
    const [opened] = (await site.custody(items[0])).filter((e) => e.act === 'evidence.opened');
    assert.equal(opened.detail.via.id, id);
    assert.equal(opened.detail.via.kind, 'share');
    assert.equal(opened.actor.id, who.partner.id);
  });

  test('who is not cleared in the owner’s state, machines, and a third agency', async () => {
    const { id } = await share(toB());
    denied(await seen(id, items[0], '/content', who.local), 'screening.missing');
    denied(await seen(id, items[0], '/content', { token: site.token(B) }), 'role');
    assert.equal((await seen(id, items[0], '/content', who.third, C)).status, 404);
    assert.equal((await ask(C, who.third.token, 'GET', `shares/${id}`)).status, 404);
    assert.equal((await ask(C, who.third.token, 'POST', `shares/${id}/revoke`)).status, 404);
    assert.deepEqual((await ask(C, who.third.token, 'GET', 'shares?received=true')).json().items, []);
    // A's address with B's credential is not there at all.
    assert.equal((await ask(A, who.partner.token, 'GET', `shares/${id}`)).status, 404);
  });

  test('each ledger proves the other’s entry to a stranger', async () => {
    const { id, terms_sha256: digest } = await share(toB());
    assert.equal((await ask(A, who.owner.token, 'POST', `shares/${id}/revoke`)).status, 200);
    const keys = {};
    for (const agency of [A, B])
      keys[agency] = verifierKey((await site.get('log/key', { agency, token: '' })).body.toString());
    const bodies = {};
    for (const [here, other, by] of [[A, B, who.owner], [B, A, who.partner]]) {
      const proof = (await ask(here, by.token, 'GET', `shares/${id}/proof`)).json();
      assert.equal(createHash('sha256').update(proof.terms).digest('hex'), digest);
      assert.equal(proof.twins.length, 2);
      bodies[here] = proof.own.map((o) => {
        assert.equal(Number(checkProof(o.proof, Buffer.from(o.body), keys[here]).index), o.index);
        return JSON.parse(o.body);
      });
      proof.twins.forEach((t, i) => {
        assert.equal(t.state, 'whole');
        assert.equal(t.other.log, keys[other].name);
        const found = checkProof(t.other.proof, Buffer.from(t.other.body), keys[other]);
        assert.equal(Number(found.index), t.other.index);
        assert.equal(leafHash(Buffer.from(t.other.body)).toString('hex'), t.other.leaf);
        const theirs = JSON.parse(t.other.body);
        assert.equal(theirs.act, bodies[here][i].act);
        assert.equal(theirs.detail.terms, digest);
        assert.equal(theirs.detail.twin.id, bodies[here][i].detail.twin.id);
        // Another house's key, or another text, proves nothing.
        assert.throws(() => checkProof(t.other.proof, Buffer.from(t.other.body), keys[here]));
        assert.throws(() => checkProof(t.other.proof, Buffer.from(`${t.other.body} `), keys[other]));
      });
    }
    assert.deepEqual(bodies[A].map((e) => e.act), ['share.granted', 'share.revoked']);
    // The second's entry names place and leaf of the first's.
    const first = (await ask(B, who.partner.token, 'GET', `shares/${id}/proof`)).json().twins[0].other;
    assert.equal(bodies[B][0].detail.twin.index, first.index);
    assert.equal(bodies[B][0].detail.twin.leaf, first.leaf);
  });

  test('time passes: refused by the clock, then ended in both ledgers', async () => {
    const end = new Date(Date.now() + 3000).toISOString();
    const { id } = await share({ ...toB(), until: end });
    assert.equal((await seen(id, items[0], '/content')).status, 200);
    await until('the share is over', async () => (await seen(id, items[0], '/content')).status === 403);
    assert.ok(Date.now() >= Date.parse(end));
    denied(await seen(id, items[0]), 'other-agency');
    await until('both were told', async () =>
      (await about(A, id, 'share.ended')).length === 1 && (await about(B, id, 'share.ended')).length === 1, 30);
  });

  test('revoked during a slow download: cut', async () => {
    const big = randomBytes(48 << 20);
    const item = await site.put(big, { filename: 'long.bin' });
    const { id } = await share({ evidence: [item], to: { agency: B } });
    const got = await new Promise((ok, no) => {
      const req = https.request(new URL(`/v1/agencies/${B}/shares/${id}/evidence/${item}/content`, site.url),
        { agent: new https.Agent({ ca: site.ca }), headers: { authorization: `Bearer ${who.partner.token}` } }, (res) => {
          let bytes = 0;
          res.on('data', (part) => {
            bytes += part.length;
            if (bytes === part.length) {
              res.pause();
              ask(A, who.owner.token, 'POST', `shares/${id}/revoke`).then((a) => {
                assert.equal(a.status, 200);
                res.resume();
              }).catch(no);
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
    denied(await seen(id, item, '/content'), 'other-agency');
    await until('the viewing closed as cut', async () =>
      (await site.custody(item)).some((e) => e.act === 'evidence.closed' && e.detail.cut === true));
  });

  test('to download: a bag from the owner’s log', async () => {
    const { id } = await share({ ...toB(), access: 'download' });
    const bag = await ask(B, who.partner.token, 'POST', `shares/${id}/exports`, { items: [items[0]], format: 'zip' });
    assert.equal(bag.status, 200);
    assert.match(bag.headers['content-disposition'], /harbor-pd-/);
    const both = await ask(B, who.partner.token, 'POST', `shares/${id}/exports`, { items, format: 'zip' });
    assert.equal(both.status, 404);
    const exported = (await site.custody(items[0])).filter((e) => e.act === 'evidence.exported');
    assert.equal(exported.at(-1).detail.via.id, id);
  });

  test('explained as the request is answered', async () => {
    const { id } = await share({ ...toB(), access: 'download' });
    assert.equal(await told(id, null), id);
    await told(id, 'screening.missing', who.local);
    const all = (await ask(B, who.partner.token, 'GET', 'shares?received=true')).json().items;
    for (const { id: each, state } of all.filter((i) => i.state === 'active'))
      assert.equal((await ask(A, who.owner.token, 'POST', `shares/${each}/revoke`)).status, 200, state);
    await told(id, 'other-agency');
    const why = async (item) => (await ask(B, site.token(B), 'GET',
      `explain?person=${who.partner.id}&act=evidence.view&object=${item}`)).body.toString().replace(item, '*');
    const unshared = await site.put(Buffer.from('nobody else’s'));
    assert.equal(await why(unshared), await why(unshared.replace(/.{8}$/, '00000000')));
  });

  test('sharing on: only where it may, and never more', async () => {
    const closed = await share(toB());
    const on = (parent, more = {}) => ask(B, who.partner.token, 'POST', 'shares',
      { reason: 'on', evidence: [items[0]], to: { agency: C }, parent, ...more });
    denied(await on(closed.id), 'share.reshare');
    const open = await share({ ...toB(), reshare: true });
    denied(await on(open.id, { access: 'download' }), 'share.download');
    denied(await on(open.id, { evidence: items }), 'share.evidence');
    const made = await on(open.id);
    assert.equal(made.status, 201, made.body.toString());
    const { id } = made.json();
    assert.equal((await seen(id, items[0], '/content', who.third, C)).status, 200);
    denied(await ask(C, who.third.token, 'POST', 'shares',
      { reason: 'on', evidence: [items[0]], to: { agency: B }, parent: id }), 'share.reshare');
    assert.equal((await ask(A, who.owner.token, 'POST', `shares/${open.id}/revoke`)).status, 200);
    denied(await seen(id, items[0], '/content', who.third, C), 'other-agency');
    await until('the third was told', async () => (await about(C, id, 'share.revoked')).length === 1);
  });

  test('declined by the one it is with', async () => {
    const { id } = await share(toB());
    assert.equal((await ask(B, who.partner.token, 'POST', `shares/${id}/decline`)).json().state, 'declined');
    denied(await seen(id, items[0]), 'other-agency');
    assert.equal((await ask(A, who.owner.token, 'GET', `shares/${id}`)).json().state, 'declined');
  });

  test('an outside person sees what is shared with them, and nothing else', async () => {
    const { id } = await share({ evidence: [items[0]], to: { person: who.prosecutor.id }, access: 'download' });
    const mine = (path) => ask(A, who.prosecutor.token, 'GET', path);
    assert.deepEqual((await mine('shares')).json().items.map((s) => s.id), [id]);
    assert.equal((await seen(id, items[0], '/content', who.prosecutor, A)).body.toString(), 'the first item');
    assert.equal((await seen(id, items[0], '/custody', who.prosecutor, A)).status, 200);
    assert.equal((await seen(id, items[1], '', who.prosecutor, A)).status, 404);
    denied(await mine('evidence'), 'other-agency');
    denied(await mine(`evidence/${items[0]}`), 'other-agency');
  });

  test('the same by the command line', async () => {
    const say = async (args, agency, token, code = 0) => {
      const got = await site.cli([...args, '--agency', agency], agency,
        { env: { ...site.cliEnv(agency), SALLYPORT_TOKEN: token } });
      assert.equal(got.code, code, `${args.join(' ')}: ${got.stdout}${got.stderr}`);
      return got.stdout.trim();
    };
    const own = async (agency, person) => (await ask(agency, person.token, 'POST', 'tokens/own',
      { label: 'cli', expires_in_days: 1 })).json().token;
    const partner = await own(B, who.partner);
    const [id] = (await say(['share', 'add', '--to', B, '--reason', 'by hand', items[0]], A, site.token(A))).split(' ');
    assert.match(await say(['share', 'list', '--received'], B, partner), /by hand/);
    // To whom, and until when; what was received is not forgotten beside what was given.
    assert.match(await say(['share', 'list'], A, site.token(A)),
      new RegExp(`^ID +STATE +TO +ACCESS +OWNER +ITEMS .*^${id} +active +${B} +view +${A} +1 `, 'ms'));
    const listed = await site.cli(['share', 'list', '--agency', B], B,
      { env: { ...site.cliEnv(B), SALLYPORT_TOKEN: partner } });
    assert.match(listed.stderr, /^\d+ active received: sallyport share list --received$/m);
    const whole = await say(['share', 'show', id], A, site.token(A));
    for (const row of [`share +${id}`, `to +${B}`, 'access +view', 'until +20\\d\\d-.*', 'reason +by hand', `item +${items[0]}`])
      assert.match(whole, new RegExp(`^${row}$`, 'm'));
    assert.match(await say(['share', 'items', id], B, partner), /first\.txt/);
    const file = join(site.dir, 'fetched.txt');
    await say(['share', 'get', id, items[0], '-o', file], B, partner);
    assert.equal(readFileSync(file, 'utf8'), 'the first item');
    await say(['share', 'get', id, items[1], '-o', `${file}2`], B, partner, 3);
    const proof = JSON.parse(await say(['share', 'show', id, '--proof'], B, partner));
    assert.equal(proof.twins[0].state, 'whole');
    assert.equal(await say(['share', 'decline', id], B, partner), `${id} declined`);
    await say(['share', 'revoke', id], A, site.token(A), 3);
    for (const bad of [['add', items[0]], ['add', '--to', B, items[0]], ['add', '--to', B, '--reason', 'r'],
      ['add', '--to', B, '--person', id, '--reason', 'r', items[0]], ['show'], ['get', id], ['list', 'x']])
      await say(['share', ...bad], A, site.token(A), 2);
    const group = JSON.parse(await say(['group', 'add', 'By hand', B, '--json'], A, site.token(A))).id;
    assert.match(await say(['group', 'list'], B, partner),
      new RegExp(`^ID +STATE +NAME +LEAD +MEMBERS\n.*^${group} +active +By hand +${A} +.*${B}`, 'ms'));
    await say(['group', 'member', group, C], A, site.token(A));
    assert.match(await say(['group', 'member', group, C, '--remove'], A, site.token(A)), /ridge-pd {2}\(out\)/);
    await say(['group', 'persons', group, who.partner.id], B, site.token(B));
    await say(['group', 'leave', group], B, site.token(B));
    assert.match(await say(['group', 'end', group], A, site.token(A)), /\(ended\)/);
    await say(['group', 'leave', group, '--remove'], B, site.token(B), 2);
  });

  test('a joint task force: in, and out at once', async () => {
    const made = await ask(A, who.owner.token, 'POST', 'groups', { name: 'Bay task force', members: [B] });
    assert.equal(made.status, 201, made.body.toString());
    const group = made.json().id;
    // Two by now: a page each.
    const page = async (more) => (await ask(A, who.owner.token, 'GET', `groups?limit=1${more}`)).json();
    const first = await page('');
    const second = await page(`&cursor=${first.next}`);
    assert.deepEqual([first.items.length, second.items[0].id, second.next], [1, group, null]);
    assert.equal((await ask(A, who.owner.token, 'GET', 'groups?limit=101')).status, 400);
    const { id } = await share({ category: 'joint', to: { group } });
    assert.equal((await seen(id, items[1], '/content')).status, 200);
    assert.equal((await seen(id, items[1], '/content', who.third, C)).status, 404);
    const taken = await ask(A, who.owner.token, 'POST', `groups/${group}/members`, { agency: C });
    assert.equal(taken.status, 200, taken.body.toString());
    await until('who joined later has it', async () => (await seen(id, items[1], '', who.third, C)).status === 200, 30);
    assert.equal((await ask(B, who.partner.token, 'POST', `groups/${group}/leave`)).status, 200);
    denied(await seen(id, items[1], '/content'), 'other-agency');
    assert.equal((await seen(id, items[1], '', who.third, C)).status, 200);
    assert.equal((await ask(A, who.owner.token, 'DELETE', `groups/${group}/members/${C}`)).status, 200);
    denied(await seen(id, items[1], '', who.third, C), 'other-agency');
    for (const agency of [A, B]) assert.equal((await about(agency, group, 'group.left')).length >= 1, true);
  });

  test('shared without end: the other is told at a pace, and of every end', async () => {
    const before = await site.logSize(C);
    const made = [];
    let paced;
    await Promise.all(Array.from({ length: 6 }, async () => {
      while (!paced && made.length < 250) {
        const a = await ask(A, who.owner.token, 'POST', 'shares', { reason: 'again', evidence: [items[0]], to: { agency: C } });
        if (a.status === 201) made.push(a.json().id);
        else paced = a;
      }
    }));
    assert.equal(paced.status, 429, paced.body.toString());
    assert.equal(paced.json().reason, 'share.pace');
    assert.match(paced.json().detail, /go on at \d{4}-\d\d-\d\dT/);
    assert.ok(made.length > 150 && made.length <= 200, `${made.length}`);
    const group = await ask(A, who.owner.token, 'POST', 'groups', { name: 'another way', members: [C] });
    assert.equal(group.status, 429, group.body.toString());
    const told = (await site.entries(C)).slice(before).filter((e) => /^(share.granted|group)/.test(e.act));
    assert.equal(told.length, made.length);
    await share(toB());
    assert.equal((await ask(A, who.owner.token, 'POST', `shares/${made[0]}/revoke`)).status, 200);
    assert.equal((await about(C, made[0], 'share.revoked')).length, 1);
  });
});

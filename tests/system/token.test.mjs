// Tokens and whose doing they are: a token that a person issued is no way round the
// rules about that person, nor does it outlive them; the site's own tokens say who
// is who only until an administrator can sign in.
import assert from 'node:assert/strict';
import test from 'node:test';

import { People } from './lib/people.mjs';
import { program, run, Site } from './lib/site.mjs';

const AGENCY = 'harbor-pd';

/** Whoever asks: {status, body, json()}. */
function asker(site) {
  return (method, path, body, token) => site.request(method, path, {
    token,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}

function refused(answer, status, code, what) {
  assert.equal(answer.status, status, `${what}: ${answer.status} ${answer.body}`);
  assert.match(answer.body.toString(), new RegExp(code), what);
}

test('a token is its issuer\'s doing, and ends with them', async (t) => {
  const site = await Site.make(t, { agencies: [AGENCY] });
  const people = new People(site, AGENCY);
  const ask = asker(site);
  const clip = await site.put(Buffer.from('a clip nobody uncleared may see'));
  const hired = await people.post('persons', { name: 'Ann Lee', role: 'officer' });
  const two = await people.hire('Kim Roe', 'administrator', { states: ['FL'] });
  const invited = await people.post(`persons/${two.id}/invitations`, {});
  assert.ok(invited.invitation);
  const eve = await people.post('persons', { name: 'Eve Poe', role: 'administrator' });
  const first = site.token(AGENCY);
  assert.equal((await ask('POST', 'tokens', { role: 'officer', label: 'before', expires_in_days: 1 }, first)).status, 201);
  const session = await people.signIn(eve);

  await t.test('the first token no longer says who is who', async () => {
    const add = await ask('POST', 'persons', { name: 'Back Door', role: 'administrator' }, first);
    refused(add, 403, 'sign in', 'a person');
    assert.match(add.body.toString(), /role/);
    for (const [method, path, body] of [
      ['POST', 'tokens', { role: 'administrator', label: 'more', expires_in_days: 1 }],
      ['POST', `persons/${hired.id}/role`, { role: 'administrator' }],
      ['POST', `persons/${hired.id}/screenings`, { state: 'FL' }],
      ['POST', `persons/${eve.id}/invitations`, {}],
      ['POST', `persons/${eve.id}/terminate`, {}],
      ['POST', 'services', { label: 'hr', scope: ['person.import'] }],
    ])
      assert.equal((await ask(method, path, body, first)).status, 403, path);
    // What a machine of the agency's does goes on.
    assert.equal((await site.get(`evidence/${clip}/content`, { token: first })).status, 200);
    assert.equal((await site.get('persons?limit=1', { token: first })).status, 200);
  });

  await t.test('an issued token has its issuer\'s clearance and duty', async () => {
    refused(await site.get(`evidence/${clip}/content`, { token: session }), 403, 'screening.missing', 'Eve');
    const made = await ask('POST', 'tokens', { role: 'administrator', label: 'cron', expires_in_days: 366 }, session);
    assert.equal(made.status, 201, made.body.toString());
    const token = made.json().token;
    refused(await site.get(`evidence/${clip}/content`, { token }), 403, 'screening.missing', 'her token');
    assert.equal((await ask('POST', `persons/${eve.id}/screenings`, { state: 'FL' }, token)).status, 403);
    assert.equal((await ask('POST', `persons/${eve.id}/role`, { role: 'custodian' }, token)).status, 403);
    const again = await ask('POST', 'tokens', { role: 'administrator', label: 'cron 2', expires_in_days: 366 }, token);
    assert.equal(again.status, 201, again.body.toString());
    const child = again.json().token;
    refused(await site.get(`evidence/${clip}/content`, { token: child }), 403, 'screening.missing', 'its token');
    const { items } = (await site.get('tokens', { token: session })).json();
    for (const label of ['cron', 'cron 2'])
      assert.equal(items.find((i) => i.label === label).issuer, eve.id);
    assert.equal(items.find((i) => i.label === 'first administrator').issuer, null);

    // Fifty of her own, and no more: a page at a time, and ended in one act.
    const own = { label: 'cli', expires_in_days: 1 };
    for (let n = 0; n < 50; n++)
      assert.equal((await ask('POST', 'tokens/own', own, session)).status, 201);
    refused(await ask('POST', 'tokens/own', own, session), 400, 'token.many', 'the 51st');
    const seen = new Set();
    for (let at = ''; at !== null;) {
      const page = (await site.get(`tokens/own?limit=20${at}`, { token: session })).json();
      assert.ok(page.items.length > 0 && page.items.length <= 20);
      page.items.forEach((i) => seen.add(i.id));
      at = page.next === null ? null : `&cursor=${page.next}`;
    }
    assert.equal(seen.size, 50);
    for (const bad of ['limit=0', 'limit=1001', 'cursor=x', 'ended=yes'])
      assert.equal((await site.get(`tokens/own?${bad}`, { token: session })).status, 400, bad);
    const [one] = seen;
    assert.equal((await ask('DELETE', `tokens/${one}`, undefined, session)).status, 204);
    assert.ok(!(await site.get('tokens/own', { token: session })).json().items.some((i) => i.id === one));
    assert.ok((await site.get('tokens/own?ended=true', { token: session })).json().items.some((i) => i.id === one && i.revoked_at));

    // Another administrator, by the invitation from before, ends Eve's account.
    const kim = await people.accept(invited.invitation);
    assert.equal((await ask('POST', `persons/${eve.id}/terminate`, {}, kim)).status, 200);
    for (const gone of [session, token, child])
      assert.equal((await site.get('persons?limit=1', { token: gone })).status, 401);
    assert.equal((await ask('POST', 'persons', { name: 'Back Door', role: 'administrator' }, token)).status, 401);
  });
});

test('making has a pace, and a stolen secret does not wait for it', async (t) => {
  const site = await Site.make(t, { agencies: [AGENCY] });
  const people = new People(site, AGENCY);
  const ask = asker(site);
  const { token: session } = await people.add('Kim Roe', 'administrator');
  people.by(session);
  const bo = await people.post('persons', { name: 'Bo Ray', role: 'officer' });
  const paced = (answer, reason) => {
    refused(answer, 429, reason, reason);
    const wait = Number(answer.headers['retry-after']);
    assert.ok(wait > 3000 && wait <= 3601, `Retry-After: ${wait}`);
  };
  const many = async (n, make) => {
    for (let i = 0; i < n; i += 20)
      for (const a of await Promise.all(Array.from({ length: Math.min(20, n - i) }, make)))
        assert.equal(a.status, 201, a.body.toString());
  };
  const invite = () => ask('POST', `persons/${bo.id}/invitations`, {}, session);
  await many(500, invite);
  paced(await invite(), 'invite.pace');
  const service = (await ask('POST', 'services', { label: 'cad', scope: ['evidence.list'] }, session)).json();
  await many(199, () => ask('POST', 'tokens', { role: 'device', label: 'cam', expires_in_days: 1 }, session));
  paced(await ask('POST', 'services', { label: 'more', scope: ['evidence.list'] }, session), 'token.pace');
  const rotate = (body) => ask('POST', `services/${service.client_id}/secrets`, body, session);
  paced(await rotate({ overlap_hours: 1 }), 'token.pace');
  for (let i = 0; i < 5; i++)
    assert.equal((await rotate({ overlap_hours: 0 })).status, 201);
  paced(await rotate({ overlap_hours: 0 }), 'token.pace');
  assert.equal((await ask('POST', 'devices', { label: 'a camera' }, session)).status, 201, 'devices have their own');
  const said = await run(program, ['token', 'add', '--role', 'device', '--label', 'x'],
    { env: { ...site.cliEnv(AGENCY), SALLYPORT_TOKEN: session } });
  assert.match(said.stderr, /go on at 2/);
});

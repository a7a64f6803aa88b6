// Tokens of persons, and recovery from the loss of the last administrator: by
// two custodians who sign in, or on the server when nobody can; and what one
// person alone can do, by whatever account: nothing.
import assert from 'node:assert/strict';
import test from 'node:test';
import { follow } from './lib/events.mjs';
import { People } from './lib/people.mjs';
import { program, run, Site } from './lib/site.mjs';
import { siteSuite } from './lib/suite.mjs';

/** A JSON request as `token`. */
const ask = (site, method, path, body, token) => site.request(method, path, { token,
  headers: body === undefined ? {} : { 'content-type': 'application/json' },
  body: body === undefined ? undefined : JSON.stringify(body) });

async function person(site, wish, by = site.token()) {
  const made = await ask(site, 'POST', 'persons', wish, by);
  assert.equal(made.status, 201, made.body.toString());
  return { id: made.json().id };
}

const session = (site, who) => new People(site, 'harbor-pd').signIn(who);

/** The command line as whoever holds this text. */
const as = (site, token, args, input) =>
  run(program, args, { env: { ...site.cliEnv(), SALLYPORT_TOKEN: token }, ...(input === undefined ? {} : { input }) });

async function custodians(site) {
  const people = [
    await person(site, { name: 'Cora Stein', role: 'custodian', human: 'h-cora' }),
    await person(site, { name: 'Lars Sund', role: 'laso', human: 'h-lars' }),
    await person(site, { name: 'Mia Poe', role: 'custodian', human: 'h-mia' }),
  ];
  // A sheet says whom it is for, and so does the list of who holds one.
  for (const args of [['prepare', people[0].id, 'lars.sund'], ['show']])
    assert.match((await site.must(['recovery', ...args])).stdout,
      new RegExp(`^custodian +cora\\.stein, Cora Stein, ${people[0].id}$`, 'm'));
  const made = await site.must(['recovery', 'prepare', people[0].id, 'lars.sund', 'mia.poe', '--json']);
  const { needed, shares } = JSON.parse(made.stdout);
  assert.equal(needed, 2);
  for (const p of people) p.share = shares.find((s) => s.custodian === p.id).share;
  return people;
}

siteSuite('tokens of persons', {}, (context) => {
  test('one\'s own token has two factors, one from somebody else has one, and neither is fresh', async () => {
    const { site } = context;
    const cora = await person(site, { name: 'Cora Stein', role: 'custodian' });
    const open = await session(site, cora);
    const own = await ask(site, 'POST', 'tokens/own', { label: 'drill', expires_in_days: 1 }, open);
    assert.equal(own.status, 201, own.body.toString());
    const given = JSON.parse((await site.must(
      ['token', 'add', '--person', cora.id, '--label', 'drill', '--json'])).stdout);
    assert.equal(given.person, cora.id);
    const whose = (await site.get('/v1/token', { token: own.json().token })).json();
    assert.equal(whose.person, cora.id);
    assert.equal(whose.role, 'custodian');
    // What asks for two factors, shown just now, is for no token, however new.
    for (const token of [own.json().token, given.token]) {
      const lent = await ask(site, 'POST', 'recovery', { share: 'x' }, token);
      assert.equal(lent.json().reason, 'factor');
    }
    // In the session, by the command line, as far as the share itself.
    const shown = await as(site, open, ['recovery', 'begin'],
      `spr_${'A'.repeat(22)}_${'A'.repeat(43)}\n`);
    assert.equal(shown.code, 3);
    assert.match(shown.stderr, /not a share that is good/);
    // Clearance is the person's: none, so no evidence, with two factors or one.
    assert.match((await site.get('evidence', { token: own.json().token })).json().reason, /^screening/);
    // A token does not make a stronger one.
    const again = await as(site, given.token, ['token', 'add', '--own', '--label', 'x']);
    assert.equal(again.code, 3);

    // Another role: both are void with the next request, and what listens ends.
    const changed = await ask(site, 'POST', `persons/${cora.id}/role`, { role: 'auditor' }, site.token());
    assert.ok(changed.status < 300, changed.body.toString());
    for (const token of [own.json().token, given.token])
      assert.equal((await site.get('/v1/token', { token })).json().reason, 'token.void');
  });
});

siteSuite('recovery by two', {}, (context) => {
  test('two custodians make an administrator, seen by all; one human never does', async () => {
    const { site } = context;
    const [cora, lars, mia] = await custodians(site);
    const twin = await person(site, { name: 'Cora Twin', role: 'laso', human: 'h-cora' });
    cora.session = await session(site, cora);
    lars.session = await session(site, lars);
    twin.session = await session(site, twin);
    const stream = await follow(site);

    // A machine's token is nobody; nor is another's envelope one's own.
    assert.equal((await ask(site, 'POST', 'recovery', { share: cora.share }, site.token())).status, 403);
    const stolen = await ask(site, 'POST', 'recovery', { share: mia.share }, cora.session);
    assert.equal(stolen.status, 403);
    assert.equal(stolen.json().reason, 'recovery.custodian');

    const begun = await as(site, cora.session, ['recovery', 'begin', '--json'], `${cora.share}\n`);
    assert.equal(begun.code, 0, begun.stderr);
    const { id } = JSON.parse(begun.stdout);
    await stream.wait('it is told', (e) => e.event === 'recovery.changed' && e.data.recovery === id);
    for (const [who, share] of [[cora, cora.share], [cora, lars.share], [twin, cora.share], [twin, lars.share]]) {
      const refused = await ask(site, 'POST', `recovery/${id}/confirm`, { share }, who.session);
      assert.equal(refused.status, 403);
      assert.equal(refused.json().reason, 'role'); // the duty is another's
    }
    const wrong = await ask(site, 'POST', `recovery/${id}/confirm`, { share: cora.share }, lars.session);
    assert.equal(wrong.json().reason, 'recovery.custodian');
    const done = await as(site, lars.session, ['recovery', 'confirm', id, '--json'], lars.share);
    assert.equal(done.code, 0, done.stderr);
    const { token } = JSON.parse(done.stdout);
    assert.equal((await site.get('/v1/token', { token })).json().role, 'administrator');
    stream.close();

    // All shares are spent.
    const late = await as(site, lars.session, ['recovery', 'begin'], lars.share);
    assert.equal(late.code, 3);
    const state = JSON.parse((await as(site, token, ['recovery', 'show', '--json'])).stdout);
    assert.deepEqual(state.custodians, []);
    for (const text of [site.log, JSON.stringify(stream.events())])
      for (const p of [cora, lars, mia]) assert.ok(!text.includes(p.share.slice(27)));
  });

  test('the last administrator cannot be taken away while there are no shares', async () => {
    const { site } = context;
    const ada = await person(site, { name: 'Ada Quill', role: 'administrator' });
    const laso = await person(site, { name: 'Lea So', role: 'laso' });
    laso.session = await session(site, laso);
    ada.session = await session(site, ada);
    // Every administrator's token of a machine is revoked.
    const { items } = (await site.get('tokens', { token: ada.session })).json();
    for (const t of items.filter((i) => i.role === 'administrator' && !i.revoked_at))
      assert.equal((await ask(site, 'DELETE', `tokens/${t.id}`, undefined, ada.session)).status, 204);
    const last = await ask(site, 'POST', `persons/${ada.id}/disable`, {}, laso.session);
    assert.equal(last.status, 409, last.body.toString());
    assert.equal(last.json().reason, 'person.last');
    assert.match(last.json().detail, /recovery prepare/);
    const made = await ask(site, 'POST', 'recovery/shares', { custodians: [laso.id,
      (await person(site, { name: 'Ben Ok', role: 'custodian' }, ada.session)).id] }, ada.session);
    assert.equal(made.status, 201, made.body.toString());
    const now = await ask(site, 'POST', `persons/${ada.id}/disable`, {}, laso.session);
    assert.ok(now.status < 300, now.body.toString());
  });
});

test('on the server itself: two envelopes, and nothing less', async (t) => {
  const site = await Site.make(t, { agencies: ['harbor-pd', 'mesa-so'] });
  const [cora, lars] = await custodians(site);
  const recover = (input, more = []) =>
    run(program, ['recover', site.dir, '--agency', 'harbor-pd', '--json', ...more], { input });
  const both = `${cora.share}\n${lars.share}\n`;

  const served = await recover(both);
  assert.notEqual(served.code, 0);
  assert.match(served.stderr, /being served/);
  await site.stop();
  for (const [input, why] of [['', /2 shares are wanted/], [`${cora.share}\n`, /2 shares are wanted/],
    [`${both}${both}`, /2 shares are wanted/], [`${cora.share}\n${cora.share}\n`, /one human being/],
    [`${cora.share}\nspr_x\n`, /not a share/],
    [`${cora.share}\nspr_${'A'.repeat(22)}_${'A'.repeat(43)}\n`, /not a share that is good/]]) {
    const no = await recover(input);
    assert.notEqual(no.code, 0);
    assert.match(no.stderr, why);
    assert.equal(no.stdout, '');
  }
  // Another agency's shares open nothing here.
  const mesa = await run(program, ['recover', site.dir, '--agency', 'mesa-so'], { input: both });
  assert.notEqual(mesa.code, 0);
  const done = await recover(both);
  assert.equal(done.code, 0, done.stderr);
  const { token } = JSON.parse(done.stdout);
  assert.notEqual((await recover(both)).code, 0); // spent
  await site.start();
  assert.equal((await site.get('/v1/token', { token })).json().role, 'administrator');
  assert.equal((await person(site, { name: 'New Chief', role: 'administrator' }, token)).id.length, 36);
});

// A day in the life of an agency, lived by its people through the API: each signs in
// with a password and a code of their app, and everything they do is theirs.
//
// At noon somebody's training lapses.  Records last to the end of a day in the
// agency's zone, so this agency's clock is set (in its rules, as a county's in
// another zone would be) so that its midnight comes when it is noon at this desk.
// The story's times are the desk's.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { follow } from './lib/events.mjs';
import { People, totp } from './lib/people.mjs';
import { patience, program, run, Site, sleep, until } from './lib/site.mjs';
import { checkpoint, inclusionRoot, leafHash, parseBundle, tileName, Tiles, verifierKey } from './lib/tlog.mjs';

const A = 'harbor-pd';
const P = 'keystone';
const COMPANY = 'Keystone Hosting';
const DAY = 86400;
const PASSWORD = 'seven wide rivers';

/** A POSIX zone that is so many seconds ahead of UTC. */
function zoneAhead(seconds) {
  const two = (n) => String(n).padStart(2, '0');
  const s = Math.abs(seconds);
  return `HERE${seconds < 0 ? '' : '-'}${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/** The agency's calendar: today, and a midnight that can be moved to. */
class Calendar {
  constructor(site) {
    this.file = join(site.dir, 'policy', 'harbor.json');
    this.site = site;
    this.today = Math.floor(Date.now() / 1000 / DAY); // UTC's, as a number
    mkdirSync(join(site.dir, 'policy'), { recursive: true });
    this.write(-Math.min(DAY, this.seconds() + 3600)); // it is late on the day before there
  }

  /** Of UTC's day. */
  seconds() {
    return Math.floor(Date.now() / 1000) % DAY;
  }

  write(ahead) {
    writeFileSync(this.file, JSON.stringify({ applies: { state: 'FL', agency: A }, policy: 'CJISSECPOL', version: '6.1',
      zone: zoneAhead(ahead), rules: { 'lockbox.quorum': { value: 2, unit: 'persons', section: 'Harbor 1.4',
        text: 'Two of us let the provider in.' } } }));
  }

  day(after) {
    return new Date((this.today + after) * DAY * 1000).toISOString().slice(0, 10);
  }

  /** Another zone from now on. */
  async move(ahead) {
    const reloads = () => this.site.log.split('rules.reloaded').length;
    const before = reloads();
    this.write(ahead);
    this.site.child.kill('SIGHUP');
    await until('the rules are read again', () => reloads() > before);
  }

  /** The day has come. */
  begin() {
    return this.move(DAY / 2 - this.seconds());
  }

  /** From now on its midnight is `seconds` away: when, in ms. */
  async midnightIn(seconds) {
    const at = Math.floor(Date.now() / 1000) + seconds;
    await this.move((this.today + 1) * DAY - at);
    return at * 1000;
  }
}

/** What happened, told when it is known when noon was. */
class Story {
  lines = [];

  say(who, what, answer = '') {
    this.lines.push({ at: Date.now(), text: `${who.padEnd(29)} ${what}${answer && ` -> ${answer}`}` });
  }

  chapter(title) {
    this.lines.push({ title });
  }

  tell(t, noon) {
    const clock = new Date(noon);
    clock.setUTCHours(12, 0, 0, 0);
    for (const { at, text, title } of this.lines)
      t.diagnostic(title ? `--- ${title} ---` : `${new Date(at - noon + clock.getTime()).toISOString().slice(11, 21)}  ${text}`);
  }
}

const story = new Story();
/** An id as people would tell it: by its end, for what is made at one time begins alike. */
const short = (id) => `…${id.slice(-6)}`;

/** One of the people, and how they ask: by bearer, or as their browser does. */
class Actor {
  constructor(site, agency, person, title) {
    Object.assign(this, { site, agency, person, title, headers: {} });
  }

  /** In with a password, the app's code and the notice of use. */
  async signIn(browser = false) {
    const own = browser ? { origin: this.site.url } : {};
    const step = async (path, body, before) => {
      const a = await this.site.request('POST', path, { agency: this.agency, token: before?.token ?? null,
        headers: { 'content-type': 'application/json', ...own, ...(before?.cookie ? { cookie: before.cookie } : {}) },
        body: JSON.stringify(body) });
      assert.equal(a.status, 200, `${path}: ${a.body}`);
      return browser ? { cookie: a.headers['set-cookie'][0].split(';')[0] } : { token: a.json().session };
    };
    const first = await step('signin', { login: this.person.login, password: PASSWORD, ...(browser ? { cookie: true } : {}) });
    // The app's code of now was used up when it was enrolled: the next one.
    const second = await step('signin/totp', { code: totp(this.person.secret, 1) }, first);
    const { sha256 } = (await this.site.get('signin/notice', { agency: this.agency, token: null })).json();
    this.proof = await step('signin/notice', { sha256 }, second);
    this.headers = browser ? { cookie: this.proof.cookie, ...own } : {};
    story.say(this.title, `signs in by ${browser ? 'browser (cookie)' : 'program (bearer)'}: password, app, notice`, '200');
    return this;
  }

  with(more = {}) {
    return { agency: this.agency, token: this.proof.token ?? null, ...more, headers: { ...this.headers, ...more.headers } };
  }

  /** One request, and the line that tells of it. */
  async ask(method, path, body, said = `${method} ${path}`, more = {}) {
    const a = await this.site.request(method, path, this.with({ ...more,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...more.headers },
      body: body === undefined ? undefined : JSON.stringify(body) }));
    story.say(this.title, said, a.status >= 400 ? `${a.status} ${a.json().reason ?? ''}` : String(a.status));
    return a;
  }

  async does(method, path, body, said) {
    const a = await this.ask(method, path, body, said);
    assert.ok(a.status < 300, `${this.title} ${path}: ${a.status} ${a.body}`);
    return a.body.length > 0 && /json/.test(a.headers['content-type']) ? a.json() : a;
  }

  async denied(code, method, path, body, said) {
    const a = await this.ask(method, path, body, said);
    assert.equal(a.status, 403, `${this.title} ${path}: ${a.body}`);
    assert.equal(a.json().reason, code, `${this.title} ${path}`);
  }
}

/** The agency's ledger as somebody reads it who trusts nothing: every entry, each
 * proven to be under the signed checkpoint. */
async function proven(actor) {
  const get = async (path) => (await actor.site.get(`log/${path}`, actor.with())).body;
  const head = checkpoint((await get('checkpoint')).toString(), verifierKey((await get('key')).toString().trim()));
  const tiles = new Tiles(head.size, get);
  assert.ok((await tiles.root()).equals(head.root), 'the tiles lead to the signed root');
  const entries = [];
  for (let n = 0n; n * 256n < head.size; n++) {
    const width = head.size - n * 256n;
    for (const bytes of parseBundle(await get(`tile/entries/${tileName(n)}${width < 256n ? `.p/${width}` : ''}`)))
      entries.push({ index: BigInt(entries.length), bytes, ...JSON.parse(bytes) });
  }
  assert.equal(BigInt(entries.length), head.size);
  const path = async (index, begin, end) => {
    if (end - begin === 1n) return [];
    let k = 1n;
    while (k * 2n < end - begin) k *= 2n;
    return index < begin + k
      ? [...await path(index, begin, begin + k), await tiles.range(begin + k, end)]
      : [...await path(index, begin + k, end), await tiles.range(begin, begin + k)];
  };
  for (const e of entries)
    e.prove = async () => assert.ok(inclusionRoot(e.index, head.size, leafHash(e.bytes), await path(e.index, 0n, head.size))
      .equals(head.root), `entry ${e.index} is under the root`);
  return entries;
}

/** A camera with a certificate of its own: an agent that shows it. */
async function camera(site, custodian) {
  const { id, code } = await custodian.does('POST', 'devices', { label: 'Camera 7' }, 'makes a one-time code for Camera 7');
  const key = join(site.dir, '..', 'camera-key.pem');
  const asked = await run('openssl', ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
    '-keyout', key, '-subj', '/CN=camera']);
  assert.equal(asked.code, 0, asked.stderr);
  const got = await site.request('POST', 'devices/enrol', { token: null, headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code, csr: asked.stdout }) });
  assert.equal(got.status, 201, String(got.body));
  story.say('Camera 7', 'enrols with the code, gets a certificate', '201');
  return { id, agent: new https.Agent({ ca: site.ca, key: readFileSync(key), cert: got.json().certificate }) };
}

/** A download that is read slowly, and what is done meanwhile. */
function slowly(actor, path, meanwhile) {
  return new Promise((ok, no) => {
    const o = actor.with();
    const req = https.request(new URL(`/v1/agencies/${actor.agency}/${path}`, actor.site.url), {
      agent: new https.Agent({ ca: actor.site.ca }),
      headers: { ...o.headers, authorization: `Bearer ${o.token}` } }, (res) => {
      let bytes = 0;
      const first = (part) => {
        bytes += part.length;
        res.pause();
        meanwhile().then(() => {
          res.on('data', (more) => { bytes += more.length; });
          res.resume();
        }).catch(no);
      };
      res.once('data', first);
      const over = () => ok({ status: res.statusCode, bytes });
      res.on('end', over);
      res.on('error', over);
    });
    req.on('error', no);
    req.end();
  });
}

test('a day in the life: at noon a training lapses', async (t) => {
  const site = await Site.make(t, { agencies: [A], start: false });
  const calendar = new Calendar(site);
  const made = await run(program, ['agency', 'add', site.dir, P, '--provider', '--name', COMPANY,
    '--state', 'FL', '--geography', 'us', '--json']);
  assert.equal(made.code, 0, made.stderr);
  site.agencies[P] = JSON.parse(made.stdout);
  await site.start();
  const ours = new People(site, A);
  const theirs = new People(site, P);
  let noon = Date.now(); // until it is known
  t.after(() => story.tell(t, noon));

  // --- the day before: the papers, and who is who ---
  story.chapter('the day before: Harbor Police Department and its provider, Keystone Hosting');
  /** Hired with all records, and their app enrolled by invitation. */
  const actor = async (people, name, role, options = {}) => {
    const login = name.toLowerCase().replace(' ', '.');
    const person = { ...await people.hire(name, role, { ...options, more: { login, human: login } }), login };
    const { invitation } = await people.post(`persons/${person.id}/invitations`, {});
    const session = await people.accept(invitation, PASSWORD, person);
    const it = new Actor(site, people.agency, person, `${name} (${role})`);
    story.say(it.title, 'is hired: screened in FL, trained, addendum signed; sets a password, enrols an app');
    it.proof = { token: session };
    return it;
  };
  const ada = await actor(ours, 'Ada Stern', 'administrator', { states: ['FL'], expires: calendar.day(30) });
  ours.by(ada.proof.token);
  await ours.post('signatures', { company: COMPANY, signer: 'C. Stone' });
  const warned = await follow(site, { agency: A, token: ada.proof.token });
  t.after(() => warned.close());
  const [ana, cy, lee, sol, olga, sid] = await Promise.all([
    // Ana's courses end with this day.
    actor(ours, 'Ana Ortiz', 'officer', { states: ['FL'], expires: calendar.day(1) }),
    actor(ours, 'Cy Young', 'custodian', { states: ['FL'], expires: calendar.day(7) }),
    actor(ours, 'Lee Park', 'laso', { states: ['FL'], expires: calendar.day(14) }),
    actor(ours, 'Sol Reyes', 'cso'),
    actor(theirs, 'Olga Stone', 'operator', { states: ['FL'] }),
    actor(theirs, 'Sid Marsh', 'provider-security'),
  ]);
  // The site's first token has done its work.
  const first = (await site.get('tokens', ada.with())).json().items
    .find((i) => i.label === 'first administrator');
  const ended = await site.request('DELETE', `tokens/${first.id}`, ada.with());
  assert.equal(ended.status, 204, ended.body.toString());
  assert.equal((await site.get('evidence')).status, 401, 'the first token is of no use any more');
  story.say(ada.title, 'revokes the token that `init` gave: from here on there are only people', '204');
  // The day comes, and everybody is warned of in good time: 30, 14, 7 and 1 days ahead.
  await calendar.begin();
  for (const [who, days] of [[ada, 30], [lee, 14], [cy, 7], [ana, 1]]) {
    const e = await warned.wait(`a warning about ${who.title}`, (m) => m.event === 'clearance.warned' && m.data.id === who.person.id && m.data.days === days);
    assert.deepEqual([e.data.until, e.data.check], [calendar.day(days), 'training.level']);
    story.say('the site', `warns of ${who.person.name}: training lapses in ${days} day${days > 1 ? 's' : ''}, on ${e.data.until}`);
  }

  // --- the morning ---
  story.chapter('the morning');
  for (const pair of [[ana, cy], [lee, sol], [olga, sid]])
    await Promise.all(pair.map((who) => who.signIn(who === ana)));
  const stop = await site.put(Buffer.from('a traffic stop, told by an officer'),
    { filename: 'stop.txt', category: 'traffic_stop' }, ana.with());
  story.say(ana.title, 'uploads stop.txt from her browser', short(stop));
  const forged = await site.request('POST', 'uploads', ana.with({ headers: { origin: 'https://evil.example', 'tus-resumable': '1.0.0',
    'upload-length': '1' } }));
  assert.equal(forged.json().reason, 'csrf');
  story.say('evil.example', 'posts with her browser’s cookie', '403 csrf');
  const cam = await camera(site, cy);
  t.after(() => cam.agent.destroy());
  const film = randomBytes(32 << 20);
  const [clip, other] = [await site.put(film, { filename: 'clip.bin', category: 'use_of_force' }, { token: null, agent: cam.agent }),
    await site.put(Buffer.from('another matter'), { filename: 'other.txt', category: 'theft' }, { token: null, agent: cam.agent })];
  story.say('Camera 7', 'brings in clip.bin (32 MiB) and other.txt by mutual TLS', `${short(clip)}, ${short(other)}`);
  assert.equal((await site.get(`evidence/${clip}/content`, { token: null, agent: cam.agent })).status, 403);

  const look = [`evidence/${stop}/content`, undefined, 'opens stop.txt'];
  assert.equal((await ana.ask('GET', ...look)).body.toString(), 'a traffic stop, told by an officer');
  await ana.denied('role', 'POST', 'exports', { items: [stop], format: 'zip' }, 'would export it');

  const forces = await cy.does('GET', 'evidence?category=use_of_force', undefined, 'reviews what came in as use of force');
  assert.deepEqual(forces.items.map((i) => i.id), [clip]);
  const custody = await cy.does('GET', `evidence/${stop}/custody`, undefined, 'reads the custody of stop.txt');
  assert.equal(custody.events.find((e) => e.entry.act === 'evidence.opened').entry.actor.id, ana.person.id);
  const bag = await cy.ask('POST', 'exports', { items: [stop, other], format: 'zip' }, 'exports stop.txt and other.txt for court');
  assert.equal(bag.status, 200);
  const file = join(site.dir, '..', 'court.zip');
  writeFileSync(file, bag.body);
  const checked = await run(program, ['verify', file]);
  assert.equal(checked.code, 0, checked.stdout + checked.stderr);
  story.say('the court', 'verifies the bag offline', 'good');

  // --- noon ---
  noon = await calendar.midnightIn(3 * patience);
  story.chapter('noon here, midnight by the agency’s clock');
  const before = await ana.ask('GET', ...look);
  assert.equal(before.status, 200);
  assert.ok(Date.now() < noon, 'it was before noon');
  await sleep(noon - Date.now() + 5);
  await ana.denied('training.expired', 'GET', ...look);
  assert.ok(Date.now() - noon < 1000 * patience, 'at noon, not later');
  await ana.denied('training.expired', 'GET', 'evidence', undefined, 'would list evidence');
  const late = await site.put(Buffer.from('brought in after noon'), { filename: 'late.txt' }, ana.with());
  story.say(ana.title, 'uploads late.txt: what lies in a camera comes in all the same', short(late));
  assert.equal((await cy.ask('GET', `evidence/${stop}/content`, undefined, 'opens stop.txt')).status, 200);
  const why = await lee.does('GET', `explain?person=${ana.person.id}&act=evidence.view&object=${stop}`, undefined, 'asks why');
  assert.deepEqual([why.decision, why.code], ['deny', 'training.expired']);
  story.say('the site', `explains: ${why.code}; ${why.changes[0].do}`);
  await warned.wait('the lapse is told', (m) => m.event === 'clearance.lapsed' && m.data.id === ana.person.id);

  story.chapter('the afternoon');
  for (const course of ['level4', 'pii'])
    await lee.does('POST', `persons/${ana.person.id}/trainings`, { course }, `records that Ana has taken ${course} again`);
  const after = await ana.ask('GET', ...look);
  assert.equal(after.status, 200, after.body.toString());

  // --- the provider's operator ---
  assert.equal((await olga.ask('GET', `/v1/agencies/${A}/evidence/${clip}/content`, undefined, 'would open clip.bin as it is')).status, 404);
  await olga.denied('lockbox', 'GET', `evidence/${clip}/content`, undefined, 'would open it in her own house');
  const wish = await olga.does('POST', 'lockbox', { agency: A, evidence: [clip, stop], ticket: 'T-77',
    why: 'the player stops in the middle of it', minutes: 60 }, 'asks through the lockbox: clip.bin, stop.txt, 60 min, T-77');
  const box = `lockbox/${wish.id}`;
  const inBox = (item, rest = '') => `${box}/evidence/${item}${rest}`;
  await sid.does('POST', `${box}/approve`, undefined, 'approves for the provider');
  assert.equal((await cy.does('POST', `${box}/approve`, undefined, 'approves for the agency (1 of 2)')).state, 'Approving');
  await olga.denied('lockbox', 'GET', inBox(clip), undefined, 'would begin');
  const again = await cy.ask('POST', `${box}/approve`, undefined, 'would approve a second time');
  assert.equal(again.json().reason, 'lockbox.approved');
  assert.equal((await lee.does('POST', `${box}/approve`, undefined, 'approves for the agency (2 of 2)')).state, 'Approved');
  assert.equal((await olga.ask('GET', inBox(stop, '/content'), undefined, 'opens stop.txt under the grant')).status, 200);
  await olga.denied('lockbox', 'GET', inBox(other, '/content'), undefined, 'would open other.txt, which it does not cover');
  const cut = await slowly(olga, inBox(clip, '/content'), async () => {
    story.say(olga.title, 'is downloading clip.bin under the grant', '200');
    await lee.does('POST', `${box}/revoke`, { reason: 'enough' }, 'revokes the grant');
  });
  assert.equal(cut.status, 200);
  assert.ok(cut.bytes < film.length, `${cut.bytes} of ${film.length}`);
  story.say(olga.title, `her download breaks off after ${(cut.bytes / (1 << 20)).toFixed(1)} of 32 MiB`);
  for (const item of [stop, clip]) await olga.denied('lockbox', 'GET', inBox(item, '/content'), undefined, 'would go on');
  await until('the viewing closed as cut', async () => (await site.custody(clip, lee.with()))
    .some((e) => e.act === 'evidence.closed' && e.detail.cut === true));

  // Everything that was touched is in the agency's ledger, under the grant, proven.
  const ledger = await proven(lee);
  const under = ledger.filter((e) => e.detail.via?.id === wish.id || e.object.id === wish.id);
  for (const e of under) await e.prove();
  const touched = new Set(under.filter((e) => e.act === 'evidence.opened').map((e) => e.object.id));
  assert.deepEqual([...touched].sort(), [clip, stop].sort());
  assert.ok(under.filter((e) => e.act === 'evidence.opened').every((e) => e.actor.id === olga.person.id));
  assert.deepEqual(under.filter((e) => /^lockbox\.(asked|approved|revoked)$/.test(e.act)).map((e) => e.act),
    ['lockbox.asked', 'lockbox.approved', 'lockbox.approved', 'lockbox.revoked']);
  const shown = await cy.does('GET', box, undefined, 'reads what became of it');
  assert.deepEqual(shown.touched.map((i) => i.evidence).sort(), [clip, stop].sort());
  story.say('the agency’s ledger', `every entry under the grant, proven to be under the signed checkpoint of ${ledger.length}:`);
  for (const e of under)
    story.say('the agency’s ledger', `${String(e.index).padStart(3)}  ${e.act} ${e.object.kind} ${short(e.object.id)}`,
      'proven');

  // --- the state's officer ---
  story.chapter('the evening: the state’s CJIS systems officer');
  const roster = await sol.does('GET', 'roster.json', undefined, 'exports the personnel file');
  assert.deepEqual(roster.persons.map((p) => p.person.name).sort(), ['Ada Stern', 'Ana Ortiz', 'Cy Young', 'Lee Park', 'Sol Reyes']);
  const prints = await sol.does('GET', `persons/${ana.person.id}/screenings`, undefined, 'reads Ana’s screening in FL');
  assert.deepEqual(prints.items.map((s) => s.state), ['FL']);
  const courses = await sol.does('GET', `persons/${ana.person.id}/trainings`, undefined, 'reads Ana’s training');
  assert.equal(courses.items.records.length, 4);
  await sol.denied('role', 'GET', `evidence/${stop}/content`, undefined, 'would open stop.txt');

  // Nothing of it is anybody's name, and the log of the day is whole.
  const words = ledger.map((e) => e.bytes.toString()).join('\n');
  assert.doesNotMatch(words, /Ortiz|Young|Stone|T-77|player/);
  const lapse = ledger.filter((e) => e.object.id === ana.person.id && /^clearance\./.test(e.act));
  assert.deepEqual(lapse.slice(-2).map((e) => [e.act, e.detail.days]), [['clearance.warned', 1], ['clearance.lapsed', undefined]]);
  const refused = ledger.filter((e) => e.act === 'gate.denied' && e.actor.id === ana.person.id);
  assert.ok(refused.some((e) => e.detail.code === 'training.expired'));
  for (const e of [...lapse, ...refused]) await e.prove();
  const doctor = await run(program, ['doctor', site.dir], { env: site.cliEnv() });
  assert.equal(doctor.code, 0, doctor.stdout);
  story.say('doctor', 'every object, both ledgers', 'sound');
});

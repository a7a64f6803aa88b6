// People from outside: accounts, their records, explain, the personnel file, and
// those who come with bad intent.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { People } from './lib/people.mjs';
import { Site, program, run, until } from './lib/site.mjs';
import { follow } from './lib/events.mjs';

const JSON_TYPE = { 'content-type': 'application/json' };
const post = (site, path, body, options = {}) => site.request('POST', path,
  { headers: JSON_TYPE, body: Buffer.from(JSON.stringify(body)), ...options });
const csv = (site, path, body, options = {}) => site.request('POST', path,
  { headers: { 'content-type': 'text/csv' }, body: Buffer.from(body), ...options });

async function json(site, ...args) {
  return JSON.parse((await site.must([...args, '--json'])).stdout);
}

/** All bytes of a site's files, one after the other. */
function allFiles(dir) {
  return Buffer.concat(readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) => readFileSync(join(e.parentPath ?? e.path, e.name))));
}

/** The newest entries of the log, as they are. */
async function entries(site) {
  const size = Number((await site.get('log/checkpoint')).body.toString().split('\n')[1]);
  const bundle = await site.get(`log/tile/entries/000.p/${size}`);
  assert.equal(bundle.status, 200);
  return bundle.body.toString();
}

/** A CLI call that must be refused with this exit code. */
async function refused(site, code, ...args) {
  const got = await site.cli(args);
  assert.equal(got.code, code, `${args.join(' ')}: ${got.stdout}${got.stderr}`);
  return got.stderr;
}

test('records are told as people say them, and listed of one or of all', async (t) => {
  const site = await Site.make(t);
  const today = new Date().toISOString().slice(0, 10);
  const one = await json(site, 'person', 'add', 'Ann Lee', '--role', 'Records Clerk');
  const two = await json(site, 'person', 'add', 'Bo Ray', '--role', 'LASO');
  assert.equal((await json(site, 'person', 'show', one.id)).role, 'records-clerk');
  assert.equal((await json(site, 'person', 'show', two.id)).role, 'laso');
  for (const args of [['screening', 'add', one.id, '--state', 'fl', '--date', today],
    ['screening', 'add', 'Bo Ray', '--state', 'FL', '--fingerprinted', today],
    ['training', 'add', one.id, '--level', '2', '--date', today],
    ['training', 'add', two.id, '--course', 'level4'],
    ['addendum', 'sign', one.id, '--date', today], ['addendum', 'sign', 'bo ray'],
    ['agreement', 'add', 'fl', '--date', today]]) await site.must(args);
  for (const what of ['screening', 'training', 'addendum']) {
    const rows = (await site.must([what, 'list', '--json'])).stdout.trim().split('\n').map((l) => JSON.parse(l));
    assert.deepEqual(rows.map((r) => r.person).sort(), [one.id, two.id].sort(), what);
    const table = (await site.must([what, 'list'])).stdout;
    assert.match(table, /^PERSON +ID /);
    for (const { login } of [one, two]) assert.match(table, new RegExp(`^${login} `, 'm'));
    const own = (await site.must([what, 'list', one.id, '--json'])).stdout.trim().split('\n');
    assert.equal(own.length, 1, what);
  }
  // Who is cleared until when, and what comes next: a line for each.
  const cleared = (await site.must(['person', 'clearance', '--json'])).stdout.trim().split('\n').map((l) => JSON.parse(l));
  assert.deepEqual(cleared.map((c) => c.login).sort(), [one.login, two.login].sort());
  for (const c of cleared) {
    const alone = await json(site, 'person', 'clearance', c.id);
    assert.deepEqual([c.code, c.until, c.change], [alone.code, alone.until, alone.change], c.login);
  }
  assert.match(cleared.find((c) => c.id === two.id).until, /^20\d\d-\d\d-\d\d$/);
  assert.match((await site.must(['person', 'clearance'])).stdout, /^LOGIN +ROLE +CLEARANCE +UNTIL +NAME +NEXT/);
  const pages = [];
  for (let at = ''; at !== null;) {
    const page = (await site.get(`clearances?limit=1${at}`)).json();
    pages.push(...page.items.map((c) => c.id));
    at = page.next === null ? null : `&cursor=${page.next}`;
  }
  assert.deepEqual(pages.sort(), [one.id, two.id].sort());
  assert.equal((await site.get('clearances', { token: null })).status, 401);
  // Who recorded a decision that nobody else is named for, and no end of what clears nobody.
  await site.must(['screening', 'add', two.id, '--decision', 'pending']);
  const [first, second] = (await site.must(['screening', 'list', two.id, '--json'])).stdout.trim().split('\n').map((l) => JSON.parse(l));
  assert.match(first.adjudicator, /^token [0-9a-f-]{36} \(recorded it\)$/);
  assert.deepEqual([second.decision, second.expires, second.adjudicator], ['pending', undefined, undefined]);
  // A prosecutor is somebody else's, also when nobody says whose yet.
  const pat = await json(site, 'person', 'add', 'Pat Vance', '--role', 'prosecutor', '--agency', 'harbor-pd');
  assert.equal(pat.kind, 'outside');
  assert.match(await refused(site, 3, 'person', 'add', 'Own', '--role', 'prosecutor', '--kind', 'agency'), /kind outside/);
  assert.match(await refused(site, 3, 'role', 'give', one.id, 'prosecutor'), /kind outside/);
  // The role they have is not given again; and what only persons do is said so.
  const size = (await site.get('log/checkpoint')).body.toString().split('\n')[1];
  assert.match(await refused(site, 3, 'role', 'give', one.id, 'Records Clerk'), /already: nothing was changed/);
  assert.equal((await site.get('log/checkpoint')).body.toString().split('\n')[1], size);
  // The file for the state has the days in force, and comes back without a change.
  const file = (await site.get('roster.csv')).body.toString();
  const [head, ...lines] = file.trim().split('\r\n').map((l) => l.slice(1, -1).split('","'));
  const cell = (login, name) => lines.find((l) => l[head.indexOf('login')] === login)[head.indexOf(name)];
  const until = (await site.must(['screening', 'list', one.id, '--json'])).stdout;
  assert.equal(cell(one.login, 'screening_expires'), JSON.parse(until).expires);
  assert.match(cell(one.login, 'training_expires'), /^20\d\d-\d\d-\d\d$/);
  const again = (await csv(site, 'roster/report', file)).json();
  assert.deepEqual([again.adds, again.changes, again.records, again.same], [0, 0, 0, 3], JSON.stringify(again));
  // A plain verb is the act it stands for.
  for (const verb of ['view', 'Download', 'evidence.view'])
    assert.equal((await json(site, 'explain', 'Ann Lee', verb, '-')).act, 'evidence.view');
  // A token is nobody: me and '~' are told so alike.
  for (const who of ['me', '~'])
    assert.match(await refused(site, 3, 'explain', who, 'view', '-'), /~ means whoever asks/);
  await refused(site, 2, 'explain', '/home/ann', 'view', '-');
  const screenings = (await site.must(['screening', 'list', '--json'])).stdout;
  assert.equal([...screenings.matchAll(/"state": ?"FL"/g)].length, 3);
  for (const args of [['screening', 'add', one.id, '--date', today, '--fingerprinted', today],
    ['training', 'add', one.id, '--level', '2', '--course', 'level3'],
    ['agreement', 'add', 'FL', '--state', 'GA']]) {
    assert.match(await refused(site, 2, ...args), /said already/);
  }
  await refused(site, 3, 'training', 'add', one.id, '--level', '5');
  // Operands the wrong way round, and nothing that was to be changed.
  assert.match(await refused(site, 3, 'role', 'give', 'officer', 'ann.lee'),
    /no such person, .*: officer \(wanted: PERSON ROLE\)/);
  assert.match(await refused(site, 2, 'person', 'change', 'ann.lee'), /an option is wanted/);
  await refused(site, 3, 'screening', 'add', one.id, '--state', 'zz');
});

test('a person is let in step by step, and out again, by what is recorded', async (t) => {
  const site = await Site.make(t, { agencies: ['harbor-pd', 'mesa-so'] });
  const clip = await site.put(Buffer.from('a clip'));
  const theirs = await site.put(Buffer.from('another'), undefined, { agency: 'mesa-so' });
  const ann = await json(site, 'person', 'add', 'Ann Lee', '--role', 'officer',
    '--agency', 'harbor-pd');
  assert.match(ann.id, /^[0-9a-f-]{36}$/);
  const told = async (who, act, object, ...more) => {
    const e = await json(site, 'explain', who, act, object, ...more);
    assert.equal(e.decision, e.code === null ? 'permit' : 'deny');
    return e.code ?? 'permit';
  };
  const steps = [
    ['screening.missing', ['screening', 'add', ann.id]],
    ['training.missing', ['training', 'add', 'ANN.LEE']],
    ['addendum.missing', ['addendum', 'sign', 'ann.lee']],
    ['agreement.missing', ['agreement', 'add']],
  ];
  for (const [code, record] of steps) {
    assert.equal(await told(ann.id, 'evidence.view', clip), code);
    await site.must(record);
  }
  assert.equal(await told('ann.lee', 'evidence.view', clip), 'permit');
  assert.equal(await told('ann.lee', 'evidence.view', '-'), 'permit');
  assert.equal(await told('ann.lee', 'evidence.view', clip, '--factor', 'single'), 'factor');
  assert.equal(await told('ann.lee', 'evidence.view', clip, '--idle'), 'session.stale');
  assert.equal(await told('ann.lee', 'evidence.view', clip, '--stale'), 'session.stale');
  assert.equal(await told('ann.lee', 'evidence.export', clip), 'role');
  assert.equal(await told('nobody', 'evidence.view', clip), 'unknown');
  // Another agency's item and none at all are told in the same words.
  const other = await json(site, 'explain', ann.id, 'evidence.view', theirs);
  const none = await json(site, 'explain', ann.id, 'evidence.view',
    '017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
  assert.equal(other.code, 'other-agency');
  assert.deepEqual({ ...other, object: '' }, { ...none, object: '' });

  // What lapses or ends takes the permit away again, each by its own code.
  await site.must(['training', 'demand', 'ann.lee', 'event', '--since', '2026-01-01']);
  assert.equal(await told('ann.lee', 'evidence.view', clip), 'training.expired');
  await site.must(['training', 'add', 'ann.lee', '--course', 'event']);
  assert.equal(await told('ann.lee', 'evidence.view', clip), 'permit');
  const [agreement] = (await site.must(['agreement', 'list', '--json'])).stdout.trim()
    .split('\n').map((line) => JSON.parse(line));
  await site.must(['agreement', 'end', agreement.id]);
  assert.equal(await told('ann.lee', 'evidence.view', clip), 'agreement.missing');
  await json(site, 'person', 'add', 'Old Hand', '--role', 'custodian', '--login', 'old');
  await site.must(['screening', 'add', 'old', '--fingerprinted', '2010-01-01']);
  assert.equal(await told('old', 'evidence.view', clip), 'screening.expired');
  await site.must(['screening', 'add', 'ann.lee', '--decision', 'denied']);
  assert.equal(await told('ann.lee', 'evidence.view', clip), 'unknown');
  assert.equal((await json(site, 'person', 'show', 'ann.lee')).reason, 'screening');

  // Who acts is called by name, beside the entry and never in it.
  const story = (await site.get(`evidence/${clip}/custody`)).json();
  const { actor } = story.events[0].entry;
  assert.deepEqual(actor, { id: actor.id, kind: 'token' });
  assert.deepEqual(story.actors[actor.id], { kind: 'token', name: 'first administrator' });
  const pdf = join(site.dir, '..', 'story.pdf');
  await site.must(['custody', clip, '--pdf', pdf]);
  const { stdout } = await run('pdftotext', ['-raw', pdf, '-']);
  assert.match(stdout.replace(/\s+/g, ' '), /Access token: first administrator/);

  // For people: lines that say the same.
  const lines = (await site.must(['explain', 'old', 'evidence.view', clip])).stdout;
  assert.match(lines, /^deny evidence\.view: screening\.expired$/m);
  assert.match(lines, /what would change it:/);
  // A paper signature says that it was one.
  const [signature] = (await site.must(['addendum', 'list', 'ann.lee', '--json'])).stdout.trim()
    .split('\n').map((line) => JSON.parse(line));
  assert.equal(signature.method, 'paper');
  const statement = await json(site, 'addendum', 'statement', signature.id);
  assert.equal(statement.method, 'paper');
});

test('who brings evidence in has its receipt, whatever has lapsed, and nothing more of it', async (t) => {
  const site = await Site.make(t, { agencies: ['harbor-pd', 'mesa-so'] });
  const people = new People(site, 'harbor-pd');
  const [ana, bo] = [await people.add('Ana Ortiz', 'officer', { states: ['FL'] }),
    await people.add('Bo Ray', 'officer')];
  await site.must(['training', 'demand', ana.id, 'event', '--since', '2026-01-01']);
  const far = await new People(site, 'mesa-so').add('Far Away', 'officer');
  const folder = join(site.dir, '..', 'card');
  mkdirSync(folder);
  const as = (who, args) => run(program, args, { env: { ...site.cliEnv(), SALLYPORT_TOKEN: who.token,
    HOME: join(site.dir, '..', who.id), XDG_STATE_HOME: join(site.dir, '..', who.id) } });
  for (const who of [ana, bo]) {
    mkdirSync(join(site.dir, '..', who.id));
    writeFileSync(join(folder, 'new.bin'), `of ${who.id}`);
    const sent = await as(who, ['put', join(folder, 'new.bin'), '--json']);
    assert.equal(sent.code, 0, sent.stdout + sent.stderr);
    who.item = JSON.parse(sent.stdout.trim().split('\n').at(-1)).id;
    assert.match(who.item, /^[0-9a-f-]{36}$/);
    // A camera is cleared, too: nothing lies in it longer than it must.
    const docked = await as(who, ['dock', folder, '--agency', 'harbor-pd', '--clear', '--once', '--settle', '0', '--json']);
    assert.equal(docked.code, 0, docked.stdout + docked.stderr);
    assert.deepEqual(readdirSync(folder), []);
  }
  const status = async (who, path, agency) => (await site.get(path, { agency, token: who.token })).status;
  for (const rest of ['/receipt', '/receipt/entry', '/receipt/item']) {
    assert.equal(await status(ana, `evidence/${ana.item}${rest}`), 200);
    const other = await site.get(`evidence/${bo.item}${rest}`, { token: ana.token });
    assert.deepEqual([other.status, other.json().reason], [403, 'training.expired']);
    const none = await site.get(`evidence/017f22e2-79b0-7cc3-98c4-dc0c0c07398f${rest}`, { token: ana.token });
    assert.equal(none.status, 403, 'nobody hears whether there is another one');
    assert.equal(await status(far, `evidence/${ana.item}${rest}`), 404);
    assert.equal(await status(far, `evidence/${ana.item}${rest}`, 'mesa-so'), 403);
  }
  for (const rest of ['', '/content', '/media', '/custody', '/custody.pdf', '/poster.jpg'])
    assert.equal(await status(ana, `evidence/${ana.item}${rest}`), 403, rest);
  assert.equal(await status(ana, 'evidence'), 403);
  const item = (await site.get(`evidence/${ana.item}/receipt/item`, { token: ana.token })).json();
  const full = (await site.get(`evidence/${ana.item}`)).json();
  assert.deepEqual(item, { entry: full.entry, id: full.id, sha256: full.sha256, size: full.size, state: 'sealed' });
  // Another credential of the same person's is theirs as well; somebody else's is not.
  const own = await post(site, 'tokens/own', { label: 'another', expires_in_days: 1 }, { token: ana.token });
  const again = own.json().token;
  assert.equal(await status({ token: again }, `evidence/${ana.item}/receipt`), 200);
  const late = await site.put(Buffer.from('by a token'), { filename: 'late.bin' }, { token: again });
  assert.equal(await status(ana, `evidence/${late}/receipt`), 200);
  assert.equal(await status(bo, `evidence/${late}/receipt`), 403);
  // Whose role is taken away brings nothing in, and hears nothing of what they did.
  await site.must(['role', 'give', ana.id, 'auditor']);
  const auditor = await people.signIn(ana);
  assert.equal(await status({ token: auditor }, `evidence/${ana.item}/receipt`), 403);
});

test('accounts: every command, its exit codes and messages', async (t) => {
  const site = await Site.make(t, { agencies: ['harbor-pd'] });
  const ann = await json(site, 'person', 'add', 'Ann', '--role', 'officer', '--human', 'E-17');
  assert.equal((await site.must(['person', 'add', 'Bo', '--role', 'laso'])).stdout.length, 37);
  assert.match((await site.must(['person', 'list'])).stdout, /ann +officer +active/);
  await site.must(['person', 'change', 'ann', '--name', 'Ann Lee', '--residence', 'GA']);
  assert.equal((await json(site, 'person', 'show', ann.id)).residence, 'GA');
  await site.must(['role', 'give', 'ann', 'supervisor']);
  await site.must(['person', 'transfer', 'ann', 'Night shift', '--role', 'investigator']);
  const moved = await json(site, 'person', 'show', 'ann');
  assert.deepEqual([moved.role, moved.unit], ['investigator', 'Night shift']);
  await site.must(['person', 'disable', 'ann', '--reason', 'risk']);
  assert.equal((await json(site, 'person', 'show', 'ann')).state, 'disabled');
  await site.must(['person', 'enable', 'ann']);
  assert.match(await refused(site, 3, 'person', 'enable', 'ann'), /409/);
  await site.must(['person', 'terminate', 'ann', '--at', '2099-01-01T00:00:00Z']);
  await site.must(['person', 'terminate', 'ann']);
  assert.match(await refused(site, 3, 'role', 'give', 'ann', 'officer'), /ended for good/);
  assert.match(await refused(site, 3, 'person', 'add', 'Ann', '--role', 'officer', '--login', 'ann'),
    /never used again/);
  await refused(site, 2, 'person', 'add', 'Cy');
  await refused(site, 2, 'person', 'add', '--role', 'officer');
  await refused(site, 2, 'person', 'show', '../../tokens');
  await refused(site, 2, 'explain', 'ann');
  for (const [who, act, object] of [['ann', 'evidence.paint', '-'], ['ann', 'evidence.view', 'it'],
    ['nobody', 'evidence.view', '-']]) {
    const e = await json(site, 'explain', who, act, object);
    assert.deepEqual([e.decision, e.code], ['deny', 'unknown'], act);
  }
  await refused(site, 3, 'person', 'show', 'nobody');
  await refused(site, 3, 'role', 'give', 'bo', 'operator');
  await refused(site, 3, 'person', 'add', 'Op', '--role', 'provider-security');
  await refused(site, 3, 'addendum', 'sign'); // a token is nobody to sign
  assert.match((await site.must(['role', 'list'])).stdout, /^cso +state/m);
  const help = (await site.must(['person', '--help'])).stdout;
  for (const word of ['add', 'import', 'export', 'seal', 'open']) assert.match(help, new RegExp(`^  ${word} `, 'm'));
  // Twice the same request with a key makes one account.
  const once = { headers: { ...JSON_TYPE, 'idempotency-key': 'k1' } };
  const first = await post(site, 'persons', { name: 'Kim', role: 'officer' }, once);
  const again = await post(site, 'persons', { name: 'Kim', role: 'officer' }, once);
  assert.equal(first.status, 201);
  assert.equal(again.json().id, first.json().id);
  const other = await post(site, 'persons', { name: 'Kim', role: 'laso' }, once);
  assert.deepEqual([other.status, other.json().reason], [409, 'once.differs']);
  // Its login is taken by itself, which is no reason against the same request.
  const own = { headers: { ...JSON_TYPE, 'idempotency-key': 'k2' } };
  const lo = await post(site, 'persons', { name: 'Lo', login: 'lo', role: 'officer' }, own);
  assert.equal(lo.status, 201);
  const like = await post(site, 'persons', { name: 'Lo', login: 'lo', role: 'officer' }, own);
  assert.deepEqual([like.status, like.json().id], [201, lo.json().id]);
});

test('the personnel file: report, exactly that applied, out, and in again', async (t) => {
  const site = await Site.make(t, { agencies: ['harbor-pd', 'mesa-so'] });
  const file = join(site.dir, '..', 'staff.csv');
  const head = 'human,login,name,role,screening_fingerprinted,screening_decision,screening_decided,ssn';
  writeFileSync(file, `${head}\r\nE1,ann,"Lee, Ann",officer,2026-01-02,cleared,2026-01-05,123-45-6789\r\n`
    + 'E2,bo,"=HYPERLINK(""http://x"")",custodian,,,,\r\n');
  const report = await json(site, 'person', 'import', file);
  assert.deepEqual([report.adds, report.errors, report.conflicts], [2, 0, 0]);
  assert.equal((await site.must(['person', 'list', '--json'])).stdout, '');
  const words = (await site.must(['person', 'import', file])).stdout;
  assert.match(words, /^2 +add .*login: ann/m);
  assert.doesNotMatch(words, /6789/);
  await refused(site, 3, 'person', 'import', file, '--apply', '0'.repeat(64));
  const done = await json(site, 'person', 'import', file, '--apply', report.hash);
  assert.deepEqual([done.adds, done.sealed, done.records], [2, 1, 1]);
  // The same report is not there a second time.
  assert.match(await refused(site, 3, 'person', 'import', file, '--apply', report.hash), /409/);
  const out = (await site.must(['person', 'export'])).stdout;
  assert.match(out, /"'=HYPERLINK/);
  assert.doesNotMatch(out, /123-?45-?6789/);
  writeFileSync(file, out);
  const back = await json(site, 'person', 'import', file);
  assert.deepEqual([back.adds, back.changes, back.report.length], [0, 0, 0]);
  // As JSON too, each with its entry, which is on the agency itself.
  assert.equal((await json(site, 'person', 'export')).persons.length, 2);
  assert.equal((await entries(site)).split('"act":"personnel.exported"').length - 1, 2);
  // What cannot be applied is no success, told either way.
  writeFileSync(file, 'human,login,name,role\r\nE9,zoe,Zoe,no such role\r\n');
  assert.match(await refused(site, 1, 'person', 'import', file), /0 conflicts and 1 errors/);
  const bad = await site.cli(['person', 'import', file, '--json']);
  assert.deepEqual([bad.code, JSON.parse(bad.stdout).errors], [1, 1]);
  // Nothing of it reaches another agency.
  assert.equal((await site.get('persons', { agency: 'mesa-so' })).json().items.length, 0);
  assert.equal((await site.get('persons', { token: site.token('mesa-so') })).status, 404);
});

test('a file does nothing that its sender may not do one at a time', async (t) => {
  const site = await Site.make(t, { agencies: ['harbor-pd'] });
  const people = new People(site, 'harbor-pd');
  const ada = await people.hire('Ada Quill', 'administrator', { more: { human: 'h-ada', login: 'ada' } });
  await people.hire('Lea So', 'laso', { more: { human: 'h-lea', login: 'lea' } });
  await people.hire('Oz Ray', 'officer', { more: { human: 'h-oz', login: 'oz' } });
  const HEAD = 'human,login,name,role,unit,screening_state,screening_fingerprinted,screening_decision,'
    + 'screening_decided,training_course,training_completed,ssn';
  const OK = 'h-new,new,New One,officer,,,,,,,,';
  const file = (...rows) => `${[HEAD, OK, ...rows].join('\r\n')}\r\n`;
  const people_now = async () => (await site.get('persons?limit=1000', { token: ada.token ?? site.token() })).json().items;
  const send = async (body, token) => {
    const report = await csv(site, 'roster/report', body, { token });
    assert.equal(report.status, 200, report.body.toString());
    assert.equal(report.json().errors + report.json().conflicts, 0, report.body.toString());
    return { report: report.json(), answer: await csv(site, `roster/apply?hash=${report.json().hash}`, body, { token }) };
  };
  const turned = async (token, row, line, act, body = file(row)) => {
    const before = JSON.stringify(await people_now());
    const { report, answer } = await send(body, token);
    assert.equal(answer.status, 403, `${row}: ${answer.body}`);
    assert.equal(answer.json().reason, 'role', row);
    assert.match(answer.json().detail, new RegExp(`row ${line}\\b.*${act.replace('.', '\\.')}`), row);
    assert.equal(JSON.stringify(await people_now()), before, row);
    return report;
  };

  // The site's own token founds administrators one by one, never by a file.
  await turned(site.token(), 'h-x,x,Ex Why,administrator,,,,,,,,', 3, 'role.assign');
  await turned(site.token(), 'h-lea,lea,,officer,,,,,,,,', 3, 'role.assign');
  ada.token = await people.signIn(ada);

  // A program with person.import, and all that may be had besides.
  const made = await post(site, 'services', { label: 'hr', scope: ['person.import', 'training.record'] }, { token: ada.token });
  assert.equal(made.status, 201, made.body.toString());
  const { client_id: id, client_secret: secret } = made.json();
  const got = await run('curl', ['-sS', '--cacert', site.caPath, '--user', `${id}:${secret}`, '-d',
    'grant_type=client_credentials', `${site.url}/v1/agencies/harbor-pd/oauth/token`]);
  const { access_token: hr } = JSON.parse(got.stdout);
  const issued = await post(site, 'tokens', { role: 'administrator', label: 'cron', expires_in_days: 1 }, { token: ada.token });
  const cron = issued.json().token;
  const only = (row) => `${HEAD}\r\n${row}\r\n`;
  for (const [row, act] of [
    ['h-x,x,Ex Why,administrator,,,,,,,,', 'person.add'], // the first that is missing
    [OK, 'person.add'],
    ['h-oz,oz,,administrator,,,,,,,,', 'role.assign'],
    ['h-oz,oz,,custodian,,,,,,,,', 'role.assign'],
    ['h-ada,ada,,officer,,,,,,,,', 'role.assign'],
    ['h-oz,oz2,,,,,,,,,,', 'person.change'],
    ['h-oz,oz,,,Traffic,,,,,,,', 'person.change'],
    ['h-oz,oz,,,,FL,2026-01-02,cleared,2026-01-05,,,', 'screening.record'],
    ['h-ada,ada,,,,FL,2026-01-02,denied,2026-01-05,,,', 'screening.record'],
    ['h-oz,oz,,,,,,,,,,219-09-9999', 'sealed.record'],
  ]) {
    const report = await turned(hr, row, 2, act, only(row));
    assert.ok(report.acts.includes(act) && report.report[0].acts.includes(act), JSON.stringify(report));
  }
  const course = await send(only('h-oz,oz,,,,,,,,event,2026-01-05,'), hr);
  assert.equal(course.answer.status, 200, course.answer.body.toString());
  assert.deepEqual(course.report.report[0].acts, ['training.record']);

  // A token that an administrator left to a machine: nobody who leads, nor its issuer.
  for (const [row, act] of [
    ['h-x,x,Ex Why,administrator,,,,,,,,', 'role.assign'],
    ['h-x,x,Ex Why,laso,,,,,,,,', 'role.assign'],
    ['h-oz,oz,,laso,,,,,,,,', 'role.assign'],
    ['h-lea,lea,,officer,,,,,,,,', 'role.assign'],
    ['h-lea,lea,Lea Sew,,,,,,,,,', 'role.assign'],
    ['h-ada,ada,,,,FL,2026-01-02,cleared,2026-01-05,,,', 'screening.record'],
  ])
    await turned(cron, row, 3, act);
  for (const [path, body] of [['persons', { name: 'Ex Why', role: 'administrator' }],
    ['persons', { name: 'Ada Two', role: 'officer', human: 'h-ada' }],
    ['persons/oz/role', { role: 'laso' }], ['persons/lea/role', { role: 'officer' }],
    ['persons/lea/transfer', { role: 'officer', unit: 'Traffic' }]]) {
    const answer = await post(site, path, body, { token: cron });
    assert.equal(answer.status, 403, `${path}: ${answer.body}`);
  }
  assert.equal((await send(file('h-oz,oz,,custodian,,,,,,,,'), cron)).answer.status, 200);

  // Signed in, it is a person's doing; but nobody's own.
  for (const [row, act] of [
    ['h-ada,ada,,officer,,,,,,,,', 'role.assign'],
    ['h-ada,ada,Ada Q,,,,,,,,,', 'person.change'],
    ['h-ada,ada,,,,FL,2026-01-02,cleared,2026-01-05,,,', 'screening.record'],
  ])
    await turned(ada.token, row, 2, act, only(row));
  assert.equal((await csv(site, 'roster/report', only('h-ada,ada2,Ada Two,custodian,,,,,,,,'), { token: ada.token }))
    .json().report[0].acts.join(), 'person.change,role.assign'); // her one account, not a second
  const whole = await send(`${HEAD}\r\nh-bea,bea,Bea Lu,administrator,,,,,,,,\r\nh-oz,oz,,officer,Traffic,FL,2026-01-02,`
    + 'cleared,2026-01-05,,,219-09-9999\r\n', ada.token);
  assert.equal(whole.answer.status, 200, whole.answer.body.toString());
  assert.deepEqual([whole.report.acts, whole.report.report[0].leads], [['person.add', 'person.change', 'role.assign',
    'screening.record', 'sealed.record'], true]);

  // The last who can sign in as administrator stays, however it is tried; Bea, who
  // never signed in, is none.
  for (const t of (await site.get('tokens', { token: ada.token })).json().items)
    if (t.role === 'administrator' && !t.revoked_at)
      await site.request('DELETE', `tokens/${t.id}`, { token: ada.token });
  const bea = (await people_now()).find((p) => p.login === 'bea');
  const other = await people.accept((await post(site, `persons/${bea.id}/invitations`, {}, { token: ada.token })).json().invitation);
  const held = async (answer, what) => {
    assert.equal(answer.status, 409, `${what}: ${answer.body}`);
    assert.equal(answer.json().reason, 'person.last', what);
  };
  // Bea can now: each may end the other, but not both.
  assert.equal((await post(site, `persons/${bea.id}/disable`, {}, { token: ada.token })).status, 200);
  assert.equal((await site.get('persons', { token: other })).status, 401);
  assert.equal((await site.request('POST', `persons/${bea.id}/enable`, { token: ada.token })).status, 200);
  const lea = { token: await people.accept((await post(site, 'persons/lea/invitations', {}, { token: ada.token })).json().invitation) };
  const again = await people.accept((await post(site, `persons/${bea.id}/invitations`, {}, { token: ada.token })).json().invitation);
  assert.equal((await post(site, 'persons/ada/disable', {}, { token: again })).status, 200);
  await held(await post(site, `persons/${bea.id}/disable`, {}, { token: lea.token }), 'disable');
  await held(await post(site, `persons/${bea.id}/screenings`, { decision: 'denied' }, { token: lea.token }), 'a check denied');
});

test('hostile input: bombs, controls, unknown members, formulas', async (t) => {
  const site = await Site.make(t, { agencies: ['harbor-pd'] });
  const bad = [
    ['login,name,role\r\n"', 400],
    ['login,name,role,shoe\r\na,b,officer,9\r\n', 400],
    ['login,name,role\r\n' + 'x,'.repeat(9), 400],
    [`login,name,role\r\na,${'n'.repeat(5000)},officer\r\n`, 400],
    ['login,name,role\r\n' + '\r\n'.repeat(10), 200],
    ['login,name,role\r\n' + 'a,b,officer\r\n'.repeat(20001), 400],
    [Buffer.from([0xef, 0xbb, 0xbf, 0x6c, 0xff]), 400],
    [Buffer.alloc((16 << 20) + 1, 0x61), 413],
    ['"'.repeat(1 << 20), 400],
    ['login,name,role\r\na\u0000b,c,officer\r\n', 400],
  ];
  for (const [body, want] of bad) {
    const answer = await csv(site, 'roster/report', body);
    assert.equal(answer.status, want, `${String(body).slice(0, 60)}: ${answer.body.slice(0, 300)}`);
  }
  // Faults of rows are told, and keep all of the file out.
  const rows = 'login,name,role\r\nok,Ok,officer\r\nx,"a\u202eb",officer\r\ny,Y,operator\r\n'
    + 'z,"bell\u0007",officer\r\n../q,Q,officer\r\n';
  const report = (await csv(site, 'roster/report', rows)).json();
  assert.equal(report.errors, 4);
  const apply = await csv(site, `roster/apply?hash=${report.hash}`, rows);
  assert.equal(apply.status, 409);
  for (const body of [{ name: 'A', role: 'officer', state: 'active' },
    { name: 'A', role: 'officer', epoch: 0 }, { name: 'A\u001b[2J', role: 'officer' },
    { name: ' A', role: 'officer' }, { name: 'n'.repeat(201), role: 'officer' },
    { name: 'A', role: 'operator' }, { name: 'A', role: 'device' }, [], 'x', null])
    assert.equal((await post(site, 'persons', body)).status, 400, JSON.stringify(body));
  assert.equal((await site.get('persons')).json().items.length, 0);
  // A path is no way to another resource.
  for (const path of ['persons/..%2Ftokens', 'persons/%2e%2e', 'persons/a%00b', 'persons/~'])
    assert.notEqual((await site.get(path)).status, 200, path);
});

test('an SSN is in no answer, log or file, and opens for few', async (t) => {
  const site = await Site.make(t, { agencies: ['harbor-pd'] });
  const secret = '219-09-9999';
  await site.must(['person', 'add', 'Ann', '--role', 'officer']);
  await site.must(['person', 'seal', 'ann', 'ssn'], 'harbor-pd', { input: `${secret}\n` });
  const wrong = await site.cli(['person', 'seal', 'ann', 'ssn'], 'harbor-pd', { input: '000-12-3456\n' });
  assert.equal(wrong.code, 3);
  assert.doesNotMatch(wrong.stderr, /3456/);
  const fields = (await site.get('persons/ann/sealed')).json();
  assert.deepEqual(fields, { dob: false, fbi: false, sid: false, ssn: true });
  // An administrator's token is not one of those few.
  assert.match(await refused(site, 3, 'person', 'open', 'ann', 'ssn'), /sealed\.open/);
  for (const path of ['persons', 'persons/ann', 'persons/ann/screenings', 'roster.csv', 'roster.json',
    'persons/ann/clearance', 'explain?person=ann&act=sealed.open'])
    assert.ok(!(await site.get(path)).body.includes(secret), path);
  const log = await entries(site);
  assert.match(log, /"act":"sealed\.kept"/);
  assert.ok(!log.includes(secret));
  const put = await site.request('PUT', 'persons/ann/sealed/ssn', { headers: JSON_TYPE,
    body: Buffer.from(JSON.stringify({ value: secret, shoe: '9' })) });
  assert.equal(put.status, 400);
  assert.ok(!put.body.includes(secret));
  await site.stop();
  const bytes = allFiles(site.dir);
  for (const text of [secret, secret.replaceAll('-', ''), Buffer.from(secret).toString('base64')])
    assert.ok(!bytes.includes(text), `${text} is in a file of the site`);
  assert.ok(!site.log.includes(secret));
});

test('rules are read again at SIGHUP; broken ones change nothing', async (t) => {
  const site = await Site.make(t, { agencies: ['harbor-pd'] });
  const lock = async () => (await site.get('rules')).json().rules
    .find((r) => r.name === 'session.lock').value;
  const overlay = (rules) => JSON.stringify({ applies: { state: 'FL' }, policy: 'CJISSECPOL',
    version: '6.1', rules });
  assert.equal(await lock(), 30);
  mkdirSync(join(site.dir, 'policy'), { recursive: true });
  writeFileSync(join(site.dir, 'policy', 'fl.json'), overlay({ 'session.lock': { value: 15,
    unit: 'minutes', section: 'FDLE 4.2', text: 'Half of it here.' } }));
  site.child.kill('SIGHUP');
  await until('the new rules', async () => await lock() === 15);
  writeFileSync(join(site.dir, 'policy', 'fl.json'), overlay({ 'session.lock': { value: 60,
    unit: 'minutes', section: 'X', text: 'Laxer than the policy.' } }));
  site.child.kill('SIGHUP');
  await until('a refusal', () => /the old rules stay in force/.test(site.log));
  assert.equal(await lock(), 15);
});

test('what happens to people is told to who may see it, and to nobody else', async (t) => {
  const site = await Site.make(t, { agencies: ['harbor-pd'] });
  const ann = await json(site, 'person', 'add', 'Ann', '--role', 'officer');
  const device = await json(site, 'token', 'add', '--role', 'officer', '--label', 'desk');
  const ours = await follow(site);
  const theirs = await follow(site, { token: device.token });
  t.after(() => { ours.close(); theirs.close(); });
  await site.must(['person', 'disable', 'ann', '--reason', 'risk']);
  const told = await ours.wait('the event', (e) => e.event === 'person.disabled');
  assert.deepEqual({ ...told.data, time: '' },
    { id: ann.id, object: 'person', reason: 'risk', time: '' });
  await site.put(Buffer.from('a clip'));
  await theirs.wait('the clip', (e) => e.event === 'evidence.sealed');
  assert.ok(!theirs.events().some((e) => e.event.startsWith('person.')));
});

test('nobody below shuts out who leads, and no token of before leads back', async (t) => {
  const site = await Site.make(t, { agencies: ['harbor-pd'] });
  const people = new People(site, 'harbor-pd');
  const hire = (name, role) => people.hire(name, role, { more: { human: `h-${name}` } });
  const ada = await hire('Ada Quill', 'administrator');
  const bea = await hire('Bea Lund', 'administrator');
  const [lea, cal, sue, oz] = [await hire('Lea So', 'laso'), await hire('Cal Ott', 'custodian'),
    await hire('Sue Vane', 'supervisor'), await hire('Oz Ray', 'officer')];
  people.by(ada.token = await people.signIn(ada));
  for (const one of [bea, lea, cal, sue]) one.token = await people.signIn(one);
  const shut = async (who, by, reason) => {
    const answer = await post(site, `persons/${who.id}/disable`, { reason }, { token: by.token });
    return answer.status < 300 ? '' : answer.json().reason;
  };
  const state = async (who) => (await site.get(`persons/${who.id}`, { token: lea.token })).json().state;
  // Who says who is who, whatever is said of them.
  for (const reason of ['risk', 'requested'])
    for (const who of [ada, bea, lea]) {
      assert.equal(await shut(who, sue, reason), 'role', `${who.name} ${reason}`);
      assert.equal(await state(who), 'active');
    }
  // Who holds a share of the way back is one of them, while they hold it.
  const prepared = await post(site, 'recovery/shares', { custodians: [lea.id, cal.id] }, { token: ada.token });
  assert.equal(prepared.status, 201, prepared.body.toString());
  const { shares } = prepared.json();
  assert.equal(await shut(cal, sue, 'risk'), 'role');
  assert.equal(await shut(oz, sue, 'risk'), '');
  // A LASO may, even the last of them: there are shares.
  assert.equal(await shut(bea, lea, 'risk'), '');
  assert.equal(await shut(ada, lea, 'risk'), '');
  // The token that made the first administrator makes no other, nor anything that could.
  for (const [path, body] of [['persons', { name: 'Mal', role: 'administrator' }], ['persons', { name: 'Mal', role: 'officer' }],
    ['tokens', { role: 'administrator', label: 'mal' }], [`persons/${ada.id}/enable`], [`persons/${sue.id}/role`, { role: 'administrator' }],
    [`persons/${sue.id}/invitations`, {}], ['recovery/shares', { custodians: [lea.id, cal.id] }]]) {
    const answer = body === undefined ? await site.request('POST', path) : await post(site, path, body);
    assert.equal(answer.status, 403, `${path}: ${answer.body}`);
    assert.equal(answer.json().reason, 'role', path);
  }
  // Nor after a restart.
  await site.stop();
  await site.start();
  assert.equal((await post(site, 'persons', { name: 'Mal', role: 'administrator' }, { token: site.token() })).status, 403);
  // Two shares do lead back.
  const share = (who) => shares.find((s) => s.custodian === who.id).share;
  const begun = await post(site, 'recovery', { share: share(lea) }, { token: lea.token });
  assert.equal(begun.status, 201, begun.body.toString());
  const done = await post(site, `recovery/${begun.json().id}/confirm`, { share: share(cal) }, { token: cal.token });
  assert.ok(done.status < 300, done.body.toString());
  const back = await site.request('POST', `persons/${bea.id}/enable`, { token: done.json().token });
  assert.ok(back.status < 300, back.body.toString());
  assert.equal(await state(bea), 'active');
  // The shares are spent, and with them the way back: the last one stays, and a custodian is like any other.
  people.by(done.json().token);
  bea.token = await people.signIn(bea);
  assert.equal(await shut(bea, lea, 'risk'), 'person.last');
  assert.equal(await state(bea), 'active');
  assert.equal(await shut(cal, sue, 'risk'), '');
});

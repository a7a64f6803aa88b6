// Making a site and starting it: init, agency, unlock secrets, what is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync,
  writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Site, freePort, patience, program, run } from './lib/site.mjs';

const FACTS = ['--name', 'Harbor Police Department', '--state', 'FL', '--ori', 'FL0130000',
  '--geography', 'us'];

/** A folder of the test's own, removed after it. */
function folder(t) {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-site-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const init = (dir, more = [], facts = FACTS) =>
  run(program, ['init', dir, '--agency', 'harbor-pd', ...facts, ...more]);
const mode = (path) => (statSync(path).mode & 0o777).toString(8);

/** Serve until ready or over: {code, log}; code undefined when it got ready. */
async function serve(dir, args = [], stdio = []) {
  const child = spawn(program, ['serve', dir, ...args], { stdio: ['ignore', 'ignore', 'pipe', ...stdio] });
  let log = '';
  child.stderr.setEncoding('utf8');
  const over = new Promise((ok) => child.on('exit', (code) => ok(code)));
  const ready = new Promise((ok) => child.stderr.on('data', (text) => {
    log += text;
    if (/^ready$/m.test(log)) ok();
  }));
  const late = setTimeout(() => child.kill('SIGKILL'), 60000 * patience);
  const code = await Promise.race([over, ready.then(() => undefined)]);
  clearTimeout(late);
  if (code === undefined) {
    child.kill('SIGTERM');
    assert.equal(await over, 0);
  }
  return { code, log };
}

test('init: one JSON object, files that are their owner\'s, a site that serves', async (t) => {
  const dir = join(folder(t), 'site');
  const listen = `127.0.0.1:${await freePort()}`;
  const made = await init(dir, ['--listen', listen, '--json']);
  assert.equal(made.code, 0, made.stderr);
  const told = JSON.parse(made.stdout);
  assert.deepEqual(Object.keys(told).sort(), ['agency', 'ca', 'site', 'token']);
  assert.equal(told.agency, 'harbor-pd');
  assert.equal(told.ca, join(dir, 'ca.pem'));
  assert.equal(told.site, `https://${listen}`);
  assert.match(told.token, /^spt_[\w-]{22}_[\w-]{43}$/);
  for (const [name, want] of Object.entries({ '.': '700', keeper: '700', 'keeper/unlock.key': '600',
    'keeper/root': '600', tls: '700', 'tls/ca.key': '600', 'tls/server.key': '600', 'ca.pem': '644' }))
    assert.equal(mode(join(dir, name)), want, name);
  assert.ok(!readdirSync(dir).some((f) => f.startsWith('.')));
  const { log, code } = await serve(dir);
  assert.equal(code, undefined, log);
  assert.ok(log.includes(`https://${listen}`));
  // Neither the token nor the unlock secret is anywhere in the log.
  assert.ok(!log.includes(told.token));
  assert.ok(!log.includes(readFileSync(join(dir, 'keeper/unlock.key'), 'utf8').trim()));
});

test('the certificate holds for what clients may write', async (t) => {
  const dir = join(folder(t), 'site');
  const made = await init(dir, ['--listen', '127.0.0.7:8443', '--public-name', 'evidence.example.org:8443', '--json']);
  assert.equal(JSON.parse(made.stdout).site, 'https://evidence.example.org:8443');
  for (const name of ['localhost', 'evidence.example.org'])
    execFileSync('openssl', ['verify', '-CAfile', join(dir, 'ca.pem'), '-verify_hostname', name,
      join(dir, 'tls/server.pem')], { stdio: 'ignore' });
  for (const ip of ['127.0.0.1', '::1', '127.0.0.7'])
    execFileSync('openssl', ['verify', '-CAfile', join(dir, 'ca.pem'), '-verify_ip', ip,
      join(dir, 'tls/server.pem')], { stdio: 'ignore' });
  assert.throws(() => execFileSync('openssl', ['verify', '-CAfile', join(dir, 'ca.pem'), '-verify_hostname',
    'example.org', join(dir, 'tls/server.pem')], { stdio: 'ignore' }));
});

test('init for people: lines that a shell takes', async (t) => {
  const dir = join(folder(t), "it's a site");
  const made = await init(dir);
  assert.equal(made.code, 0, made.stderr);
  const lines = made.stdout.split('\n').filter((l) => l.startsWith('export ')).join('\n');
  const said = execFileSync('bash', ['-c', `${lines}\nprintf '%s\\n' "$SALLYPORT_SITE" "$SALLYPORT_CA" "$SALLYPORT_AGENCY" "$SALLYPORT_TOKEN"`],
    { encoding: 'utf8' }).split('\n');
  assert.deepEqual(said.slice(0, 3), ['https://127.0.0.1:8443', join(dir, 'ca.pem'), 'harbor-pd']);
  assert.match(said[3], /^spt_/);
});

test('wrong usage is told, exits 2 and makes nothing', async (t) => {
  const dir = join(folder(t), 'site');
  const cases = [
    ['init'],
    ['init', dir],
    ['init', dir, dir, '--agency', 'harbor-pd', ...FACTS],
    ['init', dir, '--agency', 'Harbor', ...FACTS],
    ['init', dir, '--agency', 'harbor-pd', '--name', 'x', '--state', 'XX', '--ori', 'FL0130000', '--geography', 'us'],
    ['init', dir, '--agency', 'harbor-pd', '--name', 'x', '--state', 'FL', '--ori', 'fl0130000', '--geography', 'us'],
    ['init', dir, '--agency', 'harbor-pd', '--name', 'x'.repeat(201), '--state', 'FL', '--ori', 'FL0130000', '--geography', 'us'],
    ['init', dir, '--agency', 'harbor-pd', ...FACTS, '--listen', 'nowhere'],
    ['init', dir, '--agency', 'harbor-pd', ...FACTS, '--listen', '0.0.0.0:8443'],
    ['init', dir, '--agency', 'harbor-pd', ...FACTS, '--public-name', 'https://x/'],
    ['init', dir, '--agency', 'harbor-pd', ...FACTS, '--cert', '/x'],
    ['init', dir, '--agency', 'harbor-pd', ...FACTS, '--ca', '/x'],
    ['init', dir, '--agency', 'harbor-pd', ...FACTS, '--token', 'x'],
    ['serve'],
    ['serve', dir, dir],
    ['serve', dir, '--connections', '0'],
    ['serve', dir, '--log-level', 'loud'],
    ['agency'],
    ['agency', 'remove', dir],
    ['agency', 'add', dir],
    ['agency', 'list'],
    ['server', dir],
    ['keeper', dir],
    ['nonsense'],
    [],
  ];
  for (const args of cases) {
    const got = await run(program, args);
    assert.equal(got.code, args[0] === 'server' ? 3 : 2, `${args.join(' ')}: ${got.stderr}`);
    assert.match(got.stderr, /^sallyport/);
    assert.ok(!existsSync(dir), args.join(' '));
  }
});

test('init that fails leaves the folder as it was', async (t) => {
  const base = folder(t);
  const dir = join(base, 'site');
  const open = join(base, 'open.key');
  writeFileSync(open, 'fifteen bytes and more\n');
  chmodSync(open, 0o644);
  const short = join(base, 'short.key');
  writeFileSync(short, 'too short\n', { mode: 0o600 });
  const garbage = join(base, 'garbage.pem');
  writeFileSync(garbage, 'no certificate');
  for (const [more, code] of [
    [['--unlock', `file:${open}`], 3],
    [['--unlock', `file:${short}`], 1],
    [['--unlock', `file:${base}/missing`], 3],
    [['--unlock', 'hunter2'], 2],
    [['--cert', garbage, '--key', garbage], 1],
    [['--cert', `${base}/missing`, '--key', garbage], 3],
  ]) {
    const got = await init(dir, more);
    assert.equal(got.code, code, `${more}: ${got.stderr}`);
    assert.ok(!existsSync(dir), `${more}`);
    assert.ok(!got.stderr.includes('hunter2'));
  }
  mkdirSync(dir);
  assert.equal((await init(dir, ['--unlock', `file:${open}`])).code, 3);
  assert.deepEqual(readdirSync(dir), []);
  // What a killed init left is no obstacle.
  mkdirSync(join(dir, '.making/agencies'), { recursive: true });
  writeFileSync(join(dir, '.making/site.db'), 'half');
  assert.equal((await init(dir)).code, 0);
  const before = readFileSync(join(dir, 'keeper/root'));
  const again = await init(dir);
  assert.equal(again.code, 3);
  assert.match(again.stderr, /already/);
  assert.deepEqual(readFileSync(join(dir, 'keeper/root')), before);
  const other = join(base, 'other');
  mkdirSync(other);
  writeFileSync(join(other, 'notes.txt'), 'mine');
  assert.equal((await init(other)).code, 3);
  assert.deepEqual(readdirSync(other), ['notes.txt']);
});

test('unlock secrets: by descriptor, by credential, wrong, open to others', async (t) => {
  const base = folder(t);
  const dir = join(base, 'site');
  const secret = join(base, 'sallyport.unlock');
  writeFileSync(secret, 'correct horse battery staple\n', { mode: 0o600 });
  const listen = ['--listen', `127.0.0.1:${await freePort()}`];
  assert.equal((await init(dir, ['--unlock', `file:${secret}`, ...listen])).code, 0);
  assert.ok(!existsSync(join(dir, 'keeper/unlock.key')));
  assert.equal((await serve(dir, ['--unlock', `file:${secret}`])).code, undefined);
  const none = await serve(dir);
  assert.equal(none.code, 3);
  assert.match(none.log, /unlock\.key/);
  const shell = (text) => new Promise((ok) => {
    const child = spawn('bash', ['-c', text, 'bash', program, dir], { stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    let asked = false;
    child.stderr.on('data', (d) => {
      log += d;
      // The shell is replaced by the program: this is its own process.
      if (!asked && /^ready$/m.test(log)) asked = child.kill('SIGTERM');
    });
    child.on('exit', (code) => ok({ code, log }));
  });
  const fd = await shell(`exec "$1" serve "$2" --unlock fd:9 9<<<'correct horse battery staple'`);
  assert.equal(fd.code, 0, fd.log);
  assert.match(fd.log, /^ready$/m);
  const credential = await shell(
    `CREDENTIALS_DIRECTORY='${base}' exec "$1" serve "$2" --unlock systemd-credential`);
  assert.equal(credential.code, 0, credential.log);
  writeFileSync(secret, 'correct horse battery stable\n');
  const wrong = await serve(dir, ['--unlock', `file:${secret}`]);
  assert.equal(wrong.code, 3);
  assert.match(wrong.log, /unlock secret/);
  assert.ok(!/horse/.test(wrong.log));
  chmodSync(secret, 0o640);
  const open = await serve(dir, ['--unlock', `file:${secret}`]);
  assert.equal(open.code, 3);
  assert.match(open.log, /open to others/);
});

test('a certificate of the owner\'s', async (t) => {
  const base = folder(t);
  const dir = join(base, 'site');
  const [cert, key] = [join(base, 'c.pem'), join(base, 'k.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
    '-keyout', key, '-out', cert, '-subj', '/CN=own', '-days', '2', '-addext', 'subjectAltName=IP:127.0.0.1'],
  { stdio: 'ignore' });
  const made = await init(dir, ['--listen', `127.0.0.1:${await freePort()}`, '--cert', cert, '--key', key, '--json']);
  assert.equal(made.code, 0, made.stderr);
  assert.deepEqual(readFileSync(join(dir, 'ca.pem')), readFileSync(cert));
  assert.ok(!existsSync(join(dir, 'tls')));
  assert.equal((await serve(dir)).code, undefined);
});

test('no site, and a port that is taken', async (t) => {
  const base = folder(t);
  for (const args of [['serve', base], ['agency', 'list', base], ['agency', 'add', base, 'mesa-so', ...FACTS]]) {
    const got = await run(program, args);
    assert.equal(got.code, 3, `${args.join(' ')}: ${got.stderr}`);
    assert.match(got.stderr, /sallyport init/);
  }
  assert.deepEqual(readdirSync(base), []);
  const site = await Site.make(t);
  const other = join(base, 'other');
  assert.equal((await init(other, ['--listen', `127.0.0.1:${site.port}`])).code, 0);
  const taken = await serve(other);
  assert.ok(taken.code > 0, taken.log);
  assert.ok(!/^ready$/m.test(taken.log));
});

test('agency add while the site serves; agency list; names that are taken', async (t) => {
  const site = await Site.make(t, { agencies: ['harbor-pd'] });
  const dir = site.dir;
  const facts = ['--name', 'Mesa County Sheriff', '--state', 'CO', '--ori', 'CO0390000', '--geography', 'us'];
  const made = await run(program, ['agency', 'add', dir, 'mesa-so', ...facts, '--json']);
  assert.equal(made.code, 0, made.stderr);
  site.agencies['mesa-so'] = JSON.parse(made.stdout);
  const id = await site.put(Buffer.from('first of the new agency'), undefined, { agency: 'mesa-so' });
  assert.equal((await site.content(id, { agency: 'mesa-so' })).status, 200);
  assert.equal((await site.content(id, { agency: 'harbor-pd' })).status, 404);
  for (const [slug, more] of [['mesa-so', FACTS], ['other', FACTS], ['mesa-so', facts]]) {
    const got = await run(program, ['agency', 'add', dir, slug, ...more]);
    assert.equal(got.code, 3, got.stderr);
  }
  const list = JSON.parse((await run(program, ['agency', 'list', dir, '--json'])).stdout);
  assert.deepEqual(list.agencies.map((a) => a.slug), ['harbor-pd', 'mesa-so']);
  assert.equal(list.agencies[1].ori, 'CO0390000');
  assert.equal(list.agencies[1].log_key, (await site.get('log/key', { agency: 'mesa-so', token: '' })).body.toString().trim());
  const table = (await run(program, ['agency', 'list', dir])).stdout;
  assert.match(table, /^mesa-so +CO +CO0390000 +us +\S+ +Mesa County Sheriff$/m);
});

test('the provider has one house, and keeps no evidence', async (t) => {
  const site = await Site.make(t, { agencies: ['harbor-pd'] });
  const add = (slug, ...more) => run(program, ['agency', 'add', site.dir, slug, '--name', 'Keystone Hosting',
    '--state', 'FL', '--geography', 'us', '--json', ...more]);
  const none = await add('keystone');
  assert.equal(none.code, 2, none.stderr); // an agency has an ORI
  const made = await add('keystone', '--provider');
  assert.equal(made.code, 0, made.stderr);
  site.agencies.keystone = JSON.parse(made.stdout);
  const two = await add('brickwall', '--provider');
  assert.equal(two.code, 3, two.stderr);
  assert.match(two.stderr, /keystone/);
  const list = JSON.parse((await run(program, ['agency', 'list', site.dir, '--json'])).stdout);
  assert.deepEqual(list.agencies.map((a) => [a.slug, a.provider]), [['harbor-pd', false], ['keystone', true]]);
  assert.match((await run(program, ['agency', 'list', site.dir])).stdout, / Keystone Hosting \(provider\)$/m);
  // Its first administrator may do what administrators do, but nothing with evidence.
  assert.equal((await site.get('tokens', { agency: 'keystone' })).status, 200);
  for (const path of ['evidence', 'evidence/01930000-0000-7000-8000-000000000000']) {
    const got = await site.get(path, { agency: 'keystone' });
    assert.equal(got.status, 403, path);
  }
  await assert.rejects(site.put(Buffer.from('x'), undefined, { agency: 'keystone' }));
  assert.equal((await site.get('evidence', { token: site.agencies.keystone.token })).status, 404);
});

test('help, version, completion', async () => {
  const help = await run(program, ['--help']);
  assert.equal(help.code, 0);
  for (const name of ['init', 'agency', 'serve', 'put', 'verify']) {
    assert.match(help.stdout, new RegExp(`^  ${name} `, 'm'));
    const one = await run(program, [name, '--help']);
    assert.equal(one.code, 0, name);
    assert.match(one.stdout, new RegExp(`^usage: sallyport ${name}`));
  }
  assert.ok(!/^ {2}(server|keeper) /m.test(help.stdout));
  assert.match((await run(program, ['--version'])).stdout, /^sallyport \d+\.\d+\.\d+\n$/);
  const complete = (...words) => execFileSync('bash', ['-c', `
    source <("$1" completion bash); shift
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sallyport; printf '%s\\n' "\${COMPREPLY[@]}"`,
  'bash', program, program, ...words], { encoding: 'utf8' }).split('\n').filter(Boolean);
  assert.deepEqual(complete('ser'), ['serve', 'service']);
  assert.ok(complete('').includes('init'));
  assert.deepEqual(complete('agency', 'l'), ['list']);
  assert.deepEqual(complete('agency', 'add', 'DIR', '--st'), ['--state']);
  assert.ok(complete('serve', 'DIR', '--').includes('--connections'));
});

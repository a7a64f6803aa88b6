// Who vouches for a site's logs: witnesses (tests/system/lib/witness.mjs, no
// code of ours in C) and a time authority (`openssl ts`), honest and not.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Authority, lies as timeLies } from './lib/authority.mjs';
import { program, run, Site, sleep, until } from './lib/site.mjs';
import * as tlog from './lib/tlog.mjs';
import { cosigned, cosignerKey, lies, parts, Witness } from './lib/witness.mjs';

const FAST = { args: ['--no-media', '--witness-gap', '1s'], agencies: ['harbor-pd'] };

function scratch(t) {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-vouch-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const key = async (site, agency = 'harbor-pd') => (await site.get('log/key', { agency, token: '' })).body.toString().trim();
const note = async (site, agency = 'harbor-pd') => (await site.get('log/checkpoint', { agency, token: '' })).body.toString();
const size = (text) => Number(text.split('\n')[1]);

/** A metric of a voucher: its number, or for the problem its text. */
async function metric(site, name, voucher, agency = 'harbor-pd') {
  const text = (await site.get('/metrics', { token: '' })).body.toString();
  for (const line of text.split('\n'))
    if (line.startsWith(`sallyport_voucher_${name}{`) && line.includes(`name="${voucher}"`) && line.includes(`agency="${agency}"`))
      return name === 'problem_info' ? /problem="(.*)"} 1$/.exec(line)[1] : Number(line.split(' ').at(-1));
  return undefined;
}
const problem = (site, voucher, agency) => metric(site, 'problem_info', voucher, agency);

async function addWitness(site, w) {
  w.trust(await key(site));
  await site.must(['vouch', 'add-witness', site.dir, w.vkey, w.url]);
}

/** Wait until the current checkpoint carries this witness's cosignature. */
const cosignedNow = (site, w, agency) => until('a cosignature of the current checkpoint', async () => {
  const text = await note(site, agency);
  return cosigned(text, w.vkey) === undefined ? null : text;
});

async function doctor(site) {
  const got = await run(program, ['doctor', site.dir, '--json']);
  return { code: got.code, findings: JSON.parse(got.stdout).findings.filter((f) => f.area === 'vouchers') };
}

describe('vouch', { concurrency: 2 }, () => {
  test('a witness cosigns; the lines go with checkpoint, receipt and bag, and survive a restart', async (t) => {
    const site = await Site.make(t, FAST);
    const w = await Witness.start(t);
    const second = await Witness.start(t, { name: 'witness.example/press' });
    await addWitness(site, w); // beside the running site
    const id = await site.put(Buffer.from('evidence'));
    const text = await cosignedNow(site, w);
    tlog.checkpoint(text, tlog.verifierKey(await key(site)));
    const time = cosigned(text, w.vkey);
    assert.ok(Math.abs(time - Date.now() / 1000) < 60);
    assert.equal(w.logs.get(text.split('\n')[0]).size, BigInt(size(text)));

    const receipt = (await site.get(`evidence/${id}/receipt`)).body.toString();
    const entry = (await site.get(`evidence/${id}/receipt/entry`)).body;
    tlog.checkProof(receipt, entry, tlog.verifierKey(await key(site)));
    assert.equal(cosigned(tlog.parseProof(receipt).note, w.vkey), time);
    const cosignedNote = (await site.get('log/cosigned', { token: '' })).body.toString();
    assert.equal(cosignedNote, text);
    assert.equal((await site.cli(['log', 'check'])).code, 0, 'our own client takes it');

    await addWitness(site, second);
    const both = await cosignedNow(site, second);
    assert.equal(cosigned(both, w.vkey), time, 'the first one asked nothing again');
    const asked = w.asked + second.asked;
    assert.equal((await site.stop()).code, 0);
    // Ending appends entries perhaps; with none, the lines are there at once.
    await site.start();
    assert.equal(size(await note(site)), size(both), 'nothing was appended meanwhile');
    await until('the lines are back', async () => await note(site) === both);
    await sleep(1500); // longer than the gap
    assert.equal(w.asked + second.asked, asked, 'nobody is asked for what is known');

    const bag = join(scratch(t), 'bag.zip');
    await site.must(['export', id, '-o', bag]);
    await site.must(['verify', bag]);
    const held = JSON.parse((await site.must(['verify', bag, '--witness', w.vkey, '--witness', second.vkey, '--json'])).stdout);
    assert.deepEqual([held.vouched.cosigned_by, held.vouched.cosigned_size], [2, size(both)]);
    assert.ok(held.log_size > size(both), 'the bag goes on from what they saw');
    const stranger = await Witness.start(t, { name: 'witness.example/stranger' });
    const refused = await site.cli(['verify', bag, '--witness', stranger.vkey]);
    assert.deepEqual([refused.code, /at log\/cosigned/.test(refused.stderr)], [1, true], refused.stderr);
    const listed = JSON.parse((await site.must(['vouch', 'list', site.dir, '--json'])).stdout);
    assert.deepEqual(listed.vouchers.map((v) => [v.kind, v.name, v.key]),
      [['witness', w.key.name, w.vkey], ['witness', second.key.name, second.vkey]]);
    const since = site.log.length;
    await site.must(['vouch', 'remove', site.dir, 'witness', second.key.name]);
    // Else both may be asked about what comes now.
    await until('the server has heard of it', () => site.log.slice(since).includes('"message":"1 vouchers"'));
    await site.put(Buffer.from('more'));
    await until('the first goes on alone', async () => cosigned(await note(site), w.vkey) !== undefined && cosigned(await note(site), second.vkey) === undefined);
  });

  test('a witness that hangs holds up no upload, no other witness, and not the end', async (t) => {
    const site = await Site.make(t, { ...FAST, agencies: ['harbor-pd', 'mesa-so'] });
    const w = await Witness.start(t);
    const other = await Witness.start(t, { name: 'witness.example/press' });
    w.lie = lies.hang;
    await addWitness(site, w);
    await addWitness(site, other);
    other.trust(await key(site, 'mesa-so'));
    await site.put(Buffer.from('first'));
    await until('the witness holds a request', () => w.held.length > 0);
    // It holds all it is asked while these come to their end.
    for (let i = 0; i < 20; i++) await site.put(Buffer.from(`while it hangs ${i}`));
    assert.equal(w.answered, 0);
    await cosignedNow(site, other);
    await cosignedNow(site, other, 'mesa-so');
    assert.ok(w.held.length > 0);
    assert.equal(w.answered, 0);
    const begun = Date.now();
    assert.equal((await site.stop()).code, 0);
    assert.ok(Date.now() - begun < 10000, `the end took ${Date.now() - begun} ms`);
    assert.equal(w.answered, 0);
  });

  test('our own witness, over HTTPS under a CA of its own', async (t) => {
    const site = await Site.make(t, FAST);
    const tls = JSON.parse(readFileSync(join(site.dir, 'site.json'), 'utf8'));
    const child = spawn(program, ['log', 'witness', join(scratch(t), 'witness'), '--json',
      '--name', 'witness.example/state', '--listen', '127.0.0.1:0', '--log', await key(site),
      '--cert', resolve(site.dir, tls.cert), '--key', resolve(site.dir, tls.key)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const over = new Promise((ok) => child.on('exit', ok));
    t.after(() => { child.kill('SIGTERM'); return over; });
    let said = '';
    child.stdout.on('data', (d) => { said += d; });
    const w = await until('the witness is ready', () => /\n/.test(said) && JSON.parse(said.split('\n')[0]));
    assert.match(w.url, /^https:/);
    await site.must(['vouch', 'add-witness', site.dir, w.vkey, w.url]);
    await until('its CA is not known to the system', async () => /not under a known CA/.test(await problem(site, 'witness.example/state') ?? ''));
    await site.must(['vouch', 'remove', site.dir, 'witness', 'witness.example/state']);
    await site.must(['vouch', 'add-witness', site.dir, w.vkey, w.url, '--tls-ca', site.caPath]);
    await cosignedNow(site, w);
    for (let i = 0; i < 3; i++) {
      await site.put(Buffer.from(`more ${i}`));
      await cosignedNow(site, w);
    }
    assert.equal(await metric(site, 'behind_entries', 'witness.example/state'), 0);
  });

  test('a witness that was away catches up', async (t) => {
    const site = await Site.make(t, FAST);
    const w = await Witness.start(t);
    await addWitness(site, w);
    await site.put(Buffer.from('one'));
    const first = await cosignedNow(site, w);
    await w.down();
    for (let i = 0; i < 5; i++) await site.put(Buffer.from(`away ${i}`));
    const said = await until('its absence is told', () => problem(site, w.key.name));
    assert.match(said, /no answer/);
    assert.ok(await metric(site, 'behind_entries', w.key.name) >= 5);
    assert.equal(await metric(site, 'failing', w.key.name), 1);
    assert.equal(await metric(site, 'contradicts', w.key.name), 0);
    assert.equal((await site.get('log/cosigned', { token: '' })).body.toString(), first, 'the last one stays');
    const report = await doctor(site);
    assert.ok(report.findings.some((f) => f.level === 'note' && /no answer/.test(f.text)), JSON.stringify(report));
    await w.up();
    process.kill(site.child.pid, 'SIGHUP'); // do not rest any longer
    await cosignedNow(site, w);
    assert.equal(await metric(site, 'behind_entries', w.key.name), 0);
    assert.equal(await metric(site, 'failing', w.key.name), 0);
    // A witness that lost its memory, and one that knows more than we recall.
    for (const log of w.logs.values()) log.size = 0n;
    await site.put(Buffer.from('two'));
    await cosignedNow(site, w);
  });

  test('lies are refused, told, and forgiven when it is honest again', async (t) => {
    const site = await Site.make(t, FAST);
    const w = await Witness.start(t);
    await addWitness(site, w);
    const says = {
      close: /no answer/, garbage: /malformed|no cosignature|no end/, nothing: /no cosignature/, huge: /too long/, drip: /more than 10 seconds/,
      redirect: /status 307/, error: /status 500/, unknown: /does not know this log/, yesterday: /old cosignature/,
      future: /of the future/, otherKey: /wrong/, otherCheckpoint: /wrong/, loop: /names/, noSize: /does not say/,
      ahead: /has seen 1000000 entries/, fork: /another history/,
    };
    for (const [name, words] of Object.entries(says)) {
      w.lie = lies[name];
      await site.put(Buffer.from(name));
      process.kill(site.child.pid, 'SIGHUP');
      await until(`${name} is told`, async () => words.test(await problem(site, w.key.name) ?? ''), 30);
      assert.equal(cosigned(await note(site), w.vkey), undefined, name);
      const alarm = name === 'ahead' || name === 'fork';
      assert.equal(await metric(site, 'contradicts', w.key.name), alarm ? 1 : 0, name);
      const report = await doctor(site);
      assert.equal(report.code, alarm ? 1 : 0, JSON.stringify(report));
      assert.ok(report.findings.some((f) => words.test(f.text) && f.level === (alarm ? 'wrong' : 'note')), name);
      if (alarm) { // it stands until it vouches again
        w.lie = lies.error;
        await site.put(Buffer.from('after an alarm'));
        const before = w.asked;
        process.kill(site.child.pid, 'SIGHUP');
        await until('it is asked again', () => w.asked > before);
        await sleep(300);
        assert.equal(await metric(site, 'contradicts', w.key.name), 1);
      }
      w.lie = null;
      process.kill(site.child.pid, 'SIGHUP');
      await cosignedNow(site, w);
      assert.equal(await problem(site, w.key.name), undefined, name);
    }
    assert.match(site.log, /vouch\.contradicts/);
  });

  test('a time authority stamps checkpoints, and openssl ts verifies them', async (t) => {
    const site = await Site.make(t, FAST);
    const dir = scratch(t);
    const a = await Authority.start(t, join(dir, 'tsa'));
    const other = await Authority.start(t, join(dir, 'other'));
    assert.equal((await site.get('log/timestamp', { token: '' })).status, 404);
    assert.deepEqual((await site.get('log/timestamps', { token: '' })).json(), { next: null, timestamps: [] });
    await site.must(['vouch', 'add-authority', site.dir, 'clock', a.url, '--ca', a.ca, '--every', '1s',
      '--policy', '1.3.6.1.4.1.99999.1']);
    await site.put(Buffer.from('stamped'));
    const stamped = await until('a timestamp', async () => {
      const list = (await site.get('log/timestamps', { token: '' })).json().timestamps;
      return list.length > 0 && list[0].size === size(await note(site)) ? list[0] : null;
    });
    assert.equal(stamped.authority, 'clock');
    assert.ok(Math.abs(Date.parse(stamped.time) - Date.now()) < 60000);
    const [tsr, text] = [join(dir, 'timestamp.tsr'), join(dir, 'checkpoint')];
    const reply = await site.get('log/timestamp', { token: '' });
    assert.equal(reply.headers['content-type'], 'application/timestamp-reply');
    writeFileSync(tsr, reply.body);
    const checkpoint = await site.get('log/timestamp/checkpoint', { token: '' });
    assert.equal(checkpoint.body.toString(), stamped.note);
    writeFileSync(text, checkpoint.body);
    assert.equal(parts(stamped.note).lines.trimEnd().split('\n').length, 1, 'the log\'s own signature alone');
    const verify = (ca, data) => execFileSync('openssl', ['ts', '-verify', '-data', data, '-in', tsr, '-CAfile', ca], { stdio: 'pipe' }).toString();
    assert.match(verify(a.ca, text), /Verification: OK/);
    assert.throws(() => verify(other.ca, text));
    writeFileSync(text, `${stamped.note}x`);
    assert.throws(() => verify(a.ca, text));

    // The bag carries it too, and openssl reads it there.
    const { items: [{ id }] } = (await site.get('evidence')).json();
    await site.must(['export', id, '-o', join(dir, 'bag.tar')]);
    execFileSync('tar', ['xf', 'bag.tar', '--strip-components=1'], { cwd: dir });
    assert.match(execFileSync('openssl', ['ts', '-verify', '-in', 'log/timestamp.tsr', '-data', 'log/timestamped', '-CAfile', a.ca],
      { cwd: dir, stdio: 'pipe' }).toString(), /Verification: OK/);
    const held = JSON.parse((await site.must(['verify', join(dir, 'bag.tar'), '--authority', a.ca, '--json'])).stdout);
    assert.ok(Math.abs(Date.parse(held.vouched.timestamped_at) - Date.now()) < 60000);
    const refused = await site.cli(['verify', join(dir, 'bag.tar'), '--authority', other.ca]);
    assert.deepEqual([refused.code, /at log\/timestamp.tsr/.test(refused.stderr)], [1, true], refused.stderr);

    const stranger = (r, honest, query) => other.reply(query).then((bytes) => a.answer(r, bytes));
    for (const [name, words] of Object.entries({
      stranger: /not signed by an authority under the given CA/, replay: /another request|other bytes/, refuse: /gives no timestamp \(status 2\): busy/, cut: /cut/, garbage: /cut, or something else/, hang: /more than 10 seconds/,
    })) {
      a.lie = name === 'stranger' ? stranger : timeLies[name];
      await site.put(Buffer.from(name));
      await until(`${name} is told`, async () => words.test(await problem(site, 'clock') ?? ''), 30);
      a.lie = null;
      process.kill(site.child.pid, 'SIGHUP');
      await until('it is forgiven', async () => (await metric(site, 'behind_entries', 'clock')) === 0);
    }
    const list = (await site.get('log/timestamps', { token: '' })).json().timestamps;
    const first = list.at(-1);
    assert.equal(list[0].number, list.length);
    assert.equal((await site.get(`log/timestamps?before=${first.number + 1}`, { token: '' })).json().timestamps.length, 1);
    assert.equal((await site.get(`log/timestamp/checkpoint?number=${first.number}`, { token: '' })).body.toString(), first.note);
    assert.equal((await site.get('log/timestamp?number=0', { token: '' })).status, 400);
    assert.equal((await site.get('log/timestamp?number=999', { token: '' })).status, 404);
  });

  test('what cannot be a voucher is refused', async (t) => {
    const site = await Site.make(t, { ...FAST, start: false });
    const w = await Witness.start(t);
    const dir = scratch(t);
    const junk = join(dir, 'junk');
    writeFileSync(junk, 'no certificate');
    const rows = [
      [['add-witness', site.dir, 'witness+00000000+AAAA', w.url], 2, /key/],
      [['add-witness', site.dir, w.vkey, 'ftp://a/b'], 2, /URL/],
      [['add-witness', site.dir, w.vkey, 'https://a/?q'], 2, /URL/],
      [['add-witness', site.dir, w.vkey], 2, /wanted/],
      [['add-witness', dir, w.vkey, w.url], 3, /./],
      [['add-witness', site.dir, w.vkey, w.url], 0, /./],
      [['add-witness', site.dir, w.vkey, w.url], 3, /already/],
      [['add-authority', site.dir, 'clock', w.url], 2, /--ca/],
      [['add-authority', site.dir, 'clock', w.url, '--ca', junk], 2, /certificate/],
      [['add-authority', site.dir, 'clock', w.url, '--ca', join(dir, 'none')], 2, /no file/],
      [['add-authority', site.dir, 'Clock!', w.url, '--ca', site.caPath], 2, /name/],
      [['add-authority', site.dir, 'clock', w.url, '--ca', site.caPath, '--every', '2d'], 2, /--every/],
      [['add-authority', site.dir, 'clock', w.url, '--ca', site.caPath, '--policy', 'x'], 2, /OID/],
      [['add-authority', site.dir, 'clock', w.url, '--ca', site.caPath, '--every', '2h'], 0, /./],
      [['remove', site.dir, 'clock', 'clock'], 2, /'witness' or 'authority'/],
      [['remove', site.dir, 'witness', 'clock'], 3, /no witness 'clock'/],
      [['remove', site.dir, 'authority', 'clock'], 0, /no longer/],
    ];
    for (const [args, code, words] of rows) {
      const got = await run(program, ['vouch', ...args]);
      assert.equal(got.code, code, `${args.join(' ')}: ${got.stderr}`);
      assert.match(got.stdout + got.stderr, words, args.join(' '));
    }
    for (let i = 1; i < 16; i++)
      assert.equal((await run(program, ['vouch', 'add-witness', site.dir, cosignerKey(`w${i}`).vkey, w.url])).code, 0);
    const many = await run(program, ['vouch', 'add-witness', site.dir, cosignerKey('w16').vkey, w.url]);
    assert.equal(many.code, 3, many.stderr);
  });
});

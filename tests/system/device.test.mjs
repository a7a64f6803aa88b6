// Devices with mutual TLS: openssl makes the keys, curl is the camera; and
// everything that is tried with certificates that are not good.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { add, asks, camera, enrol, json, openssl } from './lib/cameras.mjs';
import { sha256 } from './lib/clips.mjs';
import { seeded } from './lib/random.mjs';
import { program, run, until } from './lib/site.mjs';
import { siteSuite } from './lib/suite.mjs';

let homes = 0;
/** What a device that is known hears when it would list: it may not. */
const KNOWN = 403;

/** curl as this camera: {status, body, head}; `args` before the URL. */
async function curl(site, who, path, args = []) {
  const url = path.startsWith('https:') ? path : `${site.url}/v1/agencies/${path}`;
  const got = await run('curl', ['-sS', '-i', '--cacert', site.caPath,
    ...(who ? ['--cert', who.cert, '--key', who.key] : []), ...args, url]);
  if (got.code !== 0) return { status: 0, code: got.code, body: got.stderr };
  const at = got.stdout.lastIndexOf('\r\n\r\n', got.stdout.search(/\r\n\r\n(?!HTTP\/)/) + 4);
  return { status: Number(got.stdout.slice(0, at).split('\r\n').findLast((l) => l.startsWith('HTTP/')).split(' ')[1]),
    head: got.stdout.slice(0, at), body: got.stdout.slice(at + 4) };
}

const tus = ['-H', 'Tus-Resumable: 1.0.0'];

/** Upload bytes as this camera; the evidence's id. */
async function upload(site, who, bytes, agency = 'harbor-pd') {
  const file = join(who.dir, 'clip.mp4');
  writeFileSync(file, bytes);
  const made = await curl(site, who, `${agency}/uploads`, [...tus, '-X', 'POST', '-H', `Upload-Length: ${bytes.length}`,
    '-H', `Upload-Metadata: filename ${Buffer.from('clip.mp4').toString('base64')}`]);
  assert.equal(made.status, 201, made.body);
  const url = new URL(/location: (\S+)/i.exec(made.head)[1], site.url).href;
  const sent = await curl(site, who, url, [...tus, '-X', 'PATCH', '-H', 'Upload-Offset: 0',
    '-H', 'Content-Type: application/offset+octet-stream', '--data-binary', `@${file}`]);
  assert.equal(sent.status, 204, sent.body);
  return /sallyport-evidence: (\S+)/i.exec(sent.head)[1];
}

/** All entries of the log with this act. */
const entries = async (site, act) => (await site.entries()).filter((e) => e.act === act);

siteSuite('devices with mutual TLS', {}, (ctx) => {
  test('a camera enrols, brings in, sees its own only', async (t) => {
    const { site } = ctx;
    const who = await camera(site);
    const bytes = seeded(t).bytes(300000);
    const id = await upload(site, who, bytes);
    assert.equal(sha256((await site.content(id)).body), sha256(bytes));
    // It has proof of what it brought in, and no way to look around.
    assert.equal((await curl(site, who, `harbor-pd/evidence/${id}/receipt`)).status, 200);
    assert.equal((await curl(site, who, 'harbor-pd/evidence')).status, 403);
    assert.equal((await curl(site, who, `harbor-pd/evidence/${id}/content`)).status, 403);
    assert.equal((await curl(site, who, 'harbor-pd/devices')).status, 403);
    const sealed = (await site.custody(id)).find((e) => e.act === 'evidence.sealed');
    assert.deepEqual(sealed.actor, { id: who.id, kind: 'device' });
    // As the agency sees it.
    const shown = (await site.get(`devices/${who.id}`)).json();
    assert.equal(shown.state, 'active');
    assert.equal(shown.certificate, who.answer.sha256);
    const fingerprint = await openssl('x509', '-in', who.cert, '-noout', '-fingerprint', '-sha256');
    assert.equal(fingerprint.split('=')[1].trim().replaceAll(':', '').toLowerCase(), shown.certificate);
  });

  test('openssl reads the certificate as that of a client and nothing else', async (t) => {
    const { site } = ctx;
    for (const kind of [undefined, ['ed25519'], ['rsa:2048'], ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384']]) {
      const who = await camera(site, 'harbor-pd', kind);
      const text = await openssl('x509', '-in', who.cert, '-noout', '-text', '-purpose');
      assert.match(text, new RegExp(`Subject: O = ${site.agencies['harbor-pd'].id ?? '[0-9a-f-]{36}'}, CN = ${who.id}`));
      assert.match(text, /Issuer: CN = Sallyport device CA/);
      assert.match(text, /CA:FALSE/);
      assert.match(text, /SSL client : Yes/);
      assert.match(text, /SSL server : No/);
      // Both versions of TLS; and what is asked for is our devices' only.
      for (const v of ['1.2', '1.3'])
        assert.equal((await curl(site, who, 'harbor-pd/evidence',
          [`--tlsv${v}`, '--tls-max', v])).status, KNOWN, `${kind} TLS ${v}`);
    }
    const said = await run('openssl', ['s_client', '-connect', `127.0.0.1:${site.port}`, '-CAfile', site.caPath],
      { input: '' });
    assert.match(said.stdout, /Acceptable client certificate CA names\s*\nCN = Sallyport device CA\n(?!CN|O =)/);
    // Nobody is made to have one.
    assert.equal((await site.get('evidence')).status, 200);
  });

  test('what is not this agency’s device is nobody', async (t) => {
    const { site } = ctx;
    const who = await camera(site);
    const nobody = async (them, agency = 'harbor-pd') => {
      const got = await curl(site, them, `${agency}/evidence`);
      assert.equal(got.status, 401, got.body);
      return got.body;
    };
    // Another agency's certificate; of an agency that there is not: one answer.
    const stranger = await nobody(who, 'mesa-so');
    assert.equal(await nobody(who, 'no-such-agency'), stranger);
    // The same names, signed by itself, and by a CA of the same name.
    const subject = (await openssl('x509', '-in', who.cert, '-noout', '-subject', '-nameopt', 'compat'))
      .replace(/^subject=\s*/, '').trim().replace(/^(?!\/)/, '/').replaceAll(', ', '/');
    const fake = await asks(site, subject);
    fake.cert = join(fake.dir, 'cert.pem');
    await openssl('req', '-x509', '-key', fake.key, '-in', join(fake.dir, 'csr.pem'), '-days', '5', '-out', fake.cert);
    await nobody(fake);
    const ca = await asks(site, '/CN=Sallyport device CA');
    ca.cert = join(ca.dir, 'cert.pem');
    await openssl('req', '-x509', '-key', ca.key, '-in', join(ca.dir, 'csr.pem'), '-days', '5', '-out', ca.cert);
    await openssl('x509', '-req', '-in', join(fake.dir, 'csr.pem'), '-CA', ca.cert, '-CAkey', ca.key,
      '-CAcreateserial', '-days', '5', '-out', fake.cert);
    await nobody(fake);
    // The certificate alone, without its key: openssl does not even send it, so
    // the handshake is done by hand with the other key.
    const script = `const tls = require('tls'), fs = require('fs');
      try { tls.createSecureContext({ cert: fs.readFileSync(process.argv[1]), key: fs.readFileSync(process.argv[2]) }); console.log('taken'); }
      catch { console.log('refused'); }`;
    assert.equal((await run(process.execPath, ['-e', script, who.cert, fake.key])).stdout.trim(), 'refused');
    // A token says more than a certificate: it alone counts.
    const both = await curl(site, fake, 'harbor-pd/evidence', ['-H', `Authorization: Bearer ${site.token()}`]);
    assert.equal(both.status, 200);
    const bad = await curl(site, who, 'harbor-pd/evidence', ['-H', 'Authorization: Bearer nonsense']);
    assert.equal(bad.status, 401);
  });

  test('a code works once, for a day at most, and slowly', async (t) => {
    const { site } = ctx;
    const { code } = await add(site, 'mesa-so');
    const first = await asks(site), thief = await asks(site);
    assert.equal((await enrol(site, code, first.csr, 'harbor-pd')).status, 401, 'another agency’s');
    const [a, b] = await Promise.all([enrol(site, code, first.csr, 'mesa-so'), enrol(site, code, first.csr, 'mesa-so')]);
    assert.deepEqual([a.status, b.status], [201, 201], 'the same key again is the same certificate');
    assert.equal(a.json().certificate, b.json().certificate);
    assert.equal((await enrol(site, code, thief.csr, 'mesa-so')).status, 401, 'replayed');
    for (const body of [{ label: '' }, { label: 'x', valid_days: 91 }, { label: 'x', code_minutes: 1441 }, { label: 'x', more: 1 }])
      assert.equal((await json(site, 'POST', 'devices', body)).status, 400, JSON.stringify(body));
    // Whoever goes on with codes that are not good waits.
    let status = 401;
    for (let i = 0; i < 20 && status === 401; i++)
      status = (await enrol(site, code, thief.csr, 'mesa-so')).status;
    assert.equal(status, 429);
    assert.equal((await enrol(site, (await add(site)).code, first.csr)).status, 201, 'the neighbour is not held up');
  });

  test('hostile requests', async (t) => {
    const { site } = ctx;
    const { code } = await add(site);
    const refused = async (asked, want) => {
      const got = await enrol(site, code, asked.csr);
      assert.equal(got.status, want, String(got.body));
    };
    await refused(await asks(site, '/CN=x', ['rsa:1024']), 403);
    await refused(await asks(site, '/CN=x', ['ec', '-pkeyopt', 'ec_paramgen_curve:secp521r1']), 403);
    const good = await asks(site, '/CN=x', undefined, ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=keyCertSign']);
    await refused({ csr: `${good.csr}${good.csr}` }, 400);
    await refused({ csr: good.csr.slice(0, -40) }, 400);
    await refused({ csr: 'x'.repeat(9000) }, 400);
    const bytes = Buffer.from(good.csr.split('\n').slice(1, -2).join(''), 'base64');
    bytes[bytes.length - 1] ^= 1;
    await refused({ csr: `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64').replace(/(.{64})/g, '$1\n')}\n-----END CERTIFICATE REQUEST-----\n` }, 400);
    const got = await enrol(site, code, good.csr);
    assert.equal(got.status, 201, 'none of it cost the code');
    writeFileSync(join(good.dir, 'cert.pem'), got.json().certificate);
    const text = await openssl('x509', '-in', join(good.dir, 'cert.pem'), '-noout', '-text');
    assert.doesNotMatch(text, /CA:TRUE|Certificate Sign/);
  });

  test('rotation: both are good for a while, the old one leads nowhere new', async (t) => {
    const { site } = ctx;
    const who = await camera(site);
    const rotate = async (as, csr) => curl(site, as, 'harbor-pd/devices/rotate',
      ['-H', 'Content-Type: application/json', '--data-binary', JSON.stringify({ csr })]);
    const next = await asks(site);
    const made = await rotate(who, next.csr);
    assert.equal(made.status, 201, made.body);
    next.cert = join(next.dir, 'cert.pem');
    writeFileSync(next.cert, JSON.parse(made.body).certificate);
    assert.equal(JSON.parse(made.body).id, who.id);
    for (const one of [who, next]) assert.equal((await curl(site, one, 'harbor-pd/evidence')).status, KNOWN);
    assert.equal((await rotate(who, (await asks(site)).csr)).status, 409, 'by the old one');
    assert.equal((await json(site, 'POST', 'devices/rotate', { csr: next.csr })).status, 403, 'by an administrator');
    const third = await asks(site);
    assert.equal((await rotate(next, third.csr)).status, 201);
    assert.equal((await curl(site, who, 'harbor-pd/evidence')).status, 401, 'the first is over');
  });

  test('the stolen camera: revoked, its upload cut, what it brought in kept', async (t) => {
    const { site } = ctx;
    const who = await camera(site);
    const bytes = seeded(t).bytes(400000);
    const kept = await upload(site, who, bytes);
    // A slow upload: 40 KB a second of a body of 4 MB.
    const size = 4 << 20;
    const file = join(who.dir, 'long.bin');
    writeFileSync(file, seeded(t).bytes(size));
    const made = await curl(site, who, 'harbor-pd/uploads', [...tus, '-X', 'POST', '-H', `Upload-Length: ${size}`,
      '-H', `Upload-Metadata: filename ${Buffer.from('long.bin').toString('base64')}`]);
    const url = new URL(/location: (\S+)/i.exec(made.head)[1], site.url).href;
    const child = spawn('curl', ['-sS', '-o', join(who.dir, 'answer'), '-w', '%{http_code}', '--cacert', site.caPath, '--cert', who.cert,
      '--key', who.key, ...tus, '-X', 'PATCH', '-H', 'Upload-Offset: 0', '-H', 'Expect:', '-H', 'Content-Type: application/offset+octet-stream',
      '--limit-rate', '200k', '-T', file, url], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stdout.on('data', (d) => { said += d; });
    const ended = new Promise((ok) => child.on('exit', (code) => ok({ code, at: performance.now() })));
    await until('the upload is under way', async () => {
      const got = await site.tus('HEAD', url);
      return got.status === 423 || Number(got.headers['upload-offset']) > 0;
    });
    const revoked = performance.now();
    assert.equal((await site.request('POST', `devices/${who.id}/revoke`)).status, 204);
    const next = await curl(site, who, 'harbor-pd/evidence');
    const felt = performance.now();
    assert.equal(next.status, 401);
    const end = await Promise.race([ended, until('the upload is over', () => child.exitCode !== null, 20)
      .then(() => ended)]);
    t.diagnostic(`next request refused ${(felt - revoked).toFixed(0)} ms, upload over ${(end.at - revoked).toFixed(0)} ms after the revocation`);
    assert.ok(end.code !== 0 || said === '401', `curl: ${end.code} ${said}`);
    // What came is there for somebody else to go on with; what was sealed is read.
    const at = await until('it is let go', async () => {
      const got = await site.tus('HEAD', url);
      return got.status < 300 && got;
    });
    assert.ok(Number(at.headers['upload-offset']) < size);
    const rest = await site.patch(url, Number(at.headers['upload-offset']),
      readFileSync(file).subarray(Number(at.headers['upload-offset'])));
    assert.equal(rest.status, 204);
    assert.equal(sha256((await site.content(rest.headers['sallyport-evidence'])).body), sha256(readFileSync(file)));
    assert.equal(sha256((await site.content(kept)).body), sha256(bytes));
    assert.equal((await site.get(`devices/${who.id}`)).json().state, 'revoked');
    assert.equal((await site.request('POST', `devices/${who.id}/revoke`)).status, 409);
  });

  test('a credential that goes takes its downloads along', async (t) => {
    const { site } = ctx;
    const bytes = seeded(t).bytes(24 << 20);
    const id = await site.put(bytes);
    const made = await json(site, 'POST', 'tokens', { role: 'investigator', label: 'x', expires_in_days: 1 });
    const issued = made.status === 201 ? made : await json(site, 'POST', 'tokens', { role: 'officer', label: 'x', expires_in_days: 1 });
    const { id: token, token: text } = issued.json();
    const child = spawn('curl', ['-sS', '-o', '/dev/null', '--cacert', site.caPath, '--limit-rate', '1m', '-H', `Authorization: Bearer ${text}`,
      `${site.url}/v1/agencies/harbor-pd/evidence/${id}/content`], { stdio: 'ignore' });
    t.after(() => child.exitCode ?? child.kill());
    await until('the viewing is open', async () => (await site.custody(id)).some((e) => e.act === 'evidence.opened'));
    const revoked = performance.now();
    assert.equal((await site.request('DELETE', `tokens/${token}`)).status, 204);
    await until('the download is over', () => child.exitCode !== null, 30);
    t.diagnostic(`download over ${(performance.now() - revoked).toFixed(0)} ms after the revocation`);
    assert.notEqual(child.exitCode, 0);
    const closed = await until('the viewing is closed', async () =>
      (await site.custody(id)).find((e) => e.act === 'evidence.closed'));
    assert.equal(closed.detail.cut, true);
    assert.ok(closed.detail.bytes < bytes.length, `${closed.detail.bytes}`);
  });

  test('certificates that have expired, or are not valid yet', async () => {
    const { site } = ctx;
    const [past, soon, early, good] = [await camera(site), await camera(site), await camera(site), await camera(site)];
    const now = Date.now() * 1000, minute = 60e6;
    await site.stop();
    const set = async (who, column, value) => {
      const got = await run('sqlite3', [join(site.dir, 'agencies/harbor-pd/agency.db'),
        `UPDATE device_certificate SET ${column} = ${value} WHERE hex(pin) = upper('${who.answer.sha256}')`]);
      assert.equal(got.code, 0, got.stderr);
    };
    await set(past, 'ends', now - minute);
    await set(soon, 'begins', now + 4 * minute); // a device whose clock is ahead of ours
    await set(early, 'begins', now + 30 * minute);
    await site.start();
    const reason = async (who) => JSON.parse((await curl(site, who, 'harbor-pd/evidence')).body).reason;
    assert.equal(await reason(past), 'certificate.expired');
    assert.equal(await reason(early), 'certificate.early');
    for (const who of [soon, good]) assert.equal((await curl(site, who, 'harbor-pd/evidence')).status, KNOWN);
    assert.equal((await site.get(`devices/${past.id}`)).json().state, 'expired');
  });

  test('the command line: enrol, put, dock, rotate, revoke', async (t) => {
    const { site } = ctx;
    const home = join(site.dir, '..', `home-${homes++}`);
    mkdirSync(home);
    const env = { PATH: process.env.PATH, HOME: home };
    const here = (args, more = {}) => run(program, args, { env: { ...env, ...more } });
    const ok = async (args, more) => {
      const got = await here(args, more);
      assert.equal(got.code, 0, `${args.join(' ')}: ${got.stdout}${got.stderr}`);
      return got;
    };
    const config = join(home, '.config/sallyport');
    const added = JSON.parse((await site.must(['device', 'add', 'Dock in room 4', '--days', '30', '--json'])).stdout);
    assert.equal((await here(['device', 'enrol', '--site', site.url, '--ca', site.caPath, '--code', 'spd_nonsense'])).code, 3);
    const said = await ok(['device', 'enrol', '--site', site.url, '--ca', site.caPath, '--code', added.code]);
    assert.match(said.stdout, new RegExp(`${added.id}, a device of harbor-pd`));
    const pem = join(config, 'device.pem');
    const first = readFileSync(pem, 'utf8');
    assert.equal(statSync(pem).mode & 0o777, 0o600);
    // From here on nothing has to be said: site, agency, CA and key are known.
    const clip = join(home, 'clip.bin');
    writeFileSync(clip, seeded(t).bytes(70000));
    const put = JSON.parse((await ok(['put', clip, '--json'])).stdout.trim().split('\n').at(-1));
    const id = put.id ?? put.evidence;
    const sealed = (await site.custody(id)).find((e) => e.act === 'evidence.sealed');
    assert.deepEqual(sealed.actor, { id: added.id, kind: 'device' });
    const folder = join(home, 'card');
    mkdirSync(folder);
    writeFileSync(join(folder, 'a.bin'), seeded(t).bytes(5000));
    await ok(['dock', folder, '--once', '--settle', '0']);
    await ok(['device', 'rotate']);
    assert.notEqual(readFileSync(pem, 'utf8'), first);
    writeFileSync(clip, seeded(t).bytes(70001));
    await ok(['put', clip]);
    assert.equal((await here(['list'])).code, 3, 'a device does not look around');
    // Who can read the key is told, and it is not used.
    chmodSync(pem, 0o644);
    assert.equal((await here(['put', clip])).code, 2);
    chmodSync(pem, 0o600);
    assert.match((await site.must(['device', 'list'])).stdout, /Dock in room 4 +active/);
    assert.match((await site.must(['device', 'show', added.id])).stdout, /valid_days +30/);
    await site.must(['device', 'revoke', added.id]);
    writeFileSync(clip, seeded(t).bytes(70002));
    const over = await here(['put', clip]);
    assert.equal(over.code, 3);
    assert.match(over.stderr, /the device was revoked, .*new code .*sallyport device add/);
    assert.doesNotMatch(over.stderr, /SALLYPORT_TOKEN/);
    assert.equal((await site.cli(['device', 'revoke', added.id])).code, 3, 'once');
    for (const act of ['added', 'enrolled', 'rotated', 'revoked'])
      assert.ok((await entries(site, `device.${act}`)).some((e) => e.object.id === added.id), act);
  });
});

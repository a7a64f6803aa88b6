// The server as a process: killed, stopped, reloaded, watched, twice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import net from 'node:net';
import tls from 'node:tls';
import { sha256 } from './lib/clips.mjs';
import { Raw } from './lib/net.mjs';
import { seeded } from './lib/random.mjs';
import { Site, patience, program, run, sleep, until } from './lib/site.mjs';

function head(site, url, length) {
  return [`PATCH ${new URL(url).pathname} HTTP/1.1`, 'Host: a', 'Tus-Resumable: 1.0.0',
    `Authorization: Bearer ${site.token()}`, 'Content-Type: application/offset+octet-stream',
    'Upload-Offset: 0', `Content-Length: ${length}`, '', ''].join('\r\n');
}

/** Send part of a body and wait until the server has read some of it. */
async function sendPart(site, url, bytes, n) {
  const raw = await Raw.open(site);
  await raw.send(head(site, url, bytes.length));
  await raw.send(bytes.subarray(0, n));
  return raw;
}

test('kill -9 in the middle of an upload: it resumes and is right', async (t) => {
  const site = await Site.make(t);
  const random = seeded(t);
  const bytes = random.bytes(5 << 20);
  const url = await site.create(bytes.length);
  const acknowledged = random.int(1, 2 << 20);
  assert.equal((await site.patch(url, 0, bytes.subarray(0, acknowledged))).status, 204);
  const raw = await Raw.open(site);
  await raw.send(head(site, url, bytes.length - acknowledged).replace('Upload-Offset: 0', `Upload-Offset: ${acknowledged}`));
  await raw.send(bytes.subarray(acknowledged, acknowledged + (2 << 20)));
  await site.kill();
  raw.end();
  await site.start();
  const at = await site.offset(url);
  assert.ok(at >= acknowledged, `${at} < ${acknowledged}`);
  const last = await site.patch(url, at, bytes.subarray(at));
  assert.equal(last.status, 204);
  assert.equal(sha256((await site.content(last.headers['sallyport-evidence'])).body), sha256(bytes));
});

test('SIGTERM in the middle of an upload keeps the tail', async (t) => {
  const site = await Site.make(t);
  const bytes = seeded(t).bytes(3 << 20);
  const url = await site.create(bytes.length);
  const raw = await sendPart(site, url, bytes, 2500001);
  await sleep(300);
  const how = await site.stop();
  assert.equal(how.code, 0, `${how.code} ${how.signal}`);
  raw.end();
  await site.start();
  const at = await site.offset(url);
  assert.ok(at > 2 << 20, `offset ${at}: the tail is gone`);
  const last = await site.patch(url, at, bytes.subarray(at));
  assert.equal(last.status, 204);
  assert.equal(sha256((await site.content(last.headers['sallyport-evidence'])).body), sha256(bytes));
});

test('after a stop no process is left and the port is free', async (t) => {
  const site = await Site.make(t);
  const server = site.server();
  const keeper = site.keeper();
  await site.stop();
  for (const pid of [server, keeper])
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  await site.start();
});

test('when the supervisor itself is killed, nothing serves on', async (t) => {
  const site = await Site.make(t);
  const pids = [site.server(), site.keeper()];
  process.kill(site.child.pid, 'SIGKILL');
  await site.child.exited;
  for (const pid of pids)
    await until(`${pid} has ended`, () => {
      try {
        return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
      } catch {
        return true;
      }
    });
  await site.start();
  await site.put(Buffer.from('x'));
});

test('SIGHUP: new connections see the new certificate, old ones go on', async (t) => {
  const site = await Site.make(t);
  const serial = () => new Promise((ok, no) => {
    const s = tls.connect({ host: '127.0.0.1', port: site.port, ca: site.ca }, () => {
      ok(s.getPeerCertificate().serialNumber);
      s.end();
    });
    s.on('error', no);
  });
  const before = await serial();
  const old = await Raw.open(site);
  const told = JSON.parse(readFileSync(join(site.dir, 'site.json'), 'utf8'));
  const cert = resolve(site.dir, told.cert);
  const key = resolve(site.dir, told.key);
  // One that is no use changes nothing.
  writeFileSync(cert, 'no certificate');
  site.child.kill('SIGHUP');
  await until('the failure is logged', () => /reload/i.test(site.log));
  assert.equal(await serial(), before);
  // A new one, from openssl.
  const made = join(site.dir, '..');
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
    '-keyout', join(made, 'k.pem'), '-out', join(made, 'c.pem'), '-subj', '/CN=new', '-days', '2',
    '-addext', 'subjectAltName=IP:127.0.0.1'], { stdio: 'ignore' });
  copyFileSync(join(made, 'c.pem'), cert);
  copyFileSync(join(made, 'k.pem'), key);
  site.child.kill('SIGHUP');
  site.ca = readFileSync(join(made, 'c.pem'), 'utf8');
  await until('the new certificate is served', async () => (await serial().catch(() => before)) !== before);
  await old.send('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.equal(await old.status(), 200);
  old.end();
});

test('sd_notify: READY=1 when it serves, STOPPING=1 when it ends', async (t) => {
  const site = await Site.make(t, { start: false });
  const path = join(site.dir, '..', 'notify');
  const listener = spawn('python3', ['-c', `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1])
print("bound", flush=True)
while True: print(s.recv(4096).decode().replace("\\n", "|"), flush=True)
`, path]);
  t.after(() => listener.kill());
  let heard = '';
  listener.stdout.on('data', (d) => { heard += d; });
  await until('the socket is there', () => heard.includes('bound'));
  await site.start({ NOTIFY_SOCKET: path });
  await until('READY=1', () => heard.includes('READY=1'));
  await site.stop();
  await until('STOPPING=1', () => heard.includes('STOPPING=1'));
});

test('a second server on the same folder is refused', async (t) => {
  const site = await Site.make(t);
  const second = await run(program, ['serve', site.dir], { timeout: 20000 * patience });
  assert.ok(second.code > 0, `${second.code}`);
  assert.match(second.stderr, /serv|lock|use|running/i);
  await site.put(Buffer.from('still here'));
});

test('slow connections are cut while others are served', async (t) => {
  const site = await Site.make(t, { args: ['--header-seconds', '2', '--idle-seconds', '3'] });
  const slow = await Promise.all(Array.from({ length: 50 }, () => Raw.open(site)));
  let dripping = true;
  const drip = (async () => {
    await Promise.all(slow.map((s) => s.send('GET /healthz HTTP/1.1\r\nHost: a\r\n')));
    for (let i = 0; dripping; i++) {
      for (const s of slow.filter((x) => !x.closed)) await s.send(`X-${i}: a\r\n`);
      await sleep(500);
    }
  })();
  const quiet = await Promise.all(Array.from({ length: 50 }, () => Raw.open(site)));
  for (let i = 0; i < 20; i++) {
    assert.equal((await site.get('/healthz', { token: '' })).status, 200);
    await site.put(Buffer.from(`served ${i}`));
  }
  await until('all slow ones are cut', () => [...slow, ...quiet].every((s) => s.closed), 30);
  dripping = false;
  await drip;
});

test('a body that trickles below the least rate is cut, what came is kept', async (t) => {
  const site = await Site.make(t, { args: ['--idle-seconds', '3'] });
  const bytes = seeded(t).bytes(100000);
  const url = await site.create(bytes.length);
  const raw = await sendPart(site, url, bytes, 70000);
  await until('the stalled body is cut', () => raw.closed, 30);
  assert.ok(await site.offset(url) >= 65536);
});

test('limits on connections turn the next one away, not the server', async (t) => {
  const site = await Site.make(t, { args: ['--connections', '20'] });
  const many = [];
  for (let i = 0; i < 40; i++) many.push(Raw.open(site).catch(() => null));
  await Promise.race([Promise.all(many), sleep(3000)]);
  for (const m of many) m.then((raw) => raw?.end());
  await until('served again', async () =>
    (await site.get('/healthz', { token: '' }).catch(() => ({ status: 0 }))).status === 200);
});

test('whoever is at one address leaves room for the others', async (t) => {
  const site = await Site.make(t, { args: ['--connections', '20'] });
  // Without a word: they hold their places until the time for headers is over.
  const silent = Array.from({ length: 40 }, () => net.connect(site.port, '127.0.0.1'));
  t.after(() => silent.forEach((s) => s.destroy()));
  await Promise.all(silent.map((s) => new Promise((ok) => s.once('connect', ok).on('error', ok).on('close', ok))));
  const other = await Raw.open(site, { localAddress: '127.0.0.2' });
  await other.send('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.equal(await other.status(5), 200);
  other.end();
});

test('an upload that nobody goes on with expires', async (t) => {
  const site = await Site.make(t, { args: ['--upload-expires', '2'] });
  const url = await site.create(1000);
  await site.patch(url, 0, Buffer.alloc(500));
  const staged = () => readdirSync(join(site.dir, 'agencies', 'harbor-pd', 'staging')).length;
  const a = await site.tus('HEAD', url);
  assert.ok(Date.parse(a.headers['upload-expires']) - Date.now() < 5000);
  await until('it is gone', async () => [404, 410].includes((await site.tus('HEAD', url)).status), 30);
  await until('its bytes are gone', () => staged() === 0, 30);
});

test('start-up repair: strays in staging and objects are cleared', async (t) => {
  const site = await Site.make(t);
  const bytes = seeded(t).bytes(100000);
  const id = await site.put(bytes);
  const room = join(site.dir, 'agencies', 'harbor-pd');
  await site.stop();
  const stray = '01890a5d-ac96-774b-bcce-b302099a8057';
  const kept = readdirSync(join(room, 'objects'), { recursive: true, withFileTypes: false }).length;
  writeFileSync(join(room, 'staging', stray), 'stray');
  await site.start();
  assert.equal(readdirSync(join(room, 'staging')).filter((f) => f.includes(stray)).length, 0);
  assert.equal(readdirSync(join(room, 'objects'), { recursive: true }).length, kept);
  assert.equal(sha256((await site.content(id)).body), sha256(bytes));
});


// The dock: folders that play cameras, a real site, and everything that can
// come between them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { execFileSync, spawn } from 'node:child_process';
import https from 'node:https';
import {
  appendFileSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync,
  renameSync, rmSync, symlinkSync, utimesSync, writeFileSync, writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { sha256 } from './lib/clips.mjs';
import { cuttingProxy } from './lib/net.mjs';
import { build } from './lib/paths.mjs';
import { seeded } from './lib/random.mjs';
import { Site, patience, program, sleep, until } from './lib/site.mjs';
import { checkProof, verifierKey } from './lib/tlog.mjs';

const KILLS = Number(process.env.SALLYPORT_TEST_DOCK_KILLS ?? 100);
const library = join(build, 'tests', 'fault', 'libfault.so');

const running = new Set();
let site;
let top;
let vkey;

/** A camera's folder, and the docking station's own state. */
class Camera {
  constructor(name) {
    this.name = name;
    this.dir = join(top, name, 'card');
    this.state = join(top, name, 'state');
    this.env = { ...site.cliEnv(), XDG_STATE_HOME: this.state };
    mkdirSync(this.dir, { recursive: true });
    mkdirSync(this.state, { recursive: true });
  }

  write(path, bytes) {
    mkdirSync(dirname(join(this.dir, path)), { recursive: true });
    writeFileSync(join(this.dir, path), bytes);
  }

  has(path) {
    return existsSync(join(this.dir, path));
  }

  files() {
    return execFileSync('find', [this.dir, '-type', 'f', '-printf', '%P\\n']).toString('latin1')
      .split('\n').filter(Boolean);
  }

  start(args = [], env = {}) {
    return new Dock(this, args, env);
  }

  /** Run until it ends by itself: {code, events, stderr}. */
  async once(args = [], env = {}) {
    const dock = this.start(['--once', ...args], env);
    const code = await dock.ended(60);
    return { code, events: dock.events, stderr: dock.stderr };
  }

  journal() {
    const below = join(this.state, 'sallyport', 'dock');
    return join(below, readdirSync(below)[0], 'journal');
  }

  /** Every receipt that was kept, checked without the site and without our code. */
  receipts() {
    const folder = `${this.journal()}.receipts`;
    return readdirSync(folder).filter((f) => f.endsWith('.tlog-proof')).map((f) => {
      const entry = readFileSync(join(folder, f.replace('.tlog-proof', '.json')));
      checkProof(readFileSync(join(folder, f), 'utf8'), entry, vkey);
      const said = JSON.parse(entry);
      assert.equal(said.act, 'evidence.sealed');
      return { id: said.object.id, sha256: said.detail.sha256 };
    });
  }
}

class Dock {
  constructor(camera, args, env) {
    this.events = [];
    this.stderr = '';
    this.odd = '';
    this.child = spawn(program, ['dock', camera.dir, '--json', '--settle', '0', '--rescan', '1',
      ...(args.includes('--retries') ? [] : ['--retries', '3']), ...args], { env: { ...camera.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(this.child);
    this.exit = new Promise((ok) => this.child.on('close', (code, signal) => {
      running.delete(this.child);
      ok(signal ?? code);
    }));
    let rest = '';
    this.child.stdout.setEncoding('utf8').on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const line of lines) this.events.push(JSON.parse(line));
    });
    this.child.stderr.setEncoding('utf8').on('data', (text) => { this.stderr += text; });
  }

  /** Wait for an event: the first that is like `want`. */
  async event(want, seconds = 30) {
    const like = (e) => Object.entries(want).every(([k, v]) => e[k] === v);
    try {
      return await until('event', () => this.events.find(like), seconds);
    } catch {
      throw new Error(`no ${JSON.stringify(want)} in\n${this.events.map((e) => JSON.stringify(e)).join('\n')}\n${this.stderr}`);
    }
  }

  async ended(seconds = 30) {
    const late = setTimeout(() => this.child.kill('SIGKILL'), seconds * 1000 * patience);
    const code = await this.exit;
    clearTimeout(late);
    return code;
  }

  async stop() {
    this.child.kill('SIGTERM');
    return this.ended();
  }
}

const states = (events, path) => events.filter((e) => e.event === 'file' && e.path === path).map((e) => e.state);
const end = (run) => run.events.at(-1);

/** How many items of the site have these bytes. */
async function copies(bytes) {
  return (await site.get(`evidence?sha256=${sha256(bytes)}`)).json().items.length;
}

before(async () => {
  const cleanups = [];
  site = await Site.make({ after: (f) => cleanups.push(f) }, { args: ['--no-media'] });
  site.cleanups = cleanups;
  top = mkdtempSync(join(tmpdir(), 'sallyport-dock-'));
  vkey = verifierKey((await site.get('log/key', { token: '' })).body.toString().trim());
});

after(async () => {
  for (const child of running) child.kill('SIGKILL');
  for (const f of site?.cleanups.reverse() ?? []) await f();
  if (top) rmSync(top, { recursive: true, force: true });
});

describe('a folder that is docked once', () => {
  test('everything that is evidence arrives, is proven and goes; nothing else does', async (t) => {
    const random = seeded(t);
    const cam = new Camera('happy');
    const want = {
      'DCIM/100MEDIA/MOVI0001.MP4': random.bytes(3 << 20),
      'DCIM/100MEDIA/MOVI0002.MP4': random.bytes(100),
      'DCIM/101/empty.MP4': Buffer.alloc(0),
      'Straße "7"\n.mp4': random.bytes(10),
    };
    for (const [path, bytes] of Object.entries(want)) cam.write(path, bytes);
    utimesSync(join(cam.dir, 'DCIM/100MEDIA/MOVI0002.MP4'), 12, 12);
    const odd = Buffer.from(join(cam.dir, 'bad\xff.mp4'), 'latin1');
    writeFileSync(odd, 'odd');
    cam.write('.Trashes/MOVI0001.MP4', 'no');
    cam.write('half.mp4.part', 'no');
    writeFileSync(join(top, 'outside'), 'secret');
    symlinkSync(join(top, 'outside'), join(cam.dir, 'link.mp4'));
    symlinkSync(top, join(cam.dir, 'folder'));
    execFileSync('mkfifo', [join(cam.dir, 'fifo.mp4')]);

    const run = await cam.once(['--clear', '--device', 'cam-114', '--category', 'traffic']);
    assert.equal(run.code, 0, run.stderr);
    assert.deepEqual({ ...end(run), at: 0 },
      { at: 0, cleared: 5, event: 'end', failed: 0, interrupted: false, kept: 0 });
    assert.deepEqual(cam.files().sort(), ['.Trashes/MOVI0001.MP4', 'half.mp4.part']);
    assert.ok(!existsSync(odd));
    assert.equal(readFileSync(join(top, 'outside'), 'utf8'), 'secret');
    for (const [path, bytes] of Object.entries(want)) {
      const { items } = (await site.get(`evidence?sha256=${sha256(bytes)}`)).json();
      assert.equal(items.length, 1, path);
      assert.equal(items[0].device, 'cam-114');
      assert.equal(items[0].category, 'traffic');
      assert.ok((await site.content(items[0].id)).body.equals(bytes));
      const item = (await site.get(`evidence/${items[0].id}`)).json();
      assert.equal(item.extra.card_path, path.replace('\n', '?'));
      if (path.endsWith('2.MP4')) assert.equal(item.captured_at, '1970-01-01T00:00:12.000000Z');
    }
    const path = 'DCIM/100MEDIA/MOVI0001.MP4';
    assert.deepEqual(states(run.events, path).filter((s) => s !== 'found'),
      ['hashing', 'uploading', 'proven', 'cleared']);
    assert.equal(run.events.find((e) => e.path_hex)?.path_hex, Buffer.from('bad\xff.mp4', 'latin1').toString('hex'));
    assert.equal(cam.receipts().length, 5);
  });

  test('what is kept is known, also across runs, and is cleared later on a new proof', async () => {
    const cam = new Camera('kept');
    cam.write('a.mp4', 'kept a');
    cam.write('b.mp4', 'kept a');
    // What a docking station should have: a device's token.
    const issued = await site.request('POST', 'tokens', {
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify({ role: 'device', label: 'dock', expires_in_days: 1 })),
    });
    assert.equal(issued.status, 201);
    cam.env.SALLYPORT_TOKEN = issued.json().token;
    let run = await cam.once();
    assert.equal(run.code, 0, run.stderr);
    assert.equal(end(run).kept, 2);
    assert.equal(await copies(Buffer.from('kept a')), 1);
    run = await cam.once();
    assert.deepEqual(states(run.events, 'a.mp4'), ['kept']);
    const status = await site.cli(['dock', cam.dir, '--status', '--json'], 'harbor-pd', { env: cam.env });
    const lines = status.stdout.trim().split('\n').map((l) => JSON.parse(l));
    assert.deepEqual(lines.map((l) => [l.path, l.state]), [['a.mp4', 'kept'], ['b.mp4', 'kept']]);
    assert.match((await site.cli(['dock', cam.dir, '--status'], 'harbor-pd', { env: cam.env })).stdout,
      /kept +6 B +[0-9a-f-]{36} +\d+ +a\.mp4/);
    run = await cam.once(['--clear']);
    assert.equal(run.code, 0);
    assert.deepEqual(cam.files(), []);
    assert.equal(await copies(Buffer.from('kept a')), 1);
  });

  test('a name that is used again is another item; a content under another name is not', async () => {
    const cam = new Camera('reuse');
    cam.write('MOVI0001.MP4', 'reuse first');
    assert.equal((await cam.once(['--clear'])).code, 0);
    cam.write('MOVI0001.MP4', 'reuse other');
    assert.equal((await cam.once(['--clear'])).code, 0);
    cam.write('RENAMED.MP4', 'reuse first');
    const run = await cam.once(['--clear']);
    assert.equal(run.code, 0);
    assert.ok(!states(run.events, 'RENAMED.MP4').includes('uploading'));
    for (const text of ['reuse first', 'reuse other']) assert.equal(await copies(Buffer.from(text)), 1);
    assert.deepEqual(cam.files(), []);
  });

  test('text for people: lines, and what failed last', async () => {
    const cam = new Camera('text');
    cam.write('a.mp4', 'text a');
    const got = await site.cli(['dock', cam.dir, '--once', '--clear', '--settle', '0'], 'harbor-pd', { env: cam.env });
    assert.equal(got.code, 0, got.stderr);
    assert.match(got.stdout, /^a\.mp4 {2}uploading {2}6 B$/m);
    assert.match(got.stdout, /^a\.mp4 {2}proven {2}[0-9a-f-]{36} {2}6 B {2}sha256 [0-9a-f]{64} {2}receipt checked \(entry \d+\)$/m);
    assert.match(got.stdout, /^a\.mp4 {2}removed$/m);
    assert.match(got.stdout, /^0 kept, 1 removed\n$/m);
    assert.equal(got.stderr, '');
  });

  test('exit codes and words for what cannot be', async () => {
    const cam = new Camera('codes');
    cam.write('a.mp4', 'codes a');
    const cases = [
      [{ SALLYPORT_TOKEN: `${site.token().slice(0, -4)}AAAA` }, 3],
      [{ SALLYPORT_SITE: 'https://127.0.0.1:1' }, 4],
      [{ SALLYPORT_CA: '/nonexistent' }, 1],
    ];
    for (const [env, code] of cases) {
      const run = await cam.once(['--clear', '--agency', 'harbor-pd'], env);
      assert.equal(run.code, code, JSON.stringify(env) + run.stderr);
      assert.ok(cam.has('a.mp4'));
      assert.notEqual(run.stderr, '');
    }
    const dock = (args, env = cam.env) => site.cli(['dock', ...args], 'harbor-pd', { env });
    for (const args of [[], [cam.dir, cam.dir], [cam.dir, '--streams', '0'], [cam.dir, '--settle', 'x'],
      [cam.dir, '--key', 'nonsense'], [cam.dir, '--rescan', '0']])
      assert.equal((await dock(args)).code, 2, args.join(' '));
    assert.match((await dock([join(top, 'nowhere'), '--once'])).stderr, /not there/);
    assert.match((await dock([cam.dir, '--once', '--journal', join(cam.dir, 'j')])).stderr, /must not lie in the folder/);
    assert.equal((await dock([join(top, 'never'), '--status'])).code, 1);
    const other = await dock([cam.dir, '--once', '--key', `${vkey.name ?? 'x'}+00000000+AAAA`]);
    assert.equal(other.code, 2);
    assert.ok(cam.has('a.mp4'));
  });
});

describe('a dock that goes on', () => {
  test('files come, grow and go; SIGTERM ends it well', async () => {
    const cam = new Camera('watch');
    const dock = cam.start(['--clear']);
    await dock.event({ event: 'camera', state: 'present' });
    cam.write('one.mp4', 'watch one');
    await dock.event({ path: 'one.mp4', state: 'cleared' });
    const fd = openSync(join(cam.dir, 'two.mp4'), 'w');
    writeSync(fd, 'begin');
    const waits = await dock.event({ path: 'two.mp4', state: 'settling' });
    assert.match(waits.why ?? 'another program is writing it', /writing/);
    writeSync(fd, ' and end');
    closeSync(fd);
    await dock.event({ path: 'two.mp4', state: 'cleared' });
    assert.equal(await copies(Buffer.from('begin and end')), 1);
    assert.equal(await copies(Buffer.from('begin')), 0);
    mkdirSync(join(cam.dir, 'new/folder'), { recursive: true });
    writeFileSync(join(cam.dir, 'new/folder/three.mp4'), 'watch three');
    await dock.event({ path: 'new/folder/three.mp4', state: 'cleared' });
    const { evidence } = dock.events.find((e) => e.path === 'new/folder/three.mp4' && e.state === 'proven');
    await dock.event({ event: 'site', kind: 'evidence.sealed', evidence });
    assert.equal(await dock.stop(), 0, dock.stderr);
    assert.equal(dock.events.at(-1).event, 'end');
    assert.equal(dock.events.at(-1).interrupted, true);
    assert.equal(dock.events.at(-1).cleared, 3);
  });

  for (const [how, answer] of Object.entries({
    'that is cut': (res) => res.destroy(),
    'that says nothing': () => {},
    'that is none': (res) => { res.writeHead(404, { 'content-length': 0 }); res.end(); },
    'of nonsense': (res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.end('event: evidence.sealed\ndata: \u0007{"evidence":"../x"}\n\n'.repeat(1000));
    },
  }))
    test(`a stream of events ${how} delays nothing`, async (t) => {
      const cam = new Camera(`events-${how.replace(/\W/g, '-')}`);
      const proxy = await liar(t);
      proxy.events = answer;
      const dock = cam.start(['--clear'], { SALLYPORT_SITE: proxy.url });
      for (let i = 0; i < 3; i++) {
        cam.write(`${i}.mp4`, `events ${how} ${i}`);
        await dock.event({ path: `${i}.mp4`, state: 'cleared' }, 10);
      }
      assert.equal(await dock.stop(), 0, dock.stderr);
      assert.ok(!dock.events.some((e) => e.event === 'site'));
    });

  test('two docks do not meet on one folder', async () => {
    const cam = new Camera('two');
    cam.write('a.mp4', 'two a');
    const dock = cam.start([]);
    await dock.event({ path: 'a.mp4', state: 'kept' });
    const second = await cam.once();
    assert.equal(second.code, 1);
    assert.match(second.stderr, /another dock is at work/);
    assert.equal(await dock.stop(), 0);
    assert.equal((await cam.once()).code, 0);
  });

  test('a camera that is pulled out in mid-file is waited for', async (t) => {
    const cam = new Camera('pulled');
    const bytes = seeded(t).bytes(6 << 20);
    const control = join(top, 'pulled', 'control');
    const env = { LD_PRELOAD: library, FAULT_CONTROL: control, FAULT_REPORT: join(top, 'pulled', 'report') };
    const order = (rules) => {
      writeFileSync(`${control}.new`, `${rules}\n`);
      renameSync(`${control}.new`, control);
    };
    assert.ok(existsSync(library), `${library} is built`);
    order('delay-read /card/ ms=40');
    cam.write('DCIM/long.mp4', bytes);
    const dock = cam.start(['--clear'], env);
    await dock.event({ path: 'DCIM/long.mp4', state: 'uploading' });
    // The medium no longer answers, then it is not there at all.
    order('eio-read /card/');
    const broken = await until('a broken medium',
      () => dock.events.find((e) => e.event === 'file' && /Input\/output error/.test(e.why ?? '')));
    assert.equal(broken.state, 'uploading');
    renameSync(cam.dir, `${cam.dir}.pulled`);
    await dock.event({ event: 'camera', state: 'gone' });
    await dock.event({ path: 'DCIM/long.mp4', state: 'vanished' });
    order('');
    renameSync(`${cam.dir}.pulled`, cam.dir);
    await dock.event({ path: 'DCIM/long.mp4', state: 'cleared' });
    assert.equal(await copies(bytes), 1);
    assert.deepEqual(cam.files(), []);
    assert.equal(await dock.stop(), 0, dock.stderr);
  });

  test('a folder that comes only later', async () => {
    const cam = new Camera('later');
    rmSync(cam.dir, { recursive: true });
    const dock = cam.start(['--clear']);
    await sleep(300);
    mkdirSync(cam.dir);
    await dock.event({ event: 'camera', state: 'present' });
    cam.write('a.mp4', 'later a');
    await dock.event({ path: 'a.mp4', state: 'cleared' });
    assert.equal(await dock.stop(), 0);
  });
});

describe('killed, cut and full', () => {
  test(`killed ${KILLS} times at random, each file is there once, and proven`, { timeout: 300000 }, async (t) => {
    const random = seeded(t);
    const cam = new Camera('killed');
    const wanted = new Map();
    let made = 0;
    const add = () => {
      const kind = random.int(0, 9);
      const bytes = kind === 0 && wanted.size > 0 ? random.pick([...wanted.values()])
        : Buffer.concat([random.bytes(random.int(1, kind === 1 ? 2 << 20 : 60000)), Buffer.from(`#${made}`)]);
      wanted.set(sha256(bytes), bytes);
      cam.write(`DCIM/${made % 3}/MOVI${made++}.MP4`, bytes);
    };
    cam.write('DCIM/empty.MP4', Buffer.alloc(0));
    // Another test's empty file is there as well: its own count.
    const empties = await copies(Buffer.alloc(0));
    for (let i = 0; i < KILLS; i++) {
      if (made < 60) add();
      const dock = cam.start(['--clear', '--streams', '3']);
      await sleep(random.int(0, 350));
      dock.child.kill('SIGKILL');
      await dock.exit;
    }
    const run = await cam.once(['--clear']);
    assert.equal(run.code, 0, run.stderr);
    assert.deepEqual(cam.files(), []);
    const receipts = new Set(cam.receipts().map((r) => r.sha256));
    for (const [sum, bytes] of wanted) {
      assert.equal(await copies(bytes), 1, `copies of ${bytes.length} bytes`);
      assert.ok(receipts.has(sum), 'its receipt is kept');
    }
    assert.equal(await copies(Buffer.alloc(0)), empties + 1);
    t.diagnostic(`${wanted.size} contents, ${made} files, ${KILLS} kills`);
  });

  test('over a link that is cut again and again', async (t) => {
    const random = seeded(t);
    const cam = new Camera('cut');
    let cuts = 0;
    const proxy = await cuttingProxy(site, () => (cuts++ < 12 ? random.int(2000, 400000) : Infinity));
    t.after(() => proxy.close());
    const files = Array.from({ length: 4 }, (_, i) => random.bytes(300000 * (i + 1)));
    files.forEach((bytes, i) => cam.write(`${i}.mp4`, bytes));
    const run = await cam.once(['--clear', '--retries', '30'], { SALLYPORT_SITE: proxy.url });
    assert.equal(run.code, 0, run.stderr);
    assert.ok(proxy.cuts >= 3, `${proxy.cuts} cuts`);
    for (const bytes of files) assert.equal(await copies(bytes), 1);
    assert.deepEqual(cam.files(), []);
  });

  test('a full journal, a read-only card: nothing is erased that is not written down', async (t) => {
    const cam = new Camera('full');
    const mounted = [];
    const mount = (dir, options) => {
      execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'none', dir], { stdio: 'pipe' });
      mounted.push(dir);
    };
    t.after(() => mounted.reverse().forEach((dir) => execFileSync('umount', ['-l', dir])));
    try {
      mount(cam.dir, 'size=4m,mode=755');
      mount(cam.state, 'size=256k,mode=700');
    } catch (e) {
      t.skip(`no mounts here: ${e.message.split('\n')[0]}`);
      return;
    }
    // A card that is full to its last byte.
    cam.write('a.mp4', 'full a');
    cam.write('b.mp4', Buffer.alloc(3 << 20, 7));
    try {
      for (;;) appendFileSync(join(cam.dir, 'b.mp4'), Buffer.alloc(4096, 7));
    } catch (e) {
      assert.equal(e.code, 'ENOSPC');
    }
    const b = readFileSync(join(cam.dir, 'b.mp4'));
    execFileSync('mount', ['-o', 'remount,ro', cam.dir]);
    let run = await cam.once(['--clear']);
    assert.equal(run.code, 1, run.stderr);
    assert.ok(run.events.some((e) => e.event === 'camera' && e.state === 'read-only' && /[Rr]ead-only/.test(e.why)));
    assert.ok(run.events.some((e) => e.path === 'a.mp4' && e.state === 'proven' && /cannot be removed/.test(e.why ?? '')));
    assert.ok(cam.has('a.mp4') && cam.has('b.mp4'));
    execFileSync('mount', ['-o', 'remount,rw', cam.dir]);
    // The dock's own disk is full by now.
    try {
      for (let i = 0; ; i++) appendFileSync(join(cam.state, 'filler'), Buffer.alloc(512, 1));
    } catch (e) {
      assert.equal(e.code, 'ENOSPC');
    }
    run = await cam.once(['--clear']);
    assert.equal(run.code, 1, run.stderr);
    assert.match(end(run).why ?? run.stderr, /No space/);
    assert.ok(cam.has('a.mp4') && cam.has('b.mp4'));
    rmSync(join(cam.state, 'filler'));
    run = await cam.once(['--clear']);
    assert.equal(run.code, 0, run.stderr);
    assert.deepEqual(cam.files(), []);
    assert.equal(await copies(b), 1);
    assert.equal(await copies(Buffer.from('full a')), 1);
  });

  test('a damaged journal is refused, a torn one is gone on from', async () => {
    const cam = new Camera('damaged');
    cam.write('a.mp4', 'damaged a');
    assert.equal((await cam.once()).code, 0);
    const journal = cam.journal();
    const good = readFileSync(journal);
    writeFileSync(journal, good.subarray(0, good.length - 20));
    assert.equal((await cam.once()).code, 0);
    assert.equal(await copies(Buffer.from('damaged a')), 1);
    const bad = Buffer.from(good);
    bad[good.indexOf('"size":9') + 7] = 0x38;
    writeFileSync(journal, bad);
    const run = await cam.once(['--clear']);
    assert.equal(run.code, 1);
    assert.match(run.stderr, /journal is damaged: line \d+/);
    assert.ok(cam.has('a.mp4'));
    assert.ok(readFileSync(journal).equals(bad), 'left for whoever looks into it');
  });
});

// ---- Sites that lie ----

/**
 * The site, as seen by a dock, through somebody who holds its certificate and
 * changes answers: lie(request, answer) may put others in their place.
 */
async function liar(t) {
  const it = { lie: null };
  const server = https.createServer({
    key: readFileSync(join(site.dir, 'tls', 'server.key')),
    cert: readFileSync(join(site.dir, 'tls', 'server.pem')),
  }, (req, res) => {
    if (it.events && req.url.endsWith('/events')) {
      it.events(res);
      return;
    }
    const parts = [];
    req.on('error', () => {});
    req.on('data', (d) => parts.push(d));
    req.on('end', async () => {
      try {
        const { host, connection, 'transfer-encoding': te, expect, ...headers } = req.headers;
        const body = Buffer.concat(parts);
        const got = await site.request(req.method, req.url,
          { token: '', headers, body: req.method === 'GET' || req.method === 'HEAD' ? undefined : body });
        const answer = { status: got.status, headers: got.headers, body: got.body };
        const path = req.url.replace('/v1/agencies/harbor-pd/', '');
        await it.lie?.(path, answer);
        const { connection: c, 'transfer-encoding': t2, 'content-length': n, ...out } = answer.headers;
        res.writeHead(answer.status, { ...out, ...(answer.status === 204 ? {} : { 'content-length': answer.body.length }) });
        res.end(answer.body);
      } catch {
        res.destroy();
      }
    });
  });
  await new Promise((ok) => server.listen(0, '127.0.0.1', ok));
  t.after(() => { server.closeAllConnections?.(); return new Promise((ok) => server.close(ok)); });
  it.url = `https://127.0.0.1:${server.address().port}`;
  return it;
}

describe('sites that lie', () => {
  const receipt = (path) => /^evidence\/([^/]+)\/receipt(\/entry)?$/.exec(path);
  /** Each: prepare() makes what the lie shows, then lie(path, answer). */
  const lies = {
    'the receipt of another file': async () => {
      const other = await site.put(Buffer.from('somebody else\'s'));
      return async (path, answer) => {
        const m = receipt(path);
        if (m) answer.body = (await site.get(`evidence/${other}/receipt${m[2] ?? ''}`)).body;
      };
    },
    'another file\'s entry under this receipt': async () => {
      const other = await site.put(Buffer.from('somebody else\'s'));
      return async (path, answer) => {
        if (receipt(path)?.[2]) answer.body = (await site.get(`evidence/${other}/receipt/entry`)).body;
      };
    },
    'an entry with another SHA-256': async () => (path, answer) => {
      if (receipt(path)?.[2])
        answer.body = Buffer.from(answer.body.toString().replace(/("sha256":")[0-9a-f]{4}/, '$1ffff'));
    },
    'the receipt of another agency, of the same bytes': async (bytes) => {
      const other = await site.put(bytes, { filename: 'x' }, { agency: 'mesa-so' });
      return async (path, answer) => {
        const m = receipt(path);
        if (m) answer.body = (await site.get(`evidence/${other}/receipt${m[2] ?? ''}`, { agency: 'mesa-so' })).body;
      };
    },
    'the log and the receipt of another agency': async (bytes) => {
      const other = await site.put(bytes, { filename: 'x' }, { agency: 'mesa-so' });
      return async (path, answer) => {
        const m = receipt(path);
        if (m) answer.body = (await site.get(`evidence/${other}/receipt${m[2] ?? ''}`, { agency: 'mesa-so' })).body;
        if (path.startsWith('log/'))
          answer.body = (await site.get(path, { agency: 'mesa-so', token: '' })).body;
      };
    },
    'a proof that was bent': async () => (path, answer) => {
      if (receipt(path) && !receipt(path)[2])
        answer.body = Buffer.from(answer.body.toString().replace(/^index (\d+)$/m, (_, n) => `index ${Number(n) - 1}`));
    },
    'a signature that was bent': async () => (path, answer) => {
      if (receipt(path) && !receipt(path)[2]) {
        const text = answer.body.toString().trimEnd();
        answer.body = Buffer.from(`${text.slice(0, -6)}${text.at(-6) === 'A' ? 'B' : 'A'}${text.slice(-5)}\n`);
      }
    },
    'an item that it calls corrupt': async () => (path, answer) => {
      if (/^evidence\/[^/]+\/receipt\/item$/.test(path))
        answer.body = Buffer.from(answer.body.toString().replace('"state":"sealed"', '"state":"corrupt"'));
    },
    'no receipt at all': async () => (path, answer) => {
      if (receipt(path)) answer.status = 404;
    },
    'tiles that do not lead to the signed root': async () => (path, answer) => {
      if (path.startsWith('log/tile/')) {
        answer.body = Buffer.from(answer.body);
        answer.body[0] ^= 1;
      }
    },
  };

  for (const [name, prepare] of Object.entries(lies))
    test(`nothing is erased on ${name}`, async (t) => {
      const cam = new Camera(`lie-${name.replace(/\W/g, '-')}`);
      const proxy = await liar(t);
      const env = { SALLYPORT_SITE: proxy.url };
      // Honest at first: key and log are known from then on.
      cam.write('first.mp4', `first ${name}`);
      assert.equal((await cam.once(['--clear'], env)).code, 0);
      const bytes = Buffer.from(`lied about: ${name}`);
      proxy.lie = await prepare(bytes);
      cam.write('second.mp4', bytes);
      const run = await cam.once(['--clear'], env);
      assert.equal(run.code, 1, JSON.stringify(run.events, null, 1) + run.stderr);
      assert.ok(cam.has('second.mp4'));
      const last = run.events.findLast((e) => e.path === 'second.mp4');
      assert.equal(last.state, 'refused');
      assert.notEqual(last.why, undefined);
      assert.ok(!existsSync(join(`${cam.journal()}.receipts`, `${last.evidence}.json`)));
      proxy.lie = null;
      assert.equal((await cam.once(['--clear'], env)).code, 0);
      assert.ok(!cam.has('second.mp4'));
      assert.equal(await copies(bytes), 1);
    });

  test('a key that is not the one given is refused from the first day on', async (t) => {
    const cam = new Camera('given-key');
    const key = (await site.get('log/key', { token: '' })).body.toString().trim();
    const other = (await site.get('log/key', { token: '', agency: 'mesa-so' })).body.toString().trim();
    cam.write('a.mp4', 'given key');
    let run = await cam.once(['--clear', '--key', other]);
    assert.equal(run.code, 1, run.stderr);
    assert.ok(cam.has('a.mp4'));
    run = await cam.once(['--clear', '--key', key]);
    assert.equal(run.code, 0, run.stderr);
    assert.ok(!cam.has('a.mp4'));
    t.diagnostic('both keys are real');
  });

  test('a log that was rewound is refused', async (t) => {
    const cam = new Camera('rewound');
    const proxy = await liar(t);
    const env = { SALLYPORT_SITE: proxy.url };
    const saved = new Map();
    cam.write('a.mp4', 'rewound a');
    // Kept, so that its old receipt can be shown again.
    proxy.lie = (path, answer) => {
      if (receipt(path)) saved.set(path, answer.body);
    };
    assert.equal((await cam.once([], env)).code, 0);
    proxy.lie = null;
    cam.write('b.mp4', 'rewound b');
    assert.equal((await cam.once([], env)).code, 0);
    proxy.lie = (path, answer) => {
      if (saved.has(path)) answer.body = saved.get(path);
    };
    const run = await cam.once(['--clear'], env);
    assert.equal(run.code, 1);
    assert.ok(cam.has('a.mp4') && !cam.has('b.mp4'));
    assert.match(run.events.findLast((e) => e.path === 'a.mp4').why, /went back/);
    proxy.lie = null;
    assert.equal((await cam.once(['--clear'], env)).code, 0);
    assert.deepEqual(cam.files(), []);
  });
});

// A witness for others' logs and a monitor, against a real site and against
// logs that lie; what they say is checked by node:crypto alone.
import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import { connect } from 'node:net';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import * as tlog from './lib/tlog.mjs';
import { seeded } from './lib/random.mjs';
import { patience, processesBelow, program, run, until } from './lib/site.mjs';
import { siteSuite } from './lib/suite.mjs';
import { Log, Signer, Witness, cosignatures, hex256, monitor, parts, requestBody } from './lib/histories.mjs';

const scratch = (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-witness-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};
const entries = (n, tale = '') => Array.from({ length: n }, (_, i) => `{"act":"test","n":${i},"tale":"${tale}"}`);
const now = () => Math.floor(Date.now() / 1000);

describe('a witness', () => {
  const origin = 'log.example/harbor';

  test('its first run makes a key and a folder, later ones use them', async (t) => {
    const dir = join(scratch(t), 'w');
    const without = await run(program, ['log', 'witness', dir, '--listen', '127.0.0.1:0']);
    assert.equal(without.code, 2, without.stderr);
    assert.match(without.stderr, /--name/);
    const w = await Witness.start(t, dir, { name: 'w.example/court' });
    assert.match(w.vkey, /^w\.example\/court\+[0-9a-f]{8}\+B/);
    assert.equal(statSync(join(dir, 'key')).mode & 0o777, 0o600);
    const second = await run(program, ['log', 'witness', dir, '--listen', '127.0.0.1:0']);
    assert.equal(second.code === 0, false);
    assert.match(second.stderr, /already/);
    assert.deepEqual(await w.stop(), { code: 0, signal: null });
    const again = await Witness.start(t, dir);
    assert.equal(again.vkey, w.vkey);
    await again.stop();
    const other = await run(program, ['log', 'witness', dir, '--name', 'else', '--listen', '127.0.0.1:0']);
    assert.equal(other.code, 2);
    const open = await run(program, ['log', 'witness', dir, '--listen', '0.0.0.0:0']);
    assert.equal(open.code, 2, 'plain HTTP for others');
    assert.match(open.stderr, /--cert/);
  });

  test('it cosigns what continues, and nothing else', async (t) => {
    const key = new Signer(origin);
    const log = new Log(key, entries(600));
    const fork = new Log(key, [...entries(40), ...entries(600, 'other').slice(40)]);
    const w = await Witness.start(t, join(scratch(t), 'w'), { name: 'w.example', logs: [key.vkey] });
    const expect = async (body, status, what) => {
      const a = await w.add(body);
      assert.equal(a.status, status, `${what}: ${a.status} ${a.body}`);
      assert.equal(a.body.includes('\u2014'), status === 200, what);
      return a;
    };
    assert.equal((await w.checkpoint(origin)).status, 404);
    for (const [old, size] of [[0, 1], [1, 2], [2, 300], [300, 300], [300, 511], [511, 512]]) {
      const a = await expect(log.request(old, size), 200, `${old} to ${size}`);
      const [c] = cosignatures(w.vkey, log.text(size), a.body);
      assert.ok(Math.abs(c.time - now()) < 60);
      assert.throws(() => cosignatures(w.vkey, log.text(599), a.body), /hold/);
      const kept = (await w.checkpoint(origin)).body;
      assert.equal(parts(kept).text, log.text(size));
      assert.equal(cosignatures(w.vkey, log.text(size), parts(kept).lines).length, 1);
      assert.equal(tlog.checkpoint(kept, tlog.verifierKey(key.vkey)).size, BigInt(size));
    }
    for (const old of [0, 300, 511, 600]) {
      const a = await expect(log.request(old, 600), 409, `old ${old}`);
      assert.equal(a.headers['content-type'], 'text/x.tlog.size');
      assert.equal(a.body, '512\n');
    }
    await expect(log.request(512, 300), 400, 'old over size');
    await expect(fork.request(512, 512), 422, 'two roots');
    await expect(fork.request(512, 600), 422, 'a second history');
    await expect(requestBody(512, fork.consistency(512, 600), log.note(600)), 422, 'a proof of another');
    await expect(requestBody(512, [], log.note(600)), 422, 'no proof');
    await expect(requestBody(512, [Buffer.alloc(32)], log.note(512)), 422, 'proof for nothing');
    await expect(new Log(new Signer('other.example'), ['a']).request(0, 1), 404, 'unknown');
    await expect(new Log(new Signer(origin), entries(600)).request(512, 600), 403, 'another\'s key');
    await expect(log.request(512, 600).replace(/.{4}\n$/, 'AAA=\n'), 403, 'a bad signature');
    await expect(requestBody(512, [], `${origin}\n0\n${log.range(0, 5).toString('base64')}\n`
      + `\n${key.sign(`${origin}\n0\n${log.range(0, 5).toString('base64')}\n`)}`), 422, 'an empty tree that is not');
    for (const garbage of ['', 'old', 'old 0\n', 'old 0\n\n', 'old -1\n\nx\n', 'old 01\n\nx\n', '\0\0\0',
      `old 512\nAAAA\n\n${log.note(600)}`, `old 512\n${'A'.repeat(43)}=\n`.repeat(1) + log.note(600),
      `old 512\n${`${Buffer.alloc(32).toString('base64')}\n`.repeat(64)}\n${log.note(600)}`])
      await expect(garbage, 400, JSON.stringify(garbage.slice(0, 20)));
    // Nothing of that changed what it knows; both sides of the fork are kept.
    await expect(log.request(512, 600), 200, 'the true one');
    const side = (l) => `${hex256(origin)}-${l.range(0, 512).toString('hex')}`;
    const evidence = (l) => readFileSync(join(w.dir, 'forks', side(l)), 'utf8');
    assert.deepEqual(readdirSync(join(w.dir, 'forks')).sort(), [log, fork].map(side).sort());
    assert.equal(evidence(fork), fork.note(512));
    assert.ok(evidence(log).startsWith(log.note(512)));
    assert.equal(cosignatures(w.vkey, log.text(512), evidence(log).slice(log.note(512).length)).length, 1);
    const metrics = (await w.ask('GET', '/metrics')).body;
    assert.match(metrics, /requests_total\{verdict="fork"\} 1\n/);
    assert.match(metrics, new RegExp(`log_size\\{origin="${origin}"\\} 600\n`));
    await w.stop();
  });

  test('logs are read again on SIGHUP', async (t) => {
    const dir = join(scratch(t), 'w');
    const [a, b] = ['a.example', 'b.example'].map((name) => new Log(new Signer(name), ['x']));
    const w = await Witness.start(t, dir, { name: 'w.example', logs: [a.signer.vkey] });
    assert.equal((await w.add(a.request(0, 1))).status, 200);
    assert.equal((await w.add(b.request(0, 1))).status, 404);
    const told = async (text, want) => {
      const before = w.log.length;
      writeFileSync(join(dir, 'logs'), text);
      w.child.kill('SIGHUP');
      await until('the logs are read', () => w.log.slice(before).includes(want));
    };
    await told(`# a second log\n\n${b.signer.vkey}\n`, 'logs.reloaded');
    assert.equal((await w.add(b.request(0, 1))).status, 200);
    await told(`${b.signer.vkey}\nnonsense\n`, 'logs.kept');
    assert.match(w.log, /line 2/);
    assert.equal((await w.add(b.request(1, 1))).status, 200, 'the old list stays');
    await w.stop();
  });

  test('over HTTPS, with a certificate that is renewed', async (t) => {
    const dir = scratch(t);
    const certify = async () => {
      const made = await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
        '-nodes', '-days', '1', '-subj', '/CN=w', '-addext', 'subjectAltName=IP:127.0.0.1',
        '-keyout', join(dir, 'k.pem'), '-out', join(dir, 'c.pem')]);
      assert.equal(made.code, 0, made.stderr);
      return readFileSync(join(dir, 'c.pem'), 'utf8');
    };
    const first = await certify();
    const w = await Witness.start(t, join(dir, 'w'), { name: 'w.example', logs: [],
      args: ['--cert', join(dir, 'c.pem'), '--key', join(dir, 'k.pem')] });
    assert.match(w.url, /^https:/);
    assert.equal((await w.ask('GET', '/healthz', '', { ca: first, agent: false })).status, 200);
    const second = await certify();
    assert.equal((await w.ask('GET', '/healthz', '', { ca: second, agent: false })).status, 0);
    w.child.kill('SIGHUP');
    await until('the new certificate', async () =>
      (await w.ask('GET', '/healthz', '', { ca: second, agent: false })).status === 200);
    await w.stop();
  });

  test('huge bodies, slow bodies, and many at once', async (t) => {
    const log = new Log(new Signer(origin), entries(50));
    const w = await Witness.start(t, join(scratch(t), 'w'), { name: 'w.example', logs: [log.signer.vkey] });
    const huge = Buffer.alloc(4 << 20, 'x');
    for (const size of [69633, 4 << 20]) {
      const a = await w.add(huge.subarray(0, size));
      assert.ok(a.status === 413 || a.status === 0, `${size}: ${a.status}`);
    }
    assert.equal((await w.add(huge.subarray(0, 69632))).status, 400);
    const { port } = new URL(w.url);
    const slow = Array.from({ length: 100 }, () => {
      const s = connect(port, '127.0.0.1');
      s.on('error', () => {});
      s.write('POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 500\r\n\r\nold ');
      return s;
    });
    for (let size = 1; size <= 50; size++)
      assert.equal((await w.add(log.request(size - 1, size))).status, 200);
    for (const s of slow) s.destroy();
    assert.equal((await w.ask('GET', '/healthz')).body, 'ok\n');
    const began = Date.now();
    assert.deepEqual(await w.stop(), { code: 0, signal: null });
    assert.ok(Date.now() - began < 15000 * patience);
  });

  test('it runs with nothing to gain by taking it over', async (t) => {
    const w = await Witness.start(t, join(scratch(t), 'w'), { name: 'w.example' });
    const status = readFileSync(`/proc/${w.child.pid}/status`, 'utf8');
    assert.match(status, /NoNewPrivs:\s*1/);
    if (!/asan|tsan/.test(program)) assert.match(status, /Seccomp:\s*2/);
    assert.deepEqual(processesBelow(w.child.pid), []);
    await w.stop();
  });

  // Two histories race for it while it is killed a hundred times; of one size
  // there is never a second root, and time never runs against size.
  test('a hundred kills while two forks race', async (t) => {
    const random = seeded(t);
    const key = new Signer(origin);
    const tales = ['one', 'two'].map((tale) => new Log(key, entries(400, tale)));
    const dir = join(scratch(t), 'w');
    const w = await Witness.start(t, dir, { name: 'w.example', logs: [key.vkey] });
    const said = []; // every cosignature that ever came out, in order of time
    let over = false;
    const race = async (log, tale) => {
      let size = 0;
      while (!over && size < 400) {
        const next = Math.min(400, size + random.int(0, 2));
        const a = await w.add(log.request(size, next), { agent: false });
        if (a.status === 200) {
          const [c] = cosignatures(w.vkey, log.text(next), a.body);
          said.push({ tale, size: next, root: log.range(0, next).toString('hex'), time: c.time });
          size = next;
        } else if (a.status === 409) {
          size = Number(a.body);
          if (size === 400) size = 0; // all there is
        } else {
          await new Promise((ok) => setTimeout(ok, 2)); // dead, or refused
        }
      }
    };
    const racers = tales.map(race);
    for (let i = 0; i < 100; i++) {
      await new Promise((ok) => setTimeout(ok, random.int(0, 50)));
      await w.kill();
      await w.spawn();
    }
    over = true;
    await Promise.all(racers);
    assert.ok(said.length > 20, `only ${said.length} cosignatures came out`);
    const roots = new Map();
    let largest = 0;
    for (const s of said) {
      assert.equal(roots.get(s.size) ?? s.root, s.root, `two roots for ${s.size}`);
      roots.set(s.size, s.root);
      assert.ok(s.size >= largest, `${s.size} after ${largest}`);
      largest = Math.max(largest, s.size);
    }
    // Both began at nothing: one history won, and all is of it.
    assert.equal(new Set(said.filter((s) => s.size > 0).map((s) => s.tale)).size, 1);
    const kept = parts((await w.checkpoint(origin)).body).text;
    assert.ok(Number(kept.split('\n')[1]) >= largest);
    t.diagnostic(`${said.length} cosignatures up to ${largest}`);
    await w.stop();
  });

  test('a memory that is not whole stops it', async (t) => {
    const dir = join(scratch(t), 'w');
    const log = new Log(new Signer(origin), entries(9));
    const w = await Witness.start(t, dir, { name: 'w.example', logs: [log.signer.vkey] });
    assert.equal((await w.add(log.request(0, 9))).status, 200);
    await w.stop();
    const file = join(dir, 'state', hex256(origin));
    const good = readFileSync(file);
    const refused = async () => {
      const got = await run(program, ['log', 'witness', dir, '--listen', '127.0.0.1:0'], { timeout: 20000 });
      assert.equal(got.code, 1, got.stderr);
      assert.match(got.stderr, /memory/);
    };
    writeFileSync(file, good.toString().replace('\n9\n', '\n8\n'));
    await refused();
    rmSync(join(dir, 'state'), { recursive: true });
    await refused();
    mkdirSync(join(dir, 'state'));
    writeFileSync(file, good);
    await w.spawn();
    assert.equal((await w.add(log.request(9, 9))).status, 200);
    await w.stop();
  });
});

siteSuite('a site, its witnesses and its monitors', { args: ['--no-media', '--witness-gap', '1s'], agencies: ['harbor-pd'] }, (context) => {
  const text = async (path) => {
    const a = await context.site.get(`log/${path}`);
    assert.equal(a.status, 200, path);
    return a.body;
  };
  const env = () => ({ ...context.site.cliEnv() });
  const grow = async (n) => {
    for (let i = 0; i < n; i++) await context.site.put(Buffer.from(`clip ${i} ${Math.random()}`));
  };

  /** The site as others see it through one who changes what it serves. */
  async function between(t, change) {
    const { site } = context;
    const tls = (name) => readFileSync(join(site.dir, 'tls', name));
    const proxy = { change, asked: [] };
    const server = createServer({ cert: tls('server.pem'), key: tls('server.key') }, async (req, res) => {
      const path = req.url.replace('/v1/agencies/harbor-pd/log/', '');
      const token = req.headers.authorization?.replace('Bearer ', '') ?? '';
      proxy.asked.push(path);
      const a = await site.get(req.url, { token });
      const changed = proxy.change?.(path, a.body, a.status);
      if (changed === undefined) {
        res.writeHead(a.status, { 'content-type': a.headers['content-type'] ?? 'text/plain' }).end(a.body);
      } else {
        res.writeHead(changed.status ?? 200).end(changed.body ?? '');
      }
    });
    await new Promise((ok) => server.listen(0, '127.0.0.1', ok));
    t.after(() => { server.closeAllConnections(); server.close(); });
    proxy.url = `https://127.0.0.1:${server.address().port}`;
    return proxy;
  }

  test('a witness cosigns the site\'s log, by proofs from its tiles', async (t) => {
    const vkey = (await text('key')).toString().trim();
    const w = await Witness.start(t, join(scratch(t), 'w'), { name: 'w.example', logs: [vkey] });
    let old = 0n;
    for (const n of [1, 5, 40]) {
      await grow(n);
      const note = (await text('checkpoint')).toString();
      const head = tlog.checkpoint(note, tlog.verifierKey(vkey));
      const tiles = new tlog.Tiles(head.size, text);
      const a = await w.add(requestBody(old, await tiles.consistency(old), note));
      assert.equal(a.status, 200, a.body);
      assert.equal(cosignatures(w.vkey, parts(note).text, a.body).length, 1);
      // Yesterday's checkpoint is told where the witness is.
      const stale = await w.add(requestBody(0, [], note));
      assert.equal(stale.status, 409);
      assert.equal(stale.body, `${head.size}\n`);
      old = head.size;
    }
    await w.stop();
  });

  test('a monitor finds a true log true, from nothing and onward', async (t) => {
    const state = join(scratch(t), 'seen');
    const proxy = await between(t);
    const look = (more = []) => monitor([`${proxy.url}/v1/agencies/harbor-pd/log`, '--state', state, '--once', ...more], env());
    await grow(3);
    const first = await look();
    assert.equal(first.code, 0, first.stdout + first.stderr);
    assert.equal(first.lines.at(-1).event, 'checked');
    assert.equal(first.lines.at(-1).everything, true);
    assert.equal(first.lines.at(-1).entries_read, true);
    await grow(2);
    const second = await look();
    assert.ok(second.lines.at(-1).grown >= 2);
    assert.equal(second.code, 0);
    const plain = await run(program, ['log', 'monitor', 'harbor-pd', '--once', '--state', join(state, 'plain')], { env: env() });
    assert.equal(plain.code, 0, plain.stderr);
    assert.match(plain.stdout, /good: .*entries/);
    for (const bad of ['harbor pd', 'https://x.example/', 'http://127.0.0.1/v1/agencies/a', `${proxy.url}/v1/agencies/harbor-pd/evidence`])
      assert.equal((await run(program, ['log', 'monitor', bad, '--once'], { env: env() })).code, 2, bad);
  });

  test('a monitor that follows reads only what is new, and ends in order', async (t) => {
    const { spawn } = await import('node:child_process');
    const proxy = await between(t);
    const child = spawn(program, ['log', 'monitor', '--json', '--interval', '1s', '--site', proxy.url,
      '--state', join(scratch(t), 'seen')], { env: env(), stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => child.kill('SIGKILL'));
    let out = '';
    child.stdout.on('data', (d) => { out += d; });
    const lines = () => out.trim().split('\n').filter(Boolean).map((l) => JSON.parse(l));
    const over = new Promise((ok) => child.on('exit', (code) => ok(code)));
    await until('a first look', () => lines().length >= 1);
    assert.equal(lines()[0].everything, true);
    await grow(2);
    await until('what came since', () => lines().some((l) => l.grown > 0 && !l.everything));
    // The site is away, and comes back.
    proxy.change = () => ({ status: 503 });
    await until('trouble', () => lines().some((l) => l.event === 'trouble'), 40);
    proxy.change = undefined;
    const n = lines().length;
    await until('good again', () => lines().slice(n).some((l) => l.event === 'checked'), 40);
    child.kill('SIGTERM');
    assert.equal(await over, 0);
  });

  test('each lie ends a monitor with 5, both notes and plain words', async (t) => {
    await grow(4);
    const vkey = tlog.verifierKey((await text('key')).toString());
    const good = (await text('checkpoint')).toString();
    const dir = scratch(t);
    let runs = 0;
    const caught = async (what, kind, change, options = {}) => {
      const began = Date.now(); t.after(() => 0); setTimeout(()=>0,0);
      const state = join(dir, `seen-${runs++}`);
      const proxy = await between(t);
      const look = () => monitor(['--site', proxy.url, '--agency', 'harbor-pd', '--state', state, '--once'], env());
      assert.equal((await look()).code, 0, what);
      proxy.change = change;
      const got = await look();
      assert.equal(got.code, options.code ?? 5, `${what}: ${got.stdout}${got.stderr}`);
      const said = got.lines.at(-1);
      if (kind === undefined) return said;
      assert.equal(said.event, 'contradiction', what);
      assert.equal(said.kind, kind, what);
      const file = (name) => readFileSync(join(said.evidence, name), 'utf8');
      assert.ok(tlog.checkpoint(file('then.note'), vkey).size > 0n, what);
      if (options.note !== false) assert.ok(file('now.note').length > 0);
      assert.match(file('README'), /What|who|Tell/);
      assert.ok(said.meaning.length > 50 && said.advice.length > 50);
      // Nobody forgets by looking again.
      assert.equal((await look()).code, 5, `${what}, again`);
      proxy.change = undefined;
      assert.equal((await look()).code, 0, `${what}, and the truth again`);
      return said;
    };
    const flipped = (body, at) => {
      const b = Buffer.from(body);
      b[at ?? b.length >> 1] ^= 1;
      return { body: b };
    };
    const entry = await caught('an entry is rewritten', 'log.served',
      (path, body) => (path.startsWith('tile/entries/') ? flipped(body) : undefined));
    assert.match(readFileSync(join(entry.evidence, 'README'), 'utf8'), /tile\/entries\/000/);
    assert.ok(statSync(join(entry.evidence, 'served')).size > 100);
    await caught('a hash is rewritten', 'log.served',
      (path, body) => (path.startsWith('tile/0/') ? flipped(body) : undefined));
    await caught('the checkpoint is garbage', 'log.unsigned',
      (path) => (path === 'checkpoint' ? { body: 'certainly\nnot\n' } : undefined));
    await caught('the checkpoint is changed', 'log.unsigned',
      (path, body) => (path === 'checkpoint' ? flipped(body, body.indexOf('\n') + 1) : undefined));
    const other = new Signer(vkey.name);
    await caught('another key', 'log.key',
      (path) => (path === 'key' ? { body: `${other.vkey}\n` } : undefined), { note: false });
    // An old checkpoint of this very log, validly signed.
    await grow(3);
    await caught('the tree is rewound', 'log.rewound',
      (path) => (path === 'checkpoint' ? { body: good } : undefined));
    // Withheld: no proof of a lie, and not good either.
    const missing = await caught('a bundle is missing', undefined,
      (path) => (path.startsWith('tile/entries/') ? { status: 404 } : undefined), { code: 6 });
    assert.equal(missing.event, 'withheld');
    const tile = await caught('a tile is missing', undefined,
      (path) => (path.startsWith('tile/0/') ? { status: 404 } : undefined), { code: 6 });
    assert.equal(tile.event, 'withheld');
    await caught('nobody is there', undefined, () => ({ status: 503 }), { code: 4 });
  });

  test('a log whose holder rewrites it, signing both', async (t) => {
    const { site } = context;
    const key = new Signer('127.0.0.1/harbor-pd');
    const dir = scratch(t);
    const honest = new Log(key, entries(300));
    const longer = new Log(key, entries(700));
    const forked = new Log(key, entries(300, 'x'));
    const rewritten = new Log(key, [...entries(299), '{"act":"never"}', ...entries(700).slice(300)]);
    const proxy = await between(t);
    const show = (log) => {
      proxy.change = (path) => {
        const body = log.serve(path);
        return body === undefined ? { status: 404 } : { body };
      };
    };
    let runs = 0;
    const after = async (log, code, kind) => {
      const args = ['--site', proxy.url, '--agency', 'harbor-pd', '--state', join(dir, `${runs++}`), '--once'];
      show(honest);
      assert.equal((await monitor(args, env())).code, 0);
      show(log);
      const got = await monitor(args, env());
      assert.equal(got.code, code, got.stdout + got.stderr);
      if (kind === undefined) return;
      assert.equal(got.lines.at(-1).kind, kind);
      const { evidence } = got.lines.at(-1);
      // Two notes with one key's signature that no history can both have.
      assert.equal(readFileSync(join(evidence, 'then.note'), 'utf8'), honest.note());
      assert.equal(readFileSync(join(evidence, 'now.note'), 'utf8'), log.note());
      for (const name of ['then.note', 'now.note'])
        tlog.checkpoint(readFileSync(join(evidence, name), 'utf8'), tlog.verifierKey(key.vkey));
    };
    await after(longer, 0);
    // What witnesses cosigned is not what is shown.
    const cosigned = new Signer('w.example', 4);
    for (const [log, kind] of [[forked, 'log.forked'], [rewritten, 'log.rewritten']]) {
      show(longer);
      const serve = proxy.change;
      const size = log === forked ? 700 : 650;
      const other = new Log(key, log === forked ? entries(700, 'x') : log.entries.slice(0, size));
      proxy.change = (path) => (path === 'cosigned' ? { body: other.note() + cosigned.cosign(other.text(), now()) } : serve(path));
      const got = await monitor(['--site', proxy.url, '--agency', 'harbor-pd', '--state', join(dir, `${runs++}`), '--once',
        '--witness', cosigned.vkey], env());
      assert.equal(got.code, 5, got.stdout + got.stderr);
      assert.equal(got.lines.at(-1).kind, kind);
      assert.equal(readFileSync(join(got.lines.at(-1).evidence, 'then.note'), 'utf8'), longer.note());
      assert.equal(parts(readFileSync(join(got.lines.at(-1).evidence, 'now.note'), 'utf8')).text, other.text());
    }
    await after(forked, 5, 'log.forked');
    await after(rewritten, 5, 'log.rewritten');
    await after(new Log(key, entries(299)), 5, 'log.rewound');
    assert.ok(site.url !== proxy.url);
  });

  test('another key ends a monitor at once, another CA file or not', async (t) => {
    const dir = scratch(t);
    const [known, stranger] = [1, 2].map(() => new Signer('127.0.0.1/harbor-pd'));
    const logs = [known, stranger].map((key) => new Log(key, entries(20)));
    const proxy = await between(t);
    const show = (log) => { proxy.change = (path) => ({ status: 404, ...(log.serve(path) && { status: 200, body: log.serve(path) }) }); };
    // The site's CA twice, which are two files to who compares them.
    const cas = ['', '# renewed\n'].map((more, i) => {
      const file = join(dir, `ca-${i}.pem`);
      writeFileSync(file, more + readFileSync(env().SALLYPORT_CA, 'utf8'));
      return file;
    });
    const args = (ca, ...more) => ['--site', proxy.url, '--agency', 'harbor-pd', '--ca', ca, '--state', join(dir, 'seen'), ...more];
    const alarm = (got) => {
      assert.equal(got.code, 5, got.stdout + got.stderr);
      const said = got.lines.at(-1);
      assert.deepEqual([said.event, said.kind], ['contradiction', 'log.key']);
      for (const [name, key] of [['key', known], ['now.key', stranger]])
        assert.equal(readFileSync(join(said.evidence, name), 'utf8').trim(), key.vkey);
      return got.lines.map((l) => l.event);
    };
    show(logs[0]);
    for (const ca of cas) assert.equal((await monitor(args(ca, '--once'), env())).code, 0);
    show(logs[1]);
    // Without --once: it ends by itself, in the first round, and good is not said.
    for (const ca of [cas[0], cas[1], cas[0]])
      assert.deepEqual(alarm(await monitor(args(ca, '--interval', '1s'), env())), ['contradiction']);
    // While it runs.
    show(logs[0]);
    const ends = monitor(args(cas[1], '--interval', '1s'), env());
    await until('a first look', () => proxy.asked.filter((path) => path === 'checkpoint').length >= 7, 40);
    show(logs[1]);
    const said = alarm(await ends);
    assert.ok(said.includes('checked') && said.indexOf('contradiction') === said.length - 1);
  });

  test('a quorum of witnesses is wanted, and fresh', async (t) => {
    const dir = scratch(t);
    const ws = ['a', 'b', 'c'].map((name) => new Signer(`${name}.example`, 4));
    const proxy = await between(t);
    let add = () => '';
    proxy.change = (path, body) => (path === 'checkpoint'
      ? { body: body + add(parts(body.toString()).text) } : undefined);
    const look = async (lines, more = []) => {
      add = lines;
      const got = await monitor(['--site', proxy.url, '--state', join(dir, 's'), '--once',
        ...ws.flatMap((w) => ['--witness', w.vkey]), ...more], env());
      return [got.code, got.lines.find((l) => l.event === 'checked')];
    };
    const all = (text, age = 0) => ws.map((w) => w.cosign(text, now() - age)).join('');
    let [code, line] = await look(all);
    assert.equal(code, 0);
    assert.deepEqual(line.witnesses.map((w) => w.state), ['fresh', 'fresh', 'fresh']);
    [code, line] = await look(() => '');
    assert.equal(code, 6);
    assert.equal(line.quorum_met, false);
    [code] = await look((text) => ws[1].cosign(text, now()), ['--quorum', '1']);
    assert.equal(code, 0);
    [code] = await look((text) => ws[1].cosign(text, now()), ['--quorum', '2']);
    assert.equal(code, 6);
    [code, line] = await look((text) => all(text, 7200), ['--fresh', '1h']);
    assert.equal(code, 6);
    assert.deepEqual(line.witnesses.map((w) => w.state), ['stale', 'stale', 'stale']);
    [code, line] = await look((text) => ws[0].cosign(`${text}x`, now()) + ws[1].cosign(text, now() + 9999)
      + new Signer('c.example', 4).cosign(text, now()));
    assert.equal(code, 6);
    assert.deepEqual(line.witnesses.map((w) => w.state), ['wrong', 'future', 'none']);
    // A log that is ahead of its witnesses has their word on an older checkpoint.
    const older = (await text('checkpoint')).toString();
    await grow(1);
    let cosigned = older + all(parts(older).text);
    proxy.change = (path) => (path === 'cosigned' ? { body: cosigned } : undefined);
    const ahead = () => monitor(['--site', proxy.url, '--state', join(dir, 's'), '--once',
      ...ws.flatMap((w) => ['--witness', w.vkey])], env());
    assert.equal((await ahead()).code, 0);
    cosigned = older;
    assert.equal((await ahead()).code, 6);
    cosigned = 'garbage';
    assert.equal((await ahead()).lines.at(-1).kind, 'log.unsigned');
    const twice = await monitor(['--witness', ws[0].vkey, '--witness', ws[0].vkey, '--once'], env());
    assert.equal(twice.code, 2);
  });

  test('the whole circle: site, witness, monitor', async (t) => {
    const dir = scratch(t);
    const { site } = context;
    const w = await Witness.start(t, join(dir, 'w'), { name: 'w.example', logs: [(await text('key')).toString().trim()] });
    await site.must(['vouch', 'add-witness', site.dir, w.vkey, w.url]);
    await grow(3);
    const got = await until('the witness\'s word', async () => {
      const look = await monitor(['--state', join(dir, 's'), '--once', '--witness', w.vkey, '--fresh', '10m'], env());
      return look.code === 0 ? look : undefined;
    });
    assert.deepEqual(got.lines.at(-1).witnesses.map((x) => x.state), ['fresh']);
    await w.stop();
  });

  test('a monitor that is killed remembers what it had seen', async (t) => {
    const { spawn } = await import('node:child_process');
    const state = join(scratch(t), 'seen');
    const random = seeded(t);
    for (let i = 0; i < 15; i++) {
      const child = spawn(program, ['log', 'monitor', '--interval', '1s', '--state', state],
        { env: env(), stdio: 'ignore' });
      await new Promise((ok) => setTimeout(ok, random.int(0, 120) * patience));
      child.kill('SIGKILL');
      await new Promise((ok) => child.on('exit', ok));
    }
    const got = await monitor(['--state', state, '--once'], env());
    assert.equal(got.code, 0, got.stdout + got.stderr);
  });
});

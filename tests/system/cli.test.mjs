// The client's half of the command line: what it prints, its exit codes, and
// that it takes nothing on faith.
import assert from 'node:assert/strict';
import { test, describe } from 'node:test';
import { spawn } from 'node:child_process';
import https from 'node:https';
import {
  chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync,
  statSync, truncateSync, writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import * as tlog from './lib/tlog.mjs';
import { clips, sha256, sha256File } from './lib/clips.mjs';
import { cuttingProxy } from './lib/net.mjs';
import { root } from './lib/paths.mjs';
import { seeded } from './lib/random.mjs';
import { Site, freePort, program, run, until } from './lib/site.mjs';
import { siteSuite } from './lib/suite.mjs';

const DONE = 0, CHECK_FAILED = 1, USAGE = 2, REFUSED = 3, UNREACHABLE = 4;
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const lines = (text) => text.split('\n').filter((l) => l !== '');
const objects = (text) => lines(text).map((l) => JSON.parse(l));

/** A folder of a test's own. */
function scratch(t) {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-cli-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

describe('cli: help and manual', () => {
  const commands = [['put'], ['list'], ['show'], ['get'], ['custody'], ['export'], ['verify'],
    ['log', 'check'], ['log', 'prove'], ['log', 'monitor'], ['log', 'witness'], ['token', 'add'], ['token', 'list'], ['token', 'revoke'],
    ['screening', 'add'], ['screening', 'list'], ['training', 'add'], ['training', 'demand'], ['training', 'list'],
    ['addendum', 'sign'], ['addendum', 'company'], ['addendum', 'list'], ['agreement', 'add'], ['agreement', 'review'],
    ['agreement', 'end'], ['explain'], ['doctor']];
  const manual = (name) => readFileSync(join(root, 'packaging', 'man', `sallyport-${name}.1`), 'utf8');
  const inManual = (name) => new Set([...manual(name).matchAll(/^\.It Fl (.*)$/gm)]
    .flatMap((m) => [...m[1].matchAll(/(?:^|Fl |, )-([a-z0-9-]+)/g)].map((o) => o[1])));

  test('every option of --help is in the manual, and none besides', async () => {
    const told = {};
    for (const c of commands) {
      const got = await run(program, [...c, '--help'], { env: { PATH: process.env.PATH } });
      assert.equal(got.code, DONE);
      assert.equal(got.stderr, '');
      const set = told[c[0]] ??= new Set();
      for (const m of got.stdout.matchAll(/^ +(?:-\w, )?--([a-z0-9-]+)/gm)) set.add(m[1]);
    }
    for (const [name, options] of Object.entries(told)) {
      options.delete('help');
      assert.deepEqual([...inManual(name)].sort(), [...options].sort(), name);
    }
  });

  test('the manual pages are proper mdoc', async () => {
    for (const c of new Set(commands.map((x) => x[0]))) {
      const got = await run('mandoc', ['-T', 'lint', '-W', 'warning',
        join(root, 'packaging', 'man', `sallyport-${c}.1`)]);
      assert.equal(got.stdout + got.stderr, '', c);
    }
  });

  test('the program\'s manual names every command, and has a page of each', async () => {
    const got = await run(program, ['--help'], { env: { PATH: process.env.PATH } });
    const told = [...got.stdout.matchAll(/^ {2}([a-z]+) {2,}/gm)].map((m) => m[1]);
    assert.ok(told.length > 25, got.stdout);
    const page = readFileSync(join(root, 'packaging', 'man', 'sallyport.1'), 'utf8');
    const named = new Set([...page.matchAll(/^\.It Cm (.*)$/gm)].flatMap((m) => m[1].split(' , ')));
    for (const name of told) {
      if (name === 'completion') assert.ok(named.has('completion bash'), name);
      else {
        assert.ok(named.has(name), `${name} is not in sallyport.1`);
        assert.ok(page.includes(`.Xr sallyport-${name} 1`), `sallyport.1 does not lead to ${name}`);
        assert.ok(existsSync(join(root, 'packaging', 'man', `sallyport-${name}.1`)), name);
      }
    }
    assert.equal(named.size, told.length, 'nothing besides');
  });

  test('wrong usage is explained and exits 2', async () => {
    const env = { PATH: process.env.PATH, SALLYPORT_SITE: 'https://127.0.0.1:9' };
    for (const args of [['put'], ['put', '--nonsense', 'x'], ['put', 'x', '--chunk', '0'],
      ['put', 'x', '--chunk', '9999999999G'], ['put', 'x', '--captured-at', 'noon'],
      ['put', 'x', '--retries', '0'], ['put', 'x', '--receipt', '/nonexistent'],
      ['list', 'x'], ['list', '--limit', '0'], ['list', '--all', '--limit', '3'],
      ['show'], ['show', 'no-id'], ['get'], ['get', '../x'], ['get', 'a', 'b'], ['custody', 'x'],
      ['export', '-o', 'x.zip'], ['export', '01900000-0000-7000-8000-000000000000'],
      ['export', 'x', '-o', 'x.zip'],
      ['export', '01900000-0000-7000-8000-000000000000', '-o', 'x.rar'],
      ['export', '01900000-0000-7000-8000-000000000000', '-o', 'x.zip', '--format', 'rar'],
      ['verify'], ['verify', 'a', 'b'], ['verify', 'a', '--key', 'none'],
      ['log'], ['log', 'nonsense'], ['log', 'check', 'x'], ['log', 'check', '--key', 'none'],
      ['log', 'prove'], ['log', 'prove', '-1'], ['log', 'prove', '1', '--from', '2'],
      ['log', 'prove', '--to', '2'], ['log', 'prove', '--from', '0'],
      ['log', 'monitor', 'a', 'b'], ['log', 'monitor', 'No Slug'], ['log', 'monitor', '--fresh', 'soon'],
      ['log', 'monitor', '--interval', '0'], ['log', 'monitor', '--quorum', '1'], ['log', 'monitor', '--witness', 'none'],
      ['log', 'witness'], ['log', 'witness', 'a', 'b'], ['log', 'witness', '/tmp/no-such-witness'],
      ['log', 'witness', '/tmp/no-such-witness', '--name', 'w', '--log', 'none'],
      ['log', 'witness', '/tmp/no-such-witness', '--name', 'w', '--listen', 'here'],
      ['log', 'witness', '/tmp/no-such-witness', '--name', 'w', '--cert', 'x'],
      ['token'], ['token', 'add'], ['token', 'add', '--role', 'king', '--label', 'x'],
      ['token', 'add', '--role', 'operator', '--label', 'x'],
      ['token', 'add', '--role', 'officer'], ['token', 'add', '--role', 'officer', '--label', 'x', '--days', '367'],
      ['token', 'revoke'], ['token', 'revoke', 'x'], ['doctor'], ['doctor', 'a', 'b'],
      ['list', '--site', 'http://plain.example'], ['list', '--site', 'https://a/b'],
      ['list', '--agency', 'No Slug'], ['list', '--site'], ['serve', 'x', '--unlock', 'file'],
      ['init', 'x', '--agency', 'x-pd', '--name', 'X', '--state', 'FL', '--ori', 'FL0130000', '--geography', 'us',
        '--unlock', 'secret']]) {
      const got = await run(program, args, { env });
      assert.equal(got.code, USAGE, `${args.join(' ')}: ${got.stderr}`);
      assert.equal(got.stdout, '', args.join(' '));
      assert.match(got.stderr, /^sallyport/, args.join(' '));
    }
  });

  test('without a site, or without an agency, it says what to do', async () => {
    const none = await run(program, ['list'], { env: { PATH: process.env.PATH } });
    assert.equal(none.code, USAGE);
    assert.match(none.stderr, /SALLYPORT_SITE/);
    const agency = await run(program, ['list', '--site', 'https://127.0.0.1:9'], { env: { PATH: process.env.PATH } });
    assert.equal(agency.code, USAGE);
    assert.match(agency.stderr, /--agency/);
  });
});

siteSuite('cli', { args: ['--no-media'] }, (context) => {
  const cli = (args, options) => context.site.cli(args, 'harbor-pd', options);
  const must = (args) => context.site.must(args);

  /** The environment of another token, and of a HOME of its own. */
  function as(token, home) {
    const env = { ...context.site.cliEnv(), SALLYPORT_TOKEN: token };
    if (home) env.HOME = home;
    return { env };
  }
  async function token(role) {
    return (await must(['token', 'add', '--role', role, '--label', `test ${role}`])).stdout.trim();
  }

  test('put sends a file and checks its receipt', async (t) => {
    const clip = clips()[0];
    const receipts = scratch(t);
    const got = await must(['put', clip, '--title', 'Überfahrt “7”', '--category', 'traffic',
      '--device', 'cam-114', '--captured-at', '2026-03-01T22:15:00-05:00', '--receipt', receipts]);
    const [id] = got.stdout.split(' ');
    assert.match(id, ID);
    assert.ok(got.stdout.includes(sha256File(clip)));
    assert.match(got.stdout, /receipt checked \(entry \d+\)/);
    assert.equal(got.stderr, '', 'no progress where stderr is no terminal');

    const item = (await context.site.get(`evidence/${id}`)).json();
    assert.equal(item.sha256, sha256File(clip));
    assert.equal(item.size, statSync(clip).size);
    assert.equal(item.filename, basename(clip));
    assert.equal(item.media_type, 'video/mp4');
    assert.equal(item.title, 'Überfahrt “7”');
    assert.equal(item.category, 'traffic');
    assert.equal(item.device, 'cam-114');
    assert.equal(item.captured_at, '2026-03-01T22:15:00-05:00');

    // The receipt it saved holds for a verifier that is not this program's.
    const vkey = tlog.verifierKey((await context.site.get('log/key')).body.toString());
    const entry = readFileSync(join(receipts, `${id}.json`));
    tlog.checkProof(readFileSync(join(receipts, `${id}.tlog-proof`), 'utf8'), entry, vkey);
    assert.equal(JSON.parse(entry).detail.sha256, item.sha256);
  });

  test('put --json prints one object a file', async (t) => {
    const dir = scratch(t);
    writeFileSync(join(dir, 'a.txt'), 'one');
    writeFileSync(join(dir, 'empty'), '');
    const got = await must(['put', '--json', join(dir, 'a.txt'), join(dir, 'empty')]);
    const [a, empty] = objects(got.stdout);
    assert.deepEqual(Object.keys(a).sort(), ['file', 'id', 'receipt', 'resumed_at', 'sha256', 'size']);
    assert.deepEqual(Object.keys(a.receipt).sort(), ['index', 'log', 'log_size']);
    assert.equal(a.file, join(dir, 'a.txt'));
    assert.match(a.id, ID);
    assert.equal(a.sha256, sha256('one'));
    assert.equal(a.size, 3);
    assert.equal(a.resumed_at, 0);
    assert.ok(a.receipt.log_size > a.receipt.index);
    assert.equal(empty.size, 0);
    assert.equal(empty.sha256, sha256(''));
    assert.equal((await context.site.content(empty.id)).body.length, 0);
  });

  test('put in chunks', async (t) => {
    const dir = scratch(t);
    const bytes = seeded(t).bytes(300000);
    writeFileSync(join(dir, 'x.bin'), bytes);
    const [got] = objects((await must(['put', '--json', '--chunk', '64k', join(dir, 'x.bin')])).stdout);
    assert.ok((await context.site.content(got.id)).body.equals(bytes));
  });

  test('one file that fails does not keep the others out', async (t) => {
    const dir = scratch(t);
    writeFileSync(join(dir, 'a'), 'a');
    writeFileSync(join(dir, 'b'), 'b');
    const got = await cli(['put', '--json', join(dir, 'a'), join(dir, 'none'), dir, join(dir, 'b')]);
    assert.equal(got.code, CHECK_FAILED);
    assert.deepEqual(objects(got.stdout).map((o) => basename(o.file)), ['a', 'b']);
    assert.match(got.stderr, /none: it cannot be opened: No such file/);
    assert.match(got.stderr, /this is no file/);
  });

  test('put survives a wire that is cut at random bytes', async (t) => {
    const dir = scratch(t);
    const random = seeded(t);
    const bytes = random.bytes(8 << 20);
    const proxy = await cuttingProxy(context.site, () =>
      (proxy.cuts < 5 ? random.int(20000, 4 << 20) : Infinity));
    t.after(() => proxy.close());
    writeFileSync(join(dir, 'x.bin'), bytes);
    const [got] = objects((await must(['put', '--json', '--site', proxy.url, join(dir, 'x.bin')])).stdout);
    assert.ok(proxy.cuts >= 1, `${proxy.cuts} cuts`);
    assert.equal(got.sha256, sha256(bytes));
    assert.ok((await context.site.content(got.id)).body.equals(bytes));
  });

  for (const signal of ['SIGKILL', 'SIGINT', 'SIGTERM'])
    test(`put ended by ${signal} is taken up where it was cut`, async (t) => {
      const dir = scratch(t);
      const bytes = seeded(t).bytes(24 << 20);
      const file = join(dir, 'x.bin');
      writeFileSync(file, bytes);
      // A wire that stands still after 12 MB: then the client is ended.
      const up = { moved: 0 };
      const proxy = await cuttingProxy(context.site, () => Infinity);
      t.after(() => proxy.close());
      const args = ['put', '--json', '--site', proxy.url, '--chunk', '1M', file];
      const child = spawn(program, args, { env: context.site.cliEnv(), stdio: ['ignore', 'pipe', 'pipe'] });
      let said = '';
      child.stderr.on('data', (d) => { said += d; });
      const over = new Promise((ok) => child.on('exit', (code, how) => ok({ code, how })));
      const state = join(context.site.dir, '.local', 'state', 'sallyport', 'uploads');
      await until('some bytes are stored', async () => {
        if (!existsSync(state)) return false;
        for (const f of readdirSync(state)) {
          const { upload } = JSON.parse(readFileSync(join(state, f)));
          up.moved = await context.site.offset(`${context.site.url}/v1/agencies/harbor-pd/uploads/${upload}`)
            .catch(() => 0);
        }
        return up.moved > 0;
      });
      child.kill(signal);
      const { code, how } = await over;
      // It may have been done by then; else it says that it was not.
      if (code === DONE) return t.diagnostic('it was done before the signal');
      if (signal === 'SIGKILL') assert.equal(how, 'SIGKILL');
      else assert.equal(code, CHECK_FAILED, said);
      if (signal !== 'SIGKILL') assert.match(said, /interrupted\n.*goes on where/);
      const [got] = objects((await must(args)).stdout);
      assert.ok(got.resumed_at > 0, JSON.stringify(got));
      assert.ok((await context.site.content(got.id)).body.equals(bytes));
      assert.deepEqual(readdirSync(state), [], 'nothing is left to be remembered');
    });

  test('a file that changes between two runs is sent afresh', async (t) => {
    const file = join(scratch(t), 'x.bin');
    writeFileSync(file, 'first');
    const [a] = objects((await must(['put', '--json', file])).stdout);
    writeFileSync(file, 'other');
    const [b] = objects((await must(['put', '--json', file])).stdout);
    assert.notEqual(a.id, b.id);
    assert.equal(b.sha256, sha256('other'));
  });

  test('exit codes: refused, unreachable, not trusted', async (t) => {
    const { site } = context;
    const dir = scratch(t);
    const file = join(dir, 'x');
    writeFileSync(file, 'x');
    const none = '01900000-0000-7000-8000-000000000000';
    const auditor = as(await token('auditor'));
    const dead = `https://127.0.0.1:${await freePort()}`;
    const rows = [
      [['show', none], undefined, REFUSED, /404/],
      [['get', none, '-o', join(dir, 'y')], undefined, REFUSED, /404/],
      [['custody', none], undefined, REFUSED, /404/],
      [['export', none, '-o', join(dir, 'y.zip')], undefined, REFUSED, /404/],
      [['token', 'revoke', none], undefined, REFUSED, /404/],
      [['log', 'prove', '999999999'], undefined, REFUSED, /counted from 0/],
      [['log', 'prove', '--from', '999999999'], undefined, REFUSED, /entries/],
      [['put', file], auditor, REFUSED, /403.*auditor/],
      [['put', file, '--category', 'Not A Category'], undefined, REFUSED, /category/],
      [['token', 'list'], auditor, REFUSED, /403/],
      [['list', '--agency', 'mesa-so'], undefined, REFUSED, /404/],
      [['list', '--agency', 'no-such'], undefined, REFUSED, /404/],
      [['list'], as('spt_nonsense'), REFUSED, /401/],
      [['list'], as(site.token().slice(0, -4) + 'AAAA'), REFUSED, /401/],
      [['list'], as(site.token().replace(/^spt_.{22}/, 'spt_AZ3_pY-reyORkWUC6YNOFw')), REFUSED, /401/],
      [['list', '--site', dead], undefined, UNREACHABLE, /no answer/],
      [['put', file, '--site', dead], undefined, UNREACHABLE, /no answer/],
      [['list', '--site', 'https://no-such-host.invalid'], undefined, UNREACHABLE, /no answer/],
    ];
    for (const [args, options, code, says] of rows) {
      const got = await cli(args, options);
      assert.equal(got.code, code, `${args.join(' ')}: ${got.stderr}`);
      assert.match(got.stderr, says);
      assert.equal(got.stdout, '');
      assert.ok(!got.stderr.includes(site.token()), 'no secret is printed');
    }
    // A CA that is not the site's: no connection, whatever the system trusts.
    const other = await Site.make({ after: (f) => t.after(f) }, { start: false, agencies: ['harbor-pd'] });
    const got = await cli(['list', '--ca', other.caPath]);
    assert.equal(got.code, UNREACHABLE);
    assert.match(got.stderr, /--ca/);
    assert.deepEqual(readdirSync(dir), ['x'], 'nothing was left behind');
  });

  test('settings: files where neither option nor environment says', async (t) => {
    const { site } = context;
    const home = scratch(t);
    const config = join(home, '.config', 'sallyport');
    const env = { PATH: process.env.PATH, HOME: home };
    mkdirSync(config, { recursive: true });
    writeFileSync(join(config, 'site'), `${site.url}\n`);
    writeFileSync(join(config, 'token'), `${site.token()}\n`, { mode: 0o600 });
    cpSync(site.caPath, join(config, 'ca.pem'));
    const got = await run(program, ['list', '--json', '--limit', '1'], { env });
    assert.equal(got.code, DONE, got.stderr);
    chmodSync(join(config, 'token'), 0o644);
    const open = await run(program, ['list'], { env });
    assert.equal(open.code, USAGE);
    assert.match(open.stderr, /chmod 600/);
  });

  test('the token tells the agency, also of one that was added since', async () => {
    const { site } = context;
    await site.addAgency('pine-pd');
    for (const slug of ['mesa-so', 'pine-pd']) {
      assert.equal((await site.must(['list'], slug)).stdout, '', 'first of all without --agency');
      const id = await site.put(Buffer.from(slug), undefined, { agency: slug });
      const listed = objects((await site.must(['list', '--json'], slug)).stdout);
      assert.deepEqual(listed.map((i) => i.id), [id]);
      assert.deepEqual((await site.get('/v1/token', { agency: slug })).json().agency, slug);
    }
    const officer = (await site.must(['token', 'add', '--role', 'officer', '--label', 'x'], 'pine-pd')).stdout.trim();
    const own = (await site.get('/v1/token', { token: officer })).json();
    assert.deepEqual(Object.keys(own).sort(), ['agency', 'id', 'kind', 'person', 'role']);
    assert.deepEqual([own.agency, own.role], ['pine-pd', 'officer']);
    assert.equal((await site.get('/v1/token', { token: null })).status, 401);
  });

  test('a site that answers with rubbish is told, not believed', async (t) => {
    const { site } = context;
    const home = scratch(t);
    const answers = {};
    const server = https.createServer({
      key: readFileSync(join(site.dir, 'tls', 'server.key')),
      cert: readFileSync(join(site.dir, 'tls', 'server.pem')),
    }, (req, res) => {
      const [status, headers, body] = answers.next;
      res.writeHead(status, headers);
      if (body === 'flood') {
        const piece = Buffer.alloc(1 << 20, 32);
        const more = () => { while (!res.destroyed && res.write(piece)); };
        res.on('drain', more);
        more();
      } else {
        res.end(body);
      }
      req.resume();
    });
    await new Promise((ok) => server.listen(0, '127.0.0.1', ok));
    t.after(() => { server.closeAllConnections(); server.close(); });
    const url = `https://127.0.0.1:${server.address().port}`;
    const rubbish = [
      [200, {}, ''], [200, {}, 'null'], [200, {}, '[]'], [200, {}, '{"items":1}'],
      [200, {}, '{"items":[]} trailing'], [200, {}, '{"items":[],"items":[]}'],
      [302, { location: 'https://127.0.0.1:9/' }, ''], [204, {}, ''], [200, {}, 'flood'],
      [200, {}, '{"items":[],"next":"again"}'],
    ];
    for (answers.next of rubbish) {
      const got = await run(program, ['list', '--json', '--agency', 'harbor-pd', '--site', url],
        as(site.token(), home));
      assert.ok([CHECK_FAILED, REFUSED, UNREACHABLE].includes(got.code),
        `${answers.next[2]}: ${got.code} ${got.stderr}`);
      assert.equal(got.stdout, '');
    }
    // What it names can drive no terminal, and is no path.
    answers.next = [403, { 'content-type': 'application/problem+json' },
      JSON.stringify({ title: 'x', detail: 'a\u001b[2Jb\u202ec' })];
    const loud = await run(program, ['list', '--agency', 'harbor-pd', '--site', url], as(site.token(), home));
    assert.equal(loud.code, REFUSED);
    assert.match(loud.stderr, /a\?\[2Jb\?c/);
  });

  test('list follows cursors, whatever they look like', async (t) => {
    const { site } = context;
    const pages = new Map([[null, 'a b&c=d/é?#'], ['a b&c=d/é?#', '%00'], ['%00', null]]);
    const asked = [];
    const server = https.createServer({
      key: readFileSync(join(site.dir, 'tls', 'server.key')),
      cert: readFileSync(join(site.dir, 'tls', 'server.pem')),
    }, (req, res) => {
      const query = new URL(req.url, site.url).searchParams;
      asked.push(query.get('limit'));
      const cursor = query.get('cursor');
      assert.ok(pages.has(cursor), req.url);
      const items = Array.from({ length: 1000 }, (_, i) => ({ id: `${asked.length}-${i}`, size: i }));
      res.end(JSON.stringify({ items, next: pages.get(cursor) }));
    });
    await new Promise((ok) => server.listen(0, '127.0.0.1', ok));
    t.after(() => { server.closeAllConnections(); server.close(); });
    const url = `https://127.0.0.1:${server.address().port}`;
    const list = (more) => must(['list', '--json', '--agency', 'harbor-pd', '--site', url, ...more]);
    const all = objects((await list(['--all'])).stdout);
    assert.equal(all.length, 3000);
    assert.equal(all[2999].id, '3-999');
    asked.length = 0;
    assert.equal(objects((await list(['--limit', '1500'])).stdout).length, 1500);
    assert.deepEqual(asked, ['1000', '500']);
  });

  test('list, show, custody', async (t) => {
    const { site } = context;
    const marked = `mark${Date.now()}`;
    const ids = [];
    for (let i = 0; i < 5; i++)
      ids.unshift(await site.put(Buffer.from(`${marked}-${i}`), { filename: `${i}\u202ex.txt`, category: marked }));
    const table = await must(['list', '--category', marked]);
    const [head, ...rows] = lines(table.stdout);
    assert.match(head, /^ID +RECEIVED \(UTC\) +SIZE +CATEGORY +FILE +TITLE$/);
    assert.deepEqual(rows.map((r) => r.split(' ')[0]), ids);
    assert.ok(!table.stdout.includes('\u202e'), 'no control that turns the line');
    const all = objects((await must(['list', '--category', marked, '--json', '--all'])).stdout);
    assert.deepEqual(all.map((i) => i.id), ids);
    const some = await must(['list', '--category', marked, '--json', '--limit', '2']);
    assert.deepEqual(objects(some.stdout).map((i) => i.id), ids.slice(0, 2));
    const more = await must(['list', '--category', marked, '--limit', '2']);
    assert.match(more.stderr, /there is more/);
    const same = objects((await must(['list', '--json', '--sha256', sha256(`${marked}-3`)])).stdout);
    assert.deepEqual(same.map((i) => i.id), [ids[1]]);
    const none = await must(['list', '--category', 'none_of_these']);
    assert.equal(none.stdout, '');
    assert.match(none.stderr, /no evidence/);

    const shown = objects((await must(['show', '--json', ids[0]])).stdout)[0];
    assert.deepEqual(shown, (await site.get(`evidence/${ids[0]}`)).json());
    const text = (await must(['show', ids[0]])).stdout;
    assert.match(text, new RegExp(`^sha256 +${shown.sha256}$`, 'm'));

    await site.content(ids[0]);
    const events = objects((await must(['custody', '--json', ids[0]])).stdout);
    assert.deepEqual(events, (await site.get(`evidence/${ids[0]}/custody`)).json().events);
    assert.ok(events.some((e) => e.entry.act === 'evidence.sealed'));
    const story = lines((await must(['custody', ids[0]])).stdout);
    assert.match(story[0], /^ENTRY +TIME +ACT +OUTCOME +ADDRESS +ACTOR$/);
    assert.equal(story.length, events.length + 1);
    assert.match(story.join('\n'), /evidence\.opened +done +127\.0\.0\.1 +token [0-9a-f-]{36}/);
    t.diagnostic(`${events.length} events`);
  });

  test('get fetches what was sealed, and overwrites nothing unasked', async (t) => {
    const { site } = context;
    const dir = scratch(t);
    const bytes = seeded(t).bytes(3000000);
    const id = await site.put(bytes, { filename: 'clip.mp4', filetype: 'video/mp4' });
    const out = join(dir, 'x.mp4');
    const got = await must(['get', id, '-o', out]);
    assert.ok(readFileSync(out).equals(bytes));
    assert.equal(statSync(out).mode & 0o777, 0o600);
    assert.match(got.stdout, /as sealed \(entry \d+\)/);
    assert.equal(got.stderr, '');
    writeFileSync(out, 'mine');
    const again = await cli(['get', id, '-o', out]);
    assert.equal(again.code, CHECK_FAILED);
    assert.match(again.stderr, /--force/);
    assert.equal(readFileSync(out, 'utf8'), 'mine');
    const [forced] = objects((await must(['get', id, '-o', out, '--force', '--json'])).stdout);
    assert.deepEqual(Object.keys(forced).sort(), ['file', 'id', 'receipt', 'sha256', 'size']);
    assert.equal(forced.sha256, sha256(bytes));
    assert.ok(readFileSync(out).equals(bytes));
    assert.deepEqual(readdirSync(dir), ['x.mp4']);
  });

  test('get goes on by ranges when the wire is cut', async (t) => {
    const { site } = context;
    const dir = scratch(t);
    const bytes = seeded(t).bytes(6 << 20);
    const id = await site.put(bytes);
    // Only what goes up is counted by the proxy; so cut what comes down here.
    const { createServer, connect } = await import('node:net');
    let cuts = 0;
    const server = createServer((client) => {
      const wire = connect(site.port, '127.0.0.1');
      let left = cuts < 4 ? 1 << 20 : Infinity;
      const cut = () => { client.destroy(); wire.destroy(); };
      for (const s of [client, wire]) { s.on('error', cut); s.on('close', cut); }
      client.on('data', (d) => wire.write(d));
      wire.on('data', (d) => {
        left -= d.length;
        if (left > 0) return void client.write(d);
        cuts++;
        cut();
      });
    });
    await new Promise((ok) => server.listen(0, '127.0.0.1', ok));
    t.after(() => server.close());
    const url = `https://127.0.0.1:${server.address().port}`;
    await must(['get', id, '-o', join(dir, 'x'), '--site', url]);
    assert.ok(readFileSync(join(dir, 'x')).equals(bytes));
    assert.ok(cuts >= 4);
  });

  test('get that is ended leaves nothing behind', async (t) => {
    const { site } = context;
    const dir = scratch(t);
    const id = await site.put(seeded(t).bytes(48 << 20));
    const child = spawn(program, ['get', id, '-o', join(dir, 'x')], { env: site.cliEnv(), stdio: 'ignore' });
    const over = new Promise((ok) => child.on('exit', ok));
    await until('it has begun to write', () => {
      const [name] = readdirSync(dir);
      return child.exitCode !== null || (name && statSync(join(dir, name)).size > 0);
    });
    child.kill('SIGINT');
    const code = await over;
    if (code !== DONE) assert.equal(code, CHECK_FAILED);
    assert.deepEqual(readdirSync(dir), code === DONE ? ['x'] : []);
  });

  test('a name that the site tells is never a path', async (t) => {
    const dir = scratch(t);
    for (const [filename, want] of [['.bashrc', '_bashrc'], ['-rf', '_rf'], ['a\\b.mp4', 'a_b.mp4'],
      ['Müller “x”.mp4', 'Müller “x”.mp4']]) {
      const id = await context.site.put(Buffer.from(filename), { filename });
      const got = await cli(['get', id], { cwd: dir });
      assert.equal(got.code, DONE, got.stderr);
      assert.equal(readFileSync(join(dir, want), 'utf8'), filename);
    }
    assert.equal(readdirSync(dir).length, 4);
  });

  for (const at of [1000, 2500000])
    test(`an item whose object was changed at byte ${at}: told at once, nothing is left`, async (t) => {
      const { site } = context;
      const dir = scratch(t);
      const where = join(site.dir, 'agencies', 'harbor-pd', 'objects');
      const all = () => readdirSync(where, { recursive: true }).filter((f) => ID.test(basename(f)));
      const before = new Set(all());
      const id = await site.put(seeded(t).bytes(4000000));
      const [object] = all().filter((f) => !before.has(f));
      const bytes = readFileSync(join(where, object));
      bytes[at] ^= 1;
      writeFileSync(join(where, object), bytes);
      const got = await cli(['get', id, '-o', join(dir, 'x')]);
      assert.equal(got.code, CHECK_FAILED, got.stderr);
      assert.match(got.stderr, /fails its own check/);
      assert.deepEqual(readdirSync(dir), []);
    });

  test('an item whose object was cut short: told at once, nothing is left', async (t) => {
    const { site } = context;
    const dir = scratch(t);
    const where = join(site.dir, 'agencies', 'harbor-pd', 'objects');
    const all = () => readdirSync(where, { recursive: true }).filter((f) => ID.test(basename(f)));
    const before = new Set(all());
    const id = await site.put(seeded(t).bytes(5000));
    const [object] = all().filter((f) => !before.has(f));
    truncateSync(join(where, object), 4000);
    const began = Date.now();
    const got = await cli(['get', id, '-o', join(dir, 'x')]);
    assert.equal(got.code, CHECK_FAILED, got.stderr);
    assert.match(got.stderr, /fails its own check/);
    assert.ok(Date.now() - began < 10000, 'no use in trying again');
    assert.deepEqual(readdirSync(dir), []);
  });

  test('export and verify', async (t) => {
    const { site } = context;
    const dir = scratch(t);
    const a = await site.put(seeded(t).bytes(2000000), { filename: 'a.bin' });
    const b = await site.put(Buffer.from('b'), { filename: 'b.txt' });
    const zip = join(dir, 'case.zip');
    const made = await must(['export', a, b, '-o', zip]);
    assert.match(made.stdout, /2 items/);
    assert.match(made.stderr, /sallyport verify/);
    assert.equal((await cli(['export', a, '-o', zip])).code, CHECK_FAILED);
    const tar = join(dir, 'case.bag');
    const [asTar] = objects((await must(['export', b, '-o', tar, '--format', 'tar', '--json'])).stdout);
    assert.deepEqual(asTar, { file: tar, format: 'tar', items: 1, size: statSync(tar).size });

    const offline = { env: { PATH: process.env.PATH } };
    const key = join(dir, 'key');
    writeFileSync(key, (await site.get('log/key')).body);
    const good = await run(program, ['verify', zip, '--key', key], offline);
    assert.equal(good.code, DONE, good.stderr);
    assert.match(good.stdout, /^good\n/);
    assert.equal(good.stderr, '');
    // A script says to it what it says to every command; nobody is asked.
    const same = await run(program, ['verify', zip, '--site', 'https://127.0.0.1:9', '--ca', '/none', '--agency', 'x-pd'], offline);
    assert.equal(same.code, DONE, same.stderr);
    const json = await run(program, ['verify', tar, '--json'], offline);
    const report = JSON.parse(json.stdout);
    assert.equal(json.code, DONE);
    assert.equal(report.ok, true);
    assert.equal(report.items, 1);
    assert.equal(report.key_pinned, false);
    assert.equal(report.key, readFileSync(key, 'utf8').trim());

    const other = (await site.get('log/key', { agency: 'mesa-so' })).body.toString().trim();
    const pinned = await run(program, ['verify', zip, '--key', other], offline);
    assert.equal(pinned.code, CHECK_FAILED);
    const bytes = readFileSync(tar);
    bytes[bytes.indexOf('data/') + 512 + 0] ^= 1; // the first byte of b.txt
    writeFileSync(tar, bytes);
    const lie = await run(program, ['verify', tar, '--json'], offline);
    const told = JSON.parse(lie.stdout);
    assert.equal(lie.code, CHECK_FAILED);
    assert.equal(told.ok, false);
    assert.ok(told.error.length > 0 && told.place.length > 0, lie.stdout);
    assert.match(lie.stderr, /at /);
    const none = await run(program, ['verify', join(dir, 'none.zip')], offline);
    assert.equal(none.code, CHECK_FAILED);
    assert.deepEqual(readdirSync(dir).sort(), ['case.bag', 'case.zip', 'key']);
  });

  test('log check: recomputed, remembered, and loud when it is another', async (t) => {
    const { site } = context;
    const home = scratch(t);
    const env = as(site.token(), home);
    const first = await cli(['log', 'check', '--json'], env);
    assert.equal(first.code, DONE, first.stderr);
    const a = JSON.parse(first.stdout);
    assert.deepEqual(Object.keys(a).sort(), ['entries_checked', 'entry_bytes', 'log', 'ok',
      'remembered_size', 'root', 'size', 'tiles']);
    assert.equal(a.ok, true);
    assert.equal(a.entries_checked, true);
    assert.equal(a.remembered_size, 0);
    await site.put(Buffer.from('more'));
    const second = JSON.parse((await cli(['log', 'check', '--json'], env)).stdout);
    assert.equal(second.remembered_size, a.size);
    assert.ok(second.size > a.size);
    const text = await cli(['log', 'check'], env);
    assert.match(text.stdout, /^good: .*\n.*as signed\n.*recomputed from .*\n.*it continues the \d+ that were seen/);

    // A device may not read entries: hashes only, and this is said.
    const device = await cli(['log', 'check'], as(await token('device'), home));
    assert.equal(device.code, DONE);
    assert.match(device.stdout, /not from the entries/);
    const anyone = await cli(['log', 'check', '--agency', 'harbor-pd', '--json'], as('', home));
    assert.equal(JSON.parse(anyone.stdout).entries_checked, false);

    // Memory of another state: the log would have been rewritten.
    const state = join(home, '.local', 'state', 'sallyport', 'logs');
    const [file] = readdirSync(state);
    const kept = JSON.parse(readFileSync(join(state, file)));
    const key = (await site.get('log/key', { agency: 'mesa-so' })).body.toString().trim();
    writeFileSync(join(state, file), JSON.stringify({ checkpoint: '', key }));
    const impostor = await cli(['log', 'check'], env);
    assert.equal(impostor.code, CHECK_FAILED);
    assert.match(impostor.stderr, /another log key/);
    writeFileSync(join(state, file), JSON.stringify({ ...kept, checkpoint: kept.checkpoint.replace(/\n\d+\n/, '\n7\n') }));
    const damaged = await cli(['log', 'check'], env);
    assert.equal(damaged.code, CHECK_FAILED);
    assert.match(damaged.stderr, /damaged/);
    const given = await cli(['log', 'check', '--key', key], as(site.token(), scratch(t)));
    assert.equal(given.code, CHECK_FAILED);
    assert.match(given.stderr, /not with the one given/);
  });

  test('a site made afresh at the same address is another one, and this is said', async (t) => {
    const home = scratch(t);
    const old = await Site.make({ after: (f) => t.after(f) }, { agencies: ['harbor-pd'] });
    const { port } = new URL(old.url);
    const put = (site) => site.cli(['put', program], 'harbor-pd', { env: { ...site.cliEnv(), HOME: home } });
    assert.equal((await put(old)).code, DONE);
    await old.stop();
    const fresh = await Site.make({ after: (f) => t.after(f) }, { agencies: ['harbor-pd'], port });
    const got = await put(fresh);
    assert.equal(got.code, DONE, got.stderr);
    assert.match(got.stderr, /another site than before/);
    assert.equal((await put(fresh)).stderr, '');
  });

  test('a log that went back is found', async (t) => {
    const home = scratch(t);
    const old = scratch(t);
    const site = await Site.make({ after: (f) => t.after(f) }, { agencies: ['harbor-pd'] });
    await site.put(Buffer.from('one'));
    await site.stop();
    cpSync(site.dir, join(old, 'site'), { recursive: true });
    await site.start();
    const env = { env: { ...site.cliEnv(), HOME: home } };
    await site.put(Buffer.from('two'));
    assert.equal((await site.cli(['log', 'check'], 'harbor-pd', env)).code, DONE);
    // The provider restores an old backup, and everybody's memory with it.
    await site.stop();
    rmSync(site.dir, { recursive: true });
    cpSync(join(old, 'site'), site.dir, { recursive: true });
    await site.start();
    const back = await site.cli(['log', 'check'], 'harbor-pd', env);
    assert.equal(back.code, CHECK_FAILED);
    assert.match(back.stderr, /went back/);
    // And put takes no receipt from it.
    const file = join(home, 'x');
    writeFileSync(file, 'x');
    await site.put(Buffer.from('another past'));
    await site.put(Buffer.from('and more of it'));
    const forked = await site.cli(['log', 'check'], 'harbor-pd', env);
    assert.equal(forked.code, CHECK_FAILED);
    assert.match(forked.stderr, /rewritten|went back/);
  });

  test('log prove, checked by another verifier', async (t) => {
    const { site } = context;
    const vkey = tlog.verifierKey((await site.get('log/key')).body.toString());
    const size = Number(JSON.parse((await must(['log', 'check', '--json'])).stdout).size);
    const bundle = tlog.parseBundle((await site.get(`log/tile/entries/000.p/${size % 256}`)).body);
    for (const index of [0, 1, Math.floor(size / 2), size - 1]) {
      const proof = (await must(['log', 'prove', String(index)])).stdout;
      assert.equal(tlog.checkProof(proof, bundle[index], vkey).index, BigInt(index));
    }
    const json = JSON.parse((await must(['log', 'prove', '2', '--json'])).stdout);
    assert.equal(json.index, 2);
    assert.equal(json.entry_read, true);
    tlog.checkProof(json.proof, bundle[2], vkey);
    const file = join(scratch(t), 'p');
    await must(['log', 'prove', '2', '-o', file]);
    tlog.checkProof(readFileSync(file, 'utf8'), bundle[2], vkey);
    assert.equal((await cli(['log', 'prove', '2', '-o', file])).code, CHECK_FAILED);
    await must(['log', 'prove', '3', '-o', file, '--force']);

    for (const [from, to] of [[1, size], [2, 5], [5, 5], [3, size - 1]]) {
      const g = JSON.parse((await must(['log', 'prove', '--json', '--from', String(from), '--to', String(to)])).stdout);
      const head = (h) => ({ size: BigInt(h.size), root: Buffer.from(h.root, 'base64') });
      tlog.checkConsistency(head(g.from), head(g.to), g.hashes.map((h) => Buffer.from(h, 'base64')));
      tlog.checkpoint(g.checkpoint, vkey);
      assert.deepEqual([g.from.size, g.to.size], [from, to]);
    }
    const text = lines((await must(['log', 'prove', '--from', '2'])).stdout);
    assert.match(text[0], /^from 2 \S{44}$/);
    assert.match(text[1], /^to \d+ \S{44}$/);
    const blind = await cli(['log', 'prove', '2'], as(await token('device')));
    assert.equal(blind.code, DONE);
    assert.match(blind.stderr, /hash only/);
    tlog.checkProof(blind.stdout, bundle[2], vkey);
  });

  test('tokens', async () => {
    const added = await must(['token', 'add', '--role', 'officer', '--label', 'Ofc. Müller', '--days', '3', '--json']);
    const made = JSON.parse(added.stdout);
    assert.deepEqual(Object.keys(made).sort(), ['expires_at', 'id', 'label', 'person', 'role', 'token']);
    assert.equal(made.person, null, 'a machine\'s');
    assert.equal(made.label, 'Ofc. Müller');
    const days = (new Date(made.expires_at) - Date.now()) / 86400000;
    assert.ok(days > 2.9 && days < 3.1, `${days}`);
    assert.equal((await cli(['list', '--limit', '1'], as(made.token))).code, DONE);
    const plain = await must(['token', 'add', '--role', 'device', '--label', 'cam']);
    assert.match(plain.stdout, /^spt_\S+\n$/);
    assert.match(plain.stderr, /only time/);
    const listed = objects((await must(['token', 'list', '--json'])).stdout);
    const mine = listed.find((x) => x.id === made.id);
    assert.equal(mine.role, 'officer');
    assert.equal(mine.revoked_at, null);
    assert.ok(!JSON.stringify(listed).includes(made.token.slice(30)), 'no secret is listed');
    assert.match((await must(['token', 'list'])).stdout, /Ofc\. Müller/);
    assert.match((await must(['token', 'revoke', made.id])).stdout, /revoked/);
    assert.ok(!objects((await must(['token', 'list', '--json'])).stdout).some((i) => i.id === made.id));
    assert.ok(objects((await must(['token', 'list', '--all', '--json'])).stdout).some((i) => i.id === made.id));
    const gone = await cli(['list'], as(made.token));
    assert.equal(gone.code, REFUSED);
    const again = await cli(['token', 'revoke', made.id]);
    assert.ok([DONE, REFUSED].includes(again.code));
  });

  test('put waits for a site that restarts', async (t) => {
    const site = await Site.make({ after: (f) => t.after(f) }, { agencies: ['harbor-pd'] });
    const file = join(scratch(t), 'x.bin');
    const bytes = seeded(t).bytes(64 << 20);
    writeFileSync(file, bytes);
    const putting = site.cli(['put', '--json', '--chunk', '2M', file]);
    const state = join(site.dir, '.local', 'state', 'sallyport', 'uploads');
    await until('it has begun', () => existsSync(state) && readdirSync(state).length > 0);
    await site.kill();
    await site.start();
    const got = await putting;
    assert.equal(got.code, DONE, got.stderr);
    assert.ok((await site.content(objects(got.stdout)[0].id)).body.equals(bytes));
  });
});

describe('cli: doctor', () => {
  let site;
  const doctor = async (more = []) => {
    const got = await run(program, ['doctor', site.dir, '--json', ...more], { env: { PATH: process.env.PATH } });
    return { ...got, report: got.stdout === '' ? null : JSON.parse(got.stdout) };
  };
  const wrong = (report) => report.findings.filter((f) => f.level === 'wrong');

  test('a healthy site, served or not, has nothing wrong', async (t) => {
    site = await Site.make({ after: () => {} });
    t.diagnostic(site.dir);
    for (let i = 0; i < 3; i++) await site.put(seeded(t).bytes(i * 700000));
    const served = await doctor();
    assert.equal(served.code, DONE, served.stdout);
    await site.stop();
    const before = readdirSync(join(site.dir, 'agencies', 'harbor-pd', 'objects'), { recursive: true });
    const got = await doctor();
    assert.equal(got.code, DONE, got.stdout);
    assert.deepEqual(Object.keys(got.report).sort(), ['findings', 'notes', 'ok', 'wrong']);
    assert.equal(got.report.ok, true);
    assert.ok(got.report.findings.some((f) => f.area === 'log' && /entries hash to the root/.test(f.text)));
    assert.deepEqual(readdirSync(join(site.dir, 'agencies', 'harbor-pd', 'objects'), { recursive: true }), before);
    const text = await run(program, ['doctor', site.dir], { env: { PATH: process.env.PATH } });
    assert.match(text.stdout, /0 wrong/);
    await site.start();
    await site.put(Buffer.from('it serves after being looked at'));
    await site.stop();
  });

  test('what is no site is told', async (t) => {
    const got = await run(program, ['doctor', scratch(t)], { env: { PATH: process.env.PATH } });
    assert.equal(got.code, CHECK_FAILED);
    assert.match(got.stderr, /no site/);
  });

  test('each thing that is wrong is found, with advice', async () => {
    const agency = join(site.dir, 'agencies', 'harbor-pd');
    const kept = join(agency, 'objects');
    const files = () => readdirSync(kept, { recursive: true }).filter((f) => ID.test(basename(f)))
      .map((f) => join(kept, f));
    const spoil = [
      ['keys', /unlock\.key may be used by others/, () => {
        const key = join(site.dir, 'keeper', 'unlock.key');
        chmodSync(key, 0o640);
        return () => chmodSync(key, 0o600);
      }],
      ['objects', /No such file/, () => {
        const [file] = files();
        const bytes = readFileSync(file);
        rmSync(file);
        return () => writeFileSync(file, bytes);
      }],
      ['objects', /bytes instead of/, () => {
        const [file] = files();
        const bytes = readFileSync(file);
        truncateSync(file, bytes.length - 1);
        return () => writeFileSync(file, bytes);
      }],
      ['tls', /server\.pem/, () => {
        const pem = join(site.dir, 'tls', 'server.pem');
        const bytes = readFileSync(pem);
        writeFileSync(pem, 'not a certificate');
        return () => writeFileSync(pem, bytes);
      }],
    ];
    for (const [area, says, change] of spoil) {
      const undo = change();
      const got = await doctor();
      undo();
      assert.equal(got.code, CHECK_FAILED, String(says));
      assert.equal(got.report.ok, false);
      const found = wrong(got.report);
      assert.ok(found.every((f) => f.area === area && f.advice.length > 0), JSON.stringify(found));
      assert.ok(found.some((f) => says.test(f.text)), JSON.stringify(found));
    }
    assert.equal((await doctor()).code, DONE, 'and all is well again');
  });

  test('strays are worth a note', async () => {
    const agency = join(site.dir, 'agencies', 'harbor-pd');
    writeFileSync(join(agency, 'objects', 'notes.txt'), 'x');
    writeFileSync(join(agency, 'staging', '01900000-0000-7000-8000-000000000000'), 'x');
    mkdirSync(join(site.dir, 'agencies', 'half-made'));
    const got = await doctor();
    assert.equal(got.code, DONE);
    const notes = got.report.findings.filter((f) => f.level === 'note').map((f) => f.text).join('\n');
    assert.match(notes, /stray file objects\/notes\.txt/);
    assert.match(notes, /on no record/);
    assert.match(notes, /half-made/);
    // And what is advised helps.
    const folder = join(site.dir, 'agencies', 'half-made');
    const add = () => run(program, ['agency', 'add', site.dir, 'half-made', '--name', 'Half', '--state', 'FL',
      '--ori', 'FL0990000', '--geography', 'us', '--json'], { env: { PATH: process.env.PATH } });
    assert.match(got.report.findings.find((f) => /half-made/.test(f.text)).advice, /moved away/);
    assert.equal((await add()).code, REFUSED);
    renameSync(folder, join(site.dir, '..', 'half-made'));
    assert.equal((await add()).code, DONE);
  });

  test('an entry changed in the database is found', async () => {
    const db = join(site.dir, 'agencies', 'harbor-pd', 'agency.db');
    const done = await run('sqlite3', [db, 'DROP TRIGGER ledger_entry_holds;'
      + " UPDATE ledger_entry SET body = CAST(replace(CAST(body AS TEXT), 'done', 'dome') AS BLOB)"
      + ' WHERE idx = 3; SELECT changes();']);
    assert.equal(done.stdout.trim(), '1', done.stderr);
    const got = await doctor();
    assert.equal(got.code, CHECK_FAILED, got.stdout);
    assert.ok(wrong(got.report).some((f) => f.area === 'log' && /3/.test(f.text)), got.stdout);
    await site.kill();
    rmSync(join(site.dir, '..'), { recursive: true, force: true });
  });
});

// The live view: what happens comes as server-sent events, to those who may
// hear it, for as long as their token is good, and not from a past process.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { eventSource, follow } from './lib/events.mjs';
import { Site, program, sleep, until } from './lib/site.mjs';
import { siteSuite } from './lib/suite.mjs';

const bytes = (n, fill = 7) => Buffer.alloc(n, fill);

async function tokenFor(site, role, agency = 'harbor-pd') {
  const made = await site.must(['token', 'add', '--role', role, '--label', 'a test', '--json'], agency);
  const { id, token } = JSON.parse(made.stdout);
  return { id, token };
}

siteSuite('events', {}, (context) => {
  test('curl -N sees an upload come, be sealed and looked into', async (t) => {
    const { site } = context;
    const curl = spawn('curl', ['-sS', '-N', '--cacert', site.caPath, '-H', `Authorization: Bearer ${site.token()}`,
      `${site.url}/v1/agencies/harbor-pd/events`], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => curl.kill());
    let text = '';
    curl.stdout.on('data', (d) => { text += d; });
    await until('the first lines', () => /^retry: 3000\nid: \d+\n\n/.test(text));
    const url = await site.create(300);
    await site.patch(url, 0, bytes(100));
    const id = url.split('/').at(-1);
    await until('progress', () => text.includes(
      `event: upload.progress\ndata: {"evidence":"${id}","length":300,"offset":100,"time":"`));
    await site.patch(url, 100, bytes(200));
    await until('sealed', () => text.includes(`event: evidence.sealed\ndata: {"evidence":"${id}","size":300,"time":"`));
    await until('probed', () => text.includes(`event: media.probed\ndata: {"evidence":"${id}","time":"`));
    // News, not names.
    assert.ok(!text.includes('clip.mp4'));
    assert.ok(text.indexOf('evidence.sealed') < text.indexOf('media.probed'));
    const ids = [...text.matchAll(/^id: (\d+)$/gm)].map((m) => BigInt(m[1]));
    assert.deepEqual(ids, [...ids].sort((a, b) => (a < b ? -1 : 1)));
  });

  test('a long upload tells how far it is, a few times a second', async () => {
    const { site } = context;
    const s = await follow(site);
    const url = await site.create(4000);
    const id = url.split('/').at(-1);
    for (let at = 0; at < 4000; at += 100) await site.patch(url, at, bytes(100));
    await s.wait('sealed', (e) => e.event === 'evidence.sealed' && e.data.evidence === id);
    const far = s.events().filter((e) => e.event === 'upload.progress' && e.data.evidence === id);
    assert.ok(far.length >= 1 && far.length < 40, `${far.length} of 40 pieces told`);
    for (let i = 1; i < far.length; i++) assert.ok(far[i].data.offset > far[i - 1].data.offset);
    s.close();
  });

  test('Last-Event-ID goes on where a broken stream was', async () => {
    const { site } = context;
    const s = await follow(site);
    const last = s.lastId();
    s.close();
    const first = await site.put(bytes(10));
    const second = await site.put(bytes(11));
    const again = await follow(site, { last });
    await again.wait('the second', (e) => e.event === 'evidence.sealed' && e.data.evidence === second);
    assert.ok(again.events().some((e) => e.event === 'evidence.sealed' && e.data.evidence === first));
    assert.ok(!again.events().some((e) => e.event === 'missed'));
    again.close();
  });

  test('only of one item; and another agency hears nothing', async () => {
    const { site } = context;
    const url = await site.create(5);
    const id = url.split('/').at(-1);
    const one = await follow(site, { query: `?object=${id}` });
    const mesa = await follow(site, { agency: 'mesa-so' });
    const other = await site.put(bytes(9));
    await site.patch(url, 0, bytes(5));
    await one.wait('sealed', (e) => e.event === 'evidence.sealed');
    assert.ok(one.events().every((e) => e.data.evidence === id) && !one.text.includes(other));
    await site.put(bytes(3), undefined, { agency: 'mesa-so' });
    await mesa.wait('its own', (e) => e.event === 'evidence.sealed');
    assert.ok(!mesa.text.includes(id) && !mesa.text.includes(other));
    one.close();
    mesa.close();
    for (const token of [site.token('mesa-so'), 'spt_x', ''])
      assert.equal((await follow(site, { token })).status, token.startsWith('spt_') && token.length > 9 ? 404 : 401);
  });

  test('a device hears of what it brings in', async () => {
    const { site } = context;
    const device = await tokenFor(site, 'device');
    const s = await follow(site, { token: device.token });
    const theirs = await site.put(bytes(20));
    const own = await site.put(bytes(21), undefined, { token: device.token });
    await s.wait('its own, sealed', (e) => e.event === 'evidence.sealed' && e.data.evidence === own);
    await s.wait('its own, looked into', (e) => e.event === 'media.probed' && e.data.evidence === own);
    assert.ok(!s.text.includes(theirs));
    s.close();
  });

  test('a damaged object is told when it is found', async () => {
    const { site } = context;
    const folder = join(site.dir, 'agencies', 'harbor-pd', 'objects');
    const files = () => readdirSync(folder, { recursive: true }).map((f) => join(folder, f))
      .filter((f) => statSync(f).isFile());
    const s = await follow(site);
    const before = new Set(files());
    const id = await site.put(bytes(5000), { filename: 'a.txt', filetype: 'text/plain' });
    await s.wait('looked into', (e) => e.event === 'media.probed' && e.data.evidence === id);
    const [path] = files().filter((f) => !before.has(f));
    const fd = openSync(path, 'r+');
    writeSync(fd, Buffer.from('changed'), 0, 7, 3000);
    closeSync(fd);
    for (let i = 0; i < 2; i++) assert.equal((await site.content(id)).status, 500);
    await s.wait('corrupt', (e) => e.event === 'evidence.corrupt' && e.data.evidence === id);
    await sleep(300);
    assert.equal(s.events().filter((e) => e.event === 'evidence.corrupt').length, 1);
    s.close();
  });

  test('a revoked token hears no more, at once', async () => {
    const { site } = context;
    const officer = await tokenFor(site, 'officer');
    const all = await Promise.all(Array.from({ length: 5 }, () => follow(site, { token: officer.token })));
    const other = await follow(site);
    const began = Date.now();
    await site.must(['token', 'revoke', officer.id]);
    for (const s of all) {
      await until('its end', () => s.ended);
      assert.equal(s.ended, true);
      assert.deepEqual(s.events().at(-1), { event: 'over', data: { why: 'token' } });
    }
    assert.ok(Date.now() - began < 10000);
    assert.equal((await follow(site, { token: officer.token })).status, 401);
    assert.equal(other.ended, false);
    other.close();
  });

  test('HEAD tells the fields; a stream is not kept in caches or proxies', async () => {
    const { site } = context;
    const head = await site.request('HEAD', 'events');
    const s = await follow(site);
    for (const h of [head.headers, s.headers]) {
      assert.equal(h['content-type'], 'text/event-stream');
      assert.equal(h['cache-control'], 'no-store');
      assert.equal(h['x-accel-buffering'], 'no');
      assert.equal(h.connection, 'close');
    }
    s.close();
    for (const query of ['?object=x', '?objects=1', '?object=1&object=2'])
      assert.equal((await follow(site, { query })).status, 400, query);
    for (const last of ['x', '-1', '1 ; 2', '99999999999999999999'])
      assert.equal((await follow(site, { last })).status, 400, last);
  });
});

test('sallyport events follows, goes on after a restart, and ends with its token', async (t) => {
  const site = await Site.make(t, { agencies: ['harbor-pd'] });
  const officer = await tokenFor(site, 'officer');
  const start = (args, token) => {
    const child = spawn(program, ['events', ...args], { env: { ...site.cliEnv(), SALLYPORT_TOKEN: token } });
    child.text = '';
    child.said = '';
    child.stdout.on('data', (d) => { child.text += d; });
    child.stderr.on('data', (d) => { child.said += d; });
    child.exited = new Promise((ok) => child.on('exit', (code, signal) => ok({ code, signal })));
    t.after(() => child.kill('SIGKILL'));
    return child;
  };
  const json = start(['--json'], officer.token);
  const plain = start([], site.token());
  const streams = async () => Number(/^sallyport_event_streams (\d+)$/m.exec(
    (await site.get('/metrics', { token: '' })).body.toString())[1]);
  await until('both follow', async () => (await streams()) === 2);
  const id = await site.put(bytes(2500));
  const heard = () => json.text.trim().split('\n').filter(Boolean).map((l) => JSON.parse(l));
  const sealed = await until('sealed', () => heard().find((e) => e.event === 'evidence.sealed'));
  assert.equal(sealed.data.evidence, id);
  assert.match(sealed.id, /^\d+$/);
  await until('a line', () => new RegExp(`^\\S{19}  evidence\\.sealed   ${id}  2\\.5 kB$`, 'm').test(plain.text));
  await site.stop();
  await site.start();
  await until('missed', () => heard().some((e) => e.event === 'missed'));
  const next = await site.put(bytes(9));
  await until('what comes after', () => heard().some((e) => e.event === 'evidence.sealed' && e.data.evidence === next));
  await site.must(['token', 'revoke', officer.id]);
  assert.deepEqual(await json.exited, { code: 3, signal: null });
  assert.match(json.said, /revoked or has expired/);
  plain.kill('SIGINT');
  assert.deepEqual(await plain.exited, { code: 0, signal: null });
  assert.equal((await site.cli(['events', '--object', 'x'])).code, 2);
  assert.equal((await site.cli(['events', 'x'])).code, 2);
});

test('an EventSource outlives the server: over, and then missed', async (t) => {
  const site = await Site.make(t, { agencies: ['harbor-pd'] });
  const source = eventSource(site);
  t.after(() => source.close());
  await until('open', () => source.opened === 1);
  const id = await site.put(bytes(10));
  await source.wait('sealed', (e) => e.event === 'evidence.sealed' && e.data.evidence === id);
  const began = Date.now();
  const how = await site.stop();
  assert.deepEqual(how, { code: 0, signal: null });
  assert.ok(Date.now() - began < 10000, 'streams do not hold up a stop');
  await source.wait('over', (e) => e.event === 'over');
  assert.deepEqual(source.heard.at(-1).data, { why: 'stop' });
  await site.start();
  await source.wait('missed', (e) => e.event === 'missed');
  const next = await site.put(bytes(12));
  await source.wait('what comes after', (e) => e.event === 'evidence.sealed' && e.data.evidence === next);
});

test('limits: streams have their own, and leave the others theirs', async (t) => {
  const site = await Site.make(t, { agencies: ['harbor-pd', 'mesa-so'],
    args: ['--event-streams', '6', '--event-streams-per-agency', '5', '--event-streams-per-token', '3', '--connections', '40'] });
  const officer = await tokenFor(site, 'officer');
  const open = [];
  for (let i = 0; i < 3; i++) open.push(await follow(site));
  const refused = await follow(site);
  assert.equal(refused.status, 429);
  assert.match(refused.text, /"reason":"events.token"/);
  for (let i = 0; i < 2; i++) open.push(await follow(site, { token: officer.token }));
  assert.match((await follow(site, { token: officer.token })).text, /"reason":"events.agency"/);
  open.push(await follow(site, { agency: 'mesa-so' }));
  assert.match((await follow(site, { agency: 'mesa-so' })).text, /"reason":"events.site"/);
  assert.ok(open.every((s) => s.status === 200 && s.ended === false));
  const metrics = (await site.get('/metrics', { token: '' })).body.toString();
  assert.match(metrics, /^sallyport_event_streams 6$/m);
  assert.match(metrics, /^sallyport_event_streams_refused_total 3$/m);
  // Places come back when clients go, without waiting for a beat.
  for (const s of open) s.close();
  await until('room', async () => {
    const s = await follow(site);
    s.close();
    return s.status === 200;
  });
});

// Faults of the machine: a full disk, an fsync that fails, a clock that is set
// back.  tests/fault/libfault.so is preloaded into the site's processes and
// does as its control file says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { existsSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from './lib/clips.mjs';
import { build } from './lib/paths.mjs';
import { seeded } from './lib/random.mjs';
import { Site, metadata, until } from './lib/site.mjs';

const library = join(build, 'tests', 'fault', 'libfault.so');

/** A site whose faults can be ordered: order(''), order('enospc /staging/'). */
async function faulty(t, options = {}) {
  assert.ok(existsSync(library), `${library} is built`);
  // Nobody writes but who the test asks to: faults meet whom they are meant for.
  const site = await Site.make(t, { ...options, args: ['--no-media', ...(options.args ?? [])], start: false });
  const control = join(site.dir, '..', 'control');
  const report = join(site.dir, '..', 'report');
  const order = (rules) => {
    writeFileSync(`${control}.new`, `${rules}\n`);
    renameSync(`${control}.new`, control);
    writeFileSync(report, '');
  };
  order('');
  site.env = { LD_PRELOAD: library, FAULT_CONTROL: control, FAULT_REPORT: report };
  await site.start();
  return { site, order, hits: () => readFileSync(report, 'utf8').split('\n').filter(Boolean) };
}

function problem(a, status, what) {
  assert.ok([status].flat().includes(a.status), `${what}: ${a.status} ${a.body}`);
  assert.match(a.headers['content-type'], /^application\/problem\+json/);
}

const log = async (site) => Number((await site.get('log/checkpoint', { token: '' })).body.toString().split('\n')[1]);
const files = (site, name) => readdirSync(join(site.dir, 'agencies', 'harbor-pd', name), { recursive: true }).length;

test('disk full where objects lie: 507, nothing half recorded, goes on when there is space', async (t) => {
  const { site, order, hits } = await faulty(t);
  const random = seeded(t);
  const kept = random.bytes(100000);
  const id = await site.put(kept);
  const bytes = random.bytes(5 << 20);
  const url = await site.create(bytes.length);
  const first = 1500001;
  assert.equal((await site.patch(url, 0, bytes.subarray(0, first))).status, 204);
  order('enospc /staging/');
  const full = await site.patch(url, first, bytes.subarray(first)).catch((e) => ({ status: 0, error: e }));
  if (full.status !== 0) problem(full, 507, 'PATCH');
  assert.ok(hits().length > 0, 'the fault was met');
  assert.equal(sha256((await site.content(id)).body), sha256(kept), 'reading goes on');
  const again = await site.patch(url, await site.offset(url), Buffer.from(bytes.subarray(await site.offset(url)))).catch(() => ({ status: 0 }));
  assert.notEqual(again.status, 204);
  order('');
  const at = await site.offset(url);
  assert.ok(at >= first, `${at} < ${first}: what was acknowledged is gone`);
  const last = await site.patch(url, at, bytes.subarray(at));
  assert.equal(last.status, 204, `${last.body}`);
  assert.equal(sha256((await site.content(last.headers['sallyport-evidence'])).body), sha256(bytes));
  await site.stop();
  await site.start();
  assert.equal(files(site, 'staging'), 0);
});

test('disk full where the database lies: 507 at worst, nothing half recorded', async (t) => {
  const { site, order, hits } = await faulty(t);
  const random = seeded(t);
  const kept = random.bytes(100000);
  const id = await site.put(kept);
  const size = await log(site);
  const items = (await site.get('evidence')).json().items.length;
  const bytes = random.bytes(3000);
  const url = await site.create(bytes.length);
  order('enospc-all agency.db');
  const a = await site.patch(url, 0, bytes);
  problem(a, 507, 'PATCH');
  problem(await site.tus('POST', 'uploads', { headers: { 'upload-length': 1,
    'upload-metadata': metadata({ filename: 'a' }) } }), 507, 'POST');
  assert.ok(hits().length > 0);
  assert.equal((await site.get(`evidence/${id}`)).status, 200);
  assert.equal((await site.get('evidence')).json().items.length, items);
  // A viewing needs its entry: without one there is no content.
  const view = await site.content(id);
  problem(view, [503, 507], 'content');
  order('');
  const at = await until('space is back', async () => {
    const h = await site.tus('HEAD', url);
    return h.status === 200 && [Number(h.headers['upload-offset'])];
  });
  if (at[0] < bytes.length) assert.equal((await site.patch(url, at[0], bytes.subarray(at[0]))).status, 204);
  const list = (await site.get(`evidence?sha256=${sha256(bytes)}`)).json().items;
  assert.equal(list.length, 1);
  assert.equal(sha256((await site.content(list[0].id)).body), sha256(bytes));
  assert.ok(await log(site) > size);
  assert.equal(sha256((await site.content(id)).body), sha256(kept));
});

for (const [what, rule] of [['an object', 'eio /staging/'], ['the database', 'eio agency.db']])
  test(`a failed fsync of ${what}: writing stops, reading goes on, others are not touched`, async (t) => {
    const { site, order, hits } = await faulty(t);
    const random = seeded(t);
    const kept = random.bytes(100000);
    const id = await site.put(kept);
    // A viewing that was opened before; opening one needs an entry.
    assert.equal((await site.content(id, { headers: { range: 'bytes=0-9' } })).status, 206);
    const bytes = random.bytes(2 << 20);
    const url = await site.create(bytes.length);
    order(`${rule} count=1`);
    const a = await site.patch(url, 0, bytes);
    problem(a, [500, 503, 507], 'PATCH');
    assert.equal(hits().length, 1, 'one failed fsync is enough');
    order('');
    const create = () => site.tus('POST', 'uploads', { headers: { 'upload-length': 1,
      'upload-metadata': metadata({ filename: 'a' }) } });
    for (let i = 0; i < 5; i++) problem(await create(), [500, 503], 'it stays stopped');
    assert.match((await create()).json().type, /stopped/);
    assert.equal((await site.get('/readyz', { token: '' })).status, 503);
    assert.equal((await site.get(`evidence/${id}`)).status, 200);
    assert.equal((await site.get('log/checkpoint', { token: '' })).status, 200);
    assert.equal(sha256((await site.content(id)).body), sha256(kept));
    await site.put(random.bytes(1000), undefined, { agency: 'mesa-so' });
    await site.kill();
    await site.start();
    // An fsync that failed may have reached the disk all the same: then the
    // upload is evidence.  Otherwise it goes on from what was acknowledged.
    const known = await site.tus('HEAD', url);
    let evidence = known.headers['sallyport-evidence'];
    if (!evidence) {
      const at = Number(known.headers['upload-offset']);
      const last = await site.patch(url, at, bytes.subarray(at));
      assert.equal(last.status, 204, `${last.body}`);
      evidence = last.headers['sallyport-evidence'];
    }
    assert.equal(sha256((await site.content(evidence)).body), sha256(bytes));
    assert.equal((await site.cli(['log', 'check', '--agency', 'harbor-pd'])).code, 0);
  });

test('the clock set back a day: nothing is lost, out of order or expired', async (t) => {
  const { site, order } = await faulty(t);
  const random = seeded(t);
  const before = [];
  for (let i = 0; i < 3; i++) before.push(await site.put(random.bytes(1000)));
  const open = await site.create(2000);
  await site.patch(open, 0, Buffer.alloc(1000));
  const size = await log(site);
  order('clock -86400');
  const after = [];
  for (let i = 0; i < 5; i++) after.push(await site.put(random.bytes(1000)));
  assert.equal(new Set([...before, ...after]).size, 8);
  assert.ok(await log(site) > size);
  assert.equal(await site.offset(open), 1000);
  assert.equal((await site.patch(open, 1000, Buffer.alloc(1000))).status, 204);
  for (const id of [...before, ...after]) assert.equal((await site.content(id)).status, 200);
  const indices = (await site.custody(before[0])).map((e) => e.index);
  assert.deepEqual(indices, [...indices].sort((a, b) => a - b));
  await site.stop();
  await site.start();
  assert.equal((await site.cli(['log', 'check', '--agency', 'harbor-pd'])).code, 0);
  order('');
  const listed = (await site.get('evidence')).json().items.map((i) => i.id);
  for (const id of [...before, ...after]) assert.ok(listed.includes(id));
});

test('the clock set forward: an upload under way expires, evidence never does', async (t) => {
  const { site, order } = await faulty(t);
  const id = await site.put(Buffer.from('stays'));
  const url = await site.create(2000);
  await site.patch(url, 0, Buffer.alloc(1000));
  order(`clock ${8 * 86400}`);
  await until('the upload has expired', async () => [404, 410].includes((await site.tus('HEAD', url)).status), 30);
  assert.equal((await site.content(id)).body.toString(), 'stays');
});

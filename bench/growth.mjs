// What each act costs as the history grows: the same acts on a site of 10^3,
// 10^4, ... items, and the exponent that fits (cost ~ items^exponent; 0 is no
// growth at all, a logarithm comes out as a few hundredths, 1 is linear).
//
//   ./dev bench growth [--items 1000000] [--each 200] [--json] [--write]
//
// The site is filled by bench/fill.c: real items through the product's own
// writer, without network and without one fsync a file.  What is measured is
// asked of `sallyport serve` over HTTPS.  A million items take about 7 GB.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { exponent } from './lib/fit.mjs';
import { machine } from './lib/machine.mjs';
import { median, options, quantile, table, write } from './lib/report.mjs';
import { Wire } from './lib/wire.mjs';

const o = options(process.argv.slice(2));
process.env.BUILD_DIR = resolve(o.build);
const { Site, metadata } = await import('../tests/system/lib/site.mjs');

const most = Number(o.items ?? 1e6);
const each = Number(o.each ?? 200);
const sizes = [];
for (let n = most; n >= Math.max(200, each + 10) && sizes.length < 4; n /= 10) sizes.unshift(n);
const MORE = Math.floor(sizes[0] / 2); // items, whose taking in is timed
const cleanups = [];
const later = { after: (f) => cleanups.push(f) };

/** Bring the site to `items`; what fill says. */
function fill(site, items) {
  return new Promise((ok, no) => {
    const child = execFile(resolve(o.build, 'bench', 'fill'), [site.dir, '--agency', 'harbor-pd', '--items', String(items)],
      (e, stdout, stderr) => (e ? no(new Error(`fill: ${stderr}`)) : ok(JSON.parse(stdout))));
    child.stdin.end(`${site.token()}\n`);
  });
}

const pick = (list) => list[Math.floor(Math.random() * list.length)];

// -- the acts: [key, what it is, one of them] --------------------------------

const base = '/v1/agencies/harbor-pd';
const asks = (path, status = 200) => async (c) => {
  const got = await c.wire.get(`${base}/${path(c)}`, c.headers);
  if (got.status !== status) throw new Error(`${path(c)}: ${got.status} ${got.body}`);
  return got.whole;
};
const ACTS = [
  ['ingest', 'an item of 64 bytes taken in, sealed, durable', ingest],
  ['receipt', 'a receipt (proof of its sealing)', asks((c) => `evidence/${pick(c.ids)}/receipt`)],
  ['item', 'an item shown', asks((c) => `evidence/${pick(c.ids)}`)],
  ['custody', 'the custody of an item', asks((c) => `evidence/${pick(c.ids)}/custody`)],
  ['list', 'the newest 50 items', asks(() => 'evidence?limit=50')],
  ['page', '50 items from anywhere on', asks((c) => `evidence?limit=50&cursor=${pick(c.ids)}`)],
  ['category', '50 items of a category', asks((c) => `evidence?limit=50&category=traffic&cursor=${pick(c.ids)}`)],
  ['sha256', 'an item found by its hash', asks((c) => `evidence?sha256=${pick(c.sums)}`)],
  ['open', 'the first byte of content, its viewing in the ledger', open],
  ['seek', 'another range of the same viewing', (c) => open(c, pick(c.opened))],
  ['checkpoint', 'the checkpoint', asks(() => 'log/checkpoint')],
  ['tile', 'a tile of 256 hashes', asks((c) => `log/tile/0/${tile(c)}`)],
  ['bundle', 'a bundle of 256 entries', asks((c) => `log/tile/entries/${tile(c)}`)],
  ['token', 'a token looked up', async (c) => (await c.wire.get('/v1/token', c.headers)).whole],
  ['metrics', '/metrics', async (c) => (await c.wire.get('/metrics', {})).whole],
];

async function ingest(c) {
  const began = performance.now();
  const bytes = Buffer.from(`${Math.random()} `.padEnd(64, 'x'));
  const got = await c.site.tus('POST', 'uploads', { body: bytes, headers: {
    'upload-length': bytes.length, 'upload-metadata': metadata({ filename: 'new.mp4' }),
    'content-type': 'application/offset+octet-stream' } });
  if (got.status !== 201 || !got.headers['sallyport-evidence']) throw new Error(`POST: ${got.status} ${got.body}`);
  return performance.now() - began;
}

async function open(c, id) {
  const which = id ?? c.fresh.pop();
  const got = await c.wire.get(`${base}/evidence/${which}/content`, { ...c.headers, Range: 'bytes=1-8' });
  if (got.status !== 206) throw new Error(`content: ${got.status} ${got.body}`);
  c.opened.push(which);
  return got.whole;
}

/** A whole tile anywhere in the log, as tlog-tiles writes numbers. */
function tile(c) {
  const digits = String(Math.floor(Math.random() * Math.floor(c.entries / 256)));
  const parts = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g);
  return parts.map((p, i) => (i < parts.length - 1 ? `x${p}` : p)).join('/');
}

// -- one size ------------------------------------------------------------------

/** Ids and hashes of items old and new: a page from each of a hundred places. */
async function sample(c, known) {
  const page = async (cursor) => {
    const got = (await c.site.get(`evidence?limit=1000${cursor ? `&cursor=${cursor}` : ''}`)).json();
    for (const item of got.items) known.set(item.id, item.sha256);
    return got.items.at(-1)?.id;
  };
  for (let cursor = await page(), n = 0; cursor && n < 4; n++) cursor = await page(cursor);
}

async function measure(c) {
  const cost = {};
  for (const [key, , act] of ACTS) {
    const times = [];
    for (let i = 0; i < each + 5; i++) {
      const ms = await act(c);
      if (i >= 5) times.push(ms); // the first warm up
    }
    cost[key] = { p50: median(times), p99: quantile(times, 0.99) };
  }
  return cost;
}

const rss = (pid) => Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;

/** Milliseconds until it says that it is ready, the middle of three. */
async function starts(site) {
  const times = [];
  for (let i = 0; i < 3; i++) {
    if (i > 0) await site.stop();
    const began = performance.now();
    await site.start();
    times.push(performance.now() - began);
  }
  return median(times);
}

async function size(site, items, known) {
  await fill(site, items - MORE);
  const more = await fill(site, items);
  const start = await starts(site);
  const c = { site, wire: await Wire.open(site.port, site.ca), headers: { Authorization: `Bearer ${site.token()}` }, opened: [],
    entries: more.entries };
  await sample(c, known);
  c.ids = [...known.keys()];
  c.sums = [...known.values()];
  c.fresh = c.ids.map((id) => [Math.random(), id]).sort((a, b) => a[0] - b[0]).map(([, id]) => id);
  const memory = rss(site.server());
  const cost = await measure(c);
  c.wire.close();
  await site.stop();
  cost.start = { p50: start, p99: start };
  cost.fill = { p50: (more.seconds * 1e3) / MORE, p99: 0 };
  console.error(`${items} items: start ${start.toFixed(0)} ms, ingest ${cost.ingest.p50.toFixed(2)} ms, receipt ${cost.receipt.p50.toFixed(2)} ms`);
  return { items, entries: more.entries, memory, cost };
}

// -- telling -------------------------------------------------------------------

const ROWS = [['start', 'start of the server until it is ready'], ['fill', 'an item taken in by 32 senders, without network'], ...ACTS];

function tell(got) {
  const last = got.at(-1);
  const rows = ROWS.map(([key, what]) => [what, ...got.map((g) => g.cost[key].p50.toFixed(2)),
    last.cost[key].p99 > 0 && key !== 'start' ? last.cost[key].p99.toFixed(2) : '',
    exponent(got.map((g) => [g.items, g.cost[key].p50])).toFixed(2)]);
  rows.push(['memory of the server, MB', ...got.map((g) => (g.memory / 1e6).toFixed(0)), '',
    exponent(got.map((g) => [g.items, g.memory])).toFixed(2)]);
  const head = ['median ms at', ...got.map((g) => `${g.items.toLocaleString('en-US')} items`), 'p99 there', 'exponent'];
  return `${table(head, rows)}\n\nMedians of ${each}, one at a time, over HTTPS on one connection; ${last.entries.toLocaleString('en-US')} entries at the end. ` +
    `Machine: ${machine(last.dir)}`;
}

try {
  const site = await Site.make(later, { agencies: ['harbor-pd'], args: ['--no-media'], start: false });
  const known = new Map();
  const got = [];
  for (const n of sizes) got.push(await size(site, n, known));
  got.at(-1).dir = site.dir;
  const fits = Object.fromEntries(ROWS.map(([key]) => [key, exponent(got.map((g) => [g.items, g.cost[key].p50]))]));
  console.log(o.json ? JSON.stringify({ each, sizes: got, exponents: fits }) : tell(got));
  if (o.write) write('growth', tell(got));
} finally {
  for (const f of cleanups.reverse()) await f();
}

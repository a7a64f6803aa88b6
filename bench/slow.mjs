// Many slow senders at once: each opens a connection and trickles one item, so
// that all of them hold a buffer at the same time.
//
//   ./dev bench slow [--uploads 1000] [--seconds 60] [--kib 1536] [--json] [--write]
//
// Peak memory is the kernel's (VmHWM) of the server and the keeper, all pages
// counted that they ever had at once.  Every item must be sealed with its own
// hash.  While they trickle one ordinary clip is sent as well: it must not wait
// for them.
import { createHash, randomFillSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { join, resolve } from 'node:path';
import { cpuSeconds } from './lib/cpu.mjs';
import { machine } from './lib/machine.mjs';
import { options, table, write } from './lib/report.mjs';

const o = options(process.argv.slice(2));
process.env.BUILD_DIR = resolve(o.build);
const { Site, metadata, processesBelow } = await import('../tests/system/lib/site.mjs');

const uploads = Number(o.uploads ?? 1000);
const seconds = o.seconds || 60;
const size = Number(o.kib ?? 1536) * 1024;
const CLIP = 64 << 20;
const STEPS = Math.max(4, Math.min(60, seconds * 2));
const base = mkdtempSync(join(process.env.TMPDIR ?? '/tmp', 'sallyport-bench-'));
const cleanups = [() => rmSync(base, { recursive: true, force: true })];
const sleep = (ms) => new Promise((ok) => setTimeout(ok, ms));

const common = randomFillSync(Buffer.allocUnsafe(size));
/** Bytes [from, to) of the i-th item: its number, then what all have. */
function part(i, from, to) {
  const bytes = Buffer.from(common.subarray(from, to));
  if (from === 0) bytes.writeUInt32LE(i, 0);
  return bytes;
}
const sha256 = (i) => createHash('sha256').update(part(i, 0, 4)).update(common.subarray(4)).digest('hex');

function status(pid, field) {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s*(\\d+)`, 'm').exec(text)[1]) * 1024;
}

/** {server, keeper, …}: peak bytes of each process of the site. */
function peaks(site) {
  const of = {};
  for (const p of processesBelow(site.child.pid)) of[p.args[1] ?? p.args[0].split('/').pop()] = status(p.pid, 'VmHWM');
  return of;
}

/** One slow sender on a connection of its own: the id of its evidence. */
async function trickle(site, i, pace) {
  const agent = new https.Agent({ ca: site.ca, keepAlive: true, maxSockets: 1 });
  try {
    const url = await site.create(size, { filename: `slow-${i}.bin` }, { agent });
    return await new Promise((ok, no) => {
      const req = https.request(url, { method: 'PATCH', agent, headers: {
        authorization: `Bearer ${site.token()}`, 'tus-resumable': '1.0.0', 'upload-offset': 0,
        'content-type': 'application/offset+octet-stream', 'content-length': size } }, (res) => {
        res.resume();
        res.on('end', () => (res.statusCode === 204 ? ok(res.headers['sallyport-evidence'])
          : no(new Error(`PATCH ${res.statusCode}`))));
      });
      req.on('error', no);
      pace(i, req).catch(no);
    });
  } finally {
    agent.destroy();
  }
}

/** Bytes at an even pace, and the last only when all others are there too. */
function pacer() {
  let here = 0;
  let open;
  const all = new Promise((ok) => { open = ok; });
  const pace = async (i, req) => {
    const held = size - 1024;
    for (let step = 0; step < STEPS; step++) {
      req.write(part(i, Math.floor((held * step) / STEPS), Math.floor((held * (step + 1)) / STEPS)));
      await sleep(((seconds * 1000) / STEPS) * (0.75 + Math.random() / 2));
    }
    if (++here === uploads) open();
    await all;
    req.end(part(i, held, size));
  };
  return { pace, all };
}

async function clip(site, path) {
  const began = performance.now();
  await site.must(['put', path, '--json']);
  return CLIP / 1e6 / ((performance.now() - began) / 1000);
}

async function check(site, ids) {
  let wrong = 0;
  for (const [i, id] of ids.entries()) {
    if (!id) continue;
    const item = (await site.get(`evidence/${id}`)).json();
    if (item.sha256 !== sha256(i) || item.size !== size) wrong++;
  }
  return wrong;
}

const mb = (n) => (n / 1e6).toFixed(0);

async function measure() {
  const site = await Site.make({ after: (f) => cleanups.push(f) }, { agencies: ['harbor-pd'], args: ['--no-media'] });
  const path = join(base, 'clip.bin');
  writeFileSync(path, randomFillSync(Buffer.allocUnsafe(CLIP)));
  const alone = await clip(site, path);
  const idle = peaks(site);
  const cpu = cpuSeconds(site.child.pid);
  const began = performance.now();
  const { pace, all } = pacer();
  const failures = [];
  const sent = Promise.all(Array.from({ length: uploads }, (_, i) =>
    trickle(site, i, pace).catch((e) => { failures.push(e.message); })));
  await sleep(seconds * 500);
  const beside = await clip(site, path);
  await Promise.race([all, sent]);
  const ids = await sent;
  const took = (performance.now() - began) / 1000;
  const used = cpuSeconds(site.child.pid) - cpu;
  const peak = peaks(site);
  const wrong = await check(site, ids);
  return { uploads, size, seconds: took, failed: failures.length, why: failures[0], wrong, idle, peak,
    total: Object.values(peak).reduce((a, b) => a + b, 0), cpu: used, clip: { alone, beside } };
}

try {
  const r = await measure();
  const rows = [
    [`${r.uploads.toLocaleString('en-US')} uploads of ${(size / 2 ** 20).toFixed(2)} MiB at once`, `${r.failed} failed, ${r.wrong} wrong`, `over ${r.seconds.toFixed(0)} s`],
    ['peak memory of the server', `${mb(r.peak.server)} MB`, `${mb(r.idle.server)} MB before; ${((r.peak.server - r.idle.server) / 2 ** 20 / r.uploads).toFixed(2)} MiB each`],
    ['peak memory of the keeper', `${mb(r.peak.keeper)} MB`, ''],
    ['all processes of the site', `${mb(r.total)} MB`, 'the budget is 1,500 MB for 1,000'],
    ['a clip of 64 MiB sent beside them', `${r.clip.beside.toFixed(0)} MB/s`, `${r.clip.alone.toFixed(0)} MB/s before`],
    ['processor time of the site', `${r.cpu.toFixed(1)} s`, `${((r.cpu * 1e3) / r.uploads).toFixed(1)} ms each, TLS handshake and sealing`],
  ];
  const text = `${table(['', 'figure', ''], rows)}\n\nMachine: ${machine(base)}`;
  console.log(o.json ? JSON.stringify(r) : text);
  if (o.write) write('slow', text);
  if (r.failed > 0 || r.wrong > 0) throw new Error(`${r.failed} failed (${r.why}), ${r.wrong} wrong`);
} finally {
  for (const f of cleanups.reverse()) await f();
}

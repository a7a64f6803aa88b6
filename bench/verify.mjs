// Checking offline, and by strangers: all of a log of a million entries, and a
// bag with many items, each beside what only hashing the same bytes costs.
//
//   ./dev bench verify [--entries 1000000] [--items 1000] [--rounds 3] [--json] [--write]
//
// The entries are real: bench/fill.c appends them through the product's own
// writer.  (What an audit costs inside one process, without starting one, is
// the last row of `bench ledger`.)
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { machine } from './lib/machine.mjs';
import { median, options, table, write } from './lib/report.mjs';

const o = options(process.argv.slice(2));
process.env.BUILD_DIR = resolve(o.build);
const { Site, program } = await import('../tests/system/lib/site.mjs');

const entries = Number(o.entries ?? 1e6);
const items = Number(o.items ?? 1000);
const rounds = Number(o.rounds ?? 3);
const base = mkdtempSync(join(process.env.TMPDIR ?? '/tmp', 'sallyport-bench-'));
const cleanups = [() => rmSync(base, { recursive: true, force: true })];
const later = { after: (f) => cleanups.push(f) };

function fill(site, ...args) {
  return new Promise((ok, no) => {
    const child = execFile(resolve(o.build, 'bench', 'fill'), [site.dir, '--agency', 'harbor-pd', ...args],
      (e, stdout, stderr) => (e ? no(new Error(`fill: ${stderr}`)) : ok(JSON.parse(stdout))));
    child.stdin.end(`${site.token()}\n`);
  });
}

const seconds = async (act) => {
  const began = performance.now();
  await act();
  return (performance.now() - began) / 1000;
};

/** Each act in turn, `rounds` times: the median seconds of each. */
async function interleaved(acts) {
  const times = Object.fromEntries(Object.keys(acts).map((k) => [k, []]));
  for (let i = 0; i < rounds; i++)
    for (const [key, act] of Object.entries(acts)) times[key].push(await seconds(act));
  return Object.fromEntries(Object.entries(times).map(([k, t]) => [k, median(t)]));
}

/** A child whose output is thrown away and whose exit must be 0. */
const runs = (file, args, more = {}) => new Promise((ok, no) => {
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'inherit'], ...more });
  child.on('error', no);
  child.on('exit', (code) => (code === 0 ? ok() : no(new Error(`${file} ${args[0]}: exit ${code}`))));
});

// -- the log -------------------------------------------------------------------

/** As tlog-tiles writes a number: 1234067 is x001/x234/067. */
function tilePath(n) {
  const digits = String(n);
  const parts = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g);
  return parts.map((p, i) => (i < parts.length - 1 ? `x${p}` : p)).join('/');
}

/** Every whole bundle of entries, one after the other in one file. */
async function mirror(site, size) {
  const file = join(base, 'bundles.bin');
  const list = join(base, 'list');
  const url = (n) => `url = "${site.url}/v1/agencies/harbor-pd/log/tile/entries/${tilePath(n)}"`;
  writeFileSync(list, [`header = "Authorization: Bearer ${site.token()}"`, `cacert = "${site.caPath}"`, 'silent', 'fail',
    ...Array.from({ length: Math.floor(size / 256) }, (_, n) => url(n))].join('\n'));
  execFileSync('sh', ['-c', `curl --config '${list}' > '${file}'`], { stdio: ['ignore', 'ignore', 'inherit'] });
  return file;
}

async function log(site) {
  const made = await fill(site, '--items', String(items), '--entries', String(entries));
  const doctor = async () => { await site.must(['doctor', site.dir]); };
  const offline = await interleaved({ doctor });
  await site.start();
  const file = await mirror(site, made.entries);
  const check = async () => { await site.must(['log', 'check', '--agency', 'harbor-pd']); };
  const times = await interleaved({ check, floor: () => runs('sha256sum', [file]) });
  return { entries: made.entries, bytes: statSync(file).size, ...offline, ...times };
}

// -- a bag -----------------------------------------------------------------------

async function bag(site) {
  const ids = (await site.get(`evidence?limit=${items}`)).json().items.map((i) => i.id);
  const path = join(base, 'many.zip');
  const folder = join(base, 'many');
  await site.must(['export', ...ids, '--agency', 'harbor-pd', '-o', path]);
  mkdirSync(folder);
  execFileSync('unzip', ['-q', path, '-d', folder]);
  const root = execFileSync('sh', ['-c', 'dirname */bagit.txt'], { cwd: folder, encoding: 'utf8' }).trim();
  const sums = ['sha256', 'sha512'].map((k) => `${k}sum --quiet --check manifest-${k}.txt tagmanifest-${k}.txt`).join(' && ');
  const times = await interleaved({
    verify: () => runs(program, ['verify', path]),
    sums: () => runs('sh', ['-c', sums], { cwd: join(folder, root) }),
    unzip: () => runs('unzip', ['-tq', path]),
  });
  const said = JSON.parse((await site.must(['verify', path, '--json'])).stdout);
  return { items: ids.length, bytes: statSync(path).size, files: said.files, entries: said.entries, proofs: said.proofs, ...times };
}

// -- telling ---------------------------------------------------------------------

const whole = (n) => Math.round(n).toLocaleString('en-US');

function tell(l, b) {
  const per = (s, n) => `${((s * 1e6) / n).toFixed(1)} µs`;
  const rows = [
    [`sallyport doctor: a log of ${whole(l.entries)} entries, offline, from the bodies up`, l.doctor.toFixed(2), per(l.doctor, l.entries)],
    ['sallyport log check: the same by a stranger, all tiles and bundles over TLS', l.check.toFixed(2), per(l.check, l.entries)],
    [`sha256sum of the same ${whole(l.bytes / 1e6)} MB of entries`, l.floor.toFixed(2), per(l.floor, l.entries)],
    [`sallyport verify: a bag of ${whole(b.items)} items, ${whole(b.files)} files, ${whole(b.proofs)} proofs`, b.verify.toFixed(2), `${per(b.verify, b.proofs)} a proof`],
    ['sha256sum and sha512sum --check of its manifests, unpacked', b.sums.toFixed(2), ''],
    ['unzip -t of it', b.unzip.toFixed(2), ''],
  ];
  return `${table(['', 'seconds', 'an entry'], rows)}\n\nMedians of ${rounds} interleaved rounds. Machine: ${machine(base)}`;
}

try {
  const site = await Site.make(later, { agencies: ['harbor-pd'], args: ['--no-media'], start: false });
  const l = await log(site);
  const b = await bag(site);
  console.log(o.json ? JSON.stringify({ rounds, log: l, bag: b }) : tell(l, b));
  if (o.write) write('verify', tell(l, b));
} finally {
  for (const f of cleanups.reverse()) await f();
}

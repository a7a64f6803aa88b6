// Giving out: one large item, in order and by seeks, beside nginx over TLS
// serving the same bytes from a plain file.
//
//   ./dev bench read [--mib 10240] [--rounds 3] [--seeks 500] [--streams 4]
//                    [--json] [--write]
//
// Ours reads the disk around the page cache each time, checks and decrypts.
// nginx is measured twice: with its file out of the page cache, as ours always
// is, and with all of it in the page cache, as no item of an archive is.  The
// disk must hold the file twice; every range's bytes are compared.
import { execFileSync, spawn } from 'node:child_process';
import { linkSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cpuSeconds } from './lib/cpu.mjs';
import { Item } from './lib/item.mjs';
import { machine } from './lib/machine.mjs';
import { certificate, startNginx } from './lib/nginx.mjs';
import { median, options, quantile, table, write } from './lib/report.mjs';
import { Wire } from './lib/wire.mjs';

const o = options(process.argv.slice(2));
process.env.BUILD_DIR = resolve(o.build);
const { Site } = await import('../tests/system/lib/site.mjs');

const mib = Number(o.mib ?? 10240);
const rounds = Number(o.rounds ?? 3);
const seeks = Number(o.seeks ?? 500);
const streams = Number(o.streams ?? 4);
const RANGE = Math.min(1 << 20, mib * (1 << 19)); // what a player asks for at a time
const base = mkdtempSync(join(process.env.TMPDIR ?? '/tmp', 'sallyport-bench-'));
const cleanups = [() => rmSync(base, { recursive: true, force: true })];

const say = (text) => console.error(text);

/** A plain file out of the page cache, or all of it into it. */
const uncache = (path) => execFileSync('dd', [`of=${path}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0', 'status=none']);
const cache = (path) => execFileSync('cat', [path], { stdio: ['ignore', 'ignore', 'inherit'] });

function curl(server, first, last) {
  return new Promise((ok, no) => {
    const lines = Object.entries(server.headers).flatMap(([k, v]) => ['--header', `${k}: ${v}`]);
    const child = spawn('curl', ['--silent', '--show-error', '--fail', '--http1.1', '--tlsv1.3', '--cacert', server.caPath,
      '--output', '/dev/null', '--range', `${first}-${last}`, ...lines, server.url + server.path],
    { stdio: ['ignore', 'ignore', 'inherit'] });
    child.on('exit', (code) => (code === 0 ? ok() : no(new Error(`${server.name}: curl ${code}`))));
  });
}

// -- the servers ---------------------------------------------------------------

async function servers() {
  const file = join(base, 'clip.bin');
  const item = new Item(file, mib);
  const site = await Site.make({ after: (f) => cleanups.push(f) }, { args: ['--no-media'] });
  const put = JSON.parse((await site.must(['put', file, '--json'])).stdout.trim().split('\n').pop());
  const pair = certificate(base);
  const peer = await startNginx(join(base, 'nginx'), pair);
  cleanups.push(() => peer.stop());
  linkSync(file, join(peer.files, 'clip.bin'));
  execFileSync('sync');
  const nginx = { pid: peer.pid, port: peer.port, url: peer.url, path: '/clip.bin', caPath: pair.cert, headers: {} };
  return [item, [
    { name: 'sallyport', pid: site.child.pid, port: site.port, url: site.url, caPath: site.caPath,
      path: `/v1/agencies/harbor-pd/evidence/${put.id}/content`,
      headers: { Authorization: `Bearer ${site.token()}` }, ready: () => {} },
    { ...nginx, name: 'nginx, from the disk', ready: () => uncache(file) },
    { ...nginx, name: 'nginx, page cache', ready: () => cache(file) },
  ]];
}

// -- measuring -----------------------------------------------------------------

/** The whole item in `n` parts at once. */
async function inOrder(server, size, n) {
  server.ready();
  const cpu = cpuSeconds(server.pid);
  const began = process.hrtime.bigint();
  const part = Math.floor(size / n);
  await Promise.all(Array.from({ length: n }, (_, i) =>
    curl(server, i * part, i === n - 1 ? size - 1 : (i + 1) * part - 1)));
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  return { rate: size / 1e9 / seconds, cpu: (cpuSeconds(server.pid) - cpu) / (size / 1e9) };
}

/** Milliseconds to the first byte of ranges that start anywhere. */
async function seek(server, item, n, fresh) {
  const ca = execFileSync('cat', [server.caPath]);
  server.ready();
  let wire = await Wire.open(server.port, ca);
  const times = [];
  for (let i = 0; i < n; i++) {
    const first = Math.floor(Math.random() * (item.size - RANGE));
    if (fresh) {
      wire.close();
      wire = await Wire.open(server.port, ca);
    }
    const got = await wire.get(server.path, { ...server.headers, Range: `bytes=${first}-${first + RANGE - 1}` });
    if (got.status !== 206 || !item.has(first, got.body)) throw new Error(`${server.name}: wrong bytes at ${first}`);
    times.push(got.first + (fresh ? wire.opened : 0));
  }
  wire.close();
  return times;
}

async function round(server, item) {
  const one = await inOrder(server, item.size, 1);
  const many = await inOrder(server, item.size, streams);
  const kept = await seek(server, item, seeks, false);
  const fresh = await seek(server, item, Math.ceil(seeks / 5), true);
  say(`${server.name}: ${one.rate.toFixed(2)} GB/s, ${one.cpu.toFixed(2)} CPU s/GB; ${streams} streams ${many.rate.toFixed(2)} GB/s; ` +
    `seek p50 ${quantile(kept, 0.5).toFixed(2)} ms, p99 ${quantile(kept, 0.99).toFixed(2)} ms; ` +
    `on a new connection ${quantile(fresh, 0.5).toFixed(2)} ms`);
  return { one, many, kept, fresh };
}

function summary(server, got) {
  const of = (what, key) => median(got.map((r) => r[what][key]));
  const kept = got.flatMap((r) => r.kept);
  const fresh = got.flatMap((r) => r.fresh);
  return {
    name: server.name,
    one: { gb_s: of('one', 'rate'), cpu_s_gb: of('one', 'cpu') },
    many: { gb_s: of('many', 'rate'), cpu_s_gb: of('many', 'cpu') },
    seek_ms: { p50: quantile(kept, 0.5), p99: quantile(kept, 0.99), n: kept.length },
    fresh_ms: { p50: quantile(fresh, 0.5), p99: quantile(fresh, 0.99), n: fresh.length },
  };
}

function text(all) {
  const rows = all.map((s) => [s.name, s.one.gb_s.toFixed(2), s.one.cpu_s_gb.toFixed(2), s.many.gb_s.toFixed(2),
    s.many.cpu_s_gb.toFixed(2), s.seek_ms.p50.toFixed(2), s.seek_ms.p99.toFixed(2), s.fresh_ms.p50.toFixed(2), s.fresh_ms.p99.toFixed(2)]);
  const head = [`${(mib / 1024).toFixed(mib < 1024 ? 2 : 0)} GiB over TLS 1.3`, 'GB/s', 'CPU s/GB', `GB/s, ${streams} streams`, 'CPU s/GB',
    'seek ms p50', 'p99', 'new connection ms p50', 'p99'];
  return `${table(head, rows)}\n\n` +
    `Medians of ${rounds} interleaved rounds; ${all[0].seek_ms.n} seeks each (first byte of 1 MiB from a random place, connection kept), ` +
    `${all[0].fresh_ms.n} with the TLS handshake.\n\nMachine: ${machine(base)}`;
}

try {
  const [item, list] = await servers();
  const got = list.map(() => []);
  for (let n = 0; n < rounds; n++)
    for (let i = 0; i < list.length; i++) {
      const at = (i + n) % list.length;
      got[at].push(await round(list[at], item));
    }
  const all = list.map((s, i) => summary(s, got[i]));
  console.log(o.json ? JSON.stringify({ mib, rounds, streams, range: RANGE, servers: all }) : text(all));
  if (o.write) write('read', text(all));
} finally {
  for (const f of cleanups.reverse()) await f();
}

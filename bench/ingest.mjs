// How fast bytes are taken in over TLS, beside nginx's PUT and @tus/server.
//
//   ./dev bench ingest [--write] [--rounds 3] [--mib 2048]
//
// The client is curl for all three: PATCH for the tus servers, PUT for nginx;
// it shares the two cores with the server.  Rounds are interleaved; what the
// peers leave in the page cache is written out between them, off the clock.
// Ours hashes, encrypts, syncs, and answers with a receipt; nginx and
// @tus/server store the bytes as they come and do not sync.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, writeSync, closeSync } from 'node:fs';
import https from 'node:https';
import { join, resolve } from 'node:path';
import { randomFillSync } from 'node:crypto';
import { cpuSeconds } from './lib/cpu.mjs';
import { machine } from './lib/machine.mjs';
import { certificate, freePort, startNginx } from './lib/nginx.mjs';
import { start } from './lib/process.mjs';
import { median, options, table, write } from './lib/report.mjs';

const o = options(process.argv.slice(2));
const program = resolve(o.build, 'sallyport');
const mib = Number(o.mib ?? 2048);
const rounds = Number(o.rounds ?? 3);
const bytes = mib * 2 ** 20;
const base = mkdtempSync(join(process.env.TMPDIR ?? '/tmp', 'sallyport-bench-'));
const running = [];

function post(url, headers, ca) {
  return new Promise((ok, no) => {
    const req = https.request(url, { method: 'POST', headers, ca, agent: false }, (res) => {
      res.resume();
      res.on('end', () => (res.statusCode === 201 ? ok(new URL(new URL(res.headers.location, url).pathname, url).href)
        : no(new Error(`POST ${url}: ${res.statusCode}`))));
    });
    req.on('error', no);
    req.end();
  });
}

function curl(args) {
  return new Promise((ok, no) => {
    const child = spawn('curl', ['--silent', '--show-error', '--fail', '--http1.1', '--tlsv1.3',
      '--header', 'Expect:', '--output', '/dev/null', ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
    child.on('exit', (code) => (code === 0 ? ok() : no(new Error(`curl ${args.join(' ')}: ${code}`))));
  });
}

/** The tus way: create, then all of the file in one PATCH. */
async function tusUpload(endpoint, file, size, caPath, headers) {
  const ca = readFileSync(caPath);
  const common = { 'Tus-Resumable': '1.0.0', ...headers };
  const url = await post(endpoint, { ...common, 'Upload-Length': size,
    'Upload-Metadata': `filename ${Buffer.from('bench.mp4').toString('base64')}` }, ca);
  const lines = Object.entries({ ...common, 'Upload-Offset': 0, 'Content-Type': 'application/offset+octet-stream' })
    .flatMap(([k, v]) => ['--header', `${k}: ${v}`]);
  await curl(['--cacert', caPath, '--request', 'PATCH', ...lines, '--upload-file', file, url]);
}

function empty(folder) {
  for (const f of readdirSync(folder)) rmSync(join(folder, f), { recursive: true, force: true });
}

// -- the three servers ---------------------------------------------------------

const pair = certificate(base);

async function sallyport() {
  const dir = join(base, 'site');
  const port = await freePort();
  const made = JSON.parse(execFileSync(program, ['init', dir, '--agency', 'bench-pd', '--name', 'Bench', '--state', 'FL',
    '--ori', 'FL0130000', '--geography', 'us', '--listen', `127.0.0.1:${port}`, '--json'], { encoding: 'utf8' }));
  const child = await start(running, program, ['serve', dir], /ready/);
  const url = `https://127.0.0.1:${port}/v1/agencies/bench-pd/uploads`;
  return {
    name: 'sallyport', pid: child.pid,
    put: (file, size) => tusUpload(url, file, size, join(dir, 'ca.pem'), { Authorization: `Bearer ${made.token}` }),
    clear: () => {},
  };
}

async function nginx() {
  const peer = await startNginx(join(base, 'nginx'), pair);
  running.push({ kill: (signal) => signal === 'SIGTERM' && peer.stop() });
  let n = 0;
  return {
    name: 'nginx PUT', pid: peer.pid,
    put: (file) => curl(['--cacert', pair.cert, '--upload-file', file, `${peer.url}/f${n++}`]),
    clear: () => empty(peer.files),
  };
}

async function tusServer() {
  const dir = join(base, 'tus');
  const port = await freePort();
  mkdirSync(dir);
  const child = await start(running, process.execPath, ['bench/tus_server.mjs', String(port), dir, pair.cert, pair.key], /ready/);
  return {
    name: '@tus/server', pid: child.pid,
    put: (file, size) => tusUpload(`https://127.0.0.1:${port}/files`, file, size, pair.cert, {}),
    clear: () => empty(dir),
  };
}

// -- measuring -----------------------------------------------------------------

function makeFile(path, size) {
  const fd = openSync(path, 'w');
  const block = Buffer.allocUnsafe(1 << 20);
  for (let at = 0; at < size; at += block.length) {
    randomFillSync(block);
    writeSync(fd, block, 0, Math.min(block.length, size - at));
  }
  closeSync(fd);
}

async function measure(server, file, size, streams) {
  execFileSync('sync');
  execFileSync('cat', [file], { stdio: ['ignore', 'ignore', 'inherit'] });
  const cpu = cpuSeconds(server.pid);
  const began = process.hrtime.bigint();
  await Promise.all(Array.from({ length: streams }, () => server.put(file, size)));
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  const used = cpuSeconds(server.pid) - cpu;
  server.clear();
  return { rate: (size * streams) / 1e9 / seconds, cpu: used / ((size * streams) / 1e9) };
}

/** What one core can hash and encrypt in one pass: {rate, cpu}. */
function limit() {
  const dir = join(base, 'seal');
  mkdirSync(dir);
  const out = execFileSync(resolve(o.build, 'bench', 'seal_bench'),
    ['--dir', dir, '--mib', '512', '--rounds', '3', '--json'], { encoding: 'utf8' });
  return JSON.parse(out).pass;
}

async function main() {
  const servers = [await sallyport(), await nginx(), await tusServer()];
  const rows = [];
  for (const streams of [1, 4]) {
    const size = Math.floor(bytes / streams);
    const file = join(base, 'clip');
    makeFile(file, size);
    const got = servers.map(() => ({ rate: [], cpu: [] }));
    for (let round = 0; round < rounds; round++)
      for (let i = 0; i < servers.length; i++) {
        const at = (i + round) % servers.length;
        const m = await measure(servers[at], file, size, streams);
        got[at].rate.push(m.rate);
        got[at].cpu.push(m.cpu);
        console.error(`${streams} × ${mib / streams} MiB  ${servers[at].name}: ${m.rate.toFixed(2)} GB/s, ${m.cpu.toFixed(2)} CPU s/GB`);
      }
    const ours = got[0].rate;
    servers.forEach((s, i) => {
      const ratios = got[i].rate.map((r, n) => ours[n] / r);
      rows.push([`${s.name}, ${streams} stream${streams > 1 ? 's' : ''}`, median(got[i].rate).toFixed(2),
        median(got[i].cpu).toFixed(2), i === 0 ? '' : `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`]);
    });
  }
  const text = `${table(['2 GB over TLS 1.3'.replace('2 GB', `${mib / 1024} GiB`), 'GB/s', 'CPU s/GB', 'sallyport is × this'], rows)}\n\n` +
    `Medians of ${rounds} interleaved rounds; ratios are of the same round (least–most). ${limitText()}\n\nMachine: ${machine(base)}`;
  console.log(text);
  if (o.write) write('ingest', text);
}

function limitText() {
  const l = limit();
  return `Hash plus encryption in one pass of one core cost ${l.cpu.toFixed(2)} CPU s/GB here ` +
    `(${l.rate.toFixed(2)} GB/s): the least that any server that does both can use.`;
}

try {
  await main();
} finally {
  for (const child of running) child.kill('SIGTERM');
  await new Promise((ok) => setTimeout(ok, 500));
  for (const child of running) child.kill('SIGKILL');
  rmSync(base, { recursive: true, force: true });
}

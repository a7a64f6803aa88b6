// What ten thousand idle streams of events cost, and how soon one event is
// with all of them; beside nginx holding as many idle TLS connections, and a
// plain server of events on node.
//
//   ./dev bench idle [--write] [--count 10000] [--seconds 30]
//
// The client (bench/idle_bench.c) is one thread that shares the cores with the
// server; both ends of each connection are in this machine's kernel.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { machine } from './lib/machine.mjs';
import { freePort } from './lib/nginx.mjs';
import { start, stop } from './lib/process.mjs';
import { median, options, table, write } from './lib/report.mjs';

const o = options(process.argv.slice(2));
const count = Number(o.count ?? 10000);
const seconds = Number(o.seconds) || 30;
const program = resolve(o.build, 'sallyport');
const client = resolve(o.build, 'bench', 'idle_bench');
const base = mkdtempSync(join(process.env.TMPDIR ?? '/tmp', 'sallyport-bench-'));
const running = [];
const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const EVENTS = 5;
const PER_TOKEN = 400;

const sleep = (ms) => new Promise((ok) => setTimeout(ok, ms));

function post(url, headers, body, ca) {
  return new Promise((ok, no) => {
    const req = https.request(url, { method: 'POST', headers: { ...headers, 'Content-Length': body.length }, ca,
      agent: false, rejectUnauthorized: ca !== undefined }, (res) => {
      let text = '';
      res.on('data', (d) => { text += d; });
      res.on('end', () => (res.statusCode < 300 ? ok(text) : no(new Error(`POST ${url}: ${res.statusCode} ${text}`))));
    });
    req.on('error', no);
    req.end(body);
  });
}

const field = (path, name) => Number(new RegExp(`^${name}:?\\s+(\\d+)`, 'm').exec(readFileSync(path, 'utf8'))[1]);

/** Of these processes together: KiB of resident memory. */
const resident = (pids) => pids.reduce((sum, pid) => sum + field(`/proc/${pid}/status`, 'VmRSS'), 0);

const cpu = (pids) => pids.reduce((sum, pid) => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const f = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return sum + (Number(f[11]) + Number(f[12])) / TICKS;
}, 0);

/** What the kernel holds for connections and threads: KiB. */
const kernel = () => ['Slab', 'KernelStack', 'PageTables'].reduce((sum, n) => sum + field('/proc/meminfo', n), 0);

function children(pid) {
  return readdirSync('/proc').filter((n) => /^\d+$/.test(n)).filter((n) => {
    try {
      const stat = readFileSync(`/proc/${n}/stat`, 'utf8');
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid;
    } catch {
      return false;
    }
  }).map(Number);
}

// -- the servers ---------------------------------------------------------------

const cert = join(base, 'cert.pem');
const key = join(base, 'key.pem');
execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
  '-keyout', key, '-out', cert, '-subj', '/CN=bench', '-days', '2', '-addext', 'subjectAltName=IP:127.0.0.1'],
{ stdio: 'ignore' });

async function sallyport() {
  const dir = join(base, 'site');
  const port = await freePort();
  const agencies = [];
  for (const slug of ['north-pd', 'south-pd']) {
    const args = ['--agency', slug, '--name', slug, '--state', 'FL', '--ori', `FL${1300000 + agencies.length}`, '--geography', 'us', '--json'];
    const made = JSON.parse(execFileSync(program, agencies.length === 0
      ? ['init', dir, ...args, '--listen', `127.0.0.1:${port}`] : ['agency', 'add', dir, ...args], { encoding: 'utf8' }));
    agencies.push({ slug, token: made.token });
  }
  const child = await start(running, program, ['serve', dir, '--no-media', '--event-streams', String(count + 100),
    '--event-streams-per-agency', String(count)], /ready/);
  const ca = readFileSync(join(dir, 'ca.pem'));
  const lines = [];
  const url = (a, path) => `https://127.0.0.1:${port}/v1/agencies/${a.slug}/${path}`;
  for (let i = 0; i * PER_TOKEN < count; i++) {
    const a = agencies[i % 2];
    const made = await post(url(a, 'tokens'), { Authorization: `Bearer ${a.token}`, 'Content-Type': 'application/json' },
      JSON.stringify({ role: 'officer', label: `bench ${i}`, expires_in_days: 1 }), ca);
    lines.push(`/v1/agencies/${a.slug}/events ${JSON.parse(made).token}`);
  }
  const inner = children(child.pid).find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[1] === 'server');
  return {
    name: 'sallyport, streams of events', port, lines, child, pids: [inner],
    tell: () => Promise.all(agencies.map((a) => post(url(a, 'uploads'), { Authorization: `Bearer ${a.token}`,
      'Tus-Resumable': '1.0.0', 'Upload-Length': '3', 'Content-Type': 'application/offset+octet-stream' },
    Buffer.from('abc'), ca))),
  };
}

async function nginx() {
  const dir = join(base, 'nginx');
  const port = await freePort();
  for (const d of ['', 'files', 'temp', 'logs']) mkdirSync(join(dir, d), { recursive: true });
  writeFileSync(join(dir, 'files', 'index.html'), 'hello\n');
  writeFileSync(join(dir, 'nginx.conf'), `
daemon off;
worker_processes auto;
worker_rlimit_nofile ${count + 500};
pid ${dir}/pid;
error_log ${dir}/logs/error.log;
${process.getuid() === 0 ? 'user root;' : ''}
events { worker_connections ${count + 400}; }
http {
  access_log off;
  client_body_temp_path ${dir}/temp; proxy_temp_path ${dir}/temp; fastcgi_temp_path ${dir}/temp;
  uwsgi_temp_path ${dir}/temp; scgi_temp_path ${dir}/temp;
  keepalive_timeout 3600;
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${cert};
    ssl_certificate_key ${key};
    ssl_protocols TLSv1.2 TLSv1.3;
    root ${dir}/files;
  }
}
`);
  const child = spawn('/usr/sbin/nginx', ['-p', dir, '-c', join(dir, 'nginx.conf')], { stdio: 'ignore' });
  running.push(child);
  for (let i = 0; ; i++) {
    try {
      execFileSync('curl', ['-s', '--cacert', cert, '-o', '/dev/null', `https://127.0.0.1:${port}/`]);
      break;
    } catch (e) {
      if (i > 100) throw e;
      await sleep(50);
    }
  }
  return { name: 'nginx, idle connections', port, lines: ['/ none'], child, pids: children(child.pid) };
}

async function node() {
  const port = await freePort();
  const child = await start(running, process.execPath, ['bench/sse_server.mjs', String(port), cert, key], /ready/);
  return { name: `node ${process.versions.node}, streams of events`, port, lines: ['/ none'], child, pids: [child.pid],
    tell: () => post(`https://127.0.0.1:${port}/`, {}, '') };
}

// -- measuring -----------------------------------------------------------------

async function measure(server) {
  const path = join(base, 'lines');
  writeFileSync(path, `${server.lines.join('\n')}\n`);
  const before = resident(server.pids);
  const kernelBefore = kernel();
  const c = spawn(client, ['--port', String(server.port), '--count', String(count), '--lines', path],
    { stdio: ['pipe', 'pipe', 'inherit'] });
  running.push(c);
  const said = createInterface({ input: c.stdout })[Symbol.asyncIterator]();
  const hear = async () => JSON.parse((await said.next()).value);
  const opened = await hear();
  if (opened.open !== count) throw new Error(`${server.name}: ${opened.open} of ${count} are open`);
  const after = resident(server.pids);
  const kernelAfter = kernel();
  const used = cpu(server.pids);
  await sleep(seconds * 1000);
  const idle = (cpu(server.pids) - used) / seconds;
  const took = { p50: [], p99: [], max: [] };
  for (let i = 0; server.tell && i < EVENTS; i++) {
    c.stdin.write('hear\n');
    await hear();
    await server.tell();
    const got = await hear();
    if (got.heard !== count) throw new Error(`${server.name}: ${got.heard} of ${count} heard`);
    for (const k of Object.keys(took)) took[k].push(got[k] / 1000);
    await sleep(1000);
  }
  const peak = Math.max(after, resident(server.pids));
  c.stdin.write('count\n');
  const { open } = await hear();
  if (open !== count) throw new Error(`${server.name}: ${count - open} were lost`);
  c.kill();
  await stop(server.child);
  await sleep(2000);
  console.error(`${server.name}: ${(after / 1024).toFixed(0)} MiB, opened in ${opened.seconds} s`);
  return { before, after, peak, each: (after - before) / count, kernel: (kernelAfter - kernelBefore) / count, idle,
    opening: count / opened.seconds, took };
}

const ms = (numbers) => (numbers.length === 0 ? '' : median(numbers).toFixed(0));

async function main() {
  const rows = [];
  for (const make of [sallyport, nginx, node]) {
    const server = await make();
    const m = await measure(server);
    rows.push([server.name, (m.before / 1024).toFixed(0), (m.after / 1024).toFixed(0), (m.peak / 1024).toFixed(0),
      m.each.toFixed(1), m.kernel.toFixed(1), (100 * m.idle).toFixed(1), m.opening.toFixed(0),
      ms(m.took.p50), ms(m.took.p99), ms(m.took.max)]);
  }
  const text = `${table([`${count.toLocaleString('en')} over TLS 1.3`, 'MiB before', 'MiB with them', 'MiB after events',
    'KiB each', 'kernel KiB each', 'idle % of a core', 'opened/s', 'event to half, ms', 'to 99 %, ms', 'to all, ms'], rows)}\n\n` +
    `Resident memory of the serving process (nginx: its workers); idle over ${seconds} s, beats included; medians of ${EVENTS} events. ` +
    `The kernel's memory is for both ends of each connection, and for threads.\n\nMachine: ${machine(base)}`;
  console.log(text);
  if (o.write) write('idle', text);
}

try {
  await main();
} finally {
  for (const child of running) child.kill('SIGTERM');
  await sleep(500);
  for (const child of running) child.kill('SIGKILL');
  rmSync(base, { recursive: true, force: true });
}

// A real site in a temporary folder: made by `sallyport init`, served by
// `sallyport serve` on a free port, spoken to by node's own HTTPS client.
import { spawn, execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import https from 'node:https';
import { patience, program } from './paths.mjs';

export { patience, program };

/** Facts of the agencies that tests make; the rest is made up from the slug. */
const AGENCIES = {
  'harbor-pd': ['Harbor Police Department', 'FL', 'FL0130000'],
  'mesa-so': ['Mesa County Sheriff', 'CO', 'CO0390000'],
};

export async function freePort() {
  const server = createServer();
  await new Promise((ok) => server.listen(0, '127.0.0.1', ok));
  const { port } = server.address();
  await new Promise((ok) => server.close(ok));
  return port;
}

/** Run a program to its end: {code, stdout, stderr}, never throws for a code. */
export function run(file, args, options = {}) {
  return new Promise((done) => {
    const child = execFile(file, args, { maxBuffer: 256 << 20, encoding: 'utf8', ...options },
      (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : -1) : 0;
        done({ code, stdout, stderr, signal: error?.signal });
      });
    if (options.input !== undefined) child.stdin.end(options.input);
  });
}

export const sleep = (ms) => new Promise((ok) => setTimeout(ok, ms));

/** Ask until the answer is true (or truthy); its value is returned. */
export async function until(what, ask, seconds = 20) {
  const end = Date.now() + seconds * 1000 * patience;
  for (;;) {
    const got = await ask();
    if (got) return got;
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain: ${what}`);
    await sleep(25);
  }
}

/** Every process below `pid`: [{pid, ppid, args}]. */
export function processesBelow(pid) {
  const all = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const rest = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (rest[0] === 'Z') continue;
      const args = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').slice(0, -1);
      all.push({ pid: Number(name), ppid: Number(rest[1]), args });
    } catch {
      // It ended while we looked.
    }
  }
  const below = new Set([pid]);
  for (let grew = true; grew;) {
    grew = false;
    for (const p of all)
      if (below.has(p.ppid) && !below.has(p.pid)) {
        below.add(p.pid);
        grew = true;
      }
  }
  return all.filter((p) => below.has(p.pid) && p.pid !== pid);
}

export class Site {
  constructor(dir, port) {
    this.dir = dir;
    this.port = port;
    this.url = `https://127.0.0.1:${port}`;
    this.agencies = {};
    this.log = '';
  }

  /**
   * Make and start one; `t` stops and removes it.
   * options: agencies (slugs), args (of serve), env (of serve), port, start (false:
   * only made).
   */
  static async make(t, options = {}) {
    const dir = mkdtempSync(join(tmpdir(), 'sallyport-test-'));
    const site = new Site(join(dir, 'site'), options.port ?? await freePort());
    site.args = options.args ?? [];
    site.env = options.env ?? {};
    t.after(async () => {
      await site.kill();
      if (!process.env.SALLYPORT_TEST_KEEP) rmSync(dir, { recursive: true, force: true });
    });
    const slugs = options.agencies ?? ['harbor-pd', 'mesa-so'];
    await site.init(slugs[0], options.init);
    for (const slug of slugs.slice(1)) await site.addAgency(slug);
    if (options.start !== false) await site.start();
    return site;
  }

  facts(slug, i = Object.keys(this.agencies).length) {
    const [name, state, ori] = AGENCIES[slug] ??
      [`Agency ${slug}`, 'FL', `FL${String(1000000 + i).slice(-7)}`];
    return ['--name', name, '--state', state, '--ori', ori, '--geography', 'us'];
  }

  async init(slug, more = []) {
    const made = await this.must(['init', this.dir, '--agency', slug, ...this.facts(slug),
      '--listen', `127.0.0.1:${this.port}`, '--json', ...more]);
    this.agencies[slug] = JSON.parse(made.stdout);
    this.caPath = join(this.dir, 'ca.pem');
    this.ca = readFileSync(this.caPath, 'utf8');
    this.agent = new https.Agent({ ca: this.ca, keepAlive: true, maxSockets: 64 });
  }

  async addAgency(slug) {
    const made = await this.must(['agency', 'add', this.dir, '--agency', slug,
      ...this.facts(slug), '--json']);
    this.agencies[slug] = JSON.parse(made.stdout);
  }

  token(slug = 'harbor-pd') {
    return this.agencies[slug].token;
  }

  /** Start `serve` and wait until it says that it is ready. */
  async start(env = {}) {
    const child = spawn(program, ['serve', this.dir, ...this.args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...this.env, ...env },
    });
    this.child = child;
    child.exited = new Promise((ok) => child.on('exit', (code, signal) => ok({ code, signal })));
    child.over = false;
    child.exited.then(() => { child.over = true; });
    await new Promise((ok, no) => {
      const late = setTimeout(() => no(new Error(`serve is not ready:\n${this.log}`)),
        30000 * patience);
      child.exited.then((how) => {
        clearTimeout(late);
        no(new Error(`serve ended (${how.code ?? how.signal}):\n${this.log.slice(-4000)}`));
      });
      let said = '';
      child.stderr.setEncoding('utf8');
      child.stderr.on('data', (text) => {
        this.log += text;
        said += text;
        if (/\bready\b/.test(said)) {
          clearTimeout(late);
          ok();
        }
      });
    });
  }

  /** SIGTERM and wait; returns {code, signal}. */
  async stop() {
    this.agent?.destroy();
    if (this.agent) this.agent = new https.Agent({ ca: this.ca, keepAlive: true, maxSockets: 64 });
    this.child.kill('SIGTERM');
    return this.child.exited;
  }

  /** kill -9 of everything that serve started, then of serve. */
  async kill() {
    this.agent?.destroy();
    if (this.agent) this.agent = new https.Agent({ ca: this.ca, keepAlive: true, maxSockets: 64 });
    if (!this.child || this.child.over) return;
    const all = processesBelow(this.child.pid);
    this.child.kill('SIGKILL');
    for (const p of all) killHard(p.pid);
    await this.child.exited;
  }

  /** The keeper's process, or undefined while there is none. */
  keeper() {
    return processesBelow(this.child.pid).find((p) => p.args[1] === 'keeper')?.pid;
  }

  /** The process that listens. */
  server() {
    const inner = processesBelow(this.child.pid).find((p) => p.args[1] === 'server');
    return inner?.pid ?? this.child.pid;
  }

  /** Environment for the command line client. */
  cliEnv(slug = 'harbor-pd') {
    return {
      ...process.env,
      SALLYPORT_SITE: this.url,
      SALLYPORT_CA: this.caPath,
      SALLYPORT_TOKEN: this.token(slug),
      HOME: this.dir,
    };
  }

  /** Run a subcommand as the agency's administrator: {code, stdout, stderr}. */
  cli(args, slug = 'harbor-pd', options = {}) {
    const env = this.agencies[slug] ? this.cliEnv(slug) : process.env;
    return run(program, args, { env, ...options });
  }

  async must(args, slug = 'harbor-pd', options = {}) {
    const got = await this.cli(args, slug, options);
    if (got.code !== 0)
      throw new Error(`sallyport ${args.join(' ')}: exit ${got.code}\n${got.stdout}${got.stderr}`);
    return got;
  }

  /**
   * One request: {status, headers, body, json()}.
   * `path` begins with "/" or is below the agency ("evidence/…").
   */
  request(method, path, { headers = {}, body, agency = 'harbor-pd', token, agent, timeout } = {}) {
    const url = path.startsWith('https:') ? new URL(path)
      : new URL(path.startsWith('/') ? path : `/v1/agencies/${agency}/${path}`, this.url);
    const bearer = token === undefined ? this.token(agency) : token;
    const all = { ...headers };
    if (bearer) all.authorization = `Bearer ${bearer}`;
    if (body !== undefined && all['content-length'] === undefined && Buffer.isBuffer(body))
      all['content-length'] = body.length;
    return new Promise((ok, no) => {
      const req = https.request(url, { method, headers: all, agent: agent ?? this.agent }, (res) => {
        const parts = [];
        // A stream of events has no end to wait for (lib/events.mjs).
        if (res.headers['content-type'] === 'text/event-stream' && method !== 'HEAD') {
          req.destroy();
          ok({ status: res.statusCode, headers: res.headers, body: Buffer.alloc(0) });
          return;
        }
        res.on('data', (part) => parts.push(part));
        res.on('error', no);
        res.on('end', () => {
          const bytes = Buffer.concat(parts);
          ok({ status: res.statusCode, headers: res.headers, body: bytes,
            json: () => JSON.parse(bytes.toString('utf8')) });
        });
      });
      req.on('error', no);
      req.setTimeout(timeout ?? 60000 * patience, () => req.destroy(new Error('no answer in time')));
      if (body !== undefined && typeof body.pipe === 'function') body.pipe(req);
      else req.end(body);
    });
  }

  get(path, options) {
    return this.request('GET', path, options);
  }

  /** A tus request: Tus-Resumable is added. */
  tus(method, path, options = {}) {
    return this.request(method, path,
      { ...options, headers: { 'tus-resumable': '1.0.0', ...options.headers } });
  }

  /** Create an upload: its absolute URL. */
  async create(length, meta = { filename: 'clip.mp4' }, options = {}) {
    const answer = await this.tus('POST', 'uploads', {
      ...options,
      headers: {
        ...(length === undefined ? { 'upload-defer-length': '1' } : { 'upload-length': length }),
        ...(meta ? { 'upload-metadata': metadata(meta) } : {}),
        ...options.headers,
      },
    });
    if (answer.status !== 201)
      throw new Error(`create: ${answer.status} ${answer.body}`);
    return new URL(answer.headers.location, `${this.url}/v1/agencies/${options.agency ?? 'harbor-pd'}/uploads`).href;
  }

  patch(url, offset, bytes, options = {}) {
    return this.tus('PATCH', url, {
      ...options,
      body: bytes,
      headers: { 'content-type': 'application/offset+octet-stream', 'upload-offset': offset,
        ...options.headers },
    });
  }

  async offset(url, options = {}) {
    const answer = await this.tus('HEAD', url, options);
    if (answer.status !== 200 && answer.status !== 204)
      throw new Error(`HEAD: ${answer.status}`);
    return Number(answer.headers['upload-offset']);
  }

  /** Upload whole in one PATCH: the evidence id. */
  async put(bytes, meta = { filename: 'clip.mp4', filetype: 'video/mp4' }, options = {}) {
    const url = await this.create(bytes.length, meta, options);
    if (bytes.length === 0) {
      const answer = await this.tus('HEAD', url, options);
      return answer.headers['sallyport-evidence'];
    }
    const answer = await this.patch(url, 0, bytes, options);
    if (answer.status !== 204) throw new Error(`PATCH: ${answer.status} ${answer.body}`);
    return answer.headers['sallyport-evidence'];
  }

  async content(id, options = {}) {
    return this.get(`evidence/${id}/content`, options);
  }

  /** How many entries the log has. */
  async logSize(agency = 'harbor-pd') {
    return Number((await this.get('log/checkpoint', { agency, token: null })).body.toString().split('\n')[1]);
  }

  /** All entries of the log. */
  async entries(agency = 'harbor-pd') {
    const size = await this.logSize(agency);
    const found = [];
    for (let from = 0; from < size; from += 256) {
      const n = Math.min(256, size - from);
      const index = String(from / 256).padStart(3, '0');
      const { body } = await this.get(`log/tile/entries/${index}${n === 256 ? '' : `.p/${n}`}`, { agency });
      for (let at = 0; at < body.length;) {
        const length = body.readUInt16BE(at);
        found.push(JSON.parse(body.subarray(at + 2, at + 2 + length)));
        at += 2 + length;
      }
    }
    return found;
  }

  /** All entries about an item, each with its index in the log. */
  async custody(id, options = {}) {
    const events = [];
    for (let next = 0; next !== null;) {
      const page = (await this.get(`evidence/${id}/custody?from=${next}`, options)).json();
      events.push(...page.events.map((e) => ({ ...e.entry, index: e.index })));
      next = page.next;
    }
    return events;
  }
}

export function killHard(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

/** Upload-Metadata of an object. */
export function metadata(meta) {
  return Object.entries(meta)
    .map(([k, v]) => `${k} ${Buffer.from(String(v)).toString('base64')}`).join(',');
}

// Logs, cosigners and witnesses that share no code with the program: from the
// public texts (RFC 6962, C2SP tlog-cosignature, tlog-witness) and node:crypto.
import { createHash, createPrivateKey, createPublicKey, randomBytes, sign, verify } from 'node:crypto';
import { spawn } from 'node:child_process';
import http from 'node:http';
import https from 'node:https';
import { leafHash, tileName } from './tlog.mjs';
import { patience, program, run } from './site.mjs';

const sha256 = (...parts) => {
  const h = createHash('sha256');
  for (const p of parts) h.update(p);
  return h.digest();
};
const node = (left, right) => sha256(Buffer.of(1), left, right);
export const hex256 = (text) => sha256(text).toString('hex');

/** An Ed25519 key pair for a name; types 1 (a log) and 4 (a cosigner). */
export class Signer {
  constructor(name, type = 1, seed = randomBytes(32)) {
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
    this.name = name;
    this.type = type;
    this.private = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    this.public = createPublicKey(this.private).export({ format: 'der', type: 'spki' }).subarray(-32);
    this.id = sha256(`${name}\n`, Buffer.of(type), this.public).subarray(0, 4);
  }

  get vkey() {
    const key = Buffer.concat([Buffer.of(this.type), this.public]).toString('base64');
    return `${this.name}+${this.id.toString('hex')}+${key}`;
  }

  line(blob) {
    return `\u2014 ${this.name} ${Buffer.concat([this.id, blob]).toString('base64')}\n`;
  }

  /** The signature line of a note's text. */
  sign(text) {
    return this.line(sign(null, Buffer.from(text), this.private));
  }

  /** A cosignature line. */
  cosign(text, seconds) {
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(BigInt(seconds));
    return this.line(Buffer.concat([time,
      sign(null, Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`), this.private)]));
  }
}

/** The cosignatures by `vkey` among lines, each checked: [{time}]. */
export function cosignatures(vkey, text, lines) {
  const [, name, id, base64] = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(vkey);
  const key = Buffer.from(base64, 'base64');
  if (key.length !== 33 || key[0] !== 4) throw new Error('not a cosigner\'s key');
  if (sha256(`${name}\n`, key).subarray(0, 4).toString('hex') !== id) throw new Error('key id');
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key.subarray(1)]);
  const found = [];
  for (const line of lines.trimEnd().split('\n')) {
    const [, who, blob] = /^\u2014 (\S+) (\S+)$/.exec(line) ?? [];
    const bytes = Buffer.from(blob ?? '', 'base64');
    if (who !== name || bytes.subarray(0, 4).toString('hex') !== id) continue;
    if (bytes.length !== 76) throw new Error('a cosignature has 76 bytes');
    const time = bytes.readBigUInt64BE(4);
    if (!verify(null, Buffer.from(`cosignature/v1\ntime ${time}\n${text}`),
      createPublicKey({ key: spki, format: 'der', type: 'spki' }), bytes.subarray(12)))
      throw new Error('the cosignature does not hold');
    found.push({ time: Number(time) });
  }
  return found;
}

/** A note's signed text and its signature lines. */
export function parts(note) {
  const at = note.lastIndexOf('\n\n');
  return { text: note.slice(0, at + 1), lines: note.slice(at + 2) };
}

/** A log in memory: entries, signed checkpoints, proofs, tiles. */
export class Log {
  constructor(signer, entries = []) {
    this.signer = signer;
    this.leaves = [];
    this.entries = [];
    for (const e of entries) this.add(e);
  }

  add(entry) {
    this.entries.push(Buffer.from(entry));
    this.leaves.push(leafHash(Buffer.from(entry)));
  }

  /** MTH of leaves [begin, end). */
  range(begin, end) {
    if (end - begin === 0) return sha256('');
    if (end - begin === 1) return this.leaves[begin];
    let k = 1;
    while (k * 2 < end - begin) k *= 2;
    return node(this.range(begin, begin + k), this.range(begin + k, end));
  }

  text(size = this.leaves.length) {
    return `${this.signer.name}\n${size}\n${this.range(0, size).toString('base64')}\n`;
  }

  note(size) {
    const text = this.text(size);
    return `${text}\n${this.signer.sign(text)}`;
  }

  consistency(old, size = this.leaves.length) {
    const sub = (m, begin, end, whole) => {
      const n = end - begin;
      if (m === n) return whole ? [] : [this.range(begin, end)];
      let k = 1;
      while (k * 2 < n) k *= 2;
      return m <= k
        ? [...sub(m, begin, begin + k, whole), this.range(begin + k, end)]
        : [...sub(m - k, begin + k, end, false), this.range(begin, begin + k)];
    };
    return old === 0 || old >= size ? [] : sub(old, 0, size, true);
  }

  request(old, size) {
    return requestBody(old, this.consistency(old, size), this.note(size));
  }

  /** What is served at log/<path> for a tree of `size`; undefined: 404. */
  serve(path, size = this.leaves.length) {
    if (path === 'checkpoint') return Buffer.from(this.note(size));
    if (path === 'key') return Buffer.from(`${this.signer.vkey}\n`);
    const [, level, name, width] = /^tile\/(\d+|entries)\/([x\d/]+?)(?:\.p\/(\d+))?$/.exec(path) ?? [];
    if (level === undefined) return undefined;
    const n = Number(name.replaceAll('/', '').replaceAll('x', ''));
    if (tileName(BigInt(n)) !== name) return undefined;
    const span = level === 'entries' ? 1 : 256 ** Number(level);
    const count = Math.min(256, Math.floor(size / span) - n * 256);
    if (count <= 0 || Number(width ?? 256) > count) return undefined;
    const rows = Array.from({ length: Number(width ?? 256) }, (_, i) => n * 256 + i);
    if (level !== 'entries')
      return Buffer.concat(rows.map((i) => this.range(i * span, (i + 1) * span)));
    return Buffer.concat(rows.map((i) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(this.entries[i].length);
      return Buffer.concat([length, this.entries[i]]);
    }));
  }
}

export function requestBody(old, proof, note) {
  return `old ${old}\n${proof.map((h) => `${h.toString('base64')}\n`).join('')}\n${note}`;
}

/** `sallyport log witness` in a folder: a process, its key and address. */
export class Witness {
  /** options: name, logs (vkeys), args. */
  static async start(t, dir, options = {}) {
    const w = new Witness();
    w.dir = dir;
    w.options = options;
    await w.spawn();
    t?.after(() => w.kill());
    return w;
  }

  async spawn() {
    const args = ['log', 'witness', this.dir, '--json', '--listen', '127.0.0.1:0', ...(this.options.args ?? [])];
    if (this.options.name) args.push('--name', this.options.name);
    for (const vkey of this.options.logs ?? []) args.push('--log', vkey);
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    this.log = '';
    this.over = new Promise((ok) => child.on('exit', (code, signal) => ok({ code, signal })));
    child.stderr.on('data', (d) => { this.log += d; });
    let said = '';
    await new Promise((ok, no) => {
      const late = setTimeout(() => no(new Error(`the witness is not ready: ${this.log}`)), 20000 * patience);
      this.over.then(() => { clearTimeout(late); no(new Error(`the witness ended: ${this.log}`)); });
      child.stdout.on('data', (d) => {
        said += d;
        if (!said.includes('\n')) return;
        clearTimeout(late);
        Object.assign(this, JSON.parse(said));
        ok();
      });
    });
  }

  /** One request: {status, headers, body}; status 0 when none came. */
  ask(method, path, body, options = {}) {
    const kind = this.url.startsWith('https') ? https : http;
    return new Promise((ok) => {
      const req = kind.request(this.url + path, { method, timeout: 20000 * patience, ...options }, (res) => {
        const all = [];
        res.on('data', (d) => all.push(d));
        res.on('end', () => ok({ status: res.statusCode, headers: res.headers, body: Buffer.concat(all).toString() }));
        res.on('error', () => ok({ status: 0 }));
      });
      req.on('timeout', () => req.destroy());
      req.on('error', () => ok({ status: 0 }));
      req.end(body);
    });
  }

  add(body, options) {
    return this.ask('POST', '/add-checkpoint', body, options);
  }

  checkpoint(origin) {
    return this.ask('GET', `/${hex256(origin)}/checkpoint`);
  }

  stop() {
    this.child.kill('SIGTERM');
    return this.over;
  }

  kill() {
    this.child.kill('SIGKILL');
    return this.over;
  }
}

/** Run the client against anything: {code, stdout, stderr, lines}. */
export async function monitor(args, env) {
  const got = await run(program, ['log', 'monitor', '--json', ...args], { env: { ...process.env, ...env } });
  got.lines = got.stdout.trim().split('\n').filter(Boolean).map((l) => JSON.parse(l));
  return got;
}

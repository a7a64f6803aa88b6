// A witness (C2SP tlog-witness) written from the public texts, which shares no
// code with the program, and which can also lie.
import { createHash, createPrivateKey, generateKeyPairSync, sign, createPublicKey, verify } from 'node:crypto';
import http from 'node:http';
import * as tlog from './tlog.mjs';

const hash = (...parts) => {
  const h = createHash('sha256');
  for (const p of parts) h.update(p);
  return h.digest();
};
const COSIGNATURE = 4;

/** A key pair with the id that its name and the signature's type give it. */
export function cosignerKey(name) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const typed = Buffer.concat([Buffer.of(COSIGNATURE), raw]);
  const id = hash(`${name}\n`, typed).subarray(0, 4);
  return { name, id, privateKey, vkey: `${name}+${id.toString('hex')}+${typed.toString('base64')}` };
}

const message = (time, text) => Buffer.from(`cosignature/v1\ntime ${time}\n${text}`);

export function cosignatureLine(key, text, time) {
  const at = Buffer.alloc(8);
  at.writeBigUInt64BE(BigInt(time));
  const sig = sign(null, message(time, text), createPrivateKey(key.privateKey.export({ format: 'pem', type: 'pkcs8' })));
  return `\u2014 ${key.name} ${Buffer.concat([key.id, at, sig]).toString('base64')}\n`;
}

/** Parts of a signed note: its text, and its signature lines. */
export function parts(note) {
  const split = note.lastIndexOf('\n\n');
  return { text: note.slice(0, split + 1), lines: note.slice(split + 2) };
}

/** When this key cosigned the note, in seconds; undefined: it did not. */
export function cosigned(note, vkey) {
  const [, name, id, base64] = /^(\S+)\+([0-9a-f]{8})\+(\S+)$/.exec(vkey);
  const raw = Buffer.from(base64, 'base64').subarray(1);
  const key = createPublicKey({ format: 'der', type: 'spki',
    key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]) });
  const { text, lines } = parts(note);
  for (const line of lines.trimEnd().split('\n')) {
    const [, who, sig] = /^\u2014 (\S+) (\S+)$/.exec(line);
    const bytes = Buffer.from(sig, 'base64');
    if (who !== name || bytes.subarray(0, 4).toString('hex') !== id) continue;
    if (bytes.length !== 4 + 8 + 64) throw new Error(`a cosignature of ${bytes.length} bytes`);
    const time = bytes.readBigUInt64BE(4);
    if (!verify(null, message(time, text), key, bytes.subarray(12))) throw new Error('a wrong cosignature');
    return Number(time);
  }
  return undefined;
}

export class Witness {
  /** `t.after` stops it.  options.name, options.port. */
  static async start(t, options = {}) {
    const w = new Witness();
    w.key = cosignerKey(options.name ?? 'witness.example/courts');
    w.logs = new Map();
    w.lie = null;
    w.held = [];
    w.asked = 0;
    w.answered = 0;
    w.port = options.port ?? 0;
    await w.up();
    t.after(() => w.down());
    return w;
  }

  get vkey() {
    return this.key.vkey;
  }

  async up() {
    this.server = http.createServer((q, a) => this.#take(q, a));
    await new Promise((ok) => this.server.listen(this.port, '127.0.0.1', ok));
    this.port = this.server.address().port;
    this.url = `http://127.0.0.1:${this.port}/w`;
  }

  async down() {
    if (!this.server) return;
    const closed = new Promise((ok) => this.server.close(ok));
    this.server.closeAllConnections();
    await closed;
    this.server = null;
  }

  /** From now on this log is known. */
  trust(vkeyText) {
    const key = tlog.verifierKey(vkeyText);
    this.logs.set(key.name, { key, size: 0n, root: hash() });
  }

  /** Those who were left hanging get their honest answers. */
  release() {
    this.lie = null;
    for (const give of this.held.splice(0)) give();
  }

  #take(q, a) {
    const parts = [];
    a.on('error', () => {});
    q.on('data', (d) => parts.push(d));
    q.on('end', () => {
      this.asked++;
      const body = Buffer.concat(parts).toString('utf8');
      const honest = () => this.#honest(q, body);
      if (this.lie) this.lie(a, honest, this, body);
      else this.answer(a, honest());
    });
  }

  answer(a, { status, type, text }) {
    if (a.destroyed || a.socket?.destroyed) return;
    this.answered++;
    a.writeHead(status, { 'content-type': type ?? 'text/plain; charset=utf-8' });
    a.end(text);
  }

  #honest(q, body) {
    if (q.method !== 'POST' || q.url !== '/w/add-checkpoint') return { status: 405, text: '' };
    const split = body.indexOf('\n\n');
    const [first, ...hashes] = body.slice(0, split).split('\n');
    const note = body.slice(split + 2);
    const old = /^old (0|[1-9]\d*)$/.exec(first)?.[1];
    if (old === undefined || hashes.length > 63) return { status: 400, text: 'malformed' };
    const log = this.logs.get(note.split('\n')[0]);
    if (!log) return { status: 404, text: 'unknown log' };
    let head;
    try {
      head = tlog.checkpoint(note, log.key);
    } catch {
      return { status: 403, text: 'not signed' };
    }
    if (BigInt(old) > head.size) return { status: 400, text: 'old is more' };
    if (BigInt(old) !== log.size) return { status: 409, type: 'text/x.tlog.size', text: `${log.size}\n` };
    try {
      tlog.checkConsistency(log, head, hashes.map((h) => Buffer.from(h, 'base64')));
    } catch (e) {
      return { status: 422, text: String(e) };
    }
    log.size = head.size;
    log.root = head.root;
    const text = note.slice(0, note.lastIndexOf('\n\n') + 1);
    this.lastText = text;
    return { status: 200, text: cosignatureLine(this.key, text, Math.floor(Date.now() / 1000)) };
  }
}

/** How a witness can lie: (answer, honest, witness, body) => void. */
export const lies = {
  hang: (a, honest, w) => { w.held.push(() => w.answer(a, honest())); },
  close: (a) => { a.socket.destroy(); },
  garbage: (a, honest, w) => { w.answer(a, { status: 200, text: 'no cosignature at all' }); },
  nothing: (a, honest, w) => { w.answer(a, { status: 200, text: '' }); },
  huge: (a) => {
    a.writeHead(200);
    const more = () => {
      while (!a.destroyed && a.write('x'.repeat(65536)));
    };
    a.on('drain', more);
    more();
  },
  drip: (a) => {
    a.writeHead(200, { 'content-length': 100000 });
    const drop = setInterval(() => (a.destroyed ? clearInterval(drop) : a.write('\n')), 200);
    a.on('close', () => clearInterval(drop));
  },
  redirect: (a) => {
    a.writeHead(307, { location: '/elsewhere/add-checkpoint' });
    a.end();
  },
  error: (a, honest, w) => { w.answer(a, { status: 500, text: '' }); },
  unknown: (a, honest, w) => { w.answer(a, { status: 404, text: '' }); },
  yesterday: (a, honest, w, body) => {
    w.answer(a, { status: 200,
      text: cosignatureLine(w.key, parts(body.slice(body.indexOf('\n\n') + 2)).text, Math.floor(Date.now() / 1000) - 86400) });
  },
  future: (a, honest, w, body) => {
    w.answer(a, { status: 200,
      text: cosignatureLine(w.key, parts(body.slice(body.indexOf('\n\n') + 2)).text, Math.floor(Date.now() / 1000) + 3600) });
  },
  otherKey: (a, honest, w, body) => {
    const other = { ...cosignerKey(w.key.name), id: w.key.id };
    w.answer(a, { status: 200,
      text: cosignatureLine(other, parts(body.slice(body.indexOf('\n\n') + 2)).text, Math.floor(Date.now() / 1000)) });
  },
  otherCheckpoint: (a, honest, w, body) => {
    const text = parts(body.slice(body.indexOf('\n\n') + 2)).text.replace(/\n\d+\n/, '\n1\n');
    w.answer(a, { status: 200, text: cosignatureLine(w.key, text, Math.floor(Date.now() / 1000)) });
  },
  loop: (a, honest, w, body) => {
    const old = Number(/^old (\d+)/.exec(body)[1]);
    w.answer(a, { status: 409, type: 'text/x.tlog.size', text: `${old === 1 ? 2 : 1}\n` });
  },
  noSize: (a, honest, w) => { w.answer(a, { status: 409, type: 'text/x.tlog.size', text: '-1\n' }); },
  ahead: (a, honest, w) => { w.answer(a, { status: 409, type: 'text/x.tlog.size', text: '1000000\n' }); },
  fork: (a, honest, w) => { w.answer(a, { status: 422, text: '' }); },
};

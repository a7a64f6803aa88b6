// A verifier of transparency logs that shares no code with the program:
// written from the public texts only (RFC 6962 2.1, RFC 9162 2.1, C2SP
// signed-note, tlog-checkpoint, tlog-proof, tlog-tiles).
import { createHash, createPublicKey, verify } from 'node:crypto';

const hash = (...parts) => {
  const h = createHash('sha256');
  for (const p of parts) h.update(p);
  return h.digest();
};
export const leafHash = (entry) => hash(Buffer.of(0), entry);
const nodeHash = (left, right) => hash(Buffer.of(1), left, right);

/** "name+hash+base64": {name, id, key}. */
export function verifierKey(text) {
  const [, name, id, base64] = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)\n?$/.exec(text) ?? fail('key');
  const raw = Buffer.from(base64, 'base64');
  if (raw.length !== 33 || raw[0] !== 1) fail('not an Ed25519 key');
  const want = hash(Buffer.from(`${name}\n`), raw).subarray(0, 4).toString('hex');
  if (want !== id) fail('key id does not match the key');
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw.subarray(1)]);
  return { name, id, key: createPublicKey({ key: spki, format: 'der', type: 'spki' }) };
}

/** A signed checkpoint, its signature checked: {origin, size, root}. */
export function checkpoint(note, vkey) {
  const split = note.lastIndexOf('\n\n');
  if (split < 0) fail('note without signatures');
  const text = note.slice(0, split + 1);
  let good = false;
  for (const line of note.slice(split + 2).trimEnd().split('\n')) {
    const [, name, base64] = /^\u2014 (\S+) (\S+)$/.exec(line) ?? fail(`signature line: ${line}`);
    const raw = Buffer.from(base64, 'base64');
    if (name !== vkey.name || raw.subarray(0, 4).toString('hex') !== vkey.id) continue;
    if (!verify(null, Buffer.from(text), vkey.key, raw.subarray(4))) fail('bad signature');
    good = true;
  }
  if (!good) fail('no signature by the log');
  const [origin, size, root] = text.split('\n');
  if (origin !== vkey.name) fail(`origin is ${origin}`);
  if (!/^(0|[1-9]\d*)$/.test(size)) fail('size');
  return { origin, size: BigInt(size), root: Buffer.from(root, 'base64') };
}

function bits(n) {
  return n === 0n ? 0 : n.toString(2).length;
}

export function inclusionRoot(index, size, leaf, path) {
  const inner = bits(index ^ (size - 1n));
  const border = (index >> BigInt(inner)).toString(2).replace(/0/g, '').length;
  if (path.length !== inner + border) fail(`proof has ${path.length} hashes, not ${inner + border}`);
  return path.reduce((h, p, j) =>
    (j >= inner || (index >> BigInt(j)) & 1n ? nodeHash(p, h) : nodeHash(h, p)), leaf);
}

/** Parse a tlog-proof: {index, path, note}. */
export function parseProof(text) {
  const at = text.indexOf('\n\n');
  const [magic, ...lines] = text.slice(0, at).split('\n');
  if (magic !== 'c2sp.org/tlog-proof@v1') fail('not a tlog-proof');
  if (lines[0]?.startsWith('extra ')) lines.shift();
  const index = /^index (0|[1-9]\d*)$/.exec(lines.shift())?.[1] ?? fail('index');
  return { index: BigInt(index), path: lines.map((l) => Buffer.from(l, 'base64')), note: text.slice(at + 2) };
}

/** Check that a tlog-proof covers `entry`: {index, size, root}. */
export function checkProof(text, entry, vkey) {
  const proof = parseProof(text);
  const head = checkpoint(proof.note, vkey);
  if (proof.index >= head.size) fail('index is past the end');
  if (!inclusionRoot(proof.index, head.size, leafHash(entry), proof.path).equals(head.root))
    fail('the proof does not lead to the root');
  return { index: proof.index, ...head };
}

/** RFC 9162 2.1.4.2. */
export function checkConsistency(first, second, path) {
  if (first.size > second.size) fail('the log shrank');
  if (first.size === second.size) {
    if (!first.root.equals(second.root) || path.length !== 0) fail('two roots at one size');
    return;
  }
  if (first.size === 0n) return;
  const proof = (first.size & (first.size - 1n)) === 0n ? [first.root, ...path] : [...path];
  let fn = first.size - 1n;
  let sn = second.size - 1n;
  while (fn & 1n) {
    fn >>= 1n;
    sn >>= 1n;
  }
  let fr = proof[0] ?? fail('empty proof');
  let sr = fr;
  for (const c of proof.slice(1)) {
    if (sn === 0n) fail('proof too long');
    if ((fn & 1n) || fn === sn) {
      fr = nodeHash(c, fr);
      sr = nodeHash(c, sr);
      while (!(fn & 1n) && fn !== 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else {
      sr = nodeHash(sr, c);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  if (sn !== 0n || !fr.equals(first.root) || !sr.equals(second.root)) fail('the log was rewritten');
}

/** Path of a tile: tileName(1234067n) is "x001/x234/067". */
export function tileName(n) {
  const digits = n.toString().padStart(Math.ceil(n.toString().length / 3) * 3, '0');
  return digits.match(/\d{3}/g).map((d, i, all) => (i < all.length - 1 ? `x${d}` : d)).join('/');
}

/** Hashes of a tree of `size` leaves, read from published tiles. */
export class Tiles {
  /** fetch(path): Buffer of …/log/<path>. */
  constructor(size, fetch) {
    this.size = size;
    this.fetch = fetch;
    this.kept = new Map();
  }

  async tile(level, n) {
    const width = (this.size >> (8n * BigInt(level))) - n * 256n;
    const partial = width < 256n ? `.p/${width}` : '';
    const path = `tile/${level}/${tileName(n)}${partial}`;
    if (!this.kept.has(path)) this.kept.set(path, await this.fetch(path));
    return this.kept.get(path);
  }

  /** The hash of leaves [index << level, (index + 1) << level). */
  async node(level, index) {
    const tileLevel = Math.floor(level / 8);
    const below = BigInt(level % 8);
    const first = index << below;
    const tile = await this.tile(tileLevel, first >> 8n);
    const at = Number(first & 255n) * 32;
    let row = [];
    for (let i = 0; i < 1 << Number(below); i++) {
      const h = tile.subarray(at + i * 32, at + i * 32 + 32);
      if (h.length !== 32) fail('tile is too short');
      row.push(h);
    }
    while (row.length > 1) row = row.filter((_, i) => i % 2 === 0).map((h, i) => nodeHash(h, row[2 * i + 1]));
    return row[0];
  }

  /** MTH of leaves [begin, end), a range as RFC 6962 splits it. */
  async range(begin, end) {
    const n = end - begin;
    if ((n & (n - 1n)) === 0n) {
      const level = bits(n) - 1;
      return this.node(level, begin >> BigInt(level));
    }
    const k = 1n << BigInt(bits(n - 1n) - 1);
    return nodeHash(await this.range(begin, begin + k), await this.range(begin + k, end));
  }

  async root() {
    return this.size === 0n ? hash() : this.range(0n, this.size);
  }

  /** RFC 6962 2.1.2: PROOF(old, D[size]). */
  async consistency(old) {
    const sub = async (m, begin, end, whole) => {
      const n = end - begin;
      if (m === n) return whole ? [] : [await this.range(begin, end)];
      const k = 1n << BigInt(bits(n - 1n) - 1);
      return m <= k
        ? [...await sub(m, begin, begin + k, whole), await this.range(begin + k, end)]
        : [...await sub(m - k, begin + k, end, false), await this.range(begin, begin + k)];
    };
    return old === 0n || old === this.size ? [] : sub(old, 0n, this.size, true);
  }
}

/** An entry bundle: its entries. */
export function parseBundle(bytes) {
  const entries = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt16BE(at);
    if (at + 2 + length > bytes.length) fail('bundle is cut');
    entries.push(bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return entries;
}

function fail(why) {
  throw new Error(`tlog: ${why}`);
}

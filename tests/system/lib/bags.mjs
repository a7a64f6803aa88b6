// Unpacked bags and what a forger would do with them.
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { run } from './site.mjs';

const TAGS = ['tagmanifest-sha256.txt', 'tagmanifest-sha512.txt'];

/** Every file below, as paths with '/'. */
export function filesBelow(folder) {
  return readdirSync(folder, { recursive: true }).filter((f) => statSync(join(folder, f)).isFile()).sort();
}

/** The one folder of a name, unpacked below `into`. */
export async function unpack(zip, into) {
  mkdirSync(into);
  const got = await run('unzip', ['-q', zip, '-d', into]);
  if (got.code !== 0) throw new Error(got.stderr);
  return join(into, readdirSync(into)[0]);
}

/** A folder as a compressed zip: what file managers make of an unpacked bag. */
export function deflated(folder) {
  const number = (width, ...values) => {
    const out = Buffer.alloc(width * values.length);
    values.forEach((value, i) => out.writeUIntLE(value, i * width, width));
    return out;
  };
  const members = [];
  const directory = [];
  let at = 0;
  for (const path of filesBelow(folder)) {
    const plain = readFileSync(join(folder, path));
    const content = deflateRawSync(plain);
    const name = Buffer.from(`${basename(folder)}/${path}`);
    const gzip = gzipSync(plain, { level: 1 }); // ends with the CRC and the size
    const facts = Buffer.concat([number(2, 20, 0x0800, 8, 0, 0), gzip.subarray(-8, -4),
      number(4, content.length, plain.length), number(2, name.length, 0)]);
    const member = Buffer.concat([Buffer.from('PK\x03\x04'), facts, name, content]);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02'), number(2, 20), facts, number(2, 0, 0, 0), number(4, 0, at), name]));
    members.push(member);
    at += member.length;
  }
  const all = Buffer.concat(directory);
  return Buffer.concat([...members, all, Buffer.from('PK\x05\x06'),
    number(2, 0, 0, directory.length, directory.length), number(4, all.length, at), number(2, 0)]);
}

/** A bag that one may change. */
export class Copy {
  constructor(bag, folder) {
    cpSync(bag, folder, { recursive: true });
    this.folder = folder;
  }

  path(name) {
    return join(this.folder, name);
  }

  read(name) {
    return readFileSync(this.path(name));
  }

  write(name, content) {
    writeFileSync(this.path(name), content);
  }

  /** Change a text; it must have been there. */
  edit(name, from, to) {
    const before = this.read(name).toString();
    const after = before.replace(from, to);
    if (after === before) throw new Error(`${name} has no ${from}`);
    this.write(name, after);
  }

  flip(name, at) {
    const bytes = this.read(name);
    bytes[at ?? bytes.length >> 1] ^= 1;
    this.write(name, bytes);
  }

  /** Manifests and Payload-Oxum made again: what covers a change from a careless eye. */
  cover() {
    const all = filesBelow(this.folder);
    const data = all.filter((f) => f.startsWith('data/'));
    const octets = data.reduce((n, f) => n + statSync(this.path(f)).size, 0);
    this.edit('bag-info.txt', /Payload-Oxum: .*/, `Payload-Oxum: ${octets}.${data.length} `);
    this.edit('bag-info.txt', /(Payload-Oxum: \S+) /, '$1');
    const line = (kind, f) => `${createHash(kind).update(this.read(f)).digest('hex')}  ${f.replace(/%/g, '%25')}\n`;
    for (const kind of ['sha256', 'sha512'])
      this.write(`manifest-${kind}.txt`, data.map((f) => line(kind, f)).join(''));
    const tags = filesBelow(this.folder).filter((f) => !f.startsWith('data/') && !TAGS.includes(f));
    for (const kind of ['sha256', 'sha512'])
      this.write(`tagmanifest-${kind}.txt`, tags.map((f) => line(kind, f)).join(''));
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

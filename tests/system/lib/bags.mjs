// Unpacked bags and what a forger would do with them.
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

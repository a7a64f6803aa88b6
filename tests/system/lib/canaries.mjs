// Long random words, one for each textual field of an agency, and the search
// for them where they must not be: in files, databases, archives and logs.
import { randomBytes, randomInt } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';

export class Canaries {
  constructor() {
    /** How all of them begin, so that one search finds any. */
    this.mark = `zq${randomBytes(4).toString('hex')}`;
    /** What cannot begin so: {where, text}. */
    this.others = [];
    this.made = new Map();
  }

  /** A word of 20 letters and digits for this field. */
  word(where) {
    const text = this.mark + randomBytes(5).toString('hex');
    this.made.set(text, where);
    return text;
  }

  /** The same where only capitals may stand. */
  capital(where) {
    return this.word(where).toUpperCase();
  }

  /** A number of nine digits, as one of social security is. */
  number(where) {
    const digits = () => String(randomInt(10, 100));
    const text = `2${digits()}-${digits()}-${digits()}${digits()}`;
    this.keep(`${where} (dashed)`, text);
    this.keep(where, text.replaceAll('-', ''));
    return text;
  }

  /** A secret that the server made: a token, a code, a seed. */
  secret(where, text) {
    this.keep(where, text);
    return text;
  }

  keep(where, text) {
    this.others.push({ where, text });
  }

  /** Which of them a text has, or undefined. */
  in(text) {
    const at = text.toLowerCase().indexOf(this.mark);
    if (at >= 0) return this.made.get(text.slice(at, at + 20).toLowerCase()) ?? 'a field';
    return this.others.find((o) => text.includes(o.text))?.where;
  }

  /** All of them as bytes, in every writing in which they could be stored. */
  needles() {
    const mark = Buffer.from(this.mark);
    const upper = Buffer.from(this.mark.toUpperCase());
    const writings = [mark, upper, Buffer.from(mark.toString('hex')), Buffer.from(this.mark, 'utf16le')];
    // In base64, wherever among three bytes it begins, without the ends that
    // depend on what is beside it.
    for (let skip = 0; skip < 3; skip++)
      for (const word of [mark, upper])
        writings.push(Buffer.from(Buffer.concat([Buffer.alloc(skip), word]).toString('base64').slice(skip === 0 ? 0 : 4, -4)));
    return [...writings.map((bytes) => ({ where: 'the mark', bytes })),
      ...this.others.map((o) => ({ where: o.where, bytes: Buffer.from(o.text) }))];
  }
}

/** All files below these folders (or the files themselves). */
export function filesIn(...places) {
  return places.flatMap((place) => (statSync(place).isFile() ? [place]
    : readdirSync(place, { recursive: true }).map((f) => join(place, f)).filter((f) => statSync(f).isFile())));
}

/** What in these bytes is compressed (streams of a PDF, of gzip, of a ZIP), unpacked. */
export function unpacked(bytes) {
  const parts = [bytes];
  const take = (inflate, from) => {
    try {
      parts.push(inflate(bytes.subarray(from), { finishFlush: 2 }));
    } catch {
      // No such stream: nothing is hidden in it.
    }
  };
  for (let at = bytes.indexOf('stream\n'); at >= 0; at = bytes.indexOf('stream\n', at + 7)) take(inflateSync, at + 7);
  for (let at = bytes.indexOf('stream\r\n'); at >= 0; at = bytes.indexOf('stream\r\n', at + 8)) take(inflateSync, at + 8);
  for (let at = bytes.indexOf('PK\x03\x04'); at >= 0; at = bytes.indexOf('PK\x03\x04', at + 4))
    take(inflateRawSync, at + 30 + bytes.readUInt16LE(at + 26) + bytes.readUInt16LE(at + 28));
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) take(gunzipSync, 0);
  return parts;
}

/** Where one of the needles is found: `PLACE: WHAT`, or undefined. */
export function found(needles, name, bytes) {
  for (const part of unpacked(bytes))
    for (const needle of needles)
      if (part.includes(needle.bytes)) return `${name}: ${needle.where}`;
  return undefined;
}

/** The same in files. */
export function foundIn(needles, files) {
  for (const file of files) {
    const there = found(needles, file, readFileSync(file));
    if (there) return there;
  }
  return undefined;
}

/**
 * All of an agency's folder as it is: name → SHA-256, files by their bytes and
 * the database by what each of its tables says (its pages move about when it
 * tidies itself).
 */
export function pictureOf(folder) {
  const picture = new Map();
  const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
  const database = join(folder, 'agency.db');
  const sql = (q) => execFileSync('sqlite3', ['-readonly', '-quote', database], { input: q, maxBuffer: 256 << 20, encoding: 'utf8' });
  for (const file of filesIn(folder).filter((f) => !f.startsWith(database)))
    picture.set(relative(folder, file), sha256(readFileSync(file)));
  const tables = sql("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql IS NOT NULL ORDER BY name;")
    .trim().split('\n').map((t) => t.slice(1, -1));
  const all = sql(tables.map((t) => `SELECT '#table', '${t}';\nSELECT * FROM "${t}";`).join('\n'));
  for (const text of all.split(/^(?='#table')/m)) {
    const [head, ...rows] = text.split('\n');
    picture.set(`agency.db ${head.split("'")[3]}`, sha256(rows.sort().join('\n')));
  }
  return picture;
}

/** What of the one picture is not as in the other. */
export const changed = (before, after) => [...new Set([...before.keys(), ...after.keys()])]
  .filter((name) => before.get(name) !== after.get(name)).sort();

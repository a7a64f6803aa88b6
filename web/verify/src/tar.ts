// Reading a tar archive (POSIX.1-2017 pax, "ustar Interchange Format" and "pax
// Extended Header") without trusting it.  A header is a block of 512 bytes:
//
//     0 name (100)    124 size (12)       257 "ustar"     345 prefix (155)
//   100 mode (8)      148 checksum (8)    156 kind (1)
//
// Numbers are octal, or of base 256 when the first bit is set.  Kind 'x' is a
// pax header: records "length key=value\n" that speak of the next member ('g':
// of all that follow); 'L' is GNU's: the next member's name.
//
// The end is a block of zeros; only zeros may follow, for other bytes there
// could be another archive, for another unpacker to find.
import { find, fromUtf8, latin1 } from './bytes.ts';
import { Lie } from './finding.ts';
import { Base, countMember, type Member, type Walk } from './member.ts';
import type { Reader } from './reader.ts';

const BLOCK = 512;
/** A pax header or a long name. */
const EXTENSION_MAX = 1 << 20;

interface Header {
  name: Uint8Array;
  kind: string;
  size: number;
}

/** What pax or GNU headers say of the next member. */
interface Said {
  name?: Uint8Array;
  size?: number;
  holes?: boolean;
}

function damaged(what: string): Lie {
  return new Lie('archive-damaged', '', `the archive is damaged: ${what}`);
}

function noArchive(): Lie {
  return new Lie('archive-kind', '', 'neither a whole zip archive nor a tar archive');
}

/** Up to its NUL. */
function text(bytes: Uint8Array): Uint8Array {
  const end = find(bytes, 0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

function octal(bytes: Uint8Array): number {
  const digits = /^ *([0-7]*)[ \0]*$/.exec(latin1(bytes))?.[1];
  if (digits === undefined) throw damaged('a number in a tar header is none');
  return digits === '' ? 0 : parseInt(digits, 8);
}

/** At most 2^53: eleven octal digits, or base 256. */
function size(bytes: Uint8Array): number {
  if ((bytes[0]! & 0x80) === 0) return octal(bytes);
  let value = BigInt(bytes[0]! & 0x7f);
  for (const byte of bytes.subarray(1)) value = (value << 8n) | BigInt(byte);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged('a size is out of range');
  return Number(value);
}

/** The sum of all bytes, those of the sum itself counted as spaces. */
function sumOk(block: Uint8Array): boolean {
  const digits = latin1(block.subarray(148, 156));
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : block[i]!;
  return /^ *[0-7]+[ \0]*$/.test(digits) && sum === octal(block.subarray(148, 156));
}

function readHeader(block: Uint8Array, first: boolean): Header {
  if (!sumOk(block))
    throw first ? noArchive() : damaged('a tar header is not one');
  const name = text(block.subarray(0, 100));
  const magic = latin1(block.subarray(257, 263));
  const prefix = magic === 'ustar\0' ? text(block.subarray(345, 500)) : new Uint8Array(0);
  const whole = new Uint8Array(prefix.length === 0 ? name.length : prefix.length + 1 + name.length);
  if (prefix.length > 0) {
    whole.set(prefix);
    whole[prefix.length] = 0x2f;
  }
  whole.set(name, whole.length - name.length);
  return { name: whole, kind: String.fromCharCode(block[156]!), size: size(block.subarray(124, 136)) };
}

/** The records of a pax header, as pairs of key and value. */
export function paxRecords(bytes: Uint8Array): [string, Uint8Array][] {
  const records: [string, Uint8Array][] = [];
  for (let at = 0; at < bytes.length;) {
    const space = find(bytes, 0x20, at);
    const digits = latin1(bytes.subarray(at, Math.max(at, Math.min(space, at + 8))));
    const end = at + Number(digits);
    if (!/^[1-9][0-9]*$/.test(digits) || end > bytes.length || bytes[end - 1] !== 0x0a)
      throw damaged('a pax header is not one');
    const equals = find(bytes, 0x3d, space);
    if (equals < 0 || equals >= end) throw damaged('a pax header is not one');
    records.push([latin1(bytes.subarray(space + 1, equals)), bytes.slice(equals + 1, end - 1)]);
    at = end;
  }
  return records;
}

function takePax(bytes: Uint8Array, said: Said): void {
  for (const [key, value] of paxRecords(bytes)) {
    if (key === 'path') setName(said, value);
    if (key.startsWith('GNU.sparse.') || key === 'SCHILY.realsize') said.holes = true;
    if (key !== 'size') continue;
    const digits = latin1(value);
    if (!/^(0|[1-9][0-9]{0,15})$/.test(digits)) throw damaged('a size is out of range');
    said.size = Number(digits);
  }
}

function setName(said: Said, name: Uint8Array): void {
  if (said.name) throw damaged('a member has two names');
  said.name = name;
}

/** What speaks of all that follows must not rename or resize it. */
function checkGlobal(bytes: Uint8Array): void {
  if (paxRecords(bytes).some(([key]) => /^(path|size|linkpath)$|^GNU\./.test(key)))
    throw damaged('a pax header renames all that follows');
}

/** True when the header was one that speaks of the next. */
async function takeExtension(reader: Reader, at: number, header: Header, said: Said): Promise<boolean> {
  if (!'xgL'.includes(header.kind)) return false;
  if (header.size > EXTENSION_MAX) throw damaged('a pax header is too long');
  const bytes = (await reader.read(at, header.size)).slice();
  if (header.kind === 'x') takePax(bytes, said);
  else if (header.kind === 'g') checkGlobal(bytes);
  else setName(said, text(bytes));
  return true;
}

const isZero = (bytes: Uint8Array) => bytes.every((byte) => byte === 0);

async function checkEnd(reader: Reader, from: number): Promise<void> {
  for await (const chunk of reader.chunks(from, reader.size - from))
    if (!isZero(chunk)) throw new Lie('archive-tail', '', 'something else follows the tar archive');
}

/** undefined for a folder. */
function open(reader: Reader, at: number, header: Header, base: Base, holes: boolean): Member | undefined {
  const name = fromUtf8(header.name);
  const folder = header.kind === '5' || ('0\0'.includes(header.kind) && (name ?? '').endsWith('/'));
  if (name === undefined)
    throw new Lie('path-illegal', latin1(header.name),
      'a path that could lead out of the bag, or is not plain UTF-8');
  const path = base.inside(name, folder);
  if (folder) return undefined;
  if (header.kind === '1') throw new Lie('not-a-file', path, 'a link');
  if (holes || header.kind === 'S') throw new Lie('file-holes', path, 'a file with holes');
  if (!'0\u00007'.includes(header.kind))
    throw new Lie('not-a-file', path, 'neither a regular file nor a folder');
  return { path, stored: reader.blob.slice(at, at + header.size),
    chunks: () => reader.chunks(at, header.size) };
}

/** The header at `at` with what was said before it, or undefined at the end. */
async function next(reader: Reader, at: number): Promise<{ header: Header; at: number; holes: boolean } | undefined> {
  const said: Said = {};
  for (;;) {
    if (at === reader.size) return undefined;
    const block = (await reader.read(at, BLOCK)).slice();
    at += BLOCK;
    if (isZero(block)) {
      await checkEnd(reader, at);
      return undefined;
    }
    const header = readHeader(block, at === BLOCK);
    if (await takeExtension(reader, at, header, said)) {
      at += Math.ceil(header.size / BLOCK) * BLOCK;
      continue;
    }
    header.name = said.name ?? header.name;
    header.size = said.size ?? header.size;
    return { header, at, holes: said.holes === true };
  }
}

/** A link or a device has no content, whatever size it gives. */
const contentSize = (header: Header) => ('123456'.includes(header.kind) ? 0 : header.size);

export function walkTar(reader: Reader): Walk {
  return async function* walk(refuse) {
    const base = new Base();
    let at = 0;
    if (reader.size < BLOCK) throw noArchive();
    for (let seen = 0; ; seen++) {
      const found = await next(reader, at);
      if (!found) return;
      const { header, holes } = found;
      at = found.at + Math.ceil(contentSize(header) / BLOCK) * BLOCK;
      let member: Member | undefined;
      try {
        member = open(reader, found.at, header, base, holes);
      } catch (error) {
        if (!(error instanceof Lie)) throw error;
        refuse(error);
      }
      countMember(seen, member?.path ?? latin1(header.name));
      if (!member) continue;
      if (contentSize(header) > reader.size - found.at)
        throw new Lie('archive-cut', member.path, 'the archive is damaged: Truncated tar archive');
      yield member;
    }
  };
}

// Reading a zip archive (PKWARE APPNOTE 6.3) without trusting it.
//
//   end record (22, 4.3.16)              central entry (46, 4.3.12)
//    0 "PK\5\6"                           0 "PK\1\2"     4 made by
//    4 this disk, 6 directory's disk      8 flags       10 method
//    8 entries here, 10 entries          16 CRC-32      20 stored size, 24 size
//   12 directory size, 16 its offset     28 name, 30 extra, 32 comment length
//   20 comment length                    34 disk   38 attributes   42 offset
//
//   locator (20, 4.3.15) "PK\6\7"        local header (30, 4.3.7)
//    8 offset of the zip64 record         0 "PK\3\4"     6 flags    8 method
//   zip64 record (56, 4.3.14) "PK\6\6"   14 CRC-32      18 stored size, 22 size
//   32 entries, 40 size, 48 offset       26 name, 28 extra length
//
// Numbers are little-endian; all ones says that the number stands in the zip64
// record, or in the entry's extra field 0x0001 (4.5.3).
//
// What the archive says twice must be said the same: in the central directory,
// before each member, and behind it (the data descriptor, 4.3.9), for unpackers
// go by the one or the other.  Accepted is the plain form that archivers write:
// the end record at the very end without a comment, the directory right before
// it, the members in its order, one right after another from the start.
import { equal, fromUtf8, latin1 } from './bytes.ts';
import { Lie } from './finding.ts';
import { Base, MEMBERS_MAX, countMember, type Member, type Walk } from './member.ts';
import { PATH_MAX } from './path.ts';
import { Reader } from './reader.ts';

const END = 22;
const LOCATOR = 20;
const END64 = 56;
const CENTRAL = 46;
const LOCAL = 30;

const ENCRYPTED = 0x0001;
const LATER = 0x0008; // sizes and CRC follow the member
const UTF8 = 0x0800;
const EXTRA_ZIP64 = 0x0001;
const EXTRA_NAME = 0x7075; // another name, for unpackers that know it

const NAME_MAX = 2 * PATH_MAX + 1;
const EXTRA_MAX = 1024;
const ONES = 0xffffffff;

const FOLDER = 0x4000;
const REGULAR = 0x8000;

const STORED = 0;
const DEFLATED = 8;

/** An archive may give at most this many times its own size, and 64 MiB. */
const RATIO_MAX = 200;
const RATIO_FLOOR = 64 << 20;

/** One member, as the central directory has it. */
interface Header {
  name: Uint8Array;
  text: string;
  flags: number;
  method: number;
  crc32: number;
  stored: number;
  size: number;
  offset: number;
  /** Of the Unix mode's kind of file; 0 where the archive does not say. */
  kind: number;
  /** Where the content begins: behind the local header. */
  data: number;
}

interface Directory {
  entries: number;
  size: number;
  offset: number;
}

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const le16 = (bytes: Uint8Array, at: number) => view(bytes).getUint16(at, true);
const le32 = (bytes: Uint8Array, at: number) => view(bytes).getUint32(at, true);

function damaged(what: string, place = ''): Lie {
  return new Lie('archive-damaged', place, `the zip archive is damaged: ${what}`);
}

function twoStories(what: string, place: string): Lie {
  return new Lie('archive-two-stories', place, `the zip archive is damaged: ${what}`);
}

function le64(bytes: Uint8Array, at: number): number {
  const value = view(bytes).getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged('a size is out of range');
  return Number(value);
}

const begins = (bytes: Uint8Array, a: number, b: number) =>
  bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === a && bytes[3] === b;

/** Does it begin as a zip does? */
export async function isZip(reader: Reader): Promise<boolean> {
  if (reader.size < 2) return false;
  const magic = await reader.read(0, 2);
  return magic[0] === 0x50 && magic[1] === 0x4b;
}

// --- the directory ---

/** The zip64 record, when a locator stands before the end record at `end`. */
async function readEnd64(reader: Reader, end: number): Promise<Directory | undefined> {
  if (end < LOCATOR + END64) return undefined;
  const both = (await reader.read(end - LOCATOR - END64, LOCATOR + END64)).slice();
  const locator = both.subarray(END64);
  if (!begins(locator, 6, 7)) return undefined;
  if (le32(locator, 4) !== 0 || le64(locator, 8) !== end - LOCATOR - END64)
    throw damaged('its zip64 locator points elsewhere');
  if (!begins(both, 6, 6) || le64(both, 4) !== END64 - 12 || le32(both, 16) !== 0 ||
      le32(both, 20) !== 0)
    throw damaged('its zip64 end record is not one');
  return { entries: le64(both, 32), size: le64(both, 40), offset: le64(both, 48) };
}

async function findDirectory(reader: Reader): Promise<Directory> {
  if (reader.size < END) throw damaged('it is cut short');
  const at = reader.size - END;
  const end = (await reader.read(at, END)).slice();
  if (!begins(end, 5, 6) || le16(end, 20) !== 0)
    throw damaged('it does not end with its end record');
  if (le16(end, 4) !== 0 || le16(end, 6) !== 0) throw damaged('it is a part of several');
  const wide = await readEnd64(reader, at);
  const found = wide ?? { entries: le16(end, 10), size: le32(end, 12), offset: le32(end, 16) };
  if (found.offset + found.size !== (wide ? at - LOCATOR - END64 : at))
    throw damaged('its directory is not where it says');
  if (found.entries > MEMBERS_MAX)
    throw new Lie('archive-large', '', `more than ${MEMBERS_MAX} files`, 'limit');
  return found;
}

// --- headers ---

/** Extra fields: wide numbers taken, other names refused. */
function readExtra(extra: Uint8Array, header: Header): void {
  for (let at = 0; at + 4 <= extra.length;) {
    const id = le16(extra, at);
    const body = extra.subarray(at + 4, at + 4 + le16(extra, at + 2));
    if (body.length !== le16(extra, at + 2) ||
        (id === EXTRA_NAME && !equal(body.subarray(5), header.name)))
      throw damaged('an extra field is not one, or gives another name');
    if (id === EXTRA_ZIP64) widen(body, header);
    at += 4 + body.length;
  }
}

function widen(body: Uint8Array, header: Header): void {
  let at = 0;
  for (const field of ['size', 'stored', 'offset'] as const) {
    if (header[field] !== ONES) continue;
    if (at + 8 > body.length) throw damaged('an extra field is not one, or gives another name');
    header[field] = le64(body, at);
    at += 8;
  }
}

async function readNames(reader: Reader, at: number, name: number, extra: number,
  header: Header): Promise<void> {
  if (name === 0 || name > NAME_MAX || extra > EXTRA_MAX)
    throw damaged('a name or extra field is too long');
  const both = await reader.read(at, name + extra);
  header.name = both.slice(0, name);
  header.text = fromUtf8(header.name) ?? latin1(header.name);
  readExtra(both.slice(name), header);
}

/** Where unpackers learn what kind of file it is (APPNOTE 4.4.2.2, 4.4.15). */
function kindOf(madeBy: number, attributes: number): number {
  return madeBy >> 8 === 3 ? (attributes >>> 16) & 0xf000 : 0;
}

/** The entry at `at`, and how long it is. */
async function readCentral(reader: Reader, at: number): Promise<[Header, number]> {
  const h = (await reader.read(at, CENTRAL)).slice();
  if (!begins(h, 1, 2)) throw damaged('its directory is broken off');
  const header: Header = { name: new Uint8Array(0), text: '', flags: le16(h, 8), method: le16(h, 10),
    crc32: le32(h, 16), stored: le32(h, 20), size: le32(h, 24), offset: le32(h, 42),
    kind: kindOf(le16(h, 4), le32(h, 38)), data: 0 };
  const [name, extra, comment] = [le16(h, 28), le16(h, 30), le16(h, 32)];
  if (le16(h, 34) !== 0) throw damaged('a member is on another disk');
  await readNames(reader, at + CENTRAL, name, extra, header);
  return [header, CENTRAL + name + extra + comment];
}

/**
 * An unpacker that reads on from the start goes by what stands before and after
 * the content, and finds the content's end in nothing else.
 */
function checkSizes(header: Header, local: Header): void {
  const later = (header.flags & LATER) !== 0;
  const differs = (a: number, b: number) => a !== b && !(later && a === 0);
  if (differs(local.stored, header.stored) || differs(local.size, header.size) ||
      differs(local.crc32, header.crc32))
    throw twoStories('its directory gives another size or checksum than the member', header.text);
  // Compressed content says itself where it ends.
  if (header.method === STORED && local.stored !== header.stored)
    throw twoStories('a member that is not compressed does not say first how long it is', header.text);
}

/** A data descriptor (4.3.9) has one of these forms: signature or none, numbers of 8 or 4 bytes. */
const DESCRIPTORS = [{ mark: 4, wide: 8 }, { mark: 4, wide: 4 }, { mark: 0, wide: 8 }, { mark: 0, wide: 4 }];

/** How long the descriptor at `at` is, which says what the directory says. */
async function descriptorLength(reader: Reader, at: number, header: Header): Promise<number> {
  for (const { mark, wide } of DESCRIPTORS) {
    const length = mark + 4 + 2 * wide;
    if (length > reader.size - at) continue;
    const bytes = (await reader.read(at, length)).slice();
    const number = (from: number) => (wide === 8 ? view(bytes).getBigUint64(from, true) : BigInt(le32(bytes, from)));
    if ((mark === 0 || begins(bytes, 7, 8)) && le32(bytes, mark) === header.crc32 &&
        number(mark + 4) === BigInt(header.stored) && number(mark + 4 + wide) === BigInt(header.size))
      return length;
  }
  throw twoStories("a member's sizes do not follow it", header.text);
}

/** The local header must say the same; returns where the member ends. */
async function checkLocal(reader: Reader, header: Header): Promise<number> {
  const place = header.text;
  const h = (await reader.read(header.offset, LOCAL)).slice();
  if (!begins(h, 3, 4)) throw damaged('its directory points to no member', place);
  const local: Header = { ...header, flags: le16(h, 6), method: le16(h, 8), crc32: le32(h, 14),
    stored: le32(h, 18), size: le32(h, 22), offset: 0 };
  const [name, extra] = [le16(h, 26), le16(h, 28)];
  await readNames(reader, header.offset + LOCAL, name, extra, local);
  if (!equal(local.name, header.name) || local.method !== header.method ||
      ((local.flags ^ header.flags) & (UTF8 | ENCRYPTED | LATER)) !== 0)
    throw twoStories('its directory says something else than the member', place);
  if ((header.flags & ENCRYPTED) !== 0)
    throw new Lie('archive-secret', place, 'the zip archive is damaged: a member is encrypted');
  checkSizes(header, local);
  header.data = header.offset + LOCAL + name + extra;
  const end = header.data + header.stored;
  return (header.flags & LATER) === 0 ? end : end + await descriptorLength(reader, end, header);
}

/** All members, everything said twice compared. */
export async function readZip(reader: Reader): Promise<Header[]> {
  const directory = await findDirectory(reader);
  const index = new Reader(reader.blob); // a window of its own
  const headers: Header[] = [];
  let at = directory.offset;
  let free = 0;
  for (let i = 0; i < directory.entries; i++) {
    const [header, length] = await readCentral(index, at);
    // Between two there could be one more, for an unpacker that does not go by
    // the directory.
    if (header.offset !== free)
      throw twoStories('a member does not lie where the one before it ends', header.text);
    free = await checkLocal(reader, header);
    headers.push(header);
    at += length;
  }
  if (free !== directory.offset)
    throw twoStories('its directory does not lie where the last member ends', '');
  if (at !== directory.offset + directory.size)
    throw damaged('its directory has another length');
  return headers;
}

// --- content ---

/** Deflated content, by the browser's own inflate; never more than it says. */
async function* inflate(reader: Reader, header: Header, path: string): AsyncGenerator<Uint8Array> {
  const damage = (what: string) =>
    new Lie('archive-damaged', path, `the archive is damaged: ${what}`);
  const blob = reader.blob.slice(header.data, header.data + header.stored);
  const out = blob.stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  let left = header.size;
  try {
    for (;;) {
      const { done, value } = await out.read().catch(() => {
        throw damage('its compressed content cannot be read');
      });
      if (done) break;
      left -= value.length;
      if (left < 0) throw damage('a member is larger than it says');
      yield value;
    }
    if (left !== 0) throw damage('a member is smaller than it says');
  } finally {
    await out.cancel().catch(() => undefined);
  }
}

function canInflate(): boolean {
  try {
    return typeof new DecompressionStream('deflate-raw') === 'object';
  } catch {
    return false;
  }
}

/** How the member's bytes are had; a lie where they are not. */
function contentOf(reader: Reader, header: Header, path: string): Omit<Member, 'path'> {
  if (header.method === STORED && header.stored !== header.size)
    throw new Lie('archive-damaged', path, 'the archive is damaged: a stored member has two sizes');
  if (header.method === STORED)
    return { crc32: header.crc32,
      stored: reader.blob.slice(header.data, header.data + header.size),
      chunks: () => reader.chunks(header.data, header.size) };
  if (header.method !== DEFLATED || !canInflate())
    throw new Lie('archive-method', path,
      `compressed in a way that cannot be read here (method ${header.method}): ` +
      'unpack it yourself and check the folder', 'unreadable');
  return { crc32: header.crc32, chunks: () => inflate(reader, header, path) };
}

export function walkZip(reader: Reader): Walk {
  return async function* walk(refuse) {
    const base = new Base();
    const most = reader.size * RATIO_MAX + RATIO_FLOOR;
    let given = 0;
    for (const [i, header] of (await readZip(reader)).entries()) {
      let member: Member | undefined;
      try {
        member = open(reader, header, base);
      } catch (error) {
        if (!(error instanceof Lie)) throw error;
        refuse(error);
      }
      countMember(i, member?.path ?? header.text);
      if (!member) continue;
      given += header.size;
      if (given > most)
        throw new Lie('archive-large', member.path, `the archive unpacks to more than ${RATIO_MAX} ` +
          'times its size: unpack it yourself and check the folder', 'limit');
      yield member;
    }
  };
}

/** undefined for a folder. */
function open(reader: Reader, header: Header, base: Base): Member | undefined {
  const folder = header.kind === FOLDER || header.text.endsWith('/');
  if (fromUtf8(header.name) === undefined)
    throw new Lie('path-illegal', header.text,
      'a path that could lead out of the bag, or is not plain UTF-8');
  const path = base.inside(header.text, folder);
  if (folder) return undefined;
  if (header.kind !== 0 && header.kind !== REGULAR)
    throw new Lie('not-a-file', path, 'neither a regular file nor a folder');
  return { path, ...contentOf(reader, header, path) };
}

// Zip and tar archives as they should be, and in every way as they should not:
// written from the standards, with nothing of what reads them.
import { deflateRawSync } from 'node:zlib';

export type Files = Map<string, Uint8Array>;

export const text = (s: string) => new TextEncoder().encode(s);
export const join = (...parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

/** CRC-32, bit by bit. */
export function crc(bytes: Uint8Array): number {
  let sum = ~0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? 0xedb88320 ^ (sum >>> 1) : sum >>> 1;
  }
  return ~sum >>> 0;
}

/** As a file would be given. */
export const blobOf = (bytes: Uint8Array) => new Blob([bytes as Uint8Array<ArrayBuffer>]);

// --- zip ---

/** What one member says, in each of the places where it says it. */
export interface ZipMember {
  name: Uint8Array;
  localName: Uint8Array;
  content: Uint8Array; // as stored
  flags: number;
  localFlags: number;
  method: number;
  localMethod: number;
  crc: number;
  localCrc: number;
  size: number;
  localSize: number;
  stored: number;
  localStored: number;
  madeBy: number;
  attributes: number;
  extra: Uint8Array;
  localExtra: Uint8Array;
  comment: Uint8Array;
  disk: number;
  descriptor: Uint8Array;
  before: Uint8Array; // bytes before the local header
  offset: (at: number) => number;
}

export interface ZipShape {
  change?: (member: ZipMember, i: number) => void;
  prefix?: Uint8Array;
  suffix?: Uint8Array;
  deflate?: boolean;
  /** Data descriptors of this many bytes, as streams have them. */
  descriptor?: 0 | 12 | 16 | 20 | 24;
  zip64?: boolean;
  end?: (end: Buffer) => void;
  end64?: (end: Buffer) => void;
  locator?: (locator: Buffer) => void;
}

function le(width: 2 | 4 | 8, ...values: number[]): Buffer {
  const out = Buffer.alloc(width * values.length);
  values.forEach((value, i) => {
    if (width === 8) out.writeBigUInt64LE(BigInt(value), i * 8);
    else out.writeUIntLE(value, i * width, width);
  });
  return out;
}

function descriptorOf(width: number, m: ZipMember): Buffer {
  const signature = width % 8 === 0 ? Buffer.from('PK\x07\x08', 'latin1') : Buffer.alloc(0);
  const sizes = width >= 20 ? le(8, m.stored, m.size) : le(4, m.stored, m.size);
  return Buffer.concat([signature, le(4, m.crc), sizes]);
}

function memberOf(path: string, plain: Uint8Array, shape: ZipShape): ZipMember {
  const content = shape.deflate ? new Uint8Array(deflateRawSync(plain)) : plain;
  const sum = crc(plain);
  const name = text(path);
  const streamed = (shape.descriptor ?? 0) > 0;
  const flags = streamed ? 8 : 0;
  const method = shape.deflate ? 8 : 0;
  const m: ZipMember = {
    name, localName: name, content, flags, localFlags: flags, method, localMethod: method,
    crc: sum, localCrc: streamed ? 0 : sum, size: plain.length, localSize: plain.length,
    stored: content.length, localStored: content.length, madeBy: 0x031e, attributes: 0x81a40000,
    extra: new Uint8Array(0), localExtra: new Uint8Array(0), comment: new Uint8Array(0), disk: 0,
    descriptor: new Uint8Array(0), before: new Uint8Array(0), offset: (at) => at,
  };
  if (streamed) m.descriptor = descriptorOf(shape.descriptor!, m);
  return m;
}

const ONES = 0xffffffff;

export function zip(files: Files, shape: ZipShape = {}): Uint8Array {
  const parts: Uint8Array[] = [shape.prefix ?? new Uint8Array(0)];
  const central: Uint8Array[] = [];
  let at = parts[0]!.length;
  let i = 0;
  const put = (bytes: Uint8Array) => {
    parts.push(bytes);
    at += bytes.length;
  };
  for (const [path, plain] of files) {
    const m = memberOf(path, plain, shape);
    shape.change?.(m, i++);
    put(m.before);
    const offset = m.offset(at);
    const wide = shape.zip64 === true;
    const localExtra = wide ? join(le(2, 1, 16), le(8, m.localSize, m.localStored), m.localExtra) : m.localExtra;
    const extra = wide ? join(le(2, 1, 24), le(8, m.size, m.stored, offset), m.extra) : m.extra;
    put(join(Buffer.from('PK\x03\x04', 'latin1'), le(2, 20, m.localFlags, m.localMethod, 0, 0),
      le(4, m.localCrc, wide ? ONES : m.localStored, wide ? ONES : m.localSize),
      le(2, m.localName.length, localExtra.length), m.localName, localExtra));
    put(m.content);
    put(m.descriptor);
    central.push(join(Buffer.from('PK\x01\x02', 'latin1'), le(2, m.madeBy, 20, m.flags, m.method, 0, 0),
      le(4, m.crc, wide ? ONES : m.stored, wide ? ONES : m.size),
      le(2, m.name.length, extra.length, m.comment.length, m.disk, 0), le(4, m.attributes),
      le(4, wide ? ONES : offset), m.name, extra, m.comment));
  }
  const directory = join(...central);
  const start = at;
  put(directory);
  if (shape.zip64) {
    const end64 = Buffer.concat([Buffer.from('PK\x06\x06', 'latin1'), le(8, 44), le(2, 45, 45), le(4, 0, 0),
      le(8, files.size, files.size, directory.length, start)]);
    const locator = Buffer.concat([Buffer.from('PK\x06\x07', 'latin1'), le(4, 0), le(8, at), le(4, 1)]);
    shape.end64?.(end64);
    shape.locator?.(locator);
    put(end64);
    put(locator);
  }
  const end = Buffer.concat([Buffer.from('PK\x05\x06', 'latin1'), shape.zip64
    ? Buffer.concat([le(2, 0, 0, 0xffff, 0xffff), le(4, ONES, ONES)])
    : Buffer.concat([le(2, 0, 0, files.size, files.size), le(4, directory.length, start)]), le(2, 0)]);
  shape.end?.(end);
  put(end);
  put(shape.suffix ?? new Uint8Array(0));
  return join(...parts);
}

// --- tar ---

export interface TarMember {
  name: string;
  content: Uint8Array;
  kind?: string;
  /** Put this into the size field instead. */
  size?: string | Buffer;
  prefix?: string;
  checksum?: string;
  magic?: string;
}

const block = (bytes: Uint8Array) => join(bytes, new Uint8Array((512 - (bytes.length % 512)) % 512));

export function tarHeader(m: TarMember): Uint8Array {
  const h = Buffer.alloc(512);
  h.write(m.name, 0, 100, 'utf8');
  h.write('0000644\0', 100);
  const size = m.size ?? m.content.length.toString(8).padStart(11, '0');
  if (typeof size === 'string') h.write(size, 124, 12);
  else size.copy(h, 124);
  h.write('00000000000\0', 136);
  h.write('        ', 148);
  h.write(m.kind ?? '0', 156, 'latin1');
  h.write(m.magic ?? 'ustar\x0000', 257, 'latin1');
  h.write(m.prefix ?? '', 345, 155);
  const sum = h.reduce((a, b) => a + b, 0);
  h.write(m.checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return h;
}

export function tarOf(members: readonly TarMember[], end: Uint8Array = new Uint8Array(1024)): Uint8Array {
  return join(...members.flatMap((m) => [tarHeader(m), block(m.content)]), end);
}

export function pax(...records: (readonly [string, string])[]): TarMember {
  const lines = records.map(([key, value]) => {
    const body = Buffer.from(` ${key}=${value}\n`);
    let length = body.length;
    while (length !== body.length + String(length).length) length = body.length + String(length).length;
    return Buffer.concat([Buffer.from(String(length)), body]);
  });
  return { name: 'PaxHeader', kind: 'x', content: join(...lines) };
}

/** As the program writes it: pax where a name does not fit. */
export function tar(files: Files, end?: Uint8Array): Uint8Array {
  const members = [...files].flatMap(([name, content]) =>
    /^[\x20-\x7e]{1,100}$/.test(name) ? [{ name, content }]
      : [pax(['path', name]), { name: name.slice(-20), content }]);
  return tarOf(members, end);
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lie, type Code } from '../src/finding.ts';
import { Reader } from '../src/reader.ts';
import { isZip, walkZip } from '../src/zip.ts';
import { blobOf, join, text, zip, type Files, type ZipMember, type ZipShape } from './lib/archives.ts';
import { seeded } from './lib/random.ts';

const FILES: Files = new Map([
  ['bag/bagit.txt', text('declaration')],
  ['bag/data/1/empty', text('')],
  ['bag/data/2/clip “1”.mp4', text('x'.repeat(3000))],
]);

/** What a reader sees: [[path, text]], and the lies it was told of. */
async function read(bytes: Uint8Array): Promise<{ seen: [string, string][]; refused: Lie[] }> {
  const refused: Lie[] = [];
  const seen: [string, string][] = [];
  for await (const member of walkZip(new Reader(blobOf(bytes)))((lie) => refused.push(lie))) {
    const parts: Uint8Array[] = [];
    for await (const chunk of member.chunks()) parts.push(chunk.slice());
    seen.push([member.path, Buffer.concat(parts).toString()]);
  }
  return { seen, refused };
}

const PLAIN = [...FILES].map(([name, content]) => [name.slice(4), Buffer.from(content).toString()]);
const inflates = (() => {
  try {
    return Boolean(new DecompressionStream('deflate-raw'));
  } catch {
    return false; // Node 18; browsers do
  }
})();

test('what archivers write is read', async (t) => {
  const shapes: Record<string, ZipShape> = {
    plain: {},
    zip64: { zip64: true },
    ...Object.fromEntries(([12, 16, 20, 24] as const).map((descriptor) => [`descriptor of ${descriptor}`, { descriptor }])),
    'descriptor, zip64': { descriptor: 24, zip64: true },
    'other extra fields': { change: (m) => { m.extra = m.localExtra = Uint8Array.of(0x55, 0x54, 1, 0, 3); } },
    comments: { change: (m) => { m.comment = text('hello'); } },
    'made on DOS': { change: (m) => { m.madeBy = 20; m.attributes = 0x20; } },
    'the same name for unpackers that know it': { change: (m) => {
      m.extra = m.localExtra = join(Uint8Array.of(0x75, 0x70, 5 + m.name.length, 0, 1, 0, 0, 0, 0), m.name);
    } },
  };
  for (const [name, shape] of Object.entries(shapes))
    await t.test(name, async () => assert.deepEqual(await read(zip(FILES, shape)), { seen: PLAIN, refused: [] }));
});

test('deflated members are read', { skip: !inflates }, async () => {
  assert.deepEqual(await read(zip(FILES, { deflate: true })), { seen: PLAIN, refused: [] });
});

test('folders are passed over', async () => {
  const files: Files = new Map([['bag/', text('')], ['bag/data/', text('')], ...FILES]);
  assert.deepEqual((await read(zip(files))).seen, PLAIN);
});

test('is it a zip?', async () => {
  const is = (bytes: Uint8Array) => isZip(new Reader(blobOf(bytes)));
  assert.ok(await is(zip(FILES)));
  assert.ok(!await is(text('xx')));
  assert.ok(!await is(text('P')));
});

async function fails(bytes: Uint8Array): Promise<Lie> {
  try {
    await read(bytes);
  } catch (error) {
    if (error instanceof Lie) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: 'it was taken for good' });
}

const second = (act: (m: ZipMember) => void): ZipShape => ({ change: (m, i) => { if (i === 1) act(m); } });
const last = (act: (m: ZipMember) => void): ZipShape => ({ change: (m, i) => { if (i === 2) act(m); } });

test('archives that lie', async (t) => {
  const cases: [string, ZipShape, Code][] = [
    ['a prefix', { prefix: text('PK self-extractor') }, 'archive-two-stories'],
    ['a prefix that offsets do not count', { prefix: text('PK'), end: (e) => e.writeUInt32LE(e.readUInt32LE(16) - 2, 16) }, 'archive-damaged'],
    ['something behind the end', { suffix: text('x') }, 'archive-damaged'],
    ['a comment', { end: (e) => e.writeUInt16LE(1, 20), suffix: text('x') }, 'archive-damaged'],
    ['several disks', { end: (e) => e.writeUInt16LE(1, 4) }, 'archive-damaged'],
    ['a directory elsewhere', { end: (e) => e.writeUInt32LE(1, 16) }, 'archive-damaged'],
    ['too few entries said', { end: (e) => e.writeUInt16LE(2, 10) }, 'archive-two-stories'],
    ['too many entries said', { end: (e) => e.writeUInt16LE(4, 10) }, 'archive-cut'],
    ['too many to be a bag', { zip64: true, end64: (e) => e.writeBigUInt64LE(500001n, 32) }, 'archive-large'],
    ['a locator that points elsewhere', { zip64: true, locator: (l) => l.writeBigUInt64LE(3n, 8) }, 'archive-damaged'],
    ['a size past all numbers', { zip64: true, end64: (e) => e.writeBigUInt64LE(2n ** 63n, 40) }, 'archive-damaged'],
    ['another name before the member', second((m) => { m.localName = text('bag/data/1/other'); }), 'archive-two-stories'],
    ['another method before the member', second((m) => { m.localMethod = 8; }), 'archive-two-stories'],
    ['another size before the member', last((m) => { m.localSize = 7; }), 'archive-two-stories'],
    ['another stored size before the member', last((m) => { m.localStored = 7; }), 'archive-two-stories'],
    ['another sum before the member', last((m) => { m.localCrc = (m.localCrc ^ 1) >>> 0; }), 'archive-two-stories'],
    ['another sum behind the member', { descriptor: 16, ...last((m) => { m.descriptor[5]! ^= 1; }) }, 'archive-two-stories'],
    ['another size behind the member', { descriptor: 24, ...last((m) => { m.descriptor[16]! ^= 1; }) }, 'archive-two-stories'],
    ['no signature behind the member', { descriptor: 16, ...last((m) => { m.descriptor[0] = 0; }) }, 'archive-two-stories'],
    ['something behind the last member', last((m) => { m.descriptor = text('hidden'); }), 'archive-two-stories'],
    ['something between members', second((m) => { m.before = text('hidden bytes'); }), 'archive-two-stories'],
    ['members over each other', last((m) => { m.offset = () => 0; }), 'archive-two-stories'],
    ['a member that runs into the directory', last((m) => { m.size += 5; m.stored += 5; m.localSize += 5; m.localStored += 5; }), 'archive-two-stories'],
    ['a member that is not where it is said', second((m) => { m.offset = (at) => at + 1; }), 'archive-two-stories'],
    ['a member that is none', last((m) => { m.before = text('PK\x03\x05'); m.offset = (at) => at - 4; }), 'archive-damaged'],
    ['sizes that follow, in one place only', { descriptor: 16, ...last((m) => { m.localFlags = 0; m.localCrc = m.crc; }) }, 'archive-two-stories'],
    ['no length before stored content', { descriptor: 16, ...last((m) => { m.localStored = m.localSize = 0; }) }, 'archive-two-stories'],
    ['no descriptor where one is said', { descriptor: 16, ...last((m) => { m.descriptor = new Uint8Array(0); }) }, 'archive-two-stories'],
    ['a member on another disk', second((m) => { m.disk = 1; }), 'archive-damaged'],
    ['an encrypted member', { change: (m) => { m.flags = m.localFlags = 1; } }, 'archive-secret'],
    ['encrypted in one place only', second((m) => { m.flags = 1; }), 'archive-two-stories'],
    ['an extra field that runs over', second((m) => { m.extra = Uint8Array.of(1, 0, 99, 0, 0); }), 'archive-damaged'],
    ['another name in an extra field', second((m) => { m.extra = Uint8Array.of(0x75, 0x70, 6, 0, 1, 0, 0, 0, 0, 0x61); }), 'archive-damaged'],
    ['no wide number where one is said', { change: (m) => { m.size = 0xffffffff; m.extra = Uint8Array.of(1, 0, 4, 0, 1, 0, 0, 0); } }, 'archive-damaged'],
    ['an endless name', second((m) => { m.name = m.localName = text('x'.repeat(1002)); }), 'archive-damaged'],
    ['an endless extra field', second((m) => { m.extra = new Uint8Array(1028); }), 'archive-damaged'],
  ];
  for (const [name, shape, code] of cases)
    await t.test(name, async () => assert.equal((await fails(zip(FILES, shape))).code, code));
});

test('members that are refused, while the others are read', async (t) => {
  const cases: [string, ZipShape, Code][] = [
    ['a symbolic link', second((m) => { m.attributes = 0xa1ff0000; }), 'not-a-file'],
    ['a device', second((m) => { m.attributes = 0x21ff0000; }), 'not-a-file'],
    ['a path that leads out', second((m) => { m.name = m.localName = text('bag/../evil'); }), 'path-illegal'],
    ['an absolute path', second((m) => { m.name = m.localName = text('/etc/passwd'); }), 'path-illegal'],
    ['a name that is not UTF-8', second((m) => { m.name = m.localName = Uint8Array.of(0x62, 0xff); }), 'path-illegal'],
    ['a file outside the base folder', second((m) => { m.name = m.localName = text('other/x'); }), 'path-outside'],
    ['an unknown method', { change: (m, i) => { if (i === 1) m.method = m.localMethod = 93; } }, 'archive-method'],
    ['stored, with two sizes', second((m) => { m.size = m.localSize = 5; }), 'archive-damaged'],
  ];
  for (const [name, shape, code] of cases)
    await t.test(name, async () => {
      const { seen, refused } = await read(zip(FILES, shape));
      assert.deepEqual(refused.map((lie) => lie.code), [code]);
      assert.deepEqual(seen, [PLAIN[0], PLAIN[2]]);
    });
});

test('deflated content that lies', { skip: !inflates }, async (t) => {
  const cases: [string, ZipShape][] = [
    ['larger than it says', { deflate: true, ...last((m) => { m.size = m.localSize = 2999; }) }],
    ['smaller than it says', { deflate: true, ...last((m) => { m.size = m.localSize = 3001; }) }],
    ['not deflated', { deflate: true, ...last((m) => { m.content = m.content.map((b) => ~b); }) }],
  ];
  for (const [name, shape] of cases)
    await t.test(name, async () => assert.equal((await fails(zip(FILES, shape))).code, 'archive-damaged'));
});

test('an archive that unpacks to more than a bag may', { skip: !inflates }, async () => {
  const files: Files = new Map([['bag/data/1/bomb', new Uint8Array(80 << 20)]]);
  assert.equal((await fails(zip(files, { deflate: true }))).code, 'archive-large');
});

test('every truncation is refused', async () => {
  const bytes = zip(FILES, { descriptor: 16 });
  for (let len = 0; len < bytes.length; len += len < bytes.length - 400 ? 97 : 1)
    await fails(bytes.subarray(0, len));
});

test('a changed byte never shows other names or lengths', async (t) => {
  const random = seeded(t);
  const bytes = zip(FILES, { descriptor: 24, zip64: true });
  for (let n = 0; n < 1500; n++) {
    const copy = bytes.slice();
    copy[random(copy.length)]! ^= 1 << random(8);
    try {
      const { seen, refused } = await read(copy);
      // Content is the manifests' affair; a name may be refused.
      const shape = (all: readonly (readonly string[])[]) => all.map(([name, content]) => `${name} ${content!.length}`);
      if (refused.length === 0 && shape(seen).join() !== shape(PLAIN).join()) assert.fail(`${shape(seen)}`);
    } catch (error) {
      if (!(error instanceof Lie)) throw error;
    }
  }
});

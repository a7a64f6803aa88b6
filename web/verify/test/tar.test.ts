import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lie, type Code } from '../src/finding.ts';
import { Reader } from '../src/reader.ts';
import { paxRecords, walkTar } from '../src/tar.ts';
import { blobOf, join, pax, tar, tarOf, text, type Files, type TarMember } from './lib/archives.ts';
import { seeded } from './lib/random.ts';

const LONG = `bag/data/2/${'long '.repeat(40)}.mp4`;
const FILES: Files = new Map([
  ['bag/bagit.txt', text('declaration')],
  ['bag/data/1/empty', text('')],
  ['bag/data/2/clip “1”.mp4', text('x'.repeat(3000))],
  [LONG, text('y'.repeat(512))],
]);
const PLAIN = [...FILES].map(([name, content]) => [name.slice(4), Buffer.from(content).toString()]);

async function read(bytes: Uint8Array): Promise<{ seen: [string, string][]; refused: Lie[] }> {
  const refused: Lie[] = [];
  const seen: [string, string][] = [];
  for await (const member of walkTar(new Reader(blobOf(bytes)))((lie) => refused.push(lie))) {
    const parts: Uint8Array[] = [];
    for await (const chunk of member.chunks()) parts.push(chunk.slice());
    seen.push([member.path, Buffer.concat(parts).toString()]);
  }
  return { seen, refused };
}

async function fails(bytes: Uint8Array): Promise<Code> {
  try {
    await read(bytes);
  } catch (error) {
    if (error instanceof Lie) return error.code;
    throw error;
  }
  throw new assert.AssertionError({ message: 'it was taken for good' });
}

const one = (more: Partial<TarMember> = {}): TarMember => ({ name: 'bag/bagit.txt', content: text('declaration'), ...more });

test('what archivers write is read', async (t) => {
  const cases: [string, Uint8Array][] = [
    ['pax', tar(FILES)],
    ['padded to a record', tar(FILES, new Uint8Array(10240))],
    ['without an end', tar(FILES, new Uint8Array(0))],
    ['GNU long names', tarOf([...FILES].flatMap(([name, content]) =>
      [{ name: '././@LongLink', kind: 'L', content: text(`${name}\0`) }, { name: name.slice(0, 50), content }]))],
    ['with folders', tarOf([{ name: 'bag/', kind: '5', content: text('') }, { name: './bag/data', kind: '5', content: text('') },
      ...[...FILES].flatMap(([name, content]) => [pax(['path', name], ['mtime', '1.5']), { name: 'x', content }])])],
    ['a comment for all', tarOf([{ name: 'g', kind: 'g', content: pax(['comment', 'abc']).content },
      ...[...FILES].flatMap(([name, content]) => [pax(['path', name]), { name: 'x', content }])])],
  ];
  for (const [name, bytes] of cases)
    await t.test(name, async () => assert.deepEqual(await read(bytes), { seen: PLAIN, refused: [] }));
});

test('a prefix, a number of base 256, a size in pax', async () => {
  const size = Buffer.alloc(12);
  size[0] = 0x80;
  size[11] = 11;
  for (const member of [one({ name: 'bagit.txt', prefix: 'bag' }), one({ size })])
    assert.deepEqual((await read(tarOf([member]))).seen, [['bagit.txt', 'declaration']]);
  const wide = tarOf([pax(['size', '11']), one({ size: '00000000000' })]);
  assert.deepEqual((await read(wide)).seen, [['bagit.txt', 'declaration']]);
});

test('archives that lie', async (t) => {
  const cases: [string, Uint8Array, Code][] = [
    ['nothing', new Uint8Array(0), 'archive-kind'],
    ['noise', text('noise '.repeat(500)), 'archive-kind'],
    ['a wrong checksum', tarOf([one({ checksum: '000000\0 ' })]), 'archive-kind'],
    ['a wrong checksum later on', tarOf([one(), one({ name: 'bag/x', checksum: '000000\0 ' })]), 'archive-damaged'],
    ['something behind the end', tarOf([one()], join(new Uint8Array(1024), text('x'))), 'archive-tail'],
    ['another archive behind the end', join(tarOf([one()]), tarOf([one()])), 'archive-tail'],
    ['cut in the content', tarOf([one()]).subarray(0, 512 + 5), 'archive-cut'],
    ['cut in a header', tarOf([one()]).subarray(0, 1024 + 100), 'archive-cut'],
    ['a size that is none', tarOf([one({ size: '12x45678901' })]), 'archive-damaged'],
    ['a size past all numbers', tarOf([one({ size: Buffer.alloc(12, 0xff) })]), 'archive-damaged'],
    ['a pax size that is none', tarOf([pax(['size', '-1']), one()]), 'archive-damaged'],
    ['a pax header that is none', tarOf([{ name: 'p', kind: 'x', content: text('99 path=x\n') }, one()]), 'archive-damaged'],
    ['a pax header without a value', tarOf([{ name: 'p', kind: 'x', content: text('8 pathx\n') }, one()]), 'archive-damaged'],
    ['an endless pax header', tarOf([{ name: 'p', kind: 'x', content: new Uint8Array((1 << 20) + 1) }, one()]), 'archive-damaged'],
    ['two names', tarOf([pax(['path', 'bag/a']), { name: 'L', kind: 'L', content: text('bag/b') }, one()]), 'archive-damaged'],
    ['a name for all that follow', tarOf([{ name: 'g', kind: 'g', content: pax(['path', 'bag/a']).content }, one()]), 'archive-damaged'],
  ];
  for (const [name, bytes, code] of cases)
    await t.test(name, async () => assert.equal(await fails(bytes), code));
});

test('members that are refused, while the others are read', async (t) => {
  const cases: [string, readonly TarMember[], Code][] = [
    ['a hard link', [{ name: 'bag/l', kind: '1', content: text('') }], 'not-a-file'],
    ['a symbolic link', [{ name: 'bag/l', kind: '2', content: text('') }], 'not-a-file'],
    ['a link that says it has content', [{ name: 'bag/l', kind: '2', content: text(''), size: '00000000777' }], 'not-a-file'],
    ['a device', [{ name: 'bag/l', kind: '3', content: text('') }], 'not-a-file'],
    ['a file with holes (GNU)', [{ name: 'bag/l', kind: 'S', content: text('') }], 'file-holes'],
    ['a file with holes (pax)', [pax(['GNU.sparse.major', '1']), { name: 'bag/l', content: text('') }], 'file-holes'],
    ['a path that leads out', [{ name: 'bag/../evil', content: text('') }], 'path-illegal'],
    ['an absolute path', [pax(['path', '/etc/x']), { name: 'bag/l', content: text('') }], 'path-illegal'],
    ['a file outside the base folder', [{ name: 'other/x', content: text('') }], 'path-outside'],
    ['an empty name', [{ name: '', content: text('') }], 'path-illegal'],
  ];
  const after = { name: 'bag/z', content: text('z') };
  for (const [name, members, code] of cases)
    await t.test(name, async () => {
      const { seen, refused } = await read(tarOf([one(), ...members, after]));
      assert.deepEqual(refused.map((lie) => lie.code), [code]);
      assert.deepEqual(seen.map(([path]) => path), ['bagit.txt', 'z']);
    });
});

test('a name that is not UTF-8 is refused', async () => {
  const bytes = tarOf([one(), { name: 'bag/\u00ff', content: text('') }]);
  const at = Buffer.from(bytes).indexOf('bag/\u00ff');
  bytes[at + 5] = 0x41; // a sequence cut short: c3 41
  const sum = 148 + Buffer.from(bytes).indexOf('bag/', 600);
  const header = bytes.subarray(sum - 148, sum - 148 + 512);
  header.fill(32, 148, 156);
  Buffer.from(`${header.reduce((a, b) => a + b, 0).toString(8).padStart(6, '0')}\0 `).copy(header, 148);
  assert.deepEqual((await read(bytes)).refused.map((lie) => lie.code), ['path-illegal']);
});

test('pax records', () => {
  assert.deepEqual(paxRecords(pax(['path', 'a=b'], ['x', '']).content).map(([k, v]) => [k, Buffer.from(v).toString()]),
    [['path', 'a=b'], ['x', '']]);
});

test('every truncation within the members is refused or lacks them', async () => {
  const bytes = tar(FILES, new Uint8Array(0));
  for (let len = 0; len < bytes.length; len += 61) {
    try {
      const { seen } = await read(bytes.subarray(0, len));
      assert.ok(seen.length < PLAIN.length, `${len}`);
    } catch (error) {
      if (!(error instanceof Lie)) throw error;
    }
  }
});

test('changed bytes: a lie or names and lengths as they were', async (t) => {
  const random = seeded(t);
  const bytes = tar(FILES);
  for (let n = 0; n < 1000; n++) {
    const copy = bytes.slice();
    copy[random(copy.length)]! ^= 1 << random(8);
    try {
      for (const [path] of (await read(copy)).seen) assert.ok(path.length < 600);
    } catch (error) {
      if (!(error instanceof Lie)) throw error;
    }
  }
});
